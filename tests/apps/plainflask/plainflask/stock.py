"""What is left of each item, in the memory of the process that hosts this module."""

import os


class SoldOut(Exception):
    """There is not enough left."""


_left = {"tea": 10, "cake": 3}


def left(name: str) -> int:
    """Return how many are left."""
    return _left[name]


def take(name: str, count: int = 1) -> int:
    """Take some and return how many are left then."""
    if _left[name] < count:
        raise SoldOut(f"only {_left[name]} of {name} left")
    _left[name] -= count
    return _left[name]


def host() -> int:
    """Return the process that keeps the stock."""
    _left.setdefault("tea", 10)
    return os.getpid()
