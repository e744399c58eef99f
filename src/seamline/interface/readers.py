"""Who outside a package reads its module state, and who binds it early."""

import ast
from collections.abc import Collection, Iterator, Mapping, Sequence

from seamline.interface.application import Application
from seamline.interface.model import Place, State
from seamline.interface.names import Import, Names, Symbol, World
from seamline.interface.walking import walk


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


def naming(application: Application, state: State) -> tuple[Place, ...]:
    """Return the lines that read a piece of state, of each body those alone that name it.

    A local variable that holds it is read on others: ``rows = shop.ROWS; rows.pop()``.
    """
    files = {place.file for place in state.readers}
    sources = [one for one in application.sources.modules.values() if one.file in files]
    kept: set[Place] = set()
    for source in sources:
        lines = sorted(place.line for place in state.readers if place.file == source.file)
        held = _held_in(application, source.name, state, lines)
        kept.update(Place(source.file, line) for line in lines if line not in held)
    return tuple(place for place in state.readers if place in kept)


def _held_in(
    application: Application, module: str, state: State, lines: Sequence[int]
) -> set[int]:
    """Return the lines of functions that only use a local variable, after one that names it."""
    world = application.definitions.world
    wanted = Symbol(state.module, state.name)
    found: set[int] = set()
    for definition in application.definitions.by_module.get(module, ()):
        node = definition.node
        own = [line for line in lines if node.lineno <= line <= (node.end_lineno or node.lineno)]
        if len(own) > 1:
            named = {
                part.lineno
                for part in walk(node)
                if isinstance(part, (ast.Name, ast.Attribute))
                if _is_named(application, world.resolve(module, part), wanted)
            }
            if own[0] in named:
                found.update(line for line in own if line not in named)
    return found


def _is_named(application: Application, symbol: Symbol | None, wanted: Symbol) -> bool:
    """Whether a name of a module stands for a piece of state, or for a part of it."""
    fact = None if symbol is None else application.state.touched(symbol)
    return fact is not None and fact.symbol == wanted


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
