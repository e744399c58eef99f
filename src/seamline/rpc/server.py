"""The host: takes connections on the worker's sockets and serves the calls on them.

Connections are accepted and greeted in threads, not in the event loop: a caller must be
able to come back to a worker whose loop stands still in a synchronous call of its own.
"""

import asyncio
import logging
import select
import socket
import threading
import time
from collections.abc import Callable
from os import close, eventfd, eventfd_write
from typing import Any, Final

from seamline.errors import Overloaded, SeamError, WireError
from seamline.plan import Limits
from seamline.rpc.binding import Bindings
from seamline.rpc.gate import Gate
from seamline.rpc.greeting import Reception, draining
from seamline.rpc.loop_connection import LoopConnection
from seamline.rpc.model import Hosted, Identity
from seamline.rpc.threads import ThreadConnection
from seamline.transport import BlockingChannel
from seamline.wire import State

_log = logging.getLogger("seamline.rpc")

# A caller that is one of ours says everything within a millisecond; a stalled machine needs
# more. Strangers can hold this many greetings, each of 4 KiB, for this long.
GREETING_SECONDS: Final = 5.0
GREETINGS: Final = 64
# After the last answer, how long callers may take to notice that we are leaving.
LINGER_SECONDS: Final = 1.0
# Then, how long reading what has arrived may take: it is there already.
_LAST_SECONDS: Final = 1.0


class Server:
    """Serves calls in one worker process.

    Args:
        resolve: Returns the hosted function of an address; raises ``LookupError``. It is
            asked with ``module:name@line`` and, when that is not hosted, ``module:name``.
        identity: Who this worker is, and the run's secret.
        threads: Synchronous calls that run at a time; more wait their turn.
        limits: What callers may ask for.
    """

    def __init__(
        self,
        resolve: Callable[[str], Hosted],
        *,
        identity: Identity,
        threads: int = 8,
        limits: Limits | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.limits = limits or Limits()
        self.worker = identity.worker
        self.group = identity.group
        self.clock = clock
        self.gate = Gate(threads, self.limits.in_flight, clock=clock)
        self.in_flight = 0
        self.limit = self.limits.in_flight
        self._identity = identity
        self._bindings = Bindings(resolve, self.limits.frame_bytes)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._acceptors: dict[socket.socket, Acceptor] = {}
        self._threaded: set[ThreadConnection] = set()
        self._looped: set[LoopConnection] = set()
        self._changed = asyncio.Event()
        self._is_draining = False
        self._greetings = threading.BoundedSemaphore(GREETINGS)

    async def start(self, sock: socket.socket) -> None:
        """Begin to serve a listening socket. May be called for several; closes none of them."""
        self._loop = asyncio.get_running_loop()
        self._acceptors[sock] = Acceptor(sock, self._greet_in_thread, self.worker)

    async def leave(self, sock: socket.socket) -> None:
        """Accept no more on one of the sockets, and have who came by it come by it again.

        Calls that run are finished. No call is lost: what is sent meanwhile is turned away
        as not begun, and made again.
        """
        # In a thread: it may wait for strangers who introduce themselves slowly.
        await asyncio.to_thread(self._acceptors.pop(sock).stop)
        if self._is_draining:  # all of them are told already
            return
        for connection in list(self._threaded):
            if connection.via is sock:
                connection.drain()
        for connected in list(self._looped):
            if connected.via is sock:
                connected.drain()

    async def drain(self, timeout: float) -> bool:  # noqa: ASYNC109 - it cuts off, not raises
        """Take nothing new, finish what runs, close every connection.

        Args:
            timeout: Seconds until calls that still run are cut off; their callers see
                ``OutcomeUnknown``.

        Returns:
            Whether everything finished in time.
        """
        self._is_draining = True
        for acceptor in self._acceptors.values():
            acceptor.stop()
        for connection in list(self._threaded):
            connection.drain()
        for connected in list(self._looped):
            connected.drain()
        finished = await self._wait_until(lambda: not self._is_busy(), timeout)
        await self._wait_until(
            lambda: not self._threaded and not self._looped, LINGER_SECONDS if finished else 0
        )
        if finished:
            for connected in list(self._looped):
                connected.stop_receiving()
            await self._wait_until(lambda: not self._looped, _LAST_SECONDS)
        self.close()
        return finished

    def close(self) -> None:
        """Close every connection now."""
        self._is_draining = True
        for acceptor in self._acceptors.values():
            acceptor.stop()
        for connection in list(self._threaded):
            connection.close()
        for connected in list(self._looped):
            connected.close()

    def stats(self) -> dict[str, Any]:
        """Return counts: calls running and waiting, connections, calls and errors by address."""
        tallies = self._bindings.tallies
        return {
            "in_flight": self.in_flight + self.gate.inside,
            "inside": self.gate.inside,
            "queued": self.gate.waiting,
            "is_full": self.gate.is_full,
            "moves": self.gate.moves,
            "connections": len(self._threaded) + len(self._looped),
            "draining": self._is_draining,
            "calls": {address: tally.calls for address, tally in tallies.items() if tally.calls},
            "errors": {
                address: tally.errors for address, tally in tallies.items() if tally.errors
            },
        }

    def gone(self, connection: LoopConnection) -> None:
        """Note that a connection of the loop has ended."""
        self._looped.discard(connection)
        self._changed.set()

    def _is_busy(self) -> bool:
        return bool(self.in_flight or self.gate.inside or self.gate.waiting) or any(
            connection.is_busy for connection in list(self._threaded)
        )

    async def _wait_until(self, fact: Callable[[], bool], seconds: float) -> bool:
        try:
            async with asyncio.timeout(seconds):
                while not fact():
                    # Calls of threads end without the loop noticing; look again soon.
                    self._changed.clear()
                    try:
                        async with asyncio.timeout(0.02):
                            await self._changed.wait()
                    except TimeoutError:
                        continue
        except TimeoutError:
            return fact()
        return True

    def _greet_in_thread(self, sock: socket.socket, via: socket.socket) -> None:
        if not self._greetings.acquire(timeout=GREETING_SECONDS):
            sock.close()
            return
        name = f"seamline {self.worker} call"
        try:
            threading.Thread(target=self._greet, args=(sock, via), name=name, daemon=True).start()
        except RuntimeError:  # no room for another thread: the caller asks again or elsewhere
            _log.exception("a connection to %s could not be greeted", self.worker)
            self._greetings.release()
            sock.close()

    def _greet(self, sock: socket.socket, via: socket.socket) -> None:
        channel = BlockingChannel(sock, clock=self.clock)
        reception = Reception(self._identity, self._bindings, self.limits.frame_bytes)
        try:
            welcomed = self._receive(channel, reception)
        except Exception:  # noqa: BLE001 - outermost in this thread; `resolve` is not ours
            _log.exception("a connection to %s could not be greeted", self.worker)
            welcomed = False
        finally:
            self._greetings.release()
        if not welcomed:
            channel.close()
        elif reception.mode == "loop":
            self._hand_to_loop(channel, reception, via)
        else:
            self._serve_here(channel, reception, via)

    def _receive(self, channel: BlockingChannel, reception: Reception) -> bool:
        deadline = self.clock() + GREETING_SECONDS
        connection = reception.connection
        try:
            count = 0
            while connection.state is not State.OPEN:
                frames = connection.received(count)
                for frame in frames:
                    self._check_room()
                    channel.send(reception.answer(frame), deadline=deadline)
                count = 0
                if not frames:
                    count = channel.receive(connection.buffer(), deadline)
                    if not count:
                        return False
        except TimeoutError:
            _log.warning("a peer connected to %s and did not introduce itself", self.worker)
            return False
        except OSError as error:
            if not isinstance(error, SeamError):
                return False
            self._refuse(channel, reception, error)
            return False
        except SeamError as error:
            self._refuse(channel, reception, error)
            return False
        return True

    def _check_room(self) -> None:
        if self._is_draining:
            raise draining(self.worker)  # not Overloaded: whoever replaces us takes the call
        count = len(self._threaded) + len(self._looped)
        if count >= self.limits.connections:
            raise Overloaded(
                f"worker {self.worker} has {count} connections open (limits.connections)"
            )

    def _refuse(self, channel: BlockingChannel, reception: Reception, error: SeamError) -> None:
        _log.warning("[%s] connection to %s refused: %s", error.code, self.worker, error)
        if isinstance(error, WireError):
            return
        try:
            channel.send(reception.farewell(error))
        except OSError:
            return

    def _leaves(self, via: socket.socket) -> bool:
        return self._is_draining or via not in self._acceptors

    def _serve_here(
        self, channel: BlockingChannel, reception: Reception, via: socket.socket
    ) -> None:
        connection = ThreadConnection(channel, reception, self, via)
        self._threaded.add(connection)
        if self._leaves(via):
            connection.drain()
        try:
            connection.serve()
        finally:
            self._threaded.discard(connection)

    def _hand_to_loop(
        self, channel: BlockingChannel, reception: Reception, via: socket.socket
    ) -> None:
        loop = self._loop
        assert loop is not None

        def adopt() -> None:
            connection = LoopConnection(channel.detach(), loop, reception, self, via)
            self._looped.add(connection)
            connection.resume()
            if self._leaves(via):
                connection.drain()

        try:
            loop.call_soon_threadsafe(adopt)
        except RuntimeError:  # the loop was closed meanwhile
            channel.close()


class Acceptor:
    """A thread that accepts connections of one listening socket until it is told to stop."""

    def __init__(
        self,
        sock: socket.socket,
        accepted: Callable[[socket.socket, socket.socket], None],
        worker: str,
    ) -> None:
        # The socket is shared with the supervisor and with the worker that replaces this
        # one: it is neither closed nor shut down, the thread is woken by a descriptor.
        sock.setblocking(False)
        self._sock = sock
        self._accepted = accepted
        self._wake = eventfd(0)
        self._is_stopped = False
        self._thread = threading.Thread(
            target=self._run, name=f"seamline {worker} accept", daemon=True
        )
        self._thread.start()

    def stop(self) -> None:
        """Accept nothing more; return when that is certain."""
        if not self._is_stopped:
            self._is_stopped = True
            eventfd_write(self._wake, 1)
            self._thread.join()

    def _run(self) -> None:
        try:
            self._accept()
        finally:
            close(self._wake)

    def _accept(self) -> None:
        stopped = select.poll()
        stopped.register(self._wake, select.POLLIN)
        poll = select.poll()
        poll.register(self._sock, select.POLLIN)
        poll.register(self._wake, select.POLLIN)
        while True:
            poll.poll()
            if self._is_stopped:
                return
            try:
                sock, _ = self._sock.accept()
            except BlockingIOError:
                continue  # the worker we replace, or the one that replaces us, took it
            except OSError:
                _log.exception("a connection could not be accepted")
                # Out of descriptors, most likely: they come back when connections end.
                stopped.poll(100)
                continue
            self._accepted(sock, self._sock)
