"""Goes through the nodes of a syntax tree, which is most of what reading source does.

What stands for nothing by itself is left out: operators, and whether a name is read or bound.
"""

import ast
from collections.abc import Iterator, Sequence
from typing import Final, TypeGuard

Def = ast.FunctionDef | ast.AsyncFunctionDef
# What stands between a function and the yields that are not its own.
SCOPES: Final = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef)

_SCOPES: Final = frozenset(SCOPES)
_CHILDLESS: Final = (
    ast.Constant, ast.Global, ast.Nonlocal, ast.MatchSingleton, ast.alias, ast.expr_context,
    ast.operator, ast.unaryop, ast.boolop, ast.cmpop,
)  # fmt: skip
# Fields that hold texts and numbers, operators and contexts, whatever has them.
_PLAIN: Final = frozenset(
    {
        "arg", "attr", "asname", "conversion", "ctx", "id", "is_async", "kind", "kwd_attrs",
        "level", "lineno", "module", "name", "op", "ops", "rest", "simple", "str", "tag",
        "type_comment", "type_ignores",
    }
)  # fmt: skip

_BINDING: Final = frozenset(
    {
        ast.Assign, ast.AnnAssign, ast.NamedExpr, ast.AugAssign, ast.For, ast.AsyncFor,
        ast.comprehension, ast.withitem, ast.ExceptHandler, ast.Match, ast.FunctionDef,
        ast.AsyncFunctionDef, ast.ClassDef, ast.Global, ast.Import, ast.ImportFrom, ast.Try,
        ast.TryStar,
    }
)  # fmt: skip


class _Fields(dict[type[ast.AST], tuple[str, ...]]):
    """The fields of each kind of node that may hold others, found when it is met first."""

    def __missing__(self, kind: type[ast.AST]) -> tuple[str, ...]:
        plain = _PLAIN - {"name"} if kind.__name__ == "TypeAlias" else _PLAIN
        fields = () if issubclass(kind, _CHILDLESS) else kind._fields
        found = self[kind] = tuple(name for name in fields if name not in plain)
        return found


_FIELDS: Final = _Fields()


def children(node: ast.AST) -> list[ast.AST]:
    """Return the direct child nodes; a fifth of the time of ``ast.iter_child_nodes``."""
    found: list[ast.AST] = []
    for name in _FIELDS[node.__class__]:
        value = getattr(node, name, None)
        if value.__class__ is list:
            found += filter(None, value)
        elif value is not None:
            found.append(value)
    return found


def walk(node: ast.AST) -> Sequence[ast.AST]:
    """Return a node and all below it, in the order of ``ast.walk``.

    Those of a function are found once: they are kept on its node, and live as long.
    """
    if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
        return _walk(node)
    kept = vars(node)
    if "_walked" not in kept:
        kept["_walked"] = _walk(node)
    found: list[ast.AST] = kept["_walked"]
    return found


def _walk(node: ast.AST) -> list[ast.AST]:
    found = [node]
    for part in found:
        # As in `children`, without a call for each of a million nodes.
        for name in _FIELDS[part.__class__]:
            value = getattr(part, name, None)
            if value.__class__ is list:
                found += filter(None, value)
            elif value is not None:
                found.append(value)
    return found


def parents_in(node: ast.AST) -> dict[ast.AST, ast.AST]:
    """Return the parent of each node below one.

    They are found once: they are kept on it, and live as long.
    """
    kept = vars(node)
    if "_parents" not in kept:
        kept["_parents"] = {child: part for part in walk(node) for child in children(part)}
    found: dict[ast.AST, ast.AST] = kept["_parents"]
    return found


def own_nodes(node: Def) -> Sequence[ast.AST]:
    """Return the nodes of a function's body without those of functions and classes in it.

    They are found once: they are kept on its node, and live as long.
    """
    kept = vars(node)
    if "_own" not in kept:
        kept["_own"] = _own_nodes(node)
    found: list[ast.AST] = kept["_own"]
    return found


def own_of(node: Def, kinds: frozenset[type[ast.AST]]) -> list[ast.AST]:
    """Return those of :func:`own_nodes` that are of some kinds."""
    return [part for part in own_nodes(node) if part.__class__ in kinds]


def _own_nodes(node: Def) -> list[ast.AST]:
    found: list[ast.AST] = []
    queue: list[ast.AST] = list(node.body)
    while queue:
        part = queue.pop()
        found.append(part)
        if part.__class__ not in _SCOPES:
            for name in _FIELDS[part.__class__]:
                value = getattr(part, name, None)
                if value.__class__ is list:
                    queue += filter(None, value)
                elif value is not None:
                    queue.append(value)
    return found


def binding_nodes(node: Def | ast.Lambda) -> Sequence[ast.AST]:
    """Return what binds the local names of a function; found once, and kept on its node."""
    kept = vars(node)
    if "_binding" not in kept:
        local = own_nodes(node) if _is_own(node) else _local_nodes(node)
        kept["_binding"] = [part for part in local if part.__class__ in _BINDING]
    found: list[ast.AST] = kept["_binding"]
    return found


def _is_own(node: Def | ast.Lambda) -> TypeGuard[Def]:
    """Whether all that a function evaluates itself is in its own nodes: it decorates nothing."""
    return not isinstance(node, ast.Lambda) and not any(
        getattr(part, "decorator_list", ())
        for part in own_nodes(node)
        if part.__class__ in _SCOPES
    )


def _local_nodes(node: Def | ast.Lambda) -> Iterator[ast.AST]:
    queue: list[ast.AST] = [node.body] if isinstance(node, ast.Lambda) else list(node.body)
    while queue:
        part = queue.pop()
        yield part
        if isinstance(part, SCOPES):
            if not isinstance(part, ast.Lambda):
                queue.extend(part.decorator_list)
        else:
            queue.extend(children(part))
