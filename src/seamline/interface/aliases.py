"""Which results may be, or share mutable parts with, the host's module state."""

from seamline.interface.application import Application
from seamline.interface.functions import Definition
from seamline.interface.names import Symbol


def aliased(application: Application, definition: Definition) -> set[Symbol]:
    """Return the state that a function's result may share."""
    types, state = application.types, application.state
    if types.is_immutable(definition.module, definition.node.returns):
        return set()
    found: set[Symbol] = set()
    for origins, _ in application.bodies[definition].returns:
        for origin in origins:
            if origin.kind != "symbol":
                continue
            fact = state.touched(origin.symbol)
            if fact is None or fact.resource:
                continue
            if origin.level == "whole" or not _holds_immutable(application, fact.symbol):
                found.add(fact.symbol)
    return found


def _holds_immutable(application: Application, symbol: Symbol) -> bool:
    """Whether what a container holds cannot change, by annotation or by what is put in."""
    fact = application.state.facts[symbol]
    types = application.types
    if fact.annotation is not None:
        held = types.leaves(symbol.module, fact.annotation)[1:]
        if held:
            return all(types.is_immutable_type(leaf) for leaf in held)
    return False
