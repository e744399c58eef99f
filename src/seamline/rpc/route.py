"""What all callers of one group share: who they are, its workers, the function table."""

import threading
from collections.abc import Iterable, Sequence

from seamline.plan import Limits
from seamline.rpc.balance import Balance, Peer
from seamline.rpc.model import Identity, Target
from seamline.wire import Entry


class Route:
    """The way from this process to one group.

    Attributes:
        table: What the group's workers are told at the handshake. It only grows; a
            connection that was told a shorter one is replaced when a new function is called.
        ids: Positions in the table, by address.
        is_closed: Whether connections that come back are closed instead of kept.
    """

    def __init__(
        self, group: str, paths: Sequence[str], identity: Identity, limits: Limits
    ) -> None:
        self.group = group
        self.identity = identity
        self.limits = limits
        self.balance = Balance([Peer(f"{group}.{n}", path) for n, path in enumerate(paths)])
        self.table: list[Entry] = []
        self.is_closed = False
        self.ids: dict[str, int] = {}
        self._lock = threading.Lock()

    @property
    def workers(self) -> list[str]:
        """Names of the workers to choose from."""
        return [peer.worker for peer in self.balance.peers]

    def resize(self, paths: Sequence[str]) -> None:
        """Choose among other workers from now on; calls that run at one that is gone go on."""
        peers = self.balance.peers[: len(paths)]
        more = list(enumerate(paths))[len(peers) :]
        # One assignment: threads that choose meanwhile see the former list or this one.
        self.balance.peers = [*peers, *(Peer(f"{self.group}.{n}", path) for n, path in more)]

    def declare(self, targets: Iterable[Target]) -> None:
        """Add functions to the table, so that connections know them from the start."""
        for target in targets:
            self.function_id(target)

    def peer(self, worker: str) -> Peer:
        """Return a worker by its name; any that is left when it is gone."""
        peers = self.balance.peers
        return next((peer for peer in peers if peer.worker == worker), peers[0])

    def function_id(self, target: Target) -> int:
        """Return a function's position in the table, adding it if it is new."""
        known = self.ids.get(target.address)
        if known is not None:
            return known
        with self._lock:
            known = self.ids.get(target.address)
            if known is None:
                known = len(self.table)
                self.table.append(
                    Entry(target.address, target.fingerprint, str(target.kind), target.parameters)
                )
                self.ids[target.address] = known
            return known

    def after_fork(self) -> None:
        """Forget connections of the parent; locks may have been held by its threads."""
        self._lock = threading.Lock()
        for peer in self.balance.peers:
            peer.idle = []
            peer.busy = set()
