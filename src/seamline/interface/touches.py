"""Which module state each body touches, directly or through what it runs."""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from seamline.interface.body import Body
from seamline.interface.facts import StateMap, default_of
from seamline.interface.functions import Definition
from seamline.interface.graph import Edge, Graph
from seamline.interface.inherited import reached
from seamline.interface.memories import wrapping_objects
from seamline.interface.names import Symbol
from seamline.interface.sending import Sending
from seamline.interface.wrapping import covers, wrappers_of

# What reaches the database through an object every process builds for itself.
_HANDLES: Final = frozenset({"session", "engine", "get_engine", "connection", "get_session"})
_MODEL_HANDLES: Final = frozenset({"query", "objects", "_default_manager"})

# Who runs a definition, and by which edge.
Callers = dict[Definition | str, list[tuple[Definition | str, Edge]]]


class Touch(NamedTuple):
    """How a body reaches one piece of state.

    Attributes:
        line: Where it does, or calls what does.
        via: What it calls to get there; None when it touches the state itself.
        guess: Whether only the name of a method says so.
        override: Whether a method of a subclass does, which runs only on an object of that class.
    """

    line: int
    via: Definition | None
    guess: bool
    override: bool = False


@dataclass(slots=True)
class Touches:
    """Touched state per definition (or module name, for what runs while importing)."""

    graph: Graph
    state: StateMap
    direct: dict[Definition | str, dict[Symbol, int]] = field(default_factory=dict)
    changed: dict[Definition | str, dict[Symbol, int]] = field(default_factory=dict)

    def build(self) -> None:
        """Collect what every body touches itself, and may change."""
        for key, body in self.graph.bodies.items():
            self.direct[key] = dict(self._direct(body))
            shown = {
                fact
                for use in body.uses
                if use.how != "read"
                for fact in self.state.all_touched(use.symbol)
            }
            self.changed[key] = {
                symbol: line
                for symbol, line in self.direct[key].items()
                if self._may_change(symbol) or self.state.facts.get(symbol) in shown
            }

    def _may_change(self, symbol: Symbol) -> bool:
        """Whether any use may change a piece of state, without saying so."""
        fact = self.state.facts.get(symbol)
        if fact is None or fact.resource or fact.container:
            return False
        return fact.changed or not fact.moment

    def _direct(self, body: Body) -> Iterator[tuple[Symbol, int]]:
        for use in reversed(body.uses):  # the first line wins in the dict
            touched = list(self.state.all_touched(use.symbol))
            yield from ((fact.symbol, use.line) for fact in touched)
            if not touched and use.symbol.module:
                handle = self._handle(use.symbol)
                if handle is not None:
                    yield handle, use.line
        definition = body.definition
        if definition is not None:
            yield from self._around(definition)
            memo = self.state.facts.get(definition.symbol)
            if memo is not None and not memo.resource:
                yield memo.symbol, definition.line
            for name in definition.defaults():
                if default_of(definition, name) in self.state.facts:
                    yield default_of(definition, name), definition.line
            yield from self._of_classes(body, definition)

    def _around(self, definition: Definition) -> Iterator[tuple[Symbol, int]]:
        """Yield what the application's own decorators touch whenever a function is called."""
        graph = self.graph
        for body, lines in wrappers_of(graph.definitions, graph.bodies, definition):
            for use in body.uses:
                fact = self.state.touched(use.symbol) if covers(lines, use.line) else None
                if fact is not None:
                    yield fact.symbol, definition.line
        for owner in wrapping_objects(graph.definitions, self.state, definition):
            yield owner, definition.line

    def _of_classes(self, body: Body, definition: Definition) -> Iterator[tuple[Symbol, int]]:
        """Yield class attributes that a function reaches through instances, ``self`` included."""
        for held in reached(self.graph, self.state, body):
            yield held, definition.line
        owner = definition.owner
        if owner is None or definition.is_static or not definition.parameters:
            return
        first = definition.parameters[0].arg
        for receiver, name in body.attributes:
            if any(o.kind == "param" and o.symbol.name == first for o in receiver):
                for cls in self.graph.definitions.ancestry(owner):
                    symbol = getattr(cls, "symbol", None)
                    if symbol is None:
                        continue
                    attribute = Symbol(symbol.module, f"{symbol.name}.{name}")
                    if attribute in self.state.facts:
                        yield attribute, definition.line

    def _handle(self, symbol: Symbol) -> Symbol | None:
        head, _, rest = symbol.name.partition(".")
        member = rest.partition(".")[0]
        owner = Symbol(symbol.module, head)
        if member in _HANDLES and owner in self.state.framework:
            return owner
        if member in _MODEL_HANDLES and self.graph.types.kind(owner) == "model":
            return Symbol(symbol.module, f"{head}.{member}")
        return None

    def changed_within(self, modules: set[str]) -> dict[Definition | str, dict[Symbol, Touch]]:
        """Return what the bodies of these modules may change in them, likewise.

        What they have others run, as receivers of what they send, may change it as well.
        """
        sending = Sending(self.graph)
        sending.build()
        return self._within(modules, self.changed, sending)

    def within(self, modules: set[str]) -> dict[Definition | str, dict[Symbol, Touch]]:
        """Return what the bodies of these modules touch in them, following calls among them."""
        return self._within(modules, self.direct)

    def _within(
        self,
        modules: set[str],
        direct: dict[Definition | str, dict[Symbol, int]],
        sending: Sending | None = None,
    ) -> dict[Definition | str, dict[Symbol, Touch]]:
        callers: Callers = {}
        keys = [key for key, body in self.graph.bodies.items() if body.module in modules]
        for key in keys:
            more = () if sending is None else sending.edges(self.graph.bodies[key])
            for edge in (*self.graph.edges[key], *more):
                callers.setdefault(edge.target, []).append((key, edge))
        found: dict[Definition | str, dict[Symbol, Touch]] = {
            key: {
                symbol: Touch(line, None, guess=False)
                for symbol, line in direct[key].items()
                if symbol.module in modules
            }
            for key in keys
        }
        # What is certain first, so that what is less never hides it.
        for guess, override in ((False, False), (False, True), (True, True)):
            _follow(found, callers, guess=guess, override=override)
        return found


def _follow(
    found: dict[Definition | str, dict[Symbol, Touch]],
    callers: Callers,
    *,
    guess: bool,
    override: bool,
) -> None:
    """Add to every body what the bodies it runs touch."""
    queue = deque((key, symbol) for key, touched in found.items() for symbol in touched)
    while queue:
        key, symbol = queue.popleft()
        if isinstance(key, str):
            continue
        inner = found[key][symbol]
        for caller, edge in callers.get(key, ()):
            if symbol in found[caller]:
                continue
            guesses, overrides = edge.guess or inner.guess, edge.override or inner.override
            if (guess or not guesses) and (override or not overrides):
                found[caller][symbol] = Touch(edge.line, key, guesses, overrides)
                queue.append((caller, symbol))
