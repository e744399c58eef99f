"""Who outside a package reads its module state, and who binds it early."""

from collections.abc import Collection, Iterator, Mapping

from seamline.interface.application import Application
from seamline.interface.model import Place, State
from seamline.interface.names import Import, Names, Symbol, World


def readers_of(application: Application, own: set[str]) -> dict[Symbol, State]:
    """Return the state of a package's modules, with the lines outside that read it."""
    functions = application.definitions.functions  # those that cache a resource stay in place
    facts = {
        symbol: fact
        for symbol, fact in application.state.facts.items()
        if symbol.module in own
        and (symbol not in functions or symbol in application.state.objects)
    }
    if not facts:
        return {}
    readers: dict[Symbol, set[Place]] = {symbol: set() for symbol in facts}
    early: dict[Symbol, set[Place]] = {symbol: set() for symbol in facts}
    world = application.definitions.world
    for body in application.bodies.values():
        if body.module in own:
            continue
        file = application.sources.modules[body.module].file
        for use in body.uses:
            fact = application.state.touched(use.symbol)
            # What importing registers is another matter: the host may import it as well.
            if body.definition is None and use.symbol.name.endswith(".register"):
                continue
            if fact is not None and fact.symbol in readers:
                readers[fact.symbol].add(Place(file, use.line))
    for module, names in world.modules.items():
        for found in () if module in own else names.imports:
            for symbol in _bound_by(world, names, found, readers):
                early[symbol].add(Place(names.source.file, found.line))
    return {
        symbol: State(
            module=symbol.module,
            name=symbol.name,
            line=fact.line,
            file=application.sources.modules[symbol.module].file,
            resource=fact.resource,
            readers=tuple(sorted(readers[symbol])),
            early=tuple(sorted(early[symbol])),
        )
        for symbol, fact in sorted(facts.items())
    }


def _bound_by(
    world: World, names: Names, found: Import, readers: Mapping[Symbol, Collection[Place]]
) -> Iterator[Symbol]:
    """Yield the state that an import binds; ``*`` binds what its module uses."""
    if found.name == "*":
        for symbol, places in readers.items():
            used = any(place.file == names.source.file for place in places)
            if used and world.member(names.source.name, symbol.name) == symbol:
                yield symbol
    elif found.name and not found.typing_only:
        symbol = world.imported(found)
        if symbol in readers:
            yield symbol
