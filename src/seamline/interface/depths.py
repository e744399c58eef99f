"""How deep inside a piece of state what a function returns lies: its keys, or parts of its parts.

Of the state itself, and of what it holds, is known whether it can change; of what that holds, not.
"""

import ast
from collections.abc import Iterable
from typing import Final

from seamline.interface.application import Application
from seamline.interface.functions import Definition
from seamline.interface.known import CONTAINERS
from seamline.interface.names import Symbol
from seamline.interface.walking import walk

# How many steps inside the state an object is, and the objects in a new container are.
_Depths = frozenset[tuple[str, int]]

_NONE: Final[_Depths] = frozenset()
_ITSELF: Final[_Depths] = frozenset({("is", 0)})
_COLLECTING: Final = frozenset(
    f"builtins.{name}"
    for name in ("list", "tuple", "set", "frozenset", "sorted", "reversed", "iter", "enumerate")
) | {"builtins.filter", "builtins.zip"}
_PICKING: Final = frozenset({"builtins.next", "builtins.max", "builtins.min"})
_VALUES: Final = frozenset(
    f"builtins.{name}"
    for name in ("str", "int", "float", "bool", "bytes", "len", "sum", "round", "repr", "hash")
) | {
    "builtins.isinstance", "builtins.any", "builtins.all", "copy.deepcopy", "json.dumps",
    "dataclasses.asdict", "dataclasses.astuple",
}  # fmt: skip
_GETTING: Final = frozenset({"get", "setdefault", "pop", "popleft"})
_TEXTS: Final = frozenset(dir(str)) | {"isoformat"}
_PUTTING: Final = {"append": 0, "appendleft": 0, "add": 0, "insert": 1, "setdefault": 1}
_EXTENDING: Final = frozenset({"extend", "update"})


def is_deep(application: Application, each: Definition, value: ast.expr, symbol: Symbol) -> bool:
    """Whether what a function returns of a state is no more than keys, or parts of its parts.

    Args:
        application: The names of its modules.
        each: The function.
        value: An expression that it returns, by which it may share parts of the state.
        symbol: The name of the state.
    """
    if "." in symbol.name:
        return False
    reader = _Depth(application, each, symbol)
    found = reader.of(value)
    return reader.has_met and all(depth > 1 for _, depth in found)


class _Depth:
    """Reads the expressions of one function; what is not understood is the state itself."""

    def __init__(self, application: Application, definition: Definition, symbol: Symbol) -> None:
        self.has_met = False
        self._world = application.definitions.world
        self._module = definition.module
        self._symbol = symbol
        self._locals = set(definition.annotations())
        self._bound: dict[str, list[tuple[ast.expr, str]]] = {}
        self._seen: set[str] = set()
        assigned = self._world.modules[symbol.module].assigned.get(symbol.name, ())
        self._is_dictionary = bool(assigned) and all(self._makes_one(b.value) for b in assigned)
        for node in definition.node.body:
            for part in walk(node):
                self._bind(part)

    def _makes_one(self, value: ast.expr | None) -> bool:
        if isinstance(value, ast.Call):
            made = str(self._world.resolve(self._symbol.module, value.func))
            return made in CONTAINERS and "ict" in made
        return isinstance(value, (ast.Dict, ast.DictComp))

    def _bind(self, node: ast.AST) -> None:
        """Note what a local name is bound to, and what is put into it."""
        match node:
            case ast.Assign(targets=targets, value=value):
                for target in targets:
                    self._target(target, value, "whole")
            case ast.AnnAssign(value=ast.expr()) | ast.NamedExpr():
                assert node.value is not None
                self._target(node.target, node.value, "whole")
            case ast.AugAssign(target=target, value=value):
                self._target(target, value, "elements")
            case ast.For() | ast.AsyncFor() | ast.comprehension():
                self._target(node.target, node.iter, "element")
            case ast.withitem(context_expr=value, optional_vars=ast.expr() as target):
                self._target(target, value, "whole")
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                self._locals.add(name)
            case ast.Call(func=ast.Attribute(value=receiver, attr=method), args=args):
                self._put(_root(receiver), method, args)
            case _:
                pass

    def _put(self, name: str, method: str, given: list[ast.expr]) -> None:
        into = self._bound.setdefault(name, []) if name else []
        if method in _PUTTING:
            into += [(value, "held") for value in given[_PUTTING[method] :]]
        elif method in _EXTENDING:
            into += [(value, "elements") for value in given]

    def _target(self, target: ast.expr, value: ast.expr, how: str) -> None:
        match target:
            case ast.Name(id=name):
                self._locals.add(name)
                self._bound.setdefault(name, []).append((value, how))
            case ast.Subscript() | ast.Attribute():
                self._bound.setdefault(_root(target), []).append((value, "held"))
            case ast.Tuple(elts=[ast.Name() as key, second]) if how == "element" and _is_items(
                value
            ):
                self._target(key, value, "key")
                self._target(second, value, how)
            case ast.Tuple(elts=targets) | ast.List(elts=targets):
                for one in targets:
                    self._target(one, value, "element")
            case ast.Starred(value=inner):
                self._target(inner, value, "elements")
            case _:
                pass

    def of(self, node: ast.expr | None) -> _Depths:  # noqa: C901, PLR0911, PLR0912 - one case per kind of node
        """Return how deep in the state the value of an expression may lie."""
        match node:
            case None | ast.Constant() | ast.JoinedStr() | ast.Compare() | ast.UnaryOp():
                return _NONE
            case ast.Name() | ast.Attribute() if self._is_state(node):
                self.has_met = True
                return _ITSELF
            case ast.Name(id=name):
                return self._local(name)
            case ast.Attribute(value=value):
                return _inside(self.of(value))
            case ast.Subscript(value=value, slice=key):
                found = _inside(self.of(value))
                return _held(found) if isinstance(key, ast.Slice) else found
            case ast.Call():
                return self._call(node)
            case ast.IfExp(body=body, orelse=other):
                return self.of(body) | self.of(other)
            case ast.BoolOp(values=values):
                return self._union(values)
            case ast.BinOp(left=left, right=right):
                return self._elements(left) | self._elements(right)
            case ast.NamedExpr(value=value) | ast.Await(value=value):
                return self.of(value)
            case ast.Tuple(elts=parts) | ast.List(elts=parts) | ast.Set(elts=parts):
                return self._displayed(parts)
            case ast.Dict(keys=keys, values=values):
                pairs = zip(keys, values, strict=True)
                return frozenset[tuple[str, int]]().union(
                    *(_held(_inside(self.of(v)) if k is None else self.of(v)) for k, v in pairs)
                )
            case ast.ListComp(elt=part) | ast.SetComp(elt=part) | ast.GeneratorExp(elt=part):
                return _held(self.of(part))
            case ast.DictComp(value=part):
                return _held(self.of(part))
            case _:
                return _ITSELF

    def _is_state(self, node: ast.expr) -> bool:
        if isinstance(node, ast.Name) and node.id in self._locals:
            return False
        return self._world.resolve(self._module, node) == self._symbol

    def _local(self, name: str) -> _Depths:
        if name in self._seen or name not in self._bound:
            return _NONE
        self._seen.add(name)
        found = _NONE
        for value, how in self._bound[name]:
            if how in ("whole", "held"):
                found |= self.of(value) if how == "whole" else _held(self.of(value))
            else:
                inner = self._elements(value)
                found |= {"elements": inner, "element": _taken(inner), "key": _NONE}[how]
        self._seen.discard(name)
        return found

    def _union(self, nodes: Iterable[ast.expr]) -> _Depths:
        return frozenset[tuple[str, int]]().union(*(self.of(node) for node in nodes))

    def _displayed(self, parts: Iterable[ast.expr]) -> _Depths:
        found = _NONE
        for part in parts:
            if isinstance(part, ast.Starred):
                found |= self._elements(part.value)
            else:
                found |= _held(self.of(part))
        return found

    def _elements(self, node: ast.expr) -> _Depths:
        """Return what a new container holds that is made of what iterating a value gives."""
        found = self.of(node)
        if self._is_dictionary:
            found -= _ITSELF  # its keys
        return _held(_inside(found))

    def _call(self, node: ast.Call) -> _Depths:
        function = node.func
        if isinstance(function, ast.Attribute) and (receiver := self.of(function.value)):
            return self._method(function.attr, receiver, node.args)
        if isinstance(function, ast.Name) and function.id in self._locals:
            return _ITSELF
        given = [*node.args, *(one.value for one in node.keywords)]
        return self._function(str(self._world.resolve(self._module, function)), node.args, given)

    def _function(self, name: str, ordered: list[ast.expr], given: list[ast.expr]) -> _Depths:
        """Return what a function gives that is no method: unless known, what it is given."""
        if name in _COLLECTING:
            return frozenset[tuple[str, int]]().union(*(self._elements(one) for one in given))
        if name in _PICKING and ordered and (name == "builtins.next" or not ordered[1:]):
            others = [one for one in given if one is not ordered[0]]
            return _taken(self._elements(ordered[0])) | self._union(others)
        found = self._union(given)
        if name in ("builtins.dict", "copy.copy"):
            return _held(_inside(found))
        return _NONE if name in _VALUES else found

    def _method(self, name: str, receiver: _Depths, given: list[ast.expr]) -> _Depths:
        if name == "keys":
            return _NONE
        if name in _GETTING:
            return _inside(receiver) | self._union(given[1:])
        if name in ("values", "items", "copy"):
            return _held(_inside(receiver))
        return _NONE if name in _TEXTS else receiver | self._union(given)


def _root(node: ast.expr) -> str:
    """Return the name through which an object is reached: ``out.setdefault(key, [])``."""
    while isinstance(node, (ast.Attribute, ast.Subscript, ast.Call)):
        node = node.func if isinstance(node, ast.Call) else node.value
    return node.id if isinstance(node, ast.Name) else ""


def _is_items(value: ast.expr) -> bool:
    return isinstance(value, ast.Call) and getattr(value.func, "attr", "") == "items"


def _inside(depths: _Depths) -> _Depths:
    """Return how deep what they hold lies."""
    return frozenset(("is", depth + 1 if how == "is" else depth) for how, depth in depths)


def _taken(held: _Depths) -> _Depths:
    """Return the objects that new containers hold."""
    return frozenset(("is", depth) for _, depth in held)


def _held(depths: _Depths) -> _Depths:
    """Return new containers that hold these objects."""
    return frozenset(("has", depth) for _, depth in depths)
