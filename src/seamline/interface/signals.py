"""Signals of the application, by object or by name: who sends them, and who connects to them."""

import ast
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from typing import Final

from seamline.interface.body import Body
from seamline.interface.functions import Class
from seamline.interface.graph import Graph
from seamline.interface.known import named
from seamline.interface.names import Symbol
from seamline.interface.origins import Origin
from seamline.interface.sending import ANNOUNCING
from seamline.interface.walking import walk

_CONNECTING: Final = frozenset({"connect", "connect_via"})
_RECEIVER: Final = frozenset({"django.dispatch.receiver", "django.dispatch.dispatcher.receiver"})
_SIGNALS: Final = (
    "blinker.Signal", "blinker.NamedSignal", "blinker.base.Signal", "blinker.base.NamedSignal",
    "django.dispatch.Signal", "django.dispatch.dispatcher.Signal",
)  # fmt: skip
#: Where blinker keeps the signals that ``signal(name)`` gives.
_BY_NAME: Final = frozenset({"blinker.signal", "blinker.base.signal"})


@dataclass(slots=True)
class Signals:
    """Answers for the signals of one application.

    A signal that is found by its name has the name in it: ``:blinker.signal('saved')``.
    """

    graph: Graph
    _senders: dict[Symbol, set[str]] | None = field(default=None, init=False)
    _connected: dict[str, list[tuple[Symbol, int]]] = field(default_factory=dict, init=False)

    @property
    def senders(self) -> dict[Symbol, set[str]]:
        """Return the modules whose functions send each signal."""
        if self._senders is None:
            self._senders = {}
            for body in self.graph.bodies.values():
                for signal in self.sent([body]):
                    self._senders.setdefault(signal, set()).add(body.module)
        return self._senders

    def sent(self, bodies: Collection[Body]) -> set[Symbol]:
        """Return the signals that functions send, also those that they are called with."""
        found: set[Symbol | None] = set()
        for body in bodies:
            definition = body.definition
            for call in body.calls:
                for origin in call.receiver if call.method in ANNOUNCING else ():
                    found.update(map(self.known, self._meant(bodies, body, origin)))
            for node in () if definition is None else walk(definition.node):
                if isinstance(node, ast.Attribute) and node.attr in ANNOUNCING:
                    found.add(self.named_by(body.module, node.value))
        return {signal for signal in found if signal is not None}

    def connected(self, module: str) -> list[tuple[Symbol, int]]:
        """Return the signals that the code of a module connects receivers to, with the line."""
        if module not in self._connected:
            self._connected[module] = [
                (signal, getattr(node, "lineno", 0))
                for node in walk(self.graph.definitions.world.modules[module].source.tree)
                for signal in self._connected_by(module, node)
            ]
        return self._connected[module]

    def _connected_by(self, module: str, node: ast.AST) -> Iterator[Symbol]:
        given: list[ast.expr] = []
        if isinstance(node, ast.Attribute) and node.attr in _CONNECTING:
            given = [node.value]
        elif isinstance(node, ast.Call) and node.args:
            called = self.graph.definitions.world.resolve(module, node.func)
            if str(called) in _RECEIVER:  # ``@receiver([saved, deleted])``
                first = node.args[0]
                given = first.elts if isinstance(first, (ast.List, ast.Tuple)) else [first]
        for part in given:
            signal = self.named_by(module, part)
            if signal is not None:
                yield signal

    def _meant(self, bodies: Collection[Body], body: Body, origin: Origin) -> Iterator[Symbol]:
        """Yield the names that a value may be: itself, or what a function is called with."""
        if origin.kind == "symbol":
            yield origin.symbol
        if origin.kind == "param" and body.definition is not None:
            for other in bodies:
                for call in other.calls:
                    entered = self.graph.entered(other, call)
                    if any(bound.target is body.definition for bound in entered):
                        for _, origins in call.arguments:
                            yield from (one.symbol for one in origins if one.kind == "symbol")

    def named_by(self, module: str, node: ast.expr) -> Symbol | None:
        """Return the signal that an expression at module level stands for."""
        world = self.graph.definitions.world
        if not isinstance(node, ast.Call):
            symbol = world.resolve(module, node)
            return None if symbol is None else self.known(symbol)
        made, first = world.resolve(module, node.func), next(iter(node.args), None)
        if made is None or not isinstance(first, ast.Constant):
            return None
        by_name = made.name.endswith(".signal") and self._is_made(
            Symbol(made.module, made.name.removesuffix(".signal")), "blinker."
        )
        if by_name or str(made) in _BY_NAME:
            return Symbol(made.module, f"{made.name}({first.value!r})")
        return None

    def known(self, symbol: Symbol) -> Symbol | None:
        """Return the signal that a name of the application is bound to."""
        names = self.graph.definitions.world.modules.get(symbol.module)
        for binding in () if names is None else names.assigned.get(symbol.name, ()):
            if isinstance(binding.value, ast.Call):
                found = self.named_by(symbol.module, binding.value)
                if found is not None:
                    return found
        return symbol if self._is_made(symbol, *_SIGNALS, "blinker.") else None

    def _is_made(self, symbol: Symbol, *makers: str) -> bool:
        """Whether a name is bound to what one of these makes, or a class derived from one."""
        world = self.graph.definitions.world
        names = world.modules.get(symbol.module)
        for binding in () if names is None else names.assigned.get(symbol.name, ()):
            value = binding.value
            while isinstance(value, (ast.Call, ast.Attribute)):
                value = value.func if isinstance(value, ast.Call) else value.value
                made = world.resolve(symbol.module, value)
                if any(named(str(one), makers) for one in self._bases(made)):
                    return True
        return False

    def _bases(self, symbol: Symbol | None) -> Iterator[Symbol]:
        cls = self.graph.definitions.class_of(symbol)
        if cls is None and symbol is not None:
            yield symbol
        for base in () if cls is None else self.graph.definitions.ancestry(cls):
            if base is not None and not isinstance(base, Class):
                yield base
