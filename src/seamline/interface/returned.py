"""What calls of the application's functions give back of what they are given.

``section(settings, name)`` that returns ``settings[name]`` gives a part of its first argument, and
a generator that yields parts of its argument gives a container of them. What changes such a result
changes the argument.
"""

import ast
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain
from typing import Final, NamedTuple

from seamline.interface.classes import OWNER, class_held, parameter_class
from seamline.interface.folding import Folded
from seamline.interface.functions import Class, Definition, Definitions
from seamline.interface.model import Kind
from seamline.interface.origins import NOTHING, Origins, Scope, Tracer, inside, shared
from seamline.interface.scopes import scope_of
from seamline.interface.storing import Put, Stored, names_in, stored_by
from seamline.interface.walking import own_of

_STREAMS: Final = (Kind.GENERATOR, Kind.ASYNC_GENERATOR)
#: What gives something to whoever called.
GIVING: Final = frozenset({ast.Return, ast.Yield, ast.YieldFrom})
_FIXED: Final = frozenset({"str", "int", "float", "bool", "bytes", "None"})


class _Entered(NamedTuple):
    """A function that a call enters, with its receiver if that is the first parameter."""

    target: Definition
    receiver: Origins | None


@dataclass(slots=True)
class Returned:
    """Answers for the calls of one application.

    Attributes:
        back: The parameters of each function, as what it returns or yields of them.
    """

    definitions: Definitions
    tracers: Mapping[str, Tracer]
    scopes: Mapping[Definition, Scope]
    back: dict[Definition, Origins] = field(default_factory=dict)
    _stored: dict[Definition, Stored] = field(default_factory=dict)
    _askers: dict[Definition, set[Definition]] = field(default_factory=dict)
    _asking: Definition | None = None
    _folded: Folded = field(default_factory=Folded)

    def build(self) -> None:
        """Follow results through the functions that return them, until nothing is new."""
        for tracer in self.tracers.values():
            tracer.returned = self
        queue = [d for found in self.definitions.by_module.values() for d in found]
        values = {d: list(_given_out(d)) for d in queue}
        queue = [d for d in queue if values[d]]
        while queue:
            self._asking = queue.pop()
            found = self._read(self._asking, values[self._asking])
            if not found <= self.back.get(self._asking, NOTHING):
                self.back[self._asking] = found | self.back.get(self._asking, NOTHING)
                queue += self._askers.get(self._asking, set()) - set(queue)
        self._asking = None
        for tracer in self.tracers.values():
            tracer.remember()

    def _read(self, definition: Definition, values: Iterable[tuple[ast.expr, bool]]) -> Origins:
        tracer = self.tracers[definition.module]
        tracer.forget()
        found = NOTHING
        for value, is_part in values:
            origins = tracer.of(value, self.scopes[definition])
            found |= inside(origins) if is_part else origins | self.stored(definition, value)
        found = frozenset(origin for origin in found if origin.kind == "param")
        return shared(found) if definition.kind in _STREAMS else found

    def by_call(
        self,
        tracer: Tracer,
        node: ast.Call,
        scope: Scope | None,
        called: tuple[Origins, Origins],
    ) -> Origins:
        """Return what the result of a call may be of its arguments; see :class:`GivesBack`."""
        found = self._folded.by_call(tracer, node, scope, called[0])
        for target, receiver in self._entered(node, scope, *called):
            if self._asking is not None:
                self._askers.setdefault(target, set()).add(self._asking)
            for origin in self.back.get(target, ()):
                given = _argument(tracer, node, scope, origin.symbol.name, (target, receiver))
                if origin.level == "copy":
                    found |= shared(given)
                else:
                    found |= inside(given) if origin.level == "part" else given
        return frozenset(
            origin._replace(back=True)
            for origin in found
            if origin.kind not in ("opaque", "function")
        )

    def stored(self, definition: Definition, value: ast.expr) -> Origins:
        """Return what holds, by what a function does, the objects that it gives out."""
        puts, handed, changing = self._kept(definition)
        tracer, scope = self.tracers[definition.module], self.scopes[definition]
        found = NOTHING
        for name in changing.intersection(names_in(value)):
            found |= self._holders(definition, puts.get(name, ()))
            for call in handed.get(name, ()):
                found |= self._holders_by(tracer, call, scope, name)
        return frozenset(origin for origin in found if origin.kind in ("symbol", "param"))

    def _kept(self, definition: Definition) -> Stored:
        if definition not in self._stored:
            self._stored[definition] = stored_by(definition)
        return self._stored[definition]

    def _holders(self, definition: Definition, puts: Iterable[Put]) -> Origins:
        """Return what of a function's own holds what it puts there, and is not new."""
        tracer, scope = self.tracers[definition.module], self.scopes[definition]
        own = {_variadic(definition.node.args.vararg), _variadic(definition.node.args.kwarg)}
        found = NOTHING
        for into, is_part in puts:
            holders = frozenset(
                origin
                for origin in tracer.of(into, scope)
                if origin.level != "copy" and origin.symbol.name not in own
            )
            found |= inside(holders) if is_part else holders
        return found

    def _holders_by(
        self, tracer: Tracer, node: ast.Call, scope: Scope | None, name: str
    ) -> Origins:
        """Return what holds an object that a call hands to a function which puts it there."""
        found = NOTHING
        for target, receiver in self._entered(node, scope, *tracer.called(node.func, scope)):
            for parameter in target.annotations():
                puts = self._kept(target).puts.get(parameter, ())
                if puts and name in _names_given(node, parameter, (target, receiver)):
                    for origin in self._holders(target, puts):
                        given = frozenset({origin})
                        if origin.kind == "param":
                            given = inside(
                                _argument(
                                    tracer, node, scope, origin.symbol.name, (target, receiver)
                                )
                            )
                        found |= given
        return found

    def _entered(
        self, node: ast.Call, scope: Scope | None, callee: Origins, receiver: Origins
    ) -> Iterator[_Entered]:
        for origin in callee:
            if origin.kind == "symbol" and origin.level == "whole":
                for target in self.definitions.functions.get(origin.symbol, ()):
                    is_bound = target.decorated_with("builtins.classmethod")
                    yield _Entered(target, NOTHING if is_bound else None)
        if isinstance(node.func, ast.Attribute):
            for cls in self._classes(receiver, scope):
                for target in self.definitions.methods_of(cls, node.func.attr):
                    yield _Entered(target, None if target.is_static else receiver)

    def _classes(self, receiver: Origins, scope: Scope | None) -> Iterator[Class]:
        """Yield the classes that a receiver is certainly an instance of."""
        while scope is not None and scope.parent is not None:
            scope = scope.parent
        own = {} if scope is None else scope.fixed
        for origin in receiver:
            if origin.level != "whole":
                continue
            name = origin.symbol.name
            known = [origin.symbol] if origin.kind == "instance" else []
            if origin.kind == "param":
                classes = own.get(parameter_class(name), NOTHING)
                if name == next(iter(own), ""):
                    classes |= own.get(OWNER, NOTHING)
                known += (one.symbol for one in classes)
            elif origin.kind == "symbol":
                known += class_held(self.definitions, origin.symbol)
            for symbol in known:
                yield self.definitions.classes[symbol]


def traced(definitions: Definitions) -> tuple[dict[str, Tracer], dict[Definition, Scope]]:
    """Return what traces the expressions of each module, and the scope of each function."""
    tracers = {module: Tracer(definitions, module) for module in definitions.world.modules}
    every = chain.from_iterable(definitions.by_module.values())
    scopes = {each: scope_of(tracers[each.module], each) for each in every}
    Returned(definitions, tracers, scopes).build()
    return tracers, scopes


def _given_out(definition: Definition) -> Iterator[tuple[ast.expr, bool]]:
    """Yield what a function returns or yields, and whether only what that holds."""
    annotation = definition.node.returns
    if annotation is not None and ast.unparse(annotation) in _FIXED:
        return
    is_stream = definition.kind in _STREAMS
    for part in own_of(definition.node, GIVING):
        match part:
            case ast.Return(value=ast.expr() as value) if not is_stream:
                yield value, False
            case ast.Yield(value=ast.expr() as value):
                yield value, False
            case ast.YieldFrom(value=value):
                yield value, True
            case _:
                pass


def _argument(
    tracer: Tracer,
    node: ast.Call,
    scope: Scope | None,
    name: str,
    entered: tuple[Definition, Origins | None],
) -> Origins:
    """Return what a parameter of a function gets from a call that enters it."""
    target, receiver = entered
    if receiver is not None and target.parameters[:1] and target.parameters[0].arg == name:
        return receiver
    found = NOTHING
    for value, is_held in _values_given(node, name, target, is_bound=receiver is not None):
        origins = tracer.of(value, scope)
        found |= inside(origins) if is_held else origins
    return found


def _names_given(
    node: ast.Call, name: str, entered: tuple[Definition, Origins | None]
) -> set[str]:
    target, receiver = entered
    values = _values_given(node, name, target, is_bound=receiver is not None)
    return {found for value, _ in values for found in names_in(value)}


def _values_given(
    node: ast.Call, name: str, target: Definition, *, is_bound: bool
) -> Iterator[tuple[ast.expr, bool]]:
    """Yield what a call gives to a parameter, and whether only what that holds."""
    args = target.node.args
    positional = [arg.arg for arg in (*args.posonlyargs, *args.args)][int(is_bound) :]
    for index, value in enumerate(node.args):
        if isinstance(value, ast.Starred):
            if name in (*positional[index:], _variadic(args.vararg)):
                yield value.value, True
            break
        if name == (positional[index] if index < len(positional) else _variadic(args.vararg)):
            yield value, False
    named = {arg.arg for arg in (*args.args, *args.kwonlyargs)}
    for keyword in node.keywords:
        if keyword.arg is None and (name in named or name == _variadic(args.kwarg)):
            yield keyword.value, True
        elif name == (keyword.arg if keyword.arg in named else _variadic(args.kwarg)):
            yield keyword.value, False


def _variadic(arg: ast.arg | None) -> str:
    """Return the name of ``*args`` or ``**kwargs``; one that nothing has where there is none."""
    return "\0" if arg is None else arg.arg
