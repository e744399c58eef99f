"""Functions that run on a host and use what is current there: not what their callers have."""

from collections.abc import Iterator

from seamline.interface.application import ServiceFacts
from seamline.interface.model import Finding, Place, Severity
from seamline.interface.placement import Placement


def lost_currents(placement: Placement, facts: ServiceFacts) -> Iterator[Finding]:
    """Report functions that need their host, and something that is current in other processes."""
    service, package = facts.service.service, facts.service.package
    for definition, effect in facts.currents.items():
        function = facts.functions.get(definition)
        if function is None or definition not in placement.entered:
            continue
        if any(placement.crosses(service, place) for place in function.callers):
            place = Place(effect.file, effect.line)
            yield Finding(
                code="state-elsewhere",
                severity=Severity.ERROR,
                message=(
                    f"{function.module}.{function.name} {effect.what} ({place}), and it runs "
                    f"where service {service} does, which imports nothing that does"
                ),
                remedy=(
                    f"import the module that makes it in {package}, or use it in a function that "
                    "needs no state of the package and so stays with its caller"
                ),
                file=function.file,
                line=function.line,
                service=service,
            )
