"""One worker process as its supervisor sees it: started, heard, told to leave, reaped."""

import asyncio
import contextlib
import itertools
import os
import random
import signal
import socket
from collections.abc import Callable, Iterable, Mapping, Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, Final, TypeVar

import msgspec

from seamline.plan import WORKER_VARIABLE
from seamline.supervisor.channel import Channel
from seamline.supervisor.ends import how_ended
from seamline.supervisor.executing import execute, open_pipe
from seamline.supervisor.logs import LogStream
from seamline.supervisor.outputs import Outputs
from seamline.supervisor.reaping import awaited
from seamline.supervisor.takeover import HeldProcess
from seamline.supervisor.zygote import ForkedProcess, UnforkableError, Zygote
from seamline.worker import (
    Adopt,
    Align,
    Aligned,
    Beat,
    Begin,
    Bye,
    Drain,
    Draining,
    Failed,
    Files,
    Give,
    Handover,
    Hello,
    Identity,
    Listener,
    Prepared,
    Ready,
    Release,
    Report,
    Resize,
    Take,
    Tell,
    Which,
)

if TYPE_CHECKING:
    import subprocess

# After SIGABRT a worker writes every thread's stack; then it is killed.
_DUMP_SECONDS: Final = 2.0
# A worker tells its numbers between two steps of its loop; one that is busy for longer will not.
_TELL_SECONDS: Final = 0.5


_Awaited = TypeVar("_Awaited")


class State(StrEnum):
    """Where a worker is in its life, as ``seamline status`` shows it."""

    STARTING = "starting"
    READY = "ready"
    DRAINING = "draining"
    STOPPED = "stopped"
    #: Not alive: waiting out its back-off. Of the slot, not of a process.
    WAITING = "waiting"


class Process:
    """One start of one slot.

    Attributes:
        state: Where it is in its life.
        pid: Of the worker; of the command itself for a ``command`` service.
        protocol: What orders it understands; see :class:`seamline.worker.Hello`.
        started_at, heard_at, changed_at: Loop's times of its start, its latest report and
            its latest change of state.
        last: The latest numbers it reported.
        first_rss_bytes: Its memory as it was ready; 0 before that.
        chance: From 0 to 1, at random; what workers shall differ in is derived from it.
        lag: Seconds that its event loop took to tell them when it was asked last, or has been
            silent for; ``None`` before that.
        aligned: Its latest answer to an :class:`Align`.
        given_up: Requests and calls that it had not answered when its time was over.
        failed: Why the application could not be loaded, if it said so.
        returncode: Set once it ended; negative for a signal, as in :mod:`subprocess`.
        prepared: Done once it has said that it would accept; only if it is held until then.
        ready: Done once it has said that it accepts.
        leaving: Done once it has said that it leaves, or ended.
        ended: Done once the process is reaped and its last lines are written.
    """

    def __init__(
        self, identity: Identity, logs: LogStream, on_change: Callable[["Process"], None]
    ) -> None:
        self.identity = identity
        self.state = State.STARTING
        self.pid, self.protocol = 0, 1
        self.last = Beat()
        self.first_rss_bytes = 0
        self.chance = random.random()  # noqa: S311 - spreads replacements, protects nothing
        self.lag: float | None = None
        self.aligned: Aligned | None = None
        self.given_up = 0
        self.failed: Failed | None = None
        self.returncode: int | None = None
        self._loop = asyncio.get_running_loop()
        self.prepared: asyncio.Future[None] = self._loop.create_future()
        self.ready: asyncio.Future[None] = self._loop.create_future()
        self.leaving: asyncio.Future[None] = self._loop.create_future()
        self.ended: asyncio.Future[int] = self._loop.create_future()
        self.started_at = self.heard_at = self.changed_at = self._loop.time()
        self.was_stalled = False
        self._logs = logs
        self._on_change = on_change
        self._child: subprocess.Popen[bytes] | ForkedProcess | None = None
        self._channel: Channel | None = None
        self._answers: dict[int, asyncio.Future[Aligned]] = {}
        self._asked: dict[int, asyncio.Future[None]] = {}
        self._sought: dict[int, asyncio.Future[Files]] = {}
        self._serials = itertools.count(1)
        self._outputs = Outputs(logs, self._write)
        self._ending: asyncio.Task[None] | None = None

    async def start(
        self,
        handover: Handover,
        environment: Mapping[str, str],
        root: str,
        zygote: Zygote | None = None,
    ) -> None:
        """Start it with the descriptors it is given: fork it, or execute a new interpreter."""
        try:
            with contextlib.ExitStack() as given, contextlib.ExitStack() as undo:
                ours, theirs = socket.socketpair()
                undo.enter_context(ours)
                given.enter_context(theirs)
                handover = msgspec.structs.replace(handover, control=theirs.fileno())
                pipes = [open_pipe(undo, given) for _ in range(2)]
                outputs = (pipes[0][1], pipes[1][1])
                environment = {**environment, WORKER_VARIABLE: str(self.identity)}
                forked = await self._fork(zygote, handover, environment, outputs)
                self._child = forked or execute(handover, environment, outputs, root)
                undo.pop_all()
        except BaseException:  # also when nobody waits for it any more
            self.state = State.STOPPED  # nobody waits for the end of what never began
            self.ended.set_result(0)
            raise
        # It may have waited for what it was to be forked from.
        self.started_at = self.heard_at = self.changed_at = self._loop.time()
        self.pid = self._child.pid
        awaited.add(self.pid)
        self._channel = self._listen(ours)
        for name, (read, _) in zip(("stdout", "stderr"), pipes, strict=True):
            await self._outputs.follow(name, read)
        self._watch_end()

    def _watch_end(self) -> None:
        """Hear of its end: last, which is told once everything that it printed can be read."""
        assert self._child is not None
        try:
            pidfd = os.pidfd_open(self._child.pid)
        except OSError:  # out of descriptors: its end could not be heard
            self._give_up()
            raise
        self._loop.add_reader(pidfd, self._reap, pidfd)

    async def _fork(
        self,
        zygote: Zygote | None,
        handover: Handover,
        environment: Mapping[str, str],
        outputs: tuple[int, int],
    ) -> ForkedProcess | None:
        """Fork it, or say why it has to be executed and return None."""
        if zygote is None:
            return None
        try:
            return await zygote.fork(environment, outputs, handover)
        except UnforkableError as exc:
            self._logs.notice(f"{self.identity.group} starts without a fork: {exc}")
            return None

    def _write(self, name: str, lines: list[bytes]) -> None:
        self._logs.lines(self.identity.group, self.identity.slot, self.pid, name, lines)

    @property
    def last_lines(self) -> Sequence[str]:
        """The latest lines that it printed, whichever stream."""
        return self._outputs.last_lines

    def _give_up(self) -> None:
        """End one that was just started; whoever starts processes hears of it by an error."""
        assert self._child is not None
        assert self._channel is not None
        self.kill()
        self.returncode = self._wait()
        self._channel.end()
        self._outputs.close()
        self.state = State.STOPPED
        self.ended.set_result(self.returncode)

    def _wait(self) -> int:
        assert self._child is not None
        returncode = self._child.wait()
        awaited.discard(self._child.pid)
        return returncode

    @property
    def has_started(self) -> bool:
        """Whether there is, or was, a process."""
        return self._child is not None

    # -- from one supervisor to the next in the same process ---------------------------

    def _listen(self, ours: socket.socket, unread: bytes = b"") -> Channel:
        return Channel(ours, self._hear, self._refuse, unread)

    @property
    def is_settled(self) -> bool:
        """Whether it is alive, or ended and all of it written, and no order is half sent."""
        is_ending = self.returncode is not None and self.state is not State.STOPPED
        is_sending = self._channel is not None and self._channel.is_sending
        return self.has_started and not is_ending and not is_sending

    def held(self) -> HeldProcess | None:
        """Describe it for the next supervisor, if it lives."""
        if self._child is None or self._channel is None or self.returncode is not None:
            return None
        return HeldProcess(
            child=self._child.pid,
            pid=self.pid,
            generation=self.identity.generation,
            state=self.state,
            control=self._channel.fileno(),
            unread=self._channel.unread,
            pipes=self._outputs.pipes(),
            started_at=self.started_at,
            changed_at=self.changed_at,
            first_rss_bytes=self.first_rss_bytes,
            chance=self.chance,
            last=self.last,
            protocol=self.protocol,
        )

    async def resume(self, held: HeldProcess) -> None:
        """Go on with a process that the supervisor before this one started."""
        awaited.add(held.child)
        self._child = ForkedProcess(held.child)
        self.pid, self.protocol, self.state = held.pid, held.protocol, State(held.state)
        self.started_at, self.changed_at = held.started_at, held.changed_at
        self.first_rss_bytes, self.chance, self.last = held.first_rss_bytes, held.chance, held.last
        if self.state is not State.STARTING:
            self.ready.set_result(None)
        self._channel = self._listen(socket.socket(fileno=held.control), held.unread)
        for pipe in held.pipes:
            await self._outputs.follow(pipe.name, pipe.fd, pipe.partial)
        self._watch_end()

    # -- orders ------------------------------------------------------------------------

    def drain(self, order: Drain) -> None:
        """Ask it to accept nothing new, finish and leave. Asking twice changes nothing.

        One that is still loading has nothing to finish: it is ended at once.
        """
        if self.state is State.STARTING and not self.prepared.done():
            self.kill()
        elif self.state in {State.STARTING, State.READY} and self._channel is not None:
            self._set(State.DRAINING)
            self._channel.send_now(order)

    async def align(self, order: Align) -> Aligned | None:
        """Have it take over what a test process set up.

        One that is starting answers once it is ready; it is not asked what nothing is to be
        taken over for.

        Returns:
            Its answer, or ``None`` when it cannot hear, or ended before it answered.
        """
        is_starting = self.state is State.STARTING and order.environ is not None
        if self._channel is None or not (is_starting or self.state is State.READY):
            return None
        answer = self._answers[order.serial] = self._loop.create_future()
        await self.send(order)
        await asyncio.wait({answer, self.ended}, return_when=asyncio.FIRST_COMPLETED)
        del self._answers[order.serial]
        return answer.result() if answer.done() else None

    async def tell(self) -> None:
        """Have it tell its numbers of this moment; a busy one is known by what it told last."""
        if self._channel is None or self.state not in {State.READY, State.DRAINING}:
            return
        serial = next(self._serials)
        asked_at = self._loop.time()
        answer = self._asked[serial] = self._loop.create_future()
        sending = self._loop.create_task(self.send(Tell(serial)))
        await asyncio.wait(
            {answer, self.ended}, timeout=_TELL_SECONDS, return_when=asyncio.FIRST_COMPLETED
        )
        del self._asked[serial]
        self.lag = self._loop.time() - (asked_at if answer.done() else self.heard_at)
        if not answer.done():
            sending.cancel()

    async def adopt(
        self,
        slot: int,
        http: Iterable[tuple[socket.socket, tuple[str, ...]]],
        calls: socket.socket | None,
    ) -> None:
        """Have it accept for another slot of its group, on that slot's sockets."""
        assert self._channel is not None
        await self._channel.send_descriptors(
            lambda: Adopt(
                slot=slot,
                calls=None if calls is None else calls.fileno(),
                http=tuple(Listener(opened.fileno(), names) for opened, names in http),
            )
        )

    async def send_descriptors(self, order: Take | Give) -> None:
        """Send an order with its descriptors, which the caller closes."""
        assert self._channel is not None
        await self._channel.send_descriptors(lambda: order)

    async def loaded(self, seconds: float = _TELL_SECONDS) -> frozenset[str] | None:
        """Return the project's files that it has loaded, or None when it does not say in time."""
        if self._channel is None or self.state is not State.READY:
            return None
        serial = next(self._serials)
        answer = self._sought[serial] = self._loop.create_future()
        sending = self._loop.create_task(self.send(Which(serial)))
        await asyncio.wait(
            {answer, self.ended}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED
        )
        del self._sought[serial]
        if not answer.done():
            sending.cancel()
            return None
        files = answer.result().loaded
        return None if files is None else frozenset(files)

    async def send(self, order: Align | Begin | Release | Resize | Tell | Which) -> None:
        """Send an order, however long it is; orders sent at a time follow each other."""
        assert self._channel is not None
        await self._channel.send(order)

    async def resize(self, group: str, workers: int) -> None:
        """Tell it how many workers a group has now, unless it has ended."""
        if self._channel is not None and self.state is not State.STOPPED:
            await self.send(Resize(group, workers))

    def kill(self) -> None:
        """End it and everything it started, now."""
        if self._child is not None and self._child.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._child.pid, signal.SIGKILL)
            # At a debugger's prompt it is in the process group of the terminal. Not by Popen: it
            # would take note of the end before the group is ended with it.
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._child.pid, signal.SIGKILL)

    async def abort(self) -> None:
        """End one that is stuck, after it wrote where each of its threads is."""
        self.was_stalled = True
        if self._child is not None and self._child.returncode is None:
            self._child.send_signal(signal.SIGABRT)
            await asyncio.wait([self.ended], timeout=_DUMP_SECONDS)
            self.kill()

    # -- what happens to it ------------------------------------------------------------

    def _set(self, state: State) -> None:
        if self.state is not state:
            self.state = state
            self.changed_at = self._loop.time()
            self._on_change(self)

    def _refuse(self, why: str) -> None:
        where = f"{self.identity.group}.{self.identity.slot}[{self.pid}]"
        self._logs.notice(f"{where} sent what is no report ({why}) and is not heard any more")

    def _hear(self, report: Report) -> None:
        self.heard_at = self._loop.time()
        match report:
            case Hello(pid=pid, protocol=protocol):
                self.pid, self.protocol = pid, protocol
            case Prepared() | Ready():
                _settle(self.prepared, None)
                if isinstance(report, Ready) and self.state is State.STARTING:
                    self._set(State.READY)
                    self.ready.set_result(None)
            case Beat():
                self.last = report
                self.first_rss_bytes = self.first_rss_bytes or report.rss_bytes
                _settle(self._asked.get(report.serial), None)
            case Draining():
                self._set(State.DRAINING)
                _settle(self.leaving, None)
            case Failed():
                self.failed = report
            case Aligned():
                self.aligned = report
                _settle(self._answers.get(report.serial), report)
            case Files():
                _settle(self._sought.get(report.serial), report)
            case Bye():
                self.given_up = report.given_up

    def _reap(self, pidfd: int) -> None:
        assert self._child is not None
        self._loop.remove_reader(pidfd)
        os.close(pidfd)
        # Before it is reaped its number cannot be taken by another process group.
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._child.pid, signal.SIGKILL)
        self.returncode = self._wait()
        if self._channel is not None:
            self._channel.end()
        _settle(self.leaving, None)
        self._ending = self._loop.create_task(self._finish())
        # Its last lines may take a second; what connects to its sockets meanwhile shall not.
        self._on_change(self)

    async def _finish(self) -> None:
        await self._outputs.finish()
        self.state = State.STOPPED
        self.ended.set_result(self.returncode or 0)
        self._on_change(self)


def _settle(awaited: asyncio.Future[_Awaited] | None, value: _Awaited) -> None:
    if awaited is not None and not awaited.done():
        awaited.set_result(value)


def describe_end(process: Process) -> str:
    """Say how a process ended, in words: ``was killed by SIGKILL``."""
    return "was stuck and was killed" if process.was_stalled else how_ended(process.returncode)
