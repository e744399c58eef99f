"""State that is settled once the imports are done: what changes it runs only meanwhile."""

import ast
from collections.abc import Container

from seamline.interface.facts import StateMap
from seamline.interface.functions import Definition
from seamline.interface.graph import Graph
from seamline.interface.names import Symbol
from seamline.interface.wrapping import covers, nested_lines


def settle(graph: Graph, state: StateMap, handed: Container[Symbol]) -> dict[Symbol, set[str]]:
    """Drop what only its own module changes, and only while it is imported.

    Every process that has the module then has the same: a table, built step by step. A
    registry that other modules fill is another matter, since not every process has those.

    Args:
        graph: Who calls whom.
        state: All state; what is settled is taken out.
        handed: State that is also changed through a parameter, later.

    Returns:
        The modules that change state by calling functions while they are imported, for state
        that nothing else changes and whose name stays bound to the same object.
    """
    found = {
        symbol: modules
        for symbol, changers in _changers(graph, state).items()
        if symbol not in handed and (modules := _importers(graph, changers))
    }
    for symbol, fact in list(state.facts.items()):
        is_kept = fact.changed and not fact.resource and not fact.escapes
        if is_kept and found.get(symbol) == {symbol.module}:
            del state.facts[symbol]
    return found


def _changers(graph: Graph, state: StateMap) -> dict[Symbol, set[Definition | None]]:
    """Return the functions that change each piece of state; None for one that they made."""
    found: dict[Symbol, set[Definition | None]] = {}
    for body in graph.bodies.values():
        definition = body.definition
        if definition is None:
            continue
        changes = [
            (use, fact)
            for use in body.uses
            if use.how != "read"
            for fact in state.all_touched(use.symbol)
        ]
        later = nested_lines(definition) if changes else ()
        for use, fact in changes:
            is_made = covers(later, use.line)
            found.setdefault(fact.symbol, set()).add(None if is_made else definition)
    return found


def _importers(graph: Graph, changers: set[Definition | None]) -> set[str]:
    """Return the modules whose import calls these functions; empty when others call them, too."""
    modules: set[str] = set()
    for changer in changers:
        if changer is None:
            return set()
        callers = graph.callers.get(changer, [])
        called_later = any(not isinstance(key, str) for key in callers)
        if called_later or not callers or any(u.how == "bind" for u in graph.bodies[changer].uses):
            return set()
        modules.update(key for key in callers if isinstance(key, str))
        if any(_hands_on(graph, key, changer) for key in callers):
            return set()
    return modules


def _hands_on(graph: Graph, module: Definition | str, changer: Definition) -> bool:
    """Whether a module mentions a function without calling it: a receiver, an item of a table."""
    body = graph.bodies[module]
    called = [
        origin.symbol
        for call in body.calls
        if not call.stored
        for origin in call.callee
        if origin.kind == "symbol" and origin.level == "whole"
    ]
    world = graph.definitions.world
    called += [
        symbol
        for decorator, _ in body.registered
        if not isinstance(decorator, ast.Call)
        and (symbol := world.resolve(body.module, decorator)) is not None
    ]
    mentioned = [use.symbol for use in body.uses]
    return any(
        changer in graph.run_by(symbol) and mentioned.count(symbol) > called.count(symbol)
        for symbol in set(mentioned)
    )
