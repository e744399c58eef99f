"""Workers that are replaced though nothing is wrong: old, grown large, or with enough answered.

Each is replaced as a reload does it, a successor first, and one at a time in the whole run.
"""

import asyncio
from collections.abc import Sequence
from typing import Final

from seamline.config import Recycle
from seamline.supervisor.backoff import backoff
from seamline.supervisor.group import Group, Slot
from seamline.supervisor.logs import LogStream
from seamline.supervisor.processes import Process, State
from seamline.supervisor.rolling import Rolling

_MIB: Final = 1024 * 1024
_UNITS: Final = ((86400, "d"), (3600, "h"), (60, "m"), (1, "s"))


def reason_to_recycle(process: Process, limits: Recycle, now: float) -> str:
    """Return why a worker is to be replaced by what it last told, or nothing.

    One that has not grown since it was ready is never replaced for its memory: its successor
    would be as large.
    """
    last = process.last
    answered = last.requests + last.calls
    most = limits.max_requests + int(process.chance * (limits.max_requests_jitter + 1))
    if limits.max_requests and answered >= most:
        return f"max_requests: answered {answered}"
    if limits.max_rss and last.rss_bytes >= limits.max_rss > process.first_rss_bytes:
        return f"max_rss: grown to {last.rss_bytes / _MIB:.0f} MiB"
    if limits.max_age and now - process.started_at >= limits.max_age:
        return f"max_age: {_in_words(now - process.started_at)} old"
    return ""


class Recycling:
    """Looks for workers that have reached a limit of their group.

    Args:
        groups: The run's own list.
        rolling: Replaces them.
        logs: Where a limit is named that no worker could keep.
    """

    def __init__(self, groups: Sequence[Group], rolling: Rolling, logs: LogStream) -> None:
        self._groups = groups
        self._rolling = rolling
        self._logs = logs
        self._busy: dict[str, asyncio.Task[None]] = {}
        self._failures: dict[str, int] = {}
        self._not_before: dict[str, float] = {}
        self._named: set[tuple[str, int]] = set()

    def look(self, now: float) -> None:
        """Begin to replace the oldest worker of each group that is due."""
        for group in self._groups:
            name, limits = group.plan.name, group.plan.recycle
            if name in self._busy or now < self._not_before.get(name, 0.0):
                continue
            self._check_memory(group, limits)
            due = [
                (process.started_at, slot.number, slot, process, why)
                for slot in group.slots
                if (process := slot.process) is not None
                and process.state is State.READY
                and not slot.is_command
                and (why := reason_to_recycle(process, limits, now))
            ]
            if due:
                # Not the first: replacing that may take until its successor is due.
                _, _, slot, process, why = min(due)
                self._busy[name] = asyncio.create_task(self._recycle(name, slot, process, why))

    async def _recycle(self, name: str, slot: Slot, process: Process, why: str) -> None:
        try:
            done = await self._rolling.recycle(slot, process, why)
        finally:
            del self._busy[name]
        # What cannot be imported now may be whole again in half a minute.
        self._failures[name] = 0 if done else self._failures.get(name, 0) + 1
        if not done:
            wait = backoff(self._failures[name] + 3)
            self._not_before[name] = asyncio.get_running_loop().time() + wait

    def _check_memory(self, group: Group, limits: Recycle) -> None:
        """Say once that a group's workers begin above their limit."""
        place = (group.plan.name, limits.max_rss)
        for slot in group.slots:
            begun = 0 if slot.process is None or slot.is_command else slot.process.first_rss_bytes
            if limits.max_rss and begun >= limits.max_rss and place not in self._named:
                self._named.add(place)
                self._logs.notice(
                    f"{slot.name} takes {begun / _MIB:.0f} MiB before it has answered anything, "
                    f"and max_rss of {group.plan.name} is {limits.max_rss / _MIB:.0f} MiB: "
                    "nothing is replaced for that"
                )


def _in_words(seconds: float) -> str:
    size, unit = next((size, unit) for size, unit in _UNITS if seconds >= size or size == 1)
    return f"{seconds / size:.0f}{unit}"
