"""Takes and returns functions."""

import functools
from collections.abc import Callable

_seen: list[str] = []


def each(change: Callable[[str], str]) -> list[str]:
    """Takes a function and touches state."""
    return [change(name) for name in _seen]


def visit(visitor):
    """Takes a function, and no annotation says so."""
    for name in _seen:
        visitor(name)


def counted(function):
    """A decorator: touches nothing until what it returns is called."""

    @functools.wraps(function)
    def wrapper(*args, **kwargs):
        return function(*args, **kwargs)

    return wrapper


def recorder():
    """Returns a function that writes state."""

    def record(name):
        _seen.append(name)

    return record


def names() -> list[str]:
    return list(_seen)
