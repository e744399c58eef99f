"""The codec: whatever bytes arrive, only WireError comes out."""

import enum
from collections import OrderedDict, deque
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any, NamedTuple

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from pydantic_core import PydanticCustomError, ValidationError

from seamline.errors import WireError
from seamline.wire import Codec, TypeTable


class Colour(enum.Enum):
    RED = 1


@dataclass(slots=True)
class Slots:
    a: Any
    b: Any


@dataclass
class Open:
    a: Any


@dataclass(frozen=True)
class Angry:
    a: Any

    def __hash__(self):
        raise LookupError("not today")


class Pair(NamedTuple):
    a: Any
    b: Any


class Words(list):
    pass


@dataclass(slots=True)
class Leaves:
    a: Decimal
    b: list[str]
    c: datetime | None


MARKER = object()
CODEC = Codec(TypeTable([__name__]))
LONG = Open([])
LONG.a.append(LONG)
OWN_KIND = PydanticCustomError("own", "no {thing}", {"thing": [1]})
INVALID = ValidationError.from_exception_data(
    "title",
    [
        {"type": "greater_than", "loc": ("a", 0), "input": [1], "ctx": {"gt": 3}},
        {"type": OWN_KIND, "input": {"a": "b"}},
    ],
)
VALID = [
    CODEC.encode(value)
    for value in (
        (("p-1", 3), (), {"k": [1, {"a": None}]}),
        [Slots(1, [Open({2: 3})]), Pair(1, (2, [3])), Colour.RED, MARKER, Open, Words([1])],
        [datetime(2024, 1, 1, tzinfo=UTC), Decimal(1), Fraction(1, 3), 2**80, {1, 2}, range(3)],
        [LONG, LONG, {(1, 2): OrderedDict(a=1)}, frozenset([Pair(1, 2)]), deque([1], 3)],
        Leaves(Decimal(1), ["x"], datetime(2024, 1, 1, tzinfo=UTC)),
        [Leaves(None, ["x"], None), Leaves(Decimal(1), None, None)],
        [np.arange(4), np.float32(1), memoryview(b"abcd"), bytearray(b"x"), slice(1, [2])],
    )
] + [
    CODEC.encode_exception(error)
    for error in (OSError(2, "x", "f"), ExceptionGroup("g", [KeyError(1)]), INVALID, OWN_KIND)
]


def survives(data):
    """Decode; anything but a value or a WireError fails the test."""
    try:
        CODEC.decode(data)
    except WireError:
        return
    try:
        CODEC.decode_exception(data)
    except WireError:
        return


@settings(max_examples=300, deadline=None, database=None)
@given(st.binary(max_size=60))
def test_random_bytes(data):
    survives(data)


@settings(max_examples=400, deadline=None, database=None)
@given(st.sampled_from(VALID), st.data())
def test_valid_messages_with_bytes_changed_lost_or_added(message, data):
    changed = bytearray(message)
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(changed) - 1))
        kind = data.draw(st.sampled_from(["change", "lose", "add", "cut"]))
        if kind == "change":
            changed[at] = data.draw(st.integers(0, 255))
        elif kind == "lose" and len(changed) > 1:
            del changed[at]
        elif kind == "add":
            changed.insert(at, data.draw(st.integers(0, 255)))
        elif kind == "cut" and at:
            del changed[at:]
    survives(bytes(changed))


NODES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-2, 90)
    | st.floats()
    | st.text(max_size=3)
    | st.binary(max_size=4),
    lambda inner: (
        st.lists(inner, max_size=6)
        | st.builds(
            lambda tag, rest: [tag, *rest], st.integers(0, 90), st.lists(inner, max_size=6)
        )
        | st.dictionaries(st.text(max_size=2), inner, max_size=3)
    ),
    max_leaves=15,
)
NAMES = (
    "Slots|a,b Slots| Open|a Open|b Angry|a Pair|a,b Pair|a Colour| Words| Open MARKER survives "
    "CODEC Missing|a Leaves|a,b,c|DL. Leaves|a,b,c|LDX Leaves|b,a|LD Slots|a,b|L"
)
ENTRIES = st.lists(
    st.sampled_from(
        [
            *(f"{__name__}:{name}" for name in NAMES.split()),
            "!builtins:OSError",
            "?a:b|builtins:KeyError",
            "!builtins:ExceptionGroup",
            "builtins:int|",
            "collections:OrderedDict|",
            *("", "|", "!", "?|"),
        ]
    ),
    min_size=3,
    max_size=6,
)


@settings(max_examples=600, deadline=None, database=None)
@given(st.integers(0, 3), ENTRIES, NODES)
def test_well_formed_msgpack_with_any_tags(shares, entries, body):
    survives(msgspec.msgpack.encode([shares, entries, body]))


@settings(max_examples=300, deadline=None, database=None)
@given(ENTRIES, st.lists(NODES, max_size=5))
def test_well_formed_records_with_any_fields(entries, items):
    survives(msgspec.msgpack.encode([entries[0], *items]))


@pytest.mark.parametrize(
    "items",
    [
        pytest.param([["1"], ["x"], None], id="a list for a decimal"),
        pytest.param(["one", ["x"], None], id="a text that is no decimal"),
        pytest.param(["1", [["x"]], None], id="a list in a list of leaves"),
        pytest.param(["1", {"x": 1}, None], id="a map for a list"),
        pytest.param(["1", ["x"]], id="too few fields"),
        pytest.param(["1", ["x"], [0, 0]], id="a reference to nothing"),
        pytest.param(["1", ["x"], [16, 0, 1]], id="an object without a name"),
    ],
)
def test_malformed_records(items):
    with pytest.raises(WireError):
        CODEC.decode(msgspec.msgpack.encode([f"{__name__}:Leaves|a,b,c|DL.", 0, *items]))


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        pytest.param([], "IndexError", id="empty node"),
        pytest.param([99], "KeyError", id="unknown tag"),
        pytest.param([-1, 2], "KeyError", id="negative tag"),
        pytest.param([[1], 2], "TypeError", id="a tag that is an array"),
        pytest.param([16, 0, 1], "ValueError", id="too few fields"),
        pytest.param([16, 0, 1, 2, 3], "ValueError", id="too many fields"),
        pytest.param([16, 5, 1], "IndexError", id="a name that is not there"),
        pytest.param([16, "x", 1], "TypeError", id="a name that is text"),
        pytest.param([16, 1, 1], "may not cross", id="a class that is not allowed"),
        pytest.param([4, [1]], "unhashable", id="an unhashable member"),
        pytest.param([6, [1], 2], "unhashable", id="an unhashable key"),
        pytest.param([6, 1], "has no value", id="a key without a value"),
        pytest.param([4, [16, 2, 1]], "not today", id="a hash that raises"),
        pytest.param([0, 0], "announced none", id="an unannounced reference"),
        pytest.param([3, [1]], "plain tuple", id="a container in a plain tuple"),
        pytest.param([58, "abc"], "InvalidOperation", id="no decimal"),
        pytest.param([51, 10**9, 0, 0], "Overflow", id="no date"),
        pytest.param([83, "O", [1], "C", b"x" * 8, True], "Python objects", id="object array"),
        pytest.param([83, "<i4", [2**40], "C", b"", True], "does not fill", id="huge array"),
        pytest.param([83, "<i4", [-1], "C", b"", True], "length", id="negative array"),
        pytest.param([32, 3], "may not cross", id="a builtin function as a class"),
        pytest.param([33, 3], "may not cross", id="a builtin function"),
        pytest.param([34, 4], "not a stateless", id="an object with state"),
    ],
)
def test_malformed_nodes_are_named(body, reason):
    names = [
        f"{__name__}:Slots|a,b",
        "subprocess:Popen|a",
        f"{__name__}:Angry|a",
        "builtins:eval",
        f"{__name__}:CODEC",
    ]

    with pytest.raises(WireError, match=reason):
        CODEC.decode(msgspec.msgpack.encode([0, names, body]))


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"\xdd\xff\xff\xff\xff", id="array of four thousand million items"),
        pytest.param(b"\xdf\xff\xff\xff\xff" * 4, id="maps of them"),
        pytest.param(b"\xc6\xff\xff\xff\xff", id="four gigabytes of bytes"),
        pytest.param(b"\x91" * 100_000, id="endless depth"),
        pytest.param(b"\x93\x00\x90\xd7\xff" + b"\xff" * 8, id="a second of 1.07e9 ns"),
        pytest.param(b"\x93\x00\x90\xd4\x05\x00", id="another extension"),
        pytest.param(b"\x93\xa1x\x90\x91\x01", id="shares that are text"),
        pytest.param(b"\x93\x00\xa1x\x93\x10\x00\x01", id="names that are text"),
    ],
)
def test_bytes_that_are_no_message(data):
    with pytest.raises(WireError):
        CODEC.decode(data)


def test_depth_is_bounded_when_receiving():
    body = [1]
    for _ in range(300):
        body = [1, body]

    with pytest.raises(WireError, match="too deeply"):
        CODEC.decode(msgspec.msgpack.encode([0, [], body]))


def test_items_are_bounded_when_receiving():
    codec = Codec(TypeTable([]), items=1000)

    with pytest.raises(WireError, match="more than 1000 items"):
        codec.decode(msgspec.msgpack.encode([0, [], [1, [1] * 600, {"a": [1] * 600}]]))


def test_layouts_made_up_by_a_peer_are_not_kept_without_bound():
    codec = Codec(TypeTable([__name__]))
    for number in range(10_050):
        data = msgspec.msgpack.encode([0, [f"{__name__}:Open|x{number}"], [16, 0, 1]])
        with pytest.raises(WireError):
            codec.decode(data)

    assert len(codec._plans.known) <= 10_000
