"""Ways to ask whether something is what it was: each looks now, and returns a question."""

import operator
import sys
from collections.abc import Callable, Collection, Mapping
from types import ModuleType
from typing import Any, Final

ABSENT: Final = object()
# A table of more items holds data rather than settings, and comparing it takes longer than a call.
MOST_ITEMS: Final = 1_000
_COPIED: Final = (list, tuple, set, frozenset)
#: Types whose instances hold nothing.
PLAIN: Final = frozenset({str, bytes, int, float, bool, type(None)})


def whole(changed: Callable[[], Collection[str]]) -> Callable[[], list[str]]:
    """Ask whether anything changed; the answer has no names, only the whole."""
    return lambda: [""] if changed() else []


class Values:
    """Asks which names are bound to something else than they were first.

    Args:
        space: What binds them.
        firsts: Each name, with what it was bound to; ``ABSENT`` for nothing.
    """

    __slots__ = ("_firsts", "_space")

    def __init__(self, space: Mapping[str, object], firsts: list[tuple[str, object]]) -> None:
        self._space = space
        self._firsts = firsts

    def parts(self) -> list[tuple[Mapping[str, object], str, object]]:
        """Return what to compare: nothing changed where each name is bound to the very same."""
        return [(self._space, name, first) for name, first in self._firsts]

    def __call__(self) -> list[str]:
        """Return the names that are bound to something else now."""
        return [
            name
            for name, first in self._firsts
            if (value := self._space.get(name, ABSENT)) is not first
            and not _is_copy_of(value, first)
            and not is_guard(value)
        ]


def _is_copy_of(value: object, first: object) -> bool:
    """Whether another value is a copy of what was there, which a test put back."""
    kind = type(first)
    if type(value) is not kind or kind not in _COPIED:
        return False
    held: Any = first
    # Others would run code of the application to be compared.
    return len(held) <= MOST_ITEMS and {type(item) for item in held} <= PLAIN and value == first


def is_guard(value: object) -> bool:
    """Whether the seal of a package put a value there, for as long as its seam is open."""
    return type(value).__module__ == "seamline.seam.attributes"


def added(space: Mapping[str, object], names: frozenset[str]) -> Callable[[], Collection[str]]:
    """Ask which of these names, none of which was there, are there now.

    Importing a submodule binds it in its package, which is no assignment.
    """

    def changed() -> Collection[str]:
        if space.keys().isdisjoint(names):
            return ()
        return [name for name in names & space.keys() if not _is_submodule(space, name)]

    return changed


def _is_submodule(space: Mapping[str, object], name: str) -> bool:
    value = space[name]
    # A package with a seam before it is of another type.
    is_module = issubclass(type(value), ModuleType)
    return is_module and value is sys.modules.get(f"{space.get('__name__')}.{name}")


def member(member: Any, value: object) -> Callable[[], list[str]]:
    """Ask whether a slot of an object holds another value than now."""

    def look() -> object:
        try:
            return member.__get__(value)
        except AttributeError:
            return ABSENT

    first = look()
    return lambda: [] if look() is first else [member.__name__]


def content(container: Any) -> Callable[[], list[str]]:
    """Ask whether a container holds other objects than now."""
    is_table = issubclass(type(container), dict)

    def look() -> list[object]:
        if len(container) > MOST_ITEMS:
            return []
        return [*dict.keys(container), *dict.values(container)] if is_table else list(container)

    first, count = look(), len(container)

    def changed() -> list[str]:
        is_same = len(container) == count and all(map(operator.is_, look(), first))
        return [] if is_same else ["items"]

    return changed
