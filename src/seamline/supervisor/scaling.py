"""Other numbers of workers while a run goes on: added ready-first, taken away drained."""

import asyncio
import itertools
import os
import socket
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

import msgspec

from seamline.errors import StartError, UsageError
from seamline.plan import Plan
from seamline.supervisor.ends import why_not_started
from seamline.supervisor.group import Group, Slot
from seamline.supervisor.notify import Notifier
from seamline.supervisor.processes import Process, State
from seamline.supervisor.reloads import Tell
from seamline.supervisor.rolling import Rolling
from seamline.supervisor.sharing import is_shared, open_beside, spread, steer, waiting
from seamline.supervisor.sockets import BACKLOG, open_unix
from seamline.supervisor.store import Store

#: As in ``seamline.toml``: above it a slip is likelier than a wish.
MOST_WORKERS: Final = 1024
#: Raises when a group of that name must not have so many workers.
Weigh = Callable[[str, int], None]

# sun_path holds 108 bytes with the closing zero byte.
_LONGEST_SOCKET: Final = 107
# A connection whose handshake had begun is in a queue after this, on any usual network.
_HANDSHAKE_SECONDS: Final = 0.5
_LOOK_SECONDS: Final = 0.02
# Longer than a worker takes to hear of it; one that is stopped hears it when it goes on.
_TELL_SECONDS: Final = 1.0


class Scaling(Rolling):
    """Gives groups other numbers of workers.

    Attributes:
        weigh: Looks at the code of now before a group gets more workers; None where there is none.
        store: What a service manager keeps of the run's sockets.
    """

    weigh: Weigh | None = None
    store: Store = Store(Notifier())

    async def _scale(self, wanted: Mapping[str, int], tell: Tell) -> None:
        """Give each group its number. Nothing is changed when one cannot have it."""
        groups = {group.plan.name: group for group in self._serving(tuple(wanted))}
        for name, count in wanted.items():
            await self._check(groups[name], count)
        self._is_begun, self._kept = True, "the workers that there are serve on"
        for name, count in wanted.items():
            await self._scale_group(groups[name], count, tell)

    async def _check(self, group: Group, count: int) -> None:
        name = group.plan.name
        if not 1 <= count <= MOST_WORKERS:
            raise UsageError(
                f"group {name!r} cannot have {count} workers: it has from 1 to {MOST_WORKERS}",
                remedy="end the whole run with: seamline stop" if count < 1 else "",
            )
        command = next((slot.command for slot in group.slots if slot.is_command), None)
        if command is not None:
            raise UsageError(
                f"group {name!r} runs the command of service {command!r}, which is started once: "
                "two of it could be one too many",
                remedy="give what can be scaled a group of its own in seamline.toml",
            )
        path = self._plan.socket_path(name, count - 1)
        if group.slots[0].calls is not None and len(os.fsencode(path)) > _LONGEST_SOCKET:
            raise UsageError(f"the path of its last socket would be too long: {path}")
        if self.weigh is not None and count > len(group.slots):
            weighing = asyncio.ensure_future(asyncio.to_thread(self.weigh, name, count))
            await self._wait(weighing, seconds=None)
            weighing.result()

    async def _scale_group(self, group: Group, count: int, tell: Tell) -> None:
        name, now = group.plan.name, len(group.slots)
        group.scale_reason = ""  # who scales by itself says why afterwards
        tell(f"scaling {name} from {now} to {count}")
        try:
            while len(group.slots) < count:
                started = await self._add(group)
                try:
                    await self._settle_number(group, len(group.slots))
                except BaseException:  # nobody could be told of the new worker
                    await self._take_away(group, len(group.slots) - 1)
                    raise
                self._say(f"{group.slots[-1].name}[{started.pid}] is ready", None, tell)
            if len(group.slots) > count:
                await self._settle_number(group, count)
                await self._take_away(group, count)
        finally:
            self._workers[name] = len(group.slots)

    async def _settle_number(self, group: Group, count: int) -> None:
        """Have workers that start from now on know a group's number, then those that live."""
        name = group.plan.name
        groups = tuple(
            msgspec.structs.replace(one, workers=count) if one.name == name else one
            for one in self._plan.groups
        )
        self._take(msgspec.structs.replace(self._plan, groups=groups))
        self._scaled[name] = count  # only now: what cannot be written down is not so
        for other in self._groups:
            other.numbers = self._scaled
        if group.slots[0].calls is None:
            return
        telling = [
            asyncio.ensure_future(process.resize(name, count))
            for other in self._groups
            for slot in other.slots
            for process in slot.processes
            if not slot.is_command
        ]
        if telling:
            _, late = await asyncio.wait(telling, timeout=_TELL_SECONDS)
            for one in late:
                one.cancel()

    # -- up ----------------------------------------------------------------------------

    async def _add(self, group: Group) -> Process:
        """Start a worker in a slot of its own, and return it; the group has it once it is ready.

        Raises:
            SeamlineError: It did not get ready; the group is as it was.
        """
        slot = _open_slot(group, self._plan)
        group.slots.append(slot)
        try:
            with self._awaiting(slot, f"a worker of slot {slot.number}") as since:
                started = await slot.start_successor()
                await self._wait_ready(slot, started, since)
        except OSError as exc:
            _remove(group, slot)
            raise StartError(f"{slot.name} could not be started: {why_not_started(exc)}") from exc
        except BaseException:
            await slot.drop_successor()
            _remove(group, slot)
            raise
        slot.promote()
        slot.counts = True
        for listening, _ in slot.http:
            listening.listen(BACKLOG)  # it does already; this is the length that waits
        beside = zip(slot.http, group.slots[0].http, strict=True)
        kept = [opened for (opened, _), (first, _) in beside if self.store.has(first)]
        self.store.keep([(slot.number, opened) for opened in kept], self._logs)
        return started

    # -- down --------------------------------------------------------------------------

    async def _take_away(self, group: Group, count: int) -> None:
        """Let the last workers finish what they run, and close their slots."""
        kept, going = group.slots[0], group.slots[count:]
        for slot in going:
            slot.counts = False
            slot.cancel()
        alone = [
            (first, opened)
            for slot in going
            for (first, _), (opened, _) in zip(kept.http, slot.http, strict=True)
            if not is_shared(first, opened)
        ]
        for first, _ in alone:
            steer(first, count)
        if alone:
            closing = [opened for _, opened in alone]
            await self._wait_accepted(closing)
            await self.store.let_go(closing, self._logs)
        for slot in going:
            if slot.calls is not None:  # who has not heard of it yet asks another
                _unlink(self._plan.socket_path(group.plan.name, slot.number))
        olds = [(slot, old) for slot in going if (old := slot.retire()) is not None]
        # All that are left get some: who had more than its share of them would have to share.
        ready = [slot for slot in group.slots[:count] if slot.state is State.READY] or [kept]
        heirs = itertools.cycle(ready)
        try:
            await asyncio.gather(*(self._let_leave(*one, next(heirs)) for one in olds))
        finally:
            # Last first: what the kernel keeps of an address stays in the order of its slots.
            for slot in reversed(going):
                if not slot.processes:
                    _remove(group, slot)
            for first, _ in alone:
                spread(first)

    async def _wait_accepted(self, listening: list[socket.socket]) -> None:
        """Wait until workers have accepted all that was on its way to sockets."""
        loop = asyncio.get_running_loop()
        begun = asyncio.ensure_future(asyncio.sleep(_HANDSHAKE_SECONDS))
        await self._wait(begun, seconds=None)
        until = loop.time() + self._plan.graceful_timeout
        while any(waiting(one) for one in listening) and loop.time() < until:
            look = asyncio.ensure_future(asyncio.sleep(_LOOK_SECONDS))
            await self._wait(look, seconds=None)


def _open_slot(group: Group, plan: Plan) -> Slot:
    """Return a slot more, beside the first one."""
    first, number = group.slots[0], len(group.slots)
    calls = None
    if first.calls is not None:
        calls = open_unix(plan.socket_path(group.plan.name, number), plan.socket_mode)
    http = [(open_beside(opened), names) for opened, names in first.http]
    slot = Slot(group, number, http=http, calls=calls)
    slot.counts = False
    return slot


def _unlink(path: str) -> None:
    Path(path).unlink(missing_ok=True)


def _remove(group: Group, slot: Slot) -> None:
    slot.cancel()
    group.adoption.release(slot)
    slot.close()
    group.slots.remove(slot)
