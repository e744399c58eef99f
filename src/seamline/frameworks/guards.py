"""Objects of which a part stayed with the caller: reading such a part is a loud error."""

from functools import cache
from types import FunctionType
from typing import Any, Final

from seamline.wire import refusal

#: Holds the names that stayed with the caller, beside the ones that came.
ABSENT: Final = "\0seamline-absent"


def guard(namespace: Any, absent: frozenset[str], what: str) -> None:
    """Let reading these attributes of an object raise, until they are set or it is told."""
    kind = type(namespace)
    vars(namespace)[ABSENT] = (set(absent), what)
    found: Any = kind
    object.__setattr__(namespace, "__class__", _guarded(found))


def loosen(namespace: Any) -> None:
    """Let ``in``, ``get`` and ``pop`` with a default go on: clean-up asks before it reads."""
    held = vars(namespace).get(ABSENT)
    if held is not None:
        vars(namespace)[ABSENT] = (held[0], held[1], True)


def names_absent(namespace: Any) -> frozenset[str]:
    """Return the names that are still with the caller alone."""
    held = vars(namespace).get(ABSENT)
    return frozenset() if held is None else frozenset(held[0])


def _held(namespace: Any, name: str, *, asks: bool = False) -> bool:
    """Whether a name stayed with the caller; raise unless it is only asked for at the end."""
    held = vars(namespace)[ABSENT]
    if name not in held[0]:
        return False
    if asks and len(held) > 2:  # noqa: PLR2004 - loosened
        return False
    raise refusal(held[1], name)


class _Attributes:
    """The methods of an object whose absent attributes raise."""

    def __getattr__(self, name: str) -> Any:
        if not name.startswith("__"):
            _held(self, name)
        above = getattr(type(self).__mro__[1], "__getattr__", None)
        if above is None:
            raise AttributeError(name)
        return above(self, name)

    def __setattr__(self, name: str, value: Any) -> None:
        vars(self)[ABSENT][0].discard(name)
        object.__setattr__(self, name, value)

    def __delattr__(self, name: str) -> None:
        absent = vars(self)[ABSENT][0]
        if name in absent:
            absent.discard(name)
        else:
            object.__delattr__(self, name)


class _Items:
    """Further methods of ``g``, whose names are asked for like those of a dict."""

    def __contains__(self, name: str) -> bool:
        _held(self, name, asks=True)
        return name in vars(self)

    def __iter__(self) -> Any:
        return (name for name in vars(self) if name != ABSENT)

    def get(self, name: str, default: Any = None) -> Any:
        _held(self, name, asks=True)
        return vars(self).get(name, default)

    def pop(self, name: str, *default: Any) -> Any:
        _held(self, name, asks=bool(default))
        return self.__dict__.pop(name, *default)

    def setdefault(self, name: str, default: Any = None) -> Any:
        _held(self, name)
        return self.__dict__.setdefault(name, default)


@cache
def _guarded(kind: Any) -> Any:
    """Return a subclass of a class whose absent names raise.

    Instances change into it, so it may have no other base: their layout has to stay.
    """
    methods: dict[str, Any] = {}
    for source in (_Attributes, _Items) if hasattr(kind, "setdefault") else (_Attributes,):
        methods.update({n: f for n, f in vars(source).items() if isinstance(f, FunctionType)})
    names = {"__slots__": (), "__module__": kind.__module__, "__qualname__": kind.__qualname__}
    return type(kind.__name__, (kind,), names | methods)
