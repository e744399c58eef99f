"""Seams that are closed because a host could only guess, and what must not be lost by it."""

import threading
from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Mapping
from typing import NamedTuple

from seamline.errors import InvisibleState
from seamline.interface import Function, Interface
from seamline.rpc import call_site, record
from seamline.seam import Seams
from seamline.testing.causes import Cause


class Kept(NamedTuple):
    """A service that ran in the test process during a test, and why."""

    service: str
    cause: Cause


class Closing:
    """Which services run in the test process while a test needs them there.

    A seam is closed by the first call that a cause concerns and stays closed until the test
    and its fixtures are over. What earlier calls of the same test left on the host would be
    missing here, so closing raises then.

    Args:
        seams: Of the test process.
        interfaces: The packages behind them, by service.
        causes: Tells what the host of a service cannot see at this moment.
    """

    def __init__(
        self,
        seams: Seams,
        interfaces: Mapping[str, Interface],
        causes: Callable[[str, Function], Iterable[Cause]],
    ) -> None:
        self._seams = seams
        self._causes = causes
        self._stateful = {
            service: {f"{f.module}.{f.name}" for f in interface.functions if f.changes}
            for service, interface in interfaces.items()
        }
        self._closed: dict[str, list[Cause]] = {}
        self._stayed: dict[Kept, None] = {}
        self._refused: dict[str, Cause] = {}
        self._before: Counter[tuple[str, str]] = Counter()
        self._fixtures: dict[Hashable, Counter[tuple[str, str]]] = {}
        self._changing = threading.RLock()

    def keeps(self, service: str, function: Function) -> bool:
        """Keep a call here if the function's host cannot see what the test set up.

        A function that needs nothing of its host stays alone; for any other the seam of the
        whole service is closed, so that its state stays in one place.

        Returns:
            Whether the call that is about to cross has to stay.

        Raises:
            InvisibleState: The host holds what earlier calls of this test left there.
        """
        causes = list(dict.fromkeys(self._causes(service, function)))
        for cause in causes:
            if function.stays:
                self._stayed[Kept(service, cause)] = None
            else:
                self.close(service, cause)
        return bool(causes)

    def close(self, service: str, cause: Cause) -> None:
        """Close a seam for the rest of the test.

        Raises:
            InvisibleState: The host holds what earlier calls of this test left there.
        """
        with self._changing:
            if service not in self._closed:
                self._check_nothing_lost(service, cause)
                self._seams.close(service)
            causes = self._closed.setdefault(service, [])
            if cause not in causes:
                causes.append(cause)

    def begin_test(self) -> None:
        """Take note that calls from now on are the next test's."""
        self._before = self._calls()

    def end_test(self, stay_closed: Iterable[str]) -> tuple[list[Kept], list[Kept]]:
        """Open the seams again.

        Args:
            stay_closed: Services that cannot be opened yet.

        Returns:
            What ran in the test process, and what was refused.
        """
        closed = [Kept(service, one) for service, causes in self._closed.items() for one in causes]
        kept = list(dict.fromkeys([*closed, *self._stayed]))
        self._stayed.clear()
        refused = [Kept(service, cause) for service, cause in self._refused.items()]
        self._refused.clear()
        for service in set(self._closed).difference(stay_closed):
            del self._closed[service]
            self._seams.open(service)
        return kept, refused

    # -- fixtures that outlive a test ---------------------------------------------------

    def calls(self) -> Counter[tuple[str, str]]:
        """Return the calls so far that may have changed state, to be given to :meth:`hold`."""
        return self._calls()

    def hold(self, fixture: Hashable, before: Counter[tuple[str, str]]) -> None:
        """Keep in mind what a fixture called while it was set up, for as long as it lives."""
        called = self._calls() - before
        if called:
            self._fixtures[fixture] = called

    def let_go(self, fixture: Hashable) -> None:
        """Forget a fixture that is torn down."""
        self._fixtures.pop(fixture, None)

    def _calls(self) -> Counter[tuple[str, str]]:
        return Counter(
            {
                (service, name): count
                for service, functions in self._seams.counts().items()
                for name, count in functions.items()
                if count and name in self._stateful.get(service, ())
            }
        )

    def _check_nothing_lost(self, service: str, cause: Cause) -> None:
        called = self._calls() - self._before
        for counts in self._fixtures.values():
            called += counts
        earlier = sorted(name for at, name in called if at == service)
        if not earlier:
            return
        self._refused[service] = cause
        error = InvisibleState(
            f"at {call_site()} the test needs service {service!r} in its own process, because its "
            f"host cannot see this: {cause}. But {', '.join(earlier)}, called earlier in the test "
            "or in a fixture that it uses, may have changed state on its host, which would be "
            "missing here. Set up the former before the first of these calls, or run this test "
            "with --seamline-layout local"
        )
        record(error)
        raise error
