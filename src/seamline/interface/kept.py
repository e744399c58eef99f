"""Module state kept under another name: an alias, a bound method, an object that holds it.

``push = QUEUE.append`` is state as ``QUEUE`` is, and so is ``store = Store(QUEUE)``. What is
given to a class or a function that changes it is changed, wherever that is called from.
"""

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final, Literal, NamedTuple

from seamline.interface.body import MUTATORS, Body, Call
from seamline.interface.facts import Fact, StateMap, default_of
from seamline.interface.functions import Class, Definition
from seamline.interface.graph import Graph
from seamline.interface.known import FRAMEWORK, is_stdlib, named
from seamline.interface.memo import is_table
from seamline.interface.mutation import Mutations
from seamline.interface.names import Symbol
from seamline.interface.origins import ACCESSORS, Origin, Tracer
from seamline.interface.walking import own_nodes, walk

_VIEWS: Final = frozenset({"items", "keys", "values", "__iter__"})
# Of the standard library these hold what they are given, not a copy of it.
_HOLDING: Final = (
    "functools.partial", "functools.partialmethod", "types.MappingProxyType", "types.MethodType",
    "types.SimpleNamespace", "collections.ChainMap", "itertools.", "weakref.", "operator.",
    "builtins.memoryview", "builtins.iter", "builtins.map", "builtins.filter", "builtins.zip",
    "builtins.enumerate", "builtins.reversed",
)  # fmt: skip
_PARTIAL: Final = "functools.partial"


class Held(NamedTuple):
    """A name whose object another one holds, or of which it holds a part."""

    symbol: Symbol
    how: Literal["whole", "part"]


@dataclass(slots=True)
class _Keeping:
    graph: Graph
    mutations: Mutations
    state: StateMap
    holders: dict[Symbol, set[Held]] = field(default_factory=dict)
    lines: dict[Symbol, int] = field(default_factory=dict)
    foreign: set[Symbol] = field(default_factory=set)
    _changers: dict[tuple[Symbol, str], bool] = field(default_factory=dict)

    # -- who holds what -----------------------------------------------------------------

    def read(self, module: str) -> None:
        """Find what the names, class attributes and defaults of a module hold."""
        definitions = self.graph.definitions
        tracer = Tracer(definitions, module)
        for name, bindings in definitions.world.modules[module].assigned.items():
            symbol = Symbol(module, name)
            if not name.startswith("__") and symbol not in self.state.framework:
                values = [binding.value for binding in bindings if binding.value is not None]
                self._note(tracer, symbol, values, bindings[0].line)
        for definition in definitions.by_module[module]:
            for name, value in definition.defaults().items():
                self._note(tracer, default_of(definition, name), [value], definition.line)

    def read_class(self, cls: Class) -> None:
        """Find what the attributes of a class hold."""
        tracer = Tracer(self.graph.definitions, cls.module)
        for name, value in cls.assigned.items():
            symbol = Symbol(cls.module, f"{cls.name}.{name}")
            self._note(tracer, symbol, [value], value.lineno)

    def _note(self, tracer: Tracer, name: Symbol, values: Iterable[ast.expr], line: int) -> None:
        found = {held for value in values for held in self._held(tracer, value)}
        if found:
            if any(_is_made_elsewhere(tracer, value) for value in values):
                self.foreign.add(name)
            self.holders[name] = {held for held in found if held.symbol != name}
            self.lines[name] = line

    def _held(self, tracer: Tracer, node: ast.expr) -> Iterator[Held]:
        match node:
            case ast.Name() | ast.Attribute():
                for origin in tracer.of(node, None):
                    yield from self._named(origin)
            case ast.Subscript():
                yield from (held._replace(how="part") for held in self._held(tracer, node.value))
            case ast.Lambda():
                for part in walk(node.body):
                    if isinstance(part, ast.Name):
                        yield from self._held(tracer, part)
            case ast.Call():
                yield from self._by_call(tracer, node)
            case ast.NamedExpr() | ast.Await():
                yield from self._held(tracer, node.value)
            case _:
                for part in _parts(node):
                    yield from self._held(tracer, part)

    def _named(self, origin: Origin) -> Iterator[Held]:
        symbol = origin.symbol
        if origin.kind != "symbol" or not symbol.module:
            return
        name, _, rest = symbol.name.partition(".")
        head = Symbol(symbol.module, name)
        if head in self.graph.definitions.classes:
            head = Symbol(symbol.module, ".".join(symbol.name.split(".")[:2]))
            if head in self.state.facts:
                yield Held(head, "whole")
        elif head in self.state.containers:
            yield Held(head, "whole" if origin.level == "whole" else "part")
        elif (not rest and head in self.state.unchanged) or (
            head in self.state.facts and (not rest or self._is_method(head, rest))
        ):
            yield Held(head, "whole")

    def _is_method(self, head: Symbol, name: str) -> bool:
        """Whether an attribute of an object is a method, bound to it."""
        classes = list(self.graph.held_classes(head))
        if not classes:
            return name in MUTATORS | ACCESSORS
        methods = self.graph.definitions.methods_of
        return any(methods(cls, name) for cls in classes)

    def _by_call(self, tracer: Tracer, node: ast.Call) -> Iterator[Held]:
        function = node.func
        if isinstance(function, ast.Attribute):
            how: dict[bool, Literal["whole", "part"]] = {True: "whole", False: "part"}
            if function.attr in _VIEWS | ACCESSORS:
                for held in self._held(tracer, function.value):
                    if held.symbol in self.state.containers:
                        yield held._replace(how=how[function.attr in _VIEWS])
        given: list[tuple[int | str, ast.expr]] = [*enumerate(node.args)]
        given += [(keyword.arg or "**", keyword.value) for keyword in node.keywords]
        for place, value in given:
            if any(self._keeps(origin, place) for origin in tracer.of(function, None)):
                yield from self._held(tracer, value)

    def _keeps(self, callee: Origin, place: int | str) -> bool:
        """Whether what a call makes holds one of its arguments."""
        if callee.kind != "symbol" or callee.level != "whole":
            return False
        symbol = callee.symbol
        cls = self.graph.definitions.classes.get(symbol)
        if cls is not None:
            return bool(self._paths(cls, place))
        if symbol.module:
            return any(
                origin.kind in ("param", "function", "instance")
                for definition in self.graph.definitions.functions.get(symbol, ())
                for origins, _ in self.graph.bodies[definition].returns
                for origin in origins
            )
        return named(symbol.name, _HOLDING) or _makes_foreign(symbol)

    # -- what is changed ----------------------------------------------------------------

    def given(self, body: Body) -> Iterator[Symbol]:
        """Yield the names whose objects a body gives to what keeps and changes them."""
        for call in body.calls:
            for place, origins in call.arguments:
                names = [o.symbol for o in origins if o.kind == "symbol" and o.level != "copy"]
                names = [symbol for symbol in names if symbol in self.state.containers]
                if names and any(self._changes(o, place) for o in call.callee):
                    yield from names
            later = body.definition is not None or any(
                str(origin.symbol) == _PARTIAL for origin in call.callee
            )
            if later and self._is_foreign(call) and self._gives_changer(call):
                yield from self._containers(call)

    def _changes(self, callee: Origin, place: int | str) -> bool:
        """Whether instances of a class change what its constructor is given."""
        cls = self.graph.definitions.classes.get(callee.symbol)
        if callee.kind != "symbol" or cls is None:
            return False
        return any(self._changes_path(cls, path) for path in self._paths(cls, place))

    def _paths(self, cls: Class, place: int | str) -> set[str]:
        """Return the attributes that hold what a constructor is given; ``path`` of each."""
        found: set[str] = set()
        for each in self.graph.definitions.ancestry(cls):
            if not isinstance(each, Class):
                continue
            makers = each.methods.get("__init__", ())
            if not makers and isinstance(place, str) and place in each.fields:
                found.add(place)
            elif not makers and isinstance(place, int) and place < len(each.fields):
                found.add(list(each.fields)[place])
            for attribute, values in each.own.items():
                for method, value in values:
                    name = _parameter(method, place)
                    if method in makers and value is not None and _mentions(value, name):
                        found.add(attribute)
        return found

    def _changes_path(self, cls: Class, path: str) -> bool:
        key = (cls.symbol, path)
        if key not in self._changers:
            self._changers[key] = any(
                path in self.graph.bodies[method].paths or self._binds_changer(each, path)
                for each in self.graph.definitions.ancestry(cls)
                if isinstance(each, Class)
                for methods in each.methods.values()
                for method in methods
            )
        return self._changers[key]

    def _binds_changer(self, cls: Class, path: str) -> bool:
        """Whether an attribute is a bound method that changes its receiver."""
        return any(
            isinstance(part, ast.Attribute) and part.attr in MUTATORS
            for _, value in cls.own.get(path, ())
            for part in (() if value is None else walk(value))
        )

    def changed_through_holders(self) -> set[Symbol]:
        """Return the containers that are changed as what something else holds."""
        return {
            held.symbol
            for name, holds in self.holders.items()
            if name in self.state.changed or (name in self.state.facts and "." in name.name)
            for held in holds
            if held.symbol in self.state.containers
        } | self._in_libraries()

    def changed_inside(self) -> set[Symbol]:
        """Return the instances that are changed as what a container or a default holds."""
        inside: set[Symbol] = set()
        for body in self.graph.bodies.values():
            if not self.graph.definitions.world.modules[body.module].source.test:
                inside |= body.inner
                if body.definition is not None:
                    names = body.changed.keys() - _bound_in(body.definition)
                    inside.update(default_of(body.definition, name) for name in names)
        return {
            held.symbol
            for name in inside
            for held in self.holders.get(name, ())
            if held.symbol in self.state.unchanged
        }

    def _in_libraries(self) -> set[Symbol]:
        """Return what objects of libraries hold that may change, as far as it is no table."""
        assigned = self.graph.definitions.world.modules
        return {
            held.symbol
            for name in self.foreign & self.state.facts.keys()
            for held in self.holders.get(name, ())
            if held.symbol in self.state.containers
            and not (
                held.symbol.name.isupper()
                and any(
                    binding.value is not None and is_table(binding.value)
                    for binding in assigned[held.symbol.module].assigned[held.symbol.name]
                )
            )
        }

    def _is_foreign(self, call: Call) -> bool:
        return bool(call.method) or any(
            origin.kind == "symbol" and not origin.symbol.module for origin in call.callee
        )

    def _gives_changer(self, call: Call) -> bool:
        """Whether a call is given a function that changes its parameters."""
        return any(
            self.mutations.certain.get(definition)
            for _, origins in call.arguments
            for origin in origins
            if origin.kind == "symbol" and origin.level == "whole"
            for definition in self.graph.definitions.functions.get(origin.symbol, ())
        )

    def _containers(self, call: Call) -> Iterator[Symbol]:
        for _, origins in call.arguments:
            for origin in origins:
                whole = origin.kind == "symbol" and origin.level != "part"
                if whole and origin.symbol in self.state.containers:
                    yield origin.symbol


def note_kept(graph: Graph, mutations: Mutations, state: StateMap) -> set[Symbol]:
    """Add to the state what is kept under other names, and what keeps it.

    Returns:
        What is changed so, and what holds it.
    """
    keeping = _Keeping(graph, mutations, state)
    modules = graph.definitions.world.modules
    ours = {module for module, names in modules.items() if not names.source.test}
    for module in ours:
        keeping.read(module)
    for cls in graph.definitions.classes.values():
        if cls.module in ours:
            keeping.read_class(cls)
    changed = {
        symbol
        for body in graph.bodies.values()
        if body.module in ours
        for symbol in keeping.given(body)
    }
    changed |= keeping.changed_inside()
    found = set(state.kept)
    while new := (changed | keeping.changed_through_holders()) - found:
        found |= new
        state.changed |= new
        for symbol in new:
            _add(state, symbol, (state.containers | state.unchanged)[symbol])
    return found | _hold(keeping, state)


def _hold(keeping: _Keeping, state: StateMap) -> set[Symbol]:
    """Add what holds changing state to the state."""
    found: set[Symbol] = set()
    new = True
    while new:
        new = False
        for name, holds in keeping.holders.items():
            facts = [state.facts.get(held.symbol) for held in holds if held.how == "whole"]
            if name not in state.facts and any(f and f.changed and not f.resource for f in facts):
                _add(state, name, keeping.lines[name])
                found.add(name)
                new = True
    return found


def _add(state: StateMap, symbol: Symbol, line: int) -> None:
    fact = state.facts.setdefault(symbol, Fact(symbol, line, resource=False, changed=True))
    fact.changed = fact.alive = True


def _makes_foreign(symbol: Symbol) -> bool:
    """Whether a call of a library's name makes an object, as far as its capital letter says."""
    last = symbol.name.rpartition(".")[2]
    known = is_stdlib(symbol.name) or named(symbol.name, FRAMEWORK)
    return not symbol.module and last[:1].isupper() and not known


def _is_made_elsewhere(tracer: Tracer, value: ast.expr) -> bool:
    return isinstance(value, ast.Call) and any(
        origin.kind == "symbol" and _makes_foreign(origin.symbol)
        for origin in tracer.of(value.func, None)
    )


def _parts(node: ast.expr) -> Iterator[ast.expr]:
    match node:
        case ast.Tuple() | ast.List() | ast.Set():
            yield from node.elts
        case ast.Dict():
            yield from node.values
        case ast.IfExp():
            yield from (node.body, node.orelse)
        case ast.BoolOp():
            yield from node.values
        case _:
            pass


def _bound_in(definition: Definition) -> set[str]:
    """Return the names that a function binds itself, to what may be no argument."""
    return {
        part.id
        for part in own_nodes(definition.node)
        if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store)
    }


def _parameter(method: Definition, place: int | str) -> str:
    """Return the name of the parameter that an argument becomes; the instance not counted."""
    args = method.node.args
    positional = [arg.arg for arg in (*args.posonlyargs, *args.args)][1:]
    if isinstance(place, str):
        return place
    return positional[place] if place < len(positional) else ""


def _mentions(value: ast.expr, name: str) -> bool:
    return bool(name) and any(
        isinstance(part, ast.Name) and part.id == name for part in walk(value)
    )
