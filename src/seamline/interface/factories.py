"""What making an instance uses: ``field(default_factory=..)`` runs for each one."""

import ast
from collections.abc import Iterator, Mapping
from typing import Final

from seamline.interface.body import Body, Use
from seamline.interface.functions import Class, Definition, Definitions
from seamline.interface.iterating import changes_when_used
from seamline.interface.names import Symbol
from seamline.interface.walking import walk

_KEYWORDS: Final = ("default_factory", "factory")
_FACTORIES: Final = ("attr.Factory", "attrs.Factory")


def note_factories(definitions: Definitions, bodies: Mapping[Definition | str, Body]) -> None:
    """Let bodies that make instances of a class use what the defaults of its fields use."""
    used: dict[Symbol, frozenset[Symbol]] = {}
    for cls in definitions.classes.values():
        found = frozenset(_used(definitions, cls))
        if found:
            used[cls.symbol] = found
    for body in bodies.values() if used else ():
        for call in body.calls:
            for origin in call.callee:
                if origin.kind == "symbol" and origin.level == "whole" and not call.stored:
                    uses = used.get(origin.symbol, ())
                    body.uses.extend(Use(symbol, call.line, "read") for symbol in uses)


def _used(definitions: Definitions, cls: Class) -> Iterator[Symbol]:
    """Yield the names that the defaults of a class's fields look up for each instance."""
    for owner in definitions.ancestry(cls):
        if not isinstance(owner, Class):
            continue
        yield from (symbol for symbol, _ in _held_by_fields(definitions, owner))
        for _, factory in _factories(definitions, owner):
            yield from _named(definitions, owner.module, factory)


def _named(definitions: Definitions, module: str, factory: ast.expr) -> Iterator[Symbol]:
    """Yield the names of the application that an expression looks up."""
    for part in walk(factory):
        if isinstance(part, (ast.Name, ast.Attribute)):
            found = definitions.world.resolve(module, part)
            if found is not None and found.module and found.name:
                yield found


def own_iterators(definitions: Definitions) -> Iterator[tuple[Symbol, int]]:
    """Yield iterators that only the default of a field holds, by name, with the line."""
    for cls in definitions.classes.values():
        if not definitions.world.modules[cls.module].source.test:
            for symbol, value in _held_by_fields(definitions, cls):
                yield symbol, value.lineno


def _held_by_fields(definitions: Definitions, cls: Class) -> Iterator[tuple[Symbol, ast.expr]]:
    for symbol, factory in _factories(definitions, cls):
        is_named = any(_named(definitions, cls.module, factory))
        if not is_named and changes_when_used(definitions.world, cls.module, factory):
            yield symbol, factory


def _factories(definitions: Definitions, cls: Class) -> Iterator[tuple[Symbol, ast.expr]]:
    """Yield what makes the defaults of a class's fields, under the name it has as state.

    The name is no attribute of the class: that of the field may be an instance's own.
    """
    for name, value in cls.assigned.items() if "." not in cls.name else ():
        factory = _factory(definitions, cls.module, value)
        if factory is not None:
            yield Symbol(cls.module, f"{cls.name}.__init__.{name}"), factory


def _factory(definitions: Definitions, module: str, value: ast.expr) -> ast.expr | None:
    if not isinstance(value, ast.Call):
        return None
    if str(definitions.world.resolve(module, value.func)) in _FACTORIES and value.args:
        return value.args[0]
    for keyword in value.keywords:
        if keyword.arg in _KEYWORDS:
            return keyword.value
        if keyword.arg == "default":
            return _factory(definitions, module, keyword.value)
    return None
