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
        first_of = dict(self._first)  # another thread may import
        now = map(sys.modules.get, first_of)
        if not self._again and all(map(operator.is_, now, first_of.values())):
            return
        for name, first in first_of.items():
            if name in self._again or sys.modules.get(name) is not first:
                yield Replaced(name, "")

    def _take(self, names: Collection[str]) -> None:
        for name in names:
            module = sys.modules.get(name)
            if isinstance(module, ModuleType) and self._is_application(name):
                self._first.setdefault(name, module)
