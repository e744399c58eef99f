"""What a dictionary holds that a function made by writing it down: one value under each key."""

import ast
from collections.abc import Sequence
from typing import Protocol, Self


class _Scope(Protocol):
    """Local names of a function, as far as this asks: values with whether only held, entries."""

    @property
    def parent(self) -> Self | None: ...
    @property
    def values(self) -> dict[str, list[tuple[ast.expr | None, bool]]]: ...
    @property
    def entries(self) -> dict[str, list[tuple[ast.expr, ast.expr | None]]]: ...


def under_key(scope: "_Scope | None", owner: ast.expr, key: ast.expr) -> Sequence[ast.expr] | None:
    """Return what a local name's dictionary has under a key; None where that is not known."""
    if scope is None or not isinstance(owner, ast.Name) or not isinstance(key, ast.Constant):
        return None
    # A name of an enclosing function may be bound there again.
    bindings = scope.values.get(owner.id, [])
    items: list[tuple[ast.expr | None, ast.expr | None]] = []
    for value, is_held in bindings:
        if is_held or not isinstance(value, ast.Dict):
            return None
        items += zip(value.keys, value.values, strict=True)
    items += scope.entries.get(owner.id, [])
    found: list[ast.expr] = []
    for name, held in items:
        if not isinstance(name, ast.Constant) or held is None:
            return None
        if name.value == key.value:
            found.append(held)
    return found if bindings else None
