"""What records hold that cannot cross: the fields of dataclasses and their like."""

import ast
from collections.abc import Iterable, Iterator
from typing import Final

from seamline.interface.body import Body
from seamline.interface.crossing import Obstacle, Types, known_obstacle
from seamline.interface.elements import element_classes
from seamline.interface.functions import Class
from seamline.interface.known import is_stdlib, named
from seamline.interface.names import Symbol
from seamline.interface.origins import Origin
from seamline.interface.typenames import CROSSING, UNSENDABLE

# A field is of one of several types, or belongs to the class.
_NO_TYPE_OF_ALL: Final = frozenset(
    {"builtins.None", "typing.Optional", "typing.Union", "typing.Any"}
)
_OF_CLASS: Final = frozenset({"typing.ClassVar", "dataclasses.InitVar"})
#: Calls that say of a field what it is, and how they name what makes its value.
_DESCRIBING: Final = frozenset({"field", "Field", "ib", "attrib"})
_FACTORIES: Final = frozenset({"default_factory", "factory"})


def held_obstacle(types: Types, records: Iterable[Symbol]) -> Obstacle | None:
    """Return why a record of one of these classes may not cross: a field that cannot.

    A field that may be ``None`` says nothing; where one has a value at first, that says it.
    """
    seen: set[Symbol] = set()
    waiting = list(records)
    while waiting:
        symbol = waiting.pop()
        if symbol in seen or types.kind(symbol) not in ("value", "frozen"):
            continue
        seen.add(symbol)
        for cls, name, annotation in _fields(types, symbol):
            value = _first(cls.assigned.get(name))
            found = _of_field(types, cls.module, annotation, value)
            if found is not None and found.what != "a callable":
                of = f"{found.type} ({cls.name}.{name})"
                return found._replace(type=of, optional=True)
            if value is None:
                waiting += types.leaves(cls.module, annotation)
    return None


_NEW: Final = (
    "a new object of a class without fields",
    "make the class a dataclass, or return an object that a module holds",
)
_EXTENDED: Final = (
    "an object with what its class of the standard library holds",
    "send the values you need from it",
)
# Classes of the standard library that hold nothing, and those whose subclasses cross by value.
_EMPTY: Final = ("builtins.object", "abc.", "typing.", "collections.abc.", "contextlib.")
_FILLED: Final = ("collections.", "builtins.bytearray", "builtins.frozenset",
                  "types.SimpleNamespace")  # fmt: skip


def given_obstacle(types: Types, origin: Origin) -> Obstacle | None:
    """Return why an object of the application's, or a class of a library's, cannot cross."""
    if origin.kind == "symbol" and is_class_of_library(types, origin.symbol):
        name = origin.symbol.name.rpartition(".")[2]
        return Obstacle(f"the class {name}", "a class of a library", "return its name")
    if origin.kind != "instance":
        return None
    return _instance_obstacle(types, origin.symbol, is_itself=origin.level == "whole")


def is_class_of_library(types: Types, symbol: Symbol | None) -> bool:
    """Whether a name stands for a class in the source of a library; exceptions may cross."""
    if symbol is None or symbol.module or is_stdlib(symbol.name):
        return False
    module, _, name = symbol.name.rpartition(".")
    found = types.foreign.class_in(module, name) if module else None
    return found is not None and not any(
        text.endswith(("Error", "Exception", "Warning"))
        for text in (name, *map(ast.unparse, found[1].bases))
    )


def _instance_obstacle(types: Types, symbol: Symbol, *, is_itself: bool = True) -> Obstacle | None:
    held = held_obstacle(types, [symbol])
    if held is not None:
        return held._replace(where="its result holds")
    kind = types.kind(symbol)
    if kind == "framework":
        kind = types.kind_of_one(symbol)
    cls = types.definitions.class_of(symbol)
    # One that a module holds crosses as what stands there.
    is_new = is_itself and kind == "stateless"
    if is_new and cls is not None and "__new__" not in cls.methods:
        return _unfilled_obstacle(types, symbol, cls)
    return types.of_kind(symbol, kind)


def _unfilled_obstacle(types: Types, symbol: Symbol, cls: Class) -> Obstacle | None:
    """Return why an object cannot cross that has only what its bases may hold."""
    above = (str(base) for base in types.definitions.ancestry(cls) if isinstance(base, Symbol))
    holding = [base for base in above if is_stdlib(base) and not named(base, _EMPTY)]
    if any(named(base, _FILLED) for base in holding):
        return None
    return Obstacle(symbol.name.rpartition(".")[2], *(_EXTENDED if holding else _NEW))


def element_obstacles(types: Types, body: Body, value: ast.expr) -> list[Obstacle]:
    """Return why elements of a table that a function returns cannot, or may not, cross."""
    made = element_classes(types.definitions.world, body, value)
    found = [one for cls in sorted(made) if (one := _instance_obstacle(types, cls)) is not None]
    is_each = len(found) == len(made)
    return [one._replace(optional=one.optional or not is_each) for one in found]


def says_little(types: Types, module: str, annotation: ast.expr | None) -> bool:
    """Whether a type names a class that others fill in: what is returned says what crosses."""
    named = types.leaves(module, annotation)
    return any(types.kind(symbol) in ("stateless", "protocol") for symbol in named)


def _fields(types: Types, symbol: Symbol) -> Iterator[tuple[Class, str, ast.expr]]:
    """Yield the fields that each object of a record has."""
    cls = types.definitions.class_of(symbol)
    above = () if cls is None else types.definitions.ancestry(cls)
    for found in (one for one in above if isinstance(one, Class)):
        for name, annotation in found.fields.items():
            if not _OF_CLASS.intersection(map(str, types.leaves(found.module, annotation))):
                yield found, name, annotation


def _of_field(
    types: Types, module: str, annotation: ast.expr, value: ast.expr | None
) -> Obstacle | None:
    """Return why what a field holds cannot cross, by its type or by its value at first."""
    leaves = types.leaves(module, annotation)
    is_told = not _NO_TYPE_OF_ALL.intersection(map(str, leaves))
    if value is None:
        return types.obstacle(module, annotation, result=True) if is_told else None
    made = _maker(types, module, value)
    if made is None:
        return None
    if str(made) in UNSENDABLE and str(made) not in CROSSING:
        return known_obstacle(str(made), UNSENDABLE[str(made)])
    is_function = made in types.definitions.functions
    return types.of_kind(leaves[0] if is_function and is_told and leaves else made)


def _first(value: ast.expr | None) -> ast.expr | None:
    """Return what a field holds at first; None if that is what its maker is given."""
    if not isinstance(value, ast.Call) or _last_name(value.func) not in _DESCRIBING:
        return value
    for keyword in value.keywords:
        if keyword.arg in _FACTORIES:
            if isinstance(keyword.value, ast.Lambda):
                return keyword.value.body
            return ast.Call(keyword.value, [], [])
        if keyword.arg == "default":
            return keyword.value
    given = value.args[0] if value.args else None
    return None if isinstance(given, ast.Constant) and given.value is Ellipsis else given


def _maker(types: Types, module: str, value: ast.expr) -> Symbol | None:
    """Return the class or function whose call a value is, also by a name of a module."""
    if isinstance(value, ast.Call):
        return types.world.resolve(module, value.func)
    symbol = types.world.resolve(module, value)
    if symbol is None or symbol.module not in types.world.modules:
        return None
    bound = types.world.modules[symbol.module].assigned.get(symbol.name, [])
    made = bound[0].value if len(bound) == 1 else None
    return types.world.resolve(symbol.module, made.func) if isinstance(made, ast.Call) else None


def _last_name(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else str(getattr(node, "id", ""))
