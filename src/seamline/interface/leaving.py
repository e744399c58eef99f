"""What modules leave behind in others while they are imported: a class in a registry, say."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from seamline.interface.body import Body, Call
from seamline.interface.functions import Class, Definition
from seamline.interface.graph import Graph
from seamline.interface.making import filled_by, is_of_new, run_by_making
from seamline.interface.names import Symbol
from seamline.interface.source import is_of_script
from seamline.interface.touches import Touches
from seamline.interface.wrapping import covers, nested_lines


class Left(NamedTuple):
    """One thing that importing a module leaves.

    Attributes:
        symbol: The state in which it is left.
        line: Where the module does.
        via: What is run there that does.
        called: Whether a call names it, which is no decorator.
    """

    symbol: Symbol
    line: int
    via: Definition
    called: bool


@dataclass(slots=True)
class Leaving:
    """Answers for the modules of one application."""

    touches: Touches
    _changed: dict[Definition, frozenset[Symbol]] = field(default_factory=dict)
    _left: dict[str, tuple[Left, ...]] = field(default_factory=dict)

    @property
    def graph(self) -> Graph:
        """Return who calls whom."""
        return self.touches.graph

    def by(self, module: str) -> tuple[Left, ...]:
        """Return what importing a module leaves in others.

        Calls of plain functions are another matter: they may cross.
        """
        if module not in self._left:
            found = {
                Left(symbol, line, definition, called): None
                for definition, line, called in self._run(module)
                for symbol in sorted(self._changed_by(definition))
                if symbol.module != module
            }
            self._left[module] = tuple(found)
        return self._left[module]

    def _run(self, module: str) -> Iterator[tuple[Definition, int, bool]]:
        """Yield what importing a module runs, with the line, and whether it is called there."""
        for cls in self.graph.definitions.classes_in(module):
            for definition, line in run_by_making(self.graph, cls):
                yield definition, line, False
        body = self.graph.bodies[module]
        for _, decorated in body.registered:
            for symbol in decorated.decorators:
                for definition in () if symbol is None else self.graph.run_by(symbol):
                    yield definition, decorated.line, False
        source = self.graph.definitions.world.modules[module].source
        for definition, line in self._called(body):
            is_method = definition.owner is not None and definition.module != module
            if is_method and not is_of_script(source, line):
                yield definition, line, True

    def _called(self, body: Body) -> Iterator[tuple[Definition, int]]:
        """Yield what a body certainly calls itself, not what is kept for later."""
        later = () if body.definition is None else nested_lines(body.definition)
        for call in body.calls:
            if not call.stored and not covers(later, call.line):
                for bound in self.graph.entered(body, call):
                    if not bound.guess and not bound.override:
                        yield bound.target, call.line

    def _changed_by(self, definition: Definition) -> frozenset[Symbol]:
        """Return the state that running a definition once changes."""
        if definition not in self._changed:
            found: set[Symbol] = set()
            seen, waiting = {definition}, [definition]
            while waiting:
                one = waiting.pop()
                found.update(self._changed_itself(one))
                more = {target for target, _ in self._called(self.graph.bodies[one])} - seen
                waiting += more
                seen |= more
            self._changed[definition] = frozenset(found)
        return self._changed[definition]

    def _changed_itself(self, definition: Definition) -> Iterator[Symbol]:
        """Yield the state that a definition shows to change, by itself or by methods of it."""
        body, later = self.graph.bodies[definition], nested_lines(definition)
        changed = [
            use.symbol
            for use in body.uses
            if use.how != "read" and not covers(later, use.line)
            if not is_of_new(self.graph, definition, use)
        ]
        for call in body.calls:
            if call.receiver and not covers(later, call.line) and self._changes_self(body, call):
                changed += [one.symbol for one in call.receiver if one.kind == "symbol"]
        if definition.owner is not None:
            above = self.graph.definitions.ancestry(definition.owner)
            classes = [found.symbol for found in above if isinstance(found, Class)]
            changed += [
                Symbol(each.module, f"{each.name}.{path}")
                for each in classes
                for path in filled_by(body)
            ]
        for symbol in changed:
            for fact in self.touches.state.all_touched(symbol):
                if not fact.resource:
                    yield fact.symbol

    def _changes_self(self, body: Body, call: Call) -> bool:
        """Whether a call certainly enters a method that changes its object."""
        return any(
            bound.target.parameters[0].arg in self.graph.bodies[bound.target].changed
            for bound in self.graph.entered(body, call)
            if not bound.guess and not bound.override and bound.target.parameters
        )
