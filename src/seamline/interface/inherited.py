"""State of a class that is reached through a subclass, a metaclass or an instance."""

from collections.abc import Iterator
from typing import Final

from seamline.interface.body import Body
from seamline.interface.facts import Fact, StateMap
from seamline.interface.functions import Class
from seamline.interface.graph import Graph
from seamline.interface.names import Symbol
from seamline.interface.state import DISPLAYS

# What runs while a class is made, which every process does for itself.
_MAKING: Final = frozenset({"__init_subclass__", "__set_name__"})


def note_inherited(graph: Graph, state: StateMap) -> None:
    """Let ``Sub.attribute`` and ``INSTANCE.attribute`` be the state that they are found in.

    What only the making of classes assigns is left out: every process has it.
    """
    for symbol, line in _overriding(graph):
        state.facts.setdefault(
            symbol, Fact(symbol, line, resource=False, changed=True, alive=True)
        )
    found: dict[Symbol, Symbol] = {}
    names = {symbol.name.rpartition(".")[2] for symbol in state.facts if "." in symbol.name}
    for cls in graph.definitions.classes.values():
        for name in names:
            held = class_attribute(graph, state, cls, name)
            if held is not None:
                found[Symbol(cls.module, f"{cls.name}.{name}")] = held
    made, changed = _bound_or_changed(graph, found)
    left_out = made - changed
    for symbol, held in found.items():
        if held not in left_out and symbol != held:
            state.inherited[symbol] = held
    for symbol, held in _of_instances(graph, found):
        if held not in left_out and symbol not in state.facts:
            state.inherited[symbol] = held


def class_attribute(graph: Graph, state: StateMap, cls: Class, name: str) -> Symbol | None:
    """Return the state that an attribute of a class is, if the first one that has it is state."""
    for owner in _looked_through(graph, cls):
        symbol = Symbol(owner.module, f"{owner.name}.{name}")
        if symbol in state.facts:
            return symbol
        if name in owner.assigned or name in owner.methods:
            return None
    return None


def _looked_through(graph: Graph, cls: Class) -> Iterator[Class]:
    """Yield a class and what it inherits from, then its metaclass with what that does."""
    definitions = graph.definitions
    above = [found for found in definitions.ancestry(cls) if isinstance(found, Class)]
    yield from above
    for found in above:
        meta = definitions.class_of(found.metaclass)
        if meta is not None:
            yield from (c for c in definitions.ancestry(meta) if isinstance(c, Class))


def _bound_or_changed(
    graph: Graph, found: dict[Symbol, Symbol]
) -> tuple[set[Symbol], set[Symbol]]:
    """Return what making a class binds, and what is changed otherwise; under its own name."""
    made: set[Symbol] = set()
    changed: set[Symbol] = set()
    for body in graph.bodies.values():
        definition = body.definition
        makes = definition is not None and definition.node.name in _MAKING
        for use in body.uses:
            if use.how != "read":
                name = ".".join(use.symbol.name.split(".")[:2])
                symbol = Symbol(use.symbol.module, name)
                into = made if makes and use.how == "bind" else changed
                into.add(found.get(symbol, symbol))
    return made, changed


def _of_instances(graph: Graph, found: dict[Symbol, Symbol]) -> Iterator[tuple[Symbol, Symbol]]:
    """Yield ``INSTANCE.attribute`` with the state of its class that it is."""
    attributes: dict[Symbol, list[tuple[str, Symbol]]] = {}
    for symbol, held in found.items():
        owner, _, name = symbol.name.rpartition(".")
        attributes.setdefault(Symbol(symbol.module, owner), []).append((name, held))
    for module, names in graph.definitions.world.modules.items():
        for assigned in names.assigned:
            for cls in graph.held_classes(Symbol(module, assigned)):
                for name, held in attributes.get(cls.symbol, ()):
                    if not _is_own(graph, cls, name):
                        yield Symbol(module, f"{assigned}.{name}"), held


def _is_own(graph: Graph, cls: Class, name: str) -> bool:
    """Whether methods set an attribute on the instance, so that it is not the class's."""
    return any(
        name in found.own for found in graph.definitions.ancestry(cls) if isinstance(found, Class)
    )


def _overriding(graph: Graph) -> Iterator[tuple[Symbol, int]]:
    """Yield containers of subclasses that methods of a base change through the class or self."""
    for body in graph.bodies.values():
        definition = body.definition
        if definition is None or definition.owner is None:
            continue
        owner = definition.owner.symbol
        changed = set(_through_class(body, owner, "mutate"))
        bound = set(_through_class(body, owner, "bind"))
        for cls in graph.subclasses.get(owner, ()):
            for name in (body.paths.keys() | changed | bound) & cls.assigned.keys():
                value = cls.assigned[name]
                is_container = isinstance(value, DISPLAYS) and not _is_own(graph, cls, name)
                if name in bound or is_container:
                    yield Symbol(cls.module, f"{cls.name}.{name}"), value.lineno


def _through_class(body: Body, owner: Symbol, *how: str) -> Iterator[str]:
    """Yield the attributes of its class that a method uses so: ``cls.rows = ..``."""
    for use in body.uses:
        is_own = use.symbol.module == owner.module and use.symbol.name.startswith(f"{owner.name}.")
        if is_own and use.how in how:
            yield use.symbol.name.removeprefix(f"{owner.name}.").partition(".")[0]


def reached(graph: Graph, state: StateMap, body: Body) -> Iterator[Symbol]:
    """Yield state of classes that a body reads through instances of which it knows the class.

    A method of a base reads what a subclass has under that name as well, through ``cls``, too.
    """
    for receiver, name in body.attributes:
        for origin in receiver:
            for cls in graph.classes_of(body, origin):
                more = graph.subclasses.get(cls.symbol, ()) if origin.kind == "param" else ()
                for each in (cls, *more):
                    symbol = Symbol(each.module, f"{each.name}.{name}")
                    symbol = state.inherited.get(symbol, symbol)
                    if symbol in state.facts and not _is_own(graph, each, name):
                        yield symbol
    definition = body.definition
    if definition is not None and definition.owner is not None:
        owner = definition.owner.symbol
        used = set(_through_class(body, owner, "read", "mutate", "bind"))
        for each in graph.subclasses.get(owner, ()):
            found = (Symbol(each.module, f"{each.name}.{name}") for name in used)
            yield from (symbol for symbol in found if symbol in state.facts)
