"""What modules that no host imports register with a package while they are imported."""

from collections.abc import Collection, Iterator

from seamline.interface.application import Application, ServiceFacts
from seamline.interface.asking import classes_listed, subclasses_in
from seamline.interface.body import Body
from seamline.interface.framework import applications_made
from seamline.interface.leaving import Left
from seamline.interface.model import Finding, Place, Severity, Verdict
from seamline.interface.modules import registrations
from seamline.interface.names import Symbol
from seamline.interface.placement import Placement


def lost_registrations(
    placement: Placement, facts: ServiceFacts, services: Collection[ServiceFacts]
) -> Iterator[Finding]:
    """Report functions and classes that the host of a service will not have.

    A package service that registers is imported wherever it registers; an http service's
    modules are not.
    """
    application, service = placement.application, facts.service.service
    hosted = _imported(placement, facts).union(*(each.modules for each in services))
    used = _used(placement, facts)
    bodies = _run_on_host(placement, facts)
    listed = classes_listed(application.graph, bodies)
    sent = application.signals.sent(bodies)
    for module, names in application.definitions.world.modules.items():
        if module in hosted or names.source.test or not placement.crosses_from(service, module):
            continue
        told: set[int] = set()
        for line, does in (
            *_registered(application, facts, module),
            *_left(application, facts, module, used),
            *_subclassed(application, module, listed),
            *_listening(application, module, sent),
        ):
            if line not in told:
                told.add(line)
                yield _lost(service, module, Place(names.source.file, line), does)


def _imported(placement: Placement, facts: ServiceFacts) -> set[str]:
    """Return the modules that the host of a service imports for it.

    Where its package reads the application of Flask, the host loads the http services as well.
    """
    application, imports = placement.application, placement.application.imports
    found = imports.closure(facts.modules, runtime=True)
    if imports.name_any("django", found | facts.modules):
        found |= imports.set_up_by_django()
    reads = any(application.contexts[definition] for definition in facts.functions)
    if reads and applications_made(application.graph):
        found |= imports.closure(placement.entries, runtime=False)
    return found


def _registered(
    application: Application, facts: ServiceFacts, module: str
) -> Iterator[tuple[int, str]]:
    """Yield what one module registers with objects of a package, with the line."""
    for symbol, line in registrations(application.graph, module, {module}):
        head = Symbol(symbol.module, symbol.name.partition(".")[0])
        if symbol.module in facts.modules and head not in application.state.framework:
            yield line, f"{symbol.module}.{symbol.name} registers something"


def _left(
    application: Application, facts: ServiceFacts, module: str, used: Collection[Symbol]
) -> Iterator[tuple[int, str]]:
    """Yield what one module leaves in state that the host of a package uses, likewise."""
    for left in application.leaving.by(module):
        if left.symbol in used and not _is_told(facts, left):
            yield left.line, f"{left.via.module}.{left.via.name} puts something into {left.symbol}"


def _subclassed(
    application: Application, module: str, listed: Collection[Symbol]
) -> Iterator[tuple[int, str]]:
    """Yield the classes of a module that the host looks for among subclasses, likewise."""
    for cls, base in subclasses_in(application.graph, module, listed):
        yield cls.node.lineno, f"{base.module}.{base.name}.__subclasses__() finds a class"


def _listening(
    application: Application, module: str, sent: Collection[Symbol]
) -> Iterator[tuple[int, str]]:
    """Yield the receivers that a module connects to signals which the host sends, likewise."""
    for signal, line in application.signals.connected(module) if sent else ():
        if signal in sent:
            yield line, f"the signal {str(signal).replace(':', '.')} gets a receiver"


def _run_on_host(placement: Placement, facts: ServiceFacts) -> list[Body]:
    """Return the bodies that calls over the seam of a service certainly run on its host."""
    graph, home = placement.application.graph, placement.group(facts.service.service)
    waiting = [d for d in facts.functions if d in placement.entered]
    found = dict.fromkeys(waiting)
    while waiting:
        for edge in graph.edges[waiting.pop()]:
            elsewhere = placement.remote_group(edge.target) not in (None, home)
            if not edge.guess and not elsewhere and edge.target not in found:
                found[edge.target] = None
                waiting.append(edge.target)
    return [graph.bodies[definition] for definition in found]


def _used(placement: Placement, facts: ServiceFacts) -> set[Symbol]:
    """Return the state of a package, or of no service, that its host certainly uses."""
    return {
        symbol
        for definition in facts.functions
        if definition in placement.entered
        for symbol, touch in facts.touched.get(definition, {}).items()
        if not touch.guess
        if symbol.module in facts.modules or placement.is_unplaced(symbol.module)
    }


def _is_told(facts: ServiceFacts, left: Left) -> bool:
    """Whether it is told of as a call of a function that may cross."""
    function = facts.functions.get(left.via)
    return left.called and function is not None and function.verdict is Verdict.REMOTE


def _lost(service: str, module: str, place: Place, does: str) -> Finding:
    return Finding(
        code="import-call",
        severity=Severity.ERROR,
        message=(
            f"{does} at {place}, but only in processes that import {module}: the host of "
            f"{service} does not have it"
        ),
        remedy=(
            f"move what is registered into a package service, or put {service} into "
            "the group of its user"
        ),
        file=place.file,
        line=place.line,
        service=service,
    )
