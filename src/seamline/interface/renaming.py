"""Module state under another name: bound together with it, or returned by a function."""

import ast
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain

from seamline.interface.body import Body, Changed
from seamline.interface.classes import class_held
from seamline.interface.functions import Definition, Definitions
from seamline.interface.names import Symbol, World
from seamline.interface.origins import Origin
from seamline.interface.walking import walk


def bound_together(world: World) -> Iterator[set[Symbol]]:
    """Yield names that one statement binds to one object: ``_all = _rows = []``."""
    for module, names in world.modules.items():
        found: dict[int, set[Symbol]] = {}
        for name, bindings in names.assigned.items():
            for binding in bindings:
                if binding.value is not None:
                    found.setdefault(id(binding.value), set()).add(Symbol(module, name))
        yield from (symbols for symbols in found.values() if len(symbols) > 1)


def rebound_to(definitions: Definitions, symbol: Symbol) -> Iterator[ast.expr]:
    """Yield what functions of its module assign to a global name."""
    for definition in definitions.by_module[symbol.module]:
        for node in walk(definition.node):
            if isinstance(node, ast.Assign) and any(
                isinstance(target, ast.Name) and target.id == symbol.name
                for target in node.targets
            ):
                yield node.value


def returned(
    definitions: Definitions,
    bodies: Mapping[Definition | str, Body],
    symbol: Symbol,
    changes: Iterable[Changed],
) -> Iterator[Symbol]:
    """Yield the names of modules that hold what is changed of the result of a function.

    Args:
        definitions: Those of the application.
        bodies: What they do.
        symbol: The function, or a method of one of a module's objects.
        changes: What is changed of what it returns. Where that is something in it, so may be what
            the function put into any container: which of them it returns, nobody asks.
    """
    inside = any(change.taken or change.level != "whole" for change in changes)
    for definition in definitions.functions.get(symbol, ()):
        body = bodies[definition]
        for origin in chain(_results(body), _parts(body) if inside else ()):
            if origin.kind == "symbol" and origin.symbol.module:
                yield origin.symbol
    owner, _, name = symbol.name.rpartition(".")
    for held in class_held(definitions, Symbol(symbol.module, owner)) if owner else ():
        for method in definitions.methods_of(definitions.classes[held], name):
            own = method.parameters[0].arg if method.parameters and not method.is_static else ""
            if any(o.kind == "param" and o.symbol.name == own for o in _results(bodies[method])):
                yield Symbol(symbol.module, owner)


def _results(body: Body) -> Iterator[Origin]:
    for origins, _ in body.returns:
        yield from (origin for origin in origins if origin.level != "copy")


def _parts(body: Body) -> Iterator[Origin]:
    """Yield what a new container may hold that a function returns."""
    for origins, _ in body.returns:
        yield from (origin for origin in origins if origin.level == "copy")
    yield from chain.from_iterable(body.put)
