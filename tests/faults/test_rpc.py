"""``seamline.rpc`` when things break: killed workers, lost connections, hostile bytes, forks."""

import asyncio
import contextlib
import os
import random
import secrets
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import uvloop

from seamline.errors import Denied, OutcomeUnknown, Unavailable, WireError
from seamline.interface import Kind
from seamline.rpc import Arguments, Client, Hosted, Identity, Target
from seamline.rpc.binding import Bindings
from seamline.rpc.greeting import Introduction, Reception
from seamline.transport import dial, listen
from seamline.wire import (
    CALL,
    CANCEL,
    NEXT,
    PROOF,
    RESULT,
    WELCOME,
    Codec,
    Frame,
    State,
    TypeTable,
    Welcome,
    pack,
    pack_message,
)

SECRET = secrets.token_bytes(32)
CODEC = Codec(TypeTable([]))
KINDS = {
    "numbers": Kind.GENERATOR,
    "pid_async": Kind.ASYNC,
    "hang_async": Kind.ASYNC,
    "once_async": Kind.ASYNC,
}
pytestmark = pytest.mark.processes


def target(name: str, *, timeout: float = 20, idempotent: bool = False) -> Target:
    kind = KINDS.get(name, Kind.SYNC)
    parameters = (
        ("mark",) if name in {"hang", "hang_async", "once", "once_async", "numbers"} else ()
    )
    return Target(
        "b",
        f"worker:{name}@1",
        kind,
        "f",
        CODEC,
        timeout=timeout,
        idempotent=idempotent,
        parameters=parameters,
    )


class Worker:
    """A worker in a process of its own."""

    def __init__(self, path: str, name: str) -> None:
        self.path = path
        script = str(Path(__file__).with_name("rpc_worker.py"))
        self.log = Path(f"{path}.log")
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                [sys.executable, script, path, name, SECRET.hex()],
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        assert self.process.stdout is not None
        assert self.process.stdout.readline() == "ready\n"

    def kill(self) -> str:
        """Kill it as the kernel would; return what it logged."""
        self.process.kill()
        self.process.communicate()
        return self.log.read_text()


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[[str], Worker]]:
    workers: list[Worker] = []

    def start(name: str = "b.0") -> Worker:
        workers.append(Worker(str(tmp_path / f"{name}.sock"), name))
        return workers[-1]

    yield start
    for worker in workers:
        if worker.process.poll() is None:
            worker.kill()


@pytest.fixture(scope="module")
def steady(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Worker]:
    """One worker for all tests after which it must still be there."""
    worker = Worker(str(tmp_path_factory.mktemp("steady") / "s"), "b.0")
    yield worker
    assert "Traceback" not in worker.kill()


@pytest.fixture
def connect() -> Iterator[Callable[..., Client]]:
    clients: list[Client] = []

    def connect(*paths: str) -> Client:
        clients.append(Client("b", paths, identity=Identity("run", "a.0", SECRET)))
        return clients[-1]

    yield connect
    for client in clients:
        client.close()


def until(fact: Callable[[], Any], seconds: float = 20) -> None:
    end = time.monotonic() + seconds
    while not fact():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.002)


def killer(mark: Path, worker: Worker) -> threading.Thread:
    """Kill a worker as soon as a call runs in it."""

    def kill() -> None:
        until(mark.exists)
        worker.kill()

    thread = threading.Thread(target=kill)
    thread.start()
    return thread


def call(client: Client, what: Target, *values: Any, colour: str) -> Any:
    if colour == "sync":
        return client.call(what, Arguments(values))
    runner = uvloop.run if colour == "uvloop" else asyncio.run
    return runner(client.call_async(what, Arguments(values)))


COLOURS = ["sync", "asyncio", "uvloop"]


def coloured(name: str, colour: str) -> str:
    """Return the name of the function that has the colour of its caller."""
    return name if colour == "sync" else f"{name}_async"


@pytest.mark.parametrize("colour", COLOURS)
def test_a_worker_killed_in_a_call_leaves_its_outcome_unknown(
    start: Any, connect: Any, tmp_path: Path, colour: str
) -> None:
    worker = start()
    name = coloured("hang", colour)
    mark = tmp_path / "mark"
    thread = killer(mark, worker)

    with pytest.raises(OutcomeUnknown, match=rf"worker\.{name} was sent and the connection was"):
        call(connect(worker.path), target(name), str(mark), colour=colour)
    thread.join()


@pytest.mark.parametrize("colour", COLOURS)
def test_an_idempotent_call_is_made_again_on_another_worker(
    start: Any, connect: Any, tmp_path: Path, colour: str
) -> None:
    one, two = start("b.0"), start("b.1")
    mark = tmp_path / "mark"

    client = connect(one.path, two.path)
    client._route.balance.bury(client._route.balance.peers[1])  # so that the first one runs it
    thread = killer(mark, one)

    got = call(client, target(coloured("once", colour), idempotent=True), str(mark), colour=colour)
    thread.join()

    assert got == two.process.pid


@pytest.mark.parametrize("colour", COLOURS)
def test_any_other_call_is_not_made_again_on_another_worker(
    start: Any, connect: Any, tmp_path: Path, colour: str
) -> None:
    one, two = start("b.0"), start("b.1")
    mark = tmp_path / "mark"

    client = connect(one.path, two.path)
    client._route.balance.bury(client._route.balance.peers[1])  # so that the first one runs it
    thread = killer(mark, one)

    with pytest.raises(OutcomeUnknown, match="it may or may not have run"):
        call(client, target(coloured("once", colour)), str(mark), colour=colour)
    thread.join()


@pytest.mark.parametrize("colour", COLOURS)
def test_a_killed_worker_is_passed_over(
    start: Any, steady: Worker, connect: Any, colour: str
) -> None:
    one, two = start("b.1"), steady
    client = connect(one.path, two.path)
    name = coloured("pid", colour)
    one.kill()

    pids = {call(client, target(name), colour=colour) for _ in range(10)}

    assert pids == {two.process.pid}


def test_a_killed_workers_idle_connection_is_not_used_again(start: Any, connect: Any) -> None:
    one, two = start("b.0"), start("b.1")
    client = connect(one.path, two.path)
    for _ in range(20):
        client.call(target("pid"), Arguments())
    one.kill()

    assert {client.call(target("pid"), Arguments()) for _ in range(20)} == {two.process.pid}


@pytest.mark.parametrize("colour", COLOURS)
def test_nobody_there_is_unavailable_at_the_deadline(
    connect: Any, tmp_path: Path, colour: str
) -> None:
    client = connect(str(tmp_path / "nobody.sock"))
    name = coloured("pid", colour)

    with pytest.raises(Unavailable, match="did not run: no worker of group b took the call"):
        call(client, target(name, timeout=0.1), colour=colour)


@pytest.mark.parametrize("colour", COLOURS)
def test_a_worker_that_accepts_and_never_answers_is_unavailable(
    connect: Any, tmp_path: Path, colour: str
) -> None:
    sock = listen(str(tmp_path / "mute.sock"))
    client = connect(str(tmp_path / "mute.sock"))
    name = coloured("pid", colour)

    with pytest.raises(Unavailable, match="accepted the connection and did not answer in time"):
        call(client, target(name, timeout=0.1), colour=colour)
    sock.close()


@pytest.mark.parametrize("colour", COLOURS)
def test_a_mute_worker_does_not_keep_calls_from_another(
    start: Any, connect: Any, tmp_path: Path, colour: str
) -> None:
    sock = listen(str(tmp_path / "mute.sock"))
    good = start("b.1")
    client = connect(str(tmp_path / "mute.sock"), good.path)
    name = coloured("pid", colour)

    assert {call(client, target(name), colour=colour) for _ in range(4)} == {good.process.pid}
    sock.close()


def test_a_stream_of_a_killed_worker_ends_with_an_unknown_outcome(
    start: Any, connect: Any, tmp_path: Path
) -> None:
    worker = start()
    stream = connect(worker.path).stream(target("numbers"), Arguments((str(tmp_path / "mark"),)))
    next(stream)
    worker.kill()

    with pytest.raises(OutcomeUnknown, match="numbers was sent"):
        next(stream)


def test_sixty_four_calls_in_flight_of_a_killed_worker_all_end(
    start: Any, connect: Any, tmp_path: Path
) -> None:
    worker = start()
    client = connect(worker.path)
    mark = tmp_path / "mark"
    thread = killer(mark, worker)

    async def calls() -> list[Any]:
        hang = target("hang_async", timeout=3)
        return await asyncio.gather(
            *(client.call_async(hang, Arguments((str(mark),))) for _ in range(64)),
            return_exceptions=True,
        )

    results = uvloop.run(calls())
    thread.join()

    assert {type(result) for result in results} <= {OutcomeUnknown, Unavailable}
    assert len(results) == 64


# -- forks ----------------------------------------------------------------------------------


@pytest.mark.filterwarnings("ignore:.*multi-threaded:DeprecationWarning")
def test_a_forked_child_opens_its_own_connections_and_leaves_the_parents_alone(
    steady: Worker, connect: Any
) -> None:
    worker = steady
    client = connect(worker.path)
    assert client.call(target("pid"), Arguments()) == worker.process.pid
    read, write = os.pipe()

    child = os.fork()
    if child == 0:
        status = 1
        with contextlib.suppress(BaseException):
            got = client.call(target("pid"), Arguments())
            os.write(write, str(got).encode())
            status = 0
        os._exit(status)
    _, status = os.waitpid(child, 0)

    assert status == 0
    assert int(os.read(read, 20)) == worker.process.pid
    assert client.call(target("pid"), Arguments()) == worker.process.pid
    os.close(read)
    os.close(write)


# -- bytes that no honest peer sends --------------------------------------------------------


def introduced(path: str, mode: str = "thread") -> socket.socket:
    """Return a connection past its handshake, to be misused."""
    sock = dial(path, 5)
    sock.settimeout(20)
    names = [target("pid"), target("pid_async"), target("numbers")]
    from seamline.wire import Entry

    table = [Entry(t.address, t.fingerprint, str(t.kind), t.parameters) for t in names]
    introduction = Introduction(Identity("run", "evil.0", SECRET), mode, table, 1 << 20)
    sock.sendall(introduction.hello())
    connection = introduction.connection
    while connection.state is not State.OPEN:
        for frame in connection.received(sock.recv_into(connection.buffer())):
            sock.sendall(introduction.answer(frame) or b"")
    return sock


def is_closed(sock: socket.socket) -> bool:
    with contextlib.suppress(ConnectionError):
        while sock.recv(65536):
            pass
    sock.close()
    return True


BODY = CODEC.encode(())
MISUSES = {
    "a step for no stream": pack(NEXT, 7),
    "a frame for callers only": pack(RESULT, 1),
    "a handshake frame": pack(PROOF),
    "an unknown kind": pack(99, 1),
    "a frame beyond the limit": b"\xff\xff\xff\xff" + pack(CALL, 1)[4:],
    "metadata that is not there": pack(CALL, 1, b"\xff", flags=1) + pack(99),
}


@pytest.mark.parametrize("mode", ["thread", "loop"])
@pytest.mark.parametrize("misuse", MISUSES.values(), ids=MISUSES)
def test_a_peer_that_breaks_the_protocol_loses_its_connection_and_nobody_else(
    steady: Worker, connect: Any, mode: str, misuse: bytes
) -> None:
    said = len(steady.log.read_text())
    sock = introduced(steady.path, mode)

    sock.sendall(misuse)

    assert is_closed(sock)
    assert connect(steady.path).call(target("pid"), Arguments()) == steady.process.pid
    assert steady.log.read_text()[said:].count("[wire] connection of evil.0 closed") == 1


def test_a_stream_that_is_opened_twice_is_a_broken_protocol(steady: Worker, connect: Any) -> None:
    sock = introduced(steady.path, "thread")
    numbers = pack(CALL, 1, CODEC.encode(("/dev/null",)), function=2)

    sock.sendall(numbers + numbers)

    assert is_closed(sock)
    assert connect(steady.path).call(target("pid"), Arguments()) == steady.process.pid


def test_a_cancel_for_a_call_that_is_over_is_no_mistake(steady: Worker) -> None:
    sock = introduced(steady.path, "loop")

    for stream in (1, 2):
        sock.sendall(pack(CANCEL, 99) + pack(CALL, stream, BODY, function=1))
        assert sock.recv(4096)[8 + 2] == RESULT
    sock.close()


def test_random_bytes_neither_stop_a_worker_nor_make_it_grow(start: Any, connect: Any) -> None:
    worker = start()
    client = connect(worker.path)
    rng = random.Random(1)

    def attack(count: int) -> None:
        for n in range(count):
            sock = (
                introduced(worker.path, rng.choice(["thread", "loop"]))
                if n % 2
                else dial(worker.path, 5)
            )
            data = bytearray(rng.randbytes(rng.randrange(1, 400)))
            if n % 3:  # plausible lengths go deeper than random ones
                data[:4] = len(data[16:]).to_bytes(4, "little")
                data[10:11] = bytes([rng.randrange(1, 19)])
            with contextlib.suppress(OSError):
                sock.sendall(data)
            sock.close()

    attack(100)
    before = client.call(target("memory"), Arguments())
    attack(300)
    assert client.call(target("pid"), Arguments()) == worker.process.pid
    assert client.call(target("memory"), Arguments()) < before + 4096
    assert "Traceback" not in worker.kill()


# -- a host that is not what it should be ----------------------------------------------------


class FakeHost(threading.Thread):
    """Answers the handshake as a worker does and every call with what it is told."""

    def __init__(
        self, path: str, answers: Callable[[Frame], bytes], secret: bytes = SECRET
    ) -> None:
        super().__init__(daemon=True)
        self._sock = listen(path)
        self._answers = answers
        self._secret = secret
        self.start()

    def run(self) -> None:
        hosted = {
            name: Hosted(lambda: None, kind, "f", CODEC)
            for name, kind in {"pid": Kind.SYNC, "pid_async": Kind.ASYNC}.items()
        }
        bindings = Bindings(lambda a: hosted[a.partition(":")[2].partition("@")[0]])
        with contextlib.suppress(OSError):
            while True:
                sock, _ = self._sock.accept()
                reception = Reception(Identity("run", "b.0", self._secret), bindings, 1 << 20)
                with sock:
                    self._serve(sock, reception)

    def _serve(self, sock: socket.socket, reception: Reception) -> None:
        connection = reception.connection
        while count := sock.recv_into(connection.buffer()):
            for frame in connection.received(count):
                sock.sendall(
                    self._answers(frame)
                    if connection.state is State.OPEN and frame[0] == CALL
                    else reception.answer(frame)
                )
            for frame in connection.received(0):
                sock.sendall(reception.answer(frame))

    def stop(self) -> None:
        self._sock.shutdown(socket.SHUT_RDWR)
        self._sock.close()
        self.join(10)


@pytest.fixture
def fake(tmp_path: Path) -> Iterator[Callable[..., str]]:
    hosts: list[FakeHost] = []

    def fake(answers: Callable[[Frame], bytes], **options: Any) -> str:
        path = str(tmp_path / "fake.sock")
        hosts.append(FakeHost(path, answers, **options))
        return path

    yield fake
    for host in hosts:
        host.stop()


NOTHING = CODEC.encode(None)
LIES = {
    "an answer to another call": lambda frame: pack(RESULT, frame[1] + 1, NOTHING),
    "two answers to one call": lambda frame: pack(RESULT, frame[1], NOTHING) * 2,
    "a call": lambda frame: pack(CALL, frame[1]),
    "a value that is none": lambda frame: pack(RESULT, frame[1], b"\xc1"),
}


@pytest.mark.parametrize("colour", COLOURS)
@pytest.mark.parametrize("lie", LIES.values(), ids=LIES)
def test_a_host_that_breaks_the_protocol_is_blamed_or_its_duplicate_dropped(
    fake: Any, connect: Any, colour: str, lie: Callable[[Frame], bytes]
) -> None:
    client = connect(fake(lie))
    name = coloured("pid", colour)

    try:
        got = call(client, target(name, timeout=5), colour=colour)
    except WireError:
        return
    assert got is None  # asynchronous: the first of two answers had arrived already


def test_a_caller_does_not_tell_a_stranger_what_it_wants_to_call(fake: Any, connect: Any) -> None:
    seen: list[Frame] = []

    def never(frame: Frame) -> bytes:
        seen.append(frame)
        return b""

    client = connect(fake(never, secret=b"not the run's"))

    with pytest.raises(Denied, match="the host at the other end did not prove"):
        client.call(target("pid", timeout=5), Arguments())
    assert seen == []


def test_a_reflected_proof_is_denied(connect: Any, tmp_path: Path) -> None:
    sock = listen(str(tmp_path / "mirror.sock"))

    def mirror() -> None:
        peer, _ = sock.accept()
        with peer:
            peer.recv(4096)
            welcome = Welcome("b.0", b"n" * 32, b"p" * 32, 1 << 20)
            peer.sendall(pack(WELCOME, body=pack_message(welcome)))
            peer.recv(1)

    thread = threading.Thread(target=mirror)
    thread.start()

    with pytest.raises(Denied, match="did not prove"):
        connect(str(tmp_path / "mirror.sock")).call(target("pid", timeout=5), Arguments())
    thread.join()
    sock.close()


@pytest.mark.filterwarnings("ignore:.*multi-threaded:DeprecationWarning")
def test_a_forked_child_drops_a_stream_of_its_parent_in_silence(
    steady: Worker, connect: Any, tmp_path: Path
) -> None:
    stream = connect(steady.path).stream(target("numbers"), Arguments((str(tmp_path / "m"),)))
    assert next(stream) == 0

    child = os.fork()
    if child == 0:
        try:
            stream.close()
        except BaseException:  # the child must not return into pytest
            os._exit(1)
        os._exit(0)
    _, status = os.waitpid(child, 0)

    assert status == 0
    assert next(stream) == 1
    stream.close()
