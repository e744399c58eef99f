"""Which parameters a function may change in place, conservatively."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from seamline.interface.binding import parameter_of
from seamline.interface.body import MUTATORS, Body, Call
from seamline.interface.changing import CHANGERS
from seamline.interface.functions import Definition
from seamline.interface.graph import VALUE_METHODS, Graph
from seamline.interface.known import is_stdlib
from seamline.interface.origins import Level, Origin, Origins
from seamline.interface.wrapping import injected

_READING: Final = VALUE_METHODS - MUTATORS
_LOGGERS: Final = frozenset({"logging.getLogger"})
#: Methods of loggers, which show what they are given.
_LOGGING: Final = frozenset(
    {"critical", "debug", "error", "exception", "info", "log", "warn", "warning"}
)
#: Of what values are classes.
CLASSES: Final = frozenset({"builtins.type", "typing.Type"})
WHOLE: Final[tuple[Level, ...]] = ("whole",)
_OWN: Final[tuple[Level, ...]] = ("whole", "part")
_COPY: Final[tuple[Level, ...]] = ("copy",)

# Of parameters of functions: which parameters of which callers become them, and where.
_Passed = dict[tuple[Definition, str], list[tuple[Definition, str, int]]]


@dataclass(slots=True)
class Mutations:
    """Changed parameters of every definition.

    Attributes:
        certain: Parameter to line, where the source shows the change.
        possible: Parameters that unknown code is given and might change.
        deep: Parameters of which what they hold may be changed, or passed on.
    """

    graph: Graph
    certain: dict[Definition, dict[str, int]] = field(default_factory=dict)
    possible: dict[Definition, set[str]] = field(default_factory=dict)
    deep: dict[Definition, set[str]] = field(default_factory=dict)
    _passed: _Passed = field(default_factory=dict)
    _held: _Passed = field(default_factory=dict)

    def build(self) -> None:
        """Follow parameters through the calls they are passed on to, until nothing is new."""
        queue: list[tuple[Definition, str, bool]] = []
        for key, body in self.graph.bodies.items():
            if isinstance(key, str):
                continue
            self.certain[key] = dict(body.changed)
            bound = {
                origin
                for receiver, name in body.attributes
                for origin in receiver
                if name in MUTATORS and origin.kind == "param" and origin.level != "copy"
            }
            named = {origin.symbol.name for origin in bound}
            inner = {origin.symbol.name for origin in bound if origin.level == "part"}
            self.possible[key] = (body.doubtful | named) - set(body.changed)
            queue.extend((key, name, False) for name in self.possible[key])
            queue.extend((key, name, True) for name in body.changed)
            self.deep[key] = body.doubtful | inner | body.reached
            for call in self.graph.unnamed(body):
                self._note(self._passed, key, call, passed_on(self.graph, body, call))
            for call in body.calls:
                fresh = set(self._unknown(body, call)) - set(self.certain[key])
                self.possible[key] |= fresh
                self.deep[key] |= fresh
                queue.extend((key, name, False) for name in fresh)
                self._note(self._passed, key, call, passed_on(self.graph, body, call))
                self._note(self._passed, key, call, _handed(self.graph, body, call))
                self._note(self._held, key, call, passed_on(self.graph, body, call, _COPY))
        self._follow(queue)

    def _note(
        self,
        passed: _Passed,
        key: Definition,
        call: Call,
        found: Iterator[tuple[str, Definition, str]],
    ) -> None:
        for name, target, parameter in found:
            passed.setdefault((target, parameter), []).append((key, name, call.line))
            self.deep[key].add(name)

    def _follow(self, queue: list[tuple[Definition, str, bool]]) -> None:
        while queue:
            target, parameter, certain = queue.pop()
            if parameter in _variadic(target) and not self.changes(target, parameter):
                continue
            key = target, parameter
            for caller, name, line in self._passed.get(key, ()):
                if certain and name not in self.certain[caller]:
                    self.certain[caller][name] = line
                    queue.append((caller, name, True))
                elif not certain:
                    self._may_change(caller, name, queue)
            # Whether it is what they hold that changes, in ``change_all([rows])``, is a guess.
            for caller, name, _ in (
                self._held.get(key, ()) if parameter in self.deep[target] else ()
            ):
                self._may_change(caller, name, queue)

    def _may_change(
        self, caller: Definition, name: str, queue: list[tuple[Definition, str, bool]]
    ) -> None:
        if name not in self.possible[caller] and name not in self.certain[caller]:
            self.possible[caller].add(name)
            queue.append((caller, name, False))

    def changes(self, definition: Definition, parameter: str) -> bool:
        """Whether a function certainly changes what it is given for a parameter.

        Of ``*args`` and ``**kwargs``, which are its own, that is what they hold.
        """
        if parameter in _variadic(definition):
            return parameter in self.graph.bodies[definition].changed
        return parameter in self.certain.get(definition, {})

    def of(self, definition: Definition) -> tuple[str, ...]:
        """Return the parameters a function may change, in the order of its signature."""
        certain = self.certain.get(definition, {})
        annotations = definition.annotations()
        immutable = {
            name
            for name, annotation in annotations.items()
            if self.graph.types.is_immutable(definition.module, annotation)
        }
        possible = self.possible.get(definition, set()) - immutable
        possible -= _variadic(definition)
        # ``n += 1`` on an immutable value changes nothing of the caller's; a class can be changed.
        classes = {
            name for name, found in annotations.items() if self._is_class(definition, found)
        }
        changed = (set(certain) - (immutable - classes)) | possible
        # What a decorator passes in is no caller's object.
        own = injected(self.graph.definitions, self.graph.bodies, definition)
        return tuple(name for name in annotations if name in changed - own)

    def _is_class(self, definition: Definition, annotation: ast.expr | None) -> bool:
        """Whether a value of the annotated type may be a class."""
        found = self.graph.types.leaves(definition.module, annotation)
        return any(str(symbol) in CLASSES for symbol in found)

    def _unknown(self, body: Body, call: Call) -> Iterator[str]:
        """Yield parameters that the call hands to code nothing is known about."""
        known = bool(self.graph.entered(body, call))
        for place, origins in call.arguments:
            # Which parameter they become is not followed; text takes them as text.
            if place in ("*", "**") and (known or call.method != "format"):
                yield from (o.symbol.name for o in origins if o.kind == "param")
        if not known and not self._is_harmless(call):
            for name, _ in _given(call):
                yield name
        if call.method and not known and call.method not in _READING:
            for origin in call.receiver:
                if origin.kind == "param" and origin.level != "copy":
                    yield origin.symbol.name

    def _is_harmless(self, call: Call) -> bool:
        if call.method and call.method in VALUE_METHODS:
            return True
        if call.method in _LOGGING and call.receiver and all(map(self._is_logger, call.receiver)):
            return True
        for origin in call.callee:
            dotted = str(origin.symbol)
            # What is made of a class without a constructor of its own keeps its arguments.
            if origin.kind != "symbol" or origin.symbol.module:
                return False
            if not is_stdlib(dotted) or dotted in CHANGERS or dotted == "builtins.getattr":
                return False
        return bool(call.callee)

    def _is_logger(self, origin: Origin) -> bool:
        """Whether it is what ``getLogger`` gives, in a function or under a name of a module."""
        if origin.kind == "call":
            return str(origin.symbol) in _LOGGERS
        world = self.graph.definitions.world
        names = world.modules.get(origin.symbol.module) if origin.kind == "symbol" else None
        made = () if names is None else names.assigned.get(origin.symbol.name, ())
        return bool(made) and all(
            isinstance(binding.value, ast.Call)
            and str(world.resolve(origin.symbol.module, binding.value.func)) in _LOGGERS
            for binding in made
        )


def _variadic(definition: Definition) -> set[str]:
    """Return ``*args`` and ``**kwargs``: what they hold is mostly passed on, and left alone."""
    args = definition.node.args
    return {arg.arg for arg in (args.vararg, args.kwarg) if arg}


def _given(call: Call, levels: tuple[Level, ...] = _OWN) -> Iterator[tuple[str, int | str]]:
    """Yield ``(parameter, position or keyword)`` of the own parameters that a call is given."""
    for position, origins in call.arguments:
        for origin in origins:
            if origin.kind == "param" and origin.level in levels:
                yield origin.symbol.name, position


def _handed(graph: Graph, body: Body, call: Call) -> Iterator[tuple[str, Definition, str]]:
    """Yield what other people's code may pass on to a function: ``map(change, rows)``.

    What displays hold is passed on, too: ``Thread(target=change, args=(rows,))``.
    """
    if graph.entered(body, call):
        return
    given = {o.symbol.name for _, origins in call.arguments for o in origins if o.kind == "param"}
    for _, origins in call.arguments:
        for target, parameters in _passed_functions(graph, body, origins):
            for name in sorted(given):
                for parameter in parameters:
                    yield name, target, parameter


def _passed_functions(
    graph: Graph, body: Body, origins: Origins
) -> Iterator[tuple[Definition, list[str]]]:
    """Yield the functions and bound methods that a value may be, with what they are given."""
    for origin in origins:
        if origin.kind == "symbol":
            for target in graph.definitions.functions.get(origin.symbol, ()):
                yield target, list(target.annotations())
        elif origin.kind in ("param", "instance") and origin.path:
            for cls in graph.classes_of(body, origin._replace(level="whole", path="")):
                for target in graph.definitions.methods_of(cls, origin.path):
                    if target.property_part is None:
                        yield target, list(target.annotations())[not target.is_static :]


def passed_on(
    graph: Graph, body: Body, call: Call, levels: tuple[Level, ...] = _OWN
) -> Iterator[tuple[str, Definition, str]]:
    """Yield ``(own parameter, callee, its parameter)`` for parameters that a call passes on.

    Args:
        graph: Resolves the call.
        body: The body that makes it.
        call: The call.
        levels: Whether the parameters themselves are passed on, or parts of them, or new
            containers of such. Themselves alone, only callees that are certain count.
    """
    for bound in graph.entered(body, call):
        if levels == WHOLE and bound.guess:
            continue
        args = bound.target.node.args
        positional = [arg.arg for arg in (*args.posonlyargs, *args.args)]
        shift = 1 if bound.method else 0
        if shift and positional:
            for origin in call.receiver:
                if origin.kind == "param" and origin.level in levels:
                    yield origin.symbol.name, bound.target, positional[0]
        for name, position in _given(call, levels):
            place = position + shift if isinstance(position, int) else position
            parameter = parameter_of(bound.target.node, place)
            if parameter and place not in ("*", "**"):
                yield name, bound.target, parameter
