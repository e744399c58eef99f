"""What a running supervisor tells about itself: the document behind ``seamline status``."""

import msgspec

from seamline.supervisor.counts import Counts


class WorkerStatus(msgspec.Struct, frozen=True, kw_only=True):
    """One slot of a group and the worker in it.

    Attributes:
        pid: Process id; ``None`` while the slot waits for its next worker.
        slot: Counted from 0.
        generation: Starts of this slot so far.
        state: ``starting``, ``ready``, ``draining``, ``waiting`` or ``stopped``.
        restarts: How often a dead worker was replaced.
        reason: How the last death came about, or empty.
        recycled: How often a worker was replaced because it had reached a limit of its group.
        recycle_reason: Which one, the last time, or empty.
        adopted_by: Number of the slot whose worker accepts for this one now, or ``None``.
        leaving: Process ids of former workers of the slot that finish what they run.
        starting: Process ids of those that are to take over from the worker.
        seconds: Age of the process.
        lag: Seconds that its event loop took to tell its numbers, or has been silent for; ``None``
            of a command.
        loop_lag: Seconds by which its latest beat, of one each second, came too late.
        oldest_seconds: For how long the oldest HTTP request that it answers now has been running.
        in_flight, requests, calls, seam_calls, seam_errors, stayed, rss_bytes, busy: As reported
            when the status was asked for; of a worker whose loop is blocked, as last reported.
    """

    pid: int | None
    slot: int
    generation: int
    state: str
    restarts: int = 0
    reason: str = ""
    recycled: int = 0
    recycle_reason: str = ""
    adopted_by: int | None = None
    leaving: tuple[int, ...] = ()
    starting: tuple[int, ...] = ()
    seconds: float = 0.0
    lag: float | None = None
    loop_lag: float = 0.0
    oldest_seconds: float = 0.0
    in_flight: int = 0
    requests: int = 0
    calls: int = 0
    seam_calls: int = 0
    seam_errors: int = 0
    stayed: int = 0
    rss_bytes: int = 0
    busy: float = 0.0


class ChangeStatus(msgspec.Struct, frozen=True, kw_only=True):
    """What is being done to a group's workers.

    Attributes:
        doing: ``reloading``, ``restarting``, ``draining``, ``scaling`` or ``recycling``.
        slot: Of which one it is.
        waiting_for: What has to happen before it goes on.
        seconds: How long that has been waited for.
    """

    doing: str
    slot: int
    waiting_for: str
    seconds: float

    def __str__(self) -> str:
        return f"{self.doing}, {self.seconds:.0f} s: waiting for {self.waiting_for}"


class ZygoteStatus(msgspec.Struct, frozen=True):
    """A process that workers are forked from: ``starting`` or ``ready``."""

    pid: int
    state: str


class GroupStatus(msgspec.Struct, frozen=True, kw_only=True):
    """One group.

    Attributes:
        zygote: What its workers are forked from, or ``None`` when they are executed.
        change: What is being done to it, or ``None``.
        ready_after: Seconds from its start until it was ready first.
        is_drained: Whether it has no workers until it is restarted.
        scale_reason: Why it got more or fewer workers by itself last, or empty.
        others: What processes counted that serve in no slot: they have ended or are about to.
    """

    name: str
    services: tuple[str, ...]
    workers: tuple[WorkerStatus, ...]
    urls: tuple[str, ...] = ()
    ready_after: float | None = None
    is_drained: bool = False
    scale_reason: str = ""
    zygote: ZygoteStatus | None = None
    change: ChangeStatus | None = None
    others: Counts = Counts()

    def counted(self, name: str) -> int:
        """Return the sum of one of the numbers in ``others`` since the start of the run."""
        told = sum(getattr(worker, name) for worker in self.workers)
        return int(told + getattr(self.others, name))

    @property
    def ready(self) -> int:
        """Workers that are ready."""
        return sum(worker.state == "ready" for worker in self.workers)


class Status(msgspec.Struct, frozen=True, kw_only=True):
    """A whole run.

    Attributes:
        state: ``starting``, ``ready``, ``degraded`` (a worker is missing) or ``stopping``.
        pid: Of the supervisor.
        urls: Where http services answer, by service.
        graceful_timeout: Seconds that a stop may take.
        restarts: Sum over all slots.
        seam_calls, seam_errors, stayed: Sums over all workers since the start, ended ones too;
            stayed are calls that could not cross and ran where they were made.
    """

    name: str
    layout: str
    state: str
    pid: int
    root: str
    seconds: float
    urls: dict[str, str]
    groups: tuple[GroupStatus, ...]
    graceful_timeout: float = 30.0
    restarts: int = 0
    seam_calls: int = 0
    seam_errors: int = 0
    stayed: int = 0
