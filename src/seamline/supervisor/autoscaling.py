"""Groups that get more workers when theirs are busy, and fewer when they are not.

How busy a worker is comes from uWSGI's ``busyness``, the windows and the care with taking away
from Kubernetes' autoscaler: up at once, down late, one step at a time.
"""

import math
import os
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, NamedTuple

from seamline.supervisor.group import Group
from seamline.supervisor.logs import LogStream
from seamline.supervisor.memory import available_bytes
from seamline.supervisor.processes import State
from seamline.supervisor.sharing import waiting

#: Looks are this far apart; workers tell their numbers as often.
LOOK_SECONDS: Final = 1.0
_UP_SHARE: Final = 0.7
_UP_SECONDS: Final = 10.0
# Nothing is left at all, or somebody waits to be accepted: no mean is needed.
_FULL_SHARE: Final = 0.95
_FULL_LOOKS: Final = 2
_GROWTH: Final = 0.25
_DOWN_SHARE: Final = 0.3
# What the others would have then: far enough below what asks for more.
_LEFT_SHARE: Final = 0.5
_WAITS_SHARE: Final = 0.25
_DOWN_SECONDS: Final = 300.0
# What could not be started now can be in a while, and what is refused is refused then too.
_AGAIN_SECONDS: Final = 60.0


class Sample(NamedTuple):
    """One look at a group.

    Attributes:
        at: When, in seconds of any clock.
        busy: Mean share of what its workers can do that they do, 0 to 1.
        waits: Connections that wait to be accepted.
    """

    at: float
    busy: float
    waits: int


class Judge:
    """Decides for one group. Knows no process and no clock."""

    def __init__(self) -> None:
        self._samples: deque[Sample] = deque()

    def changed(self) -> None:
        """Begin anew: with another number of workers former samples say nothing."""
        self._samples.clear()

    def decide(self, sample: Sample, workers: int, least: int, most: int) -> tuple[int, str]:
        """Take a look into account.

        Args:
            sample: The look.
            workers: How many there are.
            least: How many there are at least.
            most: How many there are at most.

        Returns:
            The number of workers from now on, and why if it is another.
        """
        self._samples.append(sample)
        while sample.at - self._samples[0].at > _DOWN_SECONDS:
            self._samples.popleft()
        why = self._why_up(sample.at)
        if why and workers < most:
            step = max(1, math.ceil(workers * _GROWTH))
            return min(workers + step, most), why
        if workers > least and self._may_go_down(sample.at, workers):
            return workers - 1, f"{_percent(self._mean())} busy in {_DOWN_SECONDS:g} s"
        return workers, ""

    def _why_up(self, now: float) -> str:
        latest = list(self._samples)[-_FULL_LOOKS:]
        # Where connections are short, some wait at any instant, however little there is to do.
        is_queue = all(one.waits and one.busy > _DOWN_SHARE for one in latest)
        if len(latest) == _FULL_LOOKS and is_queue:
            return f"connections wait to be accepted, now {latest[-1].waits}"
        if len(latest) == _FULL_LOOKS and all(one.busy > _FULL_SHARE for one in latest):
            return f"{_percent(latest[-1].busy)} busy"
        window = [one for one in self._samples if now - one.at <= _UP_SECONDS]
        if now - self._samples[0].at < _UP_SECONDS:
            return ""
        mean = sum(one.busy for one in window) / len(window)
        return f"{_percent(mean)} busy in {_UP_SECONDS:g} s" if mean > _UP_SHARE else ""

    def _may_go_down(self, now: float, workers: int) -> bool:
        if now - self._samples[0].at < _DOWN_SECONDS - 2 * LOOK_SECONDS:
            return False
        mean = self._mean()
        waits = sum(one.waits > 0 for one in self._samples) / len(self._samples)
        return (
            waits < _WAITS_SHARE
            and mean < _DOWN_SHARE
            and mean * workers / (workers - 1) < _LEFT_SHARE
        )

    def _mean(self) -> float:
        return sum(one.busy for one in self._samples) / len(self._samples)


class Autoscaling:
    """Looks at the groups that may have more workers than they begin with.

    Args:
        groups: The run's own list.
        scale: Gives a group another number of workers if it has so many now; returns whether there
            is nothing to be tried again.
        logs: Where it is said what is done, and why not.
    """

    def __init__(
        self,
        groups: Sequence[Group],
        scale: Callable[[Group, int, int], Awaitable[bool]],
        logs: LogStream,
    ) -> None:
        self._groups = groups
        self._scale = scale
        self._logs = logs
        self._judges: dict[str, Judge] = {}
        self._looked: dict[str, float] = {}
        self._busy: set[str] = set()
        self._not_before: dict[str, float] = {}
        self._refused: dict[str, str] = {}

    def look(self, now: float) -> None:
        """Look at each group once a second; begin to scale those that need it."""
        for group in self._groups:
            name, least, most = group.plan.name, group.least, group.plan.workers_max
            is_due = now - self._looked.get(name, -math.inf) >= LOOK_SECONDS * 0.9
            # While one is replaced, or keeps dying, numbers say nothing about the load.
            is_free = name not in self._busy and now >= self._not_before.get(name, -math.inf)
            if most <= least or not is_due or not is_free or not group.is_ready:
                continue
            self._looked[name] = now
            judge = self._judges.setdefault(name, Judge())
            workers = group.size
            wanted, why = judge.decide(_sample(group, now), workers, least, most)
            if wanted != workers and self._fits(group, wanted):
                self._busy.add(name)
                group.spawn(self._change(group, judge, wanted, why))

    async def _change(self, group: Group, judge: Judge, wanted: int, why: str) -> None:
        name, before = group.plan.name, group.size
        self._logs.notice(f"autoscale: {name} from {before} to {wanted} workers, {why}")
        try:
            is_done = await self._scale(group, before, wanted)
            if is_done and group.size == wanted:
                group.scale_reason = f"{before} to {wanted}: {why}"
            if not is_done:
                self._not_before[name] = self._looked[name] + _AGAIN_SECONDS
        finally:
            judge.changed()
            self._busy.discard(name)

    def _fits(self, group: Group, wanted: int) -> bool:
        """Whether there is memory for the workers that come on top; if not, it is said once."""
        more = wanted - group.size
        if more <= 0:
            return True
        sizes = [one.process.last.rss_bytes for one in group.slots if one.process is not None]
        needed, available = more * max(sizes, default=0), available_bytes()
        if needed <= available:
            self._refused.pop(group.plan.name, None)
            return True
        why = f"{group.plan.name} gets no more workers: {more} more would not fit into memory"
        if self._refused.get(group.plan.name) != why:
            self._refused[group.plan.name] = why
            self._logs.notice(f"autoscale: {why}")
        return False


def _sample(group: Group, now: float) -> Sample:
    busy = [
        slot.process.last.busy
        for slot in group.slots
        if not slot.is_command and slot.process is not None and slot.process.state is State.READY
    ]
    # Slots may share one socket that was passed from outside.
    opened = {os.fstat(one.fileno()).st_ino: one for slot in group.slots for one, _ in slot.http}
    waits = sum(map(waiting, opened.values()))
    return Sample(now, sum(busy) / max(len(busy), 1), waits)


def _percent(share: float) -> str:
    return f"{share * 100:.0f} %"
