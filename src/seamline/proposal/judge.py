"""How cleanly a part would stand alone, and why: one line for each, from what `check` finds."""

from collections.abc import Collection, Mapping, Sequence
from typing import Final

from seamline.interface import (
    Analysis,
    Application,
    Finding,
    Function,
    Interface,
    PackageService,
    Place,
    Severity,
    State,
    Verdict,
    analyse,
    contexts_read,
)
from seamline.proposal.known import HEAVY, HOSTILE
from seamline.proposal.model import Part
from seamline.proposal.parts import service_name

#: Warnings that a part may have: what waits, and what may happen or not, in which case the call
#: raises. So it may have a refused function that nobody calls.
_BEARABLE: Final = frozenset({"blocking-call", "aliased-state", "application"})
_MOST_NAMED: Final = 3


def judge_parts(
    application: Application, packages: Sequence[str], entries: Mapping[str, str]
) -> list[Part]:
    """Look at every package as a service of its own, all at once.

    Args:
        application: The project as read.
        packages: Dotted names; none is inside another.
        entries: The service of each module that an application is started from.
    """
    taken = set(entries.values())
    named: dict[str, str] = {}
    for package in packages:
        named[package] = service_name(package, taken)
        taken.add(named[package])
    services = [PackageService(service=name, package=each) for each, name in named.items()]
    analysis = analyse(
        application.sources.root, services, entry_modules=entries, application=application
    )
    taken_along = _taken_along(application)
    return [
        _judged(application, analysis, each, entries, taken_along) for each in analysis.interfaces
    ]


def _taken_along(application: Application) -> set[tuple[str, str, int]]:
    """Return the functions, as far as is certain, that read a request or an application.

    The language and the time zone, which calls of Django take along, too, are neither.
    """
    read = contexts_read(application.graph, guessed=False)
    return {
        (key.module, key.name, key.line)
        for key, contexts in read.items()
        if not isinstance(key, str) and contexts - {"django:locale"}
    }


def _judged(
    application: Application,
    analysis: Analysis,
    interface: Interface,
    entries: Mapping[str, str],
    taken_along: Collection[tuple[str, str, int]],
) -> Part:
    tests = {each.file for each in application.sources.modules.values() if each.test}
    part = Part(name=interface.service, package=interface.package, interface=interface)
    findings = [each for each in analysis.findings if each.service == interface.service]
    part.against = (
        _against(interface, findings, tests)
        or _reading(interface, taken_along)
        or _cycle(interface, entries)
    )
    if part.is_proposed:
        _weigh(application, part, entries, tests, {each.code for each in findings})
    return part


def _against(interface: Interface, findings: Sequence[Finding], tests: Collection[str]) -> str:
    """Return what keeps a part from being a service; empty where nothing does."""
    functions = {(each.file, each.line) for each in interface.functions}
    for finding in findings:
        is_unused = finding.code == "not-sendable" and (finding.file, finding.line) in functions
        is_bearable = is_unused or finding.code in _BEARABLE
        grave = finding.severity is Severity.WARNING and not is_bearable
        if finding.severity is Severity.ERROR or (grave and finding.file not in tests):
            return placed(finding)
    return _idle(interface, tests)


def _reading(interface: Interface, taken_along: Collection[tuple[str, str, int]]) -> str:
    """Return that calls to a part would take more along than their arguments, if they would."""
    if not any(
        each.verdict is Verdict.REMOTE and (each.module, each.name, each.line) in taken_along
        for each in interface.functions
    ):
        return ""
    return (
        "it reads the framework's request or application, which each call would take along: "
        "name it yourself to try that"
    )


def _idle(interface: Interface, tests: Collection[str]) -> str:
    """Return why no call would ever cross to a part; empty where some would."""
    public = [each for each in interface.functions if each.public]
    callbacks = sum(each.callback for each in public)
    remote = [each for each in public if each.verdict is Verdict.REMOTE]
    if not public:
        return "it offers no function"
    if not remote and callbacks == len(public):
        return f"a framework calls {_all(callbacks)}: they belong to the process that serves"
    if not remote:
        return "its functions run in the caller: they are cheap, or work on the caller's objects"
    if not any(_callers(each, tests) for each in remote):
        return f"nothing outside it calls {_all(len(remote))} that could run elsewhere"
    return ""


def _cycle(interface: Interface, entries: Collection[str]) -> str:
    """Return that a part imports the application; a package around it is imported anyway."""
    for entry in sorted(set(entries) & set(interface.imports)):
        if not interface.package.startswith(f"{entry}."):
            return f"importing it imports the application, {entry}"
    return ""


def placed(finding: Finding) -> str:
    """Return a finding in one line, with its place."""
    where = f" ({finding.file}:{finding.line})" if finding.file else ""
    shown = finding.message if finding.file and f"{finding.file}:" in finding.message else None
    return shown or f"{finding.message}{where}"


def _weigh(
    application: Application,
    part: Part,
    entries: Mapping[str, str],
    tests: Collection[str],
    warned: Collection[str],
) -> None:
    """Write down what speaks for a part and what to know about it, and how much it is."""
    interface = part.interface
    public = [each for each in interface.functions if each.public]
    remote = [each for each in public if each.verdict is Verdict.REMOTE]
    places = {place for each in remote for place in _callers(each, tests)}
    heavy, hostile = _libraries(application, interface)
    state = [each for each in interface.state if not each.resource]
    back = sorted(set(entries) & set(interface.imports))
    refused = sum(each.verdict is Verdict.REFUSED for each in public)
    local = sum(each.verdict is Verdict.LOCAL and not each.callback for each in public)
    part.apart = bool(heavy or hostile)
    part.score = 10 * len(heavy) + 8 * len(hostile) + 3 * bool(state) + len(remote)
    part.score -= 0.5 * len(places) + 2 * refused + 4 * len(back)
    part.score -= 3 * len({"blocking-call", "aliased-state"}.intersection(warned))
    part.reasons = [
        _called(len(remote), len(places)),
        *([f"{local} more stay with the caller"] if local else []),
        *([f"imports {_listed(heavy)}, which is heavy"] if heavy else []),
        *([f"reads {_listed(hostile)} that others made"] if hostile else []),
        *([f"keeps {_states(state)} to itself"] if state else []),
        *([f"{_count(refused, 'function')} could not, and nobody calls them"] if refused else []),
        *(["coroutines call it, and their event loop waits"] if "blocking-call" in warned else []),
        *(
            ["a result that shared parts with its state would raise"]
            if "aliased-state" in warned
            else []
        ),
        *([f"imports {back[0]} back, so its process loads the application too"] if back else []),
    ]


def _called(functions: int, places: int) -> str:
    return (
        f"{_count(functions, 'function')} can run elsewhere, called from {_count(places, 'place')}"
    )


def _callers(function: Function, tests: Collection[str]) -> list[Place]:
    return [place for place in function.callers if place.file not in tests]


def _libraries(application: Application, interface: Interface) -> tuple[list[str], list[str]]:
    """Return heavy libraries a part imports, and what it reads that strangers made."""
    heavy: dict[str, None] = {}
    hostile: dict[str, None] = {}
    modules = application.definitions.world.modules
    for name, _ in interface.modules:
        for found in modules[name].imports:
            first = found.module.partition(".")[0]
            if found.typing_only or found.module in modules or first in modules:
                continue
            if first in HEAVY:
                heavy[first] = None
            for key in (first, found.module):
                if key in HOSTILE:
                    hostile[HOSTILE[key]] = None
    return list(heavy), list(hostile)


def _states(state: Sequence[State]) -> str:
    return _listed([each.name for each in state])


def _listed(names: Sequence[str]) -> str:
    shown = list(names[:_MOST_NAMED])
    if len(names) > _MOST_NAMED:
        shown.append(f"{len(names) - _MOST_NAMED} more")
    return " and ".join(filter(None, [", ".join(shown[:-1]), shown[-1]]))


def _count(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def _all(count: int) -> str:
    return "its one function" if count == 1 else f"all {count} functions"
