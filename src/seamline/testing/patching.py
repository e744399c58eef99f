"""Globals of packages elsewhere that tests replace: their seams are closed for as long.

A host would not see the patch, so the package runs in the test process while it lasts.
Public functions are another matter: patching one patches what the test process calls.
"""

import sys
from collections.abc import Callable, Collection, Iterator
from functools import partial
from types import CodeType
from typing import TYPE_CHECKING, Final

from seamline.interface import Function, Interface, Verdict
from seamline.seam import Seams, Write
from seamline.testing.assigned import Assignments
from seamline.testing.causes import (
    ASSIGNED,
    DJANGO_CONNECTING,
    LISTENING,
    PATCHED,
    RELOADED,
    Cause,
    Replaced,
)
from seamline.testing.listening import Listening
from seamline.testing.looking import is_test_module
from seamline.testing.reach import Reach
from seamline.testing.reloaded import Reloads
from seamline.testing.replaced import Replacements

if TYPE_CHECKING:
    from types import FrameType

_ABSENT: Final = object()


class Patches:
    """The patches that are in place now.

    Args:
        seams: Of the test process.
        interfaces: The packages behind them, by service.
        reach: What each of them may use.
        application: Top-level packages of the application, whose own code patches nothing.
        close: Closes the seam of a service before a global behind it is assigned; None in one
            process, where every package sees the patch.
        assigned: What tests assign outside all services.
    """

    def __init__(
        self,
        seams: Seams,
        interfaces: dict[str, Interface],
        reach: Reach,
        application: Collection[str],
        *,
        close: Callable[[str, Cause], None] | None,
        assigned: Assignments,
    ) -> None:
        self._seams = seams
        self._interfaces = interfaces
        self._reach = reach
        self._application = frozenset(application)
        self._close = close
        self._assigned = assigned
        self._mentioned: dict[tuple[str, str], bool] = {}
        self._held: dict[Replaced, tuple[str, object]] = {}
        self._functions: set[Replaced] = set()
        self._others = Replacements(reach.is_application)
        self._reloads = Reloads(reach.is_application)
        self._listening = Listening(reach.is_application)
        seams.on_write = self._allow

    def watch(self) -> None:
        """Begin to take note of patches of other modules, too."""
        self._others.watch()
        self._seams.on_loaded = self._imported

    def begin(self) -> None:
        """The tests are loaded: what stands now is the original, what they do is told apart."""
        self._others.look()
        self._assigned.begin()
        self._reloads.begin()
        self._listening.begin()

    def end(self) -> None:
        """Take note no more."""
        self._others.end()
        self._assigned.end()

    def causes(self, service: str, function: Function) -> Iterator[Cause]:
        """Yield the patches and assignments that a function would see and its host does not."""
        for one in self._held:
            if self._reach.concerns(service, function, *one):
                yield Cause(PATCHED, str(one))
        patched = set()
        for one in dict.fromkeys(self._others.active()):
            if (
                one != DJANGO_CONNECTING
                and self._reach.concerns(service, function, *one)
                and not (function.reaches is None and self._is_called_only(service, one))
            ):
                patched.add((one.module, one.name.rpartition(".")[2]))
                yield Cause(PATCHED, str(one))
        asking = (service, function.module, function.name, function.line)
        concerns = partial(self._reach.concerns, service, function)
        for one in self._assigned.active(asking, concerns):
            # A tool's patch is an assignment, too; which of two objects it is on is no matter.
            if (one.module, one.name.rpartition(".")[2]) not in patched:
                yield Cause(ASSIGNED, str(one))
        told = [(RELOADED, one) for one in self._reloads.active()]
        for what, one in (*told, *((LISTENING, one) for one in self._listening.active())):
            is_own = what == RELOADED and one.module == function.module
            if is_own or self._reach.concerns(service, function, *one):
                yield Cause(what, str(one))

    def _imported(self, loaded: frozenset[str]) -> None:
        self._assigned.imported(loaded)
        self._reloads.imported(loaded)
        self._listening.imported(loaded)

    def settle(self) -> set[str]:
        """Forget the globals that are what they were before they were patched.

        Returns:
            The services whose seams must stay closed.
        """
        self._others.look()
        for one, (_, original) in list(self._held.items()):
            if one.module not in sys.modules or _global(one) is original:
                del self._held[one]
                self._functions.discard(one)
        return {service for one, (service, _) in self._held.items() if one not in self._functions}

    def _allow(self, write: Write) -> bool:
        """Let tests and the tools they patch with through, and nobody else."""
        if self._is_application(_caller()):
            return False
        one = Replaced(write.module, write.name)
        if self._close is not None and (write.replaces_function or one in self._functions):
            # It runs here for whoever calls it here; calls that would run it there stay.
            self._held.setdefault(one, (write.service, _global(one)))
            self._functions.add(one)
        elif self._close is not None:
            self._close(write.service, Cause(PATCHED, str(one)))
            # Only now, with the seam closed, are the module's globals what they were.
            self._held.setdefault(one, (write.service, _global(one)))
        return True

    def _is_called_only(self, service: str, one: Replaced) -> bool:
        """Whether a patch replaces a function of a service that nothing else of it uses.

        The test process calls what stands there, and no host would have.
        """
        interface = self._interfaces[service]
        name = one.name.rpartition(".")[2]
        if not _is_offered(interface, one):
            return False
        if (service, name) not in self._mentioned:
            self._mentioned[service, name] = _is_mentioned(interface, name)
        return not self._mentioned[service, name]

    def _is_application(self, module: str) -> bool:
        return module.partition(".")[0] in self._application and not is_test_module(module)


def _is_offered(interface: Interface, one: Replaced) -> bool:
    return any(
        function.public
        and function.verdict is not Verdict.LOCAL
        and ((function.module, function.name) == one or str(one) in function.exports)
        for function in interface.functions
    )


def _is_mentioned(interface: Interface, name: str) -> bool:
    """Whether functions and classes of a package use a name, as far as it is loaded."""
    return any(
        _mentions(const, name)
        for module, _ in interface.modules
        for code in _code_of(module)
        for const in code.co_consts
        if isinstance(const, CodeType)
    )


def _code_of(module: str) -> Iterator[CodeType]:
    """Yield the code of a loaded module, which holds that of all its functions."""
    spec = getattr(sys.modules.get(module), "__spec__", None)
    read = getattr(getattr(spec, "loader", None), "get_code", None)
    code = None if read is None else read(module)
    if isinstance(code, CodeType):
        yield code


def _mentions(code: CodeType, name: str) -> bool:
    return name in code.co_names or any(
        _mentions(const, name) for const in code.co_consts if isinstance(const, CodeType)
    )


def _global(one: Replaced) -> object:
    return vars(sys.modules[one.module]).get(one.name, _ABSENT)


def _caller() -> str:
    """Return the module of the innermost frame that is not Seamline's."""
    frame: FrameType | None = sys._getframe(1)  # noqa: SLF001 - costs no traceback
    while frame is not None:
        name = str(frame.f_globals.get("__name__", ""))
        if not name.startswith("seamline."):
            return name
        frame = frame.f_back
    return ""
