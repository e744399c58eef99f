"""Containers that reading fills: a ``defaultdict``, a class whose ``__missing__`` stores."""

import ast
from collections.abc import Iterator
from typing import Final

from seamline.interface.body import MUTATORS
from seamline.interface.classes import OWNER, class_held
from seamline.interface.functions import Class, Definition, Definitions
from seamline.interface.names import Symbol
from seamline.interface.origins import Origin, Origins, Scope, Tracer
from seamline.interface.walking import own_nodes, walk

_FILLING: Final = frozenset({"collections.defaultdict", "typing.DefaultDict"})
# Where nothing but look-ups sees it, an entry made by these is as good as none.
_CONSTANT: Final = frozenset(
    f"builtins.{name}" for name in ("int", "float", "str", "bool", "bytes", "tuple", "frozenset")
)
# Functions that return such a container are followed this far.
_MOST_STEPS: Final = 3

# An expression with the module it stands in.
Placed = tuple[str, ast.expr]


def filled(tracer: Tracer, origins: Origins, scope: Scope | None) -> Origins:
    """Return the origins, of what is subscripted, that reading a missing key changes."""
    return frozenset(origin for origin in origins if _is_filled(tracer, origin, scope))


def _is_filled(tracer: Tracer, origin: Origin, scope: Scope | None) -> bool:
    definitions, symbol = tracer.definitions, origin.symbol
    if origin.kind == "symbol" and symbol.module and origin.level != "copy":
        values = list(_values(definitions, symbol))
        if origin.level == "part":
            return any(_fills(definitions, part) for value in values for part in _parts(value))
        found = [value for value in values if _fills(definitions, value)]
        return any(not _is_constant(definitions, value) for value in found) or (
            bool(found) and _is_looked_into(definitions, symbol)
        )
    if origin.kind == "param" and origin.level == "part" and scope is not None:
        values = [
            value
            for owner in _owners(scope)
            if (cls := definitions.class_of(owner)) is not None
            for value in _attribute(definitions, cls, origin.path)
        ]
        return any(_fills(definitions, value) for value in values)
    return False


def _owners(scope: Scope | None) -> Iterator[Symbol]:
    while scope is not None:
        yield from (origin.symbol for origin in scope.fixed.get(OWNER, ()))
        scope = scope.parent


def _values(definitions: Definitions, symbol: Symbol) -> Iterator[Placed]:
    """Yield what a module-level name, or an attribute of a class or an instance, is bound to."""
    owner, _, attribute = symbol.name.rpartition(".")
    found = Symbol(symbol.module, owner)
    for held in (found, *class_held(definitions, found)) if owner else ():
        cls = definitions.class_of(held)
        if cls is not None:
            yield from _attribute(definitions, cls, attribute)
    for binding in definitions.world.modules[symbol.module].assigned.get(symbol.name, ()):
        if binding.value is not None:
            yield symbol.module, binding.value


def _attribute(definitions: Definitions, cls: Class, name: str) -> Iterator[Placed]:
    for found in definitions.ancestry(cls):
        if isinstance(found, Class):
            values = [value for _, value in found.own.get(name, ())]
            for value in (found.assigned.get(name), *values):
                if value is not None:
                    yield found.module, value


def _parts(value: Placed) -> Iterator[Placed]:
    module, node = value
    yield from ((module, part) for part in walk(node) if isinstance(part, ast.Call))


def _fills(definitions: Definitions, value: Placed, depth: int = 0) -> bool:
    """Whether an expression makes a container that is filled as it is read."""
    module, node = value
    if not isinstance(node, ast.Call) or depth > _MOST_STEPS:
        return False
    made = definitions.world.resolve(module, node.func)
    if made is None or not made.module:
        return made is not None and made.name in _FILLING and bool(node.args)
    if made in definitions.classes:
        return _is_filling(definitions, definitions.classes[made])
    return any(
        _fills(definitions, (definition.module, part.value), depth + 1)
        for definition in definitions.functions.get(made, ())
        for part in own_nodes(definition.node)
        if isinstance(part, ast.Return) and part.value is not None
    )


def _is_filling(definitions: Definitions, cls: Class) -> bool:
    methods = definitions.methods_of(cls, "__missing__")
    if methods:
        return any(map(_stores, methods))
    return any(str(base) in _FILLING for base in definitions.ancestry(cls) if not _is_class(base))


def _is_class(base: Class | Symbol | None) -> bool:
    return isinstance(base, Class)


def _stores(method: Definition) -> bool:
    """Whether a method puts something into its instance."""
    own = method.parameters[0].arg if method.parameters else ""
    for part in walk(method.node):
        match part:
            case ast.Subscript(value=ast.Name(id=name), ctx=ast.Store()) if name == own:
                return True
            case ast.Call(func=ast.Attribute(attr=attr)) if attr in MUTATORS:
                return True
            case _:
                pass
    return False


def _is_constant(definitions: Definitions, value: Placed) -> bool:
    """Whether what a ``defaultdict`` puts in is a value that cannot change."""
    module, node = value
    match node:
        case ast.Call(args=[ast.Lambda(body=ast.Constant()), *_]):
            return True
        case ast.Call(args=[ast.Name() as factory, *_]):
            return str(definitions.world.resolve(module, factory)) in _CONSTANT
        case _:
            return False


def _is_looked_into(definitions: Definitions, symbol: Symbol) -> bool:
    """Whether anything but a look-up of one key mentions a name, or may do so elsewhere."""
    modules = definitions.world.modules
    if any(
        found.name == symbol.name and found.module == symbol.module and module != symbol.module
        for module, names in modules.items()
        for found in names.imports
    ):
        return True
    tree = modules[symbol.module].source.tree
    looked_up = {id(part.value) for part in walk(tree) if isinstance(part, ast.Subscript)}
    return "." in symbol.name or any(
        isinstance(part, ast.Name)
        and part.id == symbol.name
        and isinstance(part.ctx, ast.Load)
        and id(part) not in looked_up
        for part in walk(tree)
    )
