"""One group: its slots, and in each slot a worker that is replaced when it dies."""

import asyncio
import socket
from collections.abc import Callable, Coroutine, Mapping
from typing import Any

from seamline.plan import GroupPlan
from seamline.supervisor.adoption import Adoption
from seamline.supervisor.backoff import backoff, is_long_life, restart_delay
from seamline.supervisor.balancing import Balancing
from seamline.supervisor.counts import Counts, with_ended
from seamline.supervisor.ends import why_not_started
from seamline.supervisor.handoff import share
from seamline.supervisor.logs import LogStream
from seamline.supervisor.preloading import Preloaded, begin_load
from seamline.supervisor.processes import Process, State, describe_end
from seamline.supervisor.stuck import Timeouts, why_stuck
from seamline.supervisor.zygote import Zygote
from seamline.worker import Align, Begin, Drain, Handover, Identity, Listener, Release


class Slot:
    """A worker's fixed place: its sockets outlive every process in it.

    Attributes:
        number: Counted from 0 in its group.
        command: The service whose command runs in it, or ``None``.
        process: The one that serves, dead or alive; ``None`` before the first and between a
            command and the next.
        prepared: Started beside it, to be the next successor; held before it accepts.
        successor: Started to take over once it is ready.
        leaving: Those that were taken over from, and finish what they run.
        generation: Starts so far.
        restarts: Starts that replaced a dead worker.
        counts: Whether its group is incomplete without it: not while it is added or taken away.
        reason: How the latest death came about, or empty.
        recycled: Workers replaced because they had reached a limit of the group.
        recycle_reason: Which limit that was, the last time, or empty.
    """

    def __init__(
        self,
        group: "Group",
        number: int,
        *,
        http: list[tuple[socket.socket, tuple[str, ...]]] | None = None,
        calls: socket.socket | None = None,
        command: str | None = None,
    ) -> None:
        self.number = number
        self.process: Process | None = None
        self.prepared: Process | None = None
        self.successor: Process | None = None
        self.leaving: set[Process] = set()
        self.generation = 0
        self.restarts = 0
        self.reason = ""
        self.recycled = 0
        self.recycle_reason = ""
        self.deaths = 0
        self.counts = True
        self._group = group
        self._http = http or []
        self._calls = calls
        self.command = command
        self._timer: asyncio.TimerHandle | None = None

    @property
    def is_command(self) -> bool:
        """Whether a command of the operator's runs in it, not the application."""
        return self.command is not None

    @property
    def state(self) -> State:
        """State of its process, or ``waiting`` between two."""
        process = self.process or self.successor
        if process is None or process.returncode is not None or process.state is State.STOPPED:
            return State.STOPPED if self._group.is_leaving else State.WAITING
        return process.state

    @property
    def http(self) -> list[tuple[socket.socket, tuple[str, ...]]]:
        """Its listening sockets and the http services that answer on each."""
        return self._http

    @property
    def calls(self) -> socket.socket | None:
        """Where its worker is called, or None when nobody calls the group."""
        return self._calls

    @property
    def group(self) -> "Group":
        """The one that it is a slot of."""
        return self._group

    @property
    def name(self) -> str:
        """``group.slot``."""
        return f"{self._group.plan.name}.{self.number}"

    @property
    def processes(self) -> list[Process]:
        """Every process that may be alive."""
        found = (self.process, self.prepared, self.successor, *self.leaving)
        return [one for one in found if one is not None]

    @property
    def can_be_adopted(self) -> bool:
        """Whether it stays and has sockets of its own; a Unix socket's address is all slots'."""
        return self.counts and (self._calls is not None or bool(self._own_http()))

    def _own_http(self) -> list[tuple[socket.socket, tuple[str, ...]]]:
        return [(one, names) for one, names in self._http if one.family != socket.AF_UNIX]

    def adopt(self, guardian: Process) -> None:
        """Have a worker of another slot accept on the sockets of this one, too."""
        self._group.spawn(guardian.adopt(self.number, self._own_http(), self._calls))

    def release(self, guardian: Process) -> None:
        """Have it stop that."""
        self._group.spawn(guardian.send(Release(self.number)))

    async def start(self) -> None:
        """Start the next generation."""
        self._timer = None
        self.process = process = self._next()
        await self._launch(process)

    async def prepare(self) -> Process:
        """Start the next successor as far as where it would accept.

        Until :meth:`start_successor` the slot is filled as if there were none.

        Raises:
            OSError: There is no room for another process.
        """
        self.prepared = process = self._next()
        try:
            await self._launch(process, is_held=True)
        except OSError:
            self.prepared = None
            raise
        return process

    async def drop_prepared(self, seconds: float) -> None:
        """End what was prepared; its application has so long to shut down what it started up."""
        dropped, self.prepared = self.prepared, None
        if dropped is not None:
            self.leaving.add(dropped)
            dropped.drain(Drain(timeout=seconds, linger=0.0))
            await asyncio.wait([dropped.ended], timeout=seconds)
            dropped.kill()
            await dropped.ended
            self.leaving.discard(dropped)

    async def start_successor(self) -> Process:
        """Have the next generation accept beside the one that serves, on the same sockets.

        Raises:
            OSError: There is no room for another process.
        """
        self.cancel()
        prepared, self.prepared = self.prepared, None
        if prepared is not None and prepared.returncode is None:
            self.successor = prepared
            await prepared.send(Begin())
            return prepared
        self.successor = process = self._next()
        try:
            await self._launch(process)
        except OSError:
            self.successor = None
            self.revive()
            raise
        return process

    def promote(self) -> Process | None:
        """Let the successor serve; returns the one that is to leave."""
        old = self.retire()
        self.process, self.successor = self.successor, None
        self.deaths = 0
        return old

    def retire(self) -> Process | None:
        """Count on the process that serves no more; returns it if it is alive."""
        self.cancel()
        old, self.process = self.process, None
        if old is None or old.state is State.STOPPED:
            return None
        self.leaving.add(old)
        return old

    async def drop_successor(self) -> None:
        """End the successor; the slot goes on as if there had been none."""
        dropped, self.successor = self.successor, None
        if dropped is not None:
            self.leaving.add(dropped)
            dropped.kill()
            await dropped.ended
            self.leaving.discard(dropped)
        self.revive()

    def revive(self) -> None:
        """Fill the slot if nothing lives in it and nothing is about to."""
        is_empty = self.process is None or self.process.state is State.STOPPED
        is_over = self._group.is_leaving or self._group.is_drained
        if is_empty and self._timer is None and not is_over:
            self.start_after(restart_delay(self.deaths))

    def _next(self) -> Process:
        self.generation += 1
        identity = Identity(self._group.plan.name, self.number, self.generation)
        group = self._group
        return Process(identity, group.logs, lambda process: group.changed(self, process))

    async def _launch(self, process: Process, *, is_held: bool = False) -> None:
        group = self._group
        listeners = tuple(Listener(opened.fileno(), names) for opened, names in self._http)
        handover = Handover(
            control=-1,
            calls=None if self._calls is None else self._calls.fileno(),
            http=listeners,
            access_log=group.access_log,
            log_level=group.log_level,
            command=self.command,
            is_aligned=group.alignment is not None and not self.is_command,
            is_held=is_held,
        )
        zygote = None if self.is_command else group.forked_from
        await process.start(handover, group.environment, group.root, zygote)
        # One that is forked knows the numbers of when its application was loaded.
        for name, count in () if self.is_command else group.numbers.items():
            await process.resize(name, count)
        # Read now: what is sent last counts, and it may have changed during the start.
        if group.alignment is not None and not self.is_command:
            await process.send(group.alignment)

    def start_after(self, seconds: float) -> None:
        """Start the next generation later."""
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(seconds, lambda: self._group.spawn(self._start_again()))

    async def _start_again(self) -> None:
        if self._group.is_leaving or self._group.is_drained:  # told so after the timer had rung
            return
        try:
            await self.start()
        except OSError as exc:  # out of processes, memory or descriptors: it may pass
            self.deaths += 1
            self.reason = f"could not be started: {why_not_started(exc)}"
            self._group.logs.notice(f"{self.name} {self.reason}")
            self.start_after(backoff(self.deaths))

    def cancel(self) -> None:
        """Start nothing any more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def close(self) -> None:
        """Close the sockets: what was not accepted is refused."""
        for opened, _ in self._http:
            opened.close()
        if self._calls is not None:
            self._calls.close()


class Group:
    """The slots of one group, kept filled until the group leaves.

    Args:
        plan: What the group is.
        root: Working directory of its workers.
        environment: Of its workers, complete.
        logs: Where their lines go.
        on_change: Called after any of its processes changed its state.
        zygote: What its workers are forked from if they are not preloaded; None executes them.
        startup_timeout: Seconds until a worker must be ready.

    Attributes:
        least: Workers that it began with.
        ended: What those of its workers counted that have ended.
        scale_reason: Why it got more or fewer by itself last, or nothing.
        is_drained: Whether it has no workers until somebody restarts it.
        alignment: What every worker that starts takes over before it answers a call.
        numbers: Workers of the groups that were given others than the file says.
        awaited: By slot that is changed: what is done to it, what is waited for, and since when.
    """

    def __init__(
        self,
        plan: GroupPlan,
        root: str,
        environment: Mapping[str, str],
        logs: LogStream,
        on_change: Callable[["Group", Process], None],
        *,
        access_log: bool = True,
        log_level: str = "info",
        zygote: Zygote | None = None,
        startup_timeout: float = 60.0,
    ) -> None:
        self.plan = plan
        self.zygote = zygote
        self.startup_timeout = startup_timeout
        self.preloaded = Preloaded(plan.name, logs, self._begin_load)
        self.root = root
        self.environment = environment
        self.logs = logs
        self.access_log = access_log
        self.log_level = log_level
        self.slots: list[Slot] = []
        self.least = plan.workers
        self.ended = Counts()
        self.scale_reason = ""
        self.adoption = Adoption(self.slots, logs)
        self._balancing = Balancing(self.slots)
        self.is_leaving = False
        self.is_drained = False
        self.alignment: Align | None = None
        self.numbers: Mapping[str, int] = {}
        self.awaited: dict[int, tuple[str, str, float]] = {}
        self.ready_after: float | None = None
        self._started_at = 0.0
        self._on_change = on_change
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def size(self) -> int:
        """How many workers it has, those that are added or taken away aside."""
        return sum(slot.counts and not slot.is_command for slot in self.slots)

    @property
    def is_ready(self) -> bool:
        """Whether every slot has a ready worker."""
        return all(slot.state is State.READY for slot in self.slots if slot.counts)

    async def start(self) -> None:
        """Start a worker in every slot."""
        self._started_at = asyncio.get_running_loop().time()
        await self.preloaded.load_anew()
        for slot in self.slots:
            await slot.start()

    @property
    def forked_from(self) -> Zygote | None:
        """What the next worker is forked from; None executes it."""
        return self.preloaded.zygote or self.zygote

    async def _begin_load(self) -> Zygote | None:
        """Have a process load the application if workers are to be forked from one."""
        if not self.plan.preload or all(slot.is_command for slot in self.slots):
            return None
        return await begin_load(
            self.plan.name,
            self.root,
            self.environment,
            self.logs,
            log_level=self.log_level,
            seconds=self.startup_timeout,
        )

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Run something of the group's in the background, kept alive until it is done."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def changed(self, slot: Slot, process: Process) -> None:
        """Take note of a process's new state; replace it if it died."""
        loop = asyncio.get_running_loop()
        self.ended = with_ended(self.ended, process)
        if self.ready_after is None and self.is_ready:
            self.ready_after = loop.time() - self._started_at
        if process.state is State.STOPPED and process is slot.process:
            slot.reason = describe_end(process)
        self._adopt(loop.time())
        self._on_change(self, process)

    def replace(self, slot: Slot, process: Process) -> None:
        """Fill the slot of a dead process again, later if it keeps dying."""
        if self.is_leaving or process is not slot.process:
            return
        ready_at = process.changed_at if process.ready.done() and not slot.is_command else None
        is_long = is_long_life(process.started_at, ready_at, asyncio.get_running_loop().time())
        slot.deaths = 1 if is_long else slot.deaths + 1
        slot.restarts += 1
        wait = restart_delay(slot.deaths)
        told = (process.failed.message, process.failed.remedy) if process.failed else ()
        why = ": " + "; ".join(filter(None, told)) if told else ""
        what = f"{slot.name}[{process.pid}] {slot.reason}{why}"
        if slot.successor is not None:  # it takes over, or the slot is filled when it does not
            self.logs.notice(f"{what}; its successor is starting")
            return
        self.logs.notice(f"{what}; starting it again in {wait:.1f} s")
        slot.start_after(wait)

    def look_after(self, now: float, timeouts: Timeouts) -> None:
        """End what is stuck, and let no worker keep most of the clients."""
        self._adopt(now)
        for giver, takers in self._balancing.orders(now).items():
            self.spawn(share(giver, takers))
        for slot in self.slots:
            process = slot.process
            if process is not None and (why := why_stuck(process, now, timeouts)):
                where = f"{slot.name}[{process.pid}]"
                self.logs.notice(f"{where} {why}; its stacks follow, if it can write")
                self.spawn(process.abort())

    def _adopt(self, now: float) -> None:
        # While it starts, slots get ready one after the other, and nobody was told of them.
        if self.ready_after is not None and not self.is_leaving:
            self.adoption.settle(now)

    async def tell(self) -> None:
        """Have its workers tell their numbers of this moment."""
        workers = [s.process for s in self.slots if s.process is not None and not s.is_command]
        await asyncio.gather(*(worker.tell() for worker in workers))

    # -- leaving -----------------------------------------------------------------------

    async def drain(self, order: Drain) -> None:
        """Let every worker finish; what has not left when the time is over is killed."""
        self.leave()
        alive = [process for slot in self.slots for process in slot.processes]
        for process in alive:
            process.drain(order)
        for slot in self.slots:
            slot.close()
        waiting = [process.ended for process in alive if process.has_started]
        if waiting:
            _, late = await asyncio.wait(waiting, timeout=order.timeout)
            if late:
                self.kill()
                await asyncio.wait(late)

    def leave(self) -> None:
        """Replace nobody from now on."""
        self.is_leaving = True
        self.preloaded.close()
        for slot in self.slots:
            slot.cancel()

    def kill(self) -> None:
        """End every process now."""
        self.leave()
        for slot in self.slots:
            for process in slot.processes:
                process.kill()
