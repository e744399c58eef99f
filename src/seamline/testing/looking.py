"""Tests that look into a package's module state: its seam is closed before they begin."""

import inspect
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from types import CodeType
from typing import Final, NamedTuple

from seamline.interface import Interface, State
from seamline.testing.causes import Cause

READS: Final = "reads state"

_AROUND: Final = (
    "setUp", "tearDown", "setUpClass", "tearDownClass", "setUpTestData", "setup_method",
    "teardown_method", "setup_class", "teardown_class",
)  # fmt: skip
# Parts of the names of modules that hold tests and what they need.
_TEST_PARTS: Final = frozenset({"test", "tests", "testing", "conftest"})


def is_test_module(name: str) -> bool:
    """Whether a module is of the tests, by its name, wherever they are kept."""
    return any(part in _TEST_PARTS or part.startswith("test_") for part in name.split("."))


class Test(NamedTuple):
    """What there is to read of a test.

    Attributes:
        function: The test's own.
        owner: The class that it is a method of, if any.
        fixtures: The functions of its fixtures.
    """

    function: object
    owner: type | None
    fixtures: tuple[Callable[..., object], ...] = ()


class Looks:
    """Which tests read module state of which services, as their source says.

    Args:
        interfaces: The packages behind a seam.
        root: Directory that their places are relative to.
    """

    def __init__(self, interfaces: Iterable[Interface], root: Path) -> None:
        self._lines: dict[str, list[tuple[int, str, Cause]]] = {}
        self._names: dict[str, list[tuple[str, str, Cause]]] = {}
        for interface in interfaces:
            for state in interface.state:
                self._note(interface.service, state, root)

    def of(self, test: Test) -> Iterator[tuple[str, Cause]]:
        """Yield the services whose state a test or one of its fixtures reads."""
        if not self._lines and not self._names:
            return
        for code in codes_of(test):
            file = code.co_filename
            if file in self._lines:
                lines = range(code.co_firstlineno, _last_line(code) + 1)
                for line, service, cause in self._lines[file]:
                    if line in lines:
                        yield service, cause
            for name, service, cause in self._names.get(file, ()):
                if _mentions(code, name):
                    yield service, cause

    def _note(self, service: str, state: State, root: Path) -> None:
        cause = Cause(READS, f"{state.module}.{state.name}")
        for place in state.readers:
            found = self._lines.setdefault(str(root / place.file), [])
            found.append((place.line, service, cause))
        for place in state.early:
            self._names.setdefault(str(root / place.file), []).append((state.name, service, cause))


def codes_of(test: Test) -> Iterator[CodeType]:
    """Yield the code of a test, of its fixtures, and of what a class runs around it."""
    around = [getattr(test.owner, name, None) for name in _AROUND]
    for function in (test.function, *test.fixtures, *around):
        code = getattr(inspect.unwrap(function), "__code__", None) if callable(function) else None
        if isinstance(code, CodeType):
            yield code


def _last_line(code: CodeType) -> int:
    lines = [line for _, _, line in code.co_lines() if line is not None]
    inner = [_last_line(const) for const in code.co_consts if isinstance(const, CodeType)]
    return max([code.co_firstlineno, *lines, *inner])


def _mentions(code: CodeType, name: str) -> bool:
    return name in code.co_names or any(
        _mentions(const, name) for const in code.co_consts if isinstance(const, CodeType)
    )
