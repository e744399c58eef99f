"""Whether the default object of a parameter is ever used: some call has to leave it out."""

from seamline.interface.binding import parameter_of
from seamline.interface.body import Call
from seamline.interface.facts import StateMap, default_of
from seamline.interface.functions import Definition
from seamline.interface.graph import Graph


def drop_given(graph: Graph, state: StateMap) -> None:
    """Take defaults out of the state that no call uses."""
    for body in graph.bodies.values():
        if body.definition is None:
            continue
        for name in body.definition.defaults():
            symbol = default_of(body.definition, name)
            if symbol in state.facts and is_always_given(graph, body.definition, name):
                del state.facts[symbol]


def is_always_given(graph: Graph, definition: Definition, name: str) -> bool:
    """Whether every call of a private function of a module gives a parameter, and is known.

    Whatever is also handed on, decorated, or called with ``*`` or ``**`` is not known.
    """
    is_private = definition.name.startswith("_") and definition.owner is None
    if not is_private or definition.decorators or not graph.callers.get(definition):
        return False
    mentioned = called = 0
    for body in graph.bodies.values():
        mentioned += sum(use.symbol == definition.symbol for use in body.uses)
        for call in body.calls:
            entered = any(bound.target is definition for bound in graph.entered(body, call))
            if entered and not _gives(call, definition, name):
                return False
            called += any(origin.symbol == definition.symbol for origin in call.callee)
    return mentioned == called


def _gives(call: Call, definition: Definition, name: str) -> bool:
    places = [place for place, _ in call.arguments]
    if "*" in places or "**" in places:
        return False
    return any(parameter_of(definition.node, place) == name for place in places)
