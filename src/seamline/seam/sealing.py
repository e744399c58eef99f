"""Keep a process away from module state that another process owns. Functions are not touched.

What a package binds at module level is stale in every process that does not host it. Such
names are taken out of its modules, and what others copied early is replaced, so that a use
raises instead of answering from a stale copy.
"""

import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import PurePath
from types import FunctionType, ModuleType
from typing import Any, Final, Protocol

from seamline.errors import StateElsewhere
from seamline.interface import Interface, State, Verdict
from seamline.rpc import call_site, record
from seamline.seam.attributes import FunctionAttributes, GuardedAttributes

# Values that are equal everywhere by accident: finding one of them under another name says
# nothing about where it came from.
_COMMON: Final = (type(None), bool, int, float, complex, str, bytes, tuple, frozenset, type)


class Home(Protocol):
    """Tells whether the running code belongs to the state's own service."""

    def is_here(self) -> bool:
        """Whether the state may be used by the running code."""


@dataclass(frozen=True, slots=True)
class Write:
    """An assignment to a global of a module that lives elsewhere: ``pkg.NAME = value``.

    Attributes:
        service: The service whose package it is.
        module: Dotted name of the module.
        name: The global.
        value: What is assigned; None for a deletion, and where a patching tool reads first.
        replaces_function: Whether a function that the module defines stands there.
    """

    service: str
    module: str
    name: str
    value: object = None
    replaces_function: bool = False


@dataclass(slots=True)
class Seal:
    """The seal on the module state of one package.

    Attributes:
        interface: The package.
        root: Directory that the files of early bindings are relative to.
        home: Whether the running code may use the state.
        removes: Take names out of the modules (a layout of processes) rather than only
            guard them (layout ``local``, where the host's own code reads the same modules).
        allows: Asked before an assignment from outside is refused; True lets it happen. It is
            told of those too that are not refused, except to functions others call.
    """

    interface: Interface
    root: str
    home: Home
    removes: bool
    allows: Callable[[Write], bool]
    _taken: dict[tuple[str, str], Any] = field(default_factory=dict)
    _sealed: dict[tuple[str, str], State] = field(default_factory=dict)
    _early: list[tuple[ModuleType, str, Any]] = field(default_factory=list)
    _classes: dict[str, type[ModuleType]] = field(default_factory=dict)
    _attributes: GuardedAttributes = field(init=False)
    _functions: FunctionAttributes = field(init=False)

    def __post_init__(self) -> None:
        self._functions = FunctionAttributes(lambda *state: _Elsewhere(self, *state))
        self._attributes = GuardedAttributes(self.home.is_here, self.begins_patch, self.unread)

    def names(self) -> dict[tuple[str, str], State]:
        """Return the sealed state by module and name.

        What a function with verdict ``local`` uses belongs to every process and is left.
        """
        per_process = {
            touched
            for function in self.interface.functions
            if function.verdict is Verdict.LOCAL
            for touched in function.touches
        }
        return {
            (state.module, state.name): state
            for state in self.interface.state
            if f"{state.module}:{state.name}" not in per_process
        }

    @property
    def is_lifted(self) -> bool:
        """Whether the package's modules are as the application left them."""
        return not self._classes

    def concerns(self, loaded: frozenset[str]) -> bool:
        """Return whether modules that were just loaded hold sealed state or copies of it."""
        files, own = self._early_files(), self._modules()
        return any(name in own or _file_of(name) in files for name in loaded)

    def apply(self) -> None:
        """Seal what is loaded. Doing it again seals what was loaded since."""
        states = self.names()
        for key, state in states.items():
            module = sys.modules.get(key[0])
            if isinstance(module, ModuleType) and key[1] in vars(module):
                self._replace_early(state, vars(module)[key[1]])
                self._take(module, state)
        self._attributes.apply(states)
        if self.removes:
            self._functions.apply(states)
        for name in self._modules():
            module = sys.modules.get(name)
            # One that was imported again, in place of the first, is sealed as well.
            if isinstance(module, ModuleType) and type(module).__name__ != _SEALED:
                self._classes[name] = type(module)
                module.__class__ = self._sealed_class(type(module), name, states)

    def lift(self) -> None:
        """Put everything back as the application left it."""
        self._attributes.lift()
        self._functions.lift()
        for name, original in self._classes.items():
            module = sys.modules.get(name)
            if isinstance(module, ModuleType) and type(module).__name__ == _SEALED:
                module.__class__ = original
        self._classes.clear()
        for (name, attribute), value in self._taken.items():
            if name in sys.modules:
                vars(sys.modules[name]).setdefault(attribute, value)
        self._taken.clear()
        self._sealed.clear()
        for module, attribute, value in self._early:
            if type(vars(module).get(attribute)) is _Elsewhere:
                vars(module)[attribute] = value
        self._early.clear()

    def _modules(self) -> dict[str, str]:
        return dict(self.interface.modules)

    def _early_files(self) -> set[str]:
        return {
            os.path.join(self.root, place.file)  # noqa: PTH118 - compared as text, thousands of times
            for state in self.interface.state
            for place in state.early
        }

    def _take(self, module: ModuleType, state: State) -> None:
        """Seal a name, with what the package's other modules bound the same object to."""
        value = vars(module)[state.name]
        names = [(module.__name__, state.name)]
        for other in self._modules():
            names += [(other, alias) for alias in _names_of(value, sys.modules.get(other))]
        for at, name in names:
            self._sealed.setdefault((at, name), state)
            if self.removes and name in vars(sys.modules[at]):
                self._taken[at, name] = vars(sys.modules[at]).pop(name)

    def _replace_early(self, state: State, value: object) -> None:
        """Replace the copies that modules outside bound with ``from module import NAME``."""
        if type(value) is _Elsewhere or not state.early:
            return
        files = {os.path.join(self.root, place.file) for place in state.early}  # noqa: PTH118
        own = self._modules()
        for name, module in list(sys.modules.items()):
            if name in own or _file_of(name) not in files:
                continue
            names = set(_names_of(value, module))
            if vars(module).get(state.name, self) is value:
                names.add(state.name)
            for alias in names:
                self._early.append((module, alias, value))
                vars(module)[alias] = _Elsewhere(self, state, value)

    def _sealed_class(
        self, original: type[ModuleType], name: str, states: dict[tuple[str, str], State]
    ) -> type[ModuleType]:
        """Return a class for one module that raises where its state is used from outside."""
        own = {key[1]: state for key, state in states.items() if key[0] == name}
        own.update({alias: state for (at, alias), state in self._sealed.items() if at == name})
        seal = self

        def missing(module: ModuleType, attribute: str) -> Any:
            if attribute in own:
                if seal.home.is_here() or seal.begins_patch(module, attribute):
                    return vars(module)[attribute]
                raise seal.unread(own[attribute])
            raise _no_attribute(module, attribute)

        def guarded(module: ModuleType, attribute: str) -> Any:
            if attribute in own and not (
                seal.home.is_here() or seal.begins_patch(module, attribute)
            ):
                raise seal.unread(own[attribute])
            return original.__getattribute__(module, attribute)

        def assign(module: ModuleType, attribute: str, value: object) -> None:
            seal.check_write(module, attribute, value, own)
            original.__setattr__(module, attribute, value)

        def delete(module: ModuleType, attribute: str) -> None:
            seal.check_write(module, attribute, None, own)
            original.__delattr__(module, attribute)

        reading = {"__getattr__": missing} if self.removes else {"__getattribute__": guarded}
        return type(
            _SEALED,
            (original,),
            {**reading, "__setattr__": assign, "__delattr__": delete, "__module__": __name__},
        )

    def begins_patch(self, module: ModuleType, name: str) -> bool:
        """Return whether a read is a patching tool's, that will assign next, and may.

        Both keep the old value first, to put it back.
        """
        reader = sys._getframe(2).f_globals.get("__name__")  # noqa: SLF001 - as call_site does
        return reader in _PATCHING and self.allows(
            Write(self.interface.service, module.__name__, name)
        )

    def check_write(
        self, module: ModuleType, name: str, value: object, own: dict[str, State]
    ) -> None:
        """Let an assignment from outside pass, or raise.

        Functions may be replaced that only others call: that patches what this process calls.
        Submodules and dunder names are importlib's own assignments. Data, and what the package
        itself looks up, would change in this process only.
        """
        if name.startswith("__") or _is_submodule(module, name, value):
            return
        if self.home.is_here() or self._is_offered(module.__name__, name):
            return
        existing = vars(module).get(name, _UNBOUND)
        # A new name may hide a builtin: tests that assign one are told of, as of any other.
        is_harmless = name not in own and (
            existing is _UNBOUND
            or (callable(existing) and not self._is_looked_up(module.__name__, name))
            or isinstance(existing, ModuleType)
        )
        is_function = name not in own and _is_defined_in(module, name, existing)
        write = Write(self.interface.service, module.__name__, name, value, is_function)
        if not self.allows(write) and not is_harmless:
            raise self.error(own.get(name), f"{module.__name__}.{name}", "assigned")

    def _is_looked_up(self, module: str, name: str) -> bool:
        """Whether functions of the package surely use a name of a module of theirs."""
        dotted = f"{module}.{name}"
        return any(
            dotted in (function.reaches or ())
            for function in self.interface.functions
            if (function.module, function.name) != (module, name)
        )

    def _is_offered(self, module: str, name: str) -> bool:
        """Whether a name is that of a public function which other processes call."""
        return any(
            function.public
            and function.verdict is not Verdict.LOCAL
            and (
                (function.module, function.name) == (module, name)
                or f"{module}.{name}" in function.exports
            )
            for function in self.interface.functions
        )

    def unread(self, state: State) -> Exception:
        """Return the error of one look at a module's attribute, for whoever looks.

        ``from package import name`` looks for a submodule first; the look that counts comes
        after it. Tools that walk over modules skip what raises AttributeError, and may.
        """
        frame = sys._getframe(2)  # noqa: SLF001 - as call_site does
        if frame.f_globals.get("__name__") == "importlib._bootstrap":
            return _no_attribute(sys.modules[state.module], state.name)
        path = PurePath(frame.f_code.co_filename)
        is_own = path.is_relative_to(self.root) and "site-packages" not in path.parts
        return self.error(state, kind=StateElsewhere if is_own else _Skippable)

    def error(
        self,
        state: State | None,
        name: str = "",
        verb: str = "used",
        kind: type[StateElsewhere] = StateElsewhere,
    ) -> StateElsewhere:
        """Return the error of one use, counted, with the user's own line in it."""
        service, package = self.interface.service, self.interface.package
        name = name or (f"{state.module}.{state.name}" if state else package)
        bound = f" (bound at {state.file}:{state.line})" if state else ""
        error = kind(
            f"{name}{bound} is module state of service {service!r}, which another process "
            f"hosts, and was {verb} at {call_site()}; call a function of {package} that "
            f"reads or writes it, or put the code at that line into the same group as "
            f"{service!r}. See all such lines with: seamline check"
        )
        record(error)
        return error


class _Skippable(StateElsewhere, AttributeError):  # noqa: N818 - named as its bases
    """What tools of the standard library and of others get: they look at every attribute."""


def _no_attribute(module: ModuleType, name: str) -> AttributeError:
    return AttributeError(
        f"module {module.__name__!r} has no attribute {name!r}", name=name, obj=module
    )


_SEALED: Final = "SealedModule"
_UNBOUND: Final = object()
# Modules that ask every object they meet what it is, by attributes that hardly any has.
_CLASSIFYING: Final = frozenset(
    {"inspect", "_pytest.compat", "_pytest.fixtures", "_pytest.python", "_pytest.unittest"}
)
_PATCHING: Final = frozenset({"_pytest.monkeypatch", "unittest.mock"})


def _is_submodule(module: ModuleType, name: str, value: object) -> bool:
    """Whether an assignment is the one importlib makes when a submodule was imported."""
    return isinstance(value, ModuleType) and value.__name__ == f"{module.__name__}.{name}"


def _is_defined_in(module: ModuleType, name: str, value: object) -> bool:
    """Whether a function is the one that its module defines under a name."""
    return (
        isinstance(value, FunctionType)
        and value.__module__ == module.__name__
        and value.__qualname__ == name
    )


def _names_of(value: object, module: ModuleType | None) -> Iterator[str]:
    """Yield the names under which a module holds this very object."""
    if module is None or isinstance(value, (*_COMMON, FunctionType, ModuleType)):
        return
    for name, held in vars(module).items():
        if held is value:
            yield name


def _file_of(name: str) -> str:
    file = getattr(sys.modules.get(name), "__file__", None)
    return file if isinstance(file, str) else ""


class _Elsewhere:
    """Stands for state that was bound early: every use raises, unless it happens at home."""

    __slots__ = ("_seal", "_state", "_value")

    def __init__(self, seal: Seal, state: State, value: object) -> None:
        object.__setattr__(self, "_seal", seal)
        object.__setattr__(self, "_state", state)
        object.__setattr__(self, "_value", value)


def _used(guard: _Elsewhere) -> Any:
    """Return the value a guard stands for, or raise."""
    seal: Seal = object.__getattribute__(guard, "_seal")
    if not seal.home.is_here():
        raise seal.error(object.__getattribute__(guard, "_state"))
    return object.__getattribute__(guard, "_value")


def _special(name: str) -> Callable[..., Any]:
    def use(guard: _Elsewhere, *args: Any, **keywords: Any) -> Any:
        return getattr(_used(guard), name)(*args, **keywords)

    use.__name__ = name
    return use


# Implicit lookups skip __getattribute__, so each special method needs its own.
_OPERATORS: Final = "add sub mul matmul truediv floordiv mod pow lshift rshift and xor or"
_OTHERS: Final = """
    lt le eq ne gt ge hash bool repr str bytes format dir sizeof fspath buffer
    len length_hint getitem setitem delitem missing iter next reversed contains
    call enter exit aenter aexit await aiter anext neg pos abs invert divmod rdivmod
    int float complex index round trunc floor ceil get set delete
    reduce reduce_ex copy deepcopy setattr delattr
"""
_SPECIAL: Final = (
    *(side + name for name in _OPERATORS.split() for side in ("", "r", "i")),
    *_OTHERS.split(),
)


def _attribute(guard: _Elsewhere, name: str) -> Any:
    # isinstance() asks every object for its class; that is no use of its value.
    if name == "__class__":
        return _Elsewhere
    value = object.__getattribute__(guard, "_value")
    if _is_only_classified(value, name):
        raise AttributeError(f"{type(value).__name__!r} object has no attribute {name!r}")
    return getattr(_used(guard), name)


def _is_only_classified(value: object, name: str) -> bool:
    """Whether something merely wants to know if an object is a fixture, a mock or a wrapper."""
    asking = sys._getframe(2).f_globals.get("__name__")  # noqa: SLF001 - costs no traceback
    return (
        asking in _CLASSIFYING
        and not hasattr(type(value), name)
        and name not in getattr(value, "__dict__", ())
    )


_Elsewhere.__getattribute__ = _attribute  # type: ignore[method-assign,assignment]
for _name in _SPECIAL:
    setattr(_Elsewhere, f"__{_name}__", _special(f"__{_name}__"))
del _name
