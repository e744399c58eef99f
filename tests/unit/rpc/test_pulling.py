"""Iterators as arguments: asked for one item at a time, by whoever runs the function."""

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from seamline.errors import (
    DeadlineExceeded,
    NotSendable,
    OutcomeUnknown,
    Unavailable,
    WireError,
)
from seamline.plan import Limits
from seamline.rpc.outgoing import Outgoing, settle
from seamline.rpc.pulling import Iterators, Pulls
from seamline.wire import PULL, Codec, TypeTable


class Source:
    """A generator's items, and what happened to it."""

    def __init__(self) -> None:
        self.log: list[object] = []

    def items(self, n: int = 9) -> Iterator[int]:
        try:
            for i in range(n):
                self.log.append(i)
                yield i
        finally:
            self.log.append("closed")

    async def items_later(self, n: int = 9) -> AsyncIterator[int]:
        try:
            for i in range(n):
                await asyncio.sleep(0)
                self.log.append(i)
                yield i
        finally:
            self.log.append("closed")


def first(source: Iterator[int], n: int) -> list[int]:
    return [next(source) for _ in range(n)]


async def first_later(source: AsyncIterator[int], n: int) -> list[int]:
    return [await anext(source) for _ in range(n)]


def test_no_item_is_produced_that_was_not_asked_for(far: Any, args: Any) -> None:
    source = Source()
    items = source.items()

    assert far.client.call(far.offer(first), args(items, 2)) == [0, 1]
    assert source.log == [0, 1]
    assert next(items) == 2
    assert far.client.call(far.offer(first), args(items, 1)) == [3]


def test_an_asynchronous_generator_is_awaited_item_by_item(far: Any, args: Any, run: Any) -> None:
    source = Source()
    target = far.offer(first_later)

    async def whole() -> None:
        items = source.items_later()
        assert await far.client.call_async(target, args(items, 2)) == [0, 1]
        assert source.log == [0, 1]
        assert await anext(items) == 2
        assert await far.client.call_async(target, args(items, 1)) == [3]

    run(whole())


@pytest.mark.parametrize(
    "make",
    [
        lambda: map(str, [1, 2]),
        lambda: filter(None, ["1", "", "2"]),
        lambda: iter(["1", "2"]),
        lambda: (str(x) for x in (1, 2)),
        lambda: iter({"1": 0, "2": 0}),
        lambda: reversed(["2", "1"]),
    ],
)
@pytest.mark.parametrize("how", ["value", "extra", "keyword"])
def test_every_iterator_of_python_crosses_wherever_it_sits(
    far: Any, args: Any, make: Any, how: str
) -> None:
    def f(*rest: Iterator[str], **more: Iterator[str]) -> list[str]:
        return list(*rest, *more.values())

    def declared(items: Iterator[str], *, n: int) -> list[str]:
        return list(items)

    given = {
        "value": lambda: (declared, args(make(), 1)),
        "extra": lambda: (f, args(extra=(make(),))),
        "keyword": lambda: (f, args(x=make())),
    }[how]
    function, arguments = given()

    assert far.client.call(far.offer(function), arguments) == ["1", "2"]


def test_two_iterators_are_asked_in_the_order_of_the_function(far: Any, args: Any) -> None:
    log: list[str] = []

    def items(name: str) -> Iterator[str]:
        for i in range(2):
            log.append(f"{name}{i}")
            yield f"{name}{i}"

    def f(a: Iterator[str], b: Iterator[str]) -> list[tuple[str, str]]:
        return list(zip(b, a, strict=False))

    far.client.call(far.offer(f), args(items("a"), items("b")))

    assert log == ["b0", "a0", "b1", "a1"]


def test_what_an_iterator_raises_comes_out_as_the_callers_own_object(far: Any, args: Any) -> None:
    mine = ValueError("mine")

    def items() -> Iterator[int]:
        yield 1
        raise mine

    with pytest.raises(ValueError, match="mine") as error:
        far.client.call(far.offer(lambda items: list(items)), args(items()))
    assert error.value is mine


def test_the_function_may_handle_what_an_iterator_raises(far: Any, args: Any) -> None:
    def items() -> Iterator[int]:
        yield 1
        raise KeyError("gone")

    def f(items: Iterator[int]) -> str:
        try:
            return str(list(items))
        except KeyError as error:
            return f"handled {error}"

    assert far.client.call(far.offer(f), args(items())) == "handled 'gone'"


def test_closing_closes_the_callers_generator_and_dropping_does_not(far: Any, args: Any) -> None:
    def f(items: Any, close: bool) -> int:
        found = next(items)
        if close:
            items.close()
        return int(found)

    source = Source()
    items = source.items()

    assert far.client.call(far.offer(f), args(items, False)) == 0
    assert source.log == [0]
    assert far.client.call(far.offer(f), args(items, True)) == 1
    assert source.log == [0, 1, "closed"]


def test_an_item_that_cannot_cross_is_refused_by_its_kind(far: Any, args: Any) -> None:
    items = iter([threading.Lock()])

    with pytest.raises(NotSendable, match="lock"):
        far.client.call(far.offer(lambda items: list(items)), args(items))


def test_an_iterator_that_is_kept_cannot_be_asked_after_the_call(far: Any, args: Any) -> None:
    kept: list[Iterator[int]] = []

    far.client.call(far.offer(lambda items: kept.append(items)), args(iter([1])))

    with pytest.raises(NotSendable, match="take a list of it before the function returns"):
        next(kept[0])


def test_a_remote_generator_asks_at_each_of_its_steps(far: Any, args: Any) -> None:
    source = Source()

    def doubled(items: Iterator[int]) -> Iterator[int]:
        for item in items:
            yield 2 * item

    stream = far.client.stream(far.offer(doubled), args(source.items(2)))

    assert next(stream) == 0
    assert source.log == [0]
    assert list(stream) == [2]
    assert source.log == [0, 1, "closed"]


def test_a_remote_asynchronous_generator_asks_at_each_of_its_steps(
    far: Any, args: Any, run: Any
) -> None:
    source = Source()

    async def doubled(items: AsyncIterator[int]) -> AsyncIterator[int]:
        async for item in items:
            yield 2 * item

    target = far.offer(doubled)

    async def whole() -> None:
        stream = far.client.stream_async(target, args(source.items_later(2)))
        assert await anext(stream) == 0
        assert source.log == [0]
        assert [item async for item in stream] == [2]
        assert source.log == [0, 1, "closed"]

    run(whole())


def test_items_that_the_function_changes_are_the_callers_own(far: Any, args: Any) -> None:
    seen: list[Any] = []

    def items() -> Iterator[dict[str, int]]:
        for n in range(2):
            row = {"n": n}
            yield row
            seen.append(dict(row))

    def f(rows: Any) -> list[Any]:
        found = []
        for row in rows:
            row["seen"] = 1
            found.append(row)
        found[0]["last"] = 1
        return found

    rows = far.client.call(far.offer(f, changes=True, mutates=("rows",)), args(items()))

    assert seen == [{"n": 0, "seen": 1}, {"n": 1, "seen": 1}]
    assert rows == [{"n": 0, "seen": 1, "last": 1}, {"n": 1, "seen": 1}]


@pytest.mark.parametrize("is_async", [False, True])
def test_an_iterator_of_another_colour_is_refused_before_anything_is_sent(
    far: Any, args: Any, run: Any, is_async: bool
) -> None:
    source = Source()
    later, plain = far.offer(first_later), far.offer(first)

    async def call() -> None:
        if is_async:
            await far.client.call_async(later, args(source.items(), 1))
        far.client.call(plain, args(source.items_later(), 1))

    async def whole() -> None:
        with pytest.raises(NotSendable, match=r"source is a .*generator"):
            await call()

    run(whole())
    assert source.log == []


def test_cancelling_reaches_the_callers_generator(far: Any, args: Any, run: Any) -> None:
    log: list[str] = []
    target = far.offer(first_later)

    async def items(started: asyncio.Event) -> AsyncIterator[int]:
        try:
            started.set()
            await asyncio.Event().wait()
            yield 1
        except asyncio.CancelledError:
            log.append("cancelled")
            raise

    async def whole() -> None:
        started = asyncio.Event()
        call = far.client.call_async(target, args(items(started), 1))
        task = asyncio.create_task(call)
        await started.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    run(whole())
    assert log == ["cancelled"]


def test_an_iterator_of_the_caller_cannot_be_returned(far: Any, args: Any) -> None:
    with pytest.raises(NotSendable, match="return a list of them"):
        far.client.call(far.offer(lambda items: items), args(iter([1])))


# -- hostile peers ---------------------------------------------------------------------------

CODEC = Codec(TypeTable([]))


@pytest.mark.parametrize(
    "question",
    [None, (0,), (1, 0), (-1, 0), (0, 2), ("0", 0), (0, "next"), (0, 0, 0), b"bytes"],
)
def test_a_question_about_no_iterator_of_the_call_is_refused(question: Any) -> None:
    iterators = Iterators(CODEC)
    items = iter([1, 2])
    iterators.replace(items, waits=False)

    with pytest.raises(WireError, match="that the call does not have"):
        iterators.give(CODEC.encode(question))
    assert list(items) == [1, 2]


@pytest.mark.parametrize("answer", [None, (0,), (3, 1), ("0", 1), (2, "no exception")])
def test_an_answer_that_is_no_item_is_refused(answer: Any) -> None:
    pulls = Pulls("b.f", CODEC, None, lambda _: CODEC.encode(answer))

    with pytest.raises(WireError, match=r"no item|exception cannot be decoded"):
        pulls.ask(0, 0)


def test_a_question_in_a_call_without_iterators_is_no_result(far: Any, args: Any) -> None:
    call = Outgoing(far.offer(first), args(1, 2), False, Limits())

    with pytest.raises(WireError, match="a call without iterators"):
        settle(call, (PULL, 1, 0, 0, 0, CODEC.encode((0, 0))))


# -- a caller that is late or gone -----------------------------------------------------------


def test_the_time_of_a_slow_iterator_counts(far: Any, args: Any) -> None:
    def items() -> Iterator[int]:
        threading.Event().wait(0.3)
        yield 1

    with pytest.raises(DeadlineExceeded):
        far.client.call(far.offer(first, timeout=0.2), args(items(), 1))
    assert far.client.call(far.offer(first), args(iter([5]), 1)) == [5]


def test_the_time_of_a_slow_asynchronous_generator_counts(far: Any, args: Any, run: Any) -> None:
    slow, target = far.offer(first_later, timeout=0.2), far.offer(first_later)

    async def items(pause: float) -> AsyncIterator[int]:
        await asyncio.sleep(pause)
        yield 5

    async def whole() -> None:
        with pytest.raises(DeadlineExceeded):
            await far.client.call_async(slow, args(items(0.4), 2))
        assert await far.client.call_async(target, args(items(0), 1)) == [5]

    run(whole())


def test_a_function_whose_caller_is_gone_is_told_at_the_next_item(
    host: Any, connect: Any, args: Any
) -> None:
    told = threading.Event()

    def f(items: Iterator[int]) -> None:
        try:
            list(items)
        except Unavailable:
            told.set()
            raise

    def items() -> Iterator[int]:
        for peer in client._route.balance.peers:
            for link in list(peer.busy):
                link._channel.disconnect()
        yield 1

    client = connect(host)

    with pytest.raises(OutcomeUnknown):
        client.call(host.offer(f, idempotent=True), args(items()))
    assert told.wait(10)
