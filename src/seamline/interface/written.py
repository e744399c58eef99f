"""Which names of modules an expression looks up each time it runs, as it is written.

``clock.datetime.now`` with ``from datetime import datetime`` in ``shop.clock`` stands for
``datetime.datetime.now``, and looks ``shop.clock.datetime`` up on the way there: whoever binds
that name anew changes what the expression is.
"""

import ast
from collections.abc import Iterator

from seamline.interface.names import imports_of
from seamline.interface.origins import Scope, Tracer


def looked_up(tracer: Tracer, node: ast.expr, scope: Scope | None) -> Iterator[str]:
    """Yield what a name, or a chain of attributes that starts with one, looks up in modules."""
    while isinstance(node, ast.Attribute):
        yield from hop(tracer, node, scope)
        node = node.value
    if isinstance(node, ast.Name) and (scope is None or scope.is_global(node.id)):
        yield f"{tracer.module}.{node.id}"


def hop(tracer: Tracer, node: ast.Attribute, scope: Scope | None) -> Iterator[str]:
    """Yield what one attribute looks up, if that is in a module of the application."""
    for origin in tracer.of(node.value, scope):
        symbol = origin.symbol
        if origin.kind == "symbol" and origin.level == "whole" and not symbol.name:
            yield f"{symbol.module}.{node.attr}"


def imported(tracer: Tracer, node: ast.ImportFrom) -> Iterator[str]:
    """Yield what an import inside a function looks up."""
    source = tracer.world.sources.modules[tracer.module]
    for _, found in imports_of(source, node, typing_only=False, top=False):
        if found.module in tracer.world.modules:
            yield f"{found.module}.{found.name}".removesuffix(".*")
