"""What making a class runs: its decorators, metaclass, bases and descriptors."""

import ast
from collections.abc import Iterator
from typing import Final

from seamline.interface.body import Body, Call, Use
from seamline.interface.functions import Class, Definition, Definitions
from seamline.interface.graph import Graph
from seamline.interface.names import Symbol
from seamline.interface.walking import walk

_OF_METACLASS: Final = ("__prepare__", "__new__", "__init__")
_NEW: Final = (ast.List, ast.Dict, ast.Set, ast.ListComp, ast.DictComp, ast.SetComp)
#: Calls by which nothing is left anywhere.
_READING: Final = frozenset(
    f"builtins.{name}"
    for name in ("super", "dict", "list", "set", "tuple", "len", "getattr", "hasattr", "sorted")
)


def run_by_making(graph: Graph, cls: Class) -> Iterator[tuple[Definition, int]]:
    """Yield the definitions that are run once by making a class, with the line."""
    for node, symbol in zip(cls.node.decorator_list, cls.decorators, strict=True):
        if symbol is not None:
            yield from ((definition, node.lineno) for definition in graph.run_by(symbol))
    yield from ((definition, cls.node.lineno) for definition in _made(graph.definitions, cls))


def _made(definitions: Definitions, cls: Class) -> Iterator[Definition]:
    """Yield what a metaclass, the bases and descriptors have run."""
    above = [found for found in definitions.ancestry(cls) if isinstance(found, Class)]
    for base in above[1:]:
        yield from base.methods.get("__init_subclass__", ())
    for meta in filter(None, (definitions.class_of(found.metaclass) for found in above)):
        for name in _OF_METACLASS:
            yield from definitions.methods_of(meta, name)
    for value in cls.assigned.values():
        made = value.func if isinstance(value, ast.Call) else None
        symbol = None if made is None else definitions.world.resolve(cls.module, made)
        held = definitions.class_of(symbol)
        if held is not None:
            yield from definitions.methods_of(held, "__set_name__")


def filled_by(body: Body) -> list[str]:
    """Return the attributes of a class, or an object, that a method of it fills.

    Those are left out that it binds to a new container before: ``cls.options = {}``.
    """
    return [path for path in body.paths if not _is_new(body, path)]


def _is_new(body: Body, path: str) -> bool:
    definition = body.definition
    if definition is None or not definition.parameters:
        return False
    others = body.changed.keys() - {definition.parameters[0].arg}
    return not others and _binds_new(definition, path, body.paths[path])


def _binds_new(definition: Definition, path: str, line: int) -> bool:
    """Whether a method binds an attribute of its first parameter to new containers before."""
    first = definition.parameters[0].arg
    bound = [
        statement
        for statement in walk(definition.node)
        if isinstance(statement, (ast.Assign, ast.AnnAssign))
        for target in _targets(statement)
        if isinstance(target, ast.Attribute) and target.attr == path
        if isinstance(target.value, ast.Name) and target.value.id == first
    ]
    at_once = [statement.lineno for statement in bound if statement in definition.node.body]
    return (
        all(isinstance(statement.value, _NEW) for statement in bound)
        and bool(at_once)
        and min(at_once) < line
    )


def _targets(statement: ast.Assign | ast.AnnAssign) -> list[ast.expr]:
    return statement.targets if isinstance(statement, ast.Assign) else [statement.target]


def leaves_nothing(graph: Graph, definition: Definition) -> bool:
    """Whether ``__init_subclass__`` changes the new class alone, as far as it shows."""
    body = graph.bodies[definition]
    first = {argument.arg for argument in definition.parameters[:1]}
    return (
        not body.changed.keys() - first
        and not filled_by(body)
        and all(use.how == "read" or is_of_new(graph, definition, use) for use in body.uses)
        and all(_only_reads(graph, body, call) for call in body.calls)
    )


def is_of_new(graph: Graph, definition: Definition, use: Use) -> bool:
    """Whether ``__init_subclass__`` changes an attribute of the new class, not of its base."""
    if definition.owner is None or definition.node.name != "__init_subclass__":
        return False
    base, path = definition.owner.symbol, use.symbol.name.rpartition(".")[2]
    if use.symbol != Symbol(base.module, f"{base.name}.{path}") or not definition.parameters:
        return False
    resolve = graph.definitions.world.resolve
    own = definition.parameters[0].arg
    names = [node for node in walk(definition.node) if isinstance(node, ast.Name)]
    if any(node.id != own and resolve(base.module, node) == base for node in names):
        return False
    return use.how == "bind" or _binds_new(definition, path, use.line)


def _only_reads(graph: Graph, body: Body, call: Call) -> bool:
    if call.method == "__init_subclass__" or any(str(o.symbol) in _READING for o in call.callee):
        return True
    return call.method in dir(str) and not graph.entered(body, call)
