"""Rows 5 to 8: colours, deadlines, cancellation, generators and held frames."""

import asyncio
import inspect
import threading

import pytest
from law import flow

import seamline

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    ("name", "kind", "signature"),
    [
        ("double", "", "(number: int) -> int"),
        ("double_later", "iscoroutinefunction", "(number: int) -> int"),
        ("countdown", "isgeneratorfunction", "(start: int) -> collections.abc.Iterator[int]"),
        (
            "countdown_later",
            "isasyncgenfunction",
            "(start: int) -> collections.abc.AsyncIterator[int]",
        ),
        ("held", "", "(name: str) -> collections.abc.Iterator[str]"),
    ],
)
def test_a_function_is_to_inspect_what_it_is_whole(name: str, kind: str, signature: str) -> None:
    function = getattr(flow, name)
    kinds = ("iscoroutinefunction", "isgeneratorfunction", "isasyncgenfunction")

    assert [each for each in kinds if getattr(inspect, each)(function)] == [kind] * bool(kind)
    assert str(inspect.signature(function)) == signature
    assert inspect.getmodule(function) is flow
    assert inspect.getsourcefile(inspect.unwrap(function)) == flow.__file__
    assert inspect.getsource(function).partition("def ")[2].startswith(f"{name}(")
    assert inspect.getdoc(function) == function.__doc__


def test_sync_calls_sync() -> None:
    assert flow.double(2) == 4


async def test_async_calls_async() -> None:
    assert await flow.double_later(2) == 4


async def test_async_calls_sync() -> None:
    assert flow.double(3) == 6
    assert await asyncio.to_thread(flow.double, 3) == 6


def test_sync_calls_async() -> None:
    assert asyncio.run(flow.double_later(3)) == 6


async def test_many_calls_at_a_time_do_not_mix() -> None:
    answers = await asyncio.gather(*(flow.double_later(n) for n in range(200)))

    assert answers == [2 * n for n in range(200)]


def test_many_threads_at_a_time_do_not_mix() -> None:
    answers: dict[int, int] = {}

    def call(number: int) -> None:
        answers[number] = flow.double(number)

    threads = [threading.Thread(target=call, args=(n,)) for n in range(40)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert answers == {n: 2 * n for n in range(40)}


def test_a_generator_runs_as_far_as_it_is_asked_and_no_further() -> None:
    numbers = flow.countdown(3)
    assert flow.log() == []

    assert next(numbers) == 3
    assert flow.log() == ["start", "yield 3"]

    assert next(numbers) == 2
    numbers.close()
    assert flow.log() == ["yield 2", "closed"]


def test_a_generator_returns_its_value() -> None:
    numbers = flow.countdown(1)
    assert next(numbers) == 1

    with pytest.raises(StopIteration) as caught:
        next(numbers)

    assert caught.value.value == 99


def test_a_generator_hears_what_is_sent_and_thrown() -> None:
    talk = flow.conversation()

    assert next(talk) == "hello"
    assert talk.send("you") == "heard you"
    assert talk.throw(ValueError("ouch")) == "caught ouch"


def test_an_exception_thrown_into_a_generator_comes_back_as_itself() -> None:
    talk = flow.conversation()
    next(talk)
    mine = KeyError("mine")

    with pytest.raises(KeyError) as caught:
        talk.throw(mine)

    assert caught.value is mine


async def test_an_async_generator_streams() -> None:
    assert [n async for n in flow.countdown_later(3)] == [3, 2, 1]
    assert flow.log() == ["start", "closed"]


async def test_an_async_generator_closed_early_is_closed_on_the_other_side() -> None:
    numbers = flow.countdown_later(3)
    assert await anext(numbers) == 3
    await numbers.aclose()

    assert flow.log() == ["start", "closed"]


def test_a_context_manager_holds_its_frame_while_the_block_runs() -> None:
    with flow.held("door") as name:
        assert name.startswith("door")
        assert flow.log() == ["enter door"]

    assert flow.log() == ["leave door"]


def test_a_context_manager_may_swallow_what_the_block_raises() -> None:
    with flow.held("door"):
        raise LookupError("nothing here")

    assert flow.log() == ["enter door", "swallowed", "leave door"]


def test_a_context_manager_lets_through_the_callers_own_exception() -> None:
    mine = ZeroDivisionError("mine")

    with pytest.raises(ZeroDivisionError) as caught, flow.held("door"):
        raise mine

    assert caught.value is mine
    assert flow.log() == ["enter door", "leave door"]


async def test_an_async_context_manager_holds_its_frame() -> None:
    async with flow.held_later("gate") as name:
        assert name == "gate"

    assert flow.log() == ["enter gate", "leave gate"]


async def test_a_cancelled_call_cancels_the_callee() -> None:
    task = asyncio.create_task(flow.sleep_later(60))
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(task, 0.2)

    assert flow.log() == ["sleep_later", "cancelled"]


async def test_a_callee_that_answers_its_cancellation_is_heard() -> None:
    task = asyncio.create_task(flow.stubborn())
    await asyncio.wait({task}, timeout=0.2)
    task.cancel()

    assert await task == "would not"


async def test_a_callee_that_cancels_itself_does_not_cancel_the_caller() -> None:
    with pytest.raises(asyncio.CancelledError):
        await flow.cancels_itself()

    current = asyncio.current_task()
    assert current is not None
    assert current.cancelling() == 0


@pytest.mark.seamline_errors
def test_a_synchronous_call_ends_at_its_deadline(refusal) -> None:
    with refusal(seamline.DeadlineExceeded, "sleep"), seamline.deadline(0.2):
        flow.sleep(0.5)


@pytest.mark.seamline_errors
async def test_an_asynchronous_call_ends_at_its_deadline_and_is_cancelled(refusal, split) -> None:
    with refusal(seamline.DeadlineExceeded, "sleep_later"), seamline.deadline(0.2):
        await flow.sleep_later(0.5)

    happened = flow.log()
    async with asyncio.timeout(10):
        while split and "cancelled" not in happened:
            await asyncio.sleep(0)
            happened += flow.log()
    assert happened == (["sleep_later", "cancelled"] if split else ["sleep_later"])


@pytest.mark.seamline_errors
def test_expired_work_is_not_started(refusal, split) -> None:
    with refusal(seamline.DeadlineExceeded, "double"), seamline.deadline(0):
        flow.double(1)

    assert flow.log() == ([] if split else ["double 1"])
