"""seamline.worker.drain: the contract with uvicorn that leaving without loss rests on."""

import asyncio
import socket
from collections.abc import Awaitable, Callable

import pytest
import uvloop
import websockets

from seamline.errors import ApplicationError
from seamline.worker.drain import DrainingServer
from seamline.worker.http import Front
from seamline.worker.mount import Mount
from seamline.worker.seams import Process


class Answers:
    """An ASGI application that answers when it is told to."""

    def __init__(self) -> None:
        self.asked = asyncio.Event()
        self.may_answer = asyncio.Event()
        self.may_answer.set()
        self.life: list[str] = []

    async def __call__(self, scope, receive, send) -> None:
        if scope["type"] == "lifespan":
            for stage in ("startup", "shutdown"):
                await receive()
                self.life.append(stage)
                await send({"type": f"lifespan.{stage}.complete"})
            return
        self.asked.set()
        await self.may_answer.wait()
        if scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.accept"})
            self.life.append(str((await receive())["code"]))
            return
        body = f"{scope['path']} under {scope['root_path']}".encode()
        headers = [(b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})


class Client:
    """One keep-alive connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    def ask(self, path: str = "/") -> None:
        self.write(f"GET {path} HTTP/1.1\r\nHost: here\r\n\r\n".encode())

    def write(self, data: bytes) -> None:
        self._writer.write(data)

    async def answer(self) -> tuple[bytes, bytes]:
        """Return head and body of one answer."""
        head = await self._reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length: ")[2].split()[0])
        return head, await self._reader.readexactly(length)

    async def is_closed(self) -> bool:
        return await self._reader.read() == b""

    def close(self) -> None:
        self._writer.close()


Scenario = Callable[[DrainingServer, Callable[[], Awaitable[Client]]], Awaitable[None]]


UPGRADE = (
    b"GET / HTTP/1.1\r\nHost: here\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)


def serve(application, scenario: Scenario) -> None:
    """Run a scenario against a server on a socket of ours, then end the server."""

    async def main() -> None:
        listening = socket.create_server(("127.0.0.1", 0))
        listening.setblocking(False)
        host, port = listening.getsockname()
        clients: list[Client] = []

        async def connect() -> Client:
            clients.append(Client(*await asyncio.open_connection(host, port)))
            return clients[-1]

        servers: list[DrainingServer] = []
        front = Front(
            application,
            must_close=lambda: servers[0].must_close,
            errors=Process.request_errors,
        )
        servers.append(DrainingServer(front, [listening]))
        servers[0].begin.set()
        running = asyncio.create_task(servers[0].run_until_drained())
        await servers[0].ready.wait()
        try:
            async with asyncio.timeout(20):
                await scenario(servers[0], connect)
        finally:
            servers[0].drain(linger=0, timeout=5)
            for client in clients:
                client.close()
            await running

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main())


def port_of(server) -> int:
    return server._sockets[0].getsockname()[1]


async def is_refused(connect) -> bool:
    """Connect until nobody listens any more."""
    while True:
        try:
            (await connect()).close()
        except ConnectionRefusedError:
            return True


def test_a_running_request_is_finished_and_its_connection_closed() -> None:
    app = Answers()

    async def scenario(server, connect) -> None:
        app.may_answer.clear()
        client = await connect()
        client.ask()
        await app.asked.wait()
        assert server.in_flight == 1

        server.drain(linger=2, timeout=10)
        app.may_answer.set()
        head, _ = await client.answer()

        assert b"connection: close" in head
        assert await client.is_closed()

    serve(app, scenario)
    assert app.life == ["startup", "shutdown"]


def test_clients_count_as_kept_while_they_ask_and_for_a_while_after_that(monkeypatch) -> None:
    app = Answers()

    async def scenario(server, connect) -> None:
        assert server.kept == 0
        client, other, _ = await connect(), await connect(), await connect()
        for one in (client, other):
            one.ask()
            await one.answer()
        assert server.kept == 2

        monkeypatch.setattr("seamline.worker.drain._LATELY_SECONDS", -1)
        assert server.kept == 0

        app.may_answer.clear()
        app.asked.clear()
        client.ask()
        await app.asked.wait()
        assert server.kept == 1
        app.may_answer.set()
        await client.answer()

    serve(app, scenario)


@pytest.mark.parametrize("is_open", [True, False])
def test_a_websocket_is_closed_as_a_restart_also_when_it_is_just_being_opened(is_open) -> None:
    app = Answers()

    async def scenario(server, _connect) -> None:
        app.may_answer.clear()
        opening = asyncio.ensure_future(websockets.connect(f"ws://127.0.0.1:{port_of(server)}/"))
        await app.asked.wait()
        if is_open:
            app.may_answer.set()
            await opening
        server.drain(linger=2, timeout=10)
        app.may_answer.set()

        websocket = await opening
        with pytest.raises(websockets.ConnectionClosed) as closed:
            await websocket.recv()
        assert closed.value.rcvd.code == 1012

    serve(app, scenario)
    assert app.life == ["startup", "1012", "shutdown"]


def test_what_a_client_says_while_its_websocket_is_closed_meets_no_closed_socket() -> None:
    async def scenario(server, _connect) -> None:
        loop = asyncio.get_running_loop()
        with socket.create_connection(("127.0.0.1", port_of(server))) as client:
            client.setblocking(False)
            await loop.sock_sendall(client, UPGRADE)
            head = b""
            while b"\r\n\r\n" not in head:
                head += await loop.sock_recv(client, 65536)
            server.drain(linger=2, timeout=10)
            told = b""
            while data := await loop.sock_recv(client, 65536):
                told += data

            assert told == b"\x88\x02\x03\xf4"  # close, 1012
            for _ in range(3):  # the first would bring the reset, the second meet it
                await loop.sock_sendall(client, b"\x81\x80\0\0\0\0")

    serve(Answers(), scenario)


def test_an_idle_connection_is_answered_once_more_within_the_linger_time() -> None:
    async def scenario(server, connect) -> None:
        client = await connect()
        client.ask()
        head, _ = await client.answer()
        assert b"connection: close" not in head

        server.drain(linger=15, timeout=20)
        client.ask()
        head, _ = await client.answer()

        assert b"connection: close" in head
        assert await client.is_closed()

    serve(Answers(), scenario)


def test_an_idle_connection_is_closed_when_the_linger_time_is_over() -> None:
    async def scenario(server, connect) -> None:
        client = await connect()
        client.ask()
        await client.answer()

        server.drain(linger=0.05, timeout=5)

        assert await client.is_closed()

    serve(Answers(), scenario)


class Neighbour:
    """A slot of another worker: its supervisor holds the socket."""

    def __init__(self) -> None:
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.address = self.socket.getsockname()

    async def connect(self) -> Client:
        return Client(*await asyncio.open_connection(*self.address))


def test_a_request_that_has_begun_to_come_is_answered_when_the_linger_time_is_over() -> None:
    app = Answers()

    async def scenario(server, connect) -> None:
        idle, slow = await connect(), await connect()
        slow.write(b"GET /slow HTTP/1.1\r\nHo")
        while not any(one.is_in_head for one in server.server_state.connections):  # noqa: ASYNC110
            await asyncio.sleep(0)

        server.drain(linger=0.05, timeout=10)
        assert await idle.is_closed()
        slow.write(b"st: here\r\n\r\n")

        head, body = await slow.answer()
        assert (b"connection: close" in head, body) == (True, b"/slow under ")
        assert await slow.is_closed()

    serve(app, scenario)


def test_another_slots_connections_are_answered_until_it_is_released() -> None:
    neighbour = Neighbour()

    async def scenario(server, _connect) -> None:
        waiting = await neighbour.connect()
        waiting.ask()
        await server.adopt(1, neighbour.socket.dup())
        await waiting.answer()

        server.release(1)
        late = await neighbour.connect()
        late.ask()
        waiting.ask()
        await waiting.answer()
        # What waits now is for the slot's own worker.
        accepted, _ = await asyncio.to_thread(neighbour.socket.accept)

        assert accepted.recv(100).startswith(b"GET /")
        accepted.close()
        for client in (waiting, late):
            client.close()

    with neighbour.socket:
        serve(Answers(), scenario)


def test_a_draining_worker_accepts_for_nobody_else_either() -> None:
    first, second = Neighbour(), Neighbour()

    async def scenario(server, _connect) -> None:
        await server.adopt(1, first.socket.dup())
        server.drain(linger=0, timeout=5)
        await server.adopt(2, second.socket.dup())
        server.release(1)
        while any(one.is_serving() for one in server.servers):  # noqa: ASYNC110 - it is not told
            await asyncio.sleep(0)
        for neighbour in (first, second):
            client = await neighbour.connect()
            accepted, _ = await asyncio.to_thread(neighbour.socket.accept)
            accepted.close()
            client.close()

    with first.socket, second.socket:
        serve(Answers(), scenario)


def test_new_connections_are_refused_while_draining() -> None:
    app = Answers()

    async def scenario(server, connect) -> None:
        app.may_answer.clear()
        client = await connect()
        client.ask()
        await app.asked.wait()

        server.drain(linger=2, timeout=10)
        assert await is_refused(connect)
        app.may_answer.set()
        await client.answer()

    serve(app, scenario)


def test_a_request_that_never_ends_is_given_up_after_the_timeout() -> None:
    app = Answers()

    async def scenario(server, connect) -> None:
        app.may_answer.clear()
        client = await connect()
        client.ask()
        await app.asked.wait()

        server.drain(linger=0, timeout=0.2)
        head, _ = await client.answer()

        assert head.startswith(b"HTTP/1.1 500")
        assert await client.is_closed()
        assert server.given_up == 1

    serve(app, scenario)


def test_a_start_up_that_fails_says_what_the_application_said() -> None:
    async def failing(scope, receive, send) -> None:
        await receive()
        await send({"type": "lifespan.startup.failed", "message": "Traceback\nno database"})

    async def main() -> None:
        with socket.create_server(("127.0.0.1", 0)) as listening:
            await DrainingServer(failing, [listening]).run_until_drained()

    with pytest.raises(ApplicationError, match="start-up failed: no database"):
        asyncio.run(main())


def test_services_that_have_started_are_shut_down_when_another_does_not_start() -> None:
    async def failing(scope, receive, send) -> None:
        await receive()
        await send({"type": "lifespan.startup.failed", "message": "no database"})

    shop = Answers()

    async def main() -> None:
        with socket.create_server(("127.0.0.1", 0)) as listening:
            mount = Mount({"/shop": shop, "/api": failing})
            await DrainingServer(mount, [listening]).run_until_drained()

    with pytest.raises(ApplicationError, match="application under /api failed to start"):
        asyncio.run(main())
    assert shop.life == ["startup", "shutdown"]


def test_services_are_told_apart_by_the_longest_prefix() -> None:
    shop, api = Answers(), Answers()

    async def scenario(_server, connect) -> None:
        client = await connect()
        answers = []
        for path in ("/", "/api", "/api/v1", "/apiary"):
            client.ask(path)
            answers.append((await client.answer())[1].decode())

        assert answers == ["/ under ", "/api under /api", "/api/v1 under /api", "/apiary under "]

    serve(Mount({"": shop, "/api": api}), scenario)
    assert (shop.life, api.life) == (["startup", "shutdown"], ["startup", "shutdown"])


def test_a_path_of_no_service_is_not_found() -> None:
    async def scenario(_server, connect) -> None:
        client = await connect()
        client.ask("/other")
        head, _ = await client.answer()

        assert head.startswith(b"HTTP/1.1 404")

    serve(Mount({"/api": Answers()}), scenario)
