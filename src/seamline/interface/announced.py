"""What a library runs when a row is saved or deleted: the application's receivers of its signals.

No line names them, and most change nothing that a process has for itself. Those that use module
state are entered by whoever saves, as if that had called them.
"""

import ast
from collections.abc import Container, Iterator
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from seamline.interface.body import Body, Call
from seamline.interface.functions import Definition
from seamline.interface.graph import Edge, Graph
from seamline.interface.names import Symbol
from seamline.interface.origins import Origin, Origins
from seamline.interface.rows import Models
from seamline.interface.touches import Touches
from seamline.interface.walking import walk

_RECEIVER: Final = frozenset({"django.dispatch.receiver", "django.dispatch.dispatcher.receiver"})
_SAVED: Final = ("pre_save", "post_save")
_DELETED: Final = ("pre_delete", "post_delete")
# What methods of rows and of their managers send. Those that write many rows at once send nothing.
_SENDING: Final = {
    **{
        f"{prefix}{name}": _SAVED
        for name in ("save", "create", "get_or_create", "update_or_create")
        for prefix in ("", "a")
    },
    **dict.fromkeys(("create_user", "create_superuser", "acreate_user"), _SAVED),
    **dict.fromkeys(("delete", "adelete"), _DELETED),
    **{
        f"{prefix}{name}": ("m2m_changed",)
        for name in ("add", "remove", "set", "clear")
        for prefix in ("", "a")
    },
}
_SIGNALS: Final = {
    f"django.db.models.signals.{name}": name for name in (*_SAVED, *_DELETED, "m2m_changed")
}


class Receiver(NamedTuple):
    """A function that a signal runs.

    Attributes:
        signal: Which one.
        target: The function.
        senders: Whose: none of any; None where the source does not say.
    """

    signal: str
    target: Definition
    senders: frozenset[Symbol] | None = frozenset()


class Sent(NamedTuple):
    """One signal that a body has a library send.

    Attributes:
        signal: Which one.
        line: Where.
        senders: Of which classes, one of them; none where it has no sender.
        is_unknown: Whether it may be of any other as well.
        is_any: Whether it may be of a class below these as well.
    """

    signal: str
    line: int
    senders: frozenset[Symbol] = frozenset()
    is_unknown: bool = False
    is_any: bool = False


def note_announced(touches: Touches, importers: Container[Symbol]) -> None:
    """Add to the graph which bodies enter receivers that use state of their process.

    Args:
        touches: What bodies touch themselves.
        importers: State that changes only while modules are imported.
    """
    announced = _Announced(touches, importers)
    announced.read()
    if announced.receivers:
        announced.enter()


@dataclass(slots=True)
class _Announced:
    touches: Touches
    importers: Container[Symbol]
    receivers: dict[str, list[Receiver]] = field(default_factory=dict)
    graph: Graph = field(init=False)
    _models: Models | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        self.graph = self.touches.graph

    @property
    def models(self) -> Models:
        if self._models is None:
            self._models = Models(self.graph)
        return self._models

    def read(self) -> None:
        """Find the receivers that use state."""
        world = self.graph.definitions.world
        for key, body in self.graph.bodies.items():
            if world.modules[body.module].source.test:
                continue
            found = list(self._connected(body))
            if isinstance(key, Definition):
                found += self._decorated(key)
            for receiver in found:
                if self._uses_state(receiver.target):
                    self.receivers.setdefault(receiver.signal, []).append(receiver)

    def enter(self) -> None:
        """Note whom each function enters by what it has sent."""
        world = self.graph.definitions.world
        for key, body in self.graph.bodies.items():
            is_left_out = world.modules[body.module].source.test or ".migrations." in body.module
            if isinstance(key, str) or is_left_out:
                continue
            found = {
                (edge.target, edge.line): edge
                for sent in self._sent(body)
                for edge in self._entered(sent)
                if edge.target is not key
            }
            known = {(edge.target, edge.line) for edge in self.graph.edges[key]}
            new = [edge for place, edge in found.items() if place not in known]
            self.graph.edges[key] = (*self.graph.edges[key], *new)
            for edge in new:
                self.graph.callers.setdefault(edge.target, []).append(key)

    # -- receivers ----------------------------------------------------------------------

    def _decorated(self, definition: Definition) -> Iterator[Receiver]:
        """Yield what ``@receiver(post_save, sender=Order)`` connects."""
        world, module = self.graph.definitions.world, definition.module
        pairs = zip(definition.decorators, definition.node.decorator_list, strict=True)
        for symbol, node in pairs:
            if str(symbol) not in _RECEIVER or not isinstance(node, ast.Call) or not node.args:
                continue
            first = node.args[0]
            senders: frozenset[Symbol] | None = frozenset()
            for keyword in node.keywords:
                if keyword.arg == "sender":
                    senders = self.models.named(module, keyword.value)
            for part in first.elts if isinstance(first, (ast.List, ast.Tuple)) else [first]:
                signal = _SIGNALS.get(str(world.resolve(module, part)))
                if signal is not None:
                    yield Receiver(signal, definition, senders)

    def _connected(self, body: Body) -> Iterator[Receiver]:
        """Yield what ``post_save.connect(note, sender=Order)`` connects."""
        for call in body.calls:
            for origin in call.receiver if call.method == "connect" else ():
                signal = _SIGNALS.get(str(origin.symbol))
                for one in _argument(call, 0, "receiver") if signal is not None else ():
                    for target in self.graph.named_by(one.symbol) if one.kind == "symbol" else ():
                        yield Receiver(str(signal), target, self._senders(call))

    def _senders(self, call: Call) -> frozenset[Symbol] | None:
        if not any(place in (1, "sender", "**") for place, _ in call.arguments):
            return frozenset()
        found: set[Symbol] = set()
        for origin in _argument(call, 1, "sender"):
            rows = None if origin.kind != "symbol" else self.models.meant(origin.symbol)
            if rows is None:
                return None
            found |= rows
        return frozenset(found) or None  # a text

    def _uses_state(self, definition: Definition) -> bool:
        """Whether a function certainly uses what changes in its process."""
        found = {definition}
        waiting = [definition]
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
        return changes and symbol not in self.importers

    # -- what is sent -------------------------------------------------------------------

    def _sent(self, body: Body) -> Iterator[Sent]:
        for call in body.calls:
            for signal in _SENDING.get(call.method, ()):
                if signal in self.receivers:
                    yield from self._by_rows(body, call, signal)

    def _by_rows(self, body: Body, call: Call, signal: str) -> Iterator[Sent]:
        for origin in () if _is_of_base(body, call) else call.receiver:
            rows = self.models.of(body, _whole(body, call, origin))
            if signal == "m2m_changed":
                if rows.through:
                    yield Sent(signal, call.line, rows.through)
                continue
            senders = rows.models
            if signal in _DELETED:
                senders = senders.union(*map(self.models.deleted_with, senders))
            if senders or rows.is_unknown:
                is_any = origin.kind == "param"
                yield Sent(signal, call.line, senders, rows.is_unknown, is_any)

    def _entered(self, sent: Sent) -> Iterator[Edge]:
        below = {
            cls.symbol
            for one in (sent.senders if sent.is_any else ())
            for cls in self.graph.subclasses.get(one, ())
        }
        for receiver in self.receivers[sent.signal]:
            if receiver.senders is None or not sent.senders:
                yield Edge(receiver.target, sent.line, guess=True)
            elif not receiver.senders or receiver.senders & sent.senders:
                yield Edge(receiver.target, sent.line, guess=False)
            elif receiver.senders & below:
                yield Edge(receiver.target, sent.line, guess=False, override=True)
            elif sent.is_unknown:
                yield Edge(receiver.target, sent.line, guess=True)


def _is_of_base(body: Body, call: Call) -> bool:
    """Whether a method calls the one that it overrides: who calls it, sends what that sends."""
    own = "" if body.definition is None else body.definition.node.name
    return own == call.method and any(str(o.symbol) == "builtins.super" for o in call.receiver)


def _whole(body: Body, call: Call, origin: Origin) -> Origin:
    """Return what a method is looked up on, with the attribute that leads there from a row.

    Of what a query's ``get`` gave, nothing else says it: ``note = get(1); note.author.save()``.
    """
    if origin.kind != "symbol" or origin.level != "part" or body.definition is None:
        return origin
    for node in walk(body.definition.node):
        match node:
            case ast.Call(func=ast.Attribute(value=ast.Attribute(attr=name), attr=method)):
                if node.lineno == call.line and method == call.method:
                    return origin._replace(path=name)
            case _:
                pass
    return origin


def _argument(call: Call, position: int, name: str) -> Origins:
    return next((found for at, found in call.arguments if at in (position, name)), frozenset())
