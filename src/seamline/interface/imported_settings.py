"""Settings that the import of a module changes in its process, and that others depend on.

In one process all code finds them changed; a host that does not import the module does not.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final

from seamline.interface.ambient import Change, changed_settings, depends
from seamline.interface.application import Application
from seamline.interface.body import Body
from seamline.interface.framework import applications_made
from seamline.interface.hosting import imported_by_host, run_on_host
from seamline.interface.known import named
from seamline.interface.model import Finding, Place, Severity
from seamline.interface.placement import Placement
from seamline.interface.source import is_of_script

#: What each process has its own of by design, or is given the same of.
_OWN: Final = (
    "signal", "gc", "sys.path", "sys.modules", "asyncio", "threading", "faulthandler", "warnings",
    "tracemalloc", "resource", "sys.stdout", "sys.stderr", "multiprocessing",
)  # fmt: skip
_OF_DJANGO: Final = frozenset({"DJANGO_SETTINGS_MODULE"})
_REMEDY: Final = "do that in a module that these import as well, such as the package above them"
#: So many groups are named.
_SHOWN: Final = 3


@dataclass(slots=True)
class _Process:
    """What a process of one group imports, and what it runs by itself or for calls."""

    modules: set[str] = field(default_factory=set)
    bodies: list[Body] = field(default_factory=list)


def imported_settings(placement: Placement) -> Iterator[Finding]:
    """Report settings that one process has changed by an import, and another needs and has not."""
    application = placement.application
    changes: dict[str, list[Change]] = {}
    for module in application.sources.modules:
        if found := list(_changed_by_import(placement, module)):
            changes[module] = found
    if not changes:
        return
    processes = _processes(placement)
    imported = set[str]().union(*(process.modules for process in processes.values()))
    for module in imported & changes.keys():
        for change in changes[module]:
            lacking = {
                name: place
                for name, process in processes.items()
                if module not in process.modules and not _has(process, changes, change)
                if (place := _needing(application, process, change)) is not None
            }
            if lacking:
                yield _missed(module, change, lacking)


def _changed_by_import(placement: Placement, module: str) -> Iterator[Change]:
    """Yield what a module changes while it is imported, or while its application is made.

    What it does only where it is the program itself, its import does not.
    """
    application = placement.application
    source = application.sources.modules[module]
    if source.test:
        return
    graph = application.graph
    run = {graph.bodies[module]: None}
    if module in placement.entries:
        made = set(applications_made(graph))
        own = application.definitions.by_module[module]
        run |= {graph.bodies[one]: None for one in own if f"{module}:{one.name}()" in made}
    waiting = list(run)
    while waiting:
        for edge in graph.edges[(body := waiting.pop()).definition or body.module]:
            called = graph.bodies[edge.target]
            is_program = body.definition is None and is_of_script(source, edge.line)
            if not (edge.guess or is_program) and called not in run:
                run[called] = None
                waiting.append(called)
    for body in run:
        for change in changed_settings(graph, body):
            is_own = change.is_observing or named(change.setting, _OWN)
            is_program = body.definition is None and is_of_script(source, change.place.line)
            if not (is_own or is_program) and not (change.keys and change.keys <= _OF_DJANGO):
                yield change


def _processes(placement: Placement) -> dict[str, _Process]:
    application = placement.application
    graph, imports = application.graph, application.imports
    found: dict[str, _Process] = {}
    for facts in placement.services:
        group = placement.group(facts.service.service)
        process = found.setdefault(group, _Process())
        process.modules |= imported_by_host(application, facts.modules, placement.entries)
        process.modules |= imports.closure(facts.modules, runtime=False)
        elsewhere = {one for one in placement.entered if placement.remote_group(one) != group}
        process.bodies += run_on_host(graph, facts, elsewhere)
        process.bodies += (graph.bodies[module] for module in facts.modules)
    homes = {
        module: placement.group(facts.service.service)
        for facts in placement.services
        for module in facts.modules
    }
    for entry, service in placement.entries.items():
        group = placement.group(service)
        process = found.setdefault(group, _Process())
        stops = {module for module, home in homes.items() if home != group}
        reached = _reached(application, [entry], stops)
        if imports.name_any("django", reached):
            reached |= _reached(application, imports.set_up_by_django() - stops, stops)
        process.modules |= reached
        process.bodies += (
            body for key, body in graph.bodies.items() if placement.group_of(key) == group
        )
    return found


def _reached(application: Application, modules: Iterable[str], stops: set[str]) -> set[str]:
    """Return what a process imports that has other modules of its own in place of some."""
    found: set[str] = set()
    waiting = [*modules]
    while waiting:
        module = waiting.pop()
        if module not in found and module not in stops and module in application.sources.modules:
            found.add(module)
            waiting += application.imports.direct(module, runtime=False)
            waiting.append(module.rpartition(".")[0])
    return found


def _has(process: _Process, changes: dict[str, list[Change]], change: Change) -> bool:
    """Whether the imports of a process change the same setting themselves."""
    own = (one for module in process.modules & changes.keys() for one in changes[module])
    return any(
        one.library == change.library
        and (not one.keys or not change.keys or bool(one.keys & change.keys))
        for one in own
    )


def _needing(application: Application, process: _Process, change: Change) -> Place | None:
    """Return where a process first does something for which a setting is set."""
    for body in process.bodies:
        if depends(application.graph, body, change):
            source = application.sources.modules[body.module]
            if not source.test:
                return Place(source.file, 1 if body.definition is None else body.definition.line)
    return None


def _missed(module: str, change: Change, lacking: dict[str, Place]) -> Finding:
    uses = ", ".join(f"{name} ({place})" for name, place in sorted(lacking.items())[:_SHOWN])
    more = f" and {len(lacking) - _SHOWN} more" if len(lacking) > _SHOWN else ""
    return Finding(
        code="state-elsewhere",
        severity=Severity.WARNING,
        message=(
            f"importing {module} {change.what} ({change.place}): processes of {uses}{more} may "
            "need that, too, and do not import it"
        ),
        remedy=_REMEDY,
        file=change.place.file,
        line=change.place.line,
        groups=tuple(sorted(lacking)),
    )
