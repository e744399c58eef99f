"""Context variables, thread-local objects and locks of threads over calls of a service."""

from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from seamline.interface.application import Application, ServiceFacts
from seamline.interface.functions import Definition
from seamline.interface.model import Finding, Place, Severity, Verdict
from seamline.interface.names import Symbol
from seamline.interface.placement import Placement
from seamline.interface.variables import STREAMS, Handling, Variable, lines_held

_INSIDE: Final = ("__enter__", "__exit__", "__aenter__", "__aexit__")

Key = Definition | str


def lost_contexts(placement: Placement, facts: ServiceFacts) -> Iterator[Finding]:
    """Report what callers and hosts both use and no call carries."""
    users = placement.application.variables.users
    used = [one for one, found in users.items() if found and not _is_carried(facts, one)]
    if not used:
        return
    where = _Where(placement, facts)
    for variable in used:
        held = list(_held(where, variable))
        yield from held
        unseen = None if held else _unseen(where, variable)
        if unseen is not None:
            yield _missed(facts, variable, unseen)
        elif not held and variable.what != "lock" and _is_shared(where, variable):
            yield _lost(facts, where, variable)
        yield from _called_back(where, variable)


def _is_carried(facts: ServiceFacts, variable: Variable) -> bool:
    return str(variable) in {path.replace(":", ".") for path in facts.service.carry}


@dataclass(slots=True)
class _Where:
    """Which bodies run on the host of a service, and which run with those that call it.

    Attributes:
        host: Bodies that calls over the seam reach.
        away: Bodies that run in other groups, of its own modules, too.
        tests: Bodies that only tests run elsewhere.
    """

    placement: Placement
    facts: ServiceFacts
    host: set[Key] = field(default_factory=set)
    away: set[Key] = field(default_factory=set)
    tests: set[Key] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.host = self.run_by(d for d in self.facts.functions if self.is_entered(d))
        sources, bodies = self.application.sources.modules, self.application.bodies
        outside = [
            key
            for key, body in bodies.items()
            if body.module not in self.facts.modules
            and self.placement.crosses_from(self.facts.service.service, body.module)
            and not (key in self.host and self.placement.is_unplaced(body.module))
        ]
        self.away = self.run_by(key for key in outside if not sources[bodies[key].module].test)
        self.tests = self.run_by(outside) - self.away

    @property
    def application(self) -> Application:
        return self.placement.application

    def is_entered(self, definition: Definition) -> bool:
        """Whether calls from elsewhere run a function on the host of the service."""
        return self.placement.entered.get(definition) is self.facts

    def run_by(self, start: Iterable[Key], stops: Container[Key] = ()) -> set[Key]:
        """Return what bodies run in their own process, with themselves.

        Args:
            start: The bodies.
            stops: Those of which, and of what they run, nothing is said.
        """
        queue = list(start)
        found = set(queue)
        while queue:
            key = queue.pop()
            here = self.placement.group_of(key)
            for target in self._run_from(key):
                there = self.placement.remote_group(target)
                if target not in found and target not in stops and there in (None, here):
                    found.add(target)
                    queue.append(target)
        return found

    def called_by(self, key: Key, line: int) -> set[Definition]:
        """Return the functions of the service that a body calls elsewhere from a line on."""
        edges = self.application.graph.edges
        own = [edge.target for edge in edges[key] if not edge.guess and edge.line >= line]
        here = [one for one in own if self.placement.remote_group(one) is None]
        inner = [edge.target for one in self.run_by(here) for edge in edges[one] if not edge.guess]
        return {one for one in (*own, *inner) if self.is_entered(one)}

    def _run_from(self, key: Key) -> frozenset[Definition]:
        """Return what a body certainly runs; several questions of each service ask."""
        known = self.placement.run_from
        if key not in known:
            edges = self.application.graph.edges[key]
            certain = (edge.target for edge in edges if not edge.guess)
            known[key] = frozenset(certain).union(self._entered(key))
        return known[key]

    def _entered(self, key: Key) -> Iterator[Definition]:
        """Yield how the classes that a body names are entered and left."""
        definitions = self.application.definitions
        for use in self.application.bodies[key].uses:
            cls = definitions.classes.get(use.symbol)
            if cls is not None:
                for name in _INSIDE:
                    yield from definitions.methods_of(cls, name)


def _held(where: _Where, variable: Variable) -> Iterator[Finding]:
    """Report who holds a variable while its caller goes on, beside calls that need it."""
    held: dict[Definition, Finding] = {}
    for key in sorted(where.application.variables.holding[variable], key=lambda d: str(d.symbol)):
        reader = _reader(where, variable, besides=key)
        severity = _severity(where, variable, key)
        if reader is not None and severity is not None:
            held[key] = _holding(where.facts, variable, key, reader, severity)
    offered = [key for key in held if not key.name.startswith("_")]
    yield from (held[key] for key in offered or held)


def _severity(where: _Where, variable: Variable, key: Definition) -> Severity | None:
    """Return how much it weighs that a function holds a variable over its caller's block."""
    function = where.facts.functions.get(key)
    stays = key in where.away
    remote = where.is_entered(key) and key.kind in STREAMS
    if variable.what == "lock" and not remote:
        return None  # a lock that stays with its caller is no lock of the host's
    if stays or (remote and function is not None and _is_called(where, key)):
        return Severity.ERROR
    if key in where.tests or remote or (function is not None and function.public):
        return Severity.WARNING
    return None


def _is_called(where: _Where, definition: Definition) -> bool:
    """Whether code of another process calls a function, tests aside."""
    function = where.facts.functions[definition]
    return any(
        where.placement.crosses(where.facts.service.service, place)
        and not where.placement.is_test(place.file)
        for place in function.callers
    )


def _reader(where: _Where, variable: Variable, *, besides: Key | None = None) -> Definition | None:
    """Return a function that reads a variable on the host, the offered ones first."""
    found = [
        key
        for key, handling in where.application.variables.users[variable].items()
        if handling.reads and key in where.host and key is not besides
        if isinstance(key, Definition)
    ]
    return min(found, key=lambda key: (not where.is_entered(key), str(key.symbol)), default=None)


def _is_shared(where: _Where, variable: Variable) -> bool:
    """Whether what one process sets of a variable is missed by another one."""
    variables = where.application.variables
    users = variables.users[variable]
    hosted = [key for key in users if _runs_on_host(where, key)]
    if hosted and any(isinstance(key, Definition) and key.module not in where.facts.modules
                      for key in users):  # fmt: skip
        return True
    is_left = any(
        where.is_entered(key) for key in variables.leaving[variable].intersection(hosted)
    ) or any(
        _leaves(where, variable, key) for key in filter(where.is_entered, where.facts.functions)
    )
    needed = [key for key, handling in users.items() if handling.reads]
    is_set = any(key in where.away for key in variables.setting[variable])
    return is_left or (is_set and any(key in where.host for key in needed))


class _Unseen(NamedTuple):
    """Who sets a variable, and who reads it in another process or call for certain."""

    setter: Definition
    reader: Definition
    is_set_on_host: bool
    is_read_on_host: bool


def _unseen(where: _Where, variable: Variable) -> _Unseen | None:
    """Return who certainly does not see what of a context variable is set.

    What sets it and reads it itself has its own in each process, and so has what it runs.
    """
    handlings = where.application.variables.users[variable]
    readers = {key for key, handling in handlings.items() if handling.reads and not handling.sets}
    if variable.what != "variable" or not readers:
        return None
    setters = where.application.variables.setting[variable]
    offered = [
        one for one in where.facts.functions if where.is_entered(one) and _is_called(where, one)
    ]
    for key in _from_outside(where, variable):
        called = where.called_by(key, handlings[key].sets) if handlings[key].resets else offered
        found = _first(readers & where.run_by({*called} - setters.keys(), setters))
        if found is not None:
            return _Unseen(key, found, False, True)
    for key in offered:
        if _leaves(where, variable, key):
            others = (one for one in offered if one is not key and one not in setters)
            here, there = readers & where.run_by(others, setters), readers & where.away
            if found := _first(there) or _first(here):
                return _Unseen(key, found, True, not there)
    return None


def _first(keys: Iterable[Key]) -> Definition | None:
    found = (key for key in keys if isinstance(key, Definition))
    return min(found, key=lambda key: str(key.symbol), default=None)


def _from_outside(where: _Where, variable: Variable) -> list[Definition]:
    """Return what sets a variable for what it calls, or its caller calls, in another process."""
    variables = where.application.variables
    return sorted(
        (
            key
            for key, handling in variables.users[variable].items()
            if isinstance(key, Definition) and key in where.away and _sets_first(handling)
            if handling.resets or (key in variables.leaving[variable] and _is_used(where, key))
        ),
        key=lambda key: str(key.symbol),
    )


def _sets_first(handling: Handling) -> bool:
    """Whether a function sets a variable whatever it is: one that looks first may only fill it."""
    return bool(handling.sets) and not 0 < handling.reads < handling.sets


def _leaves(where: _Where, variable: Variable, key: Definition) -> bool:
    """Whether a function returns while a variable is set, also through what it runs."""
    variables, graph = where.application.variables, where.application.graph
    users = variables.users[variable]
    resets: set[Key] = {one for one, found in users.items() if found.resets}
    # What puts it back by a function for that leaves none.
    for one in [one for one in resets if isinstance(one, Definition)]:
        resets.update(graph.callers.get(one, ()))
    run = where.run_by([key], resets) if key not in resets else ()
    return any(_sets_first(users[one]) for one in variables.leaving[variable].intersection(run))


def _is_used(where: _Where, key: Definition) -> bool:
    """Whether something runs a function elsewhere: code that does, or what nobody knows."""
    if key.owner is not None or key.decorators or key in where.application.callbacks:
        return True
    callers = where.application.graph.callers.get(key, ())
    return not callers or any(one in where.away for one in callers)


def _runs_on_host(where: _Where, key: Key) -> bool:
    """Whether calls from outside may reach a body of the package over the seam."""
    function = where.facts.functions.get(key) if isinstance(key, Definition) else None
    return function is not None and (not function.public or function.verdict is Verdict.REMOTE)


def _called_back(where: _Where, variable: Variable) -> Iterator[Finding]:
    """Report calls back into a service that need what the call they come from has set."""
    variables, seen = where.application.variables, set[Symbol]()
    for key in variables.setting[variable]:
        if key not in where.host or not isinstance(key, Definition):
            continue
        for out, back in _ways_back(where, variable, key):
            inner = where.run_by([back])
            reads = [
                user
                for user, handling in variables.users[variable].items()
                if handling.reads and user in inner and isinstance(user, Definition)
            ]
            if reads and key.symbol not in seen:
                seen.add(key.symbol)
                yield _back(where.facts, variable, key, out, back)


def _ways_back(
    where: _Where, variable: Variable, key: Definition
) -> Iterator[tuple[Definition, Definition]]:
    """Yield calls out of a function's process, with calls that come back from there."""
    placement, edges = where.placement, where.application.graph.edges
    home = placement.group_of(key)
    held = lines_held(where.application.variables, variable, key)
    inside = where.run_by(e.target for e in edges[key] if e.line in held and not e.guess
                          and placement.remote_group(e.target) in (None, home))  # fmt: skip
    leaving = [e.target for e in edges[key] if e.line in held and not e.guess]
    leaving += [e.target for one in inside for e in edges[one] if not e.guess]
    for out in dict.fromkeys(leaving):
        there = placement.remote_group(out)
        if there in (None, home) or _is_carried(placement.entered[out], variable):
            continue
        reached, queue = {out}, [out]
        while queue:
            for edge in edges[queue.pop()]:
                if edge.guess or edge.target in reached:
                    continue
                reached.add(edge.target)
                if placement.remote_group(edge.target) == home:
                    if where.is_entered(edge.target):
                        yield out, edge.target
                else:
                    queue.append(edge.target)


def _named(variable: Variable) -> str:
    what = {"variable": "a context variable", "local": "local to a thread", "lock": "a lock"}
    return f"{variable} is {what[variable.what]}"


def _remedy(variable: Variable, section: str) -> str:
    if variable.what == "lock":
        return "let it go before, or do the whole in one function of the package"
    if variable.what == "local":
        return "pass the value as an argument, or make it a context variable and carry it"
    carry = f'carry = ["{variable.symbol.module}:{variable.symbol.name.rpartition(".")[2]}"] '
    if "." in variable.symbol.name:
        return f"bind it to a name of its module, and write {carry}{section}"
    return carry + section


def _finding(
    facts: ServiceFacts, severity: Severity, message: str, remedy: str, place: Place
) -> Finding:
    return Finding(
        code="state-elsewhere",
        severity=severity,
        message=message,
        remedy=remedy,
        file=place.file,
        line=place.line,
        service=facts.service.service,
    )


def _section(facts: ServiceFacts) -> str:
    return f"in [services.{facts.service.service}] of seamline.toml"


def _lost(facts: ServiceFacts, where: _Where, variable: Variable) -> Finding:
    return _finding(
        facts,
        Severity.WARNING,
        f"{_named(variable)}, functions of service {facts.service.service} use it, and it does "
        "not travel with calls: they do not see what is set outside a call, nor do others see "
        "what they set",
        _remedy(variable, _section(facts)),
        Place(where.application.sources.modules[variable.symbol.module].file, variable.line),
    )


def _missed(facts: ServiceFacts, variable: Variable, unseen: _Unseen) -> Finding:
    setter, reader = unseen.setter, unseen.reader
    host = f" where service {facts.service.service} runs"
    there = " in another call there" if unseen.is_set_on_host else host
    message = (
        f"{_named(variable)}, {setter.module}.{setter.name} sets it"
        f"{host if unseen.is_set_on_host else ''}, and {reader.module}.{reader.name} reads it"
        f"{there if unseen.is_read_on_host else ' in the process of its caller'}: it does not "
        "travel with calls, so what was set is not seen"
    )
    return _finding(
        facts,
        Severity.ERROR,
        message,
        _remedy(variable, _section(facts)),
        Place(setter.file, setter.line),
    )


def _holding(
    facts: ServiceFacts,
    variable: Variable,
    key: Definition,
    reader: Definition,
    severity: Severity,
) -> Finding:
    does = f"{key.module}.{key.name} holds it around the block of its caller"
    needs = f"{reader.module}.{reader.name}"
    message = f"{_named(variable)}, {does}, and {needs} reads it where service "
    message += f"{facts.service.service} runs: it does not see what is set there"
    if variable.what == "lock":
        message = f"{_named(variable)}, {does}, and {needs} takes it in another thread of service "
        message += f"{facts.service.service}: a call in that block waits until its deadline"
    return _finding(
        facts, severity, message, _remedy(variable, _section(facts)), Place(key.file, key.line)
    )


def _back(
    facts: ServiceFacts, variable: Variable, key: Definition, out: Definition, back: Definition
) -> Finding:
    name = f"{key.module}.{key.name}"
    way = f"{out.module}.{out.name}, which may call back {back.module}.{back.name}"
    if variable.what == "lock":
        message = f"{_named(variable)}, and {name} holds it while it calls {way}, which takes "
        message += "it: that runs in another thread, and waits until the deadline"
    else:
        message = f"{_named(variable)}, and {name} sets it and calls {way}, which reads it: "
        message += "it does not travel with these calls, and is not set there"
    remedy = _remedy(variable, "at the top of seamline.toml")
    return _finding(facts, Severity.WARNING, message, remedy, Place(key.file, key.line))
