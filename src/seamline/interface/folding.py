"""What calls give back that run a function over what they are given: ``reduce``, ``map``.

``functools.reduce(operator.getitem, path, table)`` is a part of its arguments, and ``map`` with a
lambda gives what that makes of its items; ``vars()`` of a function holds all its arguments. What
changes such a result changes the argument.
"""

import ast
from dataclasses import dataclass, field
from typing import Final

from seamline.interface.origins import NOTHING, Origins, Scope, Tracer, inside, shared

#: Functions of the standard library that call what they are given with what it gave before.
FOLDING: Final = frozenset({"functools.reduce", "itertools.accumulate"})
_MAP: Final = "builtins.map"
# Without arguments they give the local names of the function around.
_NAMESPACES: Final = frozenset({"builtins.vars", "builtins.locals"})
# What these make holds what they are given.
_HOLDING: Final = frozenset(
    {
        "builtins.dict", "collections.deque", "collections.OrderedDict", "collections.UserDict",
        "collections.UserList", "itertools.chain.from_iterable", "itertools.cycle",
        "itertools.groupby", "itertools.product", "itertools.repeat", "itertools.tee",
        "itertools.zip_longest", "types.SimpleNamespace",
    }
)  # fmt: skip
# Methods that give their second argument where they find nothing.
_DEFAULTING: Final = frozenset({"get", "pop"})
_PICKING: Final = frozenset({"operator.getitem", "builtins.getattr"})


@dataclass(slots=True)
class Folded:
    """Answers for the calls of one application."""

    _scopes: dict[tuple[ast.Lambda, int], Scope] = field(default_factory=dict)

    def by_call(
        self, tracer: Tracer, node: ast.Call, scope: Scope | None, callee: Origins
    ) -> Origins:
        """Return what the result of such a call may be of its arguments."""
        names = {o.symbol.name for o in callee if o.kind == "symbol" and not o.symbol.module}
        if len(node.args) > 1 and names & FOLDING:
            return self._folded(tracer, node, scope)
        if isinstance(node.func, ast.Attribute) and node.func.attr in _DEFAULTING:
            return NOTHING.union(*(_parameters(tracer.of(x, scope)) for x in node.args[1:2]))
        if names & _HOLDING:
            values = [*node.args, *(keyword.value for keyword in node.keywords)]
            return shared(NOTHING.union(*(_parameters(tracer.of(x, scope)) for x in values)))
        if not node.args and names & _NAMESPACES:
            return shared(_own_parameters(scope))
        if len(node.args) > 1 and _MAP in names:
            return shared(self._mapped(tracer, node, scope))
        return NOTHING

    def _folded(self, tracer: Tracer, node: ast.Call, scope: Scope | None) -> Origins:
        values = [*node.args, *(keyword.value for keyword in node.keywords)]
        function = next((one for one in values if _is_function(tracer, one, scope)), None)
        found = NOTHING
        for value in values:
            if value is not function:
                found |= inside(tracer.of(value, scope))
        # Of module state only what is certainly picked: most functions make something new.
        is_picked = function is not None and _picks(tracer, function, scope)
        return found if is_picked else _parameters(found)

    def _mapped(self, tracer: Tracer, node: ast.Call, scope: Scope | None) -> Origins:
        function, *rest = node.args
        if isinstance(function, ast.Lambda):
            key = function, id(scope)
            if key not in self._scopes:
                self._scopes[key] = tracer.scope(function, scope)
            inner = self._scopes[key]
            args = function.args
            for arg, value in zip((*args.posonlyargs, *args.args), rest, strict=False):
                inner.fixed[arg.arg] = inside(tracer.of(value, scope))
            return _parameters(tracer.of(function.body, inner))
        # Methods: ``map(rows.get, names)``, ``map(rows.__getitem__, names)``.
        return _parameters(tracer.of(function, scope))


def _is_function(tracer: Tracer, node: ast.expr, scope: Scope | None) -> bool:
    return isinstance(node, ast.Lambda) or any(
        origin.kind == "symbol" and origin.symbol.name.startswith("operator.")
        for origin in tracer.of(node, scope)
    )


def _picks(tracer: Tracer, node: ast.expr, scope: Scope | None) -> bool:
    """Whether a function only takes something out of what it is given."""
    if isinstance(node, ast.Lambda):
        return isinstance(node.body, (ast.Subscript, ast.Attribute))
    return any(str(origin.symbol) in _PICKING for origin in tracer.of(node, scope))


def _own_parameters(scope: Scope | None) -> Origins:
    found = NOTHING
    while scope is not None:
        found = found.union(*scope.fixed.values())
        scope = scope.parent
    return _parameters(found)


def _parameters(origins: Origins) -> Origins:
    return frozenset(origin for origin in origins if origin.kind == "param")
