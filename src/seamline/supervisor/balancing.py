"""Clients that keep their connections, spread over the workers of a group again.

Which worker a client gets is chosen when it connects, by chance, and one that keeps its
connection keeps its worker. So a few clients may all ask one worker while others idle, and one
that was added later gets none of those there are. The fullest workers then pass some of their
connections on to the emptiest, each behind its next answer; their clients notice nothing.
"""

from collections.abc import Sequence
from typing import Final, Protocol

from seamline.supervisor.processes import Process, State

# By then every worker has told what became of the order before: they do so once a second.
_PAUSE_SECONDS: Final = 2.0
# Some clients ask nothing more behind which their connection could be passed on.
_TRIES: Final = 8
_REST_SECONDS: Final = 60.0
_MOST_SECONDS: Final = 3600.0


class Place(Protocol):
    """What is asked of a slot.

    Attributes:
        process: The one that serves, dead or alive.
    """

    process: Process | None

    @property
    def http(self) -> Sequence[object]:
        """Its listening sockets."""

    @property
    def is_command(self) -> bool:
        """Whether a command of the operator's runs in it, whose connections nobody knows."""


def moves(kept: Sequence[int]) -> list[tuple[int, int, int]]:
    """Return which worker is to pass on how many connections to which, by how many each has.

    None is while the fullest has no more than a quarter and one more than the emptiest.

    Returns:
        The places of both, and the number.
    """
    most, least = max(kept), min(kept)
    if 4 * most <= 5 * least + 4:
        return []
    share, rest = divmod(sum(kept), len(kept))
    fullest_first = sorted(range(len(kept)), key=lambda place: -kept[place])
    # What does not come out even stays with the fullest.
    over = {place: kept[place] - share - (n < rest) for n, place in enumerate(fullest_first)}
    found = []
    takers = [place for place in reversed(fullest_first) if over[place] < 0]
    for giver in fullest_first:
        while over[giver] > 0:
            taker = takers[-1]
            count = min(over[giver], -over[taker])
            found.append((giver, taker, count))
            over[giver] -= count
            over[taker] += count
            if not over[taker]:
                takers.pop()
    return found


class Balancing:
    """Looks at the connections that the workers of a group keep.

    Args:
        slots: Of the group; the list may grow.
    """

    def __init__(self, slots: Sequence[Place]) -> None:
        self._slots = slots
        self._tries = 0
        self._not_before = 0.0
        self._known: list[Process] = []

    def orders(self, now: float) -> dict[Process, dict[Process, int]]:
        """Return which workers are to pass on connections now, and how many to which.

        Args:
            now: The loop's time.
        """
        workers = self._workers()
        if self._known and workers != self._known:
            # What a new one was given by the one before it, it tells later.
            self._not_before = max(self._not_before, now + _PAUSE_SECONDS)
        self._known = workers
        kept = [count for one in workers if (count := one.last.kept) is not None]
        # One of a former version may tell nothing.
        if now < self._not_before or len(kept) < max(len(workers), 2):
            return {}
        found: dict[Process, dict[Process, int]] = {}
        for giver, taker, count in moves(kept):
            found.setdefault(workers[giver], {})[workers[taker]] = count
        if found:
            self._tries += 1
            self._not_before = now + self._pause()
        else:
            self._tries = 0
        return found

    def _pause(self) -> float:
        """Return the seconds until the next order, longer and longer where none helps."""
        futile, is_next = divmod(self._tries, _TRIES)
        return _PAUSE_SECONDS if is_next else min(_REST_SECONDS * 2 ** (futile - 1), _MOST_SECONDS)

    def _workers(self) -> list[Process]:
        """Return those that answer HTTP; none while one of them is missing."""
        found = [slot.process for slot in self._slots if slot.http and not slot.is_command]
        ready = [one for one in found if one is not None and one.state is State.READY]
        return ready if len(ready) == len(found) else []
