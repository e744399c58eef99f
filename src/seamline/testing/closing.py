"""Seams that are closed because a host could only guess, and what must not be lost by it."""

import threading
from collections import Counter
from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Mapping
from typing import Final, NamedTuple

from seamline.errors import InvisibleState
from seamline.interface import Function, Interface
from seamline.rpc import call_site, record
from seamline.seam import Seams
from seamline.testing.causes import Cause
from seamline.worker import shared_clock

#: A service, and the dotted name of a function of it.
Called = tuple[str, str]


class Kept(NamedTuple):
    """A service that ran in the test process during a test, and why."""

    service: str
    cause: Cause


class Moment(NamedTuple):
    """A point of a session, to tell the calls after it from those before.

    Attributes:
        calls: Calls so far that may have changed state, by service and function.
        made: All calls so far.
        at: On the clock that processes share.
    """

    calls: Counter[Called]
    made: int
    at: int


NO_MOMENT: Final = Moment(Counter(), 0, 0)


class Closing:
    """Which services run in the test process while a test needs them there.

    A seam is closed by the first call that a cause concerns and stays closed until the test
    and its fixtures are over. What earlier calls of the same test left on the host would be
    missing here, so closing raises then.

    Args:
        seams: Of the test process.
        interfaces: The packages behind them, by service.
        causes: Tells what the host of a service cannot see at this moment.
        concerns: Tells whether a function of a service may run another one, by module and name.
        together: The services of each process elsewhere.
        last_calls: Asks the hosts when they last called each function, by service.
    """

    def __init__(
        self,
        seams: Seams,
        interfaces: Mapping[str, Interface],
        causes: Callable[[str, Function], Iterable[Cause]],
        concerns: Callable[[str, Function, str, str], bool],
        *,
        together: Iterable[Collection[str]] = (),
        last_calls: Callable[[], Mapping[str, Mapping[str, int]]] = dict,
    ) -> None:
        self._seams = seams
        self._causes = causes
        self._concerns = concerns
        self._last_calls = last_calls
        self._users = {
            service: [(f.module, f.name) for f in interface.functions if f.touches or f.changes]
            for service, interface in interfaces.items()
        }
        self._changing_calls = _changing(interfaces, list(together))
        self._any_changing = frozenset[Called]().union(*self._changing_calls.values())
        self._closed: dict[str, list[Cause]] = {}
        self._stayed: dict[Kept, None] = {}
        self._refused: dict[str, Cause] = {}
        self._before = NO_MOMENT
        self._was_called = False
        self._fixtures: dict[Hashable, Counter[Called]] = {}
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
        self._was_called = True
        found = [*self._causes(service, function), *self._of_closed(service, function)]
        causes = list(dict.fromkeys(found))
        for cause in causes:
            if function.stays:
                self._stayed[Kept(service, cause)] = None
            else:
                self.close(service, cause)
        return bool(causes)

    def _of_closed(self, service: str, function: Function) -> Iterator[Cause]:
        """Yield why services are closed that a function would use on their hosts."""
        for other, causes in list(self._closed.items()):
            if other != service and any(
                self._concerns(service, function, *user) for user in self._users[other]
            ):
                yield from causes

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
        if self._was_called:
            self._was_called = False
            self._before = self.calls()
        else:  # nothing to count, in most tests
            self._before = self._before._replace(at=shared_clock())

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

    def may_have_changed(self) -> bool:
        """Whether a call so far may have changed state on a host."""
        return bool(self._called_since(NO_MOMENT))

    # -- fixtures that outlive a test ---------------------------------------------------

    def calls(self) -> Moment:
        """Return this moment, to be given to :meth:`hold`."""
        counts = self._seams.counts()
        calls = Counter(
            {
                (service, name): count
                for service, functions in counts.items()
                for name, count in functions.items()
                if count and (service, name) in self._any_changing
            }
        )
        made = sum(sum(functions.values()) for functions in counts.values())
        return Moment(calls, made, shared_clock())

    def hold(self, fixture: Hashable, before: Moment) -> None:
        """Keep in mind what a fixture called while it was set up, for as long as it lives."""
        called = self._called_since(before)
        if called:
            self._fixtures[fixture] = called

    def let_go(self, fixture: Hashable) -> None:
        """Forget a fixture that is torn down."""
        self._fixtures.pop(fixture, None)

    def _called_since(self, before: Moment) -> Counter[Called]:
        """Return the calls since then that may have changed state, those of hosts too.

        Hosts call because they are called: where nothing was, they are not asked.
        """
        now = self.calls()
        called = now.calls - before.calls
        if now.made > before.made:
            for service, functions in self._last_calls().items():
                for name, moment in functions.items():
                    if moment >= before.at and (service, name) in self._any_changing:
                        called[service, name] += 1
        return called

    def _check_nothing_lost(self, service: str, cause: Cause) -> None:
        called = self._called_since(self._before)
        for counts in self._fixtures.values():
            called += counts
        earlier = sorted({one[1] for one in called if one in self._changing_calls[service]})
        if not earlier:
            return
        self._refused[service] = cause
        error = InvisibleState(
            f"at {call_site()} the test needs service {service!r} in its own process, because "
            f"its host cannot see this: {cause}. But {', '.join(earlier)}, called earlier in the "
            "test, in a fixture that it uses or while tests were collected, may have changed "
            "state on its host, which would be missing here. Set up the former before the first "
            "of these calls, or run this test with --seamline-layout local"
        )
        record(error)
        raise error


def _changing(
    interfaces: Mapping[str, Interface], together: list[Collection[str]]
) -> dict[str, frozenset[Called]]:
    """Return, for each service, the functions that may change state which it would miss here.

    Services of one process call each other there without a seam, so nobody counts that: what a
    call to one may change of another is told by its source.
    """
    placed = {name: one.service for one in interfaces.values() for name, _ in one.modules}
    found = {}
    for service in interfaces:
        touched = {symbol for f in interfaces[service].functions for symbol in f.touches}
        near = {service}.union(*(group for group in together if service in group))
        found[service] = frozenset(
            (other, f"{function.module}.{function.name}")
            for other in near & interfaces.keys()
            for function in interfaces[other].functions
            for symbol in function.changes
            if (owner := placed.get(symbol.partition(":")[0])) == service
            or (owner is None and (other == service or symbol in touched))
        )
    return found
