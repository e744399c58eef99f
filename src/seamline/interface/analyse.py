"""Reads a whole application and says what each of its package services offers."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from seamline.interface.aliases import aliased
from seamline.interface.application import Application, PackageService, ServiceFacts, read
from seamline.interface.findings import find_problems
from seamline.interface.framework import applications_made
from seamline.interface.functions import Definition
from seamline.interface.model import Analysis, Function, Interface, Place, Verdict
from seamline.interface.modules import registered_on
from seamline.interface.offers import read_offers
from seamline.interface.readers import readers_of
from seamline.interface.verdicts import Judge, Judgement


def analyse(
    root: Path,
    services: Sequence[PackageService],
    *,
    groups: Mapping[str, str] | None = None,
    search_path: Sequence[Path] = (),
    entry_modules: Mapping[str, str] | None = None,
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
    """
    entries = entry_modules or {}
    application = read(root, [*(service.package for service in services), *entries], search_path)
    facts = {service.service: _own(application, service) for service in services}
    placed = {name: set(found.modules) for name, found in facts.items()}
    for name, found in facts.items():
        others = set().union(*(modules for other, modules in placed.items() if other != name))
        tests = {s.name for s in application.sources.modules.values() if s.test}
        found.touched = application.touches.within(
            set(application.sources.modules) - others - tests | found.modules
        )
        _judge(application, found)
    problems = find_problems(application, list(facts.values()), groups, entries)
    interfaces = tuple(_interface(application, found) for found in facts.values())
    return Analysis(
        interfaces=interfaces,
        findings=tuple(problems),
        applications=applications_made(application.graph),
    )


def _own(application: Application, service: PackageService) -> ServiceFacts:
    sources = application.sources.below(service.package)
    offers = read_offers(application.definitions, service.package, sources)
    return ServiceFacts(service, {source.name for source in sources}, offers, {})


def _judge(application: Application, found: ServiceFacts) -> None:
    service = found.service
    judge = Judge(
        service.service,
        service.local,
        application.graph,
        application.state,
        application.callbacks,
        application.handles,
        found.modules,
        found.touched,
    )
    callers = _callers(application, found.modules)
    for module in sorted(found.modules):
        for definition in application.definitions.by_module[module]:
            public = definition in found.offers.public
            judgement = judge.judge(definition, found.offers.names(definition), public=public)
            found.judgements[definition] = judgement
            found.functions[definition] = _function(
                application, found, definition, judgement, callers.get(definition, ())
            )
    found.state = readers_of(application, found.modules)


def _function(
    application: Application,
    found: ServiceFacts,
    definition: Definition,
    judgement: Judgement,
    callers: tuple[Place, ...],
) -> Function:
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
        touches=tuple(sorted(map(str, touched))),
        mutates=application.mutations.of(definition),
        aliases=tuple(sorted(map(str, aliased(application, definition, touched)))),
        contexts=tuple(sorted(application.contexts[definition])),
        callback=definition in application.callbacks,
        callers=callers,
    )


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


def _interface(application: Application, found: ServiceFacts) -> Interface:
    service, own = found.service, found.modules
    modules = application.sources.modules
    functions = [
        function
        for function in found.functions.values()
        if function.public or function.verdict is not Verdict.LOCAL
    ]
    functions.sort(key=lambda function: not function.public)
    imports = application.imports.closure(own, runtime=True)
    return Interface(
        service=service.service,
        package=service.package,
        modules=tuple((name, str(modules[name].path)) for name in sorted(own)),
        functions=tuple(functions),
        state=tuple(found.state.values()),
        type_modules=tuple(sorted(application.imports.closure(own, runtime=False))),
        registers=tuple(sorted(registered_on(application.graph, own) - own)),
        imports=tuple(sorted(imports - own)),
        needs_django=application.imports.name_any("django", own | imports),
        reads_framework_context=any(
            application.contexts[definition]
            for module in own
            for definition in application.definitions.by_module[module]
        ),
    )
