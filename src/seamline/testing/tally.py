"""What one test process, or several of them together, saw of the seams; and the judgement."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

# Tests named after a cause; all of them would hide the rest of the summary.
_NAMED_TESTS: Final = 3


@dataclass(slots=True)
class Tally:
    """Of plain values only, because xdist sends it from its workers to their controller.

    Attributes:
        services: Those that a seam lies before.
        made: Calls made by the test process, by service and function's dotted name.
        made_by_hosts: Calls made by the hosts, by service.
        apart: Tests that hosts did not answer, wholly or in part, by cause.
        swallowed: Seam errors that no test failed for, each with its test.
        is_partial: Whether some of the tests were left out.
        trouble: Why the run says nothing, if so.
    """

    services: tuple[str, ...] = ()
    made: dict[str, dict[str, int]] = field(default_factory=dict)
    made_by_hosts: dict[str, int] = field(default_factory=dict)
    apart: dict[str, list[str]] = field(default_factory=dict)
    swallowed: list[str] = field(default_factory=list)
    is_partial: bool = False
    trouble: list[str] = field(default_factory=list)

    def add(self, other: "Tally") -> None:
        """Take in what another process of the same session saw."""
        self.services = tuple(dict.fromkeys((*self.services, *other.services)))
        for service, functions in other.made.items():
            mine = Counter(self.made.get(service, {}))
            mine.update(functions)
            self.made[service] = dict(mine)
        self.made_by_hosts = dict(Counter(self.made_by_hosts) + Counter(other.made_by_hosts))
        for cause, tests in other.apart.items():
            self.apart.setdefault(cause, []).extend(tests)
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
            lines.append(
                "them (a test that provokes one on purpose: @pytest.mark.seamline_errors):"
            )
            lines += [f"  {text}" for text in self.swallowed]
        idle = [service for service in self.services if not self.total(service)]
        if idle and not self.is_partial and not self.trouble:
            lines.append(
                f"no test made a call to {', '.join(idle)}: these tests say nothing about "
                f"{'that seam' if len(idle) == 1 else 'those seams'}"
            )
        return lines

    def lines(self) -> Iterator[str]:
        """Yield what went over the seams, a line each."""
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
        for cause, tests in sorted(self.apart.items()):
            count = "1 test" if len(tests) == 1 else f"{len(tests)} tests"
            more = ", ..." if len(tests) > _NAMED_TESTS else ""
            yield f"{count} {cause}: {', '.join(tests[:_NAMED_TESTS])}{more}"

    def to_plain(self) -> dict[str, Any]:
        """Return it as values that xdist can send."""
        return {name: getattr(self, name) for name in self.__slots__}

    @classmethod
    def from_plain(cls, values: dict[str, Any]) -> "Tally":
        """Return what :meth:`to_plain` made."""
        return cls(**{**values, "services": tuple(values["services"])})
