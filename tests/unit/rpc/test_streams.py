"""Remote generators: lazy, in order, and driven exactly as in one process."""

import asyncio
import contextlib
import gc
import threading
from collections.abc import AsyncGenerator, Generator, Iterator
from typing import Any

import pytest

from seamline.errors import NotSendable


class Log(list[str]):
    """What happened on the host, in order."""


def test_nothing_runs_before_the_first_step_and_no_step_runs_ahead(far: Any, args: Any) -> None:
    log = Log()

    def numbers(n: int) -> Iterator[int]:
        for i in range(n):
            log.append(f"before {i}")
            yield i

    stream = far.client.stream(far.offer(numbers), args(3))
    assert log == []
    assert next(stream) == 0
    assert log == ["before 0"]
    assert list(stream) == [1, 2]


def test_a_generator_keeps_its_return_value(far: Any, args: Any) -> None:
    def numbers() -> Generator[int, None, str]:
        yield 1
        return "end"

    def whole() -> Generator[int, None, str]:
        return (yield from far.client.stream(target, args()))

    target = far.offer(numbers)
    stream = whole()

    assert next(stream) == 1
    with pytest.raises(StopIteration) as stop:
        next(stream)
    assert stop.value.value == "end"


def test_a_generator_that_yields_nothing_ends_at_once(far: Any, args: Any) -> None:
    def nothing() -> Iterator[int]:
        yield from ()

    assert list(far.client.stream(far.offer(nothing), args())) == []


def test_values_sent_in_reach_the_remote_frame(far: Any, args: Any) -> None:
    def adder() -> Generator[int, int, None]:
        total = 0
        while True:
            total += (yield total) or 0

    stream = far.client.stream(far.offer(adder), args())

    assert [next(stream), stream.send(3), stream.send(4), next(stream)] == [0, 3, 7, 7]
    stream.close()


def test_an_exception_thrown_in_and_out_again_is_the_callers_own_object(
    far: Any, args: Any
) -> None:
    def through() -> Iterator[int]:
        yield 1

    mine = ValueError("mine")
    stream = far.client.stream(far.offer(through), args())
    next(stream)

    with pytest.raises(ValueError, match="mine") as caught:
        stream.throw(mine)

    assert caught.value is mine


def test_an_exception_thrown_in_can_be_turned_into_an_item(far: Any, args: Any) -> None:
    def survivor() -> Iterator[str]:
        try:
            yield "first"
        except ValueError as error:
            yield f"survived {error}"

    stream = far.client.stream(far.offer(survivor), args())
    next(stream)

    assert stream.throw(ValueError("it")) == "survived it"


def test_an_exception_raised_from_the_thrown_one_has_it_as_its_cause(far: Any, args: Any) -> None:
    def wrap() -> Iterator[int]:
        try:
            yield 1
        except ValueError as error:
            raise KeyError("wrapped") from error

    mine = ValueError("mine")
    stream = far.client.stream(far.offer(wrap), args())
    next(stream)

    with pytest.raises(KeyError) as caught:
        stream.throw(mine)

    assert caught.value.__cause__ is mine


@pytest.mark.parametrize("how", ["close", "collected"])
def test_leaving_a_stream_early_closes_the_remote_frame(far: Any, args: Any, how: str) -> None:
    log = Log()

    def numbers() -> Iterator[int]:
        try:
            yield 1
            yield 2
        finally:
            log.append("closed")

    stream = far.client.stream(far.offer(numbers), args())
    next(stream)

    if how == "close":
        stream.close()
    del stream
    gc.collect()

    assert log == ["closed"]


def test_a_frame_that_ignores_its_close_is_reported_as_in_one_process(far: Any, args: Any) -> None:
    def stubborn() -> Iterator[int]:
        with contextlib.suppress(GeneratorExit):
            yield 1
        yield 2

    stream = far.client.stream(far.offer(stubborn), args())
    next(stream)

    with pytest.raises(RuntimeError, match="generator ignored GeneratorExit"):
        stream.close()


def test_a_generator_exit_that_is_thrown_can_be_answered_with_an_item(far: Any, args: Any) -> None:
    def stubborn() -> Iterator[str]:
        try:
            yield "first"
        except GeneratorExit:
            yield "not yet"

    stream = far.client.stream(far.offer(stubborn), args())
    next(stream)

    assert stream.throw(GeneratorExit()) == "not yet"
    stream.close()


def test_all_steps_run_in_one_thread_and_one_context(far: Any, args: Any) -> None:
    from contextvars import ContextVar

    variable: ContextVar[int] = ContextVar("variable", default=0)

    def steps() -> Iterator[tuple[int, int]]:
        while True:
            variable.set(variable.get() + 1)
            yield threading.get_ident(), variable.get()

    stream = far.client.stream(far.offer(steps), args())
    seen = [next(stream) for _ in range(3)]
    stream.close()

    assert len({thread for thread, _ in seen}) == 1
    assert [count for _, count in seen] == [1, 2, 3]
    assert variable.get() == 0


def test_a_context_manager_holds_the_remote_frame_while_the_block_runs(
    far: Any, args: Any
) -> None:
    log = Log()

    def held() -> Iterator[str]:
        log.append("enter")
        try:
            yield "value"
        except KeyError:
            log.append("handled")
        log.append("exit")

    target = far.offer(held)
    manager = contextlib.contextmanager(lambda: far.client.stream(target, args()))

    with manager() as value:
        log.append(f"block {value}")
    with manager():
        raise KeyError("handled there")
    mine = ValueError("not handled there")
    with pytest.raises(ValueError, match="not handled") as caught, manager():
        raise mine

    assert log == ["enter", "block value", "exit", "enter", "handled", "exit", "enter"]
    assert caught.value is mine


def test_a_block_that_calls_the_host_again_does_not_wait_for_itself(
    start_host: Any, connect: Any, args: Any
) -> None:
    def held() -> Iterator[int]:
        yield 1

    def plain() -> int:
        return 2

    host = start_host(threads=1)
    client = connect(host)
    one, two = host.offer(held), host.offer(plain)

    stream = client.stream(one, args())
    next(stream)

    assert client.call(two, args()) == 2
    stream.close()


def test_a_value_that_cannot_be_sent_in_ends_the_stream_and_closes_the_remote_frame(
    far: Any, args: Any
) -> None:
    closed = threading.Event()

    def numbers() -> Iterator[int]:
        try:
            yield 1
            yield 2
        finally:
            closed.set()

    stream = far.client.stream(far.offer(numbers), args())
    next(stream)

    with pytest.raises(NotSendable, match="value sent"):
        stream.send(threading.Lock())

    assert closed.wait(10)


# -- asynchronous ---------------------------------------------------------------------------


def test_an_asynchronous_stream_gives_items_in_order_and_ends(
    far: Any, args: Any, run: Any
) -> None:
    async def numbers(n: int) -> AsyncGenerator[int, None]:
        for i in range(n):
            await asyncio.sleep(0)
            yield i

    target = far.offer(numbers)

    async def collect() -> list[int]:
        return [item async for item in far.client.stream_async(target, args(4))]

    assert run(collect()) == [0, 1, 2, 3]


def test_an_asynchronous_stream_takes_values_and_exceptions(far: Any, args: Any, run: Any) -> None:
    async def echo() -> AsyncGenerator[Any, Any]:
        got = None
        while True:
            try:
                got = yield got
            except ValueError as error:
                got = f"caught {error}"

    target = far.offer(echo)

    async def drive() -> list[Any]:
        stream = far.client.stream_async(target, args())
        seen = [await anext(stream), await stream.asend(5), await stream.athrow(ValueError("v"))]
        mine = KeyError("mine")
        with pytest.raises(KeyError) as caught:
            await stream.athrow(mine)
        assert caught.value is mine
        return seen

    assert run(drive()) == [None, 5, "caught v"]


def test_closing_an_asynchronous_stream_closes_the_remote_frame(
    far: Any, args: Any, run: Any
) -> None:
    closed = threading.Event()

    async def numbers() -> AsyncGenerator[int, None]:
        try:
            yield 1
            yield 2
        finally:
            await asyncio.sleep(0)
            closed.set()

    target = far.offer(numbers)

    async def leave() -> bool:
        stream = far.client.stream_async(target, args())
        assert await anext(stream) == 1
        await stream.aclose()
        return closed.is_set()

    assert run(leave())


def test_all_steps_of_an_asynchronous_stream_run_in_one_task(
    far: Any, args: Any, run: Any
) -> None:
    async def tasks() -> AsyncGenerator[int, None]:
        for _ in range(3):
            yield id(asyncio.current_task())

    target = far.offer(tasks)

    async def collect() -> set[int]:
        return {item async for item in far.client.stream_async(target, args())}

    assert len(run(collect())) == 1


def test_cancelling_a_step_cancels_it_at_the_host(
    host: Any, client: Any, args: Any, run: Any
) -> None:
    started, cleaned = threading.Event(), threading.Event()

    async def numbers() -> AsyncGenerator[int, None]:
        yield 1
        started.set()
        try:
            await asyncio.Event().wait()
        finally:
            cleaned.set()

    target = host.offer(numbers)

    async def cancel() -> None:
        stream = client.stream_async(target, args())
        await anext(stream)
        task = asyncio.ensure_future(anext(stream))
        assert await asyncio.to_thread(started.wait, 10)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    run(cancel())
    assert cleaned.is_set()


def test_a_cancellation_of_a_loop_over_items_that_are_there_already_is_not_lost(
    host: Any, client: Any, args: Any, run: Any
) -> None:
    async def numbers() -> AsyncGenerator[int, None]:
        while True:
            yield 1

    target = host.offer(numbers)

    async def loop_for_ever() -> None:
        async for _ in client.stream_async(target, args()):
            pass

    async def cancel() -> None:
        for turns in range(20):
            task = asyncio.ensure_future(loop_for_ever())
            for _ in range(turns):
                await asyncio.sleep(0)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await asyncio.wait_for(asyncio.shield(task), 10)

    run(cancel())


def test_a_stream_given_up_as_it_ends_leaves_other_calls_alone(
    host: Any, client: Any, args: Any, run: Any
) -> None:
    async def one() -> AsyncGenerator[int, None]:
        yield 1

    async def wait(seconds: float) -> str:
        await asyncio.sleep(seconds)
        return "answered"

    stream_target, call_target = host.offer(one), host.offer(wait)

    async def give_up_at_the_end() -> str:
        beside = asyncio.ensure_future(client.call_async(call_target, args(0.2)))
        stream = client.stream_async(stream_target, args())
        await anext(stream)
        task = asyncio.ensure_future(anext(stream))
        (link,) = client._looped._state().shared.values()
        take = link._take

        def take_then_cancel(frame: Any) -> None:
            take(frame)
            task.cancel()  # in the very turn in which the answer has come

        link._take = take_then_cancel
        with contextlib.suppress(asyncio.CancelledError, StopAsyncIteration):
            await task
        link._take = take
        return await beside

    assert run(give_up_at_the_end()) == "answered"


def test_a_step_cancelled_as_it_yields_leaves_the_stream_open(
    host: Any, client: Any, args: Any, run: Any
) -> None:
    go: list[asyncio.Event] = []

    async def numbers() -> AsyncGenerator[int, None]:
        go.append(asyncio.Event())
        yield 1
        await go[0].wait()
        yield 2
        yield 3

    target = host.offer(numbers)

    async def cancel_late() -> None:
        stream = client.stream_async(target, args())
        await anext(stream)
        step = asyncio.ensure_future(anext(stream))
        await asyncio.sleep(0)

        def yield_then_cancel() -> None:
            (connection,) = host.server._looped
            (running,) = connection._running.values()
            go[0].set()  # the step will end in the next turn, before the order to cancel it
            running.cancel(host.loop)

        host.loop.call_soon_threadsafe(yield_then_cancel)
        assert await step == 2
        assert await anext(stream) == 3
        await stream.aclose()

    run(cancel_late())


def test_a_stream_left_open_by_a_lost_caller_is_closed(
    start_host: Any, connect: Any, args: Any, run: Any
) -> None:
    closed = threading.Event()

    async def numbers() -> AsyncGenerator[int, None]:
        try:
            yield 1
        finally:
            closed.set()

    host = start_host()
    client = connect(host)
    target = host.offer(numbers)

    async def leave() -> None:
        stream = client.stream_async(target, args())
        await anext(stream)
        client.close()
        assert await asyncio.to_thread(closed.wait, 10)
        with contextlib.suppress(Exception):
            await stream.aclose()

    run(leave())
    assert host.server.stats()["in_flight"] == 0


def test_an_asynchronous_context_manager_holds_the_remote_frame(
    far: Any, args: Any, run: Any
) -> None:
    log = Log()

    async def held() -> AsyncGenerator[str, None]:
        log.append("enter")
        try:
            yield "value"
        except KeyError:
            log.append("handled")

    target = far.offer(held)
    manager = contextlib.asynccontextmanager(lambda: far.client.stream_async(target, args()))

    async def use() -> None:
        async with manager() as value:
            log.append(value)
            raise KeyError

    run(use())
    assert log == ["enter", "value", "handled"]
