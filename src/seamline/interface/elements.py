"""What is taken out of a table at module level, as its source says: ``METHODS = [Method(..)]``."""

import ast

from seamline.interface.body import Body
from seamline.interface.names import Symbol, World
from seamline.interface.walking import Def, own_nodes, walk


def element_classes(world: World, body: Body, value: ast.expr) -> set[Symbol]:
    """Return the classes of the elements that a function returns one of, or some; none if unsure.

    Args:
        world: The application.
        body: Of the function.
        value: What it returns: ``TABLE[key]``, ``TABLE.get(key)``, ``next(x for x in TABLE ..)``,
            ``[x for x in TABLE ..]`` or the variable of a loop over the table.
    """
    if body.definition is None:
        return set()
    table = _table(body.definition.node, value)
    is_looked_up = isinstance(value, ast.Subscript)
    if isinstance(table, ast.Call) and isinstance(table.func, ast.Attribute):
        is_looked_up = table.func.attr in ("get", "values")
        table = table.func.value if is_looked_up else None
    if not isinstance(table, ast.Name) or _bindings(body.definition.node, table.id):
        return set()
    symbol = world.member(body.module, table.id)
    names = world.modules.get(symbol.module)
    bound = [] if names is None else names.assigned.get(symbol.name, [])
    if names is None or symbol.name in names.rebound or len(bound) != 1:
        return set()
    held = bound[0].value
    if isinstance(held, ast.Dict) and is_looked_up:
        elements = held.values
    elif isinstance(held, (ast.List, ast.Tuple)):
        elements = held.elts
    else:
        return set()
    made = [
        world.resolve(symbol.module, one.func) if isinstance(one, ast.Call) else None
        for one in elements
    ]
    return set() if None in made else {one for one in made if one is not None}


def _table(function: Def, value: ast.expr) -> ast.expr | None:
    """Return the expression of what an element is taken out of."""
    match value:
        case ast.Subscript(value=table, slice=index) if not isinstance(index, ast.Slice):
            return table
        case ast.Call(func=ast.Attribute(attr="get")):
            return value
        case ast.ListComp(elt=ast.Name(id=name), generators=[each]):
            is_element = isinstance(each.target, ast.Name) and each.target.id == name
            return each.iter if is_element else None
        case ast.Call(
            func=ast.Name(id="next"),
            args=[ast.GeneratorExp(elt=ast.Name(id=name), generators=[each]), *_],
        ):
            is_element = isinstance(each.target, ast.Name) and each.target.id == name
            return each.iter if is_element else None
        case ast.Name(id=name) if _bindings(function, name) == 1:
            loops = (part for part in own_nodes(function) if isinstance(part, ast.For))
            found = (
                x.iter for x in loops if isinstance(x.target, ast.Name) and x.target.id == name
            )
            return next(found, None)
        case _:
            return None


def _bindings(function: Def, name: str) -> int:
    """Return how often a function binds a name, as a parameter or by a statement."""
    parameters = [one for one in walk(function.args) if isinstance(one, ast.arg)]
    stored = [
        part
        for part in walk(function)
        if isinstance(part, ast.Name) and part.id == name and not isinstance(part.ctx, ast.Load)
    ]
    return len(stored) + sum(one.arg == name for one in parameters)
