"""Clients that keep their connections, spread over the workers of a group again.

Which worker a client gets is chosen when it connects, by chance, and one that keeps its
connection keeps its worker. So a few clients may all ask one worker while others idle, and one
that was added later gets none of those there are. Some clients of the fullest workers are then
told to connect anew, which loses nothing: a client hears of it with an answer, by
``Connection: close``, and the chance that chose before chooses again.
"""

from collections.abc import Sequence
from typing import Final, Protocol

from seamline.supervisor.processes import Process, State

# By then every worker has told what became of the order before: they do so once a second.
_PAUSE_SECONDS: Final = 2.0
# Some spread no further: clients that choose the same again, and fewer than there are workers.
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


def surplus(kept: Sequence[int]) -> list[int]:
    """Return how many connections each worker is to give up, by how many each has.

    None does while the fullest has about half as many again as the emptiest, or two more: chance
    spreads clients little better, and each that is given up costs its client a new one.
    """
    most, least = max(kept), min(kept)
    if 2 * most <= 3 * least + 2 or (least and most - least <= 2):  # noqa: PLR2004 - as said
        return [0] * len(kept)
    share = -(-sum(kept) // len(kept))
    share -= most == share  # two each, and nothing for the last
    return [max(count - share, 0) for count in kept]


class Balancing:
    """Looks at the connections that the workers of a group keep.

    Args:
        slots: Of the group; the list may grow.
    """

    def __init__(self, slots: Sequence[Place]) -> None:
        self._slots = slots
        self._tries = 0
        self._not_before = 0.0
        self._told: set[Process] = set()
        self._known: list[Process] = []

    def orders(self, now: float) -> list[tuple[Process, int]]:
        """Return which workers are to give up how many connections now.

        Args:
            now: The loop's time.
        """
        workers = self._workers()
        if self._known and workers != self._known:
            # What a new one was given by the one before it, it tells later.
            self._not_before = max(self._not_before, now + _PAUSE_SECONDS)
        self._known = workers
        kept = [count for one in workers if (count := one.last.kept) is not None]
        # One of a former version tells nothing, and would not understand.
        if now < self._not_before or len(kept) < max(len(workers), 2):
            return []
        counts = surplus(kept)
        if any(counts):
            self._tries += 1
            self._not_before = now + self._pause()
        else:
            self._tries = 0
        # What is left of an order before this one is taken back.
        found = [
            (worker, count)
            for worker, count in zip(workers, counts, strict=True)
            if count or worker in self._told
        ]
        self._told = {worker for worker, count in found if count}
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
