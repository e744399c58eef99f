"""Row 3: what a function changes of its arguments is changed for its caller, too."""

import functools
from collections import defaultdict
from collections.abc import Callable
from typing import Any

import pytest
from law import model, values
from law.model import LawError, Order

from conftest import Refusal
from seamline.errors import MutatedArgument, NotSendable


def test_a_change_is_made_on_the_callers_own_objects() -> None:
    row, last = {"n": 1}, {"n": 2}
    rows: list[object] = [row, last]
    named: dict[str, object] = {"row": row}

    assert values.fill(rows, named) is rows
    assert rows == [{"new": last}, row]
    assert rows[1] is row
    assert named["rows"] is rows
    assert named["last"] is last
    assert list(named) == ["row", "last", "rows"]


def test_an_instance_changes_and_comes_back_as_itself() -> None:
    lines = ["tea"]
    order = Order(7, None, lines)

    assert values.pay(order) is order
    assert vars(order) == {"number": 8, "at": None, "lines": lines, "paid": True}
    assert order.lines is lines
    assert lines == ["tea", "paid"]


def test_an_instance_of_a_derived_class_changes_too() -> None:
    order = model.UrgentOrder(7, courier="car")

    values.pay(order)

    assert (order.number, order.courier) == (8, "car")


def test_what_changed_before_an_exception_stays_changed() -> None:
    good, bad = Order(1), Order(0)

    with pytest.raises(LawError, match="cannot be paid"):
        values.pay_or_fail([good, bad, good])
    assert good.lines == ["paid"]
    assert bad.lines == []


SHELVES = (functools.partial(defaultdict, list), model.Shelf, model.Asked, model.Rack)


@pytest.mark.parametrize("shelf", [make(a=["x"]) for make in SHELVES])
def test_what_a_look_up_stores_is_stored_at_the_caller(shelf: Any) -> None:
    held = {"shelf": shelf}

    assert values.count_of(shelf, "b") == len(shelf["b"])
    found = values.look_up(held["shelf"], "a", "c", more=held)

    assert list(shelf) == ["a", "b", "c"]
    assert [shelf["a"], shelf["c"]] == found
    assert found[1] is shelf["c"]


def test_a_defaultdict_without_a_factory_stays_as_it_is() -> None:
    shelf: defaultdict[str, list[str]] = defaultdict(None)

    with pytest.raises(KeyError):
        values.count_of(shelf, "b")
    assert shelf == {}


@pytest.mark.anyio
async def test_an_awaited_change_is_made() -> None:
    order = Order(1)

    await values.pay_later(order)

    assert order.lines == ["paid later"]


def test_a_generator_changes_its_argument_step_by_step() -> None:
    first, second = ["a"], ["b"]
    queue: list[object] = [first, second]
    steps = values.take(queue)

    assert next(steps) is first
    assert queue == [second]
    queue.append("more")
    assert list(steps) == [second, "more"]
    assert queue == ["empty"]


@pytest.mark.anyio
async def test_an_asynchronous_generator_changes_its_argument() -> None:
    queue: list[object] = [1, 2]

    assert [item async for item in values.take_later(queue)] == [1, 2]
    assert queue == ["empty"]


def test_a_context_manager_and_its_block_change_the_same_object() -> None:
    order = Order(1)

    with values.opened(order) as held:
        assert held is order
        order.lines.append("inside")

    assert order.lines == ["opened", "inside", "closed with 2"]


def test_a_part_of_an_argument_comes_back_as_itself() -> None:
    rows = [[1], [2]]

    values.first_of(rows).append(3)

    assert rows == [[1, 3], [2]]


@pytest.mark.parametrize("fill", [values.fill_by_class, values.fill_by_lambda])
def test_a_change_that_the_source_hides_is_made(fill: Callable[[list[list[int]]], None]) -> None:
    rows = [[0]]

    fill(rows)

    assert rows == [[0, 1]]


def test_a_part_that_comes_back_in_a_new_container_is_itself() -> None:
    rows = [[1], [2, 3]]

    assert values.by_length(rows)[2] is rows[1]


@pytest.mark.seamline_errors
def test_arguments_that_share_memory_are_refused_not_torn_apart(refusal: Refusal) -> None:
    data = bytearray(3)

    with refusal(NotSendable, match="shares its memory"):
        assert values.stamp(data, memoryview(data)) == 7
    assert values.stamp(bytearray(3), memoryview(b"abc")) == ord("a")


@pytest.mark.seamline_errors
def test_a_change_that_cannot_cross_is_loud(refusal: Refusal, split: bool) -> None:
    rows: list[object] = []

    with refusal(MutatedArgument, match=r"changed its argument rows in place.*Handle"):
        values.spoil(rows)
    assert len(rows) == (0 if split else 1)


@pytest.mark.seamline_errors
@pytest.mark.parametrize("number", [1, 2])
def test_what_is_set_on_a_class_is_not_lost(number: int, refusal: Refusal) -> None:
    with refusal(MutatedArgument, match="Marked is each process's own"):
        values.mark(model.Marked, number)
        assert number in (model.Marked.mark, *model.Marked.marks)
