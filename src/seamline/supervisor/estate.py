"""What a live run consists of, described for the supervisor that goes on with it."""

import asyncio
import os
from collections.abc import Mapping, Sequence
from typing import Final

from seamline.errors import StartError
from seamline.plan import Plan
from seamline.supervisor.control import ControlServer
from seamline.supervisor.group import Group, Slot
from seamline.supervisor.inherited import named_descriptors
from seamline.supervisor.logs import LogStream
from seamline.supervisor.rundir import RunDirectory
from seamline.supervisor.sockets import Address
from seamline.supervisor.store import Store
from seamline.supervisor.takeover import HeldGroup, HeldSlot, Takeover
from seamline.worker import Listener

# Of orders that are being sent, workers that are being started, and lines that are being written:
# all of it takes milliseconds, unless somebody is stuck.
_SETTLE_SECONDS: Final = 2.0
_LOOK_SECONDS: Final = 0.01


class Estate:
    """A run, as another supervisor has to find it.

    Args:
        groups, urls, directory, control, logs: The run's own.
        environment: Of the workers.
        log_level: Of the workers.
        started_at: When the run began.
        store: What a service manager keeps of it.
    """

    def __init__(
        self,
        groups: Sequence[Group],
        urls: Mapping[str, Address],
        directory: RunDirectory,
        control: ControlServer,
        logs: LogStream,
        *,
        environment: Mapping[str, str],
        log_level: str,
        started_at: float,
        store: Store,
    ) -> None:
        self._groups = groups
        self._urls = urls
        self._directory = directory
        self._control = control
        self._logs = logs
        self._hash_seed = environment["PYTHONHASHSEED"]
        self._log_level = log_level
        self._started_at = started_at
        self._store = store

    @property
    def is_wanted(self) -> bool:
        """Whether somebody waits for a change of the run."""
        return self._control.is_changing

    def describe(
        self, plan: Plan, first: Mapping[str, int], scaled: Mapping[str, int]
    ) -> Takeover:
        """Return all of it, for a trial."""
        return Takeover(
            pid=os.getpid(),
            is_trial=True,
            plan=plan,
            first=dict(first),
            scaled=dict(scaled),
            groups=tuple(map(_group, self._groups)),
            urls=dict(self._urls),
            lock=self._directory.lock,
            control=self._control.fileno(),
            kept=named_descriptors(plan),
            hash_seed=self._hash_seed,
            log_level=self._log_level,
            started_at=self._started_at,
            stored=dict(self._store.names),
        )

    async def settle(self) -> None:
        """Have nothing in this process that would be lost with its memory.

        Raises:
            StartError: It did not come to that in time.
        """
        for slot in self._slots():
            slot.cancel()
        await self._control.pause(_SETTLE_SECONDS)
        until = asyncio.get_running_loop().time() + _SETTLE_SECONDS
        while unsettled := [one for one in self._slots() if not all(_settled(one))]:
            if asyncio.get_running_loop().time() > until:
                names = ", ".join(slot.name for slot in unsettled)
                raise StartError(f"{names} is being started, told something or ended; ask again")
            await asyncio.sleep(_LOOK_SECONDS)

    def flush(self) -> None:
        """Write what there is to be logged. Blocks for a moment.

        Raises:
            StartError: Nobody reads it.
        """
        if not self._logs.flush(_SETTLE_SECONDS):
            raise StartError("the log cannot be written at the moment, and lines would be lost")

    async def go_on(self) -> None:
        """Go on, since nobody else does."""
        for slot in self._slots():
            slot.revive()
        await self._control.go_on()

    def _slots(self) -> list[Slot]:
        return [slot for group in self._groups for slot in group.slots]


def _settled(slot: Slot) -> list[bool]:
    return [process.is_settled for process in slot.processes]


def _group(group: Group) -> HeldGroup:
    return HeldGroup(
        name=group.plan.name,
        slots=tuple(_slot(slot, group) for slot in group.slots),
        least=group.least,
        ready_after=group.ready_after,
        scale_reason=group.scale_reason,
        is_drained=group.is_drained,
        ended=group.ended,
    )


def _slot(slot: Slot, group: Group) -> HeldSlot:
    guardian = group.adoption.guardians.get(slot.number)
    return HeldSlot(
        number=slot.number,
        command=slot.command,
        http=tuple(Listener(opened.fileno(), names) for opened, names in slot.http),
        calls=None if slot.calls is None else slot.calls.fileno(),
        process=None if slot.process is None else slot.process.held(),
        generation=slot.generation,
        restarts=slot.restarts,
        deaths=slot.deaths,
        reason=slot.reason,
        recycled=slot.recycled,
        recycle_reason=slot.recycle_reason,
        guardian=None if guardian is None else guardian.identity.slot,
    )
