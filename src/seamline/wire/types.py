"""Which classes and functions may cross one seam, by name."""

import builtins
import contextlib
import dataclasses
import enum
import http
import importlib
import importlib.util
import inspect
import signal
import sys
import types
import typing
import urllib.parse
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final

# These fill WRITERS with the builtin types that cross.
from seamline.wire import buffers, containers, iterated, scalars  # noqa: F401
from seamline.wire.derived import is_bare
from seamline.wire.marks import WRITERS
from seamline.wire.views import is_view, loaded_view

#: Builtin and standard library types that cross by reference. A closed set: a name from the
#: peer never reaches anything else in ``builtins``.
_KINDS: Final[tuple[type, ...]] = (
    object,
    type,
    type(None),
    bool,
    int,
    float,
    str,
    bytes,
    *WRITERS,
    OrderedDict,
    Counter,
    *(x for x in vars(builtins).values() if isinstance(x, type) and issubclass(x, BaseException)),
)
_BUILTIN: Final = {f"{kind.__module__}:{kind.__qualname__}": kind for kind in _KINDS}


#: Loaded in every process, so that their everyday values (statuses, signals, parts of addresses)
#: are found where they arrive.
_EVERYDAY: Final = (http, signal, urllib.parse)
#: Flag of types that a ``class`` statement made, from CPython's ``object.h``.
HEAP_TYPE: Final = 1 << 9
#: Exceptions that are no ``Exception`` but cross like one.
_CANCELLATIONS: Final = frozenset({"asyncio.exceptions:CancelledError"})


class TypeTable:
    """The classes that may cross one seam.

    These are the classes defined in the application's own modules, and the classes that the
    annotations of the seam's functions reach: through containers and unions, and through
    the fields of dataclasses, attrs classes, named tuples, typed dicts, Structs and
    pydantic models. Names are looked up in ``sys.modules`` only: of what a peer names,
    nothing is imported but the application's own modules on the seam. A class made inside a
    function has no name.

    Args:
        modules: Names of the application's modules on the seam, loaded or not.
        functions: Those of the seam. It is asked again when more modules are loaded, and may
            have more by then.
        loadable: Of the modules, those that may be imported because a class of theirs arrives.
    """

    def __init__(
        self,
        modules: Iterable[str],
        functions: Iterable[Callable[..., Any]] = (),
        *,
        loadable: Iterable[str] = (),
    ) -> None:
        self._modules = frozenset(modules)
        self._packages = frozenset(name.partition(".")[0] for name in self._modules)
        self._loadable = set(loadable)
        self._functions = functions
        self._reached: dict[str, type] = {}
        # Annotations are examined at first use, and again when more modules are loaded:
        # a name under TYPE_CHECKING may resolve by then.
        self._examined = -1

    def load(self, name: str) -> None:
        """Import the module that a class is of, if the application's own code imports it.

        Where an instance of it arrives, one process would have imported it, too. One that
        cannot be imported stays unknown, and is not tried again.
        """
        module, _, _ = name.partition(":")
        if module in self._loadable:
            self._loadable.discard(module)
            if module not in sys.modules:
                # Whatever the application's code raises; an exit would be that of this process.
                with contextlib.suppress(Exception, SystemExit):
                    importlib.import_module(module)

    def name_of(self, cls: type) -> str | None:
        """Return the name by which a class crosses, or None when it does not."""
        name = f"{cls.__module__}:{cls.__qualname__}"
        return name if self.resolve(name) is cls else None

    def is_own(self, cls: type) -> bool:
        """Whether a class is one of the application's modules on the seam."""
        return cls.__module__ in self._modules

    def resolve(self, name: str) -> type | None:
        """Return the class of a name, or None when it may not cross."""
        found = _BUILTIN.get(name)
        if found is not None:
            return found
        module, _, path = name.partition(":")
        if module in self._modules:
            return self._defined(module, path)
        if self._examined != len(sys.modules):
            self._examine()
        return self._reached.get(name) or self._view(name) or self._value(name)

    def is_missing(self, name: str) -> bool:
        """Whether a name is of a library whose module is not loaded here: nothing is imported."""
        module, separator, _ = name.partition(":")
        if not separator or module in sys.modules or module in self._modules:
            return False
        return is_view(name) or is_of_stdlib(name) or _is_found(module.partition(".")[0])

    def exception_name(self, cls: type) -> str | None:
        """Return the name by which an exception class crosses, or None."""
        name = f"{cls.__module__}:{cls.__qualname__}"
        return name if self.exception(name) is cls else None

    def exception(self, name: str) -> type[BaseException] | None:
        """Return the exception class of a name, or None when it may not be rebuilt.

        Beside the classes of the table these are the ``Exception`` classes defined at
        module level in any module that this process has imported already.
        """
        found: Any = self.resolve(name)
        if found is None:
            module, _, path = name.partition(":")
            found = look_up(module, path)
            if not isinstance(found, type) or f"{found.__module__}:{found.__qualname__}" != name:
                return None
            if not issubclass(found, Exception) and name not in _CANCELLATIONS:
                return None
        return found if issubclass(found, BaseException) else None

    def library_name(self, cls: type) -> str | None:
        """Return the name by which a class of a library crosses as a value itself, or None."""
        name = f"{cls.__module__}:{cls.__qualname__}"
        return name if self.library_class(name) is cls else None

    def library_class(self, name: str) -> type | None:
        """Return a class at the top of an installed library's module, if that is loaded here.

        Only for the class itself as a value: no instance of it is made for a peer.
        """
        module, _, path = name.partition(":")
        if not path or "." in path or module.partition(".")[0] in self._packages:
            return None
        return self._defined(module, path) if is_installed(module) else None

    def function(self, name: str) -> types.FunctionType | None:
        """Return a function defined in one of the application's modules."""
        module, _, path = name.partition(":")
        found = look_up(module, path) if module in self._modules else None
        if isinstance(found, types.FunctionType) and found.__module__ == module:
            return found
        return None

    def attribute(self, name: str) -> Any:
        """Return a module attribute of the application, or None."""
        module, _, path = name.partition(":")
        if module not in self._modules or "." in path:
            return None
        return look_up(module, path)

    def attributes(self) -> Iterator[tuple[str, Any]]:
        """Yield every attribute of the application's loaded modules, by name."""
        for module in sorted(self._modules):
            for key, value in (
                list(vars(sys.modules.get(module, object())).items())
                if module in sys.modules
                else ()
            ):
                yield f"{module}:{key}", value

    def _view(self, name: str) -> type | None:
        module, _, path = name.partition(":")
        return self._defined(module, path) if is_view(name) and loaded_view(name) else None

    def _value(self, name: str) -> type | None:
        """Return an enum of the standard library, or a named tuple of it or of a library.

        They are values, all of them: a named tuple is made of its items, and nothing that its
        library wrote runs for it. So it is with a library's container that only has items.
        """
        module, _, path = name.partition(":")
        found = self._defined(module, path) if path else None
        if found is None or (is_of_stdlib(name) and issubclass(found, enum.Enum | tuple)):
            return found
        is_plain = (is_named_tuple(found) and type(found) is type) or is_bare(found)
        return found if is_plain and is_installed(module) else None

    def is_only_items(self, cls: type) -> bool:
        """Whether a class crosses only as a library's container that has nothing but items."""
        name = f"{cls.__module__}:{cls.__qualname__}"
        is_known = cls.__module__ in self._modules or name in self._reached or is_view(name)
        return not is_known and is_installed(cls.__module__) and is_bare(cls)

    def _defined(self, module: str, path: str) -> type | None:
        found = look_up(module, path)
        if isinstance(found, type) and found.__module__ == module and found.__qualname__ == path:
            return found
        return None

    def _examine(self) -> None:
        examined = len(sys.modules)
        seen: set[int] = set()
        todo: list[Any] = [
            *(hint for function in self._functions for hint in hints(function)),
            *(
                value
                for name, value in self.attributes()
                # By its type: a lazy proxy would make what it stands for, or raise.
                if issubclass(type(value), type) and value.__module__ == name.partition(":")[0]
            ),
        ]
        while todo:
            hint = todo.pop()
            if id(hint) in seen:
                continue
            seen.add(id(hint))
            todo.extend(typing.get_args(hint))
            origin = typing.get_origin(hint)
            if isinstance(hint, type) and origin is None:
                self._reach(hint)
                if is_record(hint):
                    todo.extend(hints(hint))
            elif isinstance(origin, type):
                todo.append(origin)
            todo.extend(inner(hint))
        # Last: another thread that asks meanwhile examines them itself.
        self._examined = examined

    def _reach(self, cls: type) -> None:
        if look_up(cls.__module__, cls.__qualname__) is cls:
            self._reached[f"{cls.__module__}:{cls.__qualname__}"] = cls


def is_named_tuple(cls: type) -> bool:
    """Whether a class was made by ``NamedTuple`` or ``namedtuple``, or derives from one."""
    return issubclass(cls, tuple) and hasattr(cls, "_fields")


def is_installed(module: str) -> bool:
    """Whether a module that is loaded is one of a library that was installed."""
    return _is_of_packages(getattr(sys.modules.get(module), "__file__", None))


def _is_of_packages(file: str | None) -> bool:
    return file is not None and ("site-packages" in file or "dist-packages" in file)


def _is_found(package: str) -> bool:
    """Whether an installed library has this name. It is looked for, and not imported."""
    if not package.isidentifier():
        return False
    try:
        spec = importlib.util.find_spec(package)
    except (ImportError, ValueError):
        return False
    return spec is not None and _is_of_packages(spec.origin)


def is_of_stdlib(name: str) -> bool:
    """Whether a name is, by its module, of the standard library."""
    return ":" in name and name.partition(":")[0].partition(".")[0] in sys.stdlib_module_names


def inner(hint: Any) -> list[Any]:
    """Return what a NewType, TypeVar or type alias stands for."""
    if isinstance(hint, type):
        return []  # none of these; looking for them would run code of its metaclass
    found = [
        getattr(hint, "__supertype__", None),
        getattr(hint, "__bound__", None),
        *getattr(hint, "__constraints__", ()),
    ]
    if type(hint).__name__ == "TypeAliasType":
        found.append(hint.__value__)
    return [x for x in found if x is not None]


def is_record(cls: type) -> bool:
    """Whether a class's annotations are the types of its fields."""
    return (
        dataclasses.is_dataclass(cls)
        or hasattr(cls, "__attrs_attrs__")
        or hasattr(cls, "__struct_fields__")
        or hasattr(cls, "__pydantic_validator__")
        or hasattr(cls, "__fields_set__")  # pydantic 1
        or typing.is_typeddict(cls)
        or (issubclass(cls, tuple) and hasattr(cls, "_fields"))
    )


def look_up(module: str, path: str) -> Any:
    """Return what a dotted path names in a module that is already loaded, or None."""
    found: Any = sys.modules.get(module)
    for step in path.split("."):
        try:
            found = vars(found)[step]
        except (TypeError, KeyError):
            return None
    return found


def hints(holder: Any) -> list[Any]:
    """Return the annotations of a function or class that can be evaluated."""
    holder = inspect.unwrap(holder) if callable(holder) else holder
    try:
        return list(typing.get_type_hints(holder, include_extras=True).values())
    except Exception:  # noqa: BLE001 - annotations are the application's expressions
        return [hint for owner in owners(holder) for hint in single_hints(owner)]


def owners(holder: Any) -> tuple[Any, ...]:
    """Return the objects whose annotations count for a function or class."""
    return holder.__mro__ if isinstance(holder, type) else (holder,)


def single_hints(owner: Any) -> Iterator[Any]:
    """Yield those annotations of one object that can be evaluated one by one."""
    space = getattr(owner, "__globals__", None)
    if space is None:
        space = vars(sys.modules.get(getattr(owner, "__module__", ""), builtins))
    for annotation in (
        vars(owner).get("__annotations__", {}).values()
        if isinstance(owner, type)
        else getattr(owner, "__annotations__", {}).values()
    ):
        if not isinstance(annotation, str):
            yield annotation
            continue
        try:
            yield eval(annotation, dict(space))  # noqa: S307 - source of the application itself
        except Exception:  # noqa: BLE001, S112 - a name that is only there for type checkers
            continue
