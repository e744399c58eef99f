"""Which code runs in which group, and the state that two groups or workers would share."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from seamline.interface.application import Application, ServiceFacts
from seamline.interface.facts import Fact
from seamline.interface.functions import Definition
from seamline.interface.growing import Growth, growth
from seamline.interface.hosting import Hosting
from seamline.interface.model import Finding, Place, Severity, Verdict
from seamline.interface.names import Symbol
from seamline.interface.touches import Touch

_MADE: Final = "made while importing, by chance or by the time"


class _Touching(NamedTuple):
    """The functions of services with what they touch: through what they call, and themselves."""

    through: list[tuple[Definition | str, dict[Symbol, Touch]]]
    direct: list[tuple[Definition | str, dict[Symbol, int]]]


@dataclass(slots=True)
class Placement:
    """The services of an application in one layout.

    Attributes:
        groups: Group of each service; None puts every service into one of its own.
        entries: Service of each module that holds an http application.
        entered: Services of the functions that calls over a seam enter.
        run_from: What bodies certainly run, as far as it was asked.
    """

    application: Application
    services: Sequence[ServiceFacts]
    groups: Mapping[str, str] | None
    entries: Mapping[str, str]
    entered: dict[Definition, ServiceFacts] = field(default_factory=dict)
    run_from: dict[Definition | str, frozenset[Definition]] = field(default_factory=dict)
    _service_of: dict[str, str] = field(default_factory=dict)
    _module_of: dict[str, str] = field(default_factory=dict)
    _through: dict[Symbol, list[tuple[Definition | str, int]]] | None = None
    _hostings: dict[bool, Hosting] = field(default_factory=dict)
    _touching: "_Touching | None" = None

    def __post_init__(self) -> None:
        for name, source in self.application.sources.modules.items():
            self._module_of[source.file] = name
        for facts in self.services:
            self._service_of.update(dict.fromkeys(facts.modules, facts.service.service))
            for definition, function in facts.functions.items():
                if function.public and function.verdict is Verdict.REMOTE:
                    self.entered[definition] = facts
        for module, service in self.own_modules():
            self._service_of.setdefault(module, service)

    def own_modules(self) -> Iterator[tuple[str, str]]:
        """Yield ``(module, http service)`` for modules that only one http service imports."""
        imports = self.application.imports
        packages = {module for facts in self.services for module in facts.modules}
        shared = imports.closure(packages, runtime=True)
        reached: dict[str, set[str]] = {}
        for entry, service in self.entries.items():
            for module in imports.closure([entry], runtime=True) - shared:
                reached.setdefault(module, set()).add(service)
        for module, services in reached.items():
            if len(services) == 1:
                yield module, next(iter(services))

    def group(self, service: str) -> str:
        """Return the group of a service."""
        return service if self.groups is None else self.groups.get(service, service)

    def is_test(self, file: str) -> bool:
        """Whether a file is a test."""
        module = self._module_of.get(file, "")
        return bool(module) and self.application.sources.modules[module].test

    def crosses(self, service: str, place: Place) -> bool:
        """Whether a use of a service at a line may be made in another group."""
        return self.crosses_from(service, self._module_of.get(place.file, ""))

    def crosses_from(self, service: str, module: str) -> bool:
        """Whether a use of a service by a module may be made in another group."""
        user = self._service_of.get(module)
        return user is None or self.group(user) != self.group(service)

    def is_unplaced(self, module: str) -> bool:
        """Whether a module belongs to no service."""
        return module not in self._service_of

    def group_of(self, key: Definition | str) -> str | None:
        """Return the group of a body's module; None where it belongs to no service."""
        module = key if isinstance(key, str) else key.module
        service = self._service_of.get(module)
        return None if service is None else self.group(service)

    def remote_group(self, definition: Definition) -> str | None:
        """Return the group in which a call of a function runs; None for the caller's own."""
        facts = self.entered.get(definition)
        return None if facts is None else self.group(facts.service.service)

    def users(self, symbol: Symbol, *, guessed: bool = False) -> dict[str, Place]:
        """Return the first user of a piece of unplaced state in every group.

        Args:
            symbol: The state.
            guessed: Whether to name those, too, that use it as far as names of methods say.
        """
        hosting = self.hosting(guessed=guessed)
        found: dict[str, Place] = {}
        for key, line in self._uses(symbol, guessed=guessed):
            for runner, where in hosting.runners(key, line):
                self._note(found, runner, where)
        return found

    def hosting(self, *, guessed: bool) -> Hosting:
        """Return what runs where, with what only a method's name says or without."""
        if guessed not in self._hostings:
            self._hostings[guessed] = Hosting(self.application, self.services, guessed=guessed)
        return self._hostings[guessed]

    def _uses(self, symbol: Symbol, *, guessed: bool) -> Iterator[tuple[Definition | str, int]]:
        """Yield the bodies that use a piece of state, with the line; the nearest first."""
        if self._touching is None:
            self._touching = self._touched()
        for key, direct in self._touching.direct:
            if symbol in direct:
                yield key, direct[symbol]
        yield from self._callers_of_users().get(symbol, ())
        for key, touched in self._touching.through:
            if symbol in touched and (guessed or not touched[symbol].guess):
                yield key, touched[symbol].line

    def _touched(self) -> "_Touching":
        """Return what the functions that belong to services touch: few do, and many ask."""
        return _Touching(
            [
                (key, touched)
                for facts in self.services
                for key, touched in facts.touched.items()
                if touched and self._is_placed(key)
            ],
            [
                (key, touched)
                for key, touched in self.application.touches.direct.items()
                if touched and self._is_placed(key)
            ],
        )

    def _is_placed(self, key: Definition | str) -> bool:
        return not isinstance(key, str) and key.module in self._service_of

    def _callers_of_users(self) -> dict[Symbol, list[tuple[Definition | str, int]]]:
        """Return who certainly calls what touches a piece of state itself, with the line."""
        if self._through is None:
            self._through = {}
            direct = self.application.touches.direct
            for key, edges in self.application.graph.edges.items():
                for edge in edges:
                    for symbol in () if edge.guess else direct[edge.target]:
                        self._through.setdefault(symbol, []).append((key, edge.line))
        return self._through

    def _note(self, found: dict[str, Place], key: Definition | str, line: int) -> None:
        module = key if isinstance(key, str) else key.module
        service = self._service_of.get(module)
        if service is not None and not isinstance(key, str):
            place = Place(self.application.sources.modules[module].file, line)
            found.setdefault(self.group(service), place)


def sharing_problems(placement: Placement) -> Iterator[Finding]:
    """Report state that several groups, or several workers of one group, would share."""
    application = placement.application
    placed = {module for facts in placement.services for module in facts.modules}
    for symbol, fact in application.state.facts.items():
        if symbol.module not in placed and (_lives(application, fact) or fact.moment):
            yield from _two_groups(placement, fact)
    for facts in placement.services:
        for symbol in facts.state:
            fact = application.state.facts[symbol]
            declared = {"*", symbol.name, str(symbol)} & set(facts.service.cache)
            if facts.service.workers > 1 and not declared:
                if how := _lives(application, fact):
                    yield _many_workers(application, facts, fact, how)
                elif fact.moment:
                    yield _many_values(application, facts, fact)
    yield from _differing(placement)


def _lives(application: Application, fact: Fact) -> Growth:
    """Return how surely state changes after the imports are done, so that copies come apart."""
    if fact.resource or fact.symbol in application.importers:
        return Growth.NONE
    if fact.changed:
        return Growth.SURELY
    classes = application.state.instances.get(fact.symbol, ())
    return growth(application.graph, fact.symbol, classes) if classes else Growth.NONE


def _two_groups(placement: Placement, fact: Fact) -> Iterator[Finding]:
    users = sorted(placement.users(fact.symbol).items())
    is_guess = not users[1:]
    if is_guess:
        users = sorted(placement.users(fact.symbol, guessed=True).items())
    if users[1:]:
        (first, here), (second, there) = users[:2]
        file = placement.application.sources.modules[fact.symbol.module].file
        how = _lives(placement.application, fact)
        if not how:
            yield _import_value(
                f"{fact.symbol} belongs to no service and is {_MADE}, and {here} uses it in group "
                f"{first} and {there} in group {second}",
                file,
                fact.line,
            )
            return
        uses = "may use it, as far as names of methods say," if is_guess else "uses it"
        changes = "changes" if how is Growth.SURELY else "may change"
        yield Finding(
            code="shared-state",
            severity=(Severity.WARNING if is_guess or how is Growth.MAYBE else Severity.ERROR),
            message=(
                f"{fact.symbol} belongs to no service and {changes}, but {here} {uses} in group "
                f"{first} and {there} in group {second}: each would have its own"
            ),
            remedy=(
                f"{_own_service(placement, fact.symbol)}, or put {first} and {second} into one "
                "group"
            ),
            file=file,
            line=fact.line,
            groups=tuple(name for name, _ in users),
        )


def _own_service(placement: Placement, symbol: Symbol) -> str:
    """Return what gives a piece of state a service: its module, where that can be one."""
    module = symbol.module
    others = {one for facts in placement.services for one in facts.modules} | {*placement.entries}
    if any(f"{one}.".startswith(f"{module}.") for one in others):
        return (
            f"move {symbol.name}, with the functions that use it, from {module} into a module of "
            "its own, and make that a service"
        )
    return f'put {module} into a service of its own (package = "{module}")'


def _import_value(message: str, file: str, line: int, service: str = "") -> Finding:
    """Return the finding about a value that every process makes for itself."""
    return Finding(
        code="import-value",
        severity=Severity.WARNING,
        message=f"{message}: each process has another value, as under any server with workers",
        remedy="read it from the configuration or the environment, or make it when it is needed",
        file=file,
        line=line,
        service=service,
    )


def _many_values(application: Application, facts: ServiceFacts, fact: Fact) -> Finding:
    service = facts.service.service
    return _import_value(
        f"{fact.symbol} is {_MADE}, and service {service} has {facts.service.workers} workers",
        application.sources.modules[fact.symbol.module].file,
        fact.line,
        service,
    )


def _differing(placement: Placement) -> Iterator[Finding]:
    """Report what is made in every process and may differ in each, by its module."""
    application = placement.application
    if not application.state.differing:
        return
    imported: dict[str, set[str]] = {}
    for facts in placement.services:
        group = imported.setdefault(placement.group(facts.service.service), set())
        group |= application.imports.closure(facts.modules, runtime=True)
    for entry, service in placement.entries.items():
        group = imported.setdefault(placement.group(service), set())
        group |= application.imports.closure([entry], runtime=True)
    for symbol, line in application.state.differing.items():
        groups = sorted(name for name, modules in imported.items() if symbol.module in modules)
        if len(groups) > 1:
            yield _import_value(
                f"{symbol} is {_MADE}, at least in part, in groups {' and '.join(groups[:3])}",
                application.sources.modules[symbol.module].file,
                line,
            )


def _many_workers(
    application: Application, facts: ServiceFacts, fact: Fact, how: Growth
) -> Finding:
    service = facts.service.service
    is_sure = how is Growth.SURELY
    changes = "changes" if is_sure else "may change"
    return Finding(
        code="many-workers",
        severity=Severity.ERROR if is_sure else Severity.WARNING,
        message=(
            f"{fact.symbol} {changes} while the application runs, and service {service} has "
            f"{facts.service.workers} workers: each would have its own"
        ),
        remedy=(
            f'workers = 1 for its group, or cache = ["{fact.symbol.name}"] in '
            f"[services.{service}] of seamline.toml if losing it is harmless"
        ),
        file=application.sources.modules[fact.symbol.module].file,
        line=fact.line,
        service=service,
    )
