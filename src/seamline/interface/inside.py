"""Calls of refused functions in code of their own package that runs with its callers."""

from collections.abc import Iterator, Mapping

from msgspec.structs import replace

from seamline.interface.application import ServiceFacts
from seamline.interface.functions import Definition
from seamline.interface.graph import Edge
from seamline.interface.model import Finding, Place, Severity, Verdict
from seamline.interface.placement import Placement

Key = Definition | str


def called_inside(
    placement: Placement, facts: ServiceFacts
) -> dict[Definition, dict[Place, bool]]:
    """Return the lines of a package that call its refused functions in other processes.

    Returns:
        By function, the lines; whether the object there is certainly of its class.
    """
    found: dict[Definition, dict[Place, bool]] = {}
    for key in _away(placement, facts):
        for edge in placement.application.graph.edges[key]:
            if _has(facts, edge, Verdict.REFUSED):
                places = found.setdefault(edge.target, {})
                place = Place(key.file, edge.line)
                places[place] = places.get(place, False) or not (edge.guess or edge.override)
    return found


def calls_inside(finding: Finding, places: Mapping[Place, bool]) -> Iterator[Finding]:
    """Yield what is to say of a refused function at each line of :func:`called_inside`."""
    for place, is_sure in sorted(places.items()):
        calls = "calls it" if is_sure else "may call it"
        yield replace(
            finding,
            severity=Severity.ERROR if is_sure else Severity.WARNING,
            message=f"{finding.message}; {place} runs with its caller and {calls}",
            file=place.file,
            line=place.line,
        )


def _away(placement: Placement, facts: ServiceFacts) -> set[Definition]:
    """Return what stays with its callers and certainly is called in other processes."""
    edges = placement.application.graph.edges
    queue: list[Key] = list(_outside(placement, facts))
    found: set[Definition] = set()
    while queue:
        for edge in edges[queue.pop()]:
            if not edge.guess and edge.target not in found and _has(facts, edge, Verdict.LOCAL):
                found.add(edge.target)
                queue.append(edge.target)
    return found


def _outside(placement: Placement, facts: ServiceFacts) -> Iterator[Key]:
    """Yield the functions of other groups, and of modules that belong to none."""
    application = placement.application
    for key, body in application.bodies.items():
        is_away = placement.crosses_from(facts.service.service, body.module)
        if is_away and body.definition and not application.sources.modules[body.module].test:
            yield key


def _has(facts: ServiceFacts, edge: Edge, verdict: Verdict) -> bool:
    function = facts.functions.get(edge.target)
    return function is not None and function.verdict is verdict
