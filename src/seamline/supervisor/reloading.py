"""Reloads: every group's new code is started before any group's old workers are ended."""

import asyncio
from collections.abc import Sequence

from seamline.errors import SeamlineError
from seamline.supervisor.group import Group
from seamline.supervisor.reloads import NotReloaded, Reloaded, Tell
from seamline.supervisor.rolling import SPARE_SECONDS
from seamline.supervisor.scaling import Scaling
from seamline.supervisor.zygote import Zygote


class Reloading(Scaling):
    """Replaces the workers of groups by those of the code and the file as they are now.

    A successor of each group's first worker is started as far as where it would accept. Only when
    all have got there are workers replaced, one at a time; otherwise none is.
    """

    _asked: asyncio.Task[None] | None = None

    async def reload(self, names: Sequence[str], tell: Tell) -> Reloaded | NotReloaded:
        """Replace every worker of some groups, or of all, and say what came of it.

        A second one that is asked for meanwhile begins when the first has ended: the code may
        have changed since that one began.
        """
        return await self._in_turn(tell, lambda: self._reload(names, tell), "reload")

    def ask(self) -> None:
        """Replace every worker of all groups; one more that waits for its turn is enough."""
        if self._asked is None:
            self._asked = self._spawn(self._reload_asked())

    async def _reload_asked(self) -> None:
        async with self._turn:
            self._asked = None  # the code may change from now on: the next one may be asked for
            await self._try(lambda: self._reload((), lambda _: None), "reload")

    async def _reload(self, names: Sequence[str], tell: Tell) -> None:
        self._check_up()
        chosen = self._serving(names)
        before = self._before = self._plan
        after = await self._read_plan()
        tell(f"reloading {', '.join(group.plan.name for group in chosen)}")
        self._take(after)
        self._is_begun = True
        loaded: dict[Group, Zygote | None] = {}
        try:
            for group in chosen:
                loaded[group] = await self._load_anew(group)
                await self._prepare(group, tell)
            for group in chosen:
                for slot in group.slots:
                    await self._replace(slot, tell)
        except BaseException:
            if not self._replaced:
                self._take(before)
            raise
        finally:
            await self._tidy_up(loaded)

    async def _prepare(self, group: Group, tell: Tell) -> None:
        """Start a group's next worker as far as where it would accept.

        Raises:
            SeamlineError: It did not get there.
        """
        slot = next((slot for slot in group.slots if not slot.is_command), None)
        if slot is None:  # two of a command could be one too many
            return
        try:
            with self._awaiting(slot, f"a successor of slot {slot.number}") as since:
                started = await self._start_successor(slot, slot.prepare)
                await self._wait_reached(slot, started, started.prepared, since)
        except SeamlineError:
            if not self._end_asked.is_set():
                tell(f"the new {group.plan.name} cannot start; no group is replaced")
            raise

    async def _tidy_up(self, loaded: dict[Group, Zygote | None]) -> None:
        """End what was started for groups that were not replaced, or only for those that were."""
        for group, before in loaded.items():
            if group.slots and self._replaced[group.plan.name]:
                if before is not None:
                    before.close()
            else:
                group.preloaded.load_as(before)
        seconds = min(self._plan.graceful_timeout, SPARE_SECONDS)
        dropping = (slot.drop_prepared(seconds) for group in loaded for slot in group.slots)
        await asyncio.gather(*dropping)
