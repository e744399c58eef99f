"""What tests assign without a tool: outside all services, and on classes of packages elsewhere.

Every process has its own of those, so a host never sees such an assignment. Who assigned is
not asked: an attribute counts that the code of some test assigns, by its name, and that is not
what it was when its module was imported.
"""

import sys
from collections import deque
from collections.abc import Callable, Collection, Hashable, Iterator, Mapping, Set as AbstractSet
from dataclasses import dataclass, field
from pathlib import Path
from types import (
    BuiltinFunctionType,
    CodeType,
    FunctionType,
    MemberDescriptorType,
    MethodType,
    ModuleType,
)
from typing import Any, Final, NamedTuple

from seamline.testing.causes import Replaced
from seamline.testing.compared import (
    ABSENT,
    MOST_ITEMS,
    added,
    content,
    is_guard,
    member,
    values,
    whole,
)
from seamline.testing.stores import Stores, compiled

_OPAQUE: Final = (
    ModuleType, FunctionType, BuiltinFunctionType, MethodType, str, bytes, int, float, complex,
    type(None), tuple, frozenset,
)  # fmt: skip
# `config.app.limits` is three looks away; deeper ones are rarely reached from a test.
_MOST_DEPTH: Final = 3
# Ways to one object, or to instances of one class; a table of rows has many alike.
_MOST_PLACES: Final = 100
# More than the largest applications have; beyond it, a module that holds a graph of objects.
_MOST_OBJECTS: Final = 50_000
# Replaced by pytest around each test, and taken over by hosts, or each process's own.
_NEVER: Final = frozenset(
    Replaced(*pair.split(":"))
    for pair in (
        "sys:stdin", "sys:stdout", "sys:stderr", "sys:path", "sys:modules", "os:environ",
        "warnings:filters", "warnings:showwarning",
    )
)  # fmt: skip


class Place(NamedTuple):
    """One way to an object: the module to start at, and the names from there."""

    module: str
    path: str

    def of(self, name: str) -> Replaced:
        """Return what an attribute is called, seen from here; without a name, the object."""
        return Replaced(self.module, ".".join(filter(None, (self.path, name))))


@dataclass(slots=True)
class _Object:
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


class _Cell(NamedTuple):
    """One thing to compare: ``changed`` returns the names that are not what they were."""

    changed: Callable[[], Collection[str]]
    places: list[Place]
    is_of_library: bool = False


class Assignments:
    """What differs now, in one test process, from what was imported.

    Args:
        modules: The application's modules that belong to no service.
        tests: Directory below which all modules that are not the application's are the tests'.
        is_application: Whether a module, by its name, is the application's.
        placed: Those of services: only their classes are looked at, the rest is sealed.

    Attributes:
        names: The attributes that tests assign on something.
        codes: Of the tests' modules.
    """

    def __init__(
        self,
        modules: Collection[str],
        tests: Path,
        is_application: Callable[[str], bool],
        placed: Collection[str] = (),
    ) -> None:
        self._modules = frozenset(modules)
        self._placed = frozenset(placed)
        self._is_application = is_application
        self._tests = str(tests.resolve()) + "/"
        self._objects: dict[int, _Object] = {}
        self._containers: dict[int, tuple[Any, list[Place]]] = {}
        self._seen: set[str] = set()
        self._walked: dict[str, ModuleType] = {}
        self._read: dict[str, Stores] = {}
        # What was found, or found in another place, since it was looked at.
        self._unseen: dict[int, None] = {}
        self._looked_at = Stores()
        self._looked_for = (0, "")
        self._cells: dict[tuple[int | str, str], _Cell] = {}
        self._relevant: dict[Hashable, tuple[int, tuple[_Cell, ...]]] = {}
        self._concerned: dict[Hashable, dict[Place, bool]] = {}
        self._is_collected = False
        self.names: frozenset[str] = frozenset()
        self.codes: list[CodeType] = []

    def imported(self, loaded: Collection[str]) -> None:
        """Take what some modules hold, at the end of their import, for what hosts have."""
        for name in self._modules.intersection(loaded):
            self._seen.add(name)
            self._walk(name)
        for name in self._placed.intersection(loaded):
            self._seen.add(name)
            self._look_at_classes(name)
        if self._is_collected:
            self._look()

    def begin(self) -> None:
        """The tests are loaded: from now on, what they assign is told apart."""
        self._is_collected = True
        for name in self._modules.intersection(sys.modules):
            self._walk(name)
        for name in self._placed.intersection(sys.modules):
            self._look_at_classes(name)
        self._look()

    def end(self) -> None:
        """Compare nothing any more."""
        self._cells.clear()
        self._relevant.clear()
        self._objects.clear()
        self._containers.clear()

    def active(self, asking: Hashable, concerns: Callable[[str, str], bool]) -> Iterator[Replaced]:
        """Yield what was assigned, was not put back, and concerns somebody.

        Asked before each call, so what can concern whom is worked out once.

        Args:
            asking: Who asks.
            concerns: Whether a name of a module, as in :class:`Replaced`, concerns it.
        """
        count = len(self._cells)
        known, cells = self._relevant.get(asking, (-1, ()))
        if known != count:
            places = self._concerned.setdefault(asking, {})
            cells = tuple(
                one for one in self._cells.values() if _may_concern(one, concerns, places)
            )
            self._relevant[asking] = (count, cells)
        for cell in cells:
            for name in cell.changed():
                for place in list(cell.places):
                    if concerns(*place.of(name)):
                        yield place.of(name)

    # -- what there is ------------------------------------------------------------------

    def _walk(self, name: str) -> None:
        module = sys.modules.get(name)
        if not isinstance(module, ModuleType):
            return
        if self._walked.setdefault(name, module) is not module:
            self._forget(name)
            self._walked[name] = module
        queue: deque[tuple[object, Place, int]] = deque([(module, Place(name, ""), 0)])
        while queue:
            value, place, depth = queue.popleft()
            for inner, path in self._enter(value, place):
                if depth < _MOST_DEPTH:
                    queue.append((inner, Place(name, path), depth + 1))

    def _forget(self, name: str) -> None:
        """Forget what a module held that was removed and is imported anew, as some tests do."""
        for places in [
            *(one.places for one in self._objects.values()),
            *(places for _, places in self._containers.values()),
        ]:
            places[:] = [place for place in places if place.module != name]
        self._objects = {key: one for key, one in self._objects.items() if one.places}
        self._containers = {key: one for key, one in self._containers.items() if one[1]}
        self._cells = {key: one for key, one in self._cells.items() if one.places}
        self._relevant.clear()

    def _look_at_classes(self, module: str) -> None:
        for name, value in list(vars(sys.modules[module]).items()):
            if issubclass(type(value), type) and getattr(value, "__module__", "") == module:
                for _ in self._enter(value, Place(module, name)):
                    pass  # what a class holds is no matter here

    def _enter(self, value: object, place: Place) -> Iterator[tuple[object, str]]:
        """Note an object, and yield what it holds unless that is known."""
        kind = type(value)  # not isinstance: proxies of frameworks would run code
        if issubclass(kind, (dict, list, set, deque)):
            _, places = self._containers.setdefault(id(value), (value, []))
            if not places:
                yield from _items(value, place)
            self._add(place, places, value)
        if self._is_application(kind.__module__):
            self._note_classes(kind, place)
        space = _space_of(value, place)
        if space is None and not _slots_of(kind):
            return
        found = self._objects.get(id(value))
        if found is None and len(self._objects) < _MOST_OBJECTS:
            self._unseen[id(value)] = None
            self._objects[id(value)] = _Object(
                value, space, dict(space or {}), place.module not in self._seen, [place]
            )
            # What a library's object holds is its own, but for what tests put in there.
            is_own = issubclass(kind, ModuleType) or self._is_application(kind.__module__)
            for name, inner in dict(space or {}).items():
                is_seen = is_own or issubclass(type(inner), (dict, list, set))
                if is_seen and not name.startswith("__"):
                    yield inner, place.of(name).name
        elif found is not None:
            self._add(place, found.places, value)

    def _add(self, place: Place, places: list[Place], value: object) -> None:
        if len(places) < _MOST_PLACES and place not in places:
            places.append(place)
            self._unseen[id(value)] = None

    def _note_classes(self, kind: type, place: Place) -> None:
        """Note the application's classes behind an instance: it has their attributes."""
        for owner in kind.__mro__:
            if self._is_application(owner.__module__):
                space = vars(owner)
                is_late = owner.__module__ not in self._seen
                found = self._objects.setdefault(
                    id(owner), _Object(owner, space, dict(space), is_late)
                )
                self._add(place, found.places, owner)

    # -- what tests assign --------------------------------------------------------------

    def _stores(self) -> Stores:
        """Return what the loaded modules of the tests store. Each file is read once."""
        for name, module in list(sys.modules.items()):
            file = getattr(module, "__dict__", {}).get("__file__")
            if name in self._read or name in self._modules or type(file) is not str:
                continue
            if file.startswith(self._tests) and "site-packages" not in file:
                code = compiled(Path(file))
                self._read[name] = Stores() if code is None else Stores.of(code)
                if code is not None:
                    self.codes.append(code)
        return Stores.union(self._read.values())

    def _is_own(self, value: object) -> bool:
        """Whether it is an instance of a class of the application, or one of no service."""
        kind = type(value)
        if issubclass(kind, type):
            return getattr(value, "__module__", "") in self._modules
        return self._is_application(kind.__module__)

    def _look(self) -> None:
        """Find what is worth comparing: what some test assigns, by its name."""
        # Which modules there are, for as long as none is removed just before another is loaded.
        loaded = (len(sys.modules), next(reversed(sys.modules)))
        is_known, self._looked_for = loaded == self._looked_for, loaded
        stores = self._looked_at if is_known else self._stores()
        self.names = stores.attributes
        named = stores.changed | stores.mentioned if stores.changed else frozenset[str]()
        if stores == self._looked_at:  # a module that was loaded later brings only itself
            objects = [self._objects[key] for key in self._unseen if key in self._objects]
            held = [self._containers[key] for key in self._unseen if key in self._containers]
        else:
            objects, held = list(self._objects.values()), list(self._containers.values())
        self._looked_at = stores
        self._unseen.clear()
        for one in objects:
            for name, cell in _cells_of(one, stores, is_own=self._is_own(one.value)):
                self._cells.setdefault((id(one.value), name), cell)
        for container, places in held:
            # Where a fixture hands it out, what changes it need not be what names it.
            if any(_last(place) in named for place in places):
                self._cells.setdefault(
                    (id(container), "items"), _Cell(whole(content(container)), places)
                )
        for read in () if is_known else list(self._read.values()):
            # Only where one file has both: names of modules and of attributes are common words.
            for name in (read.mentioned & sys.modules.keys()) - self._read.keys():
                if not self._is_application(name):
                    for attribute, cell in _cells_of_library(name, read):
                        self._cells.setdefault((name, attribute), cell)


def _may_concern(
    cell: _Cell, concerns: Callable[[str, str], bool], known: dict[Place, bool]
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


def _space_of(value: object, place: Place) -> Mapping[str, object] | None:
    """Return the attributes of a module, of a class that it defines, or of an instance."""
    kind = type(value)
    if issubclass(kind, ModuleType):
        return vars(value) if not place.path else None
    if issubclass(kind, type):
        owner: Any = value
        return vars(owner) if owner.__module__ == place.module else None
    if issubclass(kind, _OPAQUE):
        return None
    try:
        space = object.__getattribute__(value, "__dict__")
    except AttributeError:
        return None
    return space if type(space) is dict else None


def _items(value: Any, place: Place) -> Iterator[tuple[object, str]]:
    if len(value) > MOST_ITEMS:
        return
    for item in list(dict.values(value)) if issubclass(type(value), dict) else list(value):
        yield item, place.path


def _slots_of(kind: type) -> dict[str, MemberDescriptorType]:
    if issubclass(kind, (*_OPAQUE, type)):
        return {}
    return {
        name: member
        for owner in kind.__mro__
        for name, member in vars(owner).items()
        if type(member) is MemberDescriptorType
    }


def _cells_of(one: _Object, stores: Stores, *, is_own: bool) -> Iterator[tuple[str, _Cell]]:
    """Yield what tests assign on one object; if it is its own, whatever they call that."""
    for name, slot in _slots_of(type(one.value)).items():
        if name in stores.attributes:
            yield name, _Cell(member(slot, one.value), one.places)
    if one.space is None:
        return
    is_named = any(_last(place) in stores.beside for place in one.places)
    firsts = []
    known = one.first.keys() & stores.attributes
    for name in known:
        if is_guard(one.first[name]):
            continue  # the seal answers for it
        # pytest imports the first conftest.py before plugins can look at anything.
        is_first = not (one.is_late and is_named and name in stores.at_import)
        firsts.append((name, one.first[name] if is_first else ABSENT))
    if firsts:
        yield "=", _Cell(values(one.space, firsts), one.places)
    new = stores.attributes.difference(known) if known else stores.attributes
    # Whatever a test names so may get an attribute that it never had.
    if new and (is_named or is_own):
        yield "", _Cell(added(one.space, new), one.places)
    if new and is_named and _keeps_elsewhere(type(one.value), stores.attributes, new):
        yield from _all_of(one)


def _keeps_elsewhere(kind: type, assigned: Collection[str], new: AbstractSet[str]) -> bool:
    """Whether a class keeps what is assigned under other names than it is assigned to."""
    if issubclass(kind, (type, ModuleType)):
        return False
    if kind.__setattr__ is not object.__setattr__ and len(new) == len(assigned):
        return True
    return any(
        hasattr(type(vars(owner)[name]), "__set__")
        and type(vars(owner)[name]) is not MemberDescriptorType
        for owner in kind.__mro__
        for name in vars(owner).keys() & new
    )


def _all_of(one: _Object) -> Iterator[tuple[str, _Cell]]:
    """Yield everything that an instance holds, each as the whole of it."""
    assert one.space is not None
    yield "==", _Cell(whole(values(one.space, list(one.first.items()))), one.places)
    for name, value in one.first.items():
        if issubclass(type(value), (dict, list, set)):
            yield f"[{name}", _Cell(whole(content(value)), one.places)


def _cells_of_library(name: str, stores: Stores) -> Iterator[tuple[str, _Cell]]:
    """Yield the names of a library's module that tests assign."""
    module = sys.modules[name]
    space = vars(module) if issubclass(type(module), ModuleType) else {}
    place = Place(name, "")
    for attribute in stores.attributes & space.keys():
        if place.of(attribute) not in _NEVER:
            firsts = [(attribute, space[attribute])]
            yield attribute, _Cell(values(space, firsts), [place], is_of_library=True)


def _last(place: Place) -> str:
    return (place.path or place.module).rpartition(".")[2]
