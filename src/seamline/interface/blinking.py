"""Signals that functions of libraries send: of Flask, of its extensions, of Django.

So are those that the application sends itself, its own and those of libraries, by object or by
name: ``identity_changed.send(..)``, ``signal("saved").send(..)``.
"""

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from seamline.interface.body import Body, Call
from seamline.interface.graph import Graph
from seamline.interface.listening import is_of_session
from seamline.interface.names import Symbol
from seamline.interface.sending import ANNOUNCING
from seamline.interface.signalled import (
    Handler,
    Receiver,
    Sent,
    decorating,
    handlers,
    written,
)
from seamline.interface.signals import Signals

_RECEIVER: Final = frozenset({"django.dispatch.receiver", "django.dispatch.dispatcher.receiver"})
_CONNECTING: Final = frozenset({"connect", "connect_via"})
_DRAWN: Final = ("before_render_template", "template_rendered")
# What functions send, both by the package and the name that they have there.
_SENDING: Final = {
    **{
        f"{package}.{name}": tuple(f"{package}.{signal}" for signal in _DRAWN)
        for package in ("flask", "quart")
        for name in (
            "render_template",
            "render_template_string",
            "stream_template",
            "stream_template_string",
        )
    },
    "flask.flash": ("flask.message_flashed",),
    "quart.flash": ("quart.message_flashed",),
    "flask_login.login_user": ("flask_login.user_logged_in",),
    "flask_login.logout_user": ("flask_login.user_logged_out",),
    "flask_login.confirm_login": ("flask_login.user_login_confirmed",),
    "django.login": ("django.user_logged_in",),
    "django.alogin": ("django.user_logged_in",),
    "django.logout": ("django.user_logged_out",),
    "django.alogout": ("django.user_logged_out",),
    "django.authenticate": ("django.user_login_failed",),
    "django.aauthenticate": ("django.user_login_failed",),
}
_COMMITTED: Final = (
    "flask_sqlalchemy.before_models_committed",
    "flask_sqlalchemy.models_committed",
)
_DISPATCHED: Final = "flask_mail.email_dispatched"
_MAIL: Final = ("flask_mail.", "flask_mailman.")


@dataclass(slots=True)
class Blinking:
    """Answers for what one application uses of these libraries."""

    graph: Graph
    _own: Signals = field(init=False)

    def __post_init__(self) -> None:
        self._own = Signals(self.graph)

    def connected(self, body: Body) -> Iterator[Receiver]:
        """Yield the receivers that a body, or a decorator of it, connects."""
        for node, handler in decorating(body):
            for part, is_chosen in self._connected_to(body.module, node):
                signal = self._signal(body.module, part)
                if signal:
                    yield _receiver(signal, handler, is_chosen=is_chosen)
        for call in body.calls:
            for signal in self._signals(body, call) if call.method == "connect" else ():
                is_chosen = any(place in (1, "sender") for place, _ in call.arguments)
                for handler in handlers(self.graph, body, call, 0, "receiver"):
                    yield _receiver(signal, handler, is_chosen=is_chosen)

    def sent(self, body: Body, listened: frozenset[str]) -> Iterator[Sent]:
        """Yield which of the signals that are listened to a body has sent."""
        for call in body.calls:
            for signal in listened.intersection(self._sent_by(body, call)):
                yield Sent(signal, call.line)

    def _sent_by(self, body: Body, call: Call) -> Iterator[str]:
        for origin in call.callee:
            if origin.kind == "symbol":
                yield from _SENDING.get(_name(origin.symbol), ())
        if call.method == "commit" and is_of_session(self.graph, body, call):
            yield from _COMMITTED
        if call.method in ANNOUNCING:
            yield from self._signals(body, call)
            if any(self._made_by(origin.symbol).startswith(_MAIL) for origin in call.receiver):
                yield _DISPATCHED

    def _connected_to(self, module: str, node: ast.expr) -> Iterator[tuple[ast.expr, bool]]:
        """Yield the signals that a decorator connects to, and whether it chooses senders."""
        function = node.func if isinstance(node, ast.Call) else node
        if isinstance(function, ast.Attribute) and function.attr in _CONNECTING:
            yield function.value, isinstance(node, ast.Call)
        elif isinstance(node, ast.Call) and node.args:
            called = self.graph.definitions.world.resolve(module, node.func)
            first = node.args[0]
            for part in first.elts if isinstance(first, (ast.List, ast.Tuple)) else [first]:
                if str(called) in _RECEIVER:
                    yield part, any(keyword.arg == "sender" for keyword in node.keywords)

    def _signal(self, module: str, node: ast.expr) -> str:
        """Return what a signal is known by: one of a library, or of the application."""
        found = _name(self.graph.definitions.world.resolve(module, node))
        own = self._own.named_by(module, node)
        return found if own is None else str(own)

    def _signals(self, body: Body, call: Call) -> set[str]:
        """Return the signals that a method may be one of."""
        found = set()
        for origin in call.receiver:
            own = self._own.known(origin.symbol) if origin.symbol.module else None
            if origin.kind == "symbol":
                found.add(_name(origin.symbol) if own is None else str(own))
            elif origin.kind == "call" and origin.symbol.name.endswith("signal"):  # by its name
                node = written(self.graph, body, call)
                if node is not None and isinstance(node.func, ast.Attribute):
                    found.add(self._signal(body.module, node.func.value))
        return found - {""}

    def _made_by(self, symbol: Symbol) -> str:
        """Return what a name of a module is made by calling."""
        world = self.graph.definitions.world
        names = world.modules.get(symbol.module)
        for binding in () if names is None else names.assigned.get(symbol.name, ()):
            if isinstance(binding.value, ast.Call):
                return str(world.resolve(symbol.module, binding.value.func))
        return ""


def _receiver(signal: str, handler: Handler, *, is_chosen: bool) -> Receiver:
    """Return a receiver; of senders that it chooses nothing is known, but Flask has one only."""
    is_any = not is_chosen or signal.startswith(("flask", "quart"))
    return Receiver(signal, handler, frozenset() if is_any else None)


def _name(symbol: Symbol | None) -> str:
    """Return the package of a library, and what something is called in it."""
    if symbol is None or symbol.module:
        return ""
    return f"{symbol.name.partition('.')[0]}.{symbol.name.rpartition('.')[2]}"
