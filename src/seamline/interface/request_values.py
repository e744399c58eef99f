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
from seamline.interface.library_values import LibraryValues
from seamline.interface.names import Symbol

_WHY: Final = "which is set where its caller runs"


def find_request_values(graph: Graph) -> dict[str, dict[Definition, Effect]]:
    """Return, by the library's variable, the functions that read it, also through others."""
    values = LibraryValues(graph.types.foreign)
    found: dict[str, dict[Definition, Effect]] = {}
    for key, body in graph.bodies.items():
        for name, variable, line in _read(graph, values, body) if body.definition else ():
            assert isinstance(key, Definition)
            what = f"uses {name} ({key.file}:{line}), which reads {variable}"
            if name == variable:
                what = f"reads {variable} ({key.file}:{line})"
            effect = Effect(what, False, key.file, line, _WHY)
            found.setdefault(variable, {}).setdefault(key, effect)
    return {variable: passed_up(graph, direct) for variable, direct in found.items()}


def _read(graph: Graph, values: LibraryValues, body: Body) -> Iterator[tuple[str, str, int]]:
    """Yield the names of libraries by which a body reads such variables, with the line."""
    for use in body.uses:
        name = _in_library(graph, use.symbol)
        variable = values.read_by(name, sets=use.how != "read") if "." in name else ""
        if variable:
            yield _shown(name, variable), variable, use.line


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


def _shown(name: str, variable: str) -> str:
    """Return a name without what is asked of the object that it is: ``cherrypy.request``."""
    if f"{name}.".startswith(f"{variable}."):
        return variable
    return name
