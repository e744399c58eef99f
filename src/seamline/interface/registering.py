"""What modules that no host imports register with a package while they are imported."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from seamline.interface.application import Application, ServiceFacts
from seamline.interface.asking import classes_listed, subclasses_in
from seamline.interface.given import Asking, Given, head_of
from seamline.interface.hosting import imported_by_host, run_on_host
from seamline.interface.leaving import Left
from seamline.interface.model import Finding, Place, Severity, Verdict
from seamline.interface.modules import registrations
from seamline.interface.names import Symbol
from seamline.interface.placement import Placement
from seamline.interface.tables import tables_added, tables_used

#: So many more lines that do the same are named.
_SHOWN: Final = 3


@dataclass(frozen=True, slots=True)
class _Asked:
    """What the host of a package asks for, which others may have to register.

    Attributes:
        used: State, of the package and of modules in no service.
        listed: Classes whose subclasses it lists, and whether theirs, too.
        sent: Signals.
        tables: Bases whose tables it uses as a whole.
        given: Names that others may have given something.
    """

    used: set[Symbol]
    listed: Mapping[Symbol, bool]
    sent: set[Symbol]
    tables: set[Symbol]
    given: Asking


def lost_registrations(
    placement: Placement, facts: ServiceFacts, services: Collection[ServiceFacts]
) -> Iterator[Finding]:
    """Report functions and classes that the host of a service will not have.

    A package service that registers is imported wherever it registers; an http service's
    modules are not.
    """
    application, service = placement.application, facts.service.service
    hosted = imported_by_host(application, facts.modules, placement.entries)
    hosted.update(*(each.modules for each in services))
    asked = _asked(placement, facts)
    # The same is often done by many modules, scripts and examples: it is said once.
    alike: dict[tuple[str, Severity], list[tuple[str, Place]]] = {}
    for module, names in application.definitions.world.modules.items():
        if module in hosted or names.source.test or not placement.crosses_from(service, module):
            continue
        told: set[int] = set()
        for line, does in _registering(application, facts, module, asked):
            if line not in told:
                told.add(line)
                place = Place(names.source.file, line)
                alike.setdefault((does, Severity.ERROR), []).append((module, place))
        for given in application.giving.by(module):
            if given.line not in told and _may_miss(application, asked, given):
                told.add(given.line)
                does = f"{_shown(given.symbol)} gets {given.how}"
                place = Place(names.source.file, given.line)
                alike.setdefault((does, Severity.WARNING), []).append((module, place))
    for (does, severity), found in alike.items():
        yield _lost(service, found, does, severity)


def _asked(placement: Placement, facts: ServiceFacts) -> _Asked:
    application, home = placement.application, placement.group(facts.service.service)
    elsewhere = {d for d in placement.entered if placement.remote_group(d) != home}
    bodies = run_on_host(application.graph, facts, elsewhere)
    return _Asked(
        used=_used(placement, facts),
        listed=classes_listed(application.graph, bodies),
        sent=application.signals.sent(bodies),
        tables=tables_used(application.graph, bodies),
        given=Asking(application.graph, bodies),
    )


def _registering(
    application: Application, facts: ServiceFacts, module: str, asked: _Asked
) -> Iterator[tuple[int, str]]:
    """Yield what importing a module registers that the host asks for, with the line."""
    graph = application.graph
    yield from _registered(application, facts, module)
    for left in application.leaving.by(module):
        if left.symbol in asked.used and not _is_told(facts, left):
            via = left.via
            yield left.line, f"{via.module}.{via.name} puts something into {left.symbol}"
    for cls, base in subclasses_in(graph, module, asked.listed):
        yield cls.node.lineno, f"{_shown(base)}.__subclasses__() finds a class"
    for signal, line in application.signals.connected(module) if asked.sent else ():
        if signal in asked.sent:
            yield line, f"the signal {_shown(signal)} gets a receiver"
    for base, cls in tables_added(graph, module) if asked.tables else ():
        if base in asked.tables:
            yield cls.node.lineno, f"the metadata of {_shown(base)} gets a table"
    for given in application.giving.by(module):
        if not _is_state(application, given) and asked.given.asks(given):
            yield given.line, f"{_shown(given.symbol)} gets {given.how}"


def _may_miss(application: Application, asked: _Asked, given: Given) -> bool:
    """Whether the host may ask for what was given, by a method of a library."""
    return not _is_state(application, given) and asked.given.may_ask(given)


def _is_state(application: Application, given: Given) -> bool:
    """Whether what is set is state, and told of as such."""
    state = application.state
    return given.how == "a setting" and bool(state.touched(head_of(given.symbol)))


def _shown(symbol: Symbol) -> str:
    return f"{symbol.module}.{symbol.name}" if symbol.module else symbol.name


def _registered(
    application: Application, facts: ServiceFacts, module: str
) -> Iterator[tuple[int, str]]:
    """Yield what one module registers with objects of a package, with the line."""
    for symbol, line in registrations(application.graph, module, {module}):
        head = Symbol(symbol.module, symbol.name.partition(".")[0])
        if symbol.module in facts.modules and head not in application.state.framework:
            yield line, f"{_shown(symbol)} registers something"


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


def _lost(
    service: str, found: Sequence[tuple[str, Place]], does: str, severity: Severity
) -> Finding:
    """Return what is lost of one kind, with the first of the modules and lines that do it."""
    (module, place), *others = found
    also = ", ".join(str(other) for _, other in others[:_SHOWN])
    more = f" and {len(others) - _SHOWN} more" if len(others) > _SHOWN else ""
    that = module if len({name for name, _ in found}) == 1 else "these modules"
    return Finding(
        code="import-call",
        severity=severity,
        message=(
            f"{does} at {place}{f', {also}{more}' * bool(also)}, but only in processes that "
            f"import {that}: the host of "
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
