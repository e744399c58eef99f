"""State that a service shares with the rest: of modules in no service, and cleared caches."""

from collections.abc import Collection

from seamline.interface.application import Application
from seamline.interface.functions import Definition
from seamline.interface.names import Symbol


def shared_state(
    application: Application, own: Collection[str], placed: Collection[str]
) -> frozenset[Symbol]:
    """Return the state that code outside a service uses as well as, perhaps, the service.

    Each process has its own of it, so what the service does with it on a host is not what the
    rest would see, nor the other way round. What only several services share depends on the
    layout, and is a finding.

    Args:
        application: The application.
        own: The modules of the service.
        placed: The modules of all services.
    """
    found = _shared_caches(application, own)
    candidates = {
        symbol
        for symbol, fact in application.state.facts.items()
        if symbol.module not in placed
        and fact.alive
        and not fact.resource
        and symbol not in application.importers
    }
    if not candidates:
        return frozenset(found)
    outside = _outside(application, own) - set(placed)
    touching: dict[Definition, set[Symbol]] = {}
    for key, direct in application.touches.direct.items():
        if isinstance(key, Definition) and not candidates.isdisjoint(direct):
            touching[key] = candidates.intersection(direct)
    for key, body in application.bodies.items():
        if isinstance(key, str) or body.module not in outside:
            continue
        for symbol in touching.get(key, ()):
            found.update([symbol] if symbol.module != body.module else [])
        for edge in application.graph.edges[key]:
            if not edge.guess and edge.target.module != body.module:
                found |= touching.get(edge.target, set())
    return frozenset(found)


def _shared_caches(application: Application, own: Collection[str]) -> set[Symbol]:
    """Return the functions of a service whose cache is filled or cleared outside it, too.

    The cache is in each process that calls, so clearing it in one leaves the others' as it was.
    """
    facts = application.state.facts
    caches = {symbol for symbol, fact in facts.items() if fact.cache and symbol.module in own}
    found: set[Symbol] = set()
    if not caches:
        return found
    for key, body in application.bodies.items():
        if body.module in own or application.sources.modules[body.module].test:
            continue
        touched = (application.state.touched(use.symbol) for use in body.uses)
        used = {fact.symbol for fact in touched if fact is not None}
        used |= {edge.target.symbol for edge in application.graph.edges[key] if not edge.guess}
        found |= used & caches
    return found


def _outside(application: Application, own: Collection[str]) -> set[str]:
    """Return the modules that are used whether the service is there or not; tests aside."""
    modules = {s.name for s in application.sources.modules.values() if not s.test}
    below = application.imports.closure(own, runtime=True) | set(own)
    return (application.imports.closure(modules - below, runtime=True) & modules) - set(own)
