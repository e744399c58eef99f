"""Which definitions a body may run: calls resolved by name, by type, and by method name."""

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from seamline.interface.body import Body, Bound, Call
from seamline.interface.crossing import Types
from seamline.interface.functions import Class, Definition, Definitions
from seamline.interface.implied import Implications
from seamline.interface.known import MAKERS, named
from seamline.interface.names import NamesBound, Symbol, bound_in, is_only_import
from seamline.interface.origins import Origin, Origins
from seamline.interface.wrapping import covers, wrappers_of

# Methods of built-in values: their names say nothing about a class of the application.
VALUE_METHODS: Final = frozenset(
    name
    for kind in (str, bytes, int, float, dict, list, set, tuple, frozenset)
    for name in dir(kind)
) | {"read", "write", "close", "isoformat", "date", "time", "total_seconds", "timestamp"}

_CONSTRUCTORS: Final = ("__init__", "__new__", "__post_init__", "__attrs_post_init__")


#: Classes whose ``run`` is entered by starting an instance.
THREADS: Final = ("threading.Thread", "threading.Timer", "multiprocessing.Process")


class Edge(NamedTuple):
    """One definition that a body may run.

    Attributes:
        guess: Whether only the method's name says so.
        override: Whether it runs only where the object is of a subclass that overrides it.
    """

    target: Definition
    line: int
    guess: bool
    override: bool = False


@dataclass(slots=True)
class Graph:
    """Call edges of every body with their reverse, and the answers they are made of."""

    definitions: Definitions
    bodies: dict[Definition | str, Body]
    types: Types
    subclasses: dict[Symbol, list[Class]] = field(default_factory=dict)
    named: dict[str, list[Definition]] = field(default_factory=dict)
    implementations: dict[Symbol, list[Definition]] = field(default_factory=dict)
    edges: dict[Definition | str, tuple[Edge, ...]] = field(default_factory=dict)
    callers: dict[Definition, list[Definition | str]] = field(default_factory=dict)
    _unnamed: dict[int, tuple[Call, ...]] = field(default_factory=dict)
    _bounds: dict[int, tuple[Bound, ...]] = field(default_factory=dict)
    _libraries: dict[tuple[str, str], bool] = field(default_factory=dict)
    _binding: dict[str, NamesBound] = field(default_factory=dict)
    _implications: Implications = field(init=False)

    def __post_init__(self) -> None:
        self._implications = Implications(self.definitions, self._lookup)

    def build(self) -> None:
        """Index the classes and resolve every body's calls."""
        for cls in self.definitions.classes.values():
            for found in list(self.definitions.ancestry(cls))[1:]:
                if isinstance(found, Class):
                    self.subclasses.setdefault(found.symbol, []).append(cls)
            for name, methods in cls.methods.items():
                self.named.setdefault(name, []).extend(methods)
        self._dispatchers()
        for key, body in self.bodies.items():
            run = [edge for edge in self._edges(body) if edge.target is not key]
            # What is certain comes last, so that a guess at the same line never hides it.
            run.sort(key=lambda edge: (not edge.guess, not edge.override))
            edges = {(edge.target, edge.line): edge for edge in run}
            self.edges[key] = tuple(edges.values())
            for target, _ in edges:
                self.callers.setdefault(target, []).append(key)

    def entering(self, targets: Iterable[Definition]) -> Iterator[Body]:
        """Yield the bodies that may enter any of some functions, in the order of all bodies."""
        callers = {key for target in targets for key in self.callers.get(target, ())}
        return (body for key, body in self.bodies.items() if key in callers)

    def _dispatchers(self) -> None:
        """Find ``@render.register`` implementations of generic functions."""
        for definitions in self.definitions.by_module.values():
            for definition in definitions:
                for symbol in definition.decorators:
                    if symbol is not None and symbol.name.endswith(".register"):
                        generic = Symbol(symbol.module, symbol.name.removesuffix(".register"))
                        if generic in self.definitions.functions:
                            self.implementations.setdefault(generic, []).append(definition)

    def _edges(self, body: Body) -> Iterator[Edge]:
        if body.definition is not None:
            for target in self.implementations.get(body.definition.symbol, ()):
                yield Edge(target, body.definition.line, guess=False)
            yield from self._wrapped(body.definition)
        for use in body.uses:
            for target in self.named_by(use.symbol):
                yield Edge(target, use.line, guess=False)
            for bound in self._instance_member(use.symbol):
                yield Edge(bound.target, use.line, guess=False, override=bound.override)
        for call in (*body.calls, *self.unnamed(body)):
            yield from self._called(body, call)
        for receiver, name in body.attributes:
            for bound in filter(_is_property, self._methods(body, receiver, name)):
                yield Edge(bound.target, bound.target.line, bound.guess, bound.override)

    def _called(self, body: Body, call: Call) -> Iterator[Edge]:
        """Yield what a call enters, and ``run`` of the application's own threads."""
        for bound in self.entered(body, call):
            yield Edge(bound.target, call.line, bound.guess, bound.override)
        for origin in call.callee:
            cls = self.definitions.classes.get(origin.symbol)
            if cls is not None and any(str(base) in THREADS for base in cls.bases):
                for target in self.definitions.methods_of(cls, "run"):
                    yield Edge(target, call.line, guess=False)

    def _wrapped(self, definition: Definition) -> Iterator[Edge]:
        """Yield what the application's own decorators run around a function."""
        for body, lines in wrappers_of(self.definitions, self.bodies, definition):
            for use in body.uses:
                for target in self.named_by(use.symbol) if covers(lines, use.line) else ():
                    yield Edge(target, definition.line, guess=False)
            for call in (*body.calls, *self.unnamed(body)):
                for bound in self.entered(body, call) if covers(lines, call.line) else ():
                    yield Edge(bound.target, definition.line, bound.guess, bound.override)
        for target in self.calling(definition):
            yield Edge(target, definition.line, guess=False)

    def calling(self, definition: Definition) -> Iterator[Definition]:
        """Yield ``__call__`` of the classes that decorate a function: it is entered there."""
        for symbol in definition.decorators:
            cls = None if symbol is None else self.definitions.classes.get(symbol)
            if cls is not None:
                yield from self.definitions.methods_of(cls, "__call__")

    def named_by(self, symbol: Symbol) -> list[Definition]:
        """Return the definitions a dotted name stands for, with those it dispatches to."""
        if not symbol.module:
            return []
        found = list(self.definitions.functions.get(symbol, ()))
        found += self.implementations.get(symbol, ())
        if not found and "." in symbol.name:
            owner, _, name = symbol.name.rpartition(".")
            cls = self.definitions.classes.get(Symbol(symbol.module, owner))
            if cls is not None:
                found = self.definitions.methods_of(cls, name)
        return found

    def run_by(self, symbol: Symbol) -> list[Definition]:
        """Return the definitions that a call of a dotted name runs, methods of instances too."""
        return [*self.named_by(symbol), *(one.target for one in self._instance_member(symbol))]

    def _instance_member(self, symbol: Symbol) -> Iterator[Bound]:
        """Yield what ``NAME.member`` runs where NAME holds an instance of a class."""
        head, _, rest = symbol.name.partition(".")
        if rest and symbol.module:
            for cls in self.held_classes(Symbol(symbol.module, head)):
                yield from self._lookup(cls, rest.partition(".")[0])

    def held_classes(self, symbol: Symbol) -> Iterator[Class]:
        """Yield the classes whose instances a module-level name is bound to."""
        for binding in self.definitions.world.modules[symbol.module].assigned.get(symbol.name, ()):
            if isinstance(binding.value, ast.Call):
                made = self.definitions.world.resolve(symbol.module, binding.value.func)
                if made in self.definitions.classes:
                    yield self.definitions.classes[made]
            yield from self._annotated(symbol.module, binding.annotation)

    def _annotated(self, module: str, annotation: ast.expr | None) -> Iterator[Class]:
        for symbol in self.types.leaves(module, annotation):
            if symbol in self.definitions.classes:
                yield self.definitions.classes[symbol]

    def entered(self, body: Body, call: Call) -> tuple[Bound, ...]:
        """Return the definitions that a call may enter."""
        if id(call) not in self._bounds:  # the bodies keep every call alive
            self._bounds[id(call)] = tuple(dict.fromkeys(self._entered(body, call)))
        return self._bounds[id(call)]

    def unnamed(self, body: Body) -> tuple[Call, ...]:
        """Return the calls of a body that no name says, as far as it shows what they enter."""
        if id(body) not in self._unnamed:
            found = list(self._implications.calls(body))
            self._bounds.update((id(call), entered) for call, entered in found)
            self._unnamed[id(body)] = tuple(call for call, _ in found)
        return self._unnamed[id(body)]

    def _entered(self, body: Body, call: Call) -> Iterator[Bound]:
        for origin in call.callee:
            if origin.kind == "symbol" and origin.level == "whole":
                cls = self.definitions.classes.get(origin.symbol)
                if cls is not None:
                    for name in _CONSTRUCTORS:
                        for target in self.definitions.methods_of(cls, name):
                            yield Bound(target, method=True, guess=False)
                    for target in self.definitions.makers_of(cls):
                        yield Bound(target, method=True, guess=False)
                for target in self.named_by(origin.symbol):
                    bound = target.owner is not None and not target.is_static
                    through_class = bound and not target.decorated_with("builtins.classmethod")
                    own = _names_instance(call.receiver, self.definitions)
                    yield Bound(target, method=bound and (own or not through_class), guess=False)
                yield from self._instance_member(origin.symbol)
        if call.method:
            yield from self._methods(body, call.receiver, call.method)

    def _methods(self, body: Body, receiver: Origins, name: str) -> Iterator[Bound]:
        unknown = False
        for origin in receiver:
            if origin.kind == "call" and origin.symbol.name == "builtins.super":
                yield from self._inherited(body, name)
                continue
            classes = list(self.classes_of(body, origin))
            for cls in classes:
                yield from self._lookup(cls, name)
            is_class = origin.kind == "symbol" and origin.symbol in self.definitions.classes
            is_known = self._is_of_stdlib(origin) or self._is_library(body.module, origin)
            unknown = unknown or not (classes or is_class or is_known or origin.back)
        if unknown and name not in VALUE_METHODS and not name.startswith("__"):
            top = body.module.partition(".")[0]
            for target in self.named.get(name, ()):
                if target.module.partition(".")[0] == top:
                    yield Bound(target, method=not target.is_static, guess=True)

    def _is_library(self, module: str, origin: Origin) -> bool:
        """Whether it is what a module certainly imports: ``import yaml``, then ``yaml.load()``.

        So is a module or a class of a library, ``loader.load()`` and ``URL.create()``, but no
        other object that one gives.
        """
        symbol = origin.symbol
        owner, _, name = symbol.name.rpartition(".")
        if origin.kind != "symbol" or symbol.module or origin.path:
            return False
        is_class = bool(owner) and name[:1].isupper() and self._is_class(owner, name)
        if owner and not is_class and not self.types.foreign.is_module(symbol.name):
            return False
        key = module, symbol.name
        if key not in self._libraries:
            if module not in self._binding:
                tree = self.definitions.world.modules[module].source.tree
                self._binding[module] = bound_in(tree)
            own = {name.partition(".")[0] for name in self.definitions.world.modules}
            self._libraries[key] = is_only_import(self._binding[module], symbol.name, own)
        return self._libraries[key]

    def _is_class(self, owner: str, name: str) -> bool:
        """Whether a name of a library is of a class, by its letters or by its source."""
        return not name.isupper() or self.types.foreign.class_in(owner, name) is not None

    def _is_of_stdlib(self, origin: Origin) -> bool:
        """Whether a value was made by a part of the standard library that makes its own."""
        symbol = origin.symbol
        if origin.kind not in ("call", "symbol") or not symbol.module:
            return origin.kind in ("call", "symbol") and named(symbol.name, MAKERS)
        head = symbol.name.partition(".")[0]
        bindings = self.definitions.world.modules[symbol.module].assigned.get(head, ())
        made = [
            self.definitions.world.resolve(symbol.module, binding.value.func)
            for binding in bindings
            if isinstance(binding.value, ast.Call)
        ]
        return (
            bool(made)
            and len(made) == len(bindings)
            and all(
                found is not None and not found.module and named(found.name, MAKERS)
                for found in made
            )
        )

    def _lookup(self, cls: Class, name: str) -> Iterator[Bound]:
        """Yield a method with those that override it in subclasses."""
        for target in self.definitions.methods_of(cls, name):
            yield Bound(target, method=not target.is_static, guess=False)
        for sub in self.subclasses.get(cls.symbol, ()):
            for target in sub.methods.get(name, ()):
                method = not target.is_static
                yield Bound(target, method=method, guess=False, override=True)

    def _inherited(self, body: Body, name: str) -> Iterator[Bound]:
        """Yield what ``super().name`` runs: of a base, or of a class that is mixed in beside it.

        An override in another subclass of the base is never run so.
        """
        owner = None if body.definition is None else body.definition.owner
        if owner is None:
            return
        above = [c for c in self.definitions.ancestry(owner) if isinstance(c, Class)][1:]
        holding = [cls for cls in above if name in cls.methods]
        # With several bases it takes the order of all of them to tell which comes next.
        single = all(len(cls.bases) < 2 for cls in (owner, *above))  # noqa: PLR2004
        below = self.subclasses.get(owner.symbol, [])
        known = {cls.symbol for cls in (owner, *above, *below)}
        beside = [
            cls
            for sub in below
            for cls in self.definitions.ancestry(sub)
            if isinstance(cls, Class) and cls.symbol not in known and name in cls.methods
        ]
        for cls in (*(holding[:1] if single else holding), *beside):
            for target in cls.methods[name]:
                yield Bound(target, method=not target.is_static, guess=False)

    def classes_of(self, body: Body, origin: Origin) -> Iterator[Class]:
        """Yield the classes a value may be an instance of, as far as source says."""
        classes = self.definitions.classes
        if origin.kind == "instance" and origin.level == "whole":
            yield classes[origin.symbol]
        elif origin.kind == "instance" and origin.path:
            yield from self._attribute(classes[origin.symbol], origin.path)
        elif origin.kind == "symbol" and origin.symbol.module:
            head = Symbol(origin.symbol.module, origin.symbol.name.partition(".")[0])
            yield from self.held_classes(head)
        elif origin.kind == "call" and origin.symbol.module and origin.level == "whole":
            for definition in self.definitions.functions.get(origin.symbol, ()):
                yield from self._annotated(definition.module, definition.node.returns)
        elif origin.kind == "param" and body.definition is not None:
            yield from self._parameter(body.definition, origin)

    def _parameter(self, definition: Definition, origin: Origin) -> Iterator[Class]:
        name = origin.symbol.name
        owner = definition.owner
        if (
            owner is not None
            and not definition.is_static
            and definition.parameters
            and definition.parameters[0].arg == name
        ):
            classes: Iterable[Class] = (owner,)
        else:
            classes = self._annotated(definition.module, definition.annotations().get(name))
        for cls in classes:
            if origin.path:
                yield from self._attribute(cls, origin.path)
            else:
                yield cls

    def _attribute(self, cls: Class, name: str) -> Iterator[Class]:
        """Yield the classes of ``self.name``: annotated, or assigned in a method."""
        for found in self.definitions.ancestry(cls):
            if not isinstance(found, Class):
                continue
            yield from self._annotated(found.module, found.fields.get(name))
            for method, value in found.own.get(name, ()):
                if isinstance(value, ast.Call):
                    made = self.definitions.world.resolve(found.module, value.func)
                    if made in self.definitions.classes:
                        yield self.definitions.classes[made]
                elif isinstance(value, ast.Name):
                    annotation = method.annotations().get(value.id)
                    yield from self._annotated(found.module, annotation)


def _names_instance(receiver: Origins, definitions: Definitions) -> bool:
    return not any(o.kind == "symbol" and o.symbol in definitions.classes for o in receiver)


def _is_property(bound: Bound) -> bool:
    return bound.target.property_part == "getter"
