"""Find the functions that use a package's state and that no definition describes.

Lambdas, what ``exec`` and ``type`` made, and functions inside functions have no address. In
a process that does not host their package they raise instead of missing a name.
"""

import dis
import sys
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from types import CodeType, FunctionType
from typing import Final

from seamline.interface import Function, Interface, Kind, Verdict
from seamline.seam.find import Entry
from seamline.seam.half import half_of, is_twin, original_of

_NAMELESS: Final = (
    "the host knows it by no name (a lambda, made by exec or type, or registered with a "
    "framework); move what touches it into a function of the module"
)
_MOVED: Final = (
    "it is at another line than when this run was planned; start the workers from what is there "
    "now with: seamline reload"
)
_GLOBALS: Final = frozenset({"LOAD_GLOBAL", "STORE_GLOBAL", "DELETE_GLOBAL", "LOAD_NAME"})


class Strays:
    """The functions of some modules of a package that use sealed names without an address.

    Args:
        interface: The package.
        modules: Those of its modules to look at.
        sealed: The state, by module and name.
    """

    def __init__(
        self,
        interface: Interface,
        modules: Collection[str],
        sealed: Iterable[tuple[str, str]],
    ) -> None:
        self._names: dict[str, set[str]] = defaultdict(set)
        for module, name in sealed:
            if module in modules and module in sys.modules:
                self._names[module].add(name)
        self._spaces = {id(vars(sys.modules[module])): module for module in self._names}
        self._described = {(f.module, f.name, f.line) for f in interface.functions}
        self._named = {(f.module, f.name) for f in interface.functions}

    def find(self, among: Iterable[FunctionType]) -> Iterator[Entry]:
        """Yield those that are loaded, to be refused.

        Args:
            among: What to look through.
        """
        for candidate in among if self._spaces else ():
            module, code = self._spaces.get(id(candidate.__globals__)), candidate.__code__
            if module is None or half_of(code) is not None or is_twin(candidate):
                continue
            if (module, code.co_qualname, code.co_firstlineno) in self._described:
                continue
            names = self._names[module]
            used = sorted(names & _globals_of(code)) if _mentions(code, names) else []
            if used:
                why = _MOVED if (module, code.co_qualname) in self._named else _NAMELESS
                yield _entry(candidate, module, f"touches {module}:{used[0]}, and {why}")

    def are_made_by(self, functions: Iterable[FunctionType]) -> bool:
        """Whether some of these functions make others that use sealed names, as decorators do."""
        for one in functions if self._spaces else ():
            module = self._spaces.get(id(one.__globals__))
            if module is not None and any(
                isinstance(const, CodeType) and _mentions(const, self._names[module])
                for const in original_of(one).co_consts
            ):
                return True
        return False


def _entry(function: FunctionType, module: str, reason: str) -> Entry:
    code = function.__code__
    definition = Function(
        module=module,
        name=code.co_qualname,
        line=code.co_firstlineno,
        file=code.co_filename,
        signature="",
        kind=Kind.SYNC,
        verdict=Verdict.REFUSED,
        reason=reason,
        fingerprint="",
        public=False,
    )
    return Entry(function, definition, definition.address, Kind.SYNC, reason)


def _mentions(code: CodeType, names: set[str]) -> bool:
    """Whether any of these names occurs, be it as an attribute: a cheap first look."""
    return not names.isdisjoint(code.co_names) or any(
        _mentions(const, names) for const in code.co_consts if isinstance(const, CodeType)
    )


def _globals_of(code: CodeType) -> set[str]:
    """Return the global names that a function and those inside it use."""
    found = {str(step.argval) for step in dis.get_instructions(code) if step.opname in _GLOBALS}
    for const in code.co_consts:
        if isinstance(const, CodeType):
            found |= _globals_of(const)
    return found
