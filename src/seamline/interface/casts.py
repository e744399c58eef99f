"""Takes ``typing.cast`` out of a module: its result is its argument, the very object."""

import ast

from seamline.interface.walking import walk


def without_casts(tree: ast.Module) -> ast.Module:
    """Return a module in which ``cast(Type, value)`` reads ``value``; changed in place."""
    names = set(_names_of_cast(tree))
    return _Remover(names).visit(tree) if names else tree


def _names_of_cast(tree: ast.Module) -> list[str]:
    """Return the dotted names under which a module reaches it."""
    found: list[str] = []
    for node in walk(tree):
        match node:
            case ast.Import():
                found += [
                    f"{alias.asname or alias.name}.cast"
                    for alias in node.names
                    if alias.name == "typing"
                ]
            case ast.ImportFrom(module="typing", level=0):
                found += [
                    alias.asname or alias.name for alias in node.names if alias.name == "cast"
                ]
            case _:
                pass
    return found


class _Remover(ast.NodeTransformer):
    def __init__(self, names: set[str]) -> None:
        self._names = names

    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        match node:
            case ast.Call(func=ast.Name() | ast.Attribute(), args=[_, value], keywords=[]) if (
                ast.unparse(node.func) in self._names
            ):
                return value
            case _:
                return node
