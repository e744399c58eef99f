"""Values and errors that cross the seams."""

from collections import UserDict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import Enum, IntEnum
from typing import ClassVar, NamedTuple, TypedDict

import attrs
import msgspec
import pydantic


class Colour(Enum):
    RED = "red"
    BLUE = "blue"


class Level(IntEnum):
    LOW = 1
    HIGH = 2


class Point(NamedTuple):
    x: int
    y: int


@dataclass(frozen=True, slots=True)
class Money:
    amount: Decimal
    currency: str = "EUR"

    def __add__(self, other: "Money") -> "Money":
        return Money(self.amount + other.amount, self.currency)


@dataclass
class Order:
    number: int
    at: datetime | None = None
    lines: list[str] = field(default_factory=list)


@dataclass
class UrgentOrder(Order):
    courier: str = "bike"


@attrs.define
class Weight:
    grams: int
    label: str = ""


class Tag(msgspec.Struct):
    name: str
    colour: Colour | None = None


class Note(pydantic.BaseModel):
    text: str
    at: datetime | None = None


class Login(pydantic.BaseModel):
    password: pydantic.SecretStr
    home: pydantic.HttpUrl


class Row(TypedDict):
    number: int
    tags: list[str]


class LawError(Exception):
    """An application error whose ``__init__`` takes other things than ``args``."""

    def __init__(self, what: str, *, order: int) -> None:
        super().__init__(f"{what} (order {order})")
        self.what = what
        self.order = order


def doubled(number: int) -> int:
    """A module's function, which crosses by its name."""
    return 2 * number


class Marked:
    """A class on which functions set what they like."""

    mark = 0
    marks: ClassVar[list[int]] = []


class Handle:
    """Something that cannot cross: it is only worth anything in its own process."""

    def __init__(self) -> None:
        self.lines: Iterator[str] = iter(())


class Shelf(dict[str, list[str]]):
    """A dictionary that stores what it is asked for."""

    def __missing__(self, key: str) -> list[str]:
        self[key] = found = [key]
        return found


class Asked(dict[str, list[str]]):
    """One whose look-up is its own."""

    def __getitem__(self, key: str) -> list[str]:
        return self.setdefault(key, [key])


class Rack(UserDict[str, list[str]]):
    """A shelf that holds its dictionary."""

    def __missing__(self, key: str) -> list[str]:
        self[key] = found = [key]
        return found
