"""Functions that are given to a name, and run by whoever calls what it holds, or has it send.

Receivers of signals, and handlers in a list or a table: no line that runs one says which.
"""

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final

from seamline.interface.body import Body, Call
from seamline.interface.functions import Definition
from seamline.interface.graph import Edge, Graph
from seamline.interface.names import Symbol
from seamline.interface.walking import walk

#: What hands a call on to receivers that no source line names.
ANNOUNCING: Final = frozenset(
    {"send", "send_robust", "send_async", "asend", "asend_robust", "emit", "publish", "dispatch"}
)
# What makes a function a receiver, of whatever it is called on.
_CONNECTING: Final = frozenset({"connect", "connect_via", "subscribe", "receiver"})


@dataclass(slots=True)
class Sending:
    """Which functions each name of the application was given.

    Attributes:
        given: Those that were put into a name or passed to a method of it.
        receivers: Those that were connected to anything.
    """

    graph: Graph
    given: dict[Symbol, set[Definition]] = field(default_factory=dict)
    receivers: set[Definition] = field(default_factory=set)

    def build(self) -> None:
        """Read what the application gives to its names."""
        world = self.graph.definitions.world
        for body in self.graph.bodies.values():
            for decorator, definition in body.registered:
                self._decorated(body.module, decorator, definition)
            for call in body.calls:
                self._passed(call)
            for symbol, value in body.stored:
                self._note(symbol, self._named(body.module, [value]))
        for module, names in world.modules.items():
            for name, bindings in names.assigned.items():
                held = [part for one in bindings if one.value for part in _names(one.value)]
                self._note(Symbol(module, name), self._named(module, held))

    def edges(self, body: Body) -> Iterator[Edge]:
        """Yield the functions that a body runs by what they were given to."""
        for call in body.calls:
            found: set[Definition] = set()
            for origin in call.callee:
                if origin.kind == "symbol" and origin.level != "whole":
                    found |= self.given.get(origin.symbol, set())
            if call.method in ANNOUNCING:
                found |= self._listening(call)
            for target in found - {body.definition}:
                yield Edge(target, call.line, guess=True)

    def _listening(self, call: Call) -> set[Definition]:
        owners = {o.symbol for o in call.receiver if o.kind == "symbol" and o.symbol.module}
        if len(owners) < len(call.receiver) or not owners:
            return self.receivers  # it may be any signal
        return set().union(*(self.given.get(owner, set()) for owner in owners))

    def _decorated(self, module: str, decorator: ast.expr, definition: Definition) -> None:
        node = decorator.func if isinstance(decorator, ast.Call) else decorator
        named = [node.value] if isinstance(node, ast.Attribute) else []
        name = node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")
        for argument in decorator.args if isinstance(decorator, ast.Call) else ():
            named += _names(argument)  # ``@receiver([saved, deleted])``
        for part in named:
            symbol = self.graph.definitions.world.resolve(module, part)
            if symbol is not None:
                self._note(symbol, [definition])
        if name in _CONNECTING:
            self.receivers.add(definition)

    def _passed(self, call: Call) -> None:
        functions = [
            definition
            for _, origins in call.arguments
            for origin in origins
            if origin.kind == "symbol" and origin.level != "part"
            for definition in self.graph.definitions.functions.get(origin.symbol, ())
        ]
        for origin in call.receiver if call.method else ():
            if origin.kind == "symbol":
                self._note(origin.symbol, functions)
        if call.method in _CONNECTING:
            self.receivers.update(functions)

    def _named(self, module: str, nodes: Iterable[ast.expr]) -> list[Definition]:
        symbols = [self.graph.definitions.world.resolve(module, node) for node in nodes]
        return [
            definition
            for symbol in symbols
            if symbol is not None
            for definition in self.graph.definitions.functions.get(symbol, ())
        ]

    def _note(self, symbol: Symbol, functions: Iterable[Definition]) -> None:
        if symbol.module and functions:
            self.given.setdefault(symbol, set()).update(functions)


def _names(value: ast.expr) -> list[ast.expr]:
    return [part for part in walk(value) if isinstance(part, ast.Name | ast.Attribute)]
