"""Module state that is changed through a parameter: ``register(HANDLERS, name, function)``."""

from collections.abc import Iterable, Iterator

from seamline.interface.binding import parameter_of
from seamline.interface.body import Body, Bound, Call, Changed
from seamline.interface.changing import CHANGERS
from seamline.interface.facts import Fact, StateMap
from seamline.interface.filling import filled
from seamline.interface.graph import Graph
from seamline.interface.mutation import Mutations
from seamline.interface.names import Symbol
from seamline.interface.origins import Origins, Tracer, inside
from seamline.interface.renaming import returned


def note_handed(graph: Graph, mutations: Mutations, state: StateMap) -> set[Symbol]:
    """Add what bodies hand to functions that change what they are given to the state.

    What a module hands on while it is imported itself is left out: a table, built step by step.

    Returns:
        The state that is changed so.
    """
    found: set[Symbol] = set()
    for body in graph.bodies.values():
        if graph.definitions.world.modules[body.module].source.test:
            continue
        for call in body.calls:
            for symbol in _changed(graph, mutations, body, call):
                is_built = body.definition is None and body.module == symbol.module
                if not is_built and _note(graph, state, symbol):
                    found.add(symbol)
    return found


def _changed(graph: Graph, mutations: Mutations, body: Body, call: Call) -> Iterator[Symbol]:
    """Yield the module-level names whose objects one call changes."""
    if any(str(origin.symbol) in CHANGERS for origin in call.callee):
        yield from _names(graph, call.arguments[0][1] if call.arguments else frozenset())
    for bound in graph.entered(body, call):
        named = {place: _parameter(bound, place) for place, _ in call.arguments}
        for place, origins in () if bound.guess else call.arguments:
            name = named[place]
            if place in ("*", "**"):
                held = frozenset(o for o in origins if o.level == "copy")
                # Which parameter it becomes is not followed: any that nothing else does.
                rest = bound.target.annotations().keys() - set(named.values())
                if any(mutations.changes(bound.target, parameter) for parameter in rest):
                    yield from _names(graph, inside(held))
            elif mutations.changes(bound.target, name):
                yield from _names(graph, origins)
            elif name in graph.bodies[bound.target].looked_up:
                held = filled(Tracer(graph.definitions, body.module), origins, None)
                yield from _names(graph, held)


def _parameter(bound: Bound, place: int | str) -> str:
    if place in ("*", "**"):
        return ""
    shifted = place + int(bound.method) if isinstance(place, int) else place
    return parameter_of(bound.target.node, shifted)


def _names(graph: Graph, origins: Origins) -> Iterator[Symbol]:
    for origin in origins:
        if origin.level == "copy":
            continue
        found: Iterable[Symbol] = ()
        if origin.kind == "symbol":
            found = (origin.symbol,)
        elif origin.kind == "call":  # what it gave, or something in that
            change = Changed(origin.path, origin.level)
            found = returned(graph.definitions, graph.bodies, origin.symbol, [change])
        for symbol in found:
            if symbol.module:
                yield Symbol(symbol.module, symbol.name.partition(".")[0])


def _note(graph: Graph, state: StateMap, symbol: Symbol) -> bool:
    """Note that a name's object is changed; return whether there is such a name."""
    bindings = graph.definitions.world.modules[symbol.module].assigned.get(symbol.name)
    if bindings is None or symbol in state.framework:
        return False
    fact = state.facts.get(symbol)
    if fact is None:
        fact = state.facts[symbol] = Fact(symbol, bindings[0].line, resource=False, changed=True)
    fact.changed = fact.alive = True
    return True
