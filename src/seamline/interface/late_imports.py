"""What functions change by importing modules of the application: ``from shop import views``.

Such a module runs then, and may register what it has with others. Where every process has
imported it before anyway, nothing is changed by importing it once more.
"""

import ast
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field

from seamline.interface.facts import StateMap
from seamline.interface.functions import Class, Definition
from seamline.interface.graph import Graph
from seamline.interface.modules import Imports, registrations
from seamline.interface.names import Symbol, imports_of
from seamline.interface.touches import Touches
from seamline.interface.walking import walk


def note_late_imports(
    touches: Touches,
    imports: Imports,
    packages: Collection[str],
    importers: dict[Symbol, set[str]],
) -> None:
    """Let functions touch and change what the modules change that only they import.

    Args:
        touches: Who touches and changes what; added to.
        imports: Which module imports which.
        packages: The packages and modules that processes start with.
        importers: State that only imports change; what functions import so is taken out.
    """
    late = LateImports(touches, imports, packages)
    for definition, lines in late.found().items():
        for module, line in lines.items():
            for symbol in late.changed_by(module):
                touches.direct[definition].setdefault(symbol, line)
                touches.changed[definition].setdefault(symbol, line)
                importers.pop(symbol, None)


@dataclass(slots=True)
class LateImports:
    """Answers for the functions and modules of one application."""

    touches: Touches
    imports: Imports
    packages: Collection[str]
    _changed: dict[str, frozenset[Symbol]] = field(default_factory=dict)

    @property
    def graph(self) -> Graph:
        """Return who calls whom."""
        return self.touches.graph

    @property
    def state(self) -> StateMap:
        """Return all state."""
        return self.touches.state

    def found(self) -> dict[Definition, dict[str, int]]:
        """Return the modules that functions alone import, each with the line that does."""
        written = {
            definition: found
            for definitions in self.graph.definitions.by_module.values()
            for definition in definitions
            if not self._is_test(definition.module) and (found := self._written(definition))
        }
        early = self._early({module for found in written.values() for module in found})
        return {
            definition: {
                module: line
                for name, line in found.items()
                for module in self.imports.closure({name}, runtime=True) - early
            }
            for definition, found in written.items()
        }

    def _early(self, late: set[str]) -> set[str]:
        """Return the modules that are imported wherever a process starts, not by functions."""
        every = {name for name in self.graph.definitions.world.modules if not self._is_test(name)}
        imported = {
            name for one in every for name in self.imports.direct(one, runtime=True) if name != one
        }
        starts = (every - self.imports.closure(late, runtime=True)) | (every - imported - late)
        return self.imports.closure(starts.union(self.packages), runtime=True)

    def _is_test(self, module: str) -> bool:
        return self.graph.definitions.world.modules[module].source.test

    def _written(self, definition: Definition) -> Mapping[str, int]:
        """Return the modules of the application that a function's own statements import."""
        source = self.graph.definitions.world.modules[definition.module].source
        found: dict[str, int] = {}
        for part in walk(definition.node):
            if isinstance(part, (ast.Import, ast.ImportFrom)):
                for _, one in imports_of(source, part, typing_only=False, top=False):
                    for module in self.imports.named(one):
                        found.setdefault(module, part.lineno)
        found.pop(definition.module, None)
        return found

    def changed_by(self, module: str) -> frozenset[Symbol]:
        """Return the state of other modules that one changes while it is imported."""
        if module not in self._changed:
            self._changed[module] = frozenset(
                symbol for symbol in self._changes(module) if symbol.module != module
            )
        return self._changed[module]

    def _changes(self, module: str) -> Iterator[Symbol]:
        yield from self.touches.changed[module]
        for symbol, _ in registrations(self.graph, module, {module}):
            fact = self.state.touched(symbol)
            if fact is not None and not fact.resource:
                yield fact.symbol
        entered = [edge.target for edge in self.graph.edges[module] if not edge.guess]
        entered += self._subclassing(module)
        seen: set[Definition] = set()
        while entered:
            definition = entered.pop()
            if definition not in seen:
                seen.add(definition)
                yield from self.touches.changed[definition]
                entered += (e.target for e in self.graph.edges[definition] if not e.guess)

    def _subclassing(self, module: str) -> Iterator[Definition]:
        """Yield what is run by making the classes of a module."""
        definitions = self.graph.definitions
        for cls in definitions.classes.values():
            for base in list(definitions.ancestry(cls))[1:] if cls.module == module else ():
                if isinstance(base, Class):
                    yield from base.methods.get("__init_subclass__", ())
