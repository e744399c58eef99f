"""Takes and gives generators."""

from collections.abc import Iterator

_sums: list[int] = []


def add_up(numbers: Iterator[int]) -> int:
    """Takes a generator, which is asked for its items, and touches state."""
    _sums.append(sum(numbers))
    return _sums[-1]


def past() -> Iterator[int]:
    """A generator: streams."""
    yield from tuple(_sums)


def later() -> Iterator[int]:
    """No generator, but returns one."""
    return past()
