"""Calls from outside a package that pass what cannot cross, by the source of the argument."""

from collections.abc import Iterator
from typing import Final

from seamline.interface.application import Application, ServiceFacts
from seamline.interface.body import Body, Call
from seamline.interface.known import RESOURCES, named
from seamline.interface.model import Finding, Place, Severity, Verdict
from seamline.interface.origins import Origin
from seamline.interface.placement import Placement
from seamline.interface.typenames import CROSSING, PULLED, PULLED_LATER, STREAMED, UNSENDABLE

_PROXIES: Final = {
    f"{framework}.{name}": what
    for framework in ("flask", "quart")
    for name, what in (
        ("request", "a request"),
        ("session", "a session of the framework"),
        ("g", "a framework object"),
        ("current_app", "an application object"),
    )
}
_KINDS: Final = {
    "model": "a row bound to a database session",
    "plain": "an object with state of its own",
    "finalized": "an object whose end does something, as that of its copy would",
}


def unsendable_arguments(placement: Placement, facts: ServiceFacts) -> Iterator[Finding]:
    """Report arguments that a call across the seam would refuse."""
    application: Application = placement.application
    service = facts.service.service
    # One that stays where an argument cannot cross refuses none.
    strict = {
        definition: f"{one.module}.{one.name}"
        for definition, one in facts.functions.items()
        if one.verdict is Verdict.REMOTE and not one.stays
    }
    for body in application.graph.entering(strict):
        source = application.sources.modules[body.module]
        if body.module in facts.modules or source.test:
            continue
        for call in body.calls:
            place = Place(source.file, call.line)
            entered = application.graph.entered(body, call)
            name = next(
                (strict[b.target] for b in entered if b.target in strict and not b.guess), ""
            )
            if not name or not placement.crosses(service, place):
                continue
            for what in _refused(application, body, call):
                yield Finding(
                    code="not-sendable",
                    severity=Severity.ERROR,
                    message=f"{name} is given {what}, which cannot cross to the host of {service}",
                    remedy="pass the values that are needed of it",
                    file=place.file,
                    line=place.line,
                    service=service,
                )


def _refused(application: Application, body: Body, call: Call) -> Iterator[str]:
    for _, origins in call.arguments:
        # Where it may be something else, too, the call decides.
        for origin in origins if len(origins) == 1 else ():
            what = _unsendable(application, body, origin) if origin.level == "whole" else ""
            if what:
                yield what


def _unsendable(application: Application, body: Body, origin: Origin) -> str:
    """Return what a value is when it surely cannot cross, or nothing."""
    types, name = application.types, origin.symbol.name
    what: str | None = None
    if origin.kind == "instance":
        what = _KINDS.get(types.kind(origin.symbol))
    elif origin.kind == "param" and body.definition is not None and not origin.path:
        annotation = body.definition.annotations().get(name)
        found = types.obstacle(body.module, annotation, pulled=PULLED | PULLED_LATER)
        if found is not None and not found.optional:  # most requests and responses cross
            name, what = found.type, found.what
    elif origin.kind == "symbol" and not origin.symbol.module:
        what = _PROXIES.get(name)
    elif origin.kind == "call" and not origin.symbol.module and not origin.path:
        what = _made(name)
    return f"{name}: {what}" if what else ""


def _made(name: str) -> str | None:
    if named(name, RESOURCES):
        return "a resource of its process"
    if name in UNSENDABLE and name not in CROSSING:
        return UNSENDABLE[name]
    return "a response that streams" if named(name, STREAMED) else None
