"""A connection served by the worker's event loop: many calls at a time, each its own task."""

import asyncio
import logging
import socket
from collections.abc import Callable, Coroutine, Sequence
from contextvars import Context
from typing import Any, Final, Protocol

from seamline.errors import Overloaded, SeamError, Unavailable, WireError
from seamline.interface import Kind
from seamline.rpc.dispatch import (
    Answer,
    Incoming,
    check_callable,
    fault,
    not_started,
    run_async,
)
from seamline.rpc.greeting import Reception, draining
from seamline.rpc.held import HeldAsyncStream, Step
from seamline.rpc.threads import tell_leaving
from seamline.transport import LoopChannel
from seamline.wire import (
    CALL,
    CANCEL,
    ERROR,
    FLAG_CANCELLED,
    FLAG_PULLS,
    GIVE,
    GOAWAY,
    HEADER,
    ITEM,
    PING,
    PONG,
    PULL,
    Frame,
    pack,
)

_log = logging.getLogger("seamline.rpc")
_ASYNC: Final = Kind.ASYNC  # reaching for a member of an Enum runs Python code in 3.11
_STREAMS: Final = frozenset({Kind.ASYNC_GENERATOR, Kind.ASYNC_CONTEXT_MANAGER})


class Worker(Protocol):
    """What a connection needs of the server it belongs to."""

    worker: str
    clock: Callable[[], float]
    in_flight: int
    limit: int

    def gone(self, connection: "LoopConnection") -> None:
        """Note that the connection has ended."""


class Running:
    """One call that has a task."""

    __slots__ = ("given", "is_cancelled", "is_told", "task")

    def __init__(self) -> None:
        self.task: asyncio.Task[None] | None = None
        self.is_cancelled = False
        # Whether the cancellation came while the function ran, which then answers to it.
        self.is_told = False
        # What the caller was asked for of its iterators.
        self.given: asyncio.Future[bytes] | None = None

    def cancel(self, loop: asyncio.AbstractEventLoop) -> None:
        """Cancel the task, after it has begun: as in one process, a call starts at once."""
        self.is_cancelled = True
        if self.task is not None:
            loop.call_soon(self._cancel_task)

    def _cancel_task(self) -> None:
        if self.task is not None and self.task.cancel():
            self.is_told = True

    def was_cancelled(self) -> bool:
        """Return whether the caller gave the call up."""
        return self.is_cancelled


class RunningStream(Running):
    """One stream: its generator, and what its caller asked of it."""

    __slots__ = ("held", "is_stepping", "steps")

    def __init__(self) -> None:
        super().__init__()
        self.held: HeldAsyncStream | None = None
        self.is_stepping = True
        self.steps: asyncio.Queue[tuple[Step, float | None]] = asyncio.Queue()

    def cancel(self, loop: asyncio.AbstractEventLoop) -> None:
        """Cancel the step that runs; between steps there is nothing to cancel."""
        if self.is_stepping:
            self.is_cancelled = True
            loop.call_soon(self._cancel_step)

    def _cancel_step(self) -> None:
        # The step may have ended since: then the frame it yielded waits to be asked again.
        if self.is_stepping:
            self._cancel_task()


class LoopConnection(LoopChannel):
    """One connection in ``loop`` mode, past its handshake.

    Attributes:
        via: The listening socket that it came by.
    """

    def __init__(
        self,
        sock: socket.socket,
        loop: asyncio.AbstractEventLoop,
        reception: Reception,
        worker: Worker,
        via: socket.socket | None = None,
    ) -> None:
        self.via = via
        self._connection = reception.connection
        self._bindings = reception.bindings
        self._caller = reception.caller
        self._callers = ((reception.caller, False),)
        self._worker = worker
        self._running: dict[int, Running] = {}
        self._is_draining = False
        self.buffer = self._connection.buffer  # type: ignore[method-assign]  # saves a call per read
        super().__init__(sock, loop)

    def drain(self) -> None:
        """Tell the caller to go; what it sends before it knows is answered, not started."""
        self._is_draining = True
        self._connection.sent(GOAWAY)
        self.write_now(tell_leaving(self._worker.worker))

    def resume(self) -> None:
        """Take what arrived together with the end of the handshake."""
        self.received(0)

    def received(self, count: int) -> None:
        """Take bytes from the caller."""
        try:
            for frame in self._connection.received(count):
                self._take(frame)
        except WireError as error:
            _log.warning("[wire] connection of %s closed: %s", self._caller, error)
            self.close()

    def lost(self, _error: OSError | None, _unsent: Sequence[bytes | memoryview]) -> None:
        """Cancel what runs for a caller that is gone."""
        for running in list(self._running.values()):
            Running.cancel(running, self.loop)  # a stream also between its steps
            if running.given is not None and not running.given.done():
                running.given.set_exception(Unavailable(f"{self._caller} is gone"))
        self._worker.gone(self)

    def _take(self, frame: Frame) -> None:
        kind, stream = frame[0], frame[1]
        if kind == CALL:
            self._call(stream, frame)
        elif kind == CANCEL:
            running = self._running.get(stream)
            if running is not None:
                running.cancel(self.loop)
        elif kind == PING:
            self.write(pack(PONG))
        elif kind != PONG:
            self._step(self._running.get(stream), frame)

    def _call(self, stream: int, frame: Frame) -> None:
        worker = self._worker
        if self._is_draining or worker.in_flight >= worker.limit:
            self._turn_away(stream)
            return
        if stream in self._running:
            raise WireError(f"stream {stream} was opened twice")
        running: Running
        run: Coroutine[Any, Any, None]
        function = frame[2]
        try:
            binding = self._bindings[function] if function < len(self._bindings) else None
            if binding is None or not binding.is_open:
                binding = check_callable(binding)
            kind = binding.hosted.kind
            now = worker.clock()
            if kind is _ASYNC:
                running = Running()
                incoming = Incoming(binding, frame, self._callers, now, running.was_cancelled)
                run = self._serve(stream, incoming)
            elif kind in _STREAMS:
                running = RunningStream()
                incoming = Incoming(binding, frame, self._callers, now, running.was_cancelled)
                running.held = HeldAsyncStream(incoming)
                run = self._serve_stream(stream, running, running.held)
            else:
                raise WireError(f"{binding.name} is {kind}: it needs mode thread")
            if frame[3] & FLAG_PULLS:
                incoming.connect(lambda question: self._pull(stream, running, question))
        except SeamError as error:
            self._reply(stream, fault(error))
            return
        worker.in_flight += 1
        self._running[stream] = running
        loop = self.loop
        if loop.get_task_factory() is None:  # what create_task does then, without its detour
            running.task = asyncio.Task(run, loop=loop, name=binding.name, context=Context())
        else:
            running.task = loop.create_task(run, name=binding.name, context=Context())

    def _turn_away(self, stream: int) -> None:
        worker = self._worker
        if self._is_draining:
            self._reply(stream, not_started(draining(worker.worker)))
            return
        why = f"worker {worker.worker} has {worker.in_flight} calls in flight"
        self._reply(stream, not_started(Overloaded(f"{why} (limits.in_flight)")))

    async def _serve(self, stream: int, incoming: Incoming) -> None:
        answer = await run_async(incoming)
        self._worker.in_flight -= 1
        # Ends the cycle task, context, situation, running: garbage nobody has to look for.
        running = self._running.pop(stream)
        running.task = None
        self._reply(stream, answer, is_told=running.is_told)

    def _pull(self, stream: int, running: Running, question: bytes) -> "asyncio.Future[bytes]":
        """Ask the caller for an item of an iterator."""
        running.given = future = self.loop.create_future()
        if self.is_lost:
            future.set_exception(Unavailable(f"{self._caller} is gone"))
        else:
            self.write(HEADER.pack(len(question), stream, 0, PULL, 0, 0) + question)
        return future

    def _step(self, running: Running | None, frame: Frame) -> None:
        if frame[0] == GIVE:
            if running is None or running.given is None or running.given.done():
                raise WireError("an item came that was not asked for")
            running.given.set_result(frame[5])
            return
        if not isinstance(running, RunningStream) or running.held is None:
            raise WireError("a step came for a stream that is not open")
        if running.is_stepping:
            raise WireError("a step came before the answer to the last one")
        running.is_stepping = True
        running.is_cancelled = running.is_told = False
        deadline = self._worker.clock() + frame[4] / 1000 if frame[4] else None
        running.steps.put_nowait((Step(running.held.incoming, frame), deadline))

    async def _serve_stream(
        self,
        stream: int,
        running: RunningStream,
        held: HeldAsyncStream,
    ) -> None:
        answer: Answer = (ERROR, 0, b"")
        try:
            answer = await held.begin()
            while answer[0] == ITEM and not self.is_lost:
                running.is_stepping = False
                self._reply(stream, answer, is_told=running.is_told)
                step, deadline = await running.steps.get()
                answer = await held.step(step, deadline)
        except asyncio.CancelledError:
            _log.debug("the caller of %s is gone", held.incoming.binding.name)
        finally:
            self._worker.in_flight -= 1
            self._running.pop(stream, None)
        if self.is_lost:
            await self._abandon(held)
        else:
            self._reply(stream, answer, is_told=running.is_told)

    async def _abandon(self, held: HeldAsyncStream) -> None:
        try:
            await held.abandon()
        except Exception:  # noqa: BLE001 - the application's clean-up; nobody is left to tell
            _log.exception("a stream of %s could not be closed", held.incoming.binding.name)

    def _reply(self, stream: int, answer: Answer, *, is_told: bool = False) -> None:
        if self.is_lost:
            return
        kind, flags, body = answer
        if is_told:
            flags |= FLAG_CANCELLED
        data = HEADER.pack(len(body), stream, 0, kind, flags, 0) + body
        if self._running:
            self.write(data)
        else:
            self.write_now(data)
