"""Objects of libraries that an application only reads: what is called on them changes nothing."""

import ast
from collections.abc import Iterable, Mapping
from typing import Final

from seamline.interface.body import MUTATORS, Body
from seamline.interface.facts import StateMap
from seamline.interface.foreign import Foreign, roots, touches
from seamline.interface.functions import Definition, Definitions
from seamline.interface.known import is_stdlib
from seamline.interface.names import Symbol, World

# Methods of values that change nothing.
_READING: Final = frozenset(
    name
    for kind in (str, bytes, dict, list, tuple, frozenset)
    for name in dir(kind)
    if not name.startswith("__") and name not in MUTATORS
) | {"__getitem__", "__contains__", "__iter__", "__len__"}
_LOOKING: Final = frozenset(
    {"len", "isinstance", "type", "str", "repr", "list", "tuple", "sorted"}
)
_BUILTIN: Final = frozenset({"dict", "list", "OrderedDict", "tuple", "frozenset", "set", "str"})
_MAKING: Final = ("__init__", "__new__", "__post_init__")
_PLAIN: Final = frozenset({"staticmethod", "classmethod", "property"})

Function = ast.FunctionDef | ast.AsyncFunctionDef


def drop_read(
    definitions: Definitions,
    bodies: Mapping[Definition | str, Body],
    foreign: Foreign,
    state: StateMap,
) -> None:
    """Take names out of the state that hold an object of a library which is only read."""
    for symbol, fact in list(state.facts.items()):
        if fact.changed or fact.escapes or fact.resource or fact.moment:
            continue
        made = _classes(definitions.world, foreign, symbol)
        methods = methods_used(definitions.world, bodies, symbol) if made else None
        if methods is not None and all(Reading(foreign, one).only_reads(methods) for one in made):
            del state.facts[symbol]


def _classes(world: World, foreign: Foreign, symbol: Symbol) -> set[str]:
    """Return the classes of libraries that a name holds objects of, if all it holds are such."""
    bindings = world.modules[symbol.module].assigned.get(symbol.name, ())
    values = [one.value for one in bindings if not isinstance(one.value, ast.Constant)]
    found: set[str] = set()
    for value in foreign.made(world, symbol.module, [one for one in values if one is not None]):
        made = world.resolve(symbol.module, value.func) if isinstance(value, ast.Call) else None
        if made is None or made.module or is_stdlib(made.name):
            return set()
        found.add(made.name)
    return set() if None in values else found


def methods_used(
    world: World, bodies: Mapping[Definition | str, Body], name: Symbol
) -> set[str] | None:
    """Return the methods that are called on what a module-level name holds, special ones too.

    Returns:
        Those called after its module is imported; None where it is used in any other way.
    """
    found: set[str] = set()
    for module, lines in _mentions(world, bodies, name).items():
        parents = {c: p for p in ast.walk(_tree(world, module)) for c in ast.iter_child_nodes(p)}
        for node in parents:
            if isinstance(node, (ast.Name, ast.Attribute)) and isinstance(node.ctx, ast.Load):
                if world.resolve(module, node) != name:
                    continue
                methods = _methods(world, module, node, parents, lines)
                if methods is None:
                    return None
                lines.discard(node.lineno)
                if module != name.module or _function_around(node, parents) is not None:
                    found |= methods
        if lines:
            return None  # looked up by a text, or imported in a function
    return found


def _mentions(
    world: World, bodies: Mapping[Definition | str, Body], name: Symbol
) -> dict[str, set[int]]:
    """Return the lines that mention a name, tests and the assignments of it aside, by module."""
    found: dict[str, set[int]] = {}
    for body in bodies.values():
        for use in body.uses:
            if use.symbol.module == name.module and use.symbol.name.split(".")[0] == name.name:
                found.setdefault(body.module, set()).add(use.line)
    if name.module in found:
        found[name.module] -= {
            one.line for one in world.modules[name.module].assigned.get(name.name, ())
        }
    return {each: found[each] for each in found if not world.modules[each].source.test}


def _tree(world: World, module: str) -> ast.Module:
    return world.modules[module].source.tree


def _methods(
    world: World,
    module: str,
    node: ast.expr,
    parents: Mapping[ast.AST, ast.AST],
    lines: set[int],
) -> set[str] | None:
    """Return the methods that a use calls, if it does no more; also by a name of its function.

    The lines of uses by that name are taken out of ``lines``.
    """
    match parents[node]:
        case ast.Assign(targets=[ast.Name(id=local)]) as bound:
            function = _function_around(bound, parents)
            if function is None or _is_shared(function, local):
                return None
            uses = [
                part
                for part in ast.walk(function)
                if isinstance(part, ast.Name) and part.id == local
                if isinstance(part.ctx, ast.Load)
            ]
            lines.difference_update(part.lineno for part in uses)
            used = [_used_by(world, module, part, parents) for part in uses]
            methods = {method for method in used if method is not None}
            return None if None in used else methods
        case _:
            method = _used_by(world, module, node, parents)
            return None if method is None else {method}


def _is_shared(function: ast.AST, local: str) -> bool:
    """Whether a name of a function may be one of the module's."""
    return any(
        isinstance(part, (ast.Global, ast.Nonlocal)) and local in part.names
        for part in ast.walk(function)
    )


def _used_by(
    world: World, module: str, node: ast.expr, parents: Mapping[ast.AST, ast.AST]
) -> str | None:
    """Return the method that the use of an object calls, if it does no more than that."""
    parent = parents[node]
    method: str | None = None
    match parent:
        case ast.Attribute(ctx=ast.Load()):
            around = parents.get(parent)
            method = (
                parent.attr if isinstance(around, ast.Call) and around.func is parent else None
            )
        case ast.Subscript(value=value, ctx=ast.Load()) if value is node:
            method = "__getitem__"
        case ast.Compare(ops=[ast.In() | ast.NotIn()], comparators=[value]) if value is node:
            method = "__contains__"
        case ast.For(iter=value) | ast.comprehension(iter=value) if value is node:
            method = "__iter__"
        case ast.Call(func=value) if value is node:
            method = "__call__"
        case ast.Call(func=ast.Name(id="len")):
            is_builtin = world.resolve(module, parent.func) == Symbol("", "builtins.len")
            method = "__len__" if is_builtin else None
        case _:
            pass
    return method


def _function_around(node: ast.AST, parents: Mapping[ast.AST, ast.AST]) -> ast.AST | None:
    """Return the function or lambda that runs a node; None for what importing runs."""
    while node in parents:
        node = parents[node]
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
            return node
    return None


class Reading:
    """What methods of one class of a library do to their object, by the source of all its bases.

    Args:
        foreign: Finds the classes.
        dotted: The class.
    """

    def __init__(self, foreign: Foreign, dotted: str) -> None:
        self._methods: dict[str, list[Function]] = {}
        self._has_builtin = False
        self._is_known = True
        self._seen: set[str] = set()
        for found in foreign.ancestry(dotted):
            self._is_known &= found is not None
            if isinstance(found, str):
                self._is_known &= found in _BUILTIN
                self._has_builtin = True
            elif found is not None:
                self._add(found)

    def _add(self, cls: ast.ClassDef) -> None:
        self._is_known &= not cls.decorator_list
        for part in cls.body:
            if isinstance(part, (ast.FunctionDef, ast.AsyncFunctionDef)):
                self._methods.setdefault(part.name, []).append(part)

    def only_reads(self, methods: Iterable[str]) -> bool:
        """Whether these methods certainly leave the object as it was made."""
        if not self._is_known or "__getattribute__" in self._methods:
            return False
        making = (one for name in _MAKING for one in self._methods.get(name, ()))
        return not any(map(self._gives_away, making)) and all(map(self._reads, methods))

    def _reads(self, name: str) -> bool:
        if name in self._seen:
            return True
        self._seen.add(name)
        is_missing = name == "__getitem__" and "__missing__" in self._methods
        if is_missing and not self._reads("__missing__"):
            return False
        found = self._methods.get(name, ())
        if not found:
            return self._has_builtin and name in _READING
        return all(map(self._leaves, found))

    def _leaves(self, method: Function) -> bool:
        """Whether one method leaves its object alone, as does what it calls of it."""
        if any(ast.unparse(one) not in _PLAIN for one in method.decorator_list):
            return False
        if not method.args.args:
            return True
        own = _names_of(method, method.args.args[0].arg)
        return not self._gives_away(method) and not any(
            isinstance(part, (ast.Global, ast.Nonlocal))
            or any(touches(part, name) for name in own)
            or (isinstance(part, ast.Call) and not self._is_harmless(part, own))
            for part in ast.walk(method)
        )

    def _is_harmless(self, call: ast.Call, own: set[str]) -> bool:
        given = [*call.args, *(one.value for one in call.keywords)]
        if any(roots(one, name) for one in given for name in own):
            return isinstance(call.func, ast.Name) and call.func.id in _LOOKING
        match call.func:
            case ast.Attribute(value=ast.Call(func=ast.Name(id="super")), attr=name):
                return self._reads(name) and (not self._has_builtin or name in _READING)
            case ast.Attribute(value=ast.Name(id=receiver), attr=name) if receiver in own:
                return self._reads(name)
            case function:
                is_own = any(roots(function, name) for name in own)
                return not is_own or getattr(function, "attr", "") in _READING

    def _gives_away(self, method: Function) -> bool:
        """Whether a method hands out its object, or a method that is bound to it."""
        own = method.args.args[0].arg if method.args.args else ""
        parents = {c: p for p in ast.walk(method) for c in ast.iter_child_nodes(p)}
        for node, parent in parents.items():
            if not (isinstance(node, ast.Name) and node.id == own):
                continue
            around = parents.get(parent)
            is_called = isinstance(around, ast.Call) and around.func is parent
            match parent:
                case ast.Attribute(attr=name):
                    if name in self._methods and not is_called:
                        return True
                case ast.Call(func=ast.Name(id=name)) if name in _LOOKING:
                    pass
                case ast.Subscript() | ast.Compare() | ast.For() | ast.comprehension():
                    pass
                case _:
                    return True
        return False


def _names_of(method: Function, own: str) -> set[str]:
    """Return the local names of the object, and of what is taken out of it."""
    return {own} | {
        target.id
        for part in ast.walk(method)
        if isinstance(part, ast.Assign) and roots(part.value, own)
        for target in part.targets
        if isinstance(target, ast.Name)
    }
