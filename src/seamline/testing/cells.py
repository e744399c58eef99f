"""What can be assigned on, and the questions whether it was."""

import sys
import weakref
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Set as AbstractSet
from dataclasses import dataclass, field
from types import (
    BuiltinFunctionType,
    FunctionType,
    MemberDescriptorType,
    MethodType,
    ModuleType,
)
from typing import Final, NamedTuple

from seamline.testing.causes import Replaced
from seamline.testing.compared import (
    ABSENT,
    PLAIN,
    Values,
    added,
    content,
    is_guard,
    member,
    whole,
)
from seamline.testing.stores import Stores

#: Types whose instances nothing is assigned on.
OPAQUE: Final = (
    ModuleType, FunctionType, BuiltinFunctionType, MethodType, str, bytes, int, float, complex,
    type(None), tuple, frozenset,
)  # fmt: skip
#: Of these, the types that hold nothing, either.
SIMPLE: Final = PLAIN | {FunctionType, BuiltinFunctionType, MethodType, complex}
# Replaced by pytest around each test, and taken over by hosts, or each process's own.
_NEVER: Final = frozenset(
    Replaced(*pair.split(":"))
    for pair in (
        "sys:stdin", "sys:stdout", "sys:stderr", "sys:path", "sys:modules", "os:environ",
        "warnings:filters", "warnings:showwarning",
    )
)  # fmt: skip


# What is known of types, by their identities, which hold none of them. Each asks again and again.
_WITHOUT_SLOTS: Final[dict[int, weakref.ref[type]]] = {}
_SETTERS: Final[dict[int, tuple[weakref.ref[type], frozenset[str]]]] = {}


class Place(NamedTuple):
    """One way to an object: the module to start at, and the names from there."""

    module: str
    path: str

    def of(self, name: str) -> Replaced:
        """Return what an attribute is called, seen from here; without a name, the object."""
        return Replaced(self.module, ".".join(filter(None, (self.path, name))))


@dataclass(slots=True)
class Object:
    """Something that attributes are assigned on.

    Attributes:
        value: The module, class or instance.
        space: Its own attributes; None for an instance with slots alone.
        first: What these were when it was found first.
        is_late: Whether code of the tests may have run before.
        places: The ways to it.
    """

    value: object
    space: Mapping[str, object] | None
    first: dict[str, object]
    is_late: bool
    places: list[Place] = field(default_factory=list)


class Cell(NamedTuple):
    """One thing to compare: ``changed`` returns the names that are not what they were."""

    changed: Callable[[], Collection[str]]
    places: list[Place]
    is_of_library: bool = False


class Relevant:
    """The cells that may concern somebody.

    Args:
        version: How many cells, and cells of several places, there were when they were chosen.
        cells: Those that were.
        concerns: Whether a name of a module of the application does, which never changes.
    """

    __slots__ = ("_asked", "_compared", "version")

    def __init__(
        self, version: object, cells: Iterable[Cell], concerns: Callable[[str, str], bool]
    ) -> None:
        self.version = version
        self._compared: list[tuple[Mapping[str, object], str, object, Cell]] = []
        self._asked: list[Cell] = []
        for cell in cells:
            if isinstance(cell.changed, Values):
                # Most names that a module binds lazily are other functions' business.
                self._compared += [
                    (*part, cell)
                    for part in cell.changed.parts()
                    if cell.is_of_library
                    or len(cell.places) > 1
                    or any(concerns(*place.of(part[1])) for place in list(cell.places))
                ]
            else:
                self._asked.append(cell)

    def changed(self) -> Iterator[tuple[Cell, str]]:
        """Yield what is not what it was: a cell, and the name of its attribute."""
        # One loop over all names: asking each cell would take longer than the call it is for.
        suspected = [
            cell
            for space, name, first, cell in self._compared
            if space.get(name, ABSENT) is not first
        ]
        for cell in {id(one): one for one in suspected}.values() if suspected else ():
            yield from ((cell, name) for name in cell.changed())
        for cell in self._asked:
            yield from ((cell, name) for name in cell.changed())


def may_concern(
    cell: Cell, concerns: Callable[[str, str], bool], known: dict[Place, bool]
) -> bool:
    """Whether anything about an object may; what libraries hold is asked for anew each time."""
    if cell.is_of_library:
        return True
    for place in list(cell.places):
        if place not in known:
            known[place] = concerns(*place.of(""))
        if known[place]:
            return True
    return False


def slots_of(kind: type) -> dict[str, MemberDescriptorType]:
    """Return the slots of a class and its bases, by name."""
    known = _WITHOUT_SLOTS.get(id(kind))
    if known is not None and known() is kind:
        return {}
    found = {}
    if not issubclass(kind, (*OPAQUE, type)):
        found = {
            name: member
            for owner in kind.__mro__
            for name, member in vars(owner).items()
            if type(member) is MemberDescriptorType
        }
    if not found:
        _WITHOUT_SLOTS[id(kind)] = weakref.ref(kind)
    return found


def cells_of(one: Object, stores: Stores, *, is_own: bool) -> Iterator[tuple[str, Cell]]:
    """Yield what tests assign on one object; if it is its own, whatever they call that."""
    for name, slot in slots_of(type(one.value)).items():
        if name in stores.attributes:
            yield name, Cell(member(slot, one.value), one.places)
    if one.space is None:
        return
    is_named = any(last(place) in stores.beside for place in one.places)
    firsts = []
    known = one.first.keys() & stores.attributes
    for name in known:
        if is_guard(one.first[name]):
            continue  # the seal answers for it
        # pytest imports the first conftest.py before plugins can look at anything.
        is_first = not (one.is_late and is_named and name in stores.at_import)
        firsts.append((name, one.first[name] if is_first else ABSENT))
    if firsts:
        yield "=", Cell(Values(one.space, firsts), one.places)
    if not (is_named or is_own):
        return
    new = stores.attributes.difference(known) if known else stores.attributes
    # Whatever a test names so may get an attribute that it never had.
    if new:
        yield "", Cell(added(one.space, new), one.places)
    if new and is_named and _keeps_elsewhere(type(one.value), stores.attributes, new):
        yield from _all_of(one)


def _keeps_elsewhere(kind: type, assigned: Collection[str], new: AbstractSet[str]) -> bool:
    """Whether a class keeps what is assigned under other names than it is assigned to."""
    if issubclass(kind, (type, ModuleType)):
        return False
    if kind.__setattr__ is not object.__setattr__ and len(new) == len(assigned):
        return True
    return not _setters_of(kind).isdisjoint(new)


def _setters_of(kind: type) -> frozenset[str]:
    """Return the names whose assignment a class and its bases hand to a descriptor, but slots."""
    known = _SETTERS.get(id(kind))
    if known is None or known[0]() is not kind:
        names = frozenset(
            name
            for owner in kind.__mro__
            for name, held in vars(owner).items()
            if type(held) is not MemberDescriptorType and hasattr(type(held), "__set__")
        )
        _SETTERS[id(kind)] = known = (weakref.ref(kind), names)
    return known[1]


def _all_of(one: Object) -> Iterator[tuple[str, Cell]]:
    """Yield everything that an instance holds, each as the whole of it."""
    assert one.space is not None
    yield "==", Cell(whole(Values(one.space, list(one.first.items()))), one.places)
    for name, value in one.first.items():
        if issubclass(type(value), (dict, list, set)):
            yield f"[{name}", Cell(whole(content(value)), one.places)


def cells_of_library(name: str, stores: Stores) -> Iterator[tuple[str, Cell]]:
    """Yield the names of a library's module that tests assign."""
    module = sys.modules[name]
    space = vars(module) if issubclass(type(module), ModuleType) else {}
    place = Place(name, "")
    for attribute in stores.attributes & space.keys():
        if place.of(attribute) not in _NEVER:
            firsts = [(attribute, space[attribute])]
            yield attribute, Cell(Values(space, firsts), [place], is_of_library=True)


def last(place: Place) -> str:
    """Return the name that an object has there."""
    return (place.path or place.module).rpartition(".")[2]
