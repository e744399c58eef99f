"""A connection served by one thread: read a call, run it here, write the answer.

The thread that reads is the thread that runs, so a synchronous call costs no hand-over.
"""

import logging
import socket
import threading
from collections.abc import Callable
from typing import Final, Protocol

from seamline.errors import DeadlineExceeded, Overloaded, SeamError, Unavailable, WireError
from seamline.interface import Kind
from seamline.rpc.dispatch import (
    Answer,
    Incoming,
    check_callable,
    fault,
    not_started,
    run_sync,
)
from seamline.rpc.gate import Gate
from seamline.rpc.greeting import Reception, draining
from seamline.rpc.held import HeldStream, Step
from seamline.transport import BlockingChannel
from seamline.wire import (
    CALL,
    CANCEL,
    FLAG_PULLS,
    GIVE,
    GOAWAY,
    HEADER,
    ITEM,
    PING,
    PONG,
    PULL,
    Farewell,
    Frame,
    pack,
    pack_message,
)

_log = logging.getLogger("seamline.rpc")
_STREAMS: Final = frozenset({Kind.GENERATOR, Kind.CONTEXT_MANAGER})
_SYNC: Final = Kind.SYNC  # reaching for a member of an Enum runs Python code in 3.11


class Worker(Protocol):
    """What a connection needs of the server it belongs to."""

    worker: str
    group: str
    gate: Gate
    clock: Callable[[], float]


class ThreadConnection:
    """One connection in ``thread`` mode, past its handshake.

    Attributes:
        via: The listening socket that it came by.
    """

    def __init__(
        self,
        channel: BlockingChannel,
        reception: Reception,
        worker: Worker,
        via: socket.socket | None = None,
    ) -> None:
        self.via = via
        self._channel = channel
        self._connection = reception.connection
        self._bindings = reception.bindings
        self._caller = reception.caller
        self._callers = ((reception.caller, False),)
        self._worker = worker
        self._prefix = worker.group + "."
        self._is_from_here = reception.caller.startswith(self._prefix)
        self._stream = 0
        self._held: HeldStream | None = None
        # Guards the choice between "a stream begins" and "nothing more may come".
        self._lock = threading.Lock()
        self._holds = False
        self._answers = False
        self._is_draining = False

    @property
    def is_busy(self) -> bool:
        """Whether a stream is open, or a call was taken whose answer is not sent yet."""
        return self._holds or self._answers

    def serve(self) -> None:
        """Serve until the caller closes, the connection breaks or the worker has drained."""
        try:
            while count := self._channel.receive(self._connection.buffer()):
                for frame in self._connection.received(count):
                    self._take(frame)
        except WireError as error:
            _log.warning("[wire] connection of %s closed: %s", self._caller, error)
        except OSError as error:
            _log.debug("connection of %s lost: %s", self._caller, error)
        finally:
            self._channel.close()
            self._abandon()

    def drain(self) -> None:
        """Take nothing new: an idle connection ends now, a busy one after its answer."""
        with self._lock:
            self._is_draining = True
            if not self._holds:
                self._channel.stop_receiving()

    def close(self) -> None:
        """End the connection now; a running function sees itself cancelled."""
        self._channel.disconnect()

    def _take(self, frame: Frame) -> None:
        kind, stream = frame[0], frame[1]
        if kind == CALL:
            if self._holds:
                raise WireError("a second call came while a stream was held")
            self._stream = stream
            self._reply(self._call(frame))
        elif kind == PING:
            self._channel.send(pack(PONG))
        elif kind == PONG:
            return
        elif kind == CANCEL or self._held is None or stream != self._stream:
            raise WireError("a step came for a stream that is not open")
        else:
            self._reply(self._step(frame))

    def _reply(self, answer: Answer) -> None:
        kind, flags, body = answer
        if kind != ITEM and self._holds:
            self._release()
        self._channel.send(HEADER.pack(len(body), self._stream, 0, kind, flags, 0), body)
        self._answers = False

    def _call(self, frame: Frame) -> Answer:
        worker = self._worker
        now = worker.clock()
        try:
            binding = self._bindings[frame[2]] if frame[2] < len(self._bindings) else None
            if binding is None or not binding.is_open:
                binding = check_callable(binding)
            kind = binding.hosted.kind
            holds = kind is not _SYNC
            if holds and kind not in _STREAMS:
                raise WireError(f"{binding.name} is {kind}: it needs mode loop")
            incoming = Incoming(binding, frame, self._callers, now, self._is_cancelled)
            pulls = frame[3] & FLAG_PULLS != 0
            if not self._may_start(holds=holds or pulls):
                return not_started(draining(worker.worker))
            if pulls:
                incoming.connect(self._pull)
        except SeamError as error:
            return fault(error)
        if not holds:
            return self._inside(incoming, incoming.deadline, lambda: run_sync(incoming))
        self._held = held = HeldStream(incoming)
        return self._inside(incoming, incoming.deadline, held.begin)

    def _pull(self, question: bytes) -> bytes:
        """Ask the caller for an item of an iterator; it waits for us, and we for it."""
        head = HEADER.pack(len(question), self._stream, 0, PULL, 0, 0)
        try:
            self._channel.send(head, question)
            while count := self._channel.receive(self._connection.buffer()):
                for frame in self._connection.received(count):
                    if frame[0] == GIVE and frame[1] == self._stream:
                        return frame[5]
                    self._take_aside(frame)
        except WireError:
            self._channel.disconnect()
            raise
        except OSError as error:
            raise Unavailable(f"{self._caller} is gone, whose iterator was asked") from error
        raise Unavailable(f"{self._caller} is gone, whose iterator was asked")

    def _take_aside(self, frame: Frame) -> None:
        if frame[0] not in {PING, PONG}:
            raise WireError("something else than an item came from the caller")
        self._take(frame)

    def _step(self, frame: Frame) -> Answer:
        held = self._held
        assert held is not None
        step = Step(held.incoming, frame)
        deadline = self._worker.clock() + frame[4] / 1000 if frame[4] else None
        # A step may not be refused for want of room: the frame it resumes is already running.
        return self._inside(held.incoming, deadline, lambda: held.step(step, deadline), step=True)

    def _inside(
        self,
        incoming: Incoming,
        deadline: float | None,
        run: Callable[[], Answer],
        *,
        step: bool = False,
    ) -> Answer:
        """Run with one of the worker's threads, or beyond them if one of them waits for us."""
        worker = self._worker
        if incoming.chain is self._callers:
            again = step or self._is_from_here
        else:
            again = step or any(hop[0].startswith(self._prefix) for hop in incoming.chain)
        try:
            entered = worker.gate.enter(deadline, at_once=again)
        except OverflowError:
            return not_started(
                Overloaded(f"worker {worker.worker} has {worker.gate.waiting} calls waiting")
            )
        if not entered:
            name = incoming.binding.name
            return fault(
                DeadlineExceeded(f"{name} was not started: its deadline passed while it queued")
            )
        try:
            return run()
        finally:
            worker.gate.leave()

    def _may_start(self, *, holds: bool) -> bool:
        with self._lock:
            if self._is_draining:
                return False
            self._holds = holds
            self._answers = True
            return True

    def _release(self) -> None:
        self._held = None
        with self._lock:
            self._holds = False
            if self._is_draining:
                self._channel.stop_receiving()

    def _is_cancelled(self) -> bool:
        # A caller that gives up closes its connection: it has no other call on it.
        return self._channel.is_peer_gone()

    def _abandon(self) -> None:
        held, self._held = self._held, None
        if held is None:
            return
        try:
            held.abandon()
        except Exception:  # noqa: BLE001 - the application's clean-up; nobody is left to tell
            _log.exception("a stream of %s could not be closed", held.incoming.binding.name)


def tell_leaving(worker: str) -> bytes:
    """Return the GOAWAY of a worker that drains."""
    error = draining(worker)
    return pack(GOAWAY, body=pack_message(Farewell(error.code, str(error))))
