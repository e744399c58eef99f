"""What a method takes out of its object, by whatever name and way, as its source shows."""

import ast
from collections.abc import Iterator
from typing import Final

from seamline.interface.walking import children, walk

# Of these, what comes out is no part of what is given.
_TELLING: Final = frozenset({"len", "isinstance", "str", "repr"})
_FUNCTIONS: Final = (ast.FunctionDef, ast.AsyncFunctionDef)

Function = ast.FunctionDef | ast.AsyncFunctionDef


def parameters(given: ast.arguments) -> list[str]:
    """Return the names of all parameters of a function."""
    more = [one for one in (given.vararg, given.kwarg) if one is not None]
    return [one.arg for one in (*given.posonlyargs, *given.args, *given.kwonlyargs, *more)]


def names_of(method: Function, own: set[str]) -> set[str]:
    """Return the local names of the object, and of what is taken out of it in any way."""
    found = set(own)
    while True:
        more = {
            part.id
            for node in walk(method)
            for target, value in bindings(node)
            if value is not None and is_out_of(value, found)
            for part in walk(target)
            if isinstance(part, ast.Name)
        }
        for node in walk(method):
            if isinstance(node, ast.Match) and is_out_of(node.subject, found):
                more |= set(_captured(node))
            elif node is not method and isinstance(node, (*_FUNCTIONS, ast.Lambda)):
                defaults = [*node.args.defaults, *filter(None, node.args.kw_defaults)]
                if any(is_out_of(one, found) for one in defaults):
                    more |= set(parameters(node.args))
        if more <= found:
            return found
        found |= more


def _captured(match: ast.Match) -> Iterator[str]:
    """Yield the names that the patterns of a ``match`` bind."""
    for node in walk(match):
        match node:
            case ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)):
                yield name
            case ast.MatchMapping(rest=str(name)):
                yield name
            case _:
                pass


def bindings(node: ast.AST) -> Iterator[tuple[ast.expr, ast.expr | None]]:
    """Yield ``(target, value)`` for what a node binds, whatever way it takes."""
    match node:
        case ast.Assign(targets=targets, value=value):
            yield from ((target, value) for target in targets)
        case ast.AnnAssign(target=target, value=value):
            yield target, value
        case ast.NamedExpr(target=target, value=value) | ast.AugAssign(target=target, value=value):
            yield target, value
        case ast.For() | ast.AsyncFor() | ast.comprehension():
            yield node.target, node.iter
        case ast.withitem(context_expr=value, optional_vars=ast.expr() as target):
            yield target, value
        case _:
            pass


def is_out_of(node: ast.AST, own: set[str]) -> bool:
    """Whether a value may be the object, or hold something that is reached through it."""
    match node:
        case ast.Name(id=name):
            return name in own
        case ast.Attribute(value=value) | ast.Subscript(value=value):
            return is_out_of(value, own)
        case ast.Constant() | ast.JoinedStr() | ast.Compare():
            return False
        case ast.Call(func=ast.Name(id="super")):
            return True
        case ast.Call(func=ast.Name(id=name)) if name in _TELLING:
            return False
        case _:
            return any(is_out_of(part, own) for part in children(node))
