"""What is taken out of a table at module level, as its source says: ``METHODS = [Method(..)]``."""

import ast

from seamline.interface.body import Body
from seamline.interface.functions import own_nodes
from seamline.interface.names import Symbol, World


def element_class(world: World, body: Body, value: ast.expr) -> Symbol | None:
    """Return the class of an element that a function returns of such a table, or nothing.

    Args:
        world: The application.
        body: Of the function.
        value: What it returns: ``TABLE[key]``, ``next(x for x in TABLE ..)`` or the variable of
            a loop over the table.
    """
    table = _table(body, value)
    symbol = None if table is None else world.resolve(body.module, table)
    names = None if symbol is None else world.modules.get(symbol.module)
    if symbol is None or names is None or symbol.name in names.rebound:
        return None
    for binding in names.assigned.get(symbol.name, ()):
        held = binding.value
        elements = held.values if isinstance(held, ast.Dict) else getattr(held, "elts", ())
        for element in elements:
            if isinstance(element, ast.Call):
                return world.resolve(symbol.module, element.func)
    return None


def _table(body: Body, value: ast.expr) -> ast.expr | None:
    """Return the expression of what an element is taken out of."""
    match value:
        case ast.Subscript(value=table):
            return table
        case ast.Call(
            func=ast.Name(id="next"),
            args=[ast.GeneratorExp(elt=ast.Name(id=name), generators=[each]), *_],
        ):
            return (
                each.iter if isinstance(each.target, ast.Name) and each.target.id == name else None
            )
        case ast.Name(id=name) if body.definition is not None:
            return next(
                (
                    part.iter
                    for part in own_nodes(body.definition.node)
                    if isinstance(part, ast.For)
                    and isinstance(part.target, ast.Name)
                    and part.target.id == name
                ),
                None,
            )
        case _:
            return None
