"""A caller's connection in an event loop: many calls at a time, a C future for each."""

import asyncio
import math
import socket
from collections.abc import Sequence
from time import monotonic
from typing import Final

from seamline.errors import SeamError, Unavailable, WireError
from seamline.rpc.greeting import Introduction, NotTaken, error_of
from seamline.transport import LoopChannel
from seamline.wire import (
    CALL,
    CANCEL,
    CLOSE,
    ERROR,
    FLAG_NOT_STARTED,
    GIVE,
    GOAWAY,
    HEADER,
    ITEM,
    PING,
    PONG,
    PULL,
    RESULT,
    Frame,
    State,
    pack,
)

_LAST_STREAM: Final = 0xFFFFFFFF
#: How a future ends: an answer, or why there is none.
Outcome = Frame | Exception


class LoopLink(LoopChannel):
    """A connection of one event loop to one worker. Only that loop's thread may use it.

    Futures end with a frame or with an exception *as a value*: what ``await`` raises is
    then always our own cancellation and never the callee's.

    Attributes:
        worker: The worker whose socket it came by.
        ready: Ends when the handshake has: with ``None`` or the exception that ended it.
        verdicts: How each function of our table may be called.
        is_draining: Whether the worker said that it is leaving.
    """

    # What is unsent here is bounded by the calls that this process makes at a time.
    always_reads = True

    def __init__(
        self,
        sock: socket.socket,
        loop: asyncio.AbstractEventLoop,
        introduction: Introduction,
        worker: str,
    ) -> None:
        self.worker = worker
        self._introduction = introduction
        self._connection = introduction.connection
        self.buffer = self._connection.buffer  # type: ignore[method-assign]  # saves a call per read
        self.ready: asyncio.Future[Exception | None] = loop.create_future()
        self.verdicts: list[int | str] = []
        self.is_draining = False
        self._pending: dict[int, asyncio.Future[Outcome]] = {}
        self._deadlines: dict[int, float] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._alarm = math.inf
        self._stream = 0
        # Streams whose caller may ask again and whose end has not come.
        self._open_streams: set[int] = set()
        super().__init__(sock, loop)
        self.write_now(introduction.hello())

    @property
    def host(self) -> str:
        """The worker that answers: another one while it accepts for the one that was asked."""
        return self._introduction.host

    @property
    def load(self) -> int:
        """How many answers are awaited."""
        return len(self._pending)

    def call(
        self, function: int, flags: int, body: bytes, ms: int, deadline: float
    ) -> tuple[int, "asyncio.Future[Outcome]"]:
        """Send a call; return its stream and the future of its first answer."""
        stream = self._stream + 1
        if stream > _LAST_STREAM:
            stream = 1
        pending = self._pending
        while stream in pending:  # one that has waited for four milliards of calls
            stream = stream % _LAST_STREAM + 1
        self._stream = stream
        data = HEADER.pack(len(body), stream, function, CALL, flags, ms) + body
        # As in _ask; written out, because every call comes through here.
        future: asyncio.Future[Outcome] = self.loop.create_future()
        pending[stream] = future
        if deadline < math.inf:
            self._deadlines[stream] = deadline
            if deadline < self._alarm:
                self._set_alarm(deadline)
        if len(pending) > 1:
            self.write(data)
        elif not self.write_now(data):
            self._settle(stream, NotTaken(_gone()))
        return stream, future

    def step(  # noqa: PLR0917 - keywords cost on the path of every item
        self, stream: int, kind: int, flags: int, body: bytes, ms: int, deadline: float
    ) -> "asyncio.Future[Outcome]":
        """Ask an open stream for its next answer."""
        return self._ask(
            stream, HEADER.pack(len(body), stream, 0, kind, flags, ms) + body, deadline
        )

    def cancel(self, stream: int) -> "asyncio.Future[Outcome] | None":
        """Ask the worker to cancel a call; return a new future of its answer.

        ``None`` when no answer is to come: it came before whoever cancelled could say so.
        """
        if stream not in self._pending:
            return None
        future = self._pending[stream] = self.loop.create_future()
        self.write(pack(CANCEL, stream))
        return future

    def received(self, count: int) -> None:
        """Take bytes from the worker."""
        try:
            pending = self._pending
            for frame in self._connection.received(count):
                # The common answer first and in place: a method call each would cost a tenth.
                if frame[0] == RESULT and frame[1] in pending:
                    stream = frame[1]
                    future = pending.pop(stream)
                    self._deadlines.pop(stream, None)
                    if not future.done():
                        future.set_result(frame)
                else:
                    self._take(frame)
            if self.is_draining:
                self.retire()
        except (SeamError, NotTaken) as error:
            self._fail(error)
            self.close()

    def lost(self, error: OSError | None, unsent: Sequence[bytes | memoryview]) -> None:
        """Tell everyone who waits."""
        if self._timer is not None:
            self._timer.cancel()
        reason = error or ConnectionResetError("the worker closed the connection")
        gone = _gone()
        for data in unsent:
            # A piece is one frame; what was begun is a view and counts as sent.
            if type(data) is bytes and HEADER.unpack_from(data)[3] == CALL:
                self._settle(HEADER.unpack_from(data)[1], NotTaken(gone))
        self._fail(reason)

    def retire(self) -> None:
        """Close as soon as nothing is awaited any more."""
        self.is_draining = True
        if not self._pending and not self._open_streams:
            self.close()

    def hold(self, stream: int) -> None:
        """Keep the connection while a stream is open between its steps."""
        self._open_streams.add(stream)

    def ended(self, stream: int) -> None:
        """Note that a call with iterators has its answer."""
        self._open_streams.discard(stream)
        if self.is_draining:
            self.retire()

    def give_up(self, stream: int) -> None:
        """Answer the host, which asks for an item, with nothing: nobody waits any more."""
        if not self.is_lost:
            future = self._pending[stream] = self.loop.create_future()
            future.set_result(TimeoutError("nobody waits"))
            self.write(pack(GIVE, stream))
            self.write(pack(CANCEL, stream))

    def release(self, stream: int) -> None:
        """Ask a stream no more: it is closed over there, unless its end has come.

        Nothing is sent for one that has ended: to its worker that would be a step of a
        stream that is not open, which ends the connection and every other call on it.
        """
        if stream in self._open_streams:
            self._open_streams.discard(stream)
            # While a step runs it is left: its answer will find nobody waiting.
            if stream not in self._pending:
                self._close_stream(stream)
        if self.is_draining:
            self.retire()

    def _close_stream(self, stream: int) -> None:
        if not self.is_lost:
            future = self._pending[stream] = self.loop.create_future()
            future.set_result(TimeoutError("nobody waits"))
            self.write(pack(CLOSE, stream))

    def _ask(self, stream: int, data: bytes, deadline: float) -> "asyncio.Future[Outcome]":
        future: asyncio.Future[Outcome] = self.loop.create_future()
        pending = self._pending
        pending[stream] = future
        if deadline < math.inf:
            self._deadlines[stream] = deadline
            if deadline < self._alarm:
                self._set_alarm(deadline)
        if len(pending) > 1:
            self.write(data)
        elif not self.write_now(data):
            self._settle(stream, NotTaken(_gone()))
        return future

    def _take(self, frame: Frame) -> None:
        kind, stream = frame[0], frame[1]
        if kind == PING:
            self.write(pack(PONG))
        elif kind == GOAWAY and self.ready.done():
            self.retire()
        elif not self.ready.done():
            self._introduce(frame)
        elif kind != PONG:
            future = self._pending.pop(stream, None)
            if future is None:
                raise WireError("the worker answered a call that was not made")
            self._deadlines.pop(stream, None)
            if kind not in {ITEM, PULL}:
                self._open_streams.discard(stream)
            if future.done():
                self._drop(kind, stream)
            elif kind == ERROR and frame[3] & FLAG_NOT_STARTED:
                future.set_result(NotTaken(error_of(frame[5])))
            else:
                future.set_result(frame)

    def _drop(self, kind: int, stream: int) -> None:
        """Take what nobody waits for, and nobody will ask about again."""
        if kind == PULL:
            self.give_up(stream)
        elif kind == ITEM and stream not in self._open_streams:
            self._close_stream(stream)

    def _introduce(self, frame: Frame) -> None:
        reply = self._introduction.answer(frame)
        if reply is not None:
            self.write_now(reply)
        if self._connection.state is State.OPEN:
            self.verdicts = self._introduction.verdicts
            self.ready.set_result(None)

    def _settle(self, stream: int, outcome: Outcome) -> None:
        self._deadlines.pop(stream, None)
        future = self._pending.pop(stream, None)
        if future is not None and not future.done():
            future.set_result(outcome)

    def _fail(self, error: Exception) -> None:
        if not self.ready.done():
            self.ready.set_result(error)
        for stream in list(self._pending):
            self._settle(stream, error)

    def _set_alarm(self, deadline: float) -> None:
        # One timer per connection instead of one per call: it is set for the earliest
        # deadline seen and, since most calls end before theirs, rarely rings.
        if self._timer is not None:
            self._timer.cancel()
        self._alarm = deadline
        self._timer = self.loop.call_later(max(deadline - monotonic(), 0), self._ring)

    def _ring(self) -> None:
        self._timer = None
        self._alarm = math.inf
        now = monotonic()
        for stream, deadline in list(self._deadlines.items()):
            if deadline <= now:
                self._expire(stream)
        if self._deadlines:
            self._set_alarm(min(self._deadlines.values()))

    def _expire(self, stream: int) -> None:
        """Give up waiting; the place stays taken until the worker answers."""
        del self._deadlines[stream]
        future = self._pending[stream]
        if not future.done():
            future.set_result(TimeoutError("the deadline passed"))
            self.write(pack(CANCEL, stream))


def _gone() -> Unavailable:
    return Unavailable("the worker closed the connection before the call was sent")
