"""The embedded HTTP server, changed in one thing: it leaves without losing a request."""

import asyncio
import math
import socket
import time
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any, Final, cast

import uvicorn
from uvicorn.lifespan.on import LifespanOn

from seamline.errors import ApplicationError
from seamline.worker.bounded import BoundedProtocol

if TYPE_CHECKING:
    from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

    from seamline.worker.handoff import Giver

# How often waiting conditions are looked at; uvicorn's own loops look every 0.1 s.
_LOOK_SECONDS: Final = 0.02
# A head that has begun to come has come by then, also over a slow line; after that it may be a
# client that is gone, which nobody waits for.
_HEAD_SECONDS: Final = 5.0
# A client that heard of the end of its WebSocket has closed its side by then.
_HEAR_SECONDS: Final = 1.0
# Idle time a client may keep a connection. Longer than the 60 s reverse proxies keep theirs,
# so that it is the proxy that closes and no request meets a closing connection.
KEEP_ALIVE_SECONDS: Final = 75
# A client that has kept its connection for so long without asking counts no more: browsers and
# proxies keep some that they may never use.
_LATELY_SECONDS: Final = 10


class _Lifespan(LifespanOn):
    """Keeps what the application said when its start-up failed.

    Args:
        config: Of the server.
        prepared: Set once the application has started up.
        begin: What is waited for then.
    """

    failure = ""

    def __init__(
        self, config: uvicorn.Config, prepared: asyncio.Event, begin: asyncio.Event
    ) -> None:
        super().__init__(config)
        self._prepared = prepared
        self._begin = begin

    async def startup(self) -> None:
        """Have the application start up; the server accepts when this returns."""
        await super().startup()
        if not self.should_exit:
            self._prepared.set()
            await self._begin.wait()

    async def send(self, message: Any) -> None:
        if message["type"] == "lifespan.startup.failed":
            self.failure = message.get("message", "")
        await super().send(message)


class DrainingServer(uvicorn.Server):
    """Serves one application on inherited sockets until told to drain.

    Two methods that are public but not documented for overriding are replaced: ``main_loop``
    and ``shutdown``. ``tests/unit/worker/test_drain.py`` holds the contract that each release
    is checked against.

    Args:
        application: What it serves, by ASGI.
        sockets: Where it accepts. They are closed when it drains.
        services: Names of the http services that answer there.

    Attributes:
        prepared: Set once the application's own start-up is done.
        begin: To be set to have it accept after that.
        ready: Set once it accepts.
        given_up: Requests that were not answered when the time to drain was over.
        givers: Pass connections on to other workers, between two requests.
    """

    def __init__(
        self, application: Any, sockets: list[socket.socket], services: Sequence[str] = ()
    ) -> None:
        self._protocol = cast("Any", partial(BoundedProtocol, on_answered=self._answered))
        config = uvicorn.Config(
            application,
            interface="asgi3",
            http=self._protocol,
            lifespan="auto",
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_keep_alive=KEEP_ALIVE_SECONDS,
        )
        config.load()
        self.prepared, self.begin = asyncio.Event(), asyncio.Event()
        config.lifespan_class = partial(_Lifespan, prepared=self.prepared, begin=self.begin)
        super().__init__(config)
        self.ready = asyncio.Event()
        self.draining = False
        self.given_up = 0
        self._sockets = sockets
        self._services = services
        self.givers: Sequence[Giver] = ()
        self._adopted: dict[int, asyncio.Server] = {}
        self._leave = asyncio.Event()
        self._linger_seconds = 0.0
        self._timeout_seconds = 0.0

    async def run_until_drained(self) -> None:
        """Serve; returns when :meth:`drain` was called and is finished.

        Raises:
            ApplicationError: The application's own start-up failed.
        """
        try:
            await self.serve(sockets=self._sockets)
        except SystemExit as exc:
            said = getattr(self.lifespan, "failure", "").strip().splitlines()
            raise ApplicationError(
                "the application's start-up failed" + (f": {said[-1]}" if said else "")
            ) from exc

    @property
    def must_close(self) -> bool:
        """Whether clients are to close their connections: nobody will read what they ask next."""
        return self.draining and self._giver is None

    @property
    def _giver(self) -> "Giver | None":
        """What passes on the next connection: to a successor when this one drains."""
        open_ones = (one for one in self.givers if one.is_open and one.gives_all == self.draining)
        return next(open_ones, None)

    def drain(self, *, linger: float, timeout: float) -> None:
        """Begin to leave: accept nothing new, answer what was accepted.

        Args:
            linger: Seconds in which clients that ask again are told to close their connections.
            timeout: Seconds until what still runs is given up.
        """
        self._linger_seconds = linger
        self._timeout_seconds = timeout
        self.draining = True
        self.should_exit = True
        self._leave.set()
        # Whoever asks next is answered by the one that takes over.
        for connection in [*self.server_state.connections] if self._giver else ():
            if isinstance(connection, BoundedProtocol) and not self._give(connection):
                break

    async def adopt(self, slot: int, listening: socket.socket) -> None:
        """Accept on another slot's socket as well, until it is released or this one drains.

        Args:
            slot: Whose it is.
            listening: This process's own descriptor of it. It is closed.
        """
        loop = asyncio.get_running_loop()
        server = await loop.create_server(
            self._connected, sock=listening, backlog=self.config.backlog
        )
        if self.draining:
            server.close()
        else:
            self._adopted[slot] = server
            self.servers.append(server)

    def release(self, slot: int) -> None:
        """Accept for a slot no more; what waits on its socket is its own worker's."""
        server = self._adopted.pop(slot, None)
        if server is not None and not self.draining:
            server.close()
            self.servers.remove(server)

    async def take(self, connection: socket.socket, seconds: float) -> None:
        """Go on with a connection that another worker had accepted.

        Args:
            connection: Nothing of a request was read of it by the other.
            seconds: Until it is closed if its client asks nothing.
        """
        loop = asyncio.get_running_loop()
        connection.setblocking(False)
        try:
            _, protocol = await loop.connect_accepted_socket(self._connected, connection)
        except OSError:  # its client is gone
            connection.close()
            return
        protocol.await_request(seconds)

    def _answered(self, connection: BoundedProtocol) -> None:
        """Read nothing more of a connection that is to be passed on, before its client asks."""
        if self.givers and self._giver is not None and connection.is_idle:
            connection.transport.pause_reading()
            asyncio.get_running_loop().call_soon(self._give, connection)

    def _give(self, connection: BoundedProtocol) -> bool:
        """Pass a connection on if nothing runs on it and all of its answer is sent.

        Returns:
            Whether there may be room for another one.
        """
        if not connection.is_idle:
            return True
        giver, transport = self._giver, connection.transport
        transport.pause_reading()
        is_sent = not transport.get_write_buffer_size()
        if giver is not None and self.draining and not is_sent:
            return True  # tried again at the next look
        descriptor = transport.get_extra_info("socket").fileno()
        if giver and is_sent and giver.give(self._services, descriptor, _seconds_left(connection)):
            transport.close()  # this process's descriptor alone
            return True
        transport.resume_reading()
        return False

    def _connected(self) -> BoundedProtocol:
        protocol: BoundedProtocol = self._protocol(
            config=self.config, server_state=self.server_state, app_state=self.lifespan.state
        )
        return protocol

    @property
    def in_flight(self) -> int:
        """Requests being answered now."""
        return len(self.server_state.tasks)

    @property
    def kept(self) -> int:
        """Connections whose clients wait for an answer, or had one lately and keep theirs.

        An answer that has begun may take for ever, and who has asked nothing may never do.
        """
        since = asyncio.get_running_loop().time() + KEEP_ALIVE_SECONDS - _LATELY_SECONDS
        connections = self.server_state.connections
        return sum(_asks(c, since) for c in connections if isinstance(c, BoundedProtocol))

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Run the application's start-up, then accept, once that is to begin."""
        await super().startup(sockets)
        self.ready.set()

    async def main_loop(self) -> None:
        """Refresh the date header once a second until it is time to leave."""
        while not await self.on_tick(0):
            try:
                async with asyncio.timeout(1.0):
                    await self._leave.wait()
            except TimeoutError:
                continue

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop accepting, let clients hear of it, then close what is left.

        Closing an idle keep-alive connection at once loses the request that is on its way
        to it. So each is passed on to the worker that takes over; where there is none, it is
        answered once more with ``Connection: close`` if it asks within the linger time.
        """
        started = time.monotonic()
        for server in self.servers:
            server.close()
        for listening in sockets or []:
            listening.close()
        # uvicorn's set of connections tells nobody when it changes, so it is looked at; not
        # before the loop has made connections of what was accepted last.
        over = started + self._linger_seconds
        await self._look_until_idle(over)
        await self._look_until_idle(started + self._timeout_seconds, over=over)
        self.given_up = self.in_flight
        self.config.timeout_graceful_shutdown = _LOOK_SECONDS  # type: ignore[assignment]
        await super().shutdown(None)

    async def _look_until_idle(self, until: float, *, over: float = math.inf) -> None:
        """Wait until nothing is connected and nothing runs; close WebSockets as they open.

        Args:
            until: When to wait no more.
            over: When clients have had their time to close connections.
        """
        told: set[Any] = set()
        while True:
            await asyncio.sleep(_LOOK_SECONDS)
            state = self.server_state
            connections: list[Any] = list(state.connections)
            gives, has_room = self._giver is not None, True
            for connection in connections:
                if isinstance(connection, BoundedProtocol):
                    if gives and (connection.is_idle or connection.is_answering):
                        has_room = has_room and self._give(connection)
                    elif over + _HEAD_SECONDS * connection.is_in_head < time.monotonic():
                        connection.shutdown()  # now, when it is idle; after its answer otherwise
                    elif connection.is_idle:  # it was to be passed on, and nobody takes it now
                        connection.transport.resume_reading()
                elif connection not in told and _is_open_websocket(connection):
                    told.add(connection)
                    connection.transport = _Lingering(connection.transport)
                    connection.shutdown()  # with 1012, "service restart"
            if not (state.connections or state.tasks) or time.monotonic() >= until:
                return

    @contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        """Leave signals alone: the worker itself decides what they mean."""
        yield


class _Lingering:
    """A transport that goes on to read for a moment after it was closed.

    What a client sends in the moment in which its WebSocket is closed would meet a closed socket:
    it sees its own write fail then, and not the close frame that says why.
    """

    def __init__(self, transport: Any) -> None:
        self._transport = transport
        self._is_closed = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def is_closing(self) -> bool:
        """Whether nothing is written any more."""
        return self._is_closed or self._transport.is_closing()

    def write(self, data: bytes) -> None:
        """Write, unless it was closed."""
        if not self._is_closed:
            self._transport.write(data)

    def close(self) -> None:
        """End what is written; the peer's end, or a second, ends the rest."""
        if not self.is_closing() and self._transport.can_write_eof():
            self._is_closed = True
            self._transport.write_eof()
            asyncio.get_running_loop().call_later(_HEAR_SECONDS, self._transport.close)
        elif not self._is_closed:
            self._transport.close()


def _asks(connection: BoundedProtocol, since: float) -> bool:
    """Whether a client that keeps its connection waits for an answer, or was idle since a time."""
    idle = connection.timeout_keep_alive_task
    if idle is not None:  # when it is to be closed for that
        return idle.when() > since
    cycle: RequestResponseCycle | None = connection.cycle
    return cycle is not None and not cycle.response_started and cycle.keep_alive


def _seconds_left(connection: BoundedProtocol) -> float:
    """Return for how long a client may still ask nothing; one that never asked did not lately."""
    idle = connection.timeout_keep_alive_task
    if idle is None:
        return KEEP_ALIVE_SECONDS - _LATELY_SECONDS
    return idle.when() - asyncio.get_running_loop().time()


def _is_open_websocket(connection: Any) -> bool:
    """Whether a WebSocket is past its handshake: before that, it would be answered with 500.

    Of uvicorn's three implementations one has an event for it.
    """
    event = getattr(connection, "handshake_completed_event", None)
    return bool(connection.handshake_complete if event is None else event.is_set())
