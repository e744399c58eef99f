"""What libraries run when they are used: the application's receivers of their signals.

No line names them, and most change nothing that a process has for itself. Those that use module
state are entered by whoever has the signal sent, as if that had called them.
"""

from collections.abc import Container, Iterator
from dataclasses import dataclass, field

from seamline.interface.blinking import Blinking
from seamline.interface.buffering import buffers
from seamline.interface.functions import Definition
from seamline.interface.graph import Edge, Graph
from seamline.interface.listening import Listening
from seamline.interface.names import Symbol
from seamline.interface.saving import Saving
from seamline.interface.signalled import Handler, Receiver, Sending, Sent
from seamline.interface.touches import Touches


def note_announced(touches: Touches, importers: Container[Symbol]) -> None:
    """Add to the graph which bodies enter receivers that use state of their process.

    Args:
        touches: What bodies touch themselves.
        importers: State that changes only while modules are imported.
    """
    graph = touches.graph
    libraries = Saving(graph), Listening(graph), Blinking(graph)
    announced = _Announced(touches, importers, libraries)
    announced.read()
    if announced.receivers:
        announced.enter()


@dataclass(slots=True)
class _Announced:
    touches: Touches
    importers: Container[Symbol]
    libraries: tuple[Sending, ...]
    receivers: dict[str, list[Receiver]] = field(default_factory=dict)
    buffers: frozenset[Symbol] = frozenset()
    graph: Graph = field(init=False)

    def __post_init__(self) -> None:
        self.graph = self.touches.graph

    def read(self) -> None:
        """Find the receivers that use state."""
        world = self.graph.definitions.world
        bodies = [b for b in self.graph.bodies.values() if not world.modules[b.module].source.test]
        found = [
            receiver
            for body in bodies
            for library in self.libraries
            for receiver in library.connected(body)
        ]
        self.buffers = frozenset(buffers(self.touches, found))
        for receiver in found:
            if self._uses_state(receiver.handler):
                self.receivers.setdefault(receiver.signal, []).append(receiver)

    def enter(self) -> None:
        """Note whom each function enters by what it has sent."""
        world = self.graph.definitions.world
        listened = frozenset(self.receivers)
        for key, body in self.graph.bodies.items():
            if isinstance(key, str) or world.modules[body.module].source.test:
                continue
            found: dict[tuple[Definition, int], Edge] = {}
            for library in self.libraries:
                for sent in library.sent(body, listened):
                    for handler, edge in self._entered(sent):
                        found |= {
                            (one.target, one.line): one for one in self._edges(handler, edge)
                        }
                        self._touch(key, handler, edge)
            known = {(edge.target, edge.line) for edge in self.graph.edges[key]}
            new = [e for at, e in found.items() if at not in known and e.target is not key]
            self.graph.edges[key] = (*self.graph.edges[key], *new)
            for edge in new:
                self.graph.callers.setdefault(edge.target, []).append(key)

    def _entered(self, sent: Sent) -> Iterator[tuple[Handler, Edge]]:
        """Yield the receivers that something sent runs, and how surely."""
        below = {
            cls.symbol
            for one in (sent.senders if sent.is_any else ())
            for cls in self.graph.subclasses.get(one, ())
        }
        for receiver in self.receivers.get(sent.signal, ()):
            edge = Edge(receiver.handler.target, sent.line, guess=False)
            if receiver.senders is None or (receiver.senders and not sent.senders):
                yield receiver.handler, edge._replace(guess=True)
            elif not receiver.senders:
                yield receiver.handler, edge._replace(guess=sent.is_unknown and not sent.senders)
            elif receiver.senders & sent.senders:
                yield receiver.handler, edge
            elif receiver.senders & below:
                yield receiver.handler, edge._replace(override=True)
            elif sent.is_unknown:
                yield receiver.handler, edge._replace(guess=True)

    def _edges(self, handler: Handler, edge: Edge) -> Iterator[Edge]:
        """Yield the receiver, or what an enclosed one calls."""
        if not handler.lines:
            yield edge
            return
        for one in self.graph.edges[handler.target]:
            if one.line in handler.lines:
                guess = edge.guess or one.guess
                yield one._replace(line=edge.line, guess=guess, override=edge.override)

    def _touch(self, key: Definition, handler: Handler, edge: Edge) -> None:
        """Note the state that an enclosed receiver uses itself."""
        for symbol in () if edge.guess else self._own(handler):
            self.touches.direct[key].setdefault(symbol, edge.line)
            if symbol in self.touches.changed[handler.target]:
                self.touches.changed[key].setdefault(symbol, edge.line)

    # -- state --------------------------------------------------------------------------

    def _own(self, handler: Handler) -> list[Symbol]:
        """Return the state that the lines of an enclosed receiver use."""
        body = self.graph.bodies[handler.target]
        return [
            fact.symbol
            for use in body.uses
            if use.line in handler.lines
            for fact in self.touches.state.all_touched(use.symbol)
            if self._is_state(fact.symbol)
        ]

    def _uses_state(self, handler: Handler) -> bool:
        """Whether a receiver certainly uses what changes in its process."""
        if handler.lines and self._own(handler):
            return True
        found = {handler.target}
        if handler.lines:
            edges = self._edges(handler, Edge(handler.target, 0, guess=False))
            found = {edge.target for edge in edges if not edge.guess}
        waiting = list(found)
        while waiting:
            one = waiting.pop()
            if any(map(self._is_state, self.touches.direct.get(one, ()))):
                return True
            new = {edge.target for edge in self.graph.edges[one] if not edge.guess} - found
            found |= new
            waiting += new
        return False

    def _is_state(self, symbol: Symbol) -> bool:
        fact = self.touches.state.facts.get(symbol)
        changes = fact is not None and not fact.resource and (fact.alive or fact.moment)
        return changes and symbol not in self.importers and symbol not in self.buffers
