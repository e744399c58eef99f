"""Functions that use what is current, or change settings, elsewhere than it is needed."""

from collections.abc import Iterator
from typing import Final

from seamline.interface.ambient import Change, changed_settings, depends
from seamline.interface.application import ServiceFacts
from seamline.interface.effects import Effect
from seamline.interface.functions import Definition
from seamline.interface.hosting import imported_by_host, loads_applications, run_on_host
from seamline.interface.model import Finding, Function, Place, Severity, Verdict
from seamline.interface.placement import Placement

_LACKS: Final = "which imports nothing that does"
_UNSET: Final = "where no middleware has set it"
_UNDEFINED: Final = "where nothing may have"
_DEFINED: Final = (
    "import it in the module that uses it, or define it in a module that its package imports "
    "(gettext.install() in its __init__.py)"
)
_MAY_KEEP: Final = "whose values each process keeps in its own memory by one of the settings"
_USED: Final = "while others use that cache, too"
_SHARED: Final = (
    "set the cache to one that processes share (Redis, memcached, a database, files), or name the "
    "function in local of its service"
)
_GIVEN: Final = (
    "pass what it needs of it as an argument, or do this in a function that needs no state of the "
    "package and so stays with its caller"
)
_REMEDY: Final = (
    "call it while a module is imported that all of these processes import, or local = "
    '["{name}"] in [services.{service}] of seamline.toml where only its caller needs it'
)
#: So many groups are named.
_SHOWN: Final = 3


def lost_currents(placement: Placement, facts: ServiceFacts) -> Iterator[Finding]:
    """Report functions that need their host, and what others have current or cached."""
    remedy = (
        f"import the module that makes it in {facts.service.package}, or use it in a function "
        "that needs no state of the package and so stays with its caller"
    )
    for definition, effect in facts.currents.items():
        said = effect._replace(what=f"{effect.what} ({Place(effect.file, effect.line)})")
        lacks = "which may not have made it" if effect.doubtful else _LACKS
        if function := _called_from_elsewhere(placement, facts, definition):
            yield _lost(facts, function, said, lacks, remedy)
    for definition, effect in facts.request_values.items():
        function = _called_from_elsewhere(placement, facts, definition)
        if function and not all(placement.is_test(place.file) for place in function.callers):
            yield _lost(facts, function, effect, _UNSET, _GIVEN)
    for definition, effect in placement.application.undefined.items():
        if function := _called_from_elsewhere(placement, facts, definition):
            said = effect._replace(what=f"{effect.told}, {effect.why}", doubtful=True)
            yield _lost(facts, function, said, _UNDEFINED, _DEFINED)
    for definition, effect in facts.cached.items():
        if function := _called_from_elsewhere(placement, facts, definition):
            why = _MAY_KEEP if effect.doubtful else effect.why
            said = effect._replace(what=f"{effect.told}, {why}", doubtful=True)
            yield _lost(facts, function, said, _USED, _SHARED)


def _called_from_elsewhere(
    placement: Placement, facts: ServiceFacts, definition: Definition
) -> Function | None:
    """Return a function if calls from other processes enter it."""
    function = facts.functions.get(definition)
    if function is None or definition not in placement.entered:
        return None
    crosses = any(placement.crosses(facts.service.service, place) for place in function.callers)
    return function if crosses else None


def _lost(
    facts: ServiceFacts, function: Function, effect: Effect, lacks: str, remedy: str
) -> Finding:
    return Finding(
        code="state-elsewhere",
        severity=Severity.WARNING if effect.doubtful else Severity.ERROR,
        message=(
            f"{function.module}.{function.name} {effect.what}, and it runs where service "
            f"{facts.service.service} does, {lacks}"
        ),
        remedy=remedy,
        file=function.file,
        line=function.line,
        service=facts.service.service,
    )


def lost_questions(placement: Placement, facts: ServiceFacts) -> Iterator[Finding]:
    """Report functions that need their host, and what only their caller's process has."""
    told: set[Place] = set()
    service = facts.service.service
    for definition, function in facts.functions.items():
        effect = facts.asking.get(definition)
        if effect is None or effect.doubtful or definition not in placement.entered:
            continue
        place = Place(effect.file, effect.line)
        if place in told or not any(placement.crosses(service, p) for p in function.callers):
            continue
        told.add(place)
        yield Finding(
            code="state-elsewhere",
            severity=Severity.WARNING,
            message=(
                f"{function.module}.{function.name} {effect.told}, and it runs where service "
                f"{service} does: that is another process than its caller's"
            ),
            remedy=(
                "do that in a function that uses no state of the package, so that it runs with "
                "its caller, and pass what it finds"
            ),
            file=function.file,
            line=function.line,
            service=service,
        )


def lost_settings(placement: Placement, facts: ServiceFacts) -> Iterator[Finding]:
    """Report functions that leave a setting changed in one process, and another depends on it."""
    told: set[Place] = set()
    for definition, changes in facts.settings.items():
        function = facts.functions[definition]
        name = f"{function.module}.{function.name}"
        callers = _calls_of(placement, facts, definition)
        goes = definition in facts.with_callers
        for change in _by_setting(changes) if callers else ():
            where = ""
            if change.place in told:
                continue
            if function.verdict is Verdict.REMOTE and definition in placement.entered:
                where = _lacking_outside(placement, facts, change, callers, is_for_caller=goes)
            elif goes and not _is_settled(placement, facts, definition):
                where = _lacking_on_hosts(placement, callers, change)
            if where:
                told.add(change.place)
                yield Finding(
                    code="state-elsewhere",
                    severity=Severity.WARNING,
                    message=f"{name} {change.what} ({change.place}), {where}",
                    remedy=_REMEDY.format(name=function.name, service=facts.service.service),
                    file=function.file,
                    line=function.line,
                    service=facts.service.service,
                )


def _by_setting(changes: list[Change]) -> list[Change]:
    """Return the first change of each library's settings, and of each entry of one."""
    return list({(one.library, one.keys): one for one in reversed(changes)}.values())[::-1]


def _is_settled(placement: Placement, facts: ServiceFacts, key: Definition) -> bool:
    """Whether a function is known to be its caller's: it is listed, or a framework calls it."""
    is_listed = bool({*facts.offers.names(key)} & {*facts.service.local})
    return is_listed or key in placement.application.callbacks


def _calls_of(placement: Placement, facts: ServiceFacts, key: Definition) -> list[str]:
    """Return the modules whose functions call one of a service over its seam."""
    bodies, graph = placement.application.bodies, placement.application.graph
    modules = placement.application.sources.modules
    return [
        bodies[caller].module
        for caller in graph.callers.get(key, ())
        if not isinstance(caller, str)
        and caller.module not in facts.modules
        and not modules[caller.module].test
        and placement.crosses_from(facts.service.service, caller.module)
        and any(edge.target is key and not edge.guess for edge in graph.edges[caller])
    ]


def _lacking_outside(
    placement: Placement,
    facts: ServiceFacts,
    change: Change,
    callers: list[str],
    *,
    is_for_caller: bool,
) -> str:
    """Return who depends on a setting that is changed on a host only; empty if nobody is known."""
    service = facts.service.service
    where = f"and it runs where service {service} does"
    if change.is_observing or is_for_caller:
        return f"{where}: the process of {callers[0]}, which calls it, goes on as before"
    modules = placement.application.sources.modules
    for key, body in placement.application.bodies.items():
        if isinstance(key, str) or key.module in facts.modules or modules[key.module].test:
            continue
        if placement.crosses_from(service, key.module) and depends(
            placement.application.graph, body, change
        ):
            place = Place(key.file, key.line)
            return f"{where}, while {key.module}.{key.name} ({place}) needs it in its own process"
    return ""


def _lacking_on_hosts(placement: Placement, callers: list[str], change: Change) -> str:
    """Return the groups that depend on a setting which callers change in their process only."""
    graph = placement.application.graph
    served = set(map(placement.group, placement.entries.values()))
    having = {placement.group_of(module) for module in callers}
    if None in having:
        having |= served
    lacking: dict[str, Place] = {}
    for facts in placement.services:
        home = placement.group(facts.service.service)
        elsewhere = {one for one in placement.entered if placement.remote_group(one) != home}
        bodies = [] if home in having else run_on_host(graph, facts, elsewhere)
        found = next((one for one in bodies if depends(graph, one, change)), None)
        if found is not None and not _sets_itself(placement, facts, change):
            assert found.definition is not None
            lacking[home] = Place(found.definition.file, found.definition.line)
    without = served - having - lacking.keys()
    for key, body in graph.bodies.items() if without else ():
        home = placement.group_of(key) or ""
        if isinstance(key, Definition) and home in without and depends(graph, body, change):
            lacking.setdefault(home, Place(key.file, key.line))
    if not lacking:
        return ""
    uses = ", ".join(f"{name} ({place})" for name, place in sorted(lacking.items())[:_SHOWN])
    more = f" and {len(lacking) - _SHOWN} more" if len(lacking) > _SHOWN else ""
    return f"that of its caller: processes of {uses}{more} need it, too, and do not have it"


def _sets_itself(placement: Placement, facts: ServiceFacts, change: Change) -> bool:
    """Whether a host sets such a setting while it imports its package, or makes an application."""
    application = placement.application
    if loads_applications(application, facts.modules):
        return True
    modules = imported_by_host(application, facts.modules, placement.entries) | facts.modules
    keys: list[Definition | str] = [*modules]
    keys += (edge.target for module in modules for edge in application.graph.edges[module])
    return any(
        one.library == change.library
        for key in keys
        for one in changed_settings(application.graph, application.bodies[key])
    )
