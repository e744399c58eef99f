"""Arguments that a call changes: the caller's own objects change, and come back as themselves."""

import asyncio
import copy
import threading
from collections import OrderedDict, defaultdict, deque
from collections.abc import AsyncIterator, Callable, Generator, Iterator
from typing import Any

import msgspec
import pytest

from seamline.errors import MutatedArgument, NotSendable, WireError
from seamline.plan import Limits
from seamline.rpc.outgoing import Outgoing, settle
from seamline.wire import DEFAULT, FLAG_CHANGES, RESULT, Codec, TypeTable

CODEC = Codec(TypeTable([]))


@pytest.fixture
def offer(far: Any) -> Callable[..., Any]:
    return lambda function: far.offer(function, changes=True)


def test_a_changed_argument_is_changed_at_the_caller_and_returned_as_itself(
    far: Any, args: Any, offer: Any
) -> None:
    def f(rows: list[int]) -> list[int]:
        rows.append(1)
        return rows

    rows: list[int] = [0]

    assert far.client.call(offer(f), args(rows)) is rows
    assert rows == [0, 1]


@pytest.mark.parametrize(
    "value",
    [
        [3, 1, 2],
        {"b": 1, "a": 2},
        {1, 2},
        deque([1, 2], 2),
        bytearray(b"ab"),
        OrderedDict(a=1, b=2),
        defaultdict(list, a=[1]),
    ],
    ids=lambda value: type(value).__name__,
)
def test_every_container_ends_as_in_one_process(
    far: Any, args: Any, offer: Any, value: Any
) -> None:
    def f(value: Any) -> None:
        if isinstance(value, OrderedDict):
            value.move_to_end("a")
        elif isinstance(value, defaultdict):
            value["b"].append(2)
            value.default_factory = None
        elif isinstance(value, dict):
            value["c"] = value.pop("b")
        elif isinstance(value, set):
            value ^= {2, 3}
        else:
            value.reverse()
            value.append(65)

    value, whole = copy.deepcopy(value), copy.deepcopy(value)
    f(whole)

    far.client.call(offer(f), args(value))

    assert value == whole
    assert list(value) == list(whole)
    assert getattr(value, "default_factory", 0) is getattr(whole, "default_factory", 0)


def test_what_existed_stays_the_same_object_wherever_it_moved(
    far: Any, args: Any, offer: Any
) -> None:
    def f(rows: list[Any], by_name: dict[str, Any]) -> None:
        by_name["last"] = rows.pop()
        rows.insert(0, {"new": rows[0]})
        rows.append(rows)

    first, last = {"id": 1}, {"id": 2}
    rows: list[Any] = [first, last]
    by_name: dict[str, Any] = {"first": first}

    far.client.call(offer(f), args(rows, by_name))

    assert by_name["first"] is first
    assert by_name["last"] is last
    assert rows[0] == {"new": first}
    assert rows[0]["new"] is first
    assert rows[2] is rows


@pytest.mark.parametrize("how", ["extra", "keywords"])
def test_a_change_is_made_wherever_the_argument_sits(
    far: Any, args: Any, offer: Any, how: str
) -> None:
    def f(*rest: list[int], **more: list[int]) -> None:
        ((rest and rest[0]) or more["x"]).append(1)

    rows = [5]

    far.client.call(offer(f), args(extra=(rows,)) if how == "extra" else args(x=rows))

    assert rows == [5, 1]


def test_what_changed_before_an_exception_is_changed(far: Any, args: Any, offer: Any) -> None:
    def f(rows: list[Any]) -> None:
        rows.append(1)
        raise KeyError(rows)

    rows: list[Any] = []

    with pytest.raises(KeyError) as error:
        far.client.call(offer(f), args(rows))
    assert rows == [1]
    assert error.value.args[0] is rows


def test_an_exception_passed_in_and_raised_is_the_callers_own(
    far: Any, args: Any, offer: Any
) -> None:
    def f(error: Exception) -> None:
        error.add_note("seen")
        raise error

    mine = ValueError("mine")

    with pytest.raises(ValueError, match="mine") as error:
        far.client.call(offer(f), args(mine))
    assert error.value is mine
    assert mine.__notes__ == ["seen"]


def test_a_function_may_change_its_own_default(far: Any, args: Any, offer: Any) -> None:
    def f(row: int, rows: list[int] = []) -> int:  # noqa: B006 - the case
        rows.append(row)
        return len(rows)

    target = offer(f)
    rows: list[int] = []

    assert far.client.call(target, args(1, DEFAULT)) == 1
    assert far.client.call(target, args(1, DEFAULT)) == 2
    assert far.client.call(target, args(1, rows)) == 1
    assert rows == [1]


def test_a_change_that_cannot_cross_is_loud(far: Any, args: Any, offer: Any) -> None:
    def f(rows: list[object]) -> None:
        rows.append(threading.Lock())

    rows: list[object] = []

    with pytest.raises(MutatedArgument, match=r"argument rows .*lock, which cannot cross"):
        far.client.call(offer(f), args(rows))
    assert rows == []


def test_a_result_that_cannot_cross_says_so_when_nothing_changed(
    far: Any, args: Any, offer: Any
) -> None:
    def f(rows: list[object]) -> object:
        return threading.Lock()

    with pytest.raises(NotSendable, match="lock"):
        far.client.call(offer(f), args([[]]))


def test_an_argument_that_the_caller_changed_meanwhile_is_loud_and_keeps_that_change(
    far: Any, args: Any, offer: Any
) -> None:
    mine: list[int] = []

    def f(rows: list[int]) -> None:
        rows.append(1)
        mine.append(2)

    with pytest.raises(MutatedArgument, match="and here while it ran"):
        far.client.call(offer(f), args(mine))
    assert mine == [2]


def test_a_bytearray_in_use_by_a_view_cannot_grow(far: Any, args: Any, offer: Any) -> None:
    def f(data: bytearray) -> None:
        data.append(1)

    data = bytearray(b"x")
    view = memoryview(data)

    with pytest.raises(MutatedArgument, match="memoryview of it is in use"):
        far.client.call(offer(f), args(data))
    assert bytes(view) == b"x"


def test_an_awaited_change_is_made(far: Any, args: Any, offer: Any, run: Any) -> None:
    async def f(rows: list[int]) -> list[int]:
        await asyncio.sleep(0)
        rows.append(1)
        return rows

    async def whole() -> None:
        rows: list[int] = []
        assert await far.client.call_async(target, args(rows)) is rows
        assert rows == [1]

    target = offer(f)
    run(whole())


def test_each_step_of_a_generator_makes_its_changes(far: Any, args: Any, offer: Any) -> None:
    def f(queue: list[Any]) -> Generator[Any, Any, Any]:
        while queue:
            got = yield queue.pop()
            if got is not None:
                queue.append(got)
        return queue

    queue: list[Any] = [["a"], ["b"]]
    a, b = queue
    new = ["new"]
    stream = far.client.stream(offer(f), args(queue))

    assert next(stream) is b
    assert queue == [a]
    assert stream.send(new) == new
    assert next(stream) is a
    with pytest.raises(StopIteration) as stop:
        next(stream)
    assert stop.value.value is queue


def test_a_generator_sees_what_its_caller_changes_between_steps(
    far: Any, args: Any, offer: Any
) -> None:
    def f(rows: list[int]) -> Iterator[int]:
        try:
            while rows:
                yield rows.pop()
        finally:
            rows.append(99)

    rows = [1]
    stream = far.client.stream(offer(f), args(rows))

    assert next(stream) == 1
    rows.append(2)
    assert next(stream) == 2
    stream.close()
    assert rows == [99]


def test_what_a_step_made_new_is_known_at_the_next(far: Any, args: Any, offer: Any) -> None:
    def f(rows: list[Any]) -> Iterator[Any]:
        rows.append({"n": 1})
        yield None
        rows[0]["n"] += 1
        yield rows[0]

    rows: list[Any] = []
    stream = far.client.stream(offer(f), args(rows))

    next(stream)
    made = rows[0]
    assert next(stream) is made
    assert made == {"n": 2}


def test_what_is_thrown_in_and_raised_again_is_the_callers_own_and_changes_arrive(
    far: Any, args: Any, offer: Any
) -> None:
    def f(rows: list[int]) -> Iterator[int]:
        try:
            yield 1
        finally:
            rows.append(1)

    rows: list[int] = []
    mine = ValueError("mine")
    stream = far.client.stream(offer(f), args(rows))
    next(stream)

    with pytest.raises(ValueError, match="mine") as error:
        stream.throw(mine)
    assert error.value is mine
    assert rows == [1]


def test_an_asynchronous_generator_makes_its_changes(
    far: Any, args: Any, offer: Any, run: Any
) -> None:
    async def f(rows: list[int]) -> AsyncIterator[list[int]]:
        rows.append(1)
        yield rows
        rows.append(2)

    async def whole() -> None:
        rows: list[int] = []
        async for got in far.client.stream_async(target, args(rows)):
            assert got is rows
            assert rows == [1]
        assert rows == [1, 2]

    target = offer(f)
    run(whole())


def test_a_part_of_an_argument_that_nothing_changes_comes_back_as_itself(
    far: Any, args: Any
) -> None:
    def f(rows: list[Any]) -> Any:
        return {"first": rows[0]}

    rows = [[1]]

    assert far.client.call(far.offer(f, shares=True), args(rows))["first"] is rows[0]


def test_a_change_by_a_function_that_seemed_to_change_nothing_is_loud(far: Any, args: Any) -> None:
    def f(rows: list[Any]) -> Any:
        rows.append(1)
        return rows

    target = far.offer(f, shares=True, mutates=("rows",))

    with pytest.raises(MutatedArgument, match="does not expect that"):
        far.client.call(target, args([]))


def test_changes_in_the_answer_of_a_call_that_tracks_nothing_are_refused(
    far: Any, args: Any
) -> None:
    rows = [1]
    call = Outgoing(far.offer(lambda rows: None), args(rows), False, Limits())
    body = CODEC.encode(([[1, [9], [], [], []]], None))

    with pytest.raises(WireError, match="tracks none"):
        settle(call, (RESULT, 1, 0, FLAG_CHANGES, 0, body))
    assert rows == [1]


def test_a_hostile_answer_leaves_the_arguments_alone(far: Any, args: Any, offer: Any) -> None:
    rows = [1]
    call = Outgoing(offer(lambda rows: None), args(rows), False, Limits())
    body = msgspec.msgpack.encode((1, (), ([[1, [9], [], [], []], [77, [], [], [], []]], None)))

    with pytest.raises(WireError):
        settle(call, (RESULT, 1, 0, FLAG_CHANGES, 0, body))
    assert rows == [1]
