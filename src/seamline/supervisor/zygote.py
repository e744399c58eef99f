"""The supervisor's side of a zygote: workers that are forked instead of executed."""

import asyncio
import contextlib
import ctypes
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Final

import msgspec

from seamline.supervisor.reaping import awaited
from seamline.worker import (
    LENGTH,
    ZYGOTE_VARIABLE,
    Answer,
    Check,
    Fork,
    Forked,
    Handover,
    Load,
    NotNow,
    Preload,
    Refused,
)

# Of linux/prctl.h: orphans below this process become its children.
_PR_SET_CHILD_SUBREAPER: Final = 36
_MAX_ANSWER_BYTES: Final = 64 * 1024
# Python's fault handler writes all stacks at once.
_SHOW_SECONDS: Final = 2.0
_LOOK_SECONDS: Final = 0.02
# A fork of a large process on a machine without a free core takes a fraction of that.
_ANSWER_SECONDS: Final = 30.0


class UnforkableError(Exception):
    """A zygote cannot be forked, for the reason given; a worker has to be executed."""


class LateError(TimeoutError):
    """A zygote did not get ready in the time that a worker has for that."""


class ForkedProcess:
    """A process that was forked, as :class:`subprocess.Popen` would show it.

    Attributes:
        pid: Of the process, which is a child of this one.
        returncode: Set by :meth:`wait`; negative for a signal.
    """

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.returncode: int | None = None

    def wait(self) -> int:
        """Wait until it has ended, and return how."""
        if self.returncode is None:
            try:
                _, status = os.waitpid(self.pid, 0)
            except ChildProcessError:  # it ended before anybody knew of it
                self.returncode = 1
            else:
                self.returncode = os.waitstatus_to_exitcode(status)
        return self.returncode

    def send_signal(self, number: int) -> None:
        """Send it a signal, unless it has been waited for."""
        if self.returncode is None:
            os.kill(self.pid, number)


class Zygote:
    """A process to fork workers from. Whoever made it calls :meth:`close`.

    Args:
        process: A child of this process that leads a process group and serves *channel*.
        channel: This process's end of the socket pair.
    """

    def __init__(
        self, process: subprocess.Popen[bytes] | ForkedProcess, channel: socket.socket
    ) -> None:
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0):
            raise OSError(ctypes.get_errno(), "cannot adopt the children of a zygote")
        self._root = ""
        self._is_closed = False
        self._has_ended = False
        self._asking = asyncio.Lock()
        self._refused = ""
        self._is_late = False
        self._has_answered = False
        self._has_died = False
        self._is_shown = False
        self._on_death: Callable[[int], None] | None = None
        self._watching = contextlib.ExitStack()
        self._patience: float | None = None
        self._process = process
        awaited.add(process.pid)
        self._channel = channel
        self._channel.setblocking(False)

    @classmethod
    def execute(cls, environment: Mapping[str, str], output: int | None = None) -> "Zygote":
        """Start one in a new interpreter, from a process that cannot be forked itself.

        Args:
            environment: Of the process.
            output: Descriptor that it prints to; None for this process's standard error.
        """
        ours, theirs = socket.socketpair()
        with theirs:
            process = subprocess.Popen(
                [sys.executable, "-m", "seamline.worker.zygote"],
                env={**environment, ZYGOTE_VARIABLE: str(theirs.fileno())},
                pass_fds=[theirs.fileno()],
                stderr=output,
                process_group=0,  # with what libraries start while they are imported
            )
        return cls(process, ours)

    async def check(self) -> int | None:
        """Wait until everything is imported.

        Returns:
            None when workers can be forked from it; otherwise of how many libraries, from the
            first, they could be.

        Raises:
            OSError: It was closed.
        """
        async with self._asking:
            try:
                answer = await self._ask(Check(), ())
            except UnforkableError:
                return 0
            if isinstance(answer, Refused):
                self._refuse(answer.reason)
                return answer.harmless
            return None

    def watch(self, on_death: Callable[[int], None]) -> None:
        """Have its end told, should it come by itself, with what :class:`ForkedProcess` returns.

        Raises:
            OSError: There is no room for another descriptor.
        """
        loop = asyncio.get_running_loop()
        pidfd = os.pidfd_open(self._process.pid)
        self._on_death = on_death
        self._watching.callback(os.close, pidfd)
        self._watching.callback(loop.remove_reader, pidfd)
        loop.add_reader(pidfd, self._died, "the zygote has ended")

    @property
    def refused(self) -> str:
        """Why nothing can be forked from it, or can any more, as is known by now; or nothing."""
        return self._refused

    @property
    def has_died(self) -> bool:
        """Whether it has ended by itself."""
        return self._has_died

    @property
    def state(self) -> str:
        """``starting`` until it has answered for the first time, then ``ready``; ``stopped``."""
        if self._has_ended:
            return "stopped"
        return "ready" if self._has_answered else "starting"

    @property
    def pid(self) -> int:
        """Its process."""
        return self._process.pid

    async def preload(
        self, root: str, environment: Mapping[str, str], libraries: Sequence[str]
    ) -> None:
        """Have it import what every worker imports. Does not wait until it has.

        Args:
            root: Directory of the application.
            environment: Of the process meanwhile; workers have one of their own.
            libraries: Dotted names of modules, in the order in which workers import them.
        """
        self._root = root
        with contextlib.suppress(UnforkableError):  # as the first fork will say
            await self._order(Preload(root, dict(environment), tuple(libraries)), ())

    async def load(
        self, root: str, environment: Mapping[str, str], log_level: str, seconds: float
    ) -> None:
        """Have it load the application of a group. Does not wait until it has.

        Args:
            root: Directory of the application.
            environment: Of the group's workers.
            log_level: Of what Seamline logs there.
            seconds: That :meth:`fork` waits for it at most.
        """
        self._root = root
        self._patience = seconds
        with contextlib.suppress(UnforkableError):  # as the first fork will say
            await self._order(Load(root, dict(environment), log_level), ())

    async def fork(
        self, environment: Mapping[str, str], outputs: tuple[int, int], handover: Handover
    ) -> ForkedProcess:
        """Fork a worker, once everything is imported or loaded.

        Args:
            environment: Of the worker, complete.
            outputs: Descriptors of its standard output and error; the caller's own to close.
            handover: What it is given.

        Raises:
            UnforkableError: No worker was made; one can be executed instead.
            LateError: Nor was one, and the time for it is over. The next can be executed.
            OSError: It was closed: no worker is wanted any more.
        """
        has_waited = self._asking.locked()
        async with self._asking:
            if has_waited and self._is_late:
                raise LateError(self._refused)
            order = Fork(self._root, dict(environment), handover)
            answer = await self._ask(order, (*outputs, *handover.descriptors()))
            if isinstance(answer, Forked):
                awaited.add(answer.pid)
                return ForkedProcess(answer.pid)
            if isinstance(answer, NotNow):
                raise UnforkableError(answer.reason)
            assert isinstance(answer, Refused)
            self._refuse(answer.reason)
            raise UnforkableError(self._refused)

    def _refuse(self, reason: str) -> None:
        self._refused = reason
        self._end()  # what it started while it imported must not go on beside the workers

    async def _ask(self, order: Check | Fork, descriptors: Sequence[int]) -> Answer:
        """Send an order and wait for the answer. Raises as :meth:`fork`."""
        self._check_open()
        if self._refused:
            raise UnforkableError(self._refused)
        try:
            await self._order(order, descriptors)
            async with asyncio.timeout(self._patience):
                answer = await self._answer()
        except TimeoutError:
            self._refused, self._is_late = f"it gave no answer for {self._patience:g} s", True
            await self.show()
            self._end()
            raise LateError(self._refused) from None
        except BaseException:
            self._close_channel()
            raise
        self._has_answered = True
        self._patience = _ANSWER_SECONDS  # from now on it has nothing else to do
        return answer

    async def _order(
        self, order: Preload | Load | Check | Fork, descriptors: Sequence[int]
    ) -> None:
        text = msgspec.json.encode(order)
        try:
            # A few bytes into a buffer that was read empty before: they always fit.
            socket.send_fds(self._channel, [LENGTH.pack(len(text))], descriptors)
            await asyncio.get_running_loop().sock_sendall(self._channel, text)
        except OSError as exc:
            self._check_open()
            self._died(f"the zygote has ended: {exc.strerror}")
            raise UnforkableError(self._refused) from exc

    async def _answer(self) -> Answer:
        loop = asyncio.get_running_loop()
        line = b""
        with contextlib.suppress(OSError):
            while not line.endswith(b"\n") and len(line) < _MAX_ANSWER_BYTES:
                received = await loop.sock_recv(self._channel, _MAX_ANSWER_BYTES)
                if not received:
                    break
                line += received
        self._check_open()
        if not line.endswith(b"\n"):
            self._died("the zygote has ended")  # it is reaped, at least
            raise UnforkableError(self._refused)
        answer: Answer = msgspec.json.decode(line, type=Answer)
        return answer

    def _check_open(self) -> None:
        if self._is_closed:
            raise OSError("the run is over")

    def _close_channel(self) -> None:
        if self._is_closed:
            self._channel.close()

    async def show(self) -> None:
        """Have it write where its thread is, if it is still importing, and end from that.

        Does not wait for longer than a moment: what it writes may have to be read first.
        """
        if not self._is_alive() or not self._asking.locked():
            return
        # Both who waits for the run and who waits for a fork may ask; a second signal would end
        # it before all is written.
        if not self._is_shown:
            self._is_shown = True
            self._unwatch()  # its end is no surprise
            self._process.send_signal(signal.SIGABRT)
        until = asyncio.get_running_loop().time() + _SHOW_SECONDS
        # Whoever waits for a fork may have it end meanwhile.
        while self._is_alive() and asyncio.get_running_loop().time() < until:
            flags = os.WEXITED | os.WNOHANG | os.WNOWAIT
            if os.waitid(os.P_PID, self._process.pid, flags) is not None:  # noqa: ASYNC222 - looks
                return
            await asyncio.sleep(_LOOK_SECONDS)

    def _died(self, reason: str) -> None:
        """Take note of an end that nobody asked for."""
        if self._has_ended:
            return
        self._refused, self._has_died = reason, True
        on_death = self._on_death
        self._end()
        if on_death is not None and self._process.returncode is not None:
            on_death(self._process.returncode)

    def _unwatch(self) -> None:
        self._on_death = None
        self._watching.close()

    def _is_alive(self) -> bool:
        return not self._has_ended

    def close(self) -> None:
        """End it. Workers that were forked from it live on. Doing it again does nothing."""
        if self._is_closed:
            return
        self._is_closed = True
        self._end()
        # Whoever waits for an answer reads its end from the channel, and closes it.
        if not self._asking.locked():
            self._channel.close()

    def _end(self) -> None:
        if self._has_ended:
            return
        self._has_ended = True
        self._unwatch()
        # It may be importing, and holds nothing that it would have to give back. Before it is
        # reaped its number cannot be taken by another process group.
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        awaited.discard(self._process.pid)
