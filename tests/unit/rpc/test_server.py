"""``seamline.rpc.Server``: who is served, how much at a time, and how it leaves."""

import asyncio
import socket
import threading
from typing import Any

import pytest

from seamline.errors import Denied, NotSendable, Overloaded, Unavailable
from seamline.plan import Limits
from seamline.rpc import Identity, Server
from seamline.rpc.situation import Situation, current
from seamline.transport import dial


class Held:
    """A function that waits until it is released."""

    def __init__(self) -> None:
        self.started = threading.Semaphore(0)
        self.release = threading.Event()

    def wait(self) -> str:
        self.started.release()
        assert self.release.wait(10)
        return "done"


@pytest.fixture
def held() -> Any:
    held = Held()
    yield held
    held.release.set()


def in_thread(call: Any, *given: Any) -> tuple[threading.Thread, list[Any]]:
    results: list[Any] = []

    def work() -> None:
        try:
            results.append(call(*given))
        except Exception as error:
            results.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    return thread, results


@pytest.mark.parametrize("colour", ["sync", "async"])
def test_a_caller_without_the_secret_is_denied(
    host: Any, connect: Any, args: Any, run: Any, colour: str
) -> None:
    def f() -> None:
        raise AssertionError("it ran")

    async def g() -> None:
        raise AssertionError("it ran")

    stranger = connect(host, secret=b"x" * 32)
    one, two = host.offer(f), host.offer(g)
    calls = {
        "sync": lambda: stranger.call(one, args()),
        "async": lambda: run(stranger.call_async(two, args())),
    }

    with pytest.raises(Denied, match="did not prove"):
        calls[colour]()


def test_a_caller_of_another_run_is_told_so(start_host: Any, connect: Any, args: Any) -> None:
    def f() -> None:
        raise AssertionError("it ran")

    host = start_host(identity=Identity("another run", "b.0", b"s"))

    with pytest.raises(Denied, match="belongs to run 'run', this worker to 'another run'"):
        connect(host, secret=b"s").call(host.offer(f), args())


def test_no_more_threads_run_than_allowed_and_the_rest_wait(
    start_host: Any, connect: Any, args: Any, held: Held
) -> None:
    def f() -> str:
        return held.wait()

    host = start_host(threads=2)
    client = connect(host)
    target = host.offer(f)
    calls = [in_thread(client.call, target, args()) for _ in range(5)]
    for _ in range(2):
        assert held.started.acquire(timeout=10)

    assert not held.started.acquire(timeout=0.05)
    assert host.server.stats()["in_flight"] == 2
    held.release.set()
    for thread, results in calls:
        thread.join()
        assert results == ["done"]


def test_a_full_queue_is_overloaded_at_once(
    start_host: Any, connect: Any, args: Any, held: Held
) -> None:
    def f() -> str:
        return held.wait()

    host = start_host(threads=1, limits=Limits(in_flight=1))
    client = connect(host)
    target = host.offer(f)
    first, _ = in_thread(client.call, target, args())
    assert held.started.acquire(timeout=10)
    second, _ = in_thread(client.call, target, args())
    while not host.server.stats()["queued"]:
        second.join(0.001)

    with pytest.raises(Overloaded, match=r"worker b\.0 has 1 calls waiting") as refused:
        client.call(target, args())
    # Applications that stay useful while something is away catch it under this name.
    assert isinstance(refused.value, ConnectionError)
    held.release.set()
    first.join()
    second.join()


def test_too_many_awaited_calls_are_overloaded_and_the_others_are_served(
    start_host: Any, connect: Any, args: Any, run: Any
) -> None:
    host = start_host(limits=Limits(in_flight=3))
    client = connect(host)

    async def make() -> asyncio.Event:
        return asyncio.Event()

    go = host.do(make())

    async def f() -> str:
        await go.wait()
        return "served"

    async def release() -> None:
        go.set()

    target, opener = host.offer(f), release

    async def flood() -> list[Any]:
        calls = [asyncio.ensure_future(client.call_async(target, args())) for _ in range(5)]
        await asyncio.wait(calls, return_when=asyncio.FIRST_EXCEPTION)
        await asyncio.to_thread(host.do, opener())
        return await asyncio.gather(*calls, return_exceptions=True)

    results = run(flood())

    assert results.count("served") == 3
    assert sum(isinstance(result, Overloaded) for result in results) == 2


def test_a_connection_beyond_the_limit_is_overloaded(
    start_host: Any, connect: Any, args: Any, held: Held
) -> None:
    def f() -> str:
        return held.wait()

    host = start_host(limits=Limits(connections=1))
    client = connect(host)
    target = host.offer(f)
    thread, _ = in_thread(client.call, target, args())
    assert held.started.acquire(timeout=10)

    with pytest.raises(Overloaded, match=r"has 1 connections open \(limits.connections\)"):
        client.call(target, args())
    held.release.set()
    thread.join()


def test_an_overloaded_worker_is_passed_over_for_another(
    start_host: Any, connect: Any, args: Any, held: Held
) -> None:
    def f(first: bool) -> str:
        return held.wait() if first else "from the other"

    one = start_host("b.0", limits=Limits(connections=1))
    two = start_host("b.1")
    target = one.offer(f)
    two.hosted.update(one.hosted)
    thread, _ = in_thread(connect(one).call, target, args(True))
    assert held.started.acquire(timeout=10)
    client = connect(one, two)

    assert [client.call(target, args(False)) for _ in range(8)] == ["from the other"] * 8
    held.release.set()
    thread.join()


def test_counts_are_kept_by_address(host: Any, client: Any, args: Any) -> None:
    def good() -> None:
        return None

    def bad() -> None:
        raise ValueError("bad")

    one, two = host.offer(good), host.offer(bad)
    client.call(one, args())
    client.call(one, args())
    with pytest.raises(ValueError, match="bad"):
        client.call(two, args())

    stats = host.server.stats()
    assert stats["calls"] == {one.address: 2, two.address: 1}
    assert stats["errors"] == {two.address: 1}


# -- leaving --------------------------------------------------------------------------------


def test_a_draining_worker_finishes_what_runs(
    host: Any, client: Any, args: Any, held: Held
) -> None:
    def f() -> str:
        return held.wait()

    thread, results = in_thread(client.call, host.offer(f), args())
    assert held.started.acquire(timeout=10)
    drained, finished = in_thread(host.do, host.server.drain(10))
    while not host.server.stats()["draining"]:
        drained.join(0.001)
    held.release.set()
    thread.join()
    drained.join()

    assert results == ["done"]
    assert finished == [True]


def test_a_draining_worker_cuts_off_what_runs_too_long(
    host: Any, client: Any, args: Any, held: Held
) -> None:
    from seamline.errors import OutcomeUnknown

    def f() -> str:
        return held.wait()

    thread, results = in_thread(client.call, host.offer(f), args())
    assert held.started.acquire(timeout=10)

    assert host.do(host.server.drain(0.05)) is False
    thread.join()
    assert isinstance(results[0], OutcomeUnknown)


def test_calls_go_to_another_worker_while_one_drains(
    start_host: Any, connect: Any, args: Any
) -> None:
    def who() -> str:
        return threading.current_thread().name

    one, two = start_host("b.0"), start_host("b.1")
    target = one.offer(who)
    two.hosted.update(one.hosted)
    client = connect(one, two)
    before = {client.call(target, args()) for _ in range(20)}

    assert one.do(one.server.drain(10))

    assert before == {"seamline b.0 call", "seamline b.1 call"}
    assert {client.call(target, args()) for _ in range(20)} == {"seamline b.1 call"}


def test_no_awaited_call_is_lost_while_a_worker_drains(
    start_host: Any, connect: Any, args: Any, run: Any
) -> None:
    async def f(n: int) -> int:
        await asyncio.sleep(0.001)
        return n

    one, two = start_host("b.0"), start_host("b.1")
    target = one.offer(f)
    two.hosted.update(one.hosted)
    client = connect(one, two)

    async def calls() -> list[int]:
        async def caller(n: int) -> list[int]:
            return [await client.call_async(target, args(n)) for _ in range(30)]

        callers = [asyncio.ensure_future(caller(n)) for n in range(16)]
        await client.call_async(target, args(0))
        await asyncio.to_thread(one.do, one.server.drain(10))
        return [n for got in await asyncio.gather(*callers) for n in got]

    assert sorted(run(calls())) == sorted(n for n in range(16) for _ in range(30))


def test_no_blocking_call_is_lost_while_a_worker_drains(
    start_host: Any, connect: Any, args: Any
) -> None:
    def f(n: int) -> int:
        return n

    one, two = start_host("b.0"), start_host("b.1")
    target = one.offer(f)
    two.hosted.update(one.hosted)
    client = connect(one, two)
    started = threading.Semaphore(0)

    def work(n: int) -> list[int]:
        got = []
        for _ in range(200):
            got.append(client.call(target, args(n)))
            started.release()
        return got

    callers = [in_thread(work, n) for n in range(4)]
    for _ in range(40):
        assert started.acquire(timeout=10)
    assert one.do(one.server.drain(10))
    for thread, _ in callers:
        thread.join()

    assert [results[0] for _, results in callers] == [[n] * 200 for n in range(4)]


def test_callers_that_came_for_another_worker_go_to_it_when_it_is_back_and_lose_nothing(
    start_host: Any, connect: Any, args: Any
) -> None:
    def f(n: int) -> tuple[int, str]:
        return n, threading.current_thread().name

    one, two = start_host("b.0"), start_host("b.1")
    target = one.offer(f)
    two.hosted.update(one.hosted)
    client = connect(one)
    one.do(one.server.drain(10))
    theirs = one._sock.dup()
    two.do(two.server.start(theirs))
    started = threading.Semaphore(0)

    def work(n: int) -> list[tuple[int, str]]:
        got = []
        for _ in range(200):
            got.append(client.call(target, args(n)))
            started.release()
        return got

    callers = [in_thread(work, n) for n in range(4)]
    for _ in range(40):
        assert started.acquire(timeout=10)
    back = Server(one.resolve, identity=Identity("run", "b.0", one.server._identity.secret))
    one.do(back.start(one._sock))
    one.server = back
    two.do(two.server.leave(theirs))
    for thread, _ in callers:
        thread.join()
    theirs.close()

    for n, (_, results) in enumerate(callers):
        assert [number for number, _ in results[0]] == [n] * 200
    assert "seamline b.1 call" in {results[0][0][1] for _, results in callers}
    assert client.call(target, args(0)) == (0, "seamline b.0 call")


def test_awaited_calls_that_came_for_another_worker_go_to_it_when_it_is_back(
    start_host: Any, connect: Any, args: Any, run: Any
) -> None:
    async def f(n: int) -> int:
        await asyncio.sleep(0.001)
        return n

    one, two = start_host("b.0"), start_host("b.1")
    target = one.offer(f)
    two.hosted.update(one.hosted)
    client = connect(one)
    one.do(one.server.drain(10))
    theirs = one._sock.dup()
    two.do(two.server.start(theirs))
    back = Server(one.resolve, identity=Identity("run", "b.0", one.server._identity.secret))

    async def calls() -> list[int]:
        async def caller(n: int) -> list[int]:
            return [await client.call_async(target, args(n)) for _ in range(30)]

        callers = [asyncio.ensure_future(caller(n)) for n in range(16)]
        await client.call_async(target, args(0))
        await asyncio.to_thread(one.do, back.start(one._sock))
        await asyncio.to_thread(two.do, two.server.leave(theirs))
        return [n for got in await asyncio.gather(*callers) for n in got]

    assert sorted(run(calls())) == sorted(n for n in range(16) for _ in range(30))
    one.server = back
    theirs.close()
    assert sum(back.stats()["calls"].values()) > 0
    assert two.server.stats()["in_flight"] == 0


def test_worker_that_drains_may_leave_a_socket_too(
    start_host: Any, connect: Any, args: Any, run: Any
) -> None:
    async def f() -> None:
        begun.set()
        await released.wait()

    begun, released = threading.Event(), asyncio.Event()

    def drain() -> bool:
        return bool(two.do(two.server.drain(10)))

    def until_draining() -> None:
        while not two.server.stats()["draining"]:
            pass

    one, two = start_host("b.0"), start_host("b.1")
    target = two.offer(f)
    client = connect(one)
    one.do(one.server.drain(10))
    theirs = one._sock.dup()
    two.do(two.server.start(theirs))

    async def scenario() -> None:
        call = asyncio.ensure_future(client.call_async(target, args()))
        assert await asyncio.to_thread(begun.wait, 10)
        drained = asyncio.ensure_future(asyncio.to_thread(drain))
        await asyncio.to_thread(until_draining)
        await asyncio.to_thread(two.do, two.server.leave(theirs))
        two.loop.call_soon_threadsafe(released.set)
        await call
        assert await drained

    run(scenario())
    theirs.close()


def test_awaited_call_is_not_made_on_a_loop_that_waits_for_it_while_another_is_away(
    start_host: Any, connect: Any, args: Any, run: Any
) -> None:
    async def f() -> None:
        return None

    one, two = start_host("b.0"), start_host("b.1")
    target = two.offer(f, timeout=0.5)
    client = connect(one, two)
    one.do(one.server.drain(10))
    theirs = one._sock.dup()
    two.do(two.server.start(theirs))

    async def call() -> None:
        token = current.set(Situation(chain=(("b.1", True),)))
        try:
            await client.call_async(target, args())
        finally:
            current.reset(token)

    with pytest.raises(Unavailable, match=r"worker b\.1, which accepts for b\.0, waits for this"):
        run(call())
    two.do(two.server.leave(theirs))
    theirs.close()


def test_a_worker_that_has_drained_is_unavailable_after_the_deadline(
    host: Any, client: Any, args: Any
) -> None:
    def f() -> None:
        return None

    target = host.offer(f, timeout=0.2)
    client.call(target, args())
    host.do(host.server.drain(10))

    with pytest.raises(Unavailable, match="no worker of group b took the call"):
        client.call(target, args())


def test_a_listening_socket_outlives_its_worker(
    start_host: Any, connect: Any, args: Any, loop_name: str
) -> None:
    def f() -> str:
        return "from the next generation"

    first = start_host()
    client = connect(first)
    target = first.offer(f)
    client.call(target, args())
    first.do(first.server.drain(10))
    thread, results = in_thread(client.call, target, args())

    second = Server(first.resolve, identity=Identity("run", "b.0", first.server._identity.secret))
    first.do(second.start(first._sock))
    thread.join()
    first.server = second

    assert results == ["from the next generation"]


def test_closing_a_client_closes_its_connections(host: Any, client: Any, args: Any) -> None:
    def f() -> None:
        return None

    client.call(host.offer(f), args())
    client.close()
    while host.server.stats()["connections"]:
        host.do(asyncio.sleep(0))


def test_someone_who_says_nothing_is_let_go(
    start_host: Any, connect: Any, args: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def f() -> int:
        return 1

    monkeypatch.setattr("seamline.rpc.server.GREETING_SECONDS", 0.05)
    host = start_host()
    silent = dial(host.path, 5)

    assert silent.recv(1) == b""
    silent.close()
    assert connect(host).call(host.offer(f), args()) == 1


def test_a_stranger_that_hangs_up_in_the_greeting_does_no_harm(
    host: Any, client: Any, args: Any
) -> None:
    def f() -> int:
        return 1

    for _ in range(20):
        dial(host.path, 5).close()
    sock = socket.socket(socket.AF_UNIX)
    sock.connect(host.path)
    sock.send(b"\x10\x00")
    sock.close()

    assert client.call(host.offer(f), args()) == 1


@pytest.mark.parametrize("form", ["call", "call_async"])
def test_what_is_larger_than_a_frame_is_refused_before_it_is_sent(
    start_host: Any, connect: Any, args: Any, run: Any, form: str
) -> None:
    most = Limits(frame_bytes=10_000)
    host = start_host(limits=most)
    client = connect(host, limits=most)

    def double(text: str) -> str:
        return text + text

    async def double_later(text: str) -> str:
        return text + text

    target = host.offer(double if form == "call" else double_later)

    def ask(text: str) -> str:
        if form == "call":
            return client.call(target, args(text))

        async def wait() -> str:
            return await client.call_async(target, args(text))

        return run(wait())

    with pytest.raises(NotSendable, match=r"the arguments of .*double.*10,000; send it in parts"):
        ask("x" * 10_001)
    with pytest.raises(NotSendable, match=r"double.* ran, and its result, 16,0\d\d bytes"):
        ask("x" * 8_000)
    assert ask("x") == "xx"
