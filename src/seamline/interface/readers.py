"""Who outside a package reads its module state, and who binds it early."""

from seamline.interface.application import Application
from seamline.interface.model import Place, State
from seamline.interface.names import Symbol


def readers_of(application: Application, own: set[str]) -> dict[Symbol, State]:
    """Return the state of a package's modules, with the lines outside that read it."""
    functions = application.definitions.functions  # those that cache a resource stay in place
    facts = {
        symbol: fact
        for symbol, fact in application.state.facts.items()
        if symbol.module in own and symbol not in functions
    }
    readers: dict[Symbol, set[Place]] = {symbol: set() for symbol in facts}
    early: dict[Symbol, set[Place]] = {symbol: set() for symbol in facts}
    world = application.definitions.world
    for body in application.bodies.values():
        if body.module in own:
            continue
        file = application.sources.modules[body.module].file
        for use in body.uses:
            fact = application.state.touched(use.symbol)
            if fact is not None and fact.symbol in readers:
                readers[fact.symbol].add(Place(file, use.line))
    for module, names in world.modules.items():
        if module in own:
            continue
        for found in names.imports:
            if found.name and found.name != "*" and not found.typing_only:
                symbol = world.imported(found)
                if symbol in early:
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
