"""What modules that no host imports register with a package while they are imported."""

from collections.abc import Collection, Iterator

from seamline.interface.application import Application, ServiceFacts
from seamline.interface.model import Finding, Place, Severity
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
    application: Application = placement.application
    hosted = set().union(*(each.modules for each in services))
    hosted |= application.imports.closure(facts.modules, runtime=True)
    service = facts.service.service
    for module, names in application.definitions.world.modules.items():
        if module in hosted or names.source.test:
            continue
        for symbol, line in registrations(application.graph, module, {module}):
            head = Symbol(symbol.module, symbol.name.partition(".")[0])
            place = Place(names.source.file, line)
            foreign = symbol.module not in facts.modules or head in application.state.framework
            if foreign or not placement.crosses(service, place):
                continue
            yield Finding(
                code="import-call",
                severity=Severity.ERROR,
                message=(
                    f"{symbol.module}.{symbol.name} registers at {place} what only processes "
                    f"that import {module} have: the host of {service} does not"
                ),
                remedy=(
                    f"move what is registered into a package service, or put {service} into "
                    "the group of its user"
                ),
                file=place.file,
                line=place.line,
                service=service,
            )
