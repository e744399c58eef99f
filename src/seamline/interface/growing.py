"""Objects at the top of modules that change with what their own methods assign to themselves."""

import ast
from collections.abc import Iterable
from enum import IntEnum
from typing import Final, TypeGuard

from seamline.interface.functions import Class, Definition
from seamline.interface.graph import Graph
from seamline.interface.names import Symbol
from seamline.interface.walking import walk

_MAKING: Final = frozenset({"__init__", "__post_init__", "__new__", "__setstate__"})


class Growth(IntEnum):
    """How surely the copies of an object come apart, each in a process of its own."""

    NONE = 0
    MAYBE = 1  # a method binds an attribute, to the same value each time for all one knows
    SURELY = 2  # a method adds to one


def growth(graph: Graph, name: Symbol, classes: Iterable[Symbol]) -> Growth:
    """Return what the methods that somebody calls do to the object under a module's name.

    It surely grows where one that adds to an attribute is called on this very name; on others of
    its class it may be. What a method makes where it is missing (``if self._client is None``) is
    each process's own, as a connection is.
    """
    found = Growth.NONE
    growing: set[str] = set()
    for symbol in classes:
        for cls in graph.definitions.ancestry(graph.definitions.classes[symbol]):
            for method in _methods(cls) if isinstance(cls, Class) else ():
                if graph.callers.get(method):
                    what = _of(method)
                    found = max(found, what)
                    growing |= {method.node.name} if what is Growth.SURELY else set()
    if found is Growth.SURELY and not any(
        call.method in growing and any(one.symbol == name for one in call.receiver)
        for body in graph.bodies.values()
        for call in body.calls
    ):
        return Growth.MAYBE
    return found


def _methods(cls: Class) -> list[Definition]:
    return [one for name, all_ in cls.methods.items() if name not in _MAKING for one in all_]


def _of(method: Definition) -> Growth:
    if not method.parameters or method.is_static:
        return Growth.NONE
    own = method.parameters[0].arg
    found = Growth.NONE
    asked = _asked(method.node, own)
    for node in walk(method.node):
        match node:
            case ast.AugAssign(target=ast.Attribute(value=ast.Name(id=name))) if name == own:
                return Growth.SURELY
            case ast.Assign(targets=targets):
                bound = [one.attr for one in targets if _is_attribute(one, own)]
                if not asked.issuperset(bound):
                    found = Growth.MAYBE
            case _:
                pass
    return found


def _asked(body: ast.AST, own: str) -> set[str]:
    """Return the attributes of which a body asks whether they are there."""
    return {
        node.attr
        for test in walk(body)
        if isinstance(test, ast.If)
        for node in walk(test.test)
        if _is_attribute(node, own)
    }


def _is_attribute(node: ast.AST, own: str) -> TypeGuard[ast.Attribute]:
    return (
        isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id == own
    )
