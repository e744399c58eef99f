"""Signals of Django's rows: who saves or deletes them, and who connects receivers."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from seamline.interface.body import Body, Call
from seamline.interface.graph import Graph
from seamline.interface.names import Symbol
from seamline.interface.origins import Origin
from seamline.interface.rows import Models
from seamline.interface.signalled import Receiver, Sent, argument, decorating, handlers, written

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


@dataclass(slots=True)
class Saving:
    """Answers for the models of one application."""

    graph: Graph
    _models: Models | None = field(default=None, init=False)

    @property
    def models(self) -> Models:
        """Return the models, which are read when they are asked for."""
        if self._models is None:
            self._models = Models(self.graph)
        return self._models

    def connected(self, body: Body) -> Iterator[Receiver]:
        """Yield the receivers that a body, or a decorator of it, connects."""
        for node, handler in decorating(body):
            for signal, senders in self._decorated(body.module, node):
                yield Receiver(signal, handler, senders)
        for call in body.calls:
            for origin in call.receiver if call.method == "connect" else ():
                signal = _SIGNALS.get(str(origin.symbol), "")
                for handler in handlers(self.graph, body, call, 0, "receiver") if signal else ():
                    yield Receiver(signal, handler, self._senders(call))

    def sent(self, body: Body, listened: frozenset[str]) -> Iterator[Sent]:
        """Yield which of the signals that are listened to a body has sent."""
        if ".migrations." not in body.module:  # their models are none of the application's
            for call in body.calls:
                for signal in _SENDING.get(call.method, ()):
                    if signal in listened:
                        yield from self._by_rows(body, call, signal)

    def _decorated(
        self, module: str, node: ast.expr
    ) -> Iterator[tuple[str, frozenset[Symbol] | None]]:
        """Yield what ``@receiver(post_save, sender=Order)`` connects to."""
        world = self.graph.definitions.world
        if not isinstance(node, ast.Call) or not node.args:
            return
        if str(world.resolve(module, node.func)) not in _RECEIVER:
            return
        first = node.args[0]
        senders: frozenset[Symbol] | None = frozenset()
        for keyword in node.keywords:
            if keyword.arg == "sender":
                senders = self.models.named(module, keyword.value)
        for part in first.elts if isinstance(first, (ast.List, ast.Tuple)) else [first]:
            signal = _SIGNALS.get(str(world.resolve(module, part)))
            if signal is not None:
                yield signal, senders

    def _senders(self, call: Call) -> frozenset[Symbol] | None:
        if not any(place in (1, "sender", "**") for place, _ in call.arguments):
            return frozenset()
        found: set[Symbol] = set()
        for origin in argument(call, 1, "sender"):
            rows = None if origin.kind != "symbol" else self.models.meant(origin.symbol)
            if rows is None:
                return None
            found |= rows
        return frozenset(found) or None  # a text

    def _by_rows(self, body: Body, call: Call, signal: str) -> Iterator[Sent]:
        for origin in () if _is_of_base(body, call) else call.receiver:
            rows = self.models.of(body, self._whole(body, call, origin))
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

    def _whole(self, body: Body, call: Call, origin: Origin) -> Origin:
        """Return what a method is looked up on, with the attribute that leads there from a row.

        Nothing else says it of what a query's ``get`` gave: ``note.author.save()``.
        """
        if origin.kind == "symbol" and origin.level == "part":
            match written(self.graph, body, call):
                case ast.Call(func=ast.Attribute(value=ast.Attribute(attr=name))):
                    return origin._replace(path=name)
                case _:
                    pass
        return origin


def _is_of_base(body: Body, call: Call) -> bool:
    """Whether a method calls the one that it overrides: who calls it, sends what that sends."""
    own = "" if body.definition is None else body.definition.node.name
    return own == call.method and any(str(o.symbol) == "builtins.super" for o in call.receiver)
