"""Rolling replacement: a successor first, and only when it is ready the old worker leaves."""

import asyncio
import contextlib
import traceback
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Mapping, Sequence
from typing import Any, ClassVar, Final, Literal, NoReturn, TypeAlias

import msgspec

from seamline.errors import InternalError, SeamlineError, StartError
from seamline.plan import GroupPlan, Plan
from seamline.supervisor.ends import why_not_started
from seamline.supervisor.fixed import NEW_START, as_scaled, check_fixed
from seamline.supervisor.group import Group, Slot
from seamline.supervisor.handoff import hand_over
from seamline.supervisor.logs import LogStream
from seamline.supervisor.notify import Notifier
from seamline.supervisor.processes import Process, describe_end
from seamline.supervisor.reloads import (
    NotReloaded,
    Reloaded,
    Tell,
    counted,
    drained_groups,
    start_failure,
    unknown_group,
)
from seamline.supervisor.starting import ABORTED, late_successor
from seamline.supervisor.zygote import LateError, Zygote
from seamline.worker import Drain

#: Clients that keep connections open hear of a worker's end within this time.
LINGER_SECONDS: Final = 2.0
#: A worker that leaves keeps its own time; this is on top.
SPARE_SECONDS: Final = 5.0
# A command that has run for so long has started: it says nothing about itself.
_STEADY_SECONDS: Final = 1.0

#: What can be done to a run, and how it is called when it has been done.
Doing: TypeAlias = Literal["reload", "recycle", "restart", "drain", "scale", "upgrade"]
DONE: Final[dict[Doing, str]] = {
    "reload": "reloaded",
    "recycle": "recycled",
    "restart": "restarted",
    "drain": "drained",
    "scale": "scaled",
    "upgrade": "upgraded",
}
DOING: Final[dict[Doing, str]] = {
    "reload": "reloading",
    "recycle": "recycling",
    "restart": "restarting",
    "drain": "draining",
    "scale": "scaling",
    "upgrade": "upgrading",
}


class Rolling:
    """Replaces the workers of a run one at a time. Nothing is begun once the end is asked for.

    Args:
        plan: What runs.
        groups: The run's own list, which may still be empty.
        logs: Where it is said what happens.
        end_asked: Set when the run is to end.
        replan: Reads the configuration again, in a thread; None where there is none to read.
        adopt: Makes a plan the one that workers are started by.
        notifier: Tells a service manager of reloads.
    """

    #: For what only a new start can do.
    remedy: ClassVar[str] = NEW_START

    def __init__(
        self,
        plan: Plan,
        groups: list[Group],
        logs: LogStream,
        end_asked: asyncio.Event,
        *,
        replan: Callable[[], Plan] | None,
        adopt: Callable[[Plan], None],
        notifier: Notifier | None = None,
    ) -> None:
        self._plan = plan
        self._groups = groups
        self._logs = logs
        self._end_asked = end_asked
        self._replan = replan
        self._adopt = adopt
        self._notifier = notifier or Notifier()
        self._turn = asyncio.Lock()
        self._tasks: set[asyncio.Task[None]] = set()
        self._is_up = False
        self._replaced: Counter[str] = Counter()
        self._workers: dict[str, int] = {}
        self._word: Doing = "reload"
        self._is_begun = False
        self._kept = ""
        self._before = plan
        self._first = {group.name: group.workers for group in plan.groups}
        self._scaled: dict[str, int] = {}
        self._killed = 0
        self._given_up = 0

    async def recycle(self, slot: Slot, process: Process, why: str) -> bool:
        """Replace a worker that has reached a limit, unless it has left when its turn comes.

        Returns:
            Whether nothing is to be done any more: when no successor got ready, it serves on.
        """
        async with self._turn:
            if self._end_asked.is_set() or slot.process is not process or not self._is_up:
                return True
            name = f"{slot.name}[{process.pid}]"
            self._logs.notice(f"{name} is at a limit, {why}; a successor is starting")
            self._word = "recycle"
            try:
                await self._replace(slot, lambda _: None)
            except SeamlineError as exc:
                if not self._end_asked.is_set():
                    self._logs.notice(f"{name} is not replaced: {exc}; it serves on")
                return False
            slot.recycled += 1
            slot.recycle_reason = why
            return True

    def resume(self, first: Mapping[str, int], scaled: Mapping[str, int]) -> None:
        """Know what was asked for of the run before this began.

        Args:
            first: Numbers of workers that the file said at the start, by group.
            scaled: Numbers that were asked for since.
        """
        self._first, self._scaled = dict(first), dict(scaled)

    def begin(self) -> None:
        """Replace from now on; until the run is ready there is nothing to take over from."""
        self._is_up = True

    def _spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Run something in the background, kept alive until it is done."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def settle(self) -> None:
        """Wait until nothing is replaced any more, after the end was asked for."""
        async with self._turn:
            pass

    async def _in_turn(
        self, tell: Tell, work: Callable[[], Awaitable[None]], word: Doing
    ) -> Reloaded | NotReloaded:
        """Do one thing at a time to the run's processes, and say what came of it."""
        if self._turn.locked():
            tell("waiting for another change of the run to end")
        async with self._turn:
            return await self._try(work, word)

    async def _try(
        self, work: Callable[[], Awaitable[None]], word: Doing
    ) -> Reloaded | NotReloaded:
        if not self._is_up:
            return await self._attempt(work, word)
        with self._notifier.reloading() as say:
            answer = await self._attempt(work, word)
            done = DONE[word]
            say(f"not {done}: {answer.message}" if isinstance(answer, NotReloaded) else done)
            return answer

    async def _attempt(
        self, work: Callable[[], Awaitable[None]], word: Doing
    ) -> Reloaded | NotReloaded:
        self._replaced.clear()
        self._workers.clear()
        self._word, self._is_begun, self._kept = word, False, "the old workers serve on"
        self._killed = self._given_up = 0
        try:
            await work()
        except SeamlineError as exc:
            return self._failed(exc)
        except Exception as exc:  # noqa: BLE001 - the run goes on, whatever this was
            self._logs.block("".join(traceback.format_exception(exc)).rstrip())
            return self._failed(InternalError(f"{type(exc).__name__}: {exc}"))
        self._succeeded()
        return self._done()

    def _check_up(self) -> None:
        if self._end_asked.is_set():
            _stopped()
        if not self._is_up:
            raise StartError("the run is still starting; there is nothing to replace yet")

    def _take(self, plan: Plan) -> None:
        if plan is not self._plan:
            self._adopt(plan)
            self._plan = plan

    def _chosen(self, names: Sequence[str]) -> list[Group]:
        """Return the groups: those that are called first, so that new callers find new hosts."""
        self._check_up()
        by_name = {group.plan.name: group for group in self._groups}
        for name in names:
            if name not in by_name:
                raise unknown_group(name, self._plan)
        chosen = [group for name, group in by_name.items() if not names or name in names]
        return sorted(chosen, key=lambda group: serves_http(self._plan, group.plan))

    def _serving(self, names: Sequence[str]) -> list[Group]:
        """Return the groups that have workers: of all, those that are not drained.

        Raises:
            UsageError: One that was named is drained, or all are.
        """
        chosen = self._chosen(names)
        serving = [group for group in chosen if not group.is_drained]
        drained = [group.plan.name for group in chosen if group.is_drained]
        if drained and (names or not serving):
            raise drained_groups(drained, self._word)
        return serving

    async def _read_plan(self) -> Plan:
        """Read the configuration again.

        Raises:
            UsageError: It cannot be used, or says what only a new start can do.
        """
        if self._replan is None:
            return self._plan
        reading = asyncio.ensure_future(asyncio.to_thread(self._replan))
        await self._wait(reading, seconds=None)
        plan = as_scaled(reading.result(), self._first, self._scaled)
        check_fixed(self._plan, plan, self.remedy)
        return plan

    async def _load_anew(self, group: Group) -> Zygote | None:
        """Have a preloaded group's next workers be of the code of now; return what was before."""
        try:
            return await group.preloaded.load_anew()
        except OSError as exc:
            why = why_not_started(exc)
            raise StartError(f"{group.plan.name} could not be loaded anew: {why}") from exc

    # -- one slot ----------------------------------------------------------------------

    async def _replace(self, slot: Slot, tell: Tell) -> None:
        if slot.is_command:
            await self._restart(slot, tell)
            return
        successor = await self._succeed(slot)
        old = slot.promote()
        self._count(slot)
        self._say(f"{slot.name}[{successor.pid}] is ready", old, tell)
        if old is not None:
            await self._let_leave(slot, old)

    async def _succeed(self, slot: Slot) -> Process:
        """Start a successor and wait until it is ready; there is none when it does not get so."""
        with self._awaiting(slot, f"a successor of slot {slot.number}") as since:
            successor = await self._start_successor(slot, slot.start_successor)
            try:
                await self._wait_ready(slot, successor, since)
            except BaseException:
                await slot.drop_successor()
                raise
        return successor

    async def _start_successor(
        self, slot: Slot, start: Callable[[], Awaitable[Process]]
    ) -> Process:
        try:
            return await start()
        except LateError as exc:
            raise late_successor(slot.name, self._plan.startup_timeout) from exc
        except OSError as exc:
            why = why_not_started(exc)
            raise StartError(f"no successor of {slot.name} could be started: {why}") from exc

    async def _restart(self, slot: Slot, tell: Tell) -> None:
        """End a command, then start it: two at a time could be one too many of it."""
        old = slot.retire()
        if old is not None:
            await self._let_leave(slot, old)
        started = await self._start_empty(slot)
        self._replaced[slot.name.rpartition(".")[0]] += 1
        self._say(f"{slot.name}[{started.pid}] is started", None, tell)

    async def _start_empty(self, slot: Slot) -> Process:
        """Start a slot in which nothing runs, and wait until it is ready.

        Raises:
            StartError: It did not get there; it is started again until it does.
        """
        with self._awaiting(slot, f"a worker of slot {slot.number}") as since:
            try:
                await slot.start()
            except OSError as exc:
                slot.start_after(1.0)
                if isinstance(exc, LateError):
                    raise late_successor(slot.name, self._plan.startup_timeout) from exc
                why = why_not_started(exc)
                raise StartError(f"{slot.name} could not be started: {why}") from exc
            started = slot.process
            assert started is not None
            await self._wait_ready(slot, started, since)
        if slot.is_command:
            # It says nothing about itself; what is written wrong in it shows at once.
            await self._wait(started.ended, seconds=_STEADY_SECONDS)
            if started.ended.done():
                self._put_back(slot)
                raise start_failure(started, f"the new {slot.name}", when="at once")
        return started

    def _put_back(self, slot: Slot) -> None:
        """Start the command of the former plan from now on: the new one ended at once."""
        plan, before = self._plan, self._before
        services = tuple(
            before.service(one.name) if one.name == slot.command else one for one in plan.services
        )
        self._take(msgspec.structs.replace(plan, services=services))
        self._logs.notice(f"{self._word}: the former command of {slot.name} is started again")

    def _count(self, slot: Slot) -> None:
        self._replaced[slot.name.rpartition(".")[0]] += 1

    def _say(self, what: str, old: Process | None, tell: Tell) -> None:
        text = what if old is None else f"{what}; {old.pid} finishes what it runs"
        self._logs.notice(f"{self._word}: {text}")
        tell(text)

    async def _wait_ready(self, slot: Slot, started: Process, since: float) -> None:
        """Wait until a process that was started accepts. Raises when it does not get there."""
        await self._wait_reached(slot, started, started.ready, since)

    async def _wait_reached(
        self, slot: Slot, started: Process, reached: "asyncio.Future[None]", since: float
    ) -> None:
        """Wait until a process has got so far. Raises when it does not get there.

        Args:
            slot: Its own.
            started: The process.
            reached: Done when it has.
            since: When its time began, which what it was forked from may have used up in part.
        """
        left = since + self._plan.startup_timeout - asyncio.get_running_loop().time()
        await self._wait(reached, started.ended, seconds=max(left, 0.0))
        if started.ended.done():
            raise start_failure(started, f"the successor of {slot.name}")
        if not reached.done():
            self._logs.notice(
                f"the successor of {slot.name} was not ready after "
                f"{self._plan.startup_timeout:g} s; it writes where its threads are, {ABORTED}:"
            )
            await started.abort()
            raise late_successor(slot.name, self._plan.startup_timeout)

    async def _let_leave(self, slot: Slot, old: Process, heir: Slot | None = None) -> None:
        """Let a worker finish what it runs; one that does not leave in time is killed.

        Its clients go on with the worker in its place, or in that of the heir.
        """
        limit = self._plan.graceful_timeout
        await hand_over(old, (heir or slot).process if slot.http else None)
        old.drain(Drain(timeout=limit, linger=min(LINGER_SECONDS, limit)))
        with self._awaiting(slot, f"{old.pid}, which finishes what it runs"):
            await self._wait(old.ended, seconds=limit + SPARE_SECONDS)
        name = f"{slot.name}[{old.pid}]"
        if not old.ended.done():
            self._logs.notice(
                f"{name} had not left after {limit:g} s; its stacks follow, if it can write"
            )
            self._killed += 1
            await old.abort()
            await old.ended
        elif (old.returncode or 0) < 0:
            self._logs.notice(f"{name} {describe_end(old)} before it had left")
        if old.given_up:
            self._given_up += old.given_up
            self._logs.notice(f"{name} gave up {old.given_up} unanswered after {limit:g} s")
        slot.leaving.discard(old)

    @contextlib.contextmanager
    def _awaiting(self, slot: Slot, what: str) -> Iterator[float]:
        """Have the status tell what is waited for meanwhile; returns since when."""
        awaited, since = slot.group.awaited, asyncio.get_running_loop().time()
        awaited[slot.number] = (DOING[self._word], what, since)
        try:
            yield since
        finally:
            awaited.pop(slot.number, None)

    async def _wait(self, *things: "asyncio.Future[Any]", seconds: float | None) -> None:
        """Wait for the first of several things, at most so long.

        Raises:
            StartError: The run is to end.
        """
        ending = asyncio.ensure_future(self._end_asked.wait())
        try:
            await asyncio.wait(
                {*things, ending}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED
            )
        finally:
            ending.cancel()
        if self._end_asked.is_set():
            _stopped()

    def _succeeded(self) -> None:
        self._logs.notice(f"{DONE[self._word]}: {counted(self._replaced or self._workers)}")

    def _failed(self, error: SeamlineError) -> NotReloaded:
        kept = self._kept if self._is_begun or self._word == "reload" else "nothing was changed"
        if self._replaced:
            kept = f"{counted(self._replaced)} before that"
        if self._end_asked.is_set():
            kept = "the run is ending"
        self._logs.notice(f"not {DONE[self._word]}: {error}; {kept}")
        return self._not_done(error)

    def _not_done(self, error: SeamlineError) -> NotReloaded:
        return NotReloaded.of(
            error, self._done(), is_begun=self._is_begun, is_ending=self._end_asked.is_set()
        )

    def _done(self) -> Reloaded:
        return Reloaded(
            name=self._plan.name,
            replaced=dict(self._replaced),
            workers=dict(self._workers),
            given_up=self._given_up,
            killed=self._killed,
        )


def _stopped() -> NoReturn:
    raise StartError("nothing more is replaced")


def serves_http(plan: Plan, group: GroupPlan) -> bool:
    """Whether a group has an http service."""
    return any(plan.service(name).http is not None for name in group.services)
