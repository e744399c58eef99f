"""Row 8: iterators of the caller are asked for one item at a time, wherever the function runs."""

from collections.abc import AsyncIterator, Iterator

import pytest
from law import flow

from conftest import Refusal
from seamline.errors import NotSendable


class Source:
    """Items, and what happened to them."""

    def __init__(self) -> None:
        self.log: list[object] = []

    def items(self) -> Iterator[int]:
        try:
            for number in range(4):
                self.log.append(number)
                yield number
        finally:
            self.log.append("closed")

    async def items_later(self) -> AsyncIterator[int]:
        for number in self.items():
            yield number

    def failing(self) -> Iterator[int]:
        yield 1
        raise ERROR


ERROR = LookupError("of the caller")


def test_the_callers_generator_advances_as_far_as_it_was_asked() -> None:
    source = Source()
    items = source.items()

    assert flow.take_two(items) == [0, 1]
    assert source.log == [0, 1]
    assert flow.take_two(items) == [2, 3]
    assert list(items) == []


@pytest.mark.parametrize(
    "items", [map(str, (1, 2)), iter(["1", "2"]), filter(None, "12"), zip("12", strict=True)]
)
def test_other_iterators_are_asked_alike(items: Iterator[object]) -> None:
    assert len(flow.take_two(items)) == 2
    assert list(items) == []


@pytest.mark.anyio
async def test_an_asynchronous_generator_advances_as_far_as_it_was_asked() -> None:
    source = Source()
    items = source.items_later()

    assert await flow.take_two_later(items) == [0, 1]
    assert source.log == [0, 1]
    assert await anext(items) == 2


def test_what_it_raises_comes_out_as_itself() -> None:
    with pytest.raises(LookupError, match="of the caller") as error:
        flow.take_two(Source().failing())
    assert error.value is ERROR


def test_a_generator_over_a_generator_works_step_by_step() -> None:
    source = Source()
    steps = flow.doubled(source.items())

    assert source.log == []
    assert next(steps) == 0
    assert source.log == [0]
    assert list(steps) == [2, 4, 6]
    assert source.log == [0, 1, 2, 3, "closed"]


@pytest.mark.seamline_errors
def test_an_iterator_that_was_kept_cannot_be_asked_later(refusal: Refusal) -> None:
    flow.keep(iter([1]))

    with refusal(NotSendable, "before the function returns"):
        assert flow.kept() == 1
