"""``seamline.rpc``: one call, in every combination of colours, over a socket and in ``local``."""

import asyncio
import contextlib
import select
import threading
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from seamline.errors import NotSendable, RemoteError, Unavailable
from seamline.transport import listen
from seamline.wire import DEFAULT

SENTINEL = object()


def test_a_blocking_call_of_a_synchronous_function(far: Any, args: Any) -> None:
    def add(a: int, b: int) -> int:
        return a + b

    assert far.client.call(far.offer(add), args(1, 2)) == 3


def test_an_awaited_call_of_an_asynchronous_function(far: Any, args: Any, run: Any) -> None:
    async def add(a: int, b: int) -> int:
        await asyncio.sleep(0)
        return a + b

    assert run(far.client.call_async(far.offer(add), args(1, 2))) == 3


def test_a_synchronous_function_runs_in_the_thread_that_reads_its_connection(
    host: Any, client: Any, args: Any
) -> None:
    def thread() -> int:
        return threading.get_ident()

    target = host.offer(thread)

    assert client.call(target, args()) == client.call(target, args())
    assert host.server.stats()["connections"] == 1


def test_parameters_of_every_kind_arrive_where_they_belong(far: Any, args: Any) -> None:
    def f(a: int, /, b: int, *rest: int, c: int, **more: int) -> tuple[Any, ...]:
        return a, b, rest, c, more

    got = far.client.call(far.offer(f), args(1, 2, 3, extra=(4, 5), d=6))

    assert got == (1, 2, (4, 5), 3, {"d": 6})


def test_a_default_is_the_hosts_own_object(far: Any, args: Any) -> None:
    def f(a: object = SENTINEL, *, b: object = SENTINEL) -> tuple[bool, bool]:
        return a is SENTINEL, b is SENTINEL

    assert far.client.call(far.offer(f), args(DEFAULT, DEFAULT)) == (True, True)


def test_sixty_four_awaited_calls_at_once_each_get_their_own_answer(
    far: Any, args: Any, run: Any
) -> None:
    async def double(n: int) -> int:
        await asyncio.sleep(0)
        return 2 * n

    target = far.offer(double)

    async def all_of_them() -> list[int]:
        return await asyncio.gather(*(far.client.call_async(target, args(n)) for n in range(64)))

    assert run(all_of_them()) == [2 * n for n in range(64)]


def test_calls_in_flight_share_one_connection(host: Any, client: Any, args: Any, run: Any) -> None:
    async def count() -> int:
        await asyncio.sleep(0)
        return host.server.stats()["connections"]

    target = host.offer(count)

    async def all_of_them() -> list[int]:
        return await asyncio.gather(*(client.call_async(target, args()) for _ in range(64)))

    assert set(run(all_of_them())) == {1}


def test_answers_come_in_the_order_of_completion(
    host: Any, client: Any, args: Any, run: Any
) -> None:
    async def first() -> str:
        await gate.wait()
        return "first"

    async def second() -> str:
        gate.set()
        return "second"

    async def make() -> asyncio.Event:
        return asyncio.Event()

    gate = host.do(make())
    one, two = host.offer(first), host.offer(second)

    async def both() -> list[str]:
        return await asyncio.gather(client.call_async(one, args()), client.call_async(two, args()))

    assert run(both()) == ["first", "second"]


def test_a_mebibyte_comes_back_as_it_was(far: Any, args: Any) -> None:
    def echo(data: bytes) -> bytes:
        return data

    data = bytes(range(256)) * 4096 * 3

    assert far.client.call(far.offer(echo), args(data)) == data


def test_a_mebibyte_comes_back_awaited_too(far: Any, args: Any, run: Any) -> None:
    async def echo(data: bytes) -> bytes:
        return data

    data = bytes(range(256)) * 4096 * 3
    target = far.offer(echo)

    async def several() -> list[bytes]:
        return await asyncio.gather(*(far.client.call_async(target, args(data)) for _ in range(4)))

    assert run(several()) == [data] * 4


def test_closing_a_client_while_it_connects_is_no_cancellation_of_the_call(
    tmp_path: Path, host: Any, connect: Any, args: Any, run: Any
) -> None:
    async def never() -> None:
        """Stand for a function of a host that accepts and says nothing."""

    mute = SimpleNamespace(service="b", path=str(tmp_path / "mute.sock"))
    target = host.offer(never)

    async def close_early(client: Any) -> None:
        call = asyncio.ensure_future(client.call_async(target, args()))
        await asyncio.sleep(0)  # the connection is being opened
        client.close()
        with pytest.raises(Unavailable, match="never did not run: this process closes its seams"):
            await call

    with contextlib.closing(listen(mute.path)):
        run(close_early(connect(mute)))


def test_large_values_both_ways_at_once_do_not_wait_for_each_other(
    host: Any, client: Any, args: Any, run: Any
) -> None:
    async def echo(data: bytes) -> bytes:
        return data

    data = bytes(12 * 1024 * 1024)
    target = host.offer(echo)

    async def several() -> list[int]:
        answers = (client.call_async(target, args(data)) for _ in range(4))
        return [len(answer) for answer in await asyncio.gather(*answers)]

    assert run(several()) == [len(data)] * 4


def test_each_loop_has_its_own_connection_and_a_closed_one_is_forgotten(
    host: Any, client: Any, args: Any, run: Any
) -> None:
    async def one() -> int:
        return 1

    target = host.offer(one)

    assert [run(client.call_async(target, args())) for _ in range(5)] == [1] * 5


def test_threads_share_a_client(host: Any, client: Any, args: Any) -> None:
    def echo(n: int) -> int:
        return n

    target = host.offer(echo)
    got: list[int] = []

    def work(n: int) -> None:
        got.extend(client.call(target, args(n)) for _ in range(50))

    threads = [threading.Thread(target=work, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(got) == sorted(n for n in range(8) for _ in range(50))


def test_the_callees_context_is_a_fresh_one(far: Any, args: Any) -> None:
    from contextvars import ContextVar

    variable: ContextVar[str] = ContextVar("variable", default="unset")

    def read() -> str:
        before = variable.get()
        variable.set("changed by the callee")
        return before

    variable.set("set by the caller")
    target = far.offer(read)

    assert far.client.call(target, args()) == "unset"
    assert variable.get() == "set by the caller"


# -- what the callee raises ----------------------------------------------------------------


@pytest.mark.parametrize(
    "error",
    [
        ValueError("no", 1),
        KeyError("k"),
        SystemExit(3),
        KeyboardInterrupt(),
        GeneratorExit(),
        StopIteration(1),
        StopAsyncIteration(),
        asyncio.CancelledError("theirs"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_what_a_synchronous_callee_raises_comes_back_and_the_worker_lives(
    far: Any, args: Any, error: BaseException
) -> None:
    def fail() -> None:
        raise type(error)(*error.args)

    def one() -> int:
        return 1

    with pytest.raises(type(error)) as caught:
        far.client.call(far.offer(fail), args())

    assert caught.value.args == error.args
    assert far.client.call(far.offer(one), args()) == 1


@pytest.mark.parametrize(
    "error",
    [ValueError("no", 1), SystemExit(3), KeyboardInterrupt(), GeneratorExit()],
    ids=lambda error: type(error).__name__,
)
def test_what_an_asynchronous_callee_raises_comes_back_and_the_worker_lives(
    far: Any, args: Any, run: Any, error: BaseException
) -> None:
    async def fail() -> None:
        raise type(error)(*error.args)

    async def one() -> int:
        return 1

    target, other = far.offer(fail), far.offer(one)

    async def call() -> int:
        with pytest.raises(type(error)) as caught:
            await far.client.call_async(target, args())
        assert caught.value.args == error.args
        return await far.client.call_async(other, args())

    assert run(call()) == 1


async def _cancel_as_the_answer_arrives(client: Any, task: "asyncio.Future[Any]") -> None:
    """Cancel a task whose answer lies in its connection, unread."""
    await asyncio.sleep(0)
    (link,) = client._looped._state().shared.values()
    readable, _, _ = select.select([link._fd], [], [], 10)  # the loop stands still meanwhile
    assert readable
    task.cancel()


def test_a_cancellation_is_not_lost_when_the_callee_had_answered_before_it_heard(
    host: Any, client: Any, args: Any, run: Any
) -> None:
    async def answer() -> str:
        return "done"

    async def keep_on() -> str:
        started.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            return "kept on"
        return ""

    started = threading.Event()
    quick, stubborn = host.offer(answer), host.offer(keep_on)

    async def call() -> str:
        await client.call_async(quick, args())  # opens the connection
        task = asyncio.ensure_future(client.call_async(quick, args()))
        await _cancel_as_the_answer_arrives(client, task)
        with pytest.raises(asyncio.CancelledError):
            await task
        # One that heard of it may answer all the same, as in one process.
        task = asyncio.ensure_future(client.call_async(stubborn, args()))
        assert await asyncio.to_thread(started.wait, 10)
        task.cancel()
        return str(await task)

    assert run(call()) == "kept on"


def test_a_callee_that_raises_cancelled_error_does_not_cancel_its_caller(
    far: Any, args: Any, run: Any
) -> None:
    async def fail() -> None:
        raise asyncio.CancelledError

    target = far.offer(fail)

    async def call() -> int:
        with pytest.raises(asyncio.CancelledError):
            await far.client.call_async(target, args())
        task = asyncio.current_task()
        assert task is not None
        return task.cancelling()

    assert run(call()) == 0


def test_a_remote_traceback_is_readable(far: Any, args: Any) -> None:
    def fail_deep_inside() -> None:
        raise ValueError("deep")

    with pytest.raises(ValueError, match="deep") as caught:
        far.client.call(far.offer(fail_deep_inside), args())

    import traceback

    text = "".join(traceback.format_exception(caught.value))
    assert "fail_deep_inside" in text
    assert "dispatch.py" not in text.partition("direct cause")[0]


def test_an_exception_that_cannot_be_rebuilt_is_still_caught_by_its_base(
    far: Any, args: Any
) -> None:
    def fail() -> None:
        class Hidden(LookupError):
            pass

        raise Hidden("x")

    with pytest.raises(LookupError) as caught:
        far.client.call(far.offer(fail), args())

    assert isinstance(caught.value, RemoteError)


# -- what cannot cross ----------------------------------------------------------------------


def test_an_argument_that_cannot_cross_is_named_and_nothing_is_sent(far: Any, args: Any) -> None:
    ran = threading.Event()

    def f(a: object, lock: object) -> None:
        ran.set()

    with pytest.raises(NotSendable, match="lock"):
        far.client.call(far.offer(f), args(1, threading.Lock()))

    assert not ran.is_set()


def test_a_keyword_that_cannot_cross_is_named(far: Any, args: Any) -> None:
    def f(**more: object) -> None:
        raise AssertionError("it ran")

    with pytest.raises(NotSendable, match="odd"):
        far.client.call(far.offer(f), args(odd=threading.Lock()))


def test_a_result_that_cannot_cross_is_said_to_the_caller(far: Any, args: Any) -> None:
    def f() -> object:
        return threading.Lock()

    with pytest.raises(NotSendable, match="result"):
        far.client.call(far.offer(f), args())
