"""Events of SQLAlchemy: who makes, changes or deletes rows, or commits, and who listens."""

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final

from seamline.interface.body import Body, Call
from seamline.interface.functions import Class, Definition
from seamline.interface.graph import Graph
from seamline.interface.known import is_stdlib
from seamline.interface.names import Symbol
from seamline.interface.origins import Origin, Tracer
from seamline.interface.scopes import scope_of
from seamline.interface.signalled import (
    Handler,
    Receiver,
    Sent,
    argument,
    decorating,
    handlers,
    value_of,
    written,
)
from seamline.interface.walking import walk

_LISTENING: Final = frozenset(
    f"sqlalchemy.event.{part}{name}" for part in ("", "api.") for name in ("listens_for", "listen")
)
# What Flask-SQLAlchemy's object offers of SQLAlchemy: ``db.event.listens_for``.
_OFFERED: Final = (".event.listens_for", ".event.listen")
_VALIDATES: Final = frozenset({"sqlalchemy.orm.validates", "sqlalchemy.orm.mapper.validates"})
# What is sent where an attribute is set, with its name.
_SET: Final = "set:"
# Methods of SQLModel that make a row.
_MAKING: Final = frozenset({"model_validate", "from_orm", "parse_obj"})
_MADE: Final = ("before_insert", "after_insert")
_CHANGED: Final = ("before_update", "after_update")
_DELETED: Final = ("before_delete", "after_delete")
_ROWS: Final = (*_MADE, *_CHANGED, *_DELETED)
_FLUSHED: Final = ("before_flush", "after_flush", "after_flush_postexec")
_COMMITTED: Final = ("before_commit", "after_commit", *_FLUSHED)
_RUN: Final = ("before_cursor_execute", "after_cursor_execute", "before_execute", "after_execute")
# What methods of a session, or of a connection, send.
_SENDING: Final = {
    "commit": (*_COMMITTED, *_RUN),
    "flush": (*_FLUSHED, *_RUN),
    "rollback": ("after_rollback", "after_soft_rollback"),
    **dict.fromkeys(("execute", "scalars", "scalar", "stream", "query"), _RUN),
}
_EVENTS: Final = frozenset((*_ROWS, *(name for sent in _SENDING.values() for name in sent)))


@dataclass(slots=True)
class Listening:
    """Answers for the mapped classes of one application.

    Attributes:
        listened: Those that something listens to, by the event.
    """

    graph: Graph
    listened: dict[str, set[Symbol]] = field(default_factory=dict, init=False)

    def connected(self, body: Body) -> Iterator[Receiver]:
        """Yield the listeners that a body, or a decorator of it, connects."""
        for node, handler in decorating(body):
            if isinstance(node, ast.Call) and self._is_listening(
                self.graph.definitions.world.resolve(body.module, node.func)
            ):
                yield from self._receivers(body, node, [handler])
            elif isinstance(node, ast.Call):
                yield from self._validating(body, node, handler)
        for call in body.calls:
            if any(origin.kind == "symbol" and self._is_listening(origin.symbol)
                   for origin in call.callee):  # fmt: skip
                whole = written(self.graph, body, call)
                found = list(handlers(self.graph, body, call, 2, "fn"))
                if whole is not None and found:
                    yield from self._receivers(body, whole, found)

    def sent(self, body: Body, listened: frozenset[str]) -> Iterator[Sent]:
        """Yield which of the events that are listened to a body has sent."""
        for call in body.calls:
            events = listened.intersection(_SENDING.get(call.method, ()))
            if events and is_of_session(self.graph, body, call):
                yield from (Sent(event, call.line) for event in events)
        for use in body.uses if not listened.isdisjoint(_RUN) else ():
            if ".query" in use.symbol.name and _owner(use.symbol, self.graph) is not None:
                yield from (Sent(event, use.line) for event in listened.intersection(_RUN))
        for event in listened & self.listened.keys():
            classes = self._written(event)
            if classes:
                yield from self._by_rows(body, event, classes)

    # -- listeners ----------------------------------------------------------------------

    def _is_listening(self, symbol: Symbol | None) -> bool:
        if symbol is None:
            return False
        return str(symbol) in _LISTENING or (
            bool(symbol.module) and symbol.name.endswith(_OFFERED)
        )

    def _receivers(
        self, body: Body, node: ast.Call, found: Iterable[Handler]
    ) -> Iterator[Receiver]:
        name = value_of(node, 1, "identifier")
        event = str(name.value) if isinstance(name, ast.Constant) else ""
        target = value_of(node, 0, "target")
        if event == "set" and isinstance(target, ast.Attribute):
            event, target = f"{_SET}{target.attr}", target.value  # ``Order.title``
        if target is None or not (event in _EVENTS or event.startswith(_SET)):
            return
        is_of_rows = event in _ROWS or event.startswith(_SET)
        senders = self._targets(body.module, node, target) if is_of_rows else frozenset()
        for handler in found:
            self.listened.setdefault(event, set()).update(senders or self._mapped())
            yield Receiver(event, handler, senders)

    def _validating(self, body: Body, node: ast.Call, handler: Handler) -> Iterator[Receiver]:
        """Yield a method under ``@validates("title")``: setting that attribute runs it."""
        owner = None if body.definition is None else body.definition.owner
        called = self.graph.definitions.world.resolve(body.module, node.func)
        if owner is None or str(called) not in _VALIDATES:
            return
        classes = {owner.symbol, *(c.symbol for c in self.graph.subclasses.get(owner.symbol, ()))}
        for name in node.args:
            if isinstance(name, ast.Constant) and isinstance(name.value, str):
                event = f"{_SET}{name.value}"
                self.listened.setdefault(event, set()).update(classes)
                yield Receiver(event, handler, frozenset(classes))

    def _targets(self, module: str, node: ast.Call, target: ast.expr) -> frozenset[Symbol] | None:
        """Return the classes whose rows are listened to; none of all, None if nothing says."""
        symbol = self.graph.definitions.world.resolve(module, target)
        cls = self.graph.definitions.class_of(symbol)
        if cls is None:
            is_mapper = str(symbol).startswith("sqlalchemy.") and not isinstance(target, ast.Call)
            return frozenset() if is_mapper else None
        is_passed_on = any(keyword.arg == "propagate" for keyword in node.keywords)
        below = self.graph.subclasses.get(cls.symbol, ()) if is_passed_on else ()
        return frozenset({cls.symbol, *(one.symbol for one in below)})

    def _mapped(self) -> Iterator[Symbol]:
        kind = self.graph.types.kind
        return (one for one in self.graph.definitions.classes if kind(one) == "model")

    # -- rows ---------------------------------------------------------------------------

    def _written(self, event: str) -> list[Class]:
        """Return the mapped classes whose rows may send an event that is listened to."""
        classes = self.graph.definitions.classes
        return [classes[one] for one in self.listened.get(event, ()) if one in classes]

    def _by_rows(self, body: Body, event: str, classes: list[Class]) -> Iterator[Sent]:
        name = event.removeprefix(_SET) if event.startswith(_SET) else ""
        if name or event in _MADE:
            yield from self._made(body, event, classes, name)
        if name or event in _CHANGED:
            yield from self._changed(body, event, classes, name)
        if event in _DELETED:
            for call in body.calls:
                if call.method == "delete":
                    for origin in argument(call, 0, "instance"):
                        yield from self._row(body, origin, Sent(event, call.line), classes)

    def _made(self, body: Body, event: str, classes: list[Class], name: str) -> Iterator[Sent]:
        """Yield what making rows sends, those that are given an attribute if one is named."""
        for call in body.calls:
            is_given = not name or any(place in (name, "**") for place, _ in call.arguments)
            for origin in call.callee if is_given else ():
                for cls in classes if origin.kind == "symbol" else ():
                    if origin.symbol == cls.symbol or self._is_maker(body, call, origin, cls):
                        yield Sent(event, call.line, frozenset({cls.symbol}))

    def _is_maker(self, body: Body, call: Call, origin: Origin, cls: Class) -> bool:
        """Whether it is a method of a class that makes one: ``return cls(..)``."""
        owner, _, method = origin.symbol.name.rpartition(".")
        if method in _MAKING and Symbol(origin.symbol.module, owner) == cls.symbol:
            return True
        if Symbol(origin.symbol.module, owner) != cls.symbol:
            above = self.graph.definitions.ancestry(cls)
            if not any(one is not None and getattr(one, "name", "") == owner for one in above):
                return False
        return any(
            bound.target.decorated_with("builtins.classmethod") and _makes_own(bound.target)
            for bound in self.graph.entered(body, call)
        )

    def _changed(self, body: Body, event: str, classes: list[Class], name: str) -> Iterator[Sent]:
        """Yield what setting attributes of rows sends, or a certain one if it is named."""
        definition = body.definition
        if definition is None or definition.node.name == "__init__":
            return
        tracer = Tracer(self.graph.definitions, body.module)
        scope = scope_of(tracer, definition)
        for node in walk(definition.node):
            if not isinstance(node, ast.Attribute) or not isinstance(node.ctx, ast.Store):
                continue
            is_meant = node.attr == (name or node.attr)
            having = [cls for cls in classes if is_meant and self._has(cls, node.attr)]
            for origin in tracer.of(node.value, scope) if having else ():
                yield from self._row(body, origin, Sent(event, node.lineno), having)

    def _has(self, cls: Class, name: str) -> bool:
        """Whether rows of a class have an attribute."""
        return any(
            isinstance(one, Class) and (name in one.assigned or name in one.fields)
            for one in self.graph.definitions.ancestry(cls)
        )

    def _row(self, body: Body, origin: Origin, sent: Sent, classes: list[Class]) -> Iterator[Sent]:
        """Yield what is sent of those of these classes that a value may be a row of."""
        symbols = {cls.symbol for cls in classes}
        found = {cls.symbol for cls in self.graph.classes_of(body, origin)}
        owner = _owner(origin.symbol, self.graph)
        if owner is not None and origin.kind != "param":
            found.add(owner)
        if found:
            yield sent._replace(senders=frozenset(found), is_any=origin.kind == "param")
            return
        if origin.kind == "param" and _is_annotated(body.definition, origin):
            return
        named = frozenset(symbols & _mentioned(body, self.graph))
        if named:
            yield sent._replace(senders=named)
        elif origin.kind in ("opaque", "param"):
            yield sent._replace(is_unknown=True)


def is_of_session(graph: Graph, body: Body, call: Call) -> bool:
    """Whether a method may be one of a session: not of a class of the application."""
    if any(not bound.guess for bound in graph.entered(body, call)):
        return False
    return bool(call.receiver) and not any(
        origin.kind in ("symbol", "call")
        and not origin.symbol.module
        and is_stdlib(origin.symbol.name)
        for origin in call.receiver
    )


def _owner(symbol: Symbol, graph: Graph) -> Symbol | None:
    """Return the class that a name is, or is something of."""
    parts = symbol.name.split(".")
    owners = (Symbol(symbol.module, ".".join(parts[:n])) for n in range(len(parts), 0, -1))
    classes = graph.definitions.classes
    return next((one for one in owners if symbol.module and one in classes), None)


def _makes_own(definition: Definition) -> bool:
    """Whether a class method makes an instance of its class."""
    first = definition.parameters[0].arg if definition.parameters else ""
    calls = (node for node in walk(definition.node) if isinstance(node, ast.Call))
    return any(isinstance(one.func, ast.Name) and one.func.id == first for one in calls)


def _mentioned(body: Body, graph: Graph) -> set[Symbol]:
    """Return the classes that a body names: ``session.get(User, 1)``."""
    found = {_owner(use.symbol, graph) for use in body.uses}
    return {symbol for symbol in found if symbol is not None}


def _is_annotated(definition: Definition | None, origin: Origin) -> bool:
    own = {} if definition is None else definition.annotations()
    return own.get(origin.symbol.name) is not None
