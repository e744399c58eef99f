"""What ``check`` tells the reader: hazards with their place and the next thing to write."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from msgspec.structs import replace

from seamline.interface.aliases import is_copy, is_inside, is_itself, is_told, parts_of, value_of
from seamline.interface.application import Application, ServiceFacts
from seamline.interface.arguments import unsendable_arguments
from seamline.interface.body import Body
from seamline.interface.contexts import lost_contexts
from seamline.interface.facts import Fact
from seamline.interface.functions import Definition
from seamline.interface.imported_settings import imported_settings
from seamline.interface.inside import called_inside, calls_inside
from seamline.interface.interleaving import interleaved
from seamline.interface.known import CACHES
from seamline.interface.model import Finding, Function, Kind, Place, Severity, State, Verdict
from seamline.interface.names import Symbol
from seamline.interface.origins import OPAQUE
from seamline.interface.overriding import called_by_library
from seamline.interface.placement import Placement, sharing_problems
from seamline.interface.readers import naming
from seamline.interface.registering import lost_registrations
from seamline.interface.source import is_of_script
from seamline.interface.uncurrent import lost_currents, lost_questions, lost_settings
from seamline.interface.worker_caches import worker_caches

_ORDER: Final = {Severity.ERROR: 0, Severity.WARNING: 1, Severity.INFO: 2}


def find_problems(
    application: Application,
    services: Sequence[ServiceFacts],
    groups: Mapping[str, str] | None,
    entries: Mapping[str, str],
) -> list[Finding]:
    """Return everything that would surprise the reader, errors first.

    Args:
        application: The application.
        services: Its package services, judged.
        groups: Group of each service, or None for one group each.
        entries: Service of each module that holds an http application.
    """
    placement = Placement(application, services, groups, entries)
    found = list(_unreadable(application, services, entries))
    for facts in services:
        found += _misspelt(facts)
        found += _refused(placement, facts)
        found += _read_elsewhere(placement, facts)
        found += _left_behind(application, facts)
        found += _changed_arguments(application, facts)
        found += _aliased(application, facts)
        found += _calls(placement, facts)
        found += _caches(application, facts)
        found += unsendable_arguments(placement, facts)
        found += lost_contexts(placement, facts)
        found += _process_changed(placement, facts)
        found += lost_registrations(placement, facts, services)
        found += lost_currents(placement, facts)
        found += lost_questions(placement, facts)
        found += lost_settings(placement, facts)
        found += worker_caches(placement, facts)
    found += sharing_problems(placement)
    found += imported_settings(placement)
    unique = dict.fromkeys(found)
    return sorted(unique, key=lambda f: (_ORDER[f.severity], f.file, f.line, f.code, f.message))


def _unreadable(
    application: Application, services: Sequence[ServiceFacts], entries: Iterable[str]
) -> Iterator[Finding]:
    loaded = [*entries, *(facts.service.package for facts in services)]
    for broken in application.sources.unreadable:
        used = any(_is_within(broken.file, facts.service.package) for facts in services)
        if broken.name not in application.sources.modules:
            used |= any(f"{name}.".startswith(f"{broken.name}.") for name in loaded)
        yield Finding(
            code="application",
            # What nobody imports may be no Python at all; what a service imports cannot be loaded
            # in any layout, and says so itself, unless bytecode is left of what none may read.
            severity=Severity.ERROR if used or broken.is_forbidden else Severity.WARNING,
            message=f"{broken.file} cannot be read: {broken.why}",
            remedy=f"{broken.remedy}; nothing in it was checked",
            file=broken.file,
            line=broken.line,
        )
    for facts in services:
        package, service = facts.service.package, facts.service.service
        broken_here = (_is_within(one.file, package) for one in application.sources.unreadable)
        if not facts.modules and not any(broken_here):
            yield Finding(
                code="application",
                severity=Severity.ERROR,
                message=f"no source file of the package {package!r} was found",
                remedy=f"correct package = {package!r} of [services.{service}] in seamline.toml",
                service=service,
            )


def _is_within(file: str, package: str) -> bool:
    """Whether a file belongs to a package, as far as the file's name says."""
    return f".{file.removesuffix('.py').replace('/', '.')}.".find(f".{package}.") >= 0


def _misspelt(facts: ServiceFacts) -> Iterator[Finding]:
    """Report names in ``local`` and ``snapshot`` that are no function of the package."""
    known = {name for d in facts.functions for name in facts.offers.names(d)}
    for key in ("local", "snapshot"):
        for name in getattr(facts.service, key):
            if facts.modules and name not in known:
                yield Finding(
                    code="config",
                    severity=Severity.ERROR,
                    message=f"{facts.service.package} has no function {name!r}",
                    remedy=f"correct {key} of [services.{facts.service.service}] in seamline.toml",
                    service=facts.service.service,
                )


def _refused(placement: Placement, facts: ServiceFacts) -> Iterator[Finding]:
    service, inside = facts.service.service, called_inside(placement, facts)
    for definition, function in facts.functions.items():
        if function.verdict is not Verdict.REFUSED:
            continue
        judgement = facts.judgements[definition]
        states, remedy = placement.application.state.facts, judgement.remedy
        touched = map(states.get, facts.touched[definition])
        if all(fact is None or fact.resource for fact in touched):
            remedy += (
                f'; or local = ["{function.name}"] in [services.{service}] of seamline.toml, '
                "to run it in each process with that process's own"
            )
        message = (
            f"{function.module}.{function.name} cannot be called from another process: "
            f"it {judgement.reason}"
        )
        early = _at_import(placement.application, definition)
        crossing = (p for p in function.callers if placement.crosses(service, p))
        places = [place for place in crossing if place not in early]
        finding = Finding(
            code="not-sendable",
            severity=Severity.ERROR,
            message=message,
            remedy=remedy,
            file=function.file,
            line=function.line,
            service=service,
        )
        for place in places:
            severity = Severity.WARNING if placement.is_test(place.file) else Severity.ERROR
            yield replace(finding, severity=severity, file=place.file, line=place.line)
        if definition in inside:
            yield from calls_inside(finding, inside[definition])
        elif not places and not early and function.public:
            front = _is_front(facts, function) and not definition.owner
            severity = Severity.WARNING if front else Severity.INFO
            unused = f"{message}; nothing outside {facts.service.package} calls it"
            alone = replace(finding, severity=severity, message=unused)
            yield called_by_library(placement.application, facts, definition, finding) or alone


def _at_import(application: Application, definition: Definition) -> set[Place]:
    """Return the lines that use a function while a module is imported, where it runs then."""
    return {
        Place(application.sources.modules[key].file, edge.line)
        for key, edges in application.graph.edges.items()
        if isinstance(key, str)
        for edge in edges
        if edge.target is definition
    }


def _is_front(facts: ServiceFacts, function: Function) -> bool:
    """Whether a function is offered by the package itself, not only by a module inside it."""
    package = facts.service.package
    return package == function.module or any(
        name.rpartition(".")[0] == package for name in function.exports
    )


def _read_elsewhere(placement: Placement, facts: ServiceFacts) -> Iterator[Finding]:
    service, package = facts.service.service, facts.service.package
    for state in facts.state.values():
        for place, early in _outside(placement.application, state):
            if not placement.crosses(service, place):
                continue
            verb = "binds it early" if early else "reads it"
            severity = Severity.ERROR
            if state.resource:
                severity = Severity.INFO
            elif placement.is_test(place.file):
                severity = Severity.WARNING
            yield Finding(
                code="state-elsewhere",
                severity=severity,
                message=(
                    f"{state.module}.{state.name} is state of service {service}, "
                    f"and {place} {verb}: another process has no such value"
                ),
                remedy=(
                    f"offer a function in {package} that returns what is needed"
                    if not state.resource
                    else f"each process opens its own {state.name}; call a function of {package}"
                ),
                file=place.file,
                line=place.line,
                service=service,
            )


def _outside(application: Application, state: State) -> Iterable[tuple[Place, bool]]:
    yield from ((place, True) for place in state.early)
    yield from ((one, False) for one in naming(application, state) if one not in state.early)


def _left_behind(application: Application, facts: ServiceFacts) -> Iterator[Finding]:
    """Report local functions that touch state: they would touch the caller's own copy."""
    for definition, function in facts.functions.items():
        if function.verdict is not Verdict.LOCAL:
            continue
        if application.callbacks.get(definition) == "takes the application object":
            continue
        names = [
            str(symbol)
            for symbol, touch in facts.touched.get(definition, {}).items()
            if symbol.module in facts.modules
            and symbol not in facts.common
            and not (touch.guess or touch.override)
            and (fact := application.state.facts.get(symbol)) is not None
            and not fact.resource
        ]
        if names:
            yield Finding(
                code="state-elsewhere",
                severity=Severity.WARNING,
                message=(
                    f"{function.module}.{function.name} stays in every process "
                    f"({function.reason}) and touches {names[0]}, which only the host has"
                ),
                remedy="move what touches it into a function of the package and call that",
                file=function.file,
                line=function.line,
                service=facts.service.service,
            )


def _changed_arguments(application: Application, facts: ServiceFacts) -> Iterator[Finding]:
    for definition, function in facts.functions.items():
        offered = function.callers or _is_front(facts, function)
        if function.verdict is not Verdict.REMOTE or not function.public or not offered:
            continue
        certain = application.mutations.certain.get(definition, {})
        for name in function.mutates:
            if name in certain:
                yield Finding(
                    code="mutated-argument",
                    severity=Severity.INFO,
                    message=(
                        f"{function.module}.{function.name} may change its argument {name!r} in "
                        "place; the change is sent back and made on the caller's own object, and "
                        "the call raises where that cannot be"
                    ),
                    remedy=f"none is needed; returning the new value of {name!r} would be faster",
                    file=function.file,
                    line=certain[name],
                    service=facts.service.service,
                )


def _aliased(application: Application, facts: ServiceFacts) -> Iterator[Finding]:
    service = facts.service.service
    for definition, function in facts.functions.items():
        listed = set(facts.offers.names(definition)) & set(facts.service.snapshot)
        offered = function.callers or (function.public and _is_front(facts, function))
        if function.verdict is not Verdict.REMOTE or not offered or listed:
            continue
        for name in function.aliases:
            fact = application.state.facts[Symbol(*name.split(":", 1))]
            yield _alias(application, function, definition, fact, service)


def _alias(
    application: Application, function: Function, definition: Definition, fact: Fact, service: str
) -> Finding:
    """Return the finding about a result that is, or may share parts with, a piece of state.

    A copy of a container is worth a warning only where what it holds is known to change, and
    so is what lies deeper in it: there nothing is known.
    """
    whole = is_itself(application, definition, fact.symbol)
    mutable = (value_of if whole else parts_of)(application, fact) == "mutable"
    sure = mutable and is_told(application, definition, fact.symbol)
    copied = is_copy(application, definition, fact.symbol)
    deep = not whole and is_inside(application, definition, fact.symbol)
    may_change = not deep and (mutable or not copied)
    severity = Severity.ERROR if sure and fact.changed else Severity.WARNING
    snapshot = f'snapshot = ["{function.name}"] in [services.{service}] of seamline.toml'
    return Finding(
        code="aliased-state",
        severity=severity if may_change else Severity.INFO,
        message=(
            f"the result of {function.module}.{function.name} "
            f"{'is' if whole else 'may share parts with'} {fact.symbol}: what a caller changes "
            "in it would not reach the host"
        ),
        remedy=(
            f"{'copy what it holds, too' if copied else 'return a copy'}, or {snapshot} where "
            "callers only read it"
        ),
        file=function.file,
        line=function.line,
        service=service,
    )


def _calls(placement: Placement, facts: ServiceFacts) -> Iterator[Finding]:
    """Report calls made while importing, and calls that block an event loop."""
    application, service = placement.application, facts.service.service
    remote = {d: f for d, f in facts.functions.items() if f.verdict is Verdict.REMOTE}
    for body in application.graph.entering(remote):
        source = application.sources.modules[body.module]
        if body.module in facts.modules or source.test:
            continue
        for call in body.calls:
            is_program = body.definition is None and is_of_script(source, call.line)
            if is_program or (call.stored and not _calls_what_is_stored(application, body)):
                continue
            for bound in application.graph.entered(body, call):
                function = remote.get(bound.target)
                if bound.guess or function is None:
                    continue
                place = Place(source.file, call.line)
                if not placement.crosses(service, place):
                    continue
                if body.definition is None:
                    yield _import_call(function, place, service)
                elif call.waits and function.kind in (Kind.SYNC, Kind.CONTEXT_MANAGER):
                    yield _blocking_call(function, place, service)
                    yield from interleaved(application, facts, bound.target, place)


def _calls_what_is_stored(application: Application, body: Body) -> bool:
    """Whether a body itself calls anything but functions and classes that it names."""
    definitions = application.definitions
    return any(
        origin.kind != "symbol"
        or (
            origin.symbol.module == body.module
            and origin.symbol not in definitions.functions
            and origin.symbol not in definitions.classes
        )
        for call in body.calls
        if not call.stored
        for origin in call.callee or OPAQUE
    )


def _blocking_call(function: Function, place: Place, service: str) -> Finding:
    name = function.name.rpartition(".")[2]
    return Finding(
        code="blocking-call",
        severity=Severity.WARNING,
        message=(
            f"{function.module}.{function.name} is called in a coroutine and waits "
            "for another process: the event loop stands still meanwhile"
        ),
        remedy=f"await asyncio.to_thread({name}, ...) here",
        file=place.file,
        line=place.line,
        service=service,
    )


def _import_call(function: Function, place: Place, service: str) -> Finding:
    left = f" and leaves {function.touches[0]} behind there" if function.touches else ""
    return Finding(
        code="import-call",
        severity=Severity.WARNING if function.touches else Severity.INFO,
        message=(
            f"{function.module}.{function.name} is called while {place.file} is imported: it runs "
            f"in every process that imports it{left}, not on the host"
        ),
        remedy="call it when the application starts or when the value is needed",
        file=place.file,
        line=place.line,
        service=service,
    )


def _process_changed(placement: Placement, facts: ServiceFacts) -> Iterator[Finding]:
    """Report remote functions that change the host's process, which callers may need changed."""
    service, effects = facts.service.service, placement.application.effects
    told: dict[Place, Finding] = {}
    for definition, function in facts.functions.items():
        effect = effects.get(definition)
        if effect is None or not effect.alone or definition not in placement.entered:
            continue
        place = Place(effect.file, effect.line)
        if place in told or not any(placement.crosses(service, p) for p in function.callers):
            continue
        told[place] = Finding(
            code="state-elsewhere",
            severity=Severity.WARNING,
            message=(
                f"{function.module}.{function.name} {effect.what} ({place}), and it runs where "
                f"service {service} does: other processes miss what that changes"
            ),
            remedy=(
                "do that in a function that uses no state of the package, so that it runs with "
                "its caller, or call it where each process starts"
            ),
            file=function.file,
            line=function.line,
            service=service,
        )
    yield from told.values()


def _caches(application: Application, facts: ServiceFacts) -> Iterator[Finding]:
    for body in application.bodies.values():
        file = application.sources.modules[body.module].file
        for use in body.uses:
            owner, _, member = use.symbol.name.rpartition(".")
            if (
                member not in ("cache_clear", "cache_info")
                or use.symbol.module not in facts.modules
            ):
                continue
            for definition in application.definitions.functions.get(
                Symbol(use.symbol.module, owner), ()
            ):
                if definition.decorated_with(*CACHES):
                    fact = application.state.facts.get(definition.symbol)
                    by_chance = fact is not None and fact.moment
                    yield Finding(
                        code="cache-per-process",
                        # The host remembers what it drew, too, and would give it again.
                        severity=Severity.WARNING if by_chance else Severity.INFO,
                        message=(
                            f"{owner}.{member}() reaches the cache of its own process; "
                            "every process has one"
                        ),
                        remedy=f"call it inside {facts.service.package}, in a function of its own",
                        file=file,
                        line=use.line,
                        service=facts.service.service,
                    )
