"""What an operator has done to a live run's processes, one thing at a time."""

import asyncio
from collections.abc import Sequence

from seamline.errors import SeamlineError
from seamline.supervisor.group import Group, Slot
from seamline.supervisor.reloading import Reloading
from seamline.supervisor.reloads import (
    Change,
    DrainRequest,
    NotReloaded,
    Reloaded,
    ReloadRequest,
    RestartRequest,
    ScaleRequest,
    Tell,
)


class Operations(Reloading):
    """Does what is asked for on the control socket."""

    async def change(self, request: Change, tell: Tell) -> Reloaded | NotReloaded:
        """Do what is asked for, and say what came of it."""
        match request:
            case RestartRequest(groups=names):
                return await self._in_turn(tell, lambda: self._restart_all(names, tell), "restart")
            case DrainRequest(groups=names):
                return await self._in_turn(tell, lambda: self._drain(names, tell), "drain")
            case ScaleRequest(workers=wanted):
                return await self._in_turn(tell, lambda: self._scale(wanted, tell), "scale")
            case ReloadRequest(groups=names):
                return await self.reload(names, tell)

    def nudge(self, step: int) -> None:
        """Give the group of the first http service one worker more or less, as gunicorn does."""
        group = next((one for one in self._groups if one.slots and one.slots[0].http), None)
        if group is None:
            self._logs.notice("no group serves http: there is nothing to scale")
            return
        name = group.plan.name

        async def scale() -> None:
            await self._scale({name: len(group.slots) + step}, _say_nothing)

        async def wait_turn() -> None:
            await self._in_turn(_say_nothing, scale, "scale")

        self._spawn(wait_turn())

    async def autoscale(self, group: Group, before: int, count: int) -> bool:
        """Give a group another number of workers, unless it has got another meanwhile.

        Returns:
            Whether there is nothing to be tried again.
        """
        name = group.plan.name
        async with self._turn:
            if self._end_asked.is_set() or group.size != before:
                return True
            scale = self._scale({name: count}, _say_nothing)
            return isinstance(await self._try(lambda: scale, "scale"), Reloaded)

    # -- drain -------------------------------------------------------------------------

    async def _drain(self, names: Sequence[str], tell: Tell) -> None:
        """End all workers of groups; those that call others first, since they still may."""
        chosen = self._chosen(names)
        self._is_begun, self._kept = True, "groups after it serve on"
        for group in reversed(chosen):
            tell(f"draining {group.plan.name}")
            group.is_drained = True
            self._replaced[group.plan.name] += await self._end_workers(group)

    # -- restart -----------------------------------------------------------------------

    async def _restart_all(self, names: Sequence[str], tell: Tell) -> None:
        """End all workers of a group, then start new ones; group after group."""
        chosen = self._chosen(names)
        before = self._before = self._plan
        after = await self._read_plan()
        tell(f"restarting {', '.join(group.plan.name for group in chosen)}")
        self._take(after)
        self._is_begun, self._kept = True, "what did not start is started again until it does"
        try:
            for group in chosen:
                await self._restart_group(group, tell)
        except BaseException:
            if not self._replaced:
                self._take(before)
            raise

    async def _restart_group(self, group: Group, tell: Tell) -> None:
        # First, since nothing was ended yet when that is not possible.
        before = await self._load_anew(group)
        if before is not None:
            before.close()
        await self._end_workers(group)
        group.is_drained = False
        starting = (self._start_anew(slot, tell) for slot in group.slots)
        failures = await asyncio.gather(*starting)
        for failure in failures:
            if failure is not None:
                raise failure

    async def _end_workers(self, group: Group) -> int:
        """Let all workers of a group finish what they run and leave; return how many did."""
        olds = [(slot, slot.retire()) for slot in group.slots]
        leaving = [self._let_leave(slot, old) for slot, old in olds if old is not None]
        await asyncio.gather(*leaving)
        return len(leaving)

    async def _start_anew(self, slot: Slot, tell: Tell) -> SeamlineError | None:
        """Start a slot's next worker; return why it did not get ready, which is tried again."""
        try:
            started = await self._start_empty(slot)
        except SeamlineError as exc:
            return exc
        self._replaced[slot.name.rpartition(".")[0]] += 1
        self._say(f"{slot.name}[{started.pid}] is ready", None, tell)
        return None


def _say_nothing(_: str) -> None:
    """Take a line that nobody waits for: the log has its own."""
