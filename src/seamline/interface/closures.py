"""Functions that return a function with a memory: what it shares with the first changes."""

import ast
from typing import Final

from seamline.interface.body import MUTATORS
from seamline.interface.functions import Definition, own_nodes

_DISPLAYS: Final = (ast.List, ast.Dict, ast.Set, ast.ListComp, ast.DictComp, ast.SetComp)


def closes_over_state(definition: Definition) -> bool:
    """Whether a function returns one inside it that changes what they share: a counter."""
    inside = [
        part
        for part in ast.walk(definition.node)
        if isinstance(part, (ast.FunctionDef, ast.AsyncFunctionDef))
    ]
    own = {
        target.id
        for part in own_nodes(definition.node)
        if isinstance(part, ast.Assign) and isinstance(part.value, _DISPLAYS)
        for target in part.targets
        if isinstance(target, ast.Name)
    }
    returned = {
        part.value.id
        for part in own_nodes(definition.node)
        if isinstance(part, ast.Return) and isinstance(part.value, ast.Name)
    }
    return any(
        _changes_shared(part, own)
        for node in inside
        if node is not definition.node and node.name in returned
        for part in ast.walk(node)
    )


def _changes_shared(part: ast.AST, shared: set[str]) -> bool:
    """Whether a node rebinds a name of an enclosing function, or changes one of these."""
    if isinstance(part, ast.Nonlocal):
        return True
    changed = part.func if isinstance(part, ast.Call) else part
    named = isinstance(changed, (ast.Attribute, ast.Subscript)) and changed.value
    if not isinstance(named, ast.Name) or named.id not in shared:
        return False
    if isinstance(changed, ast.Attribute):
        return changed.attr in MUTATORS
    return isinstance(changed, ast.Subscript) and not isinstance(changed.ctx, ast.Load)
