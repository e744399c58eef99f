"""What the value of an expression visibly is: an instance, a class, a function, a method.

Only what the application's source says counts: a construction, an annotation, a display, what a
function returns. As in ``origins``, the order of statements is ignored.
"""

import ast
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Final, NamedTuple

from seamline.interface.functions import Class, Definition, Definitions
from seamline.interface.lookups import text_of
from seamline.interface.model import Kind
from seamline.interface.names import Symbol
from seamline.interface.origins import COPIES, PICKS, Origin, Scope, Tracer
from seamline.interface.returned import GIVING
from seamline.interface.shapes import (
    NONE,
    Shape,
    Shapes,
    annotated,
    held,
    holding,
    is_enum,
)
from seamline.interface.walking import own_of, walk

# Names, functions and attributes that are made of others are followed this far.
_MOST_STEPS: Final = 12
# Chains of calls, and what names on the way are made of, are followed this deep.
_MOST_NESTED: Final = 60
# Sums of more parts than this are texts.
_MOST_PARTS: Final = 8
_ENTRIES: Final = frozenset({"get", "pop", "setdefault", "__getitem__", "popleft"})
_LISTS: Final = frozenset({"values", "items", "copy"})
_SAME: Final = frozenset(
    {
        "copy.copy",
        "copy.deepcopy",
        "builtins.dict",
        "dataclasses.replace",
        "functools.partial",
        "weakref.proxy",
    }
)
_COLLECTING: Final = COPIES | {"collections.deque", "collections.OrderedDict"}
_STREAMS: Final = (Kind.GENERATOR, Kind.ASYNC_GENERATOR)
_MANAGERS: Final = (Kind.CONTEXT_MANAGER, Kind.ASYNC_CONTEXT_MANAGER)


class Place(NamedTuple):
    """Where an expression stands: a module, a function of it, and the scope of local names."""

    module: str
    definition: Definition | None
    scope: Scope | None


class Reader:
    """Answers for the expressions of one application."""

    def __init__(self, definitions: Definitions) -> None:
        self.definitions = definitions
        self.world = definitions.world
        self._tracers: dict[str, Tracer] = {}
        self._scopes: dict[Definition, Scope] = {}
        self._known: dict[object, Shapes] = {}
        self._kept: list[object] = []  # keeps the ids in the keys unique
        self._steps = 0
        self._nested = 0

    # -- expressions --------------------------------------------------------------------

    def of(self, node: ast.expr, place: Place) -> Shapes:
        """Return what the value of an expression visibly is; nothing when it does not show."""
        if self._nested >= _MOST_NESTED:
            return NONE
        self._nested += 1
        found = self._of(node, place)
        self._nested -= 1
        return found

    def _of(self, node: ast.expr, place: Place) -> Shapes:  # noqa: PLR0911 - one case per kind of node
        match node:
            case ast.Name():
                return self._name(node.id, place)
            case ast.Attribute():
                return self.attribute(self.of(node.value, place), node.attr)
            case ast.Subscript():
                return self._subscript(node, place)
            case ast.Call():
                return self._call(node, place)
            case ast.IfExp():
                return self.of(node.body, place) | self.of(node.orelse, place)
            case ast.BoolOp():
                return self._union(node.values, place)
            case ast.NamedExpr() | ast.Await():
                return self.of(node.value, place)
            case ast.Starred():
                return held(self.of(node.value, place))
            case ast.BinOp():
                return self._sum(node, place)
            case _:
                return self._display(node, place)

    def _display(self, node: ast.expr, place: Place) -> Shapes:
        match node:
            case ast.Tuple() | ast.List() | ast.Set():
                return holding(self._union(node.elts, place))
            case ast.Dict():
                return holding(self._union(node.values, place), "mapping")
            case ast.ListComp() | ast.SetComp() | ast.GeneratorExp():
                return holding(self.of(node.elt, place))
            case ast.DictComp():
                return holding(self.of(node.value, place), "mapping")
            case _:
                return NONE

    def _union(self, nodes: Iterable[ast.expr], place: Place) -> Shapes:
        return NONE.union(*(self.of(node, place) for node in nodes))

    def _sum(self, node: ast.BinOp, place: Place) -> Shapes:
        parts: list[ast.expr] = [node.right]
        left = node.left
        while isinstance(left, ast.BinOp):
            parts.append(left.right)
            left = left.left
        if len(parts) > _MOST_PARTS:
            return NONE
        found = self._union((left, *parts), place)
        return frozenset(one for one in found if one.held or one.kind == "instance")

    def _subscript(self, node: ast.Subscript, place: Place) -> Shapes:
        owner = self.of(node.value, place)
        if isinstance(node.slice, ast.Slice):
            return frozenset(one for one in owner if one.kind == "holder")
        found = NONE.union(*(one.held for one in owner))
        for one in owner:
            if one.kind == "instance":
                found |= self.results_of(one, "__getitem__")
            elif one.kind == "class":
                is_member = is_enum(self.definitions, self.definitions.classes[one.symbol])
                found |= {one._replace(kind="instance")} if is_member else {one}  # ``Box[int]``
        return found

    # -- names --------------------------------------------------------------------------

    def _name(self, name: str, place: Place) -> Shapes:
        scope = place.scope
        while scope is not None and name not in scope.module_names:
            if name in scope.values or name in scope.fixed:
                here = place if scope is place.scope else place._replace(scope=scope)
                return self._local(name, here)
            scope = scope.parent
        return self.symbol(self.world.member(place.module, name))

    def _local(self, name: str, place: Place) -> Shapes:
        scope = place.scope
        assert scope is not None
        return self._once(("local", id(scope), name), scope, lambda: self._bound(name, place))

    def _bound(self, name: str, place: Place) -> Iterator[Shapes]:
        scope = place.scope
        assert scope is not None
        for origin in scope.fixed.get(name, ()):
            if origin.level != "whole":
                continue
            if origin.kind == "param" and place.definition is not None:
                yield self._parameter(place.definition, origin.symbol.name)
            elif origin.kind == "symbol":
                yield self.symbol(origin.symbol)
        for value, is_part in scope.values.get(name, ()):
            if value is not None:
                found = self.of(value, place)
                yield self._each(found) if is_part else found

    def _each(self, found: Shapes) -> Shapes:
        """Return what a loop over these values gets, also where it unpacks that."""
        gets = held(found)
        for one in found:
            if one.kind == "instance":
                gets |= held(self.results_of(one, "__iter__"))
        return gets | held(gets)

    def _parameter(self, definition: Definition, name: str) -> Shapes:
        owner = definition.owner
        first = definition.parameters[0].arg if definition.parameters else ""
        if owner is not None and name == first and not definition.is_static:
            makes = definition.node.name in ("__new__", "__init_subclass__", "__class_getitem__")
            is_class = makes or definition.decorated_with("builtins.classmethod")
            return frozenset({Shape("class" if is_class else "instance", owner.symbol)})
        args = definition.node.args
        found = self._annotated(definition.module, definition.annotations().get(name), owner)
        if args.vararg is not None and args.vararg.arg == name:
            return holding(found)
        is_named = args.kwarg is not None and args.kwarg.arg == name
        return holding(found, "mapping") if is_named else found

    def _annotated(self, module: str, node: ast.expr | None, owner: Class | None) -> Shapes:
        return annotated(self.definitions, module, node, owner)

    def symbol(self, symbol: Symbol) -> Shapes:
        """Return what a dotted name of the application visibly stands for."""
        if not symbol.module:
            return NONE
        if not symbol.name:
            return frozenset({Shape("module", symbol)})
        if symbol in self.definitions.classes:
            return frozenset({Shape("class", symbol)})
        if symbol in self.definitions.functions and "." not in symbol.name:
            return frozenset({Shape("function", symbol)})
        head, _, rest = symbol.name.rpartition(".")
        if head:
            return self.attribute(self.symbol(Symbol(symbol.module, head)), rest)
        return self._once(("name", symbol), None, lambda: self._assigned(symbol))

    def _assigned(self, symbol: Symbol) -> Iterator[Shapes]:
        place = Place(symbol.module, None, None)
        for binding in self.world.modules[symbol.module].assigned.get(symbol.name, ()):
            yield self._annotated(symbol.module, binding.annotation, None)
            if binding.value is not None:
                yield self.of(binding.value, place)
            elif binding.whole is not None:
                yield held(self.of(binding.whole, place))

    # -- attributes ---------------------------------------------------------------------

    def attribute(self, owners: Shapes, name: str) -> Shapes:
        """Return what an attribute of one of these values visibly is."""
        found = NONE
        for one in owners:
            if one.kind == "module":
                found |= self.symbol(self.world.attribute(one.symbol, name))
            elif one.kind in ("instance", "class"):
                key = ("attribute", one.kind, one.symbol, name)
                found |= self._once(key, None, partial(self._attribute, one, name))
        return found

    def _attribute(self, one: Shape, name: str) -> Iterator[Shapes]:
        cls = self.definitions.classes[one.symbol]
        if name == "__class__":
            yield frozenset({one._replace(kind="class")})
        for method in self.definitions.methods_of(cls, name):
            if method.property_part is not None:
                is_read = method.property_part == "getter" and one.kind == "instance"
                yield self.results(method) if is_read else NONE
            else:
                through = one.kind == "class" and not _is_of_class(method)
                yield frozenset({Shape("unbound" if through else "method", cls.symbol, name)})
        for above in self.definitions.ancestry(cls):
            if isinstance(above, Class):
                yield from self._kept_by(above, one, name)

    def _kept_by(self, cls: Class, one: Shape, name: str) -> Iterator[Shapes]:
        nested = Symbol(cls.module, f"{cls.name}.{name}")
        if nested in self.definitions.classes:
            yield frozenset({Shape("class", nested)})
        yield self._annotated(cls.module, cls.fields.get(name), cls)
        for method, value in cls.own.get(name, ()):
            if value is not None:
                found = self.of(value, self.place(method))
                yield found if self._is_assigned(method, value) else held(found)
        if name in cls.assigned:
            if is_enum(self.definitions, cls):
                yield frozenset({Shape("instance", one.symbol)})
            else:
                yield self.of(cls.assigned[name], Place(cls.module, None, None))

    def _is_assigned(self, method: Definition, value: ast.expr) -> bool:
        """Whether an attribute is the value itself, not what is unpacked of it."""
        for part in walk(method.node):
            if isinstance(part, (ast.Assign, ast.AnnAssign)) and part.value is value:
                targets = part.targets if isinstance(part, ast.Assign) else [part.target]
                return any(isinstance(target, ast.Attribute) for target in targets)
        return True

    # -- calls --------------------------------------------------------------------------

    def _call(self, node: ast.Call, place: Place) -> Shapes:
        found = self._of_holders(node, place) | self._of_builtins(node, place)
        for one in self.of(node.func, place):
            if one.kind == "class":
                found |= {one._replace(kind="instance")}
            elif one.kind == "function":
                for definition in self.definitions.functions[one.symbol]:
                    found |= self.results(definition)
            elif one.kind in ("method", "unbound"):
                found |= self.results_of(one, one.name)
            elif one.kind == "instance":
                found |= self.results_of(one, "__call__")
        return found

    def _of_holders(self, node: ast.Call, place: Place) -> Shapes:
        """Return what methods of containers and classes give."""
        function = node.func
        if not isinstance(function, ast.Attribute):
            return NONE
        if function.attr == "__subclasses__":
            owners = self.of(function.value, place)
            return holding(NONE.union(*(self._below(one.symbol) for one in owners)))
        if function.attr not in _ENTRIES | _LISTS:
            return NONE
        owners = frozenset(one for one in self.of(function.value, place) if one.held)
        if function.attr == "copy":
            return owners
        given = held(owners) | NONE.union(*(one.held for one in owners))
        if function.attr in _LISTS:
            return holding(given)
        return given | self._union(node.args[1:2], place)

    def _below(self, symbol: Symbol) -> Shapes:
        return frozenset(
            Shape("class", cls.symbol)
            for cls in self.definitions.classes.values()
            if symbol in cls.bases
        )

    def _of_builtins(self, node: ast.Call, place: Place) -> Shapes:  # noqa: PLR0911 - a table
        """Return what functions of the standard library that give back what they get give."""
        if not node.args or isinstance(node.func, ast.Call):
            return NONE
        name = self.dotted(node.func, place)
        given = self._union(node.args, place)
        if name == "builtins.getattr" and len(node.args) > 1:
            found = self.attribute(self.of(node.args[0], place), text_of(node.args[1]))
            return found | self._union(node.args[2:3], place)
        if name == "builtins.type" and len(node.args) == 1:
            return frozenset(o._replace(kind="class") for o in given if o.kind == "instance")
        if name in _SAME:
            return self.of(node.args[0], place)
        if name in PICKS:
            return self._each(given)
        if name in _COLLECTING:
            return holding(self._each(given))
        is_caller = name == "operator.methodcaller"
        return frozenset({Shape("caller", name=text_of(node.args[0]))}) if is_caller else NONE

    def dotted(self, node: ast.expr, place: Place) -> str:
        """Return the dotted name of a function that is no one of the application's."""
        root = node
        while isinstance(root, ast.Attribute):
            root = root.value
        if not isinstance(root, ast.Name):
            return ""
        origins = self.tracer(place.module).of(node, place.scope)
        names = {str(one.symbol) for one in origins if one.kind == "symbol"}
        return names.pop() if len(names) == 1 else ""

    def results_of(self, one: Shape, name: str) -> Shapes:
        """Return what a method of an instance visibly gives."""
        methods = self.definitions.methods_of(self.definitions.classes[one.symbol], name)
        return NONE.union(*map(self.results, methods))

    def results(self, definition: Definition) -> Shapes:
        """Return what a call of a function visibly gives."""
        return self._once(("result", definition), None, lambda: self._results(definition))

    def _results(self, definition: Definition) -> Iterator[Shapes]:
        node = definition.node
        annotated = self._annotated(definition.module, node.returns, definition.owner)
        if definition.kind in _MANAGERS:
            annotated = held(annotated)
        if annotated or node.returns is not None:
            yield annotated
            return
        place = self.place(definition)
        for part in own_of(node, GIVING):
            match part:
                case ast.Return(value=ast.expr() as value):
                    yield self.of(value, place)
                case ast.Yield(value=ast.expr() as value):
                    found = self.of(value, place)
                    yield holding(found) if definition.kind in _STREAMS else found
                case ast.YieldFrom(value=value):
                    yield self.of(value, place)
                case _:
                    pass

    # -- where --------------------------------------------------------------------------

    def place(self, definition: Definition) -> Place:
        """Return where the body of a function stands."""
        if definition not in self._scopes:
            scope = self.tracer(definition.module).scope(definition.node, None)
            for name in definition.annotations():
                scope.fixed[name] = frozenset({Origin("param", Symbol("", name))})
            self._scopes[definition] = scope
        return Place(definition.module, definition, self._scopes[definition])

    def tracer(self, module: str) -> Tracer:
        """Return what traces the expressions of a module."""
        return self._tracers.setdefault(module, Tracer(self.definitions, module))

    def _once(self, key: object, kept: object, find: Callable[[], Iterator[Shapes]]) -> Shapes:
        if key in self._known:
            return self._known[key]
        if self._steps >= _MOST_STEPS:
            return NONE
        self._known[key] = NONE  # what a name made of itself adds
        self._kept.append(kept)
        self._steps += 1
        self._known[key] = NONE.union(*find())
        self._steps -= 1
        return self._known[key]


def _is_of_class(method: Definition) -> bool:
    """Whether it is called on its class."""
    return method.is_static or method.decorated_with("builtins.classmethod")
