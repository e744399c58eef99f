"""Which decorators give a function to nobody but those who call it by its name."""

import ast
from collections.abc import Iterator
from typing import Final

from seamline.interface.functions import Definition, Definitions
from seamline.interface.names import Symbol
from seamline.interface.walking import Def, walk

# Decorators that give nobody but its callers the function.
_PLAIN: Final = frozenset(
    {"staticmethod", "classmethod", "property", "setter", "deleter", "cached_property", "wraps"}
    | {"cache", "lru_cache", "contextmanager", "asynccontextmanager", "abstractmethod", "override"}
)
# Libraries that run what they decorate for a command line: in no process that hosts a package.
_COMMANDS: Final = ("click.", "typer.", "flask.cli.")
# What may be asked of a function without keeping it.
_ASKING: Final = frozenset(
    {"functools.wraps", "functools.update_wrapper", "asyncio.iscoroutinefunction"}
    | {f"builtins.{name}" for name in ("getattr", "hasattr", "setattr", "callable", "repr", "id")}
    | {"builtins.isinstance", "builtins.str", "builtins.type"}
)
_DEFS: Final = (ast.FunctionDef, ast.AsyncFunctionDef)


def is_handed_on(definitions: Definitions, definition: Definition) -> bool:
    """Whether a decorator of a function may hand it to who calls it without naming it."""
    pairs = zip(definition.decorators, definition.node.decorator_list, strict=True)
    return any(not _is_plain(definitions, symbol, node) for symbol, node in pairs)


def is_command(target: Definition | str) -> bool:
    """Whether a command line runs it, and no process that hosts a package."""
    decorators = target.decorators if isinstance(target, Definition) else ()
    return any(str(symbol).startswith(_COMMANDS) for symbol in decorators)


def _is_plain(definitions: Definitions, symbol: Symbol | None, node: ast.expr) -> bool:
    if symbol is None:
        return False
    if symbol.name.rpartition(".")[2] in _PLAIN or str(symbol).startswith(_COMMANDS):
        return True
    is_called = isinstance(node, ast.Call)
    if symbol in definitions.classes and is_called:
        own = definitions.methods_of(definitions.classes[symbol], "__call__")
        return bool(own) and not any(_keeps(definitions, one, made=False) for one in own)
    own = definitions.functions.get(symbol, [])
    return bool(own) and not any(_keeps(definitions, one, made=is_called) for one in own)


def _keeps(definitions: Definitions, decorator: Definition, *, made: bool) -> bool:
    """Whether a decorator does more with a function than to call it and to return it, wrapped.

    Args:
        definitions: Those of the application.
        decorator: The decorator, or what makes it.
        made: Whether a call of it makes the decorator: ``@logged("name")``.
    """
    nested = [one for one in walk(decorator.node) if isinstance(one, _DEFS)]
    wrappers = {one.name for one in nested if one is not decorator.node}
    given = set(_first(decorator.node, is_method=decorator.owner is not None))
    if made:
        given |= {name for one in nested if one in decorator.node.body for name in _first(one)}
    parents = {child: one for one in walk(decorator.node) for child in ast.iter_child_nodes(one)}
    resolve = definitions.world.resolve
    for one, parent in parents.items():
        if not isinstance(one, ast.Name) or one.id not in given | wrappers:
            continue
        match parent:
            case ast.Attribute() | ast.Return() | ast.Compare() | ast.arg():
                continue
            case ast.Call() as call if call.func is one:
                continue
            case ast.Call(func=ast.Name(id=name)) if name in wrappers:
                continue
            case ast.Call(func=func) if _is_asking(resolve(decorator.module, func)):
                continue
            case ast.IfExp() as either if isinstance(parents[either], ast.Return):
                continue
            case _:
                return True
    return False


def _is_asking(symbol: Symbol | None) -> bool:
    return str(symbol) in _ASKING or str(symbol).startswith("inspect.")


def _first(node: Def, *, is_method: bool = False) -> Iterator[str]:
    """Yield the parameter that takes the function: the first, behind ``self``."""
    args = [*node.args.posonlyargs, *node.args.args]
    yield from (arg.arg for arg in args[is_method : is_method + 1])
