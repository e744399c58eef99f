"""Names of modules that are looked up by text: ``globals()["X"]``, ``getattr(module, name)``.

A text that is only known while the code runs stands for every name it may be: ``*``, or
``do_*`` where it begins with ``do_``.
"""

import ast
from collections.abc import Iterable, Iterator
from typing import Final

from seamline.interface.known import is_stdlib
from seamline.interface.names import Symbol, World

#: The name under which a module's namespace is one of its own names.
NAMESPACE: Final = "__dict__"
_ANY: Final = "*"
_BY_TEXT: Final = frozenset({"importlib.import_module", "builtins.__import__"})
#: What finds a name by its text.
LOOKUPS: Final = _BY_TEXT | {"builtins.globals", "builtins.vars", "builtins.getattr"}

#: What binds a name by its text.
ASSIGNING: Final = frozenset({"builtins.setattr", "builtins.delattr"}) | {
    f"builtins.{owner}.{method}"
    for owner in ("object", "type")
    for method in ("__setattr__", "__delattr__")
}
_EVALUATING: Final = frozenset({"builtins.exec", "builtins.eval"})


def is_namespace(symbol: Symbol) -> bool:
    """Whether it is the dictionary of a module's names."""
    return bool(symbol.module) and symbol.name == NAMESPACE


def is_pattern(symbol: Symbol) -> bool:
    """Whether it stands for every name that begins with a text."""
    return bool(symbol.module) and symbol.name.endswith(_ANY)


def matching(symbol: Symbol, names: Iterable[str]) -> Iterator[str]:
    """Yield the names that a pattern stands for."""
    start = symbol.name.removesuffix(_ANY)
    yield from (name for name in names if name.startswith(start) and not name.startswith("__"))


def text_of(node: ast.expr) -> str:
    """Return the name that an expression is, or what it begins with, followed by ``*``."""
    match node:
        case ast.Constant(value=str() as text):
            return text
        case ast.JoinedStr(values=[ast.Constant(value=str() as text), *_]):
            return text + _ANY
        case ast.BinOp(left=ast.Constant(value=str() as text), op=ast.Add()):
            return text + _ANY
        case _:
            return _ANY


def entry(world: World, symbol: Symbol, node: ast.expr) -> Symbol:
    """Return the name that a look-up in a module's namespace, or on it, finds."""
    text = text_of(node)
    if text.endswith(_ANY):
        return Symbol(symbol.module, text)
    return world.attribute(Symbol(symbol.module, ""), text)


def module_by_text(world: World, module: str, node: ast.expr) -> Symbol | None:
    """Return the module that ``sys.modules[...]`` or ``import_module(...)`` is asked for."""
    match node:
        case ast.Constant(value=str() as text) if text in world.modules:
            return Symbol(text, "")
        case ast.Name(id="__name__"):
            return Symbol(module, "")
        case _:
            return None


def looked_up(world: World, module: str, callee: Symbol, node: ast.Call) -> Symbol | None:
    """Return what a call of the built-ins finds by text, as far as its callee alone says."""
    dotted = str(callee)
    if dotted == "builtins.globals" and not node.args:
        return Symbol(module, NAMESPACE)
    if dotted in _BY_TEXT and node.args:
        return module_by_text(world, module, node.args[0])
    return None


def any_of(symbol: Symbol) -> Symbol:
    """Return what stands for every name of a symbol's module."""
    return Symbol(symbol.module, _ANY)


def bound_by_text(world: World, owners: Iterable[Symbol], node: ast.Call) -> Iterator[Symbol]:
    """Yield what ``setattr(owner, "name", value)`` binds, of modules and classes."""
    for owner in owners if len(node.args) > 1 else ():
        if owner.module and not owner.name:
            yield entry(world, owner, node.args[1])
        elif owner.module and not text_of(node.args[1]).endswith(_ANY):
            yield world.attribute(owner, text_of(node.args[1]))
        elif not owner.module:
            yield Symbol("", f"{owner.name}.{text_of(node.args[1])}")


def bound_in(world: World, space: Symbol, method: str, node: ast.Call) -> Iterator[Symbol]:
    """Yield what ``globals().update(name=value)`` and the like bind."""
    keys: list[ast.expr | None] = [ast.Constant(k.arg) for k in node.keywords if k.arg]
    for argument in node.args[:1]:
        is_display = method == "update" and isinstance(argument, ast.Dict)
        keys += argument.keys if is_display and isinstance(argument, ast.Dict) else [argument]
    yield from (any_of(space) if key is None else entry(world, space, key) for key in keys)
    if not keys:
        yield any_of(space)


def runs_elsewhere(names: set[str]) -> bool:
    """Whether code that is given a namespace may look names up in it, by its dotted names.

    Of the standard library only ``eval`` and ``exec`` do.
    """
    return all(name in _EVALUATING or not is_stdlib(name) for name in names)
