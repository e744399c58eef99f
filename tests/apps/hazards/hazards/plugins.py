"""Names that are defined more than once, renamed, hidden and overloaded."""

import sys
from functools import singledispatch
from typing import TYPE_CHECKING, overload

__all__ = ["Point", "area", "describe", "platform_name", "renamed", "twice"]

if TYPE_CHECKING:

    def never() -> None: ...


_calls: list[str] = []

if sys.platform == "win32":

    def platform_name() -> str:
        _calls.append("windows")
        return "windows"

else:

    def platform_name() -> str:
        _calls.append("other")
        return "other"


def twice() -> int:
    return len(_calls)


_first_twice = twice


def twice() -> int:  # noqa: F811
    return 2 * len(_calls) + _first_twice()


@overload
def area(side: int) -> int: ...
@overload
def area(side: float) -> float: ...
def area(side):
    _calls.append("area")
    return side * side


@singledispatch
def describe(value) -> str:
    return "something"


@describe.register
def _(value: int) -> str:
    _calls.append("describe")
    return f"the number {value}"


def _original(text: str) -> str:
    _calls.append(text)
    return text


renamed = _original


class Point:
    """A plain object."""

    def __init__(self, x: int) -> None:
        self.x = x

    @property
    def doubled(self) -> int:
        return self.x * 2

    @staticmethod
    def origin() -> "Point":
        return Point(0)


def left_out() -> int:
    return len(_calls)
