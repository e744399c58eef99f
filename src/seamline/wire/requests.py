"""Requests of Starlette and Django as arguments: rebuilt on the other side from what they hold.

What of one cannot cross stays behind, and raises when it is read there. What a function sets,
changes or deletes of one is done to the caller's own request, as with every other argument.
"""

import functools
from contextvars import ContextVar
from types import ModuleType
from typing import Any, Final

from seamline.wire import django_requests, starlette_requests
from seamline.wire.asked import MARK, REST, Partial, packed, refusal, unpacked
from seamline.wire.exceptions import attempt
from seamline.wire.libraries import load_library
from seamline.wire.marks import READERS, REQUEST, Reading, Refused, Writer, Writing, enter, read
from seamline.wire.states import Form, State, Unrestorable
from seamline.wire.views import name_of

__all__ = ["Partial", "form_of", "refusal", "request_writer", "take_left"]

_KINDS: Final[dict[str, ModuleType]] = {
    "starlette.requests:Request": starlette_requests,
    "django.core.handlers.wsgi:WSGIRequest": django_requests,
}
#: What requests that were written since somebody looked leave with their caller.
_left: ContextVar[frozenset[str]] = ContextVar("seamline.left", default=frozenset())


def take_left() -> frozenset[str]:
    """Return the names of what requests written since the last time leave with their caller."""
    found = _left.get()
    if found:
        _left.set(frozenset())
    return found


def request_writer(cls: Any) -> Writer | None:
    """Return the writer of a request that can be rebuilt, or None."""
    kind: Any = _KINDS.get(name_of(cls))
    if kind is None:
        return None

    def write(value: Any, w: Writing, left: int) -> Any:
        if id(value) in w.memo:
            return w.again(value)
        w.track(value)
        inner = w.descend(value, left)
        at = w.name(name_of(cls))
        sent = packed(kind.parts(value), value)
        held = kind.held(value)
        absent = list(_absent(value, held))
        names, items = [], []
        for name, item in held.items():
            node = [] if name == REST else attempt(item, w, inner)
            if node:
                names.append(name)
                items += node
            elif name != REST:
                absent.append(name)
        if absent:
            _left.set(_left.get().union(name.partition(":")[2] for name in absent))
        return [REQUEST, at, sent, names, items, absent]

    return write


def _read_request(node: list[Any], r: Reading, left: int) -> Any:
    _, at, sent, names, items, absent = node
    name = r.name(at)
    kind: Any = _KINDS.get(name)
    if kind is None:
        raise TypeError(f"a request of {name} may not cross this seam")
    if any(type(one) is not str for one in (*names, *absent)):
        raise TypeError("a part of a request has a name that is no text")
    module, _, path = name.partition(":")
    cls: Any = getattr(load_library(module), path)
    inner = enter(left)
    number = r.reserve()
    request = r.complete(number, kind.build(cls, unpacked(sent)))
    kind.lack(request, tuple(absent))
    for one, item in zip(names, items, strict=True):
        kind.give(request, one, read(item, r, inner))
    if any(one.startswith("attr:") for one in absent):
        object.__setattr__(request, "__class__", _guarded(cls))
    return request


def _absent(request: Any, held: dict[str, Any]) -> tuple[str, ...]:
    """Return what stayed with the caller and was not set here meanwhile."""
    absent = vars(request).get(MARK, {}).get("absent", ())
    return tuple(sorted(name for name in absent if name not in held))


@functools.cache
def _guarded(cls: Any) -> Any:
    """Return a class of requests whose absent attributes raise."""

    def __getattr__(self: Any, name: str) -> Any:  # noqa: N807 - a method of the class below
        if f"attr:{name}" in vars(self).get(MARK, {}).get("absent", ()):
            raise refusal("the request's attribute", name)
        raise AttributeError(name)

    return type(cls.__name__, (cls,), {"__getattr__": __getattr__, "__module__": cls.__module__})


class RequestForm(Form):
    """A request's: what of it may change, and what of that stayed with the caller."""

    __slots__ = ("_kind",)

    def __init__(self, cls: type, kind: Any) -> None:
        super().__init__(cls, None, None)
        self._kind = kind

    def take(self, value: Any) -> State:
        """Return the state of a request.

        Raises:
            Unrestorable: It has become an instance of another class, or holds a text that
                cannot be written.
        """
        if type(value) is not self.cls:
            raise Unrestorable(f"it is a {type(value).__qualname__} now")
        try:
            held = self._kind.held(value)
        except Refused as refused:
            raise Unrestorable(refused.why) from refused
        return _absent(value, held), (), tuple(held), tuple(held.values())

    def check(self, value: Any, state: State) -> None:
        """Refuse a state that requests cannot have.

        Raises:
            TypeError: It is none.
        """
        absent, settings, names, _ = state
        if settings or any(type(name) is not str for name in (*absent, *names)):
            raise TypeError(f"this is no state of a {type(value).__qualname__}")

    def put(self, value: Any, state: State) -> None:
        """Give a request this state, in place; what only the caller has stays as it is."""
        absent, _, names, items = state
        wanted = dict(zip(names, items, strict=True))
        held = self._kind.held(value)
        for name in held.keys() - wanted.keys() - set(absent):
            self._kind.drop(value, name)
        for name, item in wanted.items():
            if name not in held or held[name] is not item:
                self._kind.give(value, name, item)


def form_of(cls: type) -> Form | None:
    """Return the form of a class of requests, or None for another class."""
    kind = _KINDS.get(name_of(cls))
    return None if kind is None else RequestForm(cls, kind)


READERS[REQUEST] = _read_request
