"""Where the value of an expression may come from: a name, a parameter, a call, an instance.

Order of statements is ignored: a local name may be anything that is assigned to it anywhere.
"""

import ast
from collections.abc import Container, Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

from seamline.interface.assigning import bound_by
from seamline.interface.classes import CLASS, OWNER, class_entry, class_held, parameter_class
from seamline.interface.displays import under_key
from seamline.interface.functions import Definitions
from seamline.interface.known import is_stdlib
from seamline.interface.lookups import (
    LOOKUPS,
    NAMESPACE,
    entry,
    is_namespace,
    looked_up,
    module_by_text,
    text_of,
)
from seamline.interface.names import Symbol, imports_of
from seamline.interface.walking import Def, binding_nodes

if TYPE_CHECKING:
    from seamline.interface.giving import GivesBack

Level = Literal["whole", "part", "copy"]


class Origin(NamedTuple):
    """One thing that a value may be.

    Attributes:
        kind: ``symbol`` (a module-level name), ``param``, ``instance`` (of a class of the
            application), ``call`` (result of what the symbol names), ``function`` (nested
            function or lambda) or ``opaque`` (nothing is known).
        symbol: What it names; for a parameter, its name alone.
        level: ``whole`` is the thing itself, ``part`` something it holds, ``copy`` a new
            container that shares its parts.
        path: First attribute taken from a parameter; of a call, the last one taken from what it
            gave, called or not.
        back: Whether it is an argument of a call that gives it back, beside the ``call``.
    """

    kind: Literal["symbol", "param", "instance", "call", "function", "opaque"]
    symbol: Symbol = Symbol("", "")
    level: Level = "whole"
    path: str = ""
    back: bool = False


Origins = frozenset[Origin]
NOTHING: Final[Origins] = frozenset()
OPAQUE: Final[Origins] = frozenset({Origin("opaque")})

# Methods whose result is something that the receiver holds.
ACCESSORS: Final = frozenset(
    {"get", "setdefault", "pop", "popitem", "popleft", "values", "items", "__getitem__", "get_or"}
)
# Calls that make a new container of what an old one holds.
COPIES: Final = frozenset(
    f"builtins.{name}"
    for name in ("list", "dict", "set", "tuple", "frozenset", "sorted", "reversed", "iter")
) | {
    "copy.copy", "builtins.enumerate", "builtins.zip", "builtins.filter", "itertools.chain",
    "itertools.islice",
}  # fmt: skip
#: The path of what an operator gave, as if it were a method: ``Tokenizer() | Filter()``.
OPERATED: Final = "__or__"
# Calls that return something that one of their arguments holds.
PICKS: Final = frozenset({"builtins.next", "builtins.max", "builtins.min"})
# Calls whose result is an argument, or shows what it holds and writes into it.
VIEWS: Final = frozenset({"builtins.memoryview", "contextlib.nullcontext", "collections.ChainMap"})
_FOUND: Final = LOOKUPS | {"builtins.type"}
_WRITTEN: Final = (ast.List, ast.Set, ast.Dict, ast.ListComp, ast.SetComp, ast.DictComp)
_OPAQUE: Final = ("opaque",)
_NEVER_COPIED: Final = ("opaque", "function")


@dataclass(slots=True)
class Scope:
    """Local names of one function or lambda, with all that is assigned to each, and under keys."""

    parent: "Scope | None" = None
    values: dict[str, list[tuple[ast.expr | None, bool]]] = field(default_factory=dict)
    fixed: dict[str, Origins] = field(default_factory=dict)
    module_names: set[str] = field(default_factory=set)
    entries: dict[str, list[tuple[ast.expr, ast.expr | None]]] = field(default_factory=dict)

    def is_global(self, name: str) -> bool:
        """Whether a name that is mentioned here is one of the module's."""
        scope: Scope | None = self
        while scope is not None:
            if name in scope.module_names:
                return True
            if name in scope.values or name in scope.fixed:
                return False
            scope = scope.parent
        return True

    def bind(self, target: ast.expr, value: ast.expr | None, *, part: bool) -> None:
        """Note that a target is assigned a value, or something that the value holds."""
        match target:
            case ast.Name(id=name):
                self.values.setdefault(name, []).append((value, part))
            case ast.Tuple(elts=targets) | ast.List(elts=targets):
                pairs: Iterable[tuple[ast.expr, ast.expr | None, bool]]
                if isinstance(value, (ast.Tuple, ast.List)) and len(value.elts) == len(targets):
                    pairs = ((t, v, part) for t, v in zip(targets, value.elts, strict=True))
                else:
                    pairs = ((t, value, True) for t in targets)
                for inner, found, is_part in pairs:
                    self.bind(inner, found, part=is_part)
            case ast.Starred(value=inner):
                self.bind(inner, value, part=True)
            case ast.Subscript(value=ast.Name(id=name), slice=key):
                entry = (key, None if part else value)
                self.entries.setdefault(name, []).append(entry)
            case _:
                pass


class Tracer:
    """Traces expressions of one module to their origins.

    Attributes:
        returned: Says what calls give back of their arguments; None to leave that out.
    """

    def __init__(self, definitions: Definitions, module: str) -> None:
        self.definitions = definitions
        self.world = definitions.world
        self.module = module
        self.has_namespaces = False
        self.returned: GivesBack | None = None
        self._names: dict[tuple[int, str], Origins] = {}
        self._known: dict[tuple[ast.expr, int], Origins] | None = None
        self._open = 0  # names that are being traced
        self._scopes: list[Scope] = []  # keeps the ids above unique

    def forget(self) -> None:
        """Trace names anew, since more is known of what calls return."""
        self._names.clear()

    def remember(self) -> None:
        """Forget, and keep what expressions may be from now on: all is known of calls."""
        self.forget()
        self._known = {}

    def scope(self, node: Def | ast.Lambda, parent: Scope | None) -> Scope:
        """Read the local names of a function; its parameters are opaque until set."""
        found = Scope(parent)
        self._scopes.append(found)
        args = node.args
        variadic = (arg for arg in (args.vararg, args.kwarg) if arg is not None)
        for arg in (*args.posonlyargs, *args.args, *args.kwonlyargs, *variadic):
            found.fixed[arg.arg] = OPAQUE
        for part in binding_nodes(node):
            self._bindings(found, part)
        return found

    def _bindings(self, scope: Scope, part: ast.AST) -> None:
        for target, value, is_part in bound_by(part):
            scope.bind(target, value, part=is_part)
        match part:
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                scope.fixed[part.name] = frozenset({Origin("function")})
            case ast.ClassDef():
                scope.fixed[part.name] = OPAQUE
            case ast.Global():
                scope.module_names.update(part.names)
            case ast.Import() | ast.ImportFrom():
                source = self.world.sources.modules[self.module]
                for local, imported in imports_of(source, part, typing_only=False, top=False):
                    if local and local != "*":
                        symbol = self.world.imported(imported)
                        scope.fixed[local] = frozenset({Origin("symbol", symbol)})
            case _:
                pass

    def name(self, name: str, scope: Scope | None) -> Origins:
        """Return what a name may be in a scope."""
        while scope is not None:
            if name in scope.module_names:
                scope = None
                break
            if name in scope.values or name in scope.fixed:
                return self._local(name, scope)
            scope = scope.parent
        return frozenset({Origin("symbol", self.world.member(self.module, name))})

    def _local(self, name: str, scope: Scope) -> Origins:
        key = (id(scope), name)
        if key in self._names:
            return self._names[key]
        self._names[key] = NOTHING  # what a name defined by itself adds
        self._open += 1
        found = scope.fixed.get(name, NOTHING)
        for value, part in scope.values.get(name, ()):
            origins = OPAQUE if value is None else self.of(value, scope)
            found |= inside(origins) if part else origins
        self._names[key] = found
        self._open -= 1
        return found

    def of(self, node: ast.expr, scope: Scope | None) -> Origins:  # noqa: C901, PLR0911, PLR0912 - one case per kind of node
        """Return what the value of an expression may be."""
        known = self._known
        if known is not None and (kept := known.get((node, id(scope)))) is not None:
            return kept
        match node:
            case ast.Name():
                return self.name(node.id, scope)
            case ast.Attribute(attr=attr) if attr == CLASS:
                return self._type(self.of(node.value, scope), scope)
            case ast.Attribute():
                owners = self.of(node.value, scope)
                found = frozenset([self._attribute(origin, node.attr) for origin in owners])
                return self._keep(node, scope, found)
            case ast.Subscript():
                values = under_key(scope, node.value, node.slice)
                if values is not None:
                    return self._entry((id(scope), ast.unparse(node)), values, scope)
                return self._held(self.of(node.value, scope), node.slice)
            case ast.Call():
                return self._keep(node, scope, self._call(node, scope))
            case ast.IfExp():
                return self.of(node.body, scope) | self.of(node.orelse, scope)
            case ast.BoolOp():
                return self._union(node.values, scope)
            case ast.NamedExpr() | ast.Await() | ast.Starred():
                return self.of(node.value, scope)
            case ast.Tuple() | ast.List() | ast.Set():
                return shared(self._union(node.elts, scope))
            case ast.Dict():
                return shared(self._union(node.values, scope))
            case ast.ListComp() | ast.SetComp() | ast.GeneratorExp():
                return shared(self.of(node.elt, scope))
            case ast.DictComp():
                return shared(self.of(node.value, scope))
            case ast.Lambda():
                return frozenset({Origin("function")})
            case ast.BinOp() | ast.UnaryOp():
                return self._operated(node, scope) | self._joined(node, scope)
            case ast.Constant() | ast.JoinedStr() | ast.Compare():
                return NOTHING
            case _:
                return OPAQUE

    def _keep(self, node: ast.expr, scope: Scope | None, found: Origins) -> Origins:
        """Keep what an expression may be, unless that is asked on the way to a name in it."""
        if self._known is not None and not self._open:
            self._known[node, id(scope)] = found
        return found

    def _operated(self, node: ast.BinOp | ast.UnaryOp, scope: Scope | None) -> Origins:
        """Return what an operator gives of objects of libraries: what their method for it does.

        Numbers and texts, and what the application makes, are left out.
        """
        operands: list[ast.expr] = []
        part: ast.expr = node
        while isinstance(part, ast.BinOp):  # sums of a thousand parts nest a thousand deep
            operands.append(part.right)
            part = part.left
        if isinstance(node, ast.UnaryOp):
            part = node.operand
        is_plain = isinstance(part, (ast.Constant, ast.JoinedStr)) and isinstance(
            getattr(part, "value", ""), str
        )
        if is_plain or (isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not)):
            return NOTHING  # ``"%s" % found``
        return frozenset(
            Origin("call", origin.symbol, path=OPERATED)
            for origin in self._union([part, *operands], scope)
            if origin.kind == "call" and origin.path in ("", OPERATED)
            if origin.level == "whole" and _is_of_library(origin.symbol)
        )

    def _joined(self, node: ast.BinOp | ast.UnaryOp, scope: Scope | None) -> Origins:
        """Return what of parameters a container holds that is written down as a sum."""
        sides = (node.left, node.right) if isinstance(node, ast.BinOp) else ()
        if not any(isinstance(side, _WRITTEN) for side in sides):
            return NOTHING  # ``amount + 1``
        found = self._union(sides, scope)
        return shared(frozenset(origin for origin in found if origin.kind == "param"))

    def _entry(
        self, key: tuple[int, str], values: Iterable[ast.expr], scope: Scope | None
    ) -> Origins:
        if key not in self._names:
            self._names[key] = NOTHING  # ``found["n"] = found["n"] + 1``
            self._open += 1
            self._names[key] = self._union(values, scope)
            self._open -= 1
        return self._names[key]

    def _union(self, nodes: Iterable[ast.expr], scope: Scope | None) -> Origins:
        found = NOTHING
        for node in nodes:
            found |= self.of(node, scope)
        return found

    def _attribute(self, origin: Origin, name: str) -> Origin:
        if name == NAMESPACE:
            self.has_namespaces = True
        if origin.kind == "symbol" and origin.level == "whole":
            found = self.world.attribute(origin.symbol, name)
            return Origin("symbol", found, "whole", origin.path, origin.back)
        if origin.kind in ("param", "instance"):
            return Origin(origin.kind, origin.symbol, "part", origin.path or name, origin.back)
        if origin.kind == "call":
            return Origin("call", origin.symbol, "part", name, origin.back)
        return origin if origin.kind == "opaque" else origin._replace(level="part")

    def called(self, function: ast.expr, scope: Scope | None) -> tuple[Origins, Origins]:
        """Return what an expression that is called may be, and what it is looked up on."""
        if isinstance(function, ast.Attribute) and not function.attr.startswith("__"):
            # Once only: chains of calls are long.
            receiver = self.of(function.value, scope)
            found = (self._attribute(origin, function.attr) for origin in receiver)
            return frozenset(found), receiver
        return self.of(function, scope), NOTHING

    def _call(self, node: ast.Call, scope: Scope | None) -> Origins:
        function = node.func
        callee, receiver = self.called(function, scope)
        if isinstance(function, ast.Attribute) and function.attr in ACCESSORS:
            owner = receiver or self.of(function.value, scope)
            held = self._held(owner, next(iter(node.args), None))
            if any(origin.kind in ("symbol", "param") for origin in held):
                return held
        if isinstance(function, ast.Attribute) and function.attr == "copy" and not node.args:
            return shared(receiver)
        found = self._made(node, scope, callee)
        if self.returned is not None:
            found |= self.returned.by_call(self, node, scope, (callee, receiver))
        return found

    def _made(self, node: ast.Call, scope: Scope | None, callee: Origins) -> Origins:
        found = NOTHING
        for origin in callee:
            symbol = origin.symbol
            if origin.kind == "symbol" and str(symbol) in COPIES and (copied := _copied(node)):
                found |= shared(self._union(copied, scope))
            elif origin.kind == "symbol" and str(symbol) in PICKS | VIEWS and node.args:
                given = self._union(node.args, scope)
                found |= given if str(symbol) in VIEWS else inside(given)
            elif origin.kind == "symbol" and str(symbol) in _FOUND:
                found |= self._looked_up(symbol, node, scope)
            elif origin.kind == "symbol" and symbol in self.definitions.classes:
                found |= {Origin("instance", symbol)}
            elif origin.kind in ("symbol", "call"):
                found |= {Origin("call", symbol, path=origin.path)}
            else:
                found |= OPAQUE
        return found

    def _held(self, origins: Origins, key: ast.expr | None) -> Origins:
        """Return the origins of what these values hold, under a key where it matters."""
        found = set(inside(origins))
        for origin in origins if key is not None else ():
            assert key is not None
            symbol: Symbol | None = None
            if origin.kind == "symbol" and is_namespace(origin.symbol):
                symbol = entry(self.world, origin.symbol, key)
            elif origin.kind == "symbol" and str(origin.symbol) == "sys.modules":
                symbol = module_by_text(self.world, self.module, key)
            elif origin.kind == "symbol" and origin.level == "whole":
                symbol = class_entry(self.definitions, origin.symbol, text_of(key))
            if symbol is not None:
                found.discard(origin._replace(level="part"))
                found.add(Origin("symbol", symbol))
        return frozenset(found)

    def _looked_up(self, callee: Symbol, node: ast.Call, scope: Scope | None) -> Origins:
        """Return what a built-in function finds: a class, or a name by its text."""
        if str(callee) == "builtins.type" and node.args:
            return self._type(self.of(node.args[0], scope), scope)
        symbol = looked_up(self.world, self.module, callee, node)
        if symbol is not None:
            self.has_namespaces = True
            return frozenset({Origin("symbol", symbol)})
        found = {Origin("call", callee)}
        for origin in self.of(node.args[0], scope) if node.args else ():
            if origin.kind in ("param", "instance") and str(callee) == "builtins.vars":
                found.add(self._attribute(origin, NAMESPACE))
            if origin.kind != "symbol" or origin.level != "whole" or not origin.symbol.module:
                continue
            if str(callee) == "builtins.vars":
                found.add(self._attribute(origin, NAMESPACE))
            elif str(callee) == "builtins.getattr" and len(node.args) > 1:
                text = text_of(node.args[1])
                if not text.endswith("*"):
                    found.add(self._attribute(origin, text))
                elif not origin.symbol.name:
                    found.add(
                        origin._replace(symbol=entry(self.world, origin.symbol, node.args[1]))
                    )
        return frozenset(found if len(found) == 1 else found - {Origin("call", callee)})

    def _type(self, origins: Origins, scope: Scope | None) -> Origins:
        classes = {o.symbol for o in origins if o.kind == "instance" and o.level == "whole"}
        for origin in origins:
            if origin.kind == "symbol" and origin.level == "whole":
                classes.update(class_held(self.definitions, origin.symbol))
        params = {o.symbol.name for o in origins if o.kind == "param" and o.level == "whole"}
        while scope is not None and params:
            for name in params:
                known = scope.fixed.get(parameter_class(name), scope.fixed.get(OWNER, NOTHING))
                classes |= {o.symbol for o in known}
            scope = scope.parent
        return frozenset(Origin("symbol", symbol) for symbol in classes) or OPAQUE


def _copied(node: ast.Call) -> list[ast.expr]:
    """Return what a call that makes a new container may put into it: not what it sorts by."""
    named = [one.value for one in node.keywords if one.arg != "key"]
    return [*node.args, *named]


def _is_of_library(symbol: Symbol) -> bool:
    """Whether it looks like a class of a library, which is not the standard one."""
    name = symbol.name.rpartition(".")[2]
    return not symbol.module and name[:1].isupper() and not is_stdlib(symbol.name)


def inside(origins: Origins) -> Origins:
    """Return the origins of something that these values hold."""
    return _at(origins, "part", _OPAQUE) if origins else origins


def shared(origins: Origins) -> Origins:
    """Return the origins of a new container that holds these values or their parts."""
    return _at(origins, "copy", _NEVER_COPIED) if origins else origins


def _at(origins: Origins, level: Level, fixed: Container[str]) -> Origins:
    return frozenset(  # without `_replace`, which takes three times as long
        origin
        if origin.level == level or origin.kind in fixed
        else Origin(origin.kind, origin.symbol, level, origin.path, origin.back)
        for origin in origins
    )
