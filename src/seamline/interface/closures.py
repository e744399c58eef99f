"""Functions that return functions with a memory: what those share and keep in its frame."""

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final, Literal

from seamline.interface.body import MUTATORS, Body
from seamline.interface.crossing import Types
from seamline.interface.functions import Definition, Definitions
from seamline.interface.known import CACHES, RESOURCES, named
from seamline.interface.names import Symbol, World
from seamline.interface.walking import Def, own_nodes, walk

Kept = Literal["constant", "opaque", "resource"]

_DISPLAYS: Final = (ast.List, ast.Dict, ast.Set, ast.ListComp, ast.DictComp, ast.SetComp)
_FUNCTIONS: Final = (ast.FunctionDef, ast.AsyncFunctionDef)
# Results that are the same whoever has them.
_PLAIN: Final = (ast.Constant, ast.JoinedStr, ast.BinOp, ast.UnaryOp, ast.Compare)


@dataclass(slots=True)
class Closures:
    """Answers for the functions of one application."""

    definitions: Definitions
    bodies: Mapping[Definition | str, Body]
    types: Types

    def kept_by(self, definition: Definition) -> Kept:
        """Return what the functions keep that a function returns, alone or among other things.

        That is what they change of its frame: a counter, a dictionary; or what a cache in its
        frame remembers, as far as that is an object. A resource among it, such as a factory of
        database sessions, is what every process has its own of.
        """
        inside = [part for part in walk(definition.node) if isinstance(part, _FUNCTIONS)][1:]
        if not _returns_function(definition, inside):
            return "constant"
        frame = _Frame(definition, self.definitions.world)
        shared = frame.containers()
        changes = any(
            _changes_shared(part, shared)
            for function in (*inside, *frame.lambdas())
            for part in walk(function)
        )
        if not changes and not any(map(frame.remembers, inside)) and not frame.caches():
            return "constant"
        return "resource" if any(map(self._is_resource, frame.called())) else "opaque"

    def kept_in(self, module: str, made: ast.expr | None) -> Kept:
        """Return that of the parts of what a call at module level returns."""
        if not isinstance(made, ast.Call):
            return "constant"
        symbol = self.definitions.world.resolve(module, made.func)
        found: list[Definition] = []
        queue = [] if symbol is None else [*self.definitions.functions.get(symbol, ())]
        while queue:  # functions that return what another one made
            definition = queue.pop()
            if definition not in found:
                found.append(definition)
                for origins, _ in self.bodies[definition].returns:
                    for origin in origins:
                        if origin.kind == "call":
                            queue += self.definitions.functions.get(origin.symbol, ())
        kept = set(map(self.kept_by, found))
        return "resource" if "resource" in kept else "opaque" if "opaque" in kept else "constant"

    def _is_resource(self, symbol: Symbol) -> bool:
        """Whether a call of a name gives a handle, such as an engine."""
        if not symbol.module:
            return named(symbol.name, RESOURCES)
        return any(
            named(str(leaf), RESOURCES)
            for definition in self.definitions.functions.get(symbol, ())
            for leaf in (
                *self.types.leaves(definition.module, definition.node.returns),
                *(
                    origin.symbol
                    for origins, _ in self.bodies[definition].returns
                    for origin in origins
                    if origin.kind == "call"
                ),
            )
        )


def _returns_function(definition: Definition, inside: list[Def]) -> bool:
    """Whether a function inside this one, or a lambda, is in what it returns."""
    names = {node.name for node in inside}
    for part in own_nodes(definition.node):
        if isinstance(part, ast.Assign) and isinstance(part.value, ast.Lambda):
            names |= {target.id for target in part.targets if isinstance(target, ast.Name)}
    return any(
        isinstance(found, ast.Lambda) or (isinstance(found, ast.Name) and found.id in names)
        for part in own_nodes(definition.node)
        if isinstance(part, ast.Return) and part.value is not None
        for found in _given_out(part.value)
    )


def _given_out(value: ast.expr) -> Iterator[ast.AST]:
    """Yield a value and what it holds; what it only calls is not given out."""
    yield value
    match value:
        case ast.Tuple(elts=parts) | ast.List(elts=parts):
            found = parts
        case ast.Dict(values=parts):
            found = parts
        case ast.Call():
            found = [*value.args, *(keyword.value for keyword in value.keywords)]
        case ast.IfExp():
            found = [value.body, value.orelse]
        case _:
            found = []
    for part in found:
        yield from _given_out(part)


class _Frame:
    """What one function binds in its own frame."""

    def __init__(self, definition: Definition, world: World) -> None:
        self._node = definition.node
        self._module = definition.module
        self._world = world
        self._own = list(own_nodes(definition.node))

    def containers(self) -> set[str]:
        """Return the names that are bound to a container."""
        return {
            target.id
            for part in self._own
            if isinstance(part, ast.Assign | ast.AnnAssign)
            and isinstance(part.value, (*_DISPLAYS, ast.Call))
            for target in (part.targets if isinstance(part, ast.Assign) else [part.target])
            if isinstance(target, ast.Name)
        }

    def lambdas(self) -> Iterator[ast.Lambda]:
        """Yield the functions without a name."""
        yield from (part for part in walk(self._node) if isinstance(part, ast.Lambda))

    def remembers(self, function: Def) -> bool:
        """Whether a function inside is cached, and what it gives is an object."""
        return any(map(self._is_cache, function.decorator_list)) and any(
            isinstance(part, ast.Return)
            and part.value is not None
            and not isinstance(part.value, _PLAIN)
            for part in own_nodes(function)
        )

    def caches(self) -> bool:
        """Whether it has a function cached by a call: ``made = lru_cache(make)``."""
        return any(
            isinstance(part, ast.Call) and part.args and self._is_cache(part.func)
            for part in self._own
            if not _is_maker(part)
        )

    def called(self) -> Iterator[Symbol]:
        """Yield what is called in it, by those inside too."""
        for part in walk(self._node):
            if isinstance(part, ast.Call):
                symbol = self._world.resolve(self._module, part.func)
                if symbol is not None:
                    yield symbol

    def _is_cache(self, node: ast.expr) -> bool:
        if isinstance(node, ast.Call):  # ``lru_cache(maxsize=4)``
            node = node.func
        return named(str(self._world.resolve(self._module, node)), CACHES)


def _is_maker(part: ast.AST) -> bool:
    """Whether a call gives only numbers, as ``lru_cache(4)`` does."""
    return isinstance(part, ast.Call) and all(isinstance(a, ast.Constant) for a in part.args)


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
