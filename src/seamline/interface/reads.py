"""Objects of libraries that an application only reads: what is called on them changes nothing."""

import ast
from collections.abc import Iterable, Mapping
from typing import Final

from seamline.interface.body import MUTATORS, Body
from seamline.interface.facts import StateMap
from seamline.interface.foreign import Foreign, touches
from seamline.interface.functions import Definition, Definitions
from seamline.interface.known import is_stdlib
from seamline.interface.names import Symbol, World
from seamline.interface.taking import Function, bindings, is_out_of, names_of, parameters
from seamline.interface.walking import children, parents_in, walk

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
_SPECIAL: Final = {
    "len": ("__len__",),
    "list": ("__iter__",),
    "tuple": ("__iter__",),
    "sorted": ("__iter__",),
    "str": ("__str__", "__repr__"),
    "repr": ("__repr__",),
}
_MAKING: Final = ("__init__", "__new__", "__post_init__")
_LOOKED_UP: Final = frozenset({"__getattribute__", "__getattr__"})
_PLAIN: Final = frozenset({"staticmethod", "classmethod", "property"})

_DICTIONARIES: Final = (ast.Dict, ast.DictComp)


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
        parents = parents_in(_tree(world, module))
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
                for part in walk(function)
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
        for part in walk(function)
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
            is_called = isinstance(around, ast.Call) and around.func is parent
            method = parent.attr if is_called and not _is_changed(around, parents) else None
        case ast.Subscript(value=value, ctx=ast.Load()) if value is node:
            method = None if _is_changed(parent, parents) else "__getitem__"
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


def _is_changed(node: ast.AST | None, parents: Mapping[ast.AST, ast.AST]) -> bool:
    """Whether what a call gives is changed there, or by a name that it is given."""
    while node is not None:
        match parents.get(node):
            case ast.Attribute() | ast.Subscript() as parent if parent.value is node:
                call = parents.get(parent)
                if not isinstance(parent.ctx, ast.Load):
                    return True
                if isinstance(call, ast.Call) and getattr(parent, "attr", "") in MUTATORS:
                    return True
                node = parent
            case ast.Assign() | ast.NamedExpr() | ast.For() | ast.comprehension() as bound:
                names = {
                    part.id
                    for target, _ in bindings(bound)
                    for part in walk(target)
                    if isinstance(part, ast.Name)
                }
                inside = _function_around(bound, parents)
                within = walk(inside) if inside is not None else parents
                return any(touches(part, name) for part in within for name in names)
            case _:
                return False
    return False


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
        self._seen: set[tuple[str, bool]] = set()
        self._held: dict[str, list[ast.expr | None]] = {}
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
        for node in walk(cls):
            for target, value in bindings(node):
                for inner in walk(target):
                    name = getattr(inner, "attr", getattr(inner, "id", ""))
                    self._held.setdefault(name, []).append(value if inner is target else None)

    def only_reads(self, methods: Iterable[str]) -> bool:
        """Whether these methods certainly leave the object as it was made."""
        if not self._is_known or not self._methods.keys().isdisjoint(_LOOKED_UP):
            return False
        making = (one for name in _MAKING for one in self._methods.get(name, ()))
        if any(map(self._gives_away, making)) or not all(map(self._reads, methods)):
            return False
        return not any(self._hands_out(name, set()) for name in methods)

    def _hands_out(self, name: str, seen: set[str]) -> bool:
        """Whether a method gives its caller an attribute that can change, which it then may do."""
        if name in seen:
            return False
        seen.add(name)
        for method in self._methods.get(name, ()):
            itself = next(iter(parameters(method.args)), "")
            bound = [one for node in walk(method) for one in bindings(node)]
            values = [
                part.value
                for part in walk(method)
                if isinstance(part, (ast.Return, ast.Yield, ast.YieldFrom)) and part.value
            ]
            for value in values:  # grows
                match value:
                    case ast.Attribute(attr=attribute) if is_out_of(value, {itself}):
                        held = self._held.get(attribute, [None])
                        if not all(isinstance(one, ast.Constant) for one in held):
                            return True
                    case ast.Name(id=local):
                        more = [one for target, one in bound if getattr(target, "id", "") == local]
                        values += [one for one in more if one is not None and one not in values]
                    case ast.Call(func=ast.Attribute(value=ast.Name(id=owner), attr=called)):
                        if owner == itself and self._hands_out(called, seen):
                            return True
                    case ast.IfExp() | ast.BoolOp() | ast.Tuple() | ast.List() | ast.NamedExpr():
                        values += [one for one in children(value) if isinstance(one, ast.expr)]
                    case _:
                        pass
        return False

    def _reads(self, name: str, *, is_given: bool = False) -> bool:
        """Whether a method leaves the object; ``is_given``: it is handed something out of it."""
        if (name, is_given) in self._seen:
            return True
        self._seen.add((name, is_given))
        is_missing = name == "__getitem__" and "__missing__" in self._methods
        if is_missing and not self._reads("__missing__"):
            return False
        found = self._methods.get(name, ())
        if not found:
            return self._has_builtin and name in _READING
        return all(self._leaves(one, is_given=is_given) for one in found)

    def _leaves(self, method: Function, *, is_given: bool) -> bool:
        """Whether one method leaves its object alone, as does what it calls of it."""
        if any(ast.unparse(one) not in _PLAIN for one in method.decorator_list):
            return False
        names = parameters(method.args)
        if not method.args.args:
            return not names
        itself = method.args.args[0].arg
        own = names_of(method, set(names) if is_given else {itself})
        return not self._gives_away(method) and all(
            self._leaves_by(part, itself, own) for part in walk(method)
        )

    def _leaves_by(self, node: ast.AST, itself: str, own: set[str]) -> bool:  # noqa: C901, PLR0911 - one case per kind of node
        """Whether one node of a method does nothing to its object, or to what is out of it."""
        match node:
            case ast.Global() | ast.Nonlocal():
                return False
            case ast.Attribute(value=value, ctx=ast.Store() | ast.Del()):
                return not is_out_of(value, own)
            case ast.Subscript(value=value, ctx=ast.Store() | ast.Del()):
                return not is_out_of(value, own)
            case ast.AugAssign(target=ast.Name(id=name)):
                return name not in own
            case ast.Name(id=name, ctx=ast.Store() | ast.Del()):
                return name != itself
            case ast.withitem(context_expr=value):
                return not is_out_of(value, own)
            case ast.Subscript(value=ast.Name(id=name)) if name == itself:
                return self._reads("__getitem__")
            case ast.Compare(ops=ops, comparators=[*_, ast.Name(id=name)]) if name == itself:
                is_in = isinstance(ops[-1], (ast.In, ast.NotIn))
                is_same = isinstance(ops[-1], (ast.Is, ast.IsNot))
                return is_same or (is_in and self._reads("__contains__"))
            case ast.For(iter=ast.Name(id=name)) | ast.comprehension(iter=ast.Name(id=name)):
                return name != itself or self._reads("__iter__")
            case ast.Call():
                return self._is_harmless(node, itself, own)
            case _:
                return True

    def _is_harmless(self, call: ast.Call, itself: str, own: set[str]) -> bool:
        given = [*call.args, *(one.value for one in call.keywords)]
        is_given = any(is_out_of(one, own) for one in given)
        match call.func:
            case ast.Name(id="super"):
                return not given
            case ast.Attribute(value=ast.Call(func=ast.Name(id="super")), attr=name):
                is_read = self._reads(name, is_given=is_given)
                return is_read and (not self._has_builtin or name in _READING)
            case ast.Attribute(value=ast.Name(id=receiver), attr=name) if receiver == itself:
                return self._reads(name, is_given=is_given)
            case ast.Name(id=name) if is_given and name in _LOOKING and not call.keywords:
                special = _SPECIAL.get(name, ())
                is_itself = any(isinstance(one, ast.Name) and one.id == itself for one in given)
                is_told = special[:1] if special[-1:] != ("__repr__",) else ()
                needed = {one for one in special if one in self._methods} | set(is_told)
                return not is_itself or all(map(self._reads, needed))
            case ast.Attribute(value=value, attr=name) if is_out_of(value, own):
                is_plain = name != "get" or self._is_dictionary(value, itself)
                return not is_given and name in _READING and is_plain
            case function:
                return not is_given and not is_out_of(function, own)

    def _is_dictionary(self, node: ast.expr, itself: str) -> bool:
        """Whether an attribute certainly holds a dictionary: ``get`` of a queue changes it."""
        match node:
            case ast.Attribute(value=ast.Name(id=name), attr=attribute) if name == itself:
                held = self._held.get(attribute, ())
                return bool(held) and all(isinstance(one, _DICTIONARIES) for one in held)
            case _:
                return False

    def _gives_away(self, method: Function) -> bool:
        """Whether a method hands out its object, or a method that is bound to it."""
        own = method.args.args[0].arg if method.args.args else ""
        parents = parents_in(method)
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
                case ast.Compare(left=left, ops=[ast.Is() | ast.IsNot()]) if left is node:
                    pass
                case ast.Compare(comparators=[*_, last]) if last is node:
                    pass
                case ast.Subscript(value=value) if value is node:
                    pass
                case ast.For() | ast.comprehension():
                    pass
                case _:
                    return True
        return False
