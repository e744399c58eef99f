"""What travels beside arguments: carried context variables, and the chain of calls."""

import asyncio
import threading
from contextvars import ContextVar
from typing import Any

import pytest

from seamline.errors import Deadlock
from seamline.plan import Limits
from seamline.rpc import Arguments

CURRENCY: ContextVar[str] = ContextVar("currency")
BASKET: ContextVar[list[str]] = ContextVar("basket")
CARRY = (CURRENCY, BASKET)


@pytest.fixture(autouse=True)
def _clean() -> Any:
    tokens = [CURRENCY.set("EUR"), BASKET.set(["apple"])]
    yield
    BASKET.reset(tokens[1])
    CURRENCY.reset(tokens[0])


def test_carried_variables_travel_and_changes_return(far: Any, args: Any) -> None:
    def change() -> tuple[str, list[str]]:
        seen = CURRENCY.get(), list(BASKET.get())
        CURRENCY.set("CHF")
        BASKET.get().append("pear")
        return seen

    assert far.client.call(far.offer(change, carry=CARRY), args()) == ("EUR", ["apple"])
    assert CURRENCY.get() == "CHF"
    assert BASKET.get() == ["apple", "pear"]


def test_changes_return_with_an_exception_too(far: Any, args: Any) -> None:
    def change() -> None:
        CURRENCY.set("CHF")
        raise ValueError("after the change")

    with pytest.raises(ValueError, match="after"):
        far.client.call(far.offer(change, carry=CARRY), args())

    assert CURRENCY.get() == "CHF"


def test_changes_return_to_the_awaiting_task(far: Any, args: Any, run: Any) -> None:
    async def change() -> None:
        CURRENCY.set("CHF")

    target = far.offer(change, carry=CARRY)

    async def call() -> str:
        await far.client.call_async(target, args())
        return CURRENCY.get()

    assert run(call()) == "CHF"


def test_each_step_of_a_stream_sees_the_callers_variables(far: Any, args: Any) -> None:
    def steps() -> Any:
        while True:
            yield CURRENCY.get()

    stream = far.client.stream(far.offer(steps, carry=CARRY), args())
    first = next(stream)
    CURRENCY.set("CHF")

    assert (first, next(stream)) == ("EUR", "CHF")
    stream.close()


def test_a_variable_that_is_not_set_stays_unset(far: Any, args: Any) -> None:
    unset: ContextVar[str] = ContextVar("unset")

    def read() -> str:
        return unset.get("nothing")

    assert far.client.call(far.offer(read, carry=(unset,)), args()) == "nothing"
    assert unset.get("nothing") == "nothing"


# -- chains ---------------------------------------------------------------------------------


@pytest.fixture
def pair(start_host: Any, connect: Any) -> Any:
    """Two groups of one worker and one thread each, and clients both ways."""
    a = start_host("a.0", threads=1)
    b = start_host("b.0", threads=1)
    return a, b, connect(a, worker="b.0"), connect(b, worker="a.0")


def test_a_call_back_does_not_wait_for_the_thread_of_its_own_caller(
    pair: Any, connect: Any
) -> None:
    a, b, to_a, to_b = pair

    def inner() -> str:
        return "inner"

    def middle() -> str:
        return to_a.call(inner_target, Arguments()) + " middle"

    def outer() -> str:
        return to_b.call(middle_target, Arguments()) + " outer"

    inner_target, middle_target = a.offer(inner), b.offer(middle)

    got = connect(a, worker="test.0").call(a.offer(outer), Arguments())

    assert got == "inner middle outer"


def test_a_chain_of_awaited_calls_comes_back_too(pair: Any, connect: Any, run: Any) -> None:
    a, b, to_a, to_b = pair

    async def inner() -> str:
        return "inner"

    async def middle() -> str:
        return await to_a.call_async(inner_target, Arguments()) + " middle"

    async def outer() -> str:
        return await to_b.call_async(middle_target, Arguments()) + " outer"

    inner_target, middle_target = a.offer(inner), b.offer(middle)
    target = a.offer(outer)

    async def call() -> str:
        return await connect(a, worker="test.0").call_async(target, Arguments())

    assert run(call()) == "inner middle outer"


def test_a_synchronous_call_from_a_loop_may_come_back_to_a_thread(
    pair: Any, connect: Any, run: Any
) -> None:
    a, b, to_a, to_b = pair

    def inner() -> str:
        return "inner"

    def middle() -> str:
        return to_a.call(inner_target, Arguments()) + " middle"

    async def outer() -> str:
        return to_b.call(middle_target, Arguments()) + " outer"

    inner_target, middle_target = a.offer(inner), b.offer(middle)
    target = a.offer(outer)

    async def call() -> str:
        return await connect(a, worker="test.0").call_async(target, Arguments())

    assert run(call()) == "inner middle outer"


def test_a_chain_that_needs_a_loop_that_waits_for_it_is_a_deadlock_at_once(
    pair: Any, connect: Any, run: Any
) -> None:
    a, b, to_a, to_b = pair

    async def inner() -> str:
        return "inner"

    def middle() -> str:
        return asyncio.run(to_a.call_async(inner_target, Arguments()))

    async def outer() -> str:
        return to_b.call(middle_target, Arguments())

    inner_target, middle_target = a.offer(inner), b.offer(middle)
    target = a.offer(outer)

    async def call() -> str:
        return await connect(a, worker="test.0").call_async(target, Arguments())

    with pytest.raises(Deadlock, match=r"event loop of a\.0, which stands still"):
        run(call())


def test_another_worker_of_the_group_is_taken_when_one_loop_stands_still(
    start_host: Any, connect: Any, run: Any
) -> None:
    a0, a1, b = start_host("a.0"), start_host("a.1"), start_host("b.0")
    to_a, to_b = connect(a0, a1, worker="b.0"), connect(b, worker="a.0")

    async def inner() -> str:
        return "inner"

    def middle() -> str:
        return asyncio.run(to_a.call_async(inner_target, Arguments()))

    async def outer() -> str:
        return to_b.call(middle_target, Arguments())

    inner_target, middle_target = a0.offer(inner), b.offer(middle)
    a1.hosted.update(a0.hosted)
    target = a0.offer(outer)

    async def call() -> str:
        return await connect(a0, worker="test.0").call_async(target, Arguments())

    assert run(call()) == "inner"


def test_a_chain_that_never_ends_is_refused(pair: Any, connect: Any) -> None:
    a, b, to_a, to_b = pair
    depth = []

    def ping() -> None:
        depth.append(1)
        to_b.call(pong_target, Arguments())

    def pong() -> None:
        depth.append(1)
        to_a.call(ping_target, Arguments())

    ping_target, pong_target = a.offer(ping), b.offer(pong)

    with pytest.raises(Deadlock, match=r"limits\.chain is 64"):
        connect(a, worker="test.0").call(ping_target, Arguments())

    assert len(depth) == Limits().chain


def test_a_local_chain_that_never_ends_is_refused(args: Any) -> None:
    from seamline.rpc import LocalClient

    def again() -> None:
        client.call(target, args())

    hosts: dict[str, Any] = {}
    client = LocalClient(lambda address: hosts[address], limits=Limits(chain=5))
    from seamline.interface import Kind
    from seamline.rpc import Hosted, Target
    from seamline.wire import Codec, TypeTable

    codec = Codec(TypeTable([]))
    target = Target("b", "b:again@1", Kind.SYNC, "f", codec)
    hosts[target.address] = Hosted(again, Kind.SYNC, "f", codec)

    with pytest.raises(Deadlock, match=r"limits\.chain is 5"):
        client.call(target, args())


def test_calls_of_other_threads_are_no_part_of_a_chain(pair: Any, connect: Any) -> None:
    a, _b, to_a, _to_b = pair
    seen = []

    def inner() -> None:
        seen.append(1)

    target = a.offer(inner)
    threads = [threading.Thread(target=to_a.call, args=(target, Arguments())) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(seen) == 4


def test_an_event_loop_that_awaits_is_not_said_to_stand_still(
    pair: Any, connect: Any, run: Any
) -> None:
    a, b, to_a, to_b = pair

    async def inner() -> str:
        return "inner"

    def middle() -> str:
        return asyncio.run(to_a.call_async(inner_target, Arguments()))

    async def outer() -> str:
        return await asyncio.to_thread(to_b.call, middle_target, Arguments())

    inner_target, middle_target = a.offer(inner), b.offer(middle)
    target = a.offer(outer)

    async def call() -> str:
        return await connect(a, worker="test.0").call_async(target, Arguments())

    assert run(call()) == "inner"
