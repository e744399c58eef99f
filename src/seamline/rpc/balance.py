"""Which worker of a group takes the next call: the less busy of two, skipping dead ones."""

import random
import time
from collections.abc import Callable, Sequence
from typing import Any, Final

# A killed worker is back after its imports; asking it again earlier only costs a system call.
DEAD_SECONDS: Final = 0.5


class Peer:
    """One worker of another group.

    Attributes:
        worker: ``group.slot``.
        path: Its socket.
        idle: Blocking connections that wait to be used again, last used last.
        busy: Blocking connections in use.
    """

    __slots__ = ("busy", "dead_until", "idle", "path", "worker")

    def __init__(self, worker: str, path: str) -> None:
        self.worker = worker
        self.path = path
        self.idle: list[Any] = []
        self.busy: set[Any] = set()
        self.dead_until = 0.0

    @property
    def load(self) -> int:
        """How many blocking calls of this process it works on."""
        return len(self.busy)


class Balance:
    """Chooses among the workers of one group."""

    def __init__(
        self, peers: Sequence[Peer], *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.peers = list(peers)
        self._clock = clock
        # Neither the application's own sequence nor one that forks would have in common.
        self._pick = random.SystemRandom().sample

    def choose(self, load: Callable[[Peer], int], among: Sequence[str] | None = None) -> Peer:
        """Return the worker to ask; a dead one only when all are.

        Args:
            load: How busy a worker is.
            among: Names to choose from, or ``None`` for all.
        """
        peers = self.peers
        if among is not None:
            # None is left when the group was scaled down since; the deadline bounds what follows.
            peers = [peer for peer in peers if peer.worker in among] or peers
        if len(peers) == 1:
            return peers[0]
        now = self._clock()
        alive = [peer for peer in peers if peer.dead_until <= now]
        if len(alive) < 2:  # noqa: PLR2004 - nothing to compare
            return alive[0] if alive else min(peers, key=lambda peer: peer.dead_until)
        first, second = self._pick(alive, 2)
        return first if load(first) <= load(second) else second

    def bury(self, peer: Peer) -> None:
        """Skip a worker for a short while."""
        peer.dead_until = self._clock() + DEAD_SECONDS

    def has_others(self, peer: Peer, among: Sequence[str] | None = None) -> bool:
        """Return whether another worker, of all or of those named, is thought to be alive."""
        now = self._clock()
        return any(
            other is not peer
            and other.dead_until <= now
            and (among is None or other.worker in among)
            for other in self.peers
        )
