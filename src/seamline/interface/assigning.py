"""Which values the statements of a function bind to its names, before anything is traced."""

import ast
from collections.abc import Iterator

from seamline.interface.source import captured
from seamline.interface.walking import SCOPES, children

# A target, what it is bound to (None: nothing is known), and whether only what that holds.
Binding = tuple[ast.expr, ast.expr | None, bool]


def bound_by(part: ast.AST) -> Iterator[Binding]:  # noqa: C901 - one case per kind of node
    """Yield what a statement, or an expression that assigns, binds."""
    match part:
        case ast.Assign():
            for target in part.targets:
                yield target, part.value, False
        case ast.AnnAssign() | ast.NamedExpr():
            yield part.target, part.value, False
        case ast.AugAssign(target=ast.Name()):
            yield part.target, None, False
        case ast.For() | ast.AsyncFor() | ast.comprehension():
            yield part.target, part.iter, True
        case ast.withitem(optional_vars=ast.expr() as target):
            yield target, part.context_expr, False
        case ast.ExceptHandler(name=str() as name):
            yield ast.Name(name), None, False
        case ast.Try() | ast.TryStar():
            yield from _caught(part)
        case ast.Match():
            for name in captured(part):
                yield ast.Name(name), part.subject, True
        case _:
            pass


def _caught(node: ast.Try | ast.TryStar) -> Iterator[Binding]:
    """Yield what an exception holds that a block raises and catches itself: ``error.args``."""
    names = [ast.Name(handler.name) for handler in node.handlers if handler.name]
    queue: list[ast.AST] = [*node.body] if names else []
    while queue:
        part = queue.pop()
        if isinstance(part, SCOPES):
            continue
        queue += children(part)
        if isinstance(part, ast.Raise) and isinstance(part.exc, ast.Call):
            given = (*part.exc.args, *(keyword.value for keyword in part.exc.keywords))
            for name in names:
                for value in given:
                    yield name, value, True
