"""Modules of the application that a test executes again, or puts others in the place of.

A host has each module as it was first imported. From a reload on, what a function sees of the
module is another thing here, until the module that was there first is back.
"""

import operator
import sys
from collections.abc import Callable, Collection, Iterator
from types import ModuleType

from seamline.testing.causes import Replaced


class Reloads:
    """What was executed again, in one test process.

    Args:
        is_application: Whether a module, by its name, is the application's.
    """

    def __init__(self, is_application: Callable[[str], bool]) -> None:
        self._is_application = is_application
        self._first: dict[str, ModuleType] = {}
        # The same as of when it was looked through last, which is before each call.
        self._looked_at: tuple[tuple[str, ...], tuple[ModuleType, ...]] = ((), ())
        self._again: set[str] = set()
        self._is_collected = False

    def begin(self) -> None:
        """Take what is loaded now for what hosts have."""
        self._is_collected = True
        self._take(list(sys.modules))

    def imported(self, loaded: Collection[str]) -> None:
        """Take note of modules that were executed."""
        if not self._is_collected:
            return
        self._again.update(
            name for name in loaded if self._first.get(name, self) is sys.modules.get(name)
        )
        self._take(loaded)

    def active(self) -> Iterator[Replaced]:
        """Yield the modules that are not now what hosts have."""
        names, modules = self._looked_at
        if len(names) != len(self._first):  # what is in there once stays as it is
            first_of = self._first.copy()  # another thread may import
            self._looked_at = names, modules = tuple(first_of), tuple(first_of.values())
        now = map(sys.modules.get, names)
        if not self._again and all(map(operator.is_, now, modules)):
            return
        for name, first in zip(names, modules, strict=True):
            if name in self._again or sys.modules.get(name) is not first:
                yield Replaced(name, "")

    def _take(self, names: Collection[str]) -> None:
        for name in names:
            module = sys.modules.get(name)
            if isinstance(module, ModuleType) and self._is_application(name):
                self._first.setdefault(name, module)
