"""Reads a whole application and says what each of its package services offers."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path

from seamline.interface.aliases import aliased
from seamline.interface.application import Application, ServiceFacts, read
from seamline.interface.asking import subclasses_in
from seamline.interface.caching import used_alone, used_elsewhere
from seamline.interface.circles import imported_before
from seamline.interface.currents import made_current, may_make_current
from seamline.interface.effects import Effect, passed_up
from seamline.interface.findings import find_problems
from seamline.interface.framework import applications_made
from seamline.interface.functions import Definition
from seamline.interface.hosting import entered_by_calls, imported_by_host, run_on_host
from seamline.interface.model import Analysis, Function, Interface, PackageService, Place, Verdict
from seamline.interface.modules import registered_on
from seamline.interface.names import Symbol
from seamline.interface.observed import NOTHING, Observed
from seamline.interface.offers import read_offers
from seamline.interface.own_process import ask_through
from seamline.interface.preloads import preloads, walked
from seamline.interface.readers import readers_of
from seamline.interface.shared import shared_state
from seamline.interface.sharing import Known, shared_parameters
from seamline.interface.tables import tables_added, tables_used
from seamline.interface.touches import Touch
from seamline.interface.uncollected import uncollected
from seamline.interface.verdicts import Judge, Judgement
from seamline.lock import Lock


@uncollected()
def analyse(
    root: Path,
    services: Sequence[PackageService],
    *,
    groups: Mapping[str, str] | None = None,
    search_path: Sequence[Path] = (),
    entry_modules: Mapping[str, str] | None = None,
    lock: Lock | None = None,
    application: Application | None = None,
) -> Analysis:
    """Read an application's source and give every function its verdict.

    Nothing is imported or executed.

    Args:
        root: Directory of the project.
        services: Its package services.
        groups: Group of each service (http services too) in the chosen layout; None for one
            group per service.
        search_path: Where modules are imported from besides the root and its ``src``.
        entry_modules: The http service of each module that one is loaded from.
        lock: What was seen of its functions while it ran, if it was observed.
        application: What :func:`read` found below the root, to judge several proposals of
            services without reading it again; None reads it.
    """
    observed = NOTHING if lock is None else Observed(lock)
    entries = entry_modules or {}
    if application is None:
        named = [service.package for service in services]
        application = read(root, [*named, *entries], search_path)
    facts = [_own(application, service, observed) for service in services]
    own = {s.name for s in application.sources.modules.values() if not s.test}
    _judge_all(application, facts, own, entries)
    findings = find_problems(application, facts, groups, entries)
    found_in = _tables_found(application, facts)
    return Analysis(
        interfaces=tuple(_interface(application, found, found_in, entries) for found in facts),
        findings=tuple(findings),
        modules=tuple(sorted(own)),
        applications=applications_made(application.graph),
        preloads={name: _preloads(application, name) for name in entries},
        whole=_whole(application, [*(one.package for one in services), *entries]),
    )


def _judge_all(
    application: Application, facts: list[ServiceFacts], own: set[str], entries: Collection[str]
) -> None:
    """Give the functions of all services their verdicts, each by what the others do.

    Args:
        application: Where they are.
        facts: Of each service; filled.
        own: Every module but those of tests.
        entries: The modules that http services are loaded from.
    """
    changed = application.touches.changed_within(own.union(*(found.modules for found in facts)))
    for found in facts:
        others = set().union(*(other.modules for other in facts if other is not found))
        found.changed = changed
        found.touched = application.touches.within(own - others | found.modules)
        found.currents = _currents(application, found, entries)
        found.request_values = _request_values(application, found)
        found.cached = _cached(application, found)
        found.common = shared_state(application, found.modules, others | found.modules)
    hosted = {one for found in facts for one in _hosted(application, found)}
    asking = ask_through(application.graph, application.asking, hosted)
    for found in facts:
        found.asking = asking
        _judge(application, found)


def _preloads(application: Application, module: str) -> tuple[str, ...]:
    imports = application.imports.closure({module}, runtime=True)
    needs_django = application.imports.name_any("django", imports)
    return preloads(application.sources, module, needs_django=needs_django)


def _whole(application: Application, modules: Sequence[str]) -> tuple[str, ...]:
    """Return those whose import changes nothing that what is imported next would find."""
    found = []
    for module in modules:
        imports = application.imports.closure({module}, runtime=True)
        if walked(application.sources, module)[1] and not application.imports.name_any(
            "django", imports
        ):
            found.append(module)
    return tuple(found)


def _own(application: Application, service: PackageService, seen: Observed) -> ServiceFacts:
    sources = application.sources.below(service.package)
    offers = read_offers(application.definitions, service.package, sources)
    return ServiceFacts(service, {source.name for source in sources}, offers, {}, seen)


def _currents(
    application: Application, found: ServiceFacts, entries: Collection[str]
) -> dict[Definition, Effect]:
    """Return the functions that use what is current, of libraries for which a host makes none."""
    if not application.currents:
        return {}
    modules = imported_by_host(application, found.modules, entries)
    made = made_current(application.graph, modules)
    later = application.imports.closure(found.modules, runtime=False)
    doubtful = may_make_current(application.graph, modules | later)
    return {
        definition: effect._replace(doubtful=library in doubtful)
        for library, uses in application.currents.items()
        if library not in made
        for definition, effect in uses.items()
    }


def _request_values(application: Application, found: ServiceFacts) -> dict[Definition, Effect]:
    """Return the functions that read what libraries keep for a request and no call carries."""
    return _uncarried(found, application.request_values)


def _uncarried(
    found: ServiceFacts, used: Mapping[str, Mapping[Definition, Effect]]
) -> dict[Definition, Effect]:
    """Return the functions that use variables which do not travel with calls of a service."""
    carried = {path.replace(":", ".") for path in found.service.carry}
    return {
        definition: effect
        for variable, uses in used.items()
        if variable not in carried
        for definition, effect in uses.items()
    }


def _cached(application: Application, found: ServiceFacts) -> dict[Definition, Effect]:
    """Return the functions that use a cache in memory which others use, too."""
    graph = application.graph
    direct: dict[Definition, Effect] = {}
    for cache in application.caches.values():
        direct |= used_elsewhere(graph, cache, found.modules)
    return passed_up(graph, direct, within=found.modules)


def _cached_alone(application: Application, found: ServiceFacts) -> dict[Definition, Effect]:
    """Return the functions that use a cache in memory which only their package uses."""
    graph = application.graph
    direct: dict[Definition, Effect] = {}
    for cache in application.caches.values():
        direct |= used_alone(graph, cache, found.modules)
    return passed_up(graph, direct, within=found.modules)


def _hosted(application: Application, found: ServiceFacts) -> Iterator[Definition]:
    """Yield the functions of a service that certainly use state of its own."""
    for key, touched in found.touched.items():
        if isinstance(key, Definition) and key.module in found.modules:
            own = (s for s, touch in touched.items() if not touch.guess and s not in found.common)
            if any(s.module in found.modules and s in application.state.facts for s in own):
                yield key


def _judge(application: Application, found: ServiceFacts) -> None:
    service, observed = found.service, found.observed
    for module in found.modules:
        for definition in application.definitions.by_module[module]:
            for symbol in observed.changes(definition, application.state):
                # No line says so: it was seen.
                touched = found.touched.setdefault(definition, {})
                touched.setdefault(symbol, Touch(0, None, guess=False))
    judge = Judge(
        service.service,
        service.local,
        application.graph,
        application.state,
        application.callbacks,
        application.handles,
        found.modules,
        found.touched,
        observed,
        found.common,
        {
            **{key: effect for key, effect in found.cached.items() if not effect.doubtful},
            **found.asking,
            **found.currents,
            **found.request_values,
            **_uncarried(found, application.own_variables),
            **application.undefined,
            **application.effects,
        },
        _cached_alone(application, found),
    )
    judge.read([d for module in found.modules for d in application.definitions.by_module[module]])
    found.settings = judge.ambient.lasting
    found.with_callers = frozenset(judge.ambient.setting_up)
    callers = _callers(application, found.modules)
    shared: Known = {}
    for module in sorted(found.modules):
        for definition in application.definitions.by_module[module]:
            public = definition in found.offers.public
            judgement = judge.judge(definition, found.offers.names(definition), public=public)
            found.judgements[definition] = judgement
            found.functions[definition] = _function(
                application,
                found,
                definition,
                judgement,
                callers.get(definition, ()),
                shared=shared,
            )
    found.state = readers_of(application, found.modules)


def _function(
    application: Application,
    found: ServiceFacts,
    definition: Definition,
    judgement: Judgement,
    callers: tuple[Place, ...],
    *,
    shared: Known,
) -> Function:
    observed = found.observed
    touched = found.touched.get(definition, {})
    return Function(
        module=definition.module,
        name=definition.name,
        line=definition.line,
        file=definition.file,
        signature=definition.signature,
        kind=definition.kind,
        verdict=judgement.verdict,
        reason=judgement.reason,
        fingerprint=definition.fingerprint,
        public=definition in found.offers.public,
        exports=tuple(found.offers.exports.get(definition, ())),
        touches=tuple(
            sorted(
                str(symbol)
                for symbol, touch in touched.items()
                # What stays is let use what it certainly uses; a guess would unseal it.
                if judgement.verdict is not Verdict.LOCAL
                or not (touch.guess or (touch.override and symbol.module in found.modules))
            )
        ),
        changes=tuple(sorted(map(str, found.changed.get(definition, ())))),
        mutates=observed.mutates(definition, application.mutations.of(definition)),
        shares=shared_parameters(application, definition, shared),
        aliases=_aliases(application, found, definition),
        contexts=tuple(sorted(application.contexts[definition])),
        callback=definition in application.callbacks,
        stays=judgement.stays,
        reaches=_reaches(application, definition, judgement),
        callers=callers,
    )


def _aliases(
    application: Application, found: ServiceFacts, definition: Definition
) -> tuple[str, ...]:
    """Return the state that a result may share, unless callers are said to want copies."""
    if set(found.offers.names(definition)) & set(found.service.snapshot):
        return ()
    touched = found.touched.get(definition, {})
    read = aliased(application, definition, touched)
    return tuple(sorted(map(str, read | found.observed.aliases(definition, application.state))))


def _reaches(
    application: Application, definition: Definition, judgement: Judgement
) -> tuple[str, ...] | None:
    """Return what a function that may cross looks up; of others nobody asks."""
    if judgement.verdict is Verdict.LOCAL:
        return None
    reached = application.reaching.of(definition)
    return tuple(sorted(reached.names)) if reached.is_known else None


def _callers(application: Application, own: set[str]) -> dict[Definition, tuple[Place, ...]]:
    """Return the lines outside a package that use each of its functions."""
    found: dict[Definition, set[Place]] = {}
    for key, edges in application.graph.edges.items():
        module = application.bodies[key].module
        if module in own:
            continue
        file = application.sources.modules[module].file
        for edge in edges:
            if edge.target.module in own and not edge.guess:
                found.setdefault(edge.target, set()).add(Place(file, edge.line))
    return {definition: tuple(sorted(places)) for definition, places in found.items()}


def _left_in(
    application: Application, own: set[str], tables: Mapping[Symbol, set[str]]
) -> set[str]:
    """Return the modules outside a package in which its own leave something at import."""
    found: set[str] = set()
    for module in own:
        found.update(left.symbol.module for left in application.leaving.by(module))
        subclasses = subclasses_in(application.graph, module, application.listed)
        found.update(base.module for _, base in subclasses)
        for signal, _ in application.signals.connected(module):
            found.update(application.signals.senders.get(signal, ()))
        for base, _ in tables_added(application.graph, module) if tables else ():
            found |= tables.get(base, set())
        found.update(given.symbol.module for given in application.giving.by(module))
    return found - own


def _tables_found(
    application: Application, services: Sequence[ServiceFacts]
) -> dict[Symbol, set[str]]:
    """Return the modules of the services whose hosts use all tables of a base, by the base."""
    found: dict[Symbol, set[str]] = {}
    entered = {one.service.service: set(entered_by_calls(one)) for one in services}
    for facts in services:
        others = (each for name, each in entered.items() if name != facts.service.service)
        bodies = run_on_host(application.graph, facts, set().union(*others))
        for base in tables_used(application.graph, bodies):
            found.setdefault(base, set()).update(facts.modules)
    return found


def _before(
    application: Application,
    package: str,
    functions: Sequence[Function],
    modules: set[str],
    entries: Collection[str],
) -> tuple[str, ...]:
    """Return what has to be imported before a package, and before its modules that are called."""
    called = {one.module for one in functions if one.verdict is Verdict.REMOTE}
    return imported_before(application.sources, package, sorted(called), modules, entries)


def _interface(
    application: Application,
    found: ServiceFacts,
    tables: Mapping[Symbol, set[str]],
    entries: Collection[str],
) -> Interface:
    service, own = found.service, found.modules
    modules = application.sources.modules
    functions = [
        function
        for function in found.functions.values()
        if function.public or function.verdict is not Verdict.LOCAL
    ]
    functions.sort(key=lambda function: not function.public)
    imports = application.imports.closure(own, runtime=True)
    types = application.imports.closure(own, runtime=False)
    used = application.imports.used(name for name in own if not modules[name].test)
    needs_django = application.imports.name_any("django", own | imports)
    return Interface(
        service=service.service,
        package=service.package,
        modules=tuple((name, str(modules[name].path)) for name in sorted(own)),
        functions=tuple(functions),
        state=tuple(found.state.values()),
        type_modules=tuple(sorted(types)),
        loadable=tuple(sorted(types & application.imports.imported())),
        registers=tuple(
            sorted(registered_on(application.graph, own) | _left_in(application, own, tables))
        ),
        imports=tuple(sorted(imports - own)),
        uses=tuple(sorted(used & modules.keys())),
        libraries=tuple(sorted(used - modules.keys())),
        preloads=preloads(application.sources, service.package, needs_django=needs_django),
        before=_before(application, service.package, functions, imports | own, entries),
        needs_django=needs_django,
        reads_framework_context=any(
            application.contexts[definition]
            for module in own
            for definition in application.definitions.by_module[module]
        ),
    )
