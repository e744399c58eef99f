"""Functions that run on a host and use what is current there: not what their callers have."""

from collections.abc import Iterator
from typing import Final

from seamline.interface.application import ServiceFacts
from seamline.interface.model import Finding, Place, Severity
from seamline.interface.placement import Placement

_LACKS: Final = "which imports nothing that does"


def lost_currents(placement: Placement, facts: ServiceFacts) -> Iterator[Finding]:
    """Report functions that need their host, and something that is current in other processes."""
    service, package = facts.service.service, facts.service.package
    for definition, effect in facts.currents.items():
        function = facts.functions.get(definition)
        if function is None or definition not in placement.entered:
            continue
        if any(placement.crosses(service, place) for place in function.callers):
            place = Place(effect.file, effect.line)
            lacks = "which may not have made it" if effect.doubtful else _LACKS
            yield Finding(
                code="state-elsewhere",
                severity=Severity.WARNING if effect.doubtful else Severity.ERROR,
                message=(
                    f"{function.module}.{function.name} {effect.what} ({place}), and it runs "
                    f"where service {service} does, {lacks}"
                ),
                remedy=(
                    f"import the module that makes it in {package}, or use it in a function that "
                    "needs no state of the package and so stays with its caller"
                ),
                file=function.file,
                line=function.line,
                service=service,
            )
