"""Functions with a memory: what a decorator keeps for each, and attributes that change.

The memory of ``@counted def f()`` is state under the name ``f``, and so is the object that a
class makes of a function. What only remembers answers, as ``lru_cache`` does, is state only
where the application looks into it. The implementations of a ``singledispatch`` function are
state under ``f.register``, since each process would have its own.
"""

import ast
from collections.abc import Callable, Container, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from seamline.interface.body import MUTATORS, Body
from seamline.interface.facts import Fact, StateMap
from seamline.interface.functions import Class, Definition, Definitions
from seamline.interface.names import Symbol
from seamline.interface.walking import Def, own_nodes, walk
from seamline.interface.wrapping import covers, nested_lines

#: Decorates functions that others add implementations to.
GENERIC: Final = "functools.singledispatch"

_FUNCTIONS: Final = (ast.FunctionDef, ast.AsyncFunctionDef)
_DISPLAYS: Final = (ast.List, ast.Dict, ast.Set, ast.ListComp, ast.DictComp, ast.SetComp, ast.Call)
# What a memo does to its container besides storing an answer.
_FORGETTING: Final = frozenset({"clear", "move_to_end", "pop", "popitem", "popleft"})
# Returns the name of what an expression stands for, if that is shared; otherwise nothing.
Sharing = Callable[[ast.expr], str]
_MAKING: Final = frozenset({"__init__", "__new__", "__post_init__", "__set_name__"})


@dataclass(frozen=True, slots=True)
class _Memory:
    """What functions inside a decorator share and change.

    Attributes:
        names: The shared names.
        is_memo: Whether answers are all that is put there.
    """

    names: frozenset[str]
    is_memo: bool


@dataclass(slots=True)
class _Finder:
    definitions: Definitions
    bodies: Mapping[Definition | str, Body]
    state: StateMap

    def find(self) -> None:
        """Add what functions remember to the state."""
        uses = self._uses()
        for definition in self._functions():
            if definition.decorated_with(GENERIC):
                self._generic(definition)
            for owner in wrapping_objects(self.definitions, self.state, definition):
                self._add(owner, self.state.facts[owner].line)
            for symbol, node in zip(
                definition.decorators, definition.node.decorator_list, strict=True
            ):
                cls = self._made(symbol, is_called=isinstance(node, ast.Call))
                if cls is not None:
                    self._object(definition, cls, is_looked_into=definition.symbol in uses)
                for decorator in self.definitions.functions.get(symbol, ()) if symbol else ():
                    self._wrapped(definition, decorator, uses.get(definition.symbol, set()))
        for body in self.bodies.values():
            if body.definition is not None and self._counts(body.module):
                self._bound_attributes(body)

    def _counts(self, module: str) -> bool:
        return not self.definitions.world.modules[module].source.test

    def _functions(self) -> Iterator[Definition]:
        for module, definitions in self.definitions.by_module.items():
            if self._counts(module):
                yield from (one for one in definitions if one.owner is None)

    def _uses(self) -> dict[Symbol, set[str]]:
        """Return the attributes of functions that the application mentions."""
        found: dict[Symbol, set[str]] = {}
        for body in self.bodies.values():
            for use in body.uses if self._counts(body.module) else ():
                head, _, rest = use.symbol.name.partition(".")
                if rest and Symbol(use.symbol.module, head) in self.definitions.functions:
                    owner = Symbol(use.symbol.module, head)
                    found.setdefault(owner, set()).add(rest.partition(".")[0])
        return found

    def _add(self, symbol: Symbol, line: int) -> None:
        made = Fact(symbol, line, resource=False, changed=True)
        fact = self.state.facts.setdefault(symbol, made)
        fact.changed = fact.alive = True

    # -- objects ------------------------------------------------------------------------

    def _made(self, symbol: Symbol | None, *, is_called: bool) -> Class | None:
        """Return the class whose instance a decorator puts in the place of a function."""
        cls = self.definitions.class_of(symbol)
        if cls is not None:
            return cls if not is_called or self._gives_itself(cls) else None
        for decorator in self.definitions.functions.get(symbol, ()) if symbol else ():
            for origins, _ in () if is_called else self.bodies[decorator].returns:
                for origin in origins:
                    if origin.kind == "instance" and origin.level == "whole":
                        return self.definitions.class_of(origin.symbol)
        return None

    def _gives_itself(self, cls: Class) -> bool:
        """Whether ``@Class(...)`` leaves the instance there: its ``__call__`` returns it."""
        return any(
            isinstance(part, ast.Return)
            and isinstance(part.value, ast.Name)
            and part.value.id == method.parameters[0].arg
            for method in self.definitions.methods_of(cls, "__call__")
            if method.parameters
            for part in walk(method.node)
        )

    def _object(self, definition: Definition, cls: Class, *, is_looked_into: bool) -> None:
        methods = [
            method
            for each in self.definitions.ancestry(cls)
            if isinstance(each, Class)
            for name, found in each.methods.items()
            if name not in _MAKING
            for method in found
            if method.parameters and method.parameters[0].arg in self.bodies[method].changed
        ]
        if not methods or not self.definitions.methods_of(cls, "__call__"):
            return
        is_memo = all(map(_only_stores, methods))
        if is_looked_into or not is_memo:
            self._add(definition.symbol, definition.line)
            self.state.objects.add(definition.symbol)

    # -- closures and attributes --------------------------------------------------------

    def _wrapped(self, definition: Definition, decorator: Definition, used: set[str]) -> None:
        memory = _memory(decorator)
        if memory is None:
            return
        shown = {name for name in _shown(decorator, memory) if name in used or not memory.is_memo}
        for name in shown:
            self._add(Symbol(definition.module, f"{definition.name}.{name}"), definition.line)
        if shown or not memory.is_memo:
            self._add(definition.symbol, definition.line)

    def _generic(self, definition: Definition) -> None:
        """Note that the implementations are the process's, and whether functions add some."""
        register = Symbol(definition.module, f"{definition.name}.register")
        fact = Fact(register, definition.line, resource=False, changed=False)
        self.state.facts.setdefault(register, fact)
        if any(
            use.symbol == register
            for body in self.bodies.values()
            if body.definition is not None and self._counts(body.module)
            for use in body.uses
        ):
            self._add(register, definition.line)
            self._add(definition.symbol, definition.line)

    def _bound_attributes(self, body: Body) -> None:
        """Note attributes of functions that functions bind: ``f.calls += 1``."""
        for use in body.uses:
            head, _, rest = use.symbol.name.partition(".")
            owner = Symbol(use.symbol.module, head)
            is_attribute = rest and not rest.startswith("__") and "." not in rest
            if use.how == "bind" and is_attribute and owner in self.definitions.functions:
                self._add(use.symbol, self.definitions.functions[owner][0].line)


def note_memories(
    definitions: Definitions, bodies: Mapping[Definition | str, Body], state: StateMap
) -> None:
    """Add what functions remember between calls to the state."""
    _Finder(definitions, bodies, state).find()


def wrapping_objects(
    definitions: Definitions, state: StateMap, definition: Definition
) -> Iterator[Symbol]:
    """Yield the state whose methods decorate a function and use it in each call.

    ``@stats.counted`` is such a method, and ``@handlers.append`` is none.
    """
    for decorator in filter(None, definition.decorators):
        fact = state.touched(decorator)
        if fact is None:
            continue
        name = decorator.name.removeprefix(f"{fact.symbol.name}.")
        for symbol in state.instances.get(fact.symbol, ()):
            if any(map(_wraps, definitions.methods_of(definitions.classes[symbol], name))):
                yield fact.symbol


def _wraps(method: Definition) -> bool:
    """Whether functions that a method makes use its object."""
    own, lines = method.parameters[:1], nested_lines(method)
    return bool(own) and any(
        isinstance(part, ast.Name) and part.id == own[0].arg and covers(lines, part.lineno)
        for part in walk(method.node)
    )


def _memory(decorator: Definition) -> _Memory | None:
    """Return what the functions inside a decorator share and change, or None if nothing."""
    made: set[str] = set()
    bound: set[str] = set()
    given: set[str] = set()
    for node in _makers(decorator.node):
        made |= set(_containers(node))
        bound |= set(_bound(node))
        given |= {part.arg for part in walk(node.args) if isinstance(part, ast.arg)}
    inside = [part for part in walk(decorator.node) if isinstance(part, _FUNCTIONS)]
    inside.remove(decorator.node)
    wrappers = {node.name for node in inside}
    changed: dict[str, bool] = {}
    for node in inside:
        for name, is_memo in _changes(
            node, _one_of(made - set(_containers(node))), _one_of(given)
        ):
            changed[name] = changed.get(name, True) and is_memo
        for part in walk(node):
            if isinstance(part, ast.Nonlocal):
                changed.update(dict.fromkeys(bound.intersection(part.names), False))
            elif _is_bound_on(part, wrappers):
                changed[ast.unparse(part)] = False
    return _Memory(frozenset(changed), all(changed.values())) if changed else None


def _makers(node: Def) -> Iterator[Def]:
    """Yield the functions that run once for what is decorated: they return one inside them."""
    inside = {part.name: part for part in own_nodes(node) if isinstance(part, _FUNCTIONS)}
    returned = [part.value for part in own_nodes(node) if isinstance(part, ast.Return)]
    given = {name for value in returned for name in _given_back(value)} & inside.keys()
    if given:
        yield node
        for name in given:
            yield from _makers(inside[name])


def _given_back(value: ast.expr | None) -> Iterator[str]:
    """Yield the names of which one is returned, as itself or through a call it is given to."""
    if isinstance(value, ast.Name):
        yield value.id
    elif isinstance(value, ast.Call):
        yield from (part.id for part in value.args if isinstance(part, ast.Name))


def _bound(node: Def) -> Iterator[str]:
    """Yield the names that are a function's own: assigned in it, and its parameters."""
    yield from (part.arg for part in walk(node.args) if isinstance(part, ast.arg))
    for part in own_nodes(node):
        if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store):
            yield part.id


def _is_bound_on(part: ast.AST, owners: Container[str]) -> bool:
    """Whether a node binds an attribute of one of some names."""
    return (
        isinstance(part, ast.Attribute)
        and isinstance(part.ctx, ast.Store)
        and isinstance(part.value, ast.Name)
        and part.value.id in owners
    )


def _containers(node: Def) -> Iterator[str]:
    """Yield the names that a function itself binds to a container, or to what a call makes."""
    for part in own_nodes(node):
        if isinstance(part, (ast.Assign, ast.AnnAssign)):
            targets = part.targets if isinstance(part, ast.Assign) else [part.target]
            for target in targets:
                yield from _bound_to_container(target, part.value)


def _bound_to_container(target: ast.expr, value: ast.expr | None) -> Iterator[str]:
    if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
        for part, held in zip(target.elts, value.elts, strict=False):
            yield from _bound_to_container(part, held)
    elif isinstance(target, ast.Name) and isinstance(value, _DISPLAYS):
        yield target.id


def _shown(decorator: Definition, memory: _Memory) -> Iterator[str]:
    """Yield the attributes by which a wrapper shows its memory: ``w.hits``, ``w.clear``."""
    yield from (name.partition(".")[2] for name in memory.names if "." in name)
    names = set(memory.names)
    for node in walk(decorator.node):
        if isinstance(node, _FUNCTIONS) and node is not decorator.node:
            names |= {node.name} if _mentions(node, names) else set()
    for node in walk(decorator.node):
        if isinstance(node, ast.Assign) and _mentions(node.value, names):
            yield from (part.attr for part in node.targets if isinstance(part, ast.Attribute))


def _mentions(node: ast.AST, names: Container[str]) -> bool:
    return any(isinstance(part, ast.Name) and part.id in names for part in walk(node))


# -- what changes, and whether that only remembers --------------------------------------


def _changes(node: ast.AST, shared: Sharing, wrapped: Sharing) -> Iterator[tuple[str, bool]]:
    """Yield what is changed in place, and whether by storing an answer or forgetting some.

    Args:
        node: A function.
        shared: Tells what is shared.
        wrapped: Tells what may stand for the function that is decorated.
    """
    answers = set(_answers(node, wrapped))

    def is_answer(value: ast.expr, name: str) -> bool:
        """Whether what is stored under a name is an answer, and not made of what was there."""
        return (_mentions(value, answers) or _calls(value, wrapped)) and not any(
            shared(part) == name for part in walk(value) if isinstance(part, ast.expr)
        )

    for part in walk(node):
        for changed, stored in _changed_by(part):
            if name := shared(changed):
                is_memo = is_answer(stored, name) if isinstance(stored, ast.expr) else stored
                yield name, is_memo


def _answers(node: ast.AST, wrapped: Sharing) -> Iterator[str]:
    """Yield the names that a function binds to what the decorated function returned."""
    for part in walk(node):
        if isinstance(part, (ast.Assign, ast.AnnAssign, ast.NamedExpr)) and part.value is not None:
            targets = part.targets if isinstance(part, ast.Assign) else [part.target]
            if _calls(part.value, wrapped):
                yield from (one.id for one in targets if isinstance(one, ast.Name))


def _calls(value: ast.expr, wrapped: Sharing) -> bool:
    return any(isinstance(part, ast.Call) and wrapped(part.func) for part in walk(value))


def _changed_by(part: ast.AST) -> Iterator[tuple[ast.expr, ast.expr | bool]]:
    """Yield the expressions whose values one node changes.

    With each comes what is stored there, or whether it only forgets answers.
    """
    match part:
        case ast.Assign(targets=targets, value=value):
            for target in targets:
                if isinstance(target, ast.Subscript):
                    yield target.value, value
                elif isinstance(target, ast.Attribute):
                    yield target, False
        case ast.AugAssign(target=ast.Subscript(value=changed) | (ast.Attribute() as changed)):
            yield changed, False
        case ast.Delete(targets=targets):
            yield from ((t.value, True) for t in targets if isinstance(t, ast.Subscript))
        case ast.Call(func=ast.Attribute(value=changed, attr="setdefault"), args=[_, stored]):
            yield changed, stored
        case ast.Call(func=ast.Attribute(value=changed, attr=method)) if method in MUTATORS:
            yield changed, method in _FORGETTING
        case ast.Call(func=ast.Name(id="next"), args=[changed, *_]):
            yield changed, False
        case _:
            pass


def _only_stores(method: Definition) -> bool:
    """Whether all that a method changes of its object is a store of answers."""
    own = _own_attribute(method)
    found = [is_memo for _, is_memo in _changes(method.node, own, own)]
    return bool(found) and all(found)


def _own_attribute(method: Definition) -> Sharing:
    """Return what tells the attributes of a method's own object."""
    own = method.parameters[0].arg

    def shared(part: ast.expr) -> str:
        if not isinstance(part, ast.Attribute) or not isinstance(part.value, ast.Name):
            return ""
        return part.attr if part.value.id == own else ""

    return shared


def _one_of(names: Container[str]) -> Sharing:
    """Return what tells some names."""

    def shared(part: ast.expr) -> str:
        return part.id if isinstance(part, ast.Name) and part.id in names else ""

    return shared
