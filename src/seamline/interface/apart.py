"""Objects without attributes: what a function changes of what they give is not their state."""

import ast
from collections.abc import Iterable, Mapping
from typing import Final

from seamline.interface.body import Body, Changed
from seamline.interface.crossing import Types
from seamline.interface.functions import Class, Definition
from seamline.interface.known import CONTAINERS
from seamline.interface.names import Symbol
from seamline.interface.origins import Origin

# Decorators under which a method gives what its body returns, each time.
_PLAIN: Final = frozenset(
    {"abc.abstractmethod", "builtins.classmethod", "builtins.property", "builtins.staticmethod"}
)


def changed_with(
    types: Types,
    bodies: Mapping[Definition | str, Body],
    name: Symbol,
    changes: Iterable[Changed],
) -> set[Symbol]:
    """Return the names of modules that are changed where what one of them holds is changed so.

    It is that name, but for an instance of a class of the application which has no attributes
    and whose methods gave what is changed: new objects, or what other names hold.

    Args:
        types: Those of the application.
        bodies: What its functions do.
        name: A name of a module, or of a part of one.
        changes: What is changed of it.
    """
    found: set[Symbol] = set()
    symbol = Symbol(name.module, name.name.partition(".")[0])
    cls = _without_attributes(types, symbol)
    for change in changes:
        given = None if cls is None else _given(types, bodies, cls, change)
        found |= {symbol} if given is None else given
    return found


def _without_attributes(types: Types, symbol: Symbol) -> Class | None:
    """Return the class of whose instances a name always holds one, if they have no attributes."""
    bindings = types.world.modules[symbol.module].assigned.get(symbol.name, ())
    made = {
        types.world.resolve(symbol.module, binding.value.func)
        if isinstance(binding.value, ast.Call)
        else None
        for binding in bindings
    }
    only = made.pop() if len(made) == 1 else None
    if only is None or types.kind(only) != "stateless":
        return None
    return types.definitions.classes.get(only)


def _given(
    types: Types, bodies: Mapping[Definition | str, Body], cls: Class, change: Changed
) -> set[Symbol] | None:
    """Return the names that hold what the methods of a class give; None where nobody knows."""
    above = types.definitions.ancestry(cls)
    owners = [found for found in above if isinstance(found, Class)]
    others = {str(found) for found in above if not isinstance(found, Class)}
    if not types.definitions.methods_of(cls, change.taken) or others - {"builtins.object"}:
        return None
    methods = [one for owner in owners for many in owner.methods.values() for one in many]
    if any(str(symbol) not in _PLAIN for one in methods for symbol in one.decorators):
        return None  # one may keep what it gave, and give that again
    found: set[Symbol] = set()
    for origin in (o for one in methods for origins, _ in bodies[one].returns for o in origins):
        if not _is_new(origin, change):
            held = Symbol(origin.symbol.module, origin.symbol.name.partition(".")[0])
            names = types.world.modules.get(held.module)
            if origin.kind != "symbol" or names is None or held.name not in names.assigned:
                return None
            found.add(held)
    return found


def _is_new(origin: Origin, change: Changed) -> bool:
    """Whether what is changed was made by the method that gave it."""
    if change.level != "whole":
        return False  # what is in it may be older
    if origin.kind == "call":
        return not origin.symbol.module and origin.symbol.name in CONTAINERS
    return origin.level == "copy" or origin.kind == "instance"
