"""Results that take a mapping's keys, or copies of what it holds, and not its values."""

import ast
from collections.abc import Iterator
from typing import Final

from seamline.interface.application import Application
from seamline.interface.functions import Definition
from seamline.interface.names import Symbol

_TAKING: Final = ("list", "sorted", "tuple", "set", "frozenset", "max", "min", "next", "iter")
_COPYING: Final = ("list", "sorted", "tuple", "set", "frozenset", "dict", "len", "str", "bool")
_MAPPINGS: Final = frozenset(
    {"builtins.dict", "collections.defaultdict", "collections.OrderedDict", "collections.Counter"}
)


def takes_keys(application: Application, definition: Definition, symbol: Symbol) -> bool:
    """Whether every result that comes of a mapping holds its keys, or copies of its values.

    Args:
        application: What was read.
        definition: Whose results.
        symbol: The mapping, a piece of state; for anything else the answer is no.
    """
    if not _is_mapping(application, symbol):
        return False
    values = [
        value
        for origins, value in application.bodies[definition].returns
        if any(origin.kind == "symbol" and origin.symbol == symbol for origin in origins)
    ]
    return bool(values) and all(map(_is_of_keys, values))


def _is_mapping(application: Application, symbol: Symbol) -> bool:
    """Whether all that a module binds to a name are dictionaries."""
    world = application.definitions.world
    bindings = world.modules[symbol.module].assigned.get(symbol.name, ())
    values = [binding.value for binding in bindings]
    return bool(values) and all(
        isinstance(value, (ast.Dict, ast.DictComp))
        or (
            isinstance(value, ast.Call)
            and str(world.resolve(symbol.module, value.func)) in _MAPPINGS
        )
        for value in values
    )


def _is_of_keys(value: ast.expr) -> bool:
    match value:
        case ast.Call(func=ast.Name(id=name), args=[inner, *_]) if name in _TAKING:
            return _is_plain(inner) or _is_of_keys(inner)
        case ast.List(elts=[ast.Starred(value=inner)]) | ast.Set(elts=[ast.Starred(value=inner)]):
            return _is_plain(inner)
        case ast.ListComp(elt=taken) | ast.SetComp(elt=taken) | ast.GeneratorExp(elt=taken):
            return _is_copied(taken, value.generators)
        case ast.DictComp(value=taken):
            return _is_copied(taken, value.generators)
        case _:
            return False


def _is_plain(value: ast.expr) -> bool:
    """Whether an expression is a mapping by its name, or ``.keys()`` of it: it gives its keys."""
    match value:
        case ast.Call(func=ast.Attribute(value=inner, attr="keys"), args=[]):
            return _is_plain(inner)
        case ast.Name() | ast.Attribute():
            return True
        case _:
            return False


def _is_copied(taken: ast.expr, generators: list[ast.comprehension]) -> bool:
    """Whether what a comprehension takes is a key, or a copy of what a name of it holds."""
    names = set(_keys_of(generators[0])) if len(generators) == 1 else set[str]()
    match taken:
        case ast.Name(id=name):
            return name in names
        case ast.Call(func=ast.Name(id=made), args=[ast.Name()]):
            return made in _COPYING
        case _:
            return False


def _keys_of(generator: ast.comprehension) -> Iterator[str]:
    match generator.iter, generator.target:
        case ast.Call(func=ast.Attribute(attr="items"), args=[]), ast.Tuple(elts=[key, _]):
            if isinstance(key, ast.Name):
                yield key.id
        case iterated, ast.Name(id=name) if _is_plain(iterated):
            yield name
        case _:
            return
