"""Functions that read what a middleware of a library keeps for the request: a user, a tenant.

It is set in the thread, or the context, that answers the request. No call carries it, so that a
host has none.
"""

import ast
from collections.abc import Iterator
from typing import Final

from seamline.interface.body import Body
from seamline.interface.effects import Effect, passed_up
from seamline.interface.functions import Definition
from seamline.interface.graph import Graph
from seamline.interface.library_values import LibraryValues, Touched
from seamline.interface.names import Symbol
from seamline.interface.walking import walk

_WHY: Final = "which is set where its caller runs"


def find_request_values(graph: Graph) -> dict[str, dict[Definition, Effect]]:
    """Return, by the library's variable, the functions that read it, also through others.

    One that sets it itself, or enters what may do so, has its own, and so has what it calls.
    """
    values = LibraryValues(graph.types.foreign)
    found: dict[str, dict[Definition, Effect]] = {}
    setting: dict[str, set[Definition | str]] = {}
    for key, body in graph.bodies.items():
        for name, touched, line in _touched(graph, values, body):
            if touched.set:
                setting.setdefault(touched.set, set()).add(key)
            elif isinstance(key, Definition):
                effect = _effect(key, name, touched.read, line)
                found.setdefault(touched.read, {}).setdefault(key, effect)
    passed: dict[str, dict[Definition, Effect]] = {}
    for variable, direct in found.items():
        own = {key for key, body in graph.bodies.items() if _enters(graph, body, variable)}
        own |= setting.get(variable, set())
        read = {key: effect for key, effect in direct.items() if key not in own}
        passed[variable] = passed_up(graph, read, stops=own)
    return passed


def _enters(graph: Graph, body: Body, variable: str) -> bool:
    """Whether a body enters what the library of a variable makes, which may set it."""
    top = variable.partition(".")[0]
    lines = {
        item.context_expr.lineno
        for part in (() if body.definition is None else walk(body.definition.node))
        if isinstance(part, (ast.With, ast.AsyncWith))
        for item in part.items
    }
    uses = (use for use in body.uses if use.line in lines)
    return any(_in_library(graph, use.symbol).partition(".")[0] == top for use in uses)


def _effect(key: Definition, name: str, variable: str, line: int) -> Effect:
    """Return what a function is said to do, that reads a variable by some name."""
    place = f"({key.file}:{line})"
    is_itself = f"{name}.".startswith(f"{variable}.")
    what = f"uses {name} {place}, which reads {variable}"
    return Effect(f"reads {variable} {place}" if is_itself else what, False, key.file, line, _WHY)


def _touched(
    graph: Graph, values: LibraryValues, body: Body
) -> Iterator[tuple[str, Touched, int]]:
    """Yield the names of libraries by which a body uses such variables, with the line."""
    for use in body.uses:
        name = _in_library(graph, use.symbol)
        touched = values.by(name, sets=use.how != "read") if "." in name else None
        if touched is not None and any(touched):
            yield name, touched, use.line


def _in_library(graph: Graph, symbol: Symbol) -> str:
    """Return what a name stands for in a library, also through ``current = library.current``."""
    if not symbol.module:
        return symbol.name
    world = graph.definitions.world
    head, dot, rest = symbol.name.partition(".")
    names = world.modules.get(symbol.module)
    for binding in () if names is None else names.assigned.get(head, ()):
        if isinstance(binding.value, (ast.Name, ast.Attribute)):
            meant = world.resolve(symbol.module, binding.value)
            if meant is not None and not meant.module:
                return f"{meant.name}{dot}{rest}"
    return ""
