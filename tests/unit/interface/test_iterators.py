"""Iterators of the caller as parameters: which of them are no obstacle."""

import pytest

SHOP = """
from collections.abc import AsyncIterator, Awaitable, Generator, Iterator
STATE = []
{line} f(rows: {annotation}) -> int:
    STATE.append(1)
    return 1
"""


@pytest.mark.parametrize(
    ("line", "annotation", "verdict"),
    [
        ("def", "Iterator[int]", "remote"),
        ("def", "Generator[int, None, None]", "remote"),
        ("def", "Iterator[int] | None", "remote"),
        ("async def", "AsyncIterator[int]", "remote"),
        ("def", "AsyncIterator[int]", "refused"),
        ("async def", "Iterator[int]", "refused"),
        ("def", "list[Iterator[int]]", "refused"),
        ("async def", "Awaitable[int]", "refused"),
    ],
)
def test_an_iterator_of_its_own_colour_is_no_obstacle(
    read, line: str, annotation: str, verdict: str
) -> None:
    text = SHOP.format(line=line, annotation=annotation)
    reading = read({"shop.py": text, "web.py": "import shop\nasync def g(): shop.f(1)\n"}, "shop")

    assert reading.functions["shop.f"].verdict == verdict
