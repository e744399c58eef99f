"""seamline.worker.handoff: connections go on with another worker between two requests."""

import asyncio
import itertools
import os
import resource
import socket
from collections.abc import Awaitable, Callable

import pytest
import uvloop
from hypothesis import given, settings, strategies as st

from seamline.worker import drain
from seamline.worker.drain import DrainingServer
from seamline.worker.handoff import Giver, Taker
from seamline.worker.report import Drain, Handover
from seamline.worker.serve import Serving

_LARGE = 8 * 1024 * 1024


class Answers:
    """An ASGI application that says who it is, when it may."""

    def __init__(self, name: str) -> None:
        self.name = name.encode()
        self.asked = asyncio.Event()
        self.may_answer = asyncio.Event()
        self.may_answer.set()
        self.must_close = lambda: False

    async def __call__(self, scope, receive, send) -> None:
        if scope["type"] == "lifespan":
            for stage in ("startup", "shutdown"):
                await receive()
                await send({"type": f"lifespan.{stage}.complete"})
            return
        self.asked.set()
        body = self.name + b" answers " + scope["path"].encode()
        if scope["path"] == "/large":
            body = bytes(_LARGE)
        if scope["method"] == "POST" and scope["path"] != "/unread":
            while (await receive())["more_body"]:
                pass
        await self.may_answer.wait()
        headers = [(b"content-length", str(len(body)).encode())]
        if self.must_close():
            headers.append((b"connection", b"close"))
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})


class Client:
    """One connection that is kept."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    def ask(self, path: str) -> None:
        self.writer.write(request(path))

    async def answer(self) -> bytes:
        """Return the body of one answer, with a star where the connection is to be closed."""
        head = (await self.reader.readuntil(b"\r\n\r\n")).lower()
        length = int(head.partition(b"content-length: ")[2].split()[0])
        body = await self.reader.readexactly(length)
        return body + b"*" * (b"connection: close" in head)

    async def is_closed(self) -> bool:
        return await self.reader.read() == b""


class Pair:
    """The worker that leaves and the one that takes over, in one process."""

    def __init__(self, listening: socket.socket) -> None:
        self._other = other = listening.dup()
        self.old_app, self.new_app = Answers("old"), Answers("new")
        self.old = DrainingServer(self.old_app, [listening], ("web",))
        self.new = DrainingServer(self.new_app, [other], ("web",))
        self.old_app.must_close = lambda: self.old.must_close
        self.taking: set[asyncio.Task[None]] = set()
        self.taken: list[tuple[str, ...]] = []
        self._running: list[asyncio.Task[None]] = []

    async def start(self, count: int | None) -> None:
        giving, taking = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.giver = Giver(giving.detach(), count)
        self.taker = Taker(taking.detach(), self._take)
        for server in (self.old, self.new):
            server.begin.set()
        self._running.append(asyncio.create_task(self.old.run_until_drained()))
        await self.old.ready.wait()

    async def take_over(self) -> None:
        """Have the new one accept, and only that one."""
        await self.start_new()
        self.leave()

    async def start_new(self) -> None:
        self._running.append(asyncio.create_task(self.new.run_until_drained()))
        await self.new.ready.wait()

    def leave(self, linger: float = 15) -> None:
        self.old.givers = [self.giver]
        self.old.drain(linger=linger, timeout=20)

    def _take(self, services: tuple[str, ...], connection: socket.socket, seconds: float) -> None:
        self.taken.append(services)
        task = asyncio.create_task(self.new.take(connection, seconds))
        self.taking.add(task)
        task.add_done_callback(self.taking.discard)

    async def left(self) -> None:
        """Wait until the old one has left."""
        await self._running[0]

    async def end(self) -> None:
        self.giver.close()
        self.taker.close()
        for server in (self.old, self.new):
            server.drain(linger=0, timeout=5)
        await asyncio.gather(*self._running)
        self._other.close()


Scenario = Callable[[Pair, Callable[[], Awaitable[Client]]], Awaitable[None]]


def request(path: str) -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: here\r\n\r\n".encode()


def is_in_head(server: DrainingServer) -> bool:
    """Whether some of a request has come, and not all of its head."""
    return any(one.is_in_head for one in server.server_state.connections)


def serve(scenario: Scenario, kind: str = "tcp", path: str = "", count: int | None = None) -> None:
    """Run a scenario with both workers, then end them."""

    async def main() -> None:
        if kind == "tcp":
            listening = socket.create_server(("127.0.0.1", 0))
        else:
            listening = socket.socket(socket.AF_UNIX)
            listening.bind(path)
            listening.listen()
        listening.setblocking(False)
        clients: list[Client] = []

        async def connect() -> Client:
            opened = (
                asyncio.open_unix_connection(path)
                if kind == "unix"
                else asyncio.open_connection(*address)
            )
            clients.append(Client(*await opened))
            return clients[-1]

        address = listening.getsockname()
        pair = Pair(listening)
        await pair.start(count)
        try:
            async with asyncio.timeout(20):
                await scenario(pair, connect)
        finally:
            for client in clients:
                client.writer.close()
            await pair.end()

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main())


@pytest.mark.parametrize("kind", ["tcp", "unix"])
def test_a_kept_connection_is_answered_by_the_worker_that_takes_over(kind, tmp_path) -> None:
    async def scenario(pair, connect) -> None:
        asked, silent = await connect(), await connect()
        asked.ask("/1")
        assert await asked.answer() == b"old answers /1"

        await pair.take_over()
        await pair.left()  # without the time that clients have to ask once more
        for client in (asked, silent):
            client.ask("/2")
            assert await client.answer() == b"new answers /2"
        assert pair.taken == [("web",), ("web",)]
        assert pair.new.kept == 2

    serve(scenario, kind, str(tmp_path / "s"))


def test_clients_that_ask_nothing_are_as_idle_to_the_worker_that_takes_over() -> None:
    async def scenario(pair, connect) -> None:
        lately, silent, idle = [await connect() for _ in range(3)]
        for client in (idle, lately):
            client.ask("/1")
            await client.answer()
            if client is idle:  # for almost as long as it may be
                one = next(one for one in pair.old.server_state.connections if one.cycle)
                one.timeout_keep_alive_task.cancel()
                one.timeout_keep_alive_task = one.loop.call_later(
                    2, one.timeout_keep_alive_handler
                )
        assert pair.old.kept == 1

        await pair.take_over()
        await pair.left()
        assert len(pair.new.server_state.connections) == 3
        assert pair.new.kept == 1
        assert await idle.is_closed()
        for client in (lately, silent):
            client.ask("/2")
            assert await client.answer() == b"new answers /2"

    serve(scenario)


def test_a_request_that_runs_is_answered_and_the_next_one_is_the_others() -> None:
    async def scenario(pair, connect) -> None:
        pair.old_app.may_answer.clear()
        client = await connect()
        client.ask("/1")
        await pair.old_app.asked.wait()

        await pair.take_over()
        client.ask("/2")  # comes before the first is answered
        pair.old_app.may_answer.set()

        assert await client.answer() == b"old answers /1"
        assert (await client.answer()).removesuffix(b"*").endswith(b" answers /2")
        client.ask("/3")
        assert await client.answer() == b"new answers /3"

    serve(scenario)


def test_a_large_answer_is_read_whole_before_its_connection_goes_on_with_the_other() -> None:
    async def scenario(pair, connect) -> None:
        client = await connect()
        client.ask("/large")
        await pair.old_app.asked.wait()
        await pair.take_over()

        assert await client.answer() == bytes(_LARGE)
        client.ask("/2")  # the old one's if it has not looked yet
        assert (await client.answer()).endswith(b" answers /2")
        client.ask("/3")
        assert await client.answer() == b"new answers /3"

    serve(scenario)


@pytest.mark.parametrize("at", [1, 3, 20])
def test_a_request_that_has_begun_to_come_is_the_old_workers(at) -> None:
    async def scenario(pair, connect) -> None:
        client = await connect()
        client.ask("/1")
        await client.answer()
        client.writer.write(request("/2")[:at])
        while not is_in_head(pair.old):  # noqa: ASYNC110 - it is not told
            await asyncio.sleep(0)

        await pair.take_over()
        client.writer.write(request("/2")[at:])

        assert await client.answer() == b"old answers /2"
        client.ask("/3")
        assert await client.answer() == b"new answers /3"

    serve(scenario)


def test_the_rest_of_a_body_that_nobody_reads_stays_with_the_old_worker() -> None:
    async def scenario(pair, connect) -> None:
        client = await connect()
        client.writer.write(
            b"POST /unread HTTP/1.1\r\nHost: here\r\nContent-Length: 9\r\n\r\n" + b"four"
        )
        assert await client.answer() == b"old answers /unread"

        await pair.take_over()
        client.writer.write(b" more" + request("/2"))
        assert (await client.answer()).endswith(b" answers /2")
        client.ask("/3")
        assert await client.answer() == b"new answers /3"

    serve(scenario)


def test_a_request_that_never_ends_its_head_does_not_keep_the_old_worker(monkeypatch) -> None:
    monkeypatch.setattr(drain, "_HEAD_SECONDS", 0.05)

    async def scenario(pair, connect) -> None:
        client = await connect()
        client.writer.write(request("/1")[:10])
        while not is_in_head(pair.old):  # noqa: ASYNC110 - it is not told
            await asyncio.sleep(0)

        pair.leave(linger=0.05)

        assert await client.is_closed()
        await pair.left()

    serve(scenario)


def test_one_that_stays_passes_on_as_many_as_it_is_told_each_behind_an_answer() -> None:
    async def scenario(pair, connect) -> None:
        clients = [await connect() for _ in range(5)]
        for client in clients:
            client.ask("/1")
            await client.answer()
        await pair.start_new()
        pair.old.givers = [pair.giver]

        for number in range(2, 5):
            for client in clients:
                client.ask(f"/{number}")
            found = [(await client.answer()).partition(b" ")[0] for client in clients]

        assert sorted(found) == [b"new"] * 2 + [b"old"] * 3
        assert not pair.giver.is_open
        assert not pair.old.must_close

    serve(scenario, count=2)


def test_a_client_that_reads_slowly_is_kept_by_one_that_stays() -> None:
    async def scenario(pair, connect) -> None:
        client = await connect()
        await pair.start_new()
        pair.old.givers = [pair.giver]
        client.ask("/large")

        assert await client.answer() == bytes(_LARGE)
        for _ in range(3):
            client.ask("/2")
            assert (await client.answer()).endswith(b" answers /2")

    serve(scenario, count=1)


def test_one_that_leaves_gives_nothing_to_whom_it_was_to_give_some() -> None:
    async def scenario(pair, connect) -> None:
        client = await connect()
        client.ask("/1")
        await client.answer()

        pair.leave()
        client.ask("/2")

        assert await client.answer() == b"old answers /2*"
        assert pair.taken == []

    serve(scenario, count=7)


def test_where_nobody_takes_clients_are_told_to_close_their_connections() -> None:
    async def scenario(pair, connect) -> None:
        client, other = await connect(), await connect()
        for one in (client, other):
            one.ask("/1")
            await one.answer()
        pair.taker.close()  # as a worker does that leaves, or is killed

        pair.leave()
        while pair.giver.is_open:  # noqa: ASYNC110 - it is not told
            await asyncio.sleep(0)
        for one in (client, other):
            one.ask("/2")
            assert await one.answer() == b"old answers /2*"
            assert await one.is_closed()

    serve(scenario)


def test_an_answer_that_begins_once_nobody_takes_any_more_says_so() -> None:
    async def scenario(pair, connect) -> None:
        pair.old_app.may_answer.clear()
        client = await connect()
        client.ask("/1")
        await pair.old_app.asked.wait()
        pair.leave(linger=0)
        await asyncio.sleep(0.1)  # clients have had their time

        pair.taker.close()
        await asyncio.sleep(0.1)
        pair.old_app.may_answer.set()

        assert await client.answer() == b"old answers /1*"

    serve(scenario)


def test_a_client_that_reads_slowly_is_answered_once_nobody_takes_any_more() -> None:
    async def scenario(pair, connect) -> None:
        client = await connect()
        client.ask("/large")
        await pair.old_app.asked.wait()
        pair.leave()
        await asyncio.sleep(0.1)  # all of the answer is written, and little of it sent

        pair.taker.close()
        pair.giver.close()
        await client.answer()
        client.ask("/2")

        assert await client.answer() == b"old answers /2*"

    serve(scenario)


def test_what_was_given_is_taken_also_by_one_that_then_takes_no_more() -> None:
    async def main() -> list[tuple[str, ...]]:
        giving, taking = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        taken: list[tuple[tuple[str, ...], socket.socket, float]] = []
        giver = Giver(giving.detach())
        taker = Taker(taking.detach(), lambda *given: taken.append(given))
        with socket.socket() as connection:
            assert giver.give(("web", "admin"), connection.fileno(), 75)
            taker.close()
            assert not giver.give(("web",), connection.fileno(), 75)
        assert not giver.is_open
        assert not taker.is_open
        assert not any(os.get_inheritable(one.fileno()) for _, one, _ in taken)
        for _, one, _ in taken:
            one.close()
        return [services for services, _, _ in taken]

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        assert runner.run(main()) == [("web", "admin")]


def test_a_worker_that_leaves_already_takes_nothing() -> None:
    async def main() -> None:
        serving = Serving(None, None, Handover(control=-1), None)
        serving.leave(Drain(timeout=1))
        giving, taking = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        serving.take(taking.detach())
        giver = Giver(giving.detach())
        with socket.socket() as connection:
            assert not giver.give(("web",), connection.fileno(), 75)
        assert not giver.is_open

    asyncio.run(main())


def test_where_there_is_no_room_now_nothing_is_lost_and_it_can_be_given_later() -> None:
    async def main() -> None:
        giving, taking = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        giver = Giver(giving.detach())
        with socket.socket() as connection, taking:
            sent = 0
            while giver.give(("web",), connection.fileno(), 75):
                sent += 1
            assert giver.is_open
            assert sent > 100
            for descriptor in socket.recv_fds(taking, 100, 1)[1]:
                os.close(descriptor)
            assert giver.give(("web",), connection.fileno(), 75)
        giver.close()

    asyncio.run(main())


def test_what_there_is_no_descriptor_for_waits_and_the_rest_is_kept() -> None:
    async def main() -> None:
        giving, taking = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        taken: list[socket.socket] = []
        giver = Giver(giving.detach())
        taker = Taker(taking.detach(), lambda _, connection, __: taken.append(connection))
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        with socket.socket() as connection:
            for _ in range(2):
                assert giver.give(("web",), connection.fileno(), 75)
            next_one = os.dup(0)
            os.close(next_one)
            resource.setrlimit(resource.RLIMIT_NOFILE, (next_one, hard))
            try:
                await asyncio.sleep(0.3)
                assert not giver.is_open  # which it heard without trying
                assert len(taken) < 2  # perhaps one, for which it made room
            finally:
                resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
            while taker.is_open:  # noqa: ASYNC110 - it is not told
                await asyncio.sleep(0.01)
        assert len(taken) == 2
        for one in taken:
            one.close()

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main())


def test_where_there_is_no_room_for_one_others_are_not_tried_until_later() -> None:
    async def scenario(pair, connect) -> None:
        clients = [await connect() for _ in range(20)]
        while len(pair.old.server_state.connections) < len(clients):  # noqa: ASYNC110 - not told
            await asyncio.sleep(0)
        give, tried = pair.giver.give, []
        pair.giver.give = lambda *given: tried.append(given)  # there is none

        await pair.take_over()
        await asyncio.sleep(0.1)
        assert 1 <= len(tried) < len(clients)

        pair.giver.give = give
        for client in clients:
            client.ask("/1")
            assert (await client.answer()).endswith(b" answers /1")
        await pair.left()

    serve(scenario)


@settings(max_examples=40, deadline=None)
@given(
    cuts=st.lists(st.integers(1, 60), max_size=40),
    after=st.integers(0, 40),
    is_pipelined=st.booleans(),
)
def test_requests_cut_anywhere_are_answered_once_and_in_order_whenever_the_worker_changes(
    cuts, after, is_pipelined
) -> None:
    paths = [f"/{number}" for number in range(6)]

    async def scenario(pair, connect) -> None:
        client = await connect()
        heard: list[bytes] = []

        async def listen() -> None:
            while len(heard) < len(paths):
                heard.append(await client.answer())

        async def say() -> None:
            lengths = itertools.cycle(cuts or [60])
            pieces = 0
            for number, path in enumerate(paths):
                data = request(path)
                while data:
                    if pieces == after:
                        await pair.take_over()
                    size = next(lengths)
                    client.writer.write(data[:size])
                    data = data[size:]
                    pieces += 1
                    await asyncio.sleep(0)
                while not is_pipelined and len(heard) <= number:  # noqa: ASYNC110 - nor here
                    await asyncio.sleep(0)

        await asyncio.gather(say(), listen())
        by = [body.partition(b" ")[0] for body in heard]
        assert [body.rpartition(b" ")[2].decode() for body in heard] == paths
        assert by == sorted(by, reverse=True)  # old before new

    serve(scenario)
