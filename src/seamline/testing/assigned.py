"""What tests assign without a tool: outside all services, and on classes of packages elsewhere.

Every process has its own of those, so a host never sees such an assignment. Who assigned is
not asked: an attribute counts that the code of some test assigns, by its name, and that is not
what it was when its module was imported.
"""

import sys
from collections import deque
from collections.abc import Callable, Collection, Hashable, Iterator, Mapping
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any, Final

from seamline.testing.causes import Replaced
from seamline.testing.cells import (
    OPAQUE,
    SIMPLE,
    Cell,
    Object,
    Place,
    Relevant,
    cells_of,
    cells_of_library,
    last,
    may_concern,
    slots_of,
)
from seamline.testing.compared import MOST_ITEMS, content, is_guard, whole
from seamline.testing.stores import Stores, compiled

_CONTAINERS: Final = (dict, list, set, deque)
# `config.app.limits` is three looks away; deeper ones are rarely reached from a test.
_MOST_DEPTH: Final = 3
# Ways to one object, or to instances of one class; a table of rows has many alike.
_MOST_PLACES: Final = 100
# More than the largest applications have; beyond it, a module that holds a graph of objects.
_MOST_OBJECTS: Final = 50_000


class Assignments:
    """What differs now, in one test process, from what was imported.

    Args:
        modules: The application's modules that belong to no service.
        tests: Directory below which all modules that are not the application's are the tests'.
        is_application: Whether a module, by its name, is the application's.
        placed: Those of services, with the names of their state, which is sealed.

    Attributes:
        names: The attributes that tests assign on something.
        codes: Of the tests' modules.
    """

    def __init__(
        self,
        modules: Collection[str],
        tests: Path,
        is_application: Callable[[str], bool],
        placed: Mapping[str, Collection[str]] | None = None,
    ) -> None:
        self._modules = frozenset(modules)
        self._placed = placed or {}
        self._is_application = is_application
        self._tests = str(tests.resolve()) + "/"
        self._objects: dict[int, Object] = {}
        self._containers: dict[int, tuple[Any, list[Place]]] = {}
        self._seen: set[str] = set()
        self._walked: dict[str, ModuleType] = {}
        self._read: dict[str, Stores] = {}
        # What was found, or found in another place, since it was looked at.
        self._unseen: dict[int, None] = {}
        self._looked_at = Stores()
        self._looked_for = (0, "")
        self._cells: dict[tuple[int | str, str], Cell] = {}
        # How much of what was found is found in more than one place.
        self._shared = 0
        self._relevant: dict[Hashable, Relevant] = {}
        self._concerned: dict[Hashable, dict[Place, bool]] = {}
        self._is_collected = False
        self.names: frozenset[str] = frozenset()
        self.codes: list[CodeType] = []

    def imported(self, loaded: Collection[str]) -> None:
        """Take what some modules hold, at the end of their import, for what hosts have."""
        there = sys.modules.keys() & loaded  # one whose import failed is not
        for name in self._modules & there:
            self._seen.add(name)
            self._walk(name)
        for name in self._placed.keys() & there:
            self._seen.add(name)
            self._look_at_contents(name)
        if self._is_collected:
            self._look()

    def begin(self) -> None:
        """The tests are loaded: from now on, what they assign is told apart."""
        self._is_collected = True
        for name in self._modules.intersection(sys.modules):
            self._walk(name)
        for name in self._placed.keys() & sys.modules.keys():
            self._look_at_contents(name)
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
        relevant = self._relevant.get(asking)
        if relevant is None or relevant.version != (len(self._cells), self._shared):
            self._relevant[asking] = relevant = self._choose(asking, concerns)
        for cell, name in relevant.changed():
            for place in list(cell.places):
                if concerns(*place.of(name)):
                    yield place.of(name)

    def _choose(self, asking: Hashable, concerns: Callable[[str, str], bool]) -> Relevant:
        version = len(self._cells), self._shared
        places = self._concerned.setdefault(asking, {})
        cells = [one for one in self._cells.values() if may_concern(one, concerns, places)]
        return Relevant(version, cells, concerns)

    # -- what there is ------------------------------------------------------------------

    def _walk(self, name: str) -> None:
        module = sys.modules.get(name)
        if not isinstance(module, ModuleType):
            return
        if self._walked.setdefault(name, module) is not module:
            self._forget(name)
            self._walked[name] = module
        self._walk_from(module, Place(name, ""), 0)

    def _walk_from(self, start: object, place: Place, depth: int) -> None:
        """Note what an object holds, down to a depth, but for what is sealed."""
        sealed = self._placed.get(place.module, ())
        queue: deque[tuple[object, Place, int]] = deque([(start, place, depth)])
        while queue:
            value, place, depth = queue.popleft()
            if place.path in sealed or is_guard(value):
                continue
            for inner, path in self._enter(value, place):
                if depth < _MOST_DEPTH and type(inner) not in SIMPLE:
                    queue.append((inner, Place(place.module, path), depth + 1))

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

    def _look_at_contents(self, module: str) -> None:
        """Note the classes of a service's module, and what it and they hold.

        State is sealed. What no code of the application changes is none, but a test may, and the
        host has its own.
        """
        for name, value in list(vars(sys.modules[module]).items()):
            kind = type(value)
            if issubclass(kind, type) and getattr(value, "__module__", "") == module:
                for inner, path in self._enter(value, Place(module, name)):
                    self._walk_from(inner, Place(module, path), 2)
            elif not (
                kind in SIMPLE or name.startswith("__") or issubclass(kind, (type, ModuleType))
            ):
                self._walk_from(value, Place(module, name), 1)

    def _enter(self, value: object, place: Place) -> Iterator[tuple[object, str]]:
        """Note an object, and yield what it holds unless that is known."""
        kind = type(value)  # not isinstance: proxies of frameworks would run code
        if issubclass(kind, _CONTAINERS):
            _, places = self._containers.setdefault(id(value), (value, []))
            if not places:
                yield from _items(value, place)
            self._add(place, places, value)
        elif kind is tuple:
            yield from _items(value, place)
        if self._is_application(kind.__module__):
            self._note_classes(kind, place)
        space = _space_of(value, place)
        if space is None and not slots_of(kind):
            return
        found = self._objects.get(id(value))
        if found is None and len(self._objects) < _MOST_OBJECTS:
            self._unseen[id(value)] = None
            self._objects[id(value)] = Object(
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
            self._shared += len(places) == 2  # noqa: PLR2004 - what had one
            self._unseen[id(value)] = None

    def _note_classes(self, kind: type, place: Place) -> None:
        """Note the application's classes behind an instance: it has their attributes."""
        for owner in kind.__mro__:
            if self._is_application(owner.__module__):
                space = vars(owner)
                is_late = owner.__module__ not in self._seen
                found = self._objects.setdefault(
                    id(owner), Object(owner, space, dict(space), is_late)
                )
                self._add(place, found.places, owner)

    # -- what tests assign --------------------------------------------------------------

    def _stores(self) -> Stores:
        """Return what the loaded modules of the tests store. Each file is read once."""
        for name, module in list(sys.modules.items()):
            file = getattr(module, "__dict__", {}).get("__file__")
            is_of_application = name in self._modules or name in self._placed
            if name in self._read or is_of_application or type(file) is not str:
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
            for name, cell in cells_of(one, stores, is_own=self._is_own(one.value)):
                self._cells.setdefault((id(one.value), name), cell)
        for container, places in held:
            # Where a fixture hands it out, what changes it need not be what names it.
            if any(last(place) in named for place in places):
                self._cells.setdefault(
                    (id(container), "items"), Cell(whole(content(container)), places)
                )
        for read in () if is_known else list(self._read.values()):
            # Only where one file has both: names of modules and of attributes are common words.
            for name in (read.mentioned & sys.modules.keys()) - self._read.keys():
                if not self._is_application(name):
                    for attribute, cell in cells_of_library(name, read):
                        self._cells.setdefault((name, attribute), cell)


def _space_of(value: object, place: Place) -> Mapping[str, object] | None:
    """Return the attributes of a module, of a class that it defines, or of an instance."""
    kind = type(value)
    if issubclass(kind, ModuleType):
        return vars(value) if not place.path else None
    if issubclass(kind, type):
        owner: Any = value
        return vars(owner) if owner.__module__ == place.module else None
    if issubclass(kind, OPAQUE):
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
