"""Receivers that the application connects to what libraries send, and who has it sent."""

import ast
from collections.abc import Iterator
from typing import NamedTuple, Protocol

from seamline.interface.body import Body, Call
from seamline.interface.functions import Definition
from seamline.interface.graph import Graph
from seamline.interface.names import Symbol
from seamline.interface.origins import Origins
from seamline.interface.walking import walk


class Handler(NamedTuple):
    """A function that is connected.

    Attributes:
        target: The function, or the one that encloses it.
        lines: Those of an enclosed one; none where it is the function itself.
    """

    target: Definition
    lines: range = range(0)


class Receiver(NamedTuple):
    """A function that a signal runs.

    Attributes:
        signal: Which one.
        handler: The function.
        senders: Whose: none of any; None where the source does not say.
    """

    signal: str
    handler: Handler
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


class Sending(Protocol):
    """What is known of the signals of one library."""

    def connected(self, body: Body) -> Iterator[Receiver]:
        """Yield the receivers that a body, or a decorator of it, connects."""
        ...

    def sent(self, body: Body, listened: frozenset[str]) -> Iterator[Sent]:
        """Yield which of the signals that are listened to a body has sent."""
        ...


def decorating(body: Body) -> Iterator[tuple[ast.expr, Handler]]:
    """Yield the decorators of a function and of those in it, with what each decorates."""
    definition = body.definition
    if definition is not None:
        yield from ((node, Handler(definition)) for node in definition.node.decorator_list)
        for nested in _nested(definition):
            inside = Handler(definition, _lines(nested))
            yield from ((node, inside) for node in nested.decorator_list)


def handlers(graph: Graph, body: Body, call: Call, position: int, name: str) -> Iterator[Handler]:
    """Yield the functions that one argument of a call is."""
    found = argument(call, position, name)
    for origin in found:
        if origin.kind == "symbol":
            yield from map(Handler, graph.named_by(origin.symbol))
    node = written(graph, body, call)
    if body.definition is None or node is None or all(one.kind != "function" for one in found):
        return
    given = value_of(node, position, name)
    if isinstance(given, ast.Lambda):
        yield Handler(body.definition, _lines(given))
    for nested in _nested(body.definition):
        if isinstance(given, ast.Name) and given.id == nested.name:
            yield Handler(body.definition, _lines(nested))


def written(graph: Graph, body: Body, call: Call) -> ast.Call | None:
    """Return a call as it is written."""
    whole: ast.AST = graph.definitions.world.modules[body.module].source.tree
    if body.definition is not None:
        whole = body.definition.node
    for node in walk(whole):
        if isinstance(node, ast.Call) and node.lineno == call.line:
            name = node.func.attr if isinstance(node.func, ast.Attribute) else ""
            if name == call.method:
                return node
    return None


def value_of(node: ast.Call, position: int, name: str) -> ast.expr | None:
    """Return one argument of a call as it is written."""
    if position < len(node.args):
        return node.args[position]
    return next((one.value for one in node.keywords if one.arg == name), None)


def argument(call: Call, position: int, name: str) -> Origins:
    """Return what one argument of a call may be."""
    return next((found for at, found in call.arguments if at in (position, name)), frozenset())


def _nested(definition: Definition) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in walk(definition.node):
        if node is not definition.node and isinstance(
            node, (ast.FunctionDef, ast.AsyncFunctionDef)
        ):
            yield node


def _lines(node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) -> range:
    return range(node.lineno, (node.end_lineno or node.lineno) + 1)
