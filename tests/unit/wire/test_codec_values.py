"""The codec: every kind of value arrives as what it was."""

import enum
import ipaddress
import math
import pathlib
import re
import sys
from array import array
from collections import Counter, OrderedDict, defaultdict, deque
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from uuid import UUID, SafeUUID
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings, strategies as st
from msgspec import UNSET

from seamline.wire import DEFAULT, Codec, TypeTable

# Python 3.13 brings "w" and warns of "u", which goes with 3.16.
TEXT_TYPECODE = "w" if sys.version_info >= (3, 13) else "u"


class Colour(enum.Enum):
    RED = 1
    BLUE = "blue"
    GREY = (1, 2)


class Level(enum.IntEnum):
    LOW = 1
    HIGH = 2


class Word(enum.StrEnum):
    A = "a"


class Access(enum.Flag):
    READ = 1
    WRITE = 2


class Mode(enum.IntFlag):
    X = 1
    Y = 4


class Title(str):
    __slots__ = ()


class Metres(float):
    pass


class Count(int):
    pass


class Row(list):
    pass


class Settings(dict):
    pass


class Ordered(OrderedDict):
    pass


class Recent(deque):
    pass


class Grouped(defaultdict):
    pass


class Empty:
    """A class whose only instance is a marker."""


MISSING = object()
NOTHING = Empty()


def make_list():
    return []


CODEC = Codec(TypeTable([__name__]))


def crossed(value):
    return CODEC.decode(CODEC.encode(value))


PLAIN = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters(codec=None, exclude_categories=()))
    | st.binary(max_size=20)
)
ZONES = st.sampled_from(
    [
        None,
        UTC,
        timezone(timedelta(hours=2)),
        timezone(timedelta(seconds=-1, microseconds=5), "odd"),
        ZoneInfo("Europe/Berlin"),
        ZoneInfo("UTC"),
    ]
)
HASHABLE = (
    PLAIN
    | st.complex_numbers()
    | st.decimals(allow_nan=False)
    | st.fractions()
    | st.uuids()
    | st.dates()
    | st.timedeltas()
    | st.datetimes(timezones=ZONES)
    | st.times(timezones=ZONES.filter(lambda zone: not isinstance(zone, ZoneInfo)))
    | st.ip_addresses()
    | st.sampled_from(
        [*Colour, *Level, *Word, *Access, *Mode, Access.READ | Access.WRITE, Mode.X | Mode.Y]
    )
    | st.sampled_from(
        [Ellipsis, NotImplemented, DEFAULT, UNSET, MISSING, NOTHING, int, Colour, make_list]
    )
    | st.builds(pathlib.PurePosixPath, st.text("ab/.", max_size=8))
    | st.builds(range, st.integers(), st.integers(), st.integers(1))
)
VALUES = st.recursive(
    HASHABLE | st.builds(bytearray, st.binary(max_size=20)),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.lists(inner, max_size=4).map(tuple)
        | st.lists(inner, max_size=4).map(deque)
        | st.sets(HASHABLE, max_size=3)
        | st.frozensets(HASHABLE, max_size=3)
        | st.dictionaries(st.text(max_size=3), inner, max_size=3)
        | st.dictionaries(HASHABLE, inner, max_size=3)
        | st.dictionaries(HASHABLE, inner, max_size=3).map(OrderedDict)
        | st.lists(inner, max_size=3).map(Row)
        | st.tuples(inner, st.text(max_size=2)).map(lambda pair: [pair[0], pair, pair[0]])
    ),
    max_leaves=12,
)


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow], database=None
)
@given(VALUES)
def test_any_value_arrives_with_exact_types_order_and_sharing(assert_same, value):
    assert_same(value, crossed(value))


@pytest.mark.parametrize(
    "value",
    [
        pytest.param(2**63 - 1, id="largest signed"),
        pytest.param(2**64 - 1, id="largest native int"),
        pytest.param(2**64, id="smallest big int"),
        pytest.param(-(2**63) - 1, id="big negative int"),
        pytest.param(10**1000, id="huge int"),
        pytest.param({2**70: [2**80, "a"], "b": (1, 2**90)}, id="big ints inside"),
        pytest.param(math.inf, id="infinity"),
        pytest.param(-0.0, id="negative zero"),
        pytest.param("\ud800 lone", id="lone surrogate"),
        pytest.param({"\ud800": ["\udfff"]}, id="lone surrogates inside"),
        pytest.param(Decimal("-0.00"), id="decimal zero keeps sign and exponent"),
        pytest.param(Decimal("NaN123"), id="decimal NaN with payload"),
        pytest.param(Decimal("sNaN"), id="signalling NaN"),
        pytest.param(
            datetime(2024, 10, 27, 2, 30, tzinfo=ZoneInfo("Europe/Berlin"), fold=1), id="fold"
        ),
        pytest.param(datetime.min, id="first datetime"),  # noqa: DTZ901
        pytest.param(datetime.max.replace(tzinfo=UTC), id="last datetime"),
        pytest.param(time(1, 2, 3, 4, fold=1), id="time with fold"),
        pytest.param(date.min, id="first date"),
        pytest.param(timedelta.min, id="shortest timedelta"),
        pytest.param(timezone(timedelta(0), "Z"), id="named zero offset"),
        pytest.param(UUID(int=5, is_safe=SafeUUID.safe), id="safe uuid"),
        pytest.param(pathlib.Path("a/../b"), id="path"),
        pytest.param(pathlib.PureWindowsPath("C:\\x"), id="windows path"),
        pytest.param(ipaddress.ip_network("10.0.0.0/8"), id="network"),
        pytest.param(ipaddress.ip_interface("fe80::1%eth0/64"), id="scoped interface"),
        pytest.param(re.compile(rb"a.c", re.DOTALL), id="bytes pattern"),
        pytest.param(re.compile("(?i)a"), id="pattern with inline flag"),
        pytest.param(slice(None, 5, (1, [2])), id="slice of anything"),
        pytest.param(Counter("hello"), id="counter"),
        pytest.param(defaultdict(list, {"a": [1]}), id="defaultdict of a builtin"),
        pytest.param(defaultdict(make_list, {(1, 2): 3}), id="defaultdict of a function"),
        pytest.param(deque([1, [2]], maxlen=2), id="bounded deque"),
        pytest.param(array("d", [1.5, math.nan]), id="array"),
        pytest.param(array(TEXT_TYPECODE, "h\xe9"), id="text array"),
        pytest.param(memoryview(b"abcd"), id="read-only view"),
        pytest.param(memoryview(bytearray(b"abcd")).cast("H"), id="writable typed view"),
        pytest.param(memoryview(bytes(12)).cast("B", [3, 4]), id="view of two dimensions"),
        pytest.param(np.arange(6, dtype="<i4").reshape(2, 3), id="numpy array"),
        pytest.param(np.asfortranarray(np.ones((2, 3))), id="fortran order"),
        pytest.param(
            np.array([(1, 2.0)], dtype=[("a", "i4"), ("b", "f8")]), id="structured array"
        ),
        pytest.param(np.array(["2024-01-01"], dtype="datetime64[D]"), id="numpy dates"),
        pytest.param(np.zeros((0, 3)), id="empty numpy array"),
        pytest.param(np.float32(1.5), id="numpy float"),
        pytest.param(np.longlong(5), id="numpy longlong, not int64"),
        pytest.param(np.str_("abc"), id="numpy text"),
        pytest.param(np.str_(""), id="empty numpy text"),
        pytest.param(np.bool_(True), id="numpy bool"),
        pytest.param([True, 1, 1.0], id="bool, int and float stay apart"),
        pytest.param((), id="empty tuple"),
        pytest.param(((), [], {}, set(), frozenset()), id="empties"),
        pytest.param({1: "a", "1": "b", None: "c", (1,): "d"}, id="keys of many kinds"),
        pytest.param({"z": 1, "a": 2}, id="order of keys"),
        pytest.param(list[int], id="generic alias"),
    ],
)
def test_values_at_the_edges_arrive_exactly(assert_same, value):
    assert_same(value, crossed(value))


@pytest.mark.parametrize(
    "value",
    [
        Title("t"),
        Metres(1.5),
        Metres("nan"),
        Count(2**80),
        Row([1, [2]]),
        Settings(a=1),
        Ordered(b=1, a=2),
        Recent([1, 2], 2),
        Grouped(list, {1: [2]}),
    ],
    ids=lambda value: type(value).__name__,
)
def test_subclasses_of_builtins_keep_class_content_and_attributes(assert_same, value):
    if not isinstance(value, Title):
        value.note = ["kept"]

    assert_same(value, crossed(value))


def test_ordered_dicts_can_be_reordered_where_they_arrive():
    arrived = crossed(Ordered(b=1, a=2))

    arrived.move_to_end("b")

    assert list(arrived) == ["a", "b"]


def test_what_is_shared_inside_one_message_stays_shared():
    row = {"n": 1}
    arrived = crossed([row, (row, [row]), {1: row}])

    arrived[0]["n"] = 2

    assert arrived[1][0] is arrived[0]
    assert arrived[1][1][0] is arrived[0]
    assert arrived[2][1] is arrived[0]


def test_equal_but_distinct_objects_stay_distinct():
    arrived = crossed([[1], [1]])

    assert arrived[0] is not arrived[1]


def test_cycles_through_mutable_containers_arrive_as_cycles():
    ring = [1]
    ring.append({"again": ring, "tuple": (ring,)})

    arrived = crossed(ring)

    assert arrived[1]["again"] is arrived
    assert arrived[1]["tuple"][0] is arrived


def test_a_shared_tuple_is_written_once():
    value = ([],)
    for _ in range(60):
        value = (value, value)

    data = CODEC.encode(value)

    assert len(data) < 1000
    arrived = CODEC.decode(data)
    assert arrived[0] is arrived[1]


def test_markers_arrive_as_the_very_object():
    assert crossed([MISSING, NOTHING, DEFAULT, ...]) == [MISSING, NOTHING, DEFAULT, ...]
    assert crossed(DEFAULT) is DEFAULT
    assert crossed(MISSING) is MISSING
    assert crossed(NOTHING) is NOTHING


def test_enum_members_and_utc_are_the_very_objects():
    arrived = crossed([Colour.GREY, Level.HIGH, datetime(2024, 1, 1, tzinfo=UTC).tzinfo])

    assert arrived[0] is Colour.GREY
    assert arrived[1] is Level.HIGH
    assert arrived[2] is UTC


def test_a_received_buffer_may_be_reused_after_decoding():
    buffer = bytearray(CODEC.encode([b"abc", bytearray(b"def"), "ghi", memoryview(b"jkl")]))
    arrived = CODEC.decode(memoryview(buffer))

    buffer[:] = bytes(len(buffer))

    assert arrived[:3] == [b"abc", bytearray(b"def"), "ghi"]
    assert arrived[3].tobytes() == b"jkl"


def test_arrays_own_their_memory_and_keep_being_read_only():
    frozen = np.arange(3)
    frozen.flags.writeable = False
    arrived = crossed([np.arange(3), frozen])

    arrived[0][0] = 7

    assert arrived[0].flags.owndata
    assert not arrived[1].flags.writeable


def test_a_small_call_is_a_small_message():
    assert len(CODEC.encode((("p-1", 3), (), {}))) < 20
    assert sys.getsizeof(CODEC.encode(None)) < 50
