"""Which instances a call gives: of what its function makes, or has another one make."""

import ast
from collections.abc import Iterable, Iterator
from typing import Final

from seamline.interface.body import Body
from seamline.interface.functions import Definition
from seamline.interface.graph import Graph
from seamline.interface.model import Kind
from seamline.interface.names import Symbol
from seamline.interface.origins import Origin
from seamline.interface.stdlib_types import GIVING_NAMELESS
from seamline.interface.walking import own_nodes

_G: Final = frozenset({"flask.g", "flask.globals.g", "quart.g"})


def made_at_once(graph: Graph, body: Body, value: ast.expr) -> Iterator[Origin]:
    """Yield the call that a function returns, if it takes items of arguments: ``zip(..)``."""
    if isinstance(value, ast.Call):
        made = graph.definitions.world.resolve(body.module, value.func)
        if made is not None and not made.module and made.name in GIVING_NAMELESS:
            yield Origin("call", made)


def kept_in_context(graph: Graph, body: Body, value: ast.expr) -> Iterator[Origin]:
    """Yield what a function itself put into the ``g.name`` that it returns."""
    if body.definition is None or not _is_of_g(graph, body.module, value):
        return
    name = ast.unparse(value)
    for part in own_nodes(body.definition.node):
        if (
            isinstance(part, ast.Assign)
            and isinstance(part.value, ast.Call)
            and any(ast.unparse(target) == name for target in part.targets)
        ):
            made = graph.definitions.world.resolve(body.module, part.value.func)
            if made is not None:
                yield Origin("call", made)


def _is_of_g(graph: Graph, module: str, value: ast.expr) -> bool:
    if not isinstance(value, ast.Attribute):
        return False
    owner = graph.definitions.world.resolve(module, value.value)
    return owner is not None and str(owner) in _G


def made_by(graph: Graph, origins: Iterable[Origin]) -> Iterator[Origin]:
    """Yield the instances that results are which functions of the application return.

    A class method that returns ``cls(..)`` makes one of the class that it is called on.
    """
    queue = [origin.symbol for origin in origins if _is_result(origin)]
    seen: set[Symbol] = set()
    while queue:
        symbol = queue.pop()
        if symbol in seen:
            continue
        seen.add(symbol)
        for definition in graph.named_by(symbol):
            if definition.kind in (Kind.SYNC, Kind.ASYNC):
                for found, _ in graph.bodies[definition].returns:
                    yield from (_called_on(graph, symbol, definition, one) for one in found
                                if one.kind == "instance" and one.level == "whole")  # fmt: skip
                    queue += (one.symbol for one in found if _is_result(one))


def _is_result(origin: Origin) -> bool:
    is_whole = origin.kind == "call" and origin.level == "whole"
    return is_whole and not origin.path and bool(origin.symbol.module)


def _called_on(graph: Graph, symbol: Symbol, definition: Definition, made: Origin) -> Origin:
    """Return an instance; a class method may make one of the class that it is called on."""
    owner = Symbol(symbol.module, symbol.name.rpartition(".")[0])
    own = definition.owner
    if own is None or made.symbol != own.symbol or owner not in graph.definitions.classes:
        return made
    return made._replace(symbol=owner) if _makes_own(definition) else made


def _makes_own(definition: Definition) -> bool:
    """Whether a class method calls the class that it is called on."""
    first = definition.parameters[0].arg if definition.parameters else ""
    return definition.decorated_with("builtins.classmethod") and any(
        isinstance(part, ast.Call) and isinstance(part.func, ast.Name) and part.func.id == first
        for part in own_nodes(definition.node)
    )
