"""What one test process, or several of them together, saw of the seams; and the judgement."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec

from seamline.interface import Analysis, Severity, Verdict
from seamline.testing.causes import IN_MEMORY, TEST_DATABASE, UNCOMMITTED

# What has tests that run local meet their hosts, by cause; of several, the first that applies.
_REMEDIES: Final = {
    TEST_DATABASE: (
        "hosts open the database that the settings name, not the one that Django makes for its "
        "tests (in memory or in a file, TEST NAME), so what uses it runs local: try it over the "
        "seam with seamline run --layout NAME, and test what needs no database"
    ),
    IN_MEMORY: "no other process sees it: give the tests a database in a file",
    UNCOMMITTED: "hosts see what is committed: have some tests commit what they set up",
}
# Tests named after a cause; all of them would hide the rest of the summary.
_NAMED_TESTS: Final = 3

#: One reason why a service ran in the test process: the service, what it was, and which one.
Reason = list[str]


@dataclass(slots=True)
class Tally:
    """Of plain values only, because xdist sends it from its workers to their controller.

    Attributes:
        services: Those that a seam lies before.
        made: Calls made by the test process, by service and function's dotted name.
        made_by_hosts: Calls made by the hosts, by service.
        local: Tests during which services ran in the test process, each with its reasons.
        refused: Tests in which that would have lost state of a host, each with its reasons.
        refused_functions: Public functions that cannot cross, each with the reason.
        errors: What ``check`` finds about the seams that another answer can come of.
        warnings: What it warns of.
        swallowed: Seam errors that no test failed for, each with its test.
        is_partial: Whether some of the tests were left out.
        trouble: Why the run says nothing, if so.
        is_strict: Whether warnings fail the run.
        stayed: Calls that ran in the test process because they could not cross, by function.
        expecting: How a test says that it provokes seam errors.
    """

    services: tuple[str, ...] = ()
    made: dict[str, dict[str, int]] = field(default_factory=dict)
    made_by_hosts: dict[str, int] = field(default_factory=dict)
    local: dict[str, list[Reason]] = field(default_factory=dict)
    refused: dict[str, list[Reason]] = field(default_factory=dict)
    refused_functions: dict[str, str] = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    swallowed: list[str] = field(default_factory=list)
    is_partial: bool = False
    trouble: list[str] = field(default_factory=list)
    is_strict: bool = False
    stayed: dict[str, int] = field(default_factory=dict)
    expecting: str = "@pytest.mark.seamline_errors"

    def describe(self, analysis: Analysis, services: tuple[str, ...]) -> None:
        """Put in what is known before the first test.

        Args:
            analysis: What the source of the application says.
            services: Those that a seam lies before.
        """
        self.services = services
        self.refused_functions = {
            f"{function.module}.{function.name}": function.reason
            for interface in analysis.interfaces
            if interface.service in services
            for function in interface.functions
            if function.public and function.verdict is Verdict.REFUSED
        }
        self.errors = _findings(analysis, Severity.ERROR)
        self.warnings = _findings(analysis, Severity.WARNING)

    def add(self, other: "Tally") -> None:
        """Take in what another process of the same session saw."""
        self.services = tuple(dict.fromkeys((*self.services, *other.services)))
        for service, functions in other.made.items():
            mine = Counter(self.made.get(service, {}))
            mine.update(functions)
            self.made[service] = dict(mine)
        self.made_by_hosts = dict(Counter(self.made_by_hosts) + Counter(other.made_by_hosts))
        self.local |= other.local
        self.refused |= other.refused
        self.refused_functions |= other.refused_functions
        self.errors = list(dict.fromkeys((*self.errors, *other.errors)))
        self.warnings = list(dict.fromkeys((*self.warnings, *other.warnings)))
        self.stayed = dict(Counter(self.stayed) + Counter(other.stayed))
        self.swallowed += other.swallowed
        self.is_partial |= other.is_partial
        self.trouble += other.trouble

    def total(self, service: str) -> int:
        """Return the calls that were made to a service over its seam, by anybody."""
        return sum(self.made.get(service, {}).values()) + self.made_by_hosts.get(service, 0)

    def verdicts(self) -> list[str]:
        """Return why the session fails although its tests may have passed; empty if not."""
        lines = list(self.trouble)
        if self.swallowed:
            lines.append("seam errors were raised in tests that passed, so something swallowed")
            lines.append(f"them (a test that provokes one on purpose: {self.expecting}):")
            lines += [f"  {text}" for text in self.swallowed]
        if not self.trouble:
            lines += self._idle()
        if self.is_strict:
            lines += [f"strict: {finding}" for finding in (*self.errors, *self.warnings)]
            if self.local:
                lines.append(f"strict: {_tests(len(self.local))} ran local")
        return lines

    def _idle(self) -> Iterator[str]:
        """Yield which seams were not tested."""
        idle = [service for service in self.services if not self.total(service)]
        # A part of the tests need not use every seam, but may not pass for a test of the split.
        if not idle or (self.is_partial and not self.is_strict):
            return
        kept = {service for reasons in self.local.values() for service, *_ in reasons}
        closed = [service for service in idle if service in kept]
        if closed:
            yield from self._only_local(closed)
        uncalled = [service for service in idle if service not in kept]
        if not uncalled:
            return
        those = "that seam" if len(uncalled) == 1 else "those seams"
        tables = ", ".join(f"[services.{service}]" for service in uncalled)
        yield (
            f"the run fails because no test made a call to {', '.join(uncalled)}: these tests say "
            f"nothing about {those}"
        )
        yield (
            f"  test what calls {'it' if len(uncalled) == 1 else 'them'}, or take {tables} out of "
            "seamline.toml until something does; a part of the tests (-k, a file) is not judged"
        )

    def _only_local(self, services: Sequence[str]) -> Iterator[str]:
        """Yield that tests came to services in their own process only, why, and what to do."""
        found = {
            test: dict.fromkeys(cause for service, cause, _ in reasons if service in services)
            for test, reasons in self.local.items()
        }
        causes = Counter(cause for ones in found.values() for cause in ones)
        ran = sum(bool(ones) for ones in found.values())
        those = "that seam" if len(services) == 1 else "those seams"
        yield (
            f"the run fails because no call went over the seam to {', '.join(services)}: "
            f"{_tests(ran)} ran local ({', '.join(causes)}) and say nothing about {those}"
        )
        of_databases = next((cause for cause in _REMEDIES if cause in causes), None)
        if of_databases is not None:
            yield f"  {of_databases}: {_REMEDIES[of_databases]}"
        tables = ", ".join(f"[services.{service}]" for service in services)
        yield (
            f"  or take {tables} out of seamline.toml until a test can use "
            f"{'it' if len(services) == 1 else 'them'}; a part of the tests (-k, a file) is not "
            "judged"
        )

    @property
    def says_nothing(self) -> bool:
        """Whether seams were open and nothing at all went over them."""
        return bool(self.services) and not any(map(self.total, self.services))

    def lines(self, *, every: bool = False) -> Iterator[str]:
        """Yield what went over the seams, a line each.

        Args:
            every: Name every test that ran local, with what it set up.
        """
        for service in self.services:
            functions = self.made.get(service, {})
            shown = [
                f"{name.rpartition('.')[2]} {count}"
                for name, count in sorted(functions.items(), key=lambda pair: -pair[1])
                if count
            ]
            if self.made_by_hosts.get(service):
                shown.append(f"from other services {self.made_by_hosts[service]}")
            total = self.total(service)
            calls = "1 call" if total == 1 else f"{total} calls"
            yield f"{service}: {calls}" + (f"  ({' · '.join(shown)})" if shown else "")
        yield from _apart("local", self.local, every=every)
        yield from _apart("refused", self.refused, every=every)
        if self.stayed:
            named = [f"{name} {count}" for name, count in Counter(self.stayed).most_common()]
            yield f"stayed here, since they could not cross: {' · '.join(named)}"
        if not self.is_strict:
            yield from self._checked(every=every)

    def _checked(self, *, every: bool) -> Iterator[str]:
        """Yield what ``check`` finds: errors by name, because answers may differ by them."""
        yield from self.errors if every else self.errors[:_NAMED_TESTS]
        # Not as "2 errors", which readers of pytest's output take for those of tests.
        counts = [
            f"{word} {len(found)}"
            for word, found in (("errors", self.errors), ("warnings", self.warnings))
            if found
        ]
        if counts:
            yield f"seamline check finds: {', '.join(counts)}"

    def to_plain(self) -> dict[str, Any]:
        """Return it as values that xdist can send."""
        return {name: getattr(self, name) for name in self.__slots__}

    def to_json(self, layout: str, exit_status: int) -> bytes:
        """Return it for scripts: ``--seamline-report``."""
        told = {
            "layout": layout,
            "exit_status": exit_status,
            "verdicts": self.verdicts(),
            "calls": {
                service: {
                    "total": self.total(service),
                    "functions": self.made.get(service, {}),
                    "by_hosts": self.made_by_hosts.get(service, 0),
                }
                for service in self.services
            },
            "local": _reported(self.local),
            "refused": _reported(self.refused),
            "refused_functions": self.refused_functions,
            "stayed": self.stayed,
            "errors": self.errors,
            "warnings": self.warnings,
            "swallowed": self.swallowed,
            "is_partial": self.is_partial,
        }
        return msgspec.json.format(msgspec.json.encode(told), indent=2)

    @classmethod
    def from_plain(cls, values: dict[str, Any]) -> "Tally":
        """Return what :meth:`to_plain` made."""
        return cls(**{**values, "services": tuple(values["services"])})


def _tests(count: int) -> str:
    return "1 test" if count == 1 else f"{count} tests"


def _reported(tests: dict[str, list[Reason]]) -> dict[str, list[dict[str, str]]]:
    names = ("service", "cause", "detail")
    return {
        test: [dict(zip(names, reason, strict=True)) for reason in reasons]
        for test, reasons in tests.items()
    }


def _apart(word: str, tests: dict[str, list[Reason]], *, every: bool) -> Iterator[str]:
    """Yield tests that hosts did not answer, counted by cause."""
    causes: dict[str, list[str]] = {}
    for test, reasons in tests.items():
        for what in dict.fromkeys(what for _, what, _ in reasons):
            causes.setdefault(what, []).append(test)
    if not tests:
        return
    ranked = sorted(causes.items(), key=lambda pair: (-len(pair[1]), pair[0]))
    counted = ", ".join(f"{len(named)} {what}" for what, named in ranked)
    yield f"{_tests(len(tests))} {word}: {counted}"
    if every:
        for test, reasons in tests.items():
            yield f"  {test}"
            yield from (f"    {service}: {what} ({detail})" for service, what, detail in reasons)
        return
    for what, named in ranked:
        more = ", ..." if len(named) > _NAMED_TESTS else ""
        yield f"  {what}: {', '.join(named[:_NAMED_TESTS])}{more}"


def _findings(analysis: Analysis, severity: Severity) -> list[str]:
    """Return what ``check`` says of the application at one severity, a line each."""
    return [
        f"{one.file}:{one.line}: {one.message} [{one.code}]"
        for one in analysis.findings
        if one.severity is severity
    ]
