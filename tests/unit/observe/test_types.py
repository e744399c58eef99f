"""Names of types: in depth, bounded, and without a value in them."""

import collections
import dataclasses
import datetime as dt
import enum
from typing import NamedTuple

import pytest

from seamline.observe.types import type_name


@dataclasses.dataclass
class Row:
    secret: str


class Colour(enum.Enum):
    RED = "s3cret"


class Pair(NamedTuple):
    a: int
    b: int


def example():
    pass


class Rows(list):
    pass


@pytest.mark.parametrize(
    ("value", "name"),
    [
        (None, "None"),
        (True, "bool"),
        ("s3cret", "str"),
        ([], "list"),
        ([1, "a", None], "list[None | int | str]"),
        ({"s3cret": [1, 2.0]}, "dict[str, list[float | int]]"),
        ({1, 2}, "set[int]"),
        ((1, "a"), "tuple[int, str]"),
        ((1, 2, 3, 4, 5), "tuple[int, ...]"),
        (Pair(1, 2), f"{__name__}.Pair"),
        (Row("s3cret"), f"{__name__}.Row"),
        ([Row("s3cret")], f"list[{__name__}.Row]"),
        (Colour.RED, f"{__name__}.Colour"),
        (Rows([1]), f"{__name__}.Rows[int]"),
        (dt.date(2026, 1, 1), "datetime.date"),
        (example, "function"),
        (example.__call__, "method-wrapper"),
        (len, "function"),
        (int, "type"),
        (enum, "module"),
        (collections.OrderedDict(a=1), "collections.OrderedDict[str, int]"),
        ([[[[[[1]]]]]], "list[list[list[list[list]]]]"),
        ([1, "a", 2.0, b"", None, (), 1j], "list[None | bytes | complex | float | ...]"),
        (ValueError("s3cret"), "ValueError"),
    ],
)
def test_type_is_named_as_a_reader_would_write_it(value, name):
    assert type_name(value) == name


def test_long_name_is_cut():
    value = {f"Class{n}": type(f"C{n}" + "x" * 90, (), {})() for n in range(4)}

    assert type_name(value) == "dict[...]"


def test_value_that_holds_itself_has_a_name():
    value = []
    value.append(value)

    assert type_name(value) == "list[list[list[list[list]]]]"
