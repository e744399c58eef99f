"""``seamline.transport``: one suite for sockets with a path and for pairs without one."""

import asyncio
import os
import socket
import stat
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
import uvloop

from seamline.errors import BindError
from seamline.transport import (
    MAX_PATH_BYTES,
    BlockingChannel,
    LoopChannel,
    dial,
    dial_async,
    listen,
    pair,
)

RUNNERS = {"asyncio": asyncio.run, "uvloop": uvloop.run}
LARGE = bytes(range(256)) * 20_000


def dialled(path: Path) -> tuple[socket.socket, socket.socket]:
    with listen(str(path)) as listening:
        near = dial(str(path), 5)
        return near, listening.accept()[0]


@pytest.fixture(params=["unix", "pair"])
def ends(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[socket.socket, socket.socket]:
    return pair() if request.param == "pair" else dialled(tmp_path / "s")


@pytest.fixture
def channels(ends: Any) -> Iterator[tuple[BlockingChannel, BlockingChannel]]:
    near, far = BlockingChannel(ends[0]), BlockingChannel(ends[1])
    yield near, far
    near.close()
    far.close()


def receive(channel: BlockingChannel, count: int) -> bytes:
    data = bytearray()
    buffer = memoryview(bytearray(65536))
    while len(data) < count:
        got = channel.receive(buffer, time.monotonic() + 10)
        assert got, "the peer closed"
        data += buffer[:got]
    return bytes(data)


def test_sockets_work_while_the_methods_of_the_class_are_replaced(tmp_path: Path) -> None:
    names = ("bind", "listen", "connect", "settimeout", "setsockopt", "send", "sendall", "recv")
    replaced = dict.fromkeys((*names, "recv_into", "sendmsg", "shutdown"), mock.DEFAULT)
    with mock.patch.multiple("socket.socket", **replaced):
        with listen(str(tmp_path / "s")) as listening:
            near = BlockingChannel(dial(str(tmp_path / "s"), 5))
            far = BlockingChannel(listening.accept()[0])
        near.send(b"asked", deadline=time.monotonic() + 10)

    assert receive(far, 5) == b"asked"
    far.send(b"told", deadline=time.monotonic() + 10)
    with mock.patch.multiple("socket.socket", **replaced):
        assert receive(near, 4) == b"told"
        near.disconnect()
        near.close()
    far.close()


# -- blocking -------------------------------------------------------------------------------


@pytest.mark.parametrize("body", [b"", b"small", LARGE], ids=["none", "small", "large"])
def test_what_is_sent_arrives_in_order(channels: Any, body: bytes) -> None:
    near, far = channels
    thread = threading.Thread(target=near.send, args=(b"head", body))
    thread.start()

    assert receive(far, 4 + len(body)) == b"head" + body
    thread.join()


def test_the_end_of_the_peer_is_zero_bytes(channels: Any) -> None:
    near, far = channels
    far.send(b"last")
    far.close()

    assert receive(near, 4) == b"last"
    assert near.receive(memoryview(bytearray(8))) == 0


@pytest.mark.parametrize("seconds", [0.001, 0.03, 0.12])
def test_waiting_ends_at_the_deadline_and_not_before(channels: Any, seconds: float) -> None:
    near, _ = channels
    deadline = time.monotonic() + seconds

    with pytest.raises(TimeoutError):
        near.receive(memoryview(bytearray(8)), deadline)

    assert deadline <= time.monotonic() < deadline + 5


def test_a_short_deadline_does_not_cut_a_later_long_one(channels: Any) -> None:
    near, far = channels
    with pytest.raises(TimeoutError):
        near.receive(memoryview(bytearray(8)), time.monotonic() + 0.01)
    threading.Timer(0.1, far.send, (b"late",)).start()

    assert receive(near, 4) == b"late"


def test_sending_to_a_peer_that_does_not_read_ends_at_the_deadline(channels: Any) -> None:
    near, _ = channels

    with pytest.raises(TimeoutError):
        near.send(b"", LARGE * 4, deadline=time.monotonic() + 0.05)


def test_peeking_tells_quiet_from_bytes_from_the_end(channels: Any) -> None:
    near, far = channels
    assert near.peek() is None
    assert near.is_quiet()
    far.send(b"x")
    assert near.peek() == b"x"
    assert near.peek() == b"x"
    assert receive(near, 1) == b"x"
    assert not near.is_peer_gone()
    far.close()
    assert near.peek() == b""
    assert not near.is_quiet()
    assert near.is_peer_gone()


def test_who_stops_receiving_still_reads_what_has_come_and_answers(channels: Any) -> None:
    near, far = channels
    near.send(b"sent before")

    far.stop_receiving()

    assert receive(far, 11) == b"sent before"
    assert far.receive(memoryview(bytearray(8))) == 0
    with pytest.raises(BrokenPipeError):
        near.send(b"sent after")
    far.send(b"answer")
    assert receive(near, 6) == b"answer"
    assert not far.is_peer_gone()


def test_disconnecting_wakes_the_thread_that_waits(channels: Any) -> None:
    near, _ = channels
    got: list[int] = []
    entered = threading.Event()

    def wait() -> None:
        entered.set()
        got.append(near.receive(memoryview(bytearray(8))))

    thread = threading.Thread(target=wait)
    thread.start()
    assert entered.wait(10)
    near.disconnect()
    thread.join(10)

    assert got == [0]


# -- in an event loop -----------------------------------------------------------------------


class Collector(LoopChannel):
    """Keeps what it receives."""

    def __init__(self, sock: socket.socket, loop: asyncio.AbstractEventLoop) -> None:
        self._space = memoryview(bytearray(65536))
        self.data = bytearray()
        self.echo = False
        self.ended: asyncio.Future[tuple[OSError | None, int]] = loop.create_future()
        self.arrived = asyncio.Event()
        super().__init__(sock, loop)

    def buffer(self) -> memoryview:
        return self._space

    def received(self, count: int) -> None:
        self.data += self._space[:count]
        if self.echo:
            self.write(bytes(self._space[:count]))
        self.arrived.set()

    def lost(self, error: OSError | None, unsent: Sequence[bytes | memoryview], /) -> None:
        self.ended.set_result((error, len(unsent)))

    async def wait_for(self, count: int) -> bytes:
        while len(self.data) < count:
            self.arrived.clear()
            await asyncio.wait_for(self.arrived.wait(), 10)
        return bytes(self.data)


@pytest.fixture(params=["asyncio", "uvloop"])
def run(request: pytest.FixtureRequest) -> Callable[..., Any]:
    return RUNNERS[request.param]


def both(run: Any, ends: Any, use: Callable[[Collector, Collector], Any]) -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        near, far = Collector(ends[0], loop), Collector(ends[1], loop)
        try:
            await use(near, far)
        finally:
            near.close()
            far.close()

    run(main())


def test_pieces_written_in_one_turn_arrive_in_order(run: Any, ends: Any) -> None:
    async def use(near: Collector, far: Collector) -> None:
        for n in range(100):
            near.write(b"%02d" % n)
        assert await far.wait_for(200) == b"".join(b"%02d" % n for n in range(100))

    both(run, ends, use)


def test_what_is_written_at_once_does_not_overtake_what_waits(run: Any, ends: Any) -> None:
    async def use(near: Collector, far: Collector) -> None:
        near.write(b"first ")
        near.write_now(b"second ")
        near.flush()
        near.write_now(b"third")
        assert await far.wait_for(18) == b"first second third"

    both(run, ends, use)


def test_large_data_arrives_whole_while_the_peer_echoes_it(run: Any, ends: Any) -> None:
    async def use(near: Collector, far: Collector) -> None:
        far.echo = True
        near.write_now(LARGE)
        near.write(LARGE)
        assert await near.wait_for(2 * len(LARGE)) == LARGE * 2

    both(run, ends, use)


@pytest.mark.parametrize("pieces", [1, 3], ids=["at-once", "piece-by-piece"])
def test_a_peer_that_does_not_read_is_not_read_from(run: Any, ends: Any, pieces: int) -> None:
    async def main() -> None:
        near = Collector(ends[0], asyncio.get_running_loop())
        far = ends[1]
        for _ in range(pieces):
            near.write_now(LARGE * 3 if pieces == 1 else LARGE)
            await asyncio.sleep(0)
        far.send(b"unread")
        for _ in range(5):
            await asyncio.sleep(0)
        held_back = bytes(near.data)
        far.setblocking(False)
        left = len(LARGE) * 3
        while left:
            try:
                left -= len(far.recv(1 << 20))
            except BlockingIOError:
                await asyncio.sleep(0)
        assert await near.wait_for(6) == b"unread"
        near.close()
        far.close()
        assert held_back == b""

    run(main())


def test_an_end_that_always_reads_does_so_while_the_peer_does_not(run: Any, ends: Any) -> None:
    async def main() -> None:
        near = Collector(ends[0], asyncio.get_running_loop())
        near.always_reads = True  # type: ignore[misc]
        near.write_now(LARGE * 3)
        ends[1].send(b"read")
        assert await near.wait_for(4) == b"read"
        near.close()
        ends[1].close()

    run(main())


def test_the_end_of_the_peer_is_told_once(run: Any, ends: Any) -> None:
    async def use(near: Collector, far: Collector) -> None:
        far.close()
        assert await asyncio.wait_for(near.ended, 10) == (None, 0)
        assert near.is_lost
        assert not near.write_now(b"x")

    both(run, ends, use)


def test_what_was_never_handed_over_is_given_back(run: Any, ends: Any) -> None:
    async def use(near: Collector, far: Collector) -> None:
        near.write(b"one")
        near.write(b"two")
        far.close()
        near.flush()
        error, unsent = await asyncio.wait_for(near.ended, 10)
        assert isinstance(error, BrokenPipeError)
        assert unsent == 2

    both(run, ends, use)


def test_a_channel_of_a_closed_loop_is_forgotten_without_a_warning(ends: Any) -> None:
    loop = asyncio.new_event_loop()
    channel = Collector(ends[0], loop)
    loop.close()

    channel.forget()

    ends[1].setblocking(True)
    assert ends[1].recv(1) == b""
    ends[1].close()


# -- listening and dialling -----------------------------------------------------------------


def test_a_socket_is_its_owners_alone(tmp_path: Path) -> None:
    path = tmp_path / "s"

    with listen(str(path)):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_mode_can_be_given_for_a_reverse_proxy(tmp_path: Path) -> None:
    with listen(str(tmp_path / "s"), mode=0o660):
        assert stat.S_IMODE((tmp_path / "s").stat().st_mode) == 0o660


def test_a_socket_left_by_a_killed_process_is_replaced(tmp_path: Path) -> None:
    listen(str(tmp_path / "s")).close()

    with listen(str(tmp_path / "s")):
        dial(str(tmp_path / "s"), 5).close()


def test_a_path_that_is_too_long_says_what_to_set(tmp_path: Path) -> None:
    path = str(tmp_path / ("x" * MAX_PATH_BYTES))

    with pytest.raises(BindError, match=r"a Unix socket takes 107; set XDG_RUNTIME_DIR"):
        listen(path)


def test_a_directory_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(BindError, match=r"cannot listen on .*nowhere/s: No such file"):
        listen(str(tmp_path / "nowhere" / "s"))


def test_dialling_nobody_fails_at_once(tmp_path: Path, run: Any) -> None:
    with pytest.raises(FileNotFoundError):
        dial(str(tmp_path / "nobody"), 5)
    with pytest.raises(FileNotFoundError):
        run(dial_async(str(tmp_path / "nobody")))


@pytest.mark.filterwarnings("ignore:.*multi-threaded:DeprecationWarning")
def test_a_forked_child_closes_its_copies_and_the_parent_goes_on(ends: Any) -> None:
    near, far = BlockingChannel(ends[0]), BlockingChannel(ends[1])
    number = near._sock.fileno()

    child = os.fork()
    if child == 0:
        try:
            os.fstat(number)
        except OSError:
            os._exit(0)
        os._exit(1)
    _, status = os.waitpid(child, 0)
    near.send(b"still here")

    assert status == 0
    assert receive(far, 10) == b"still here"
    near.close()
    far.close()
