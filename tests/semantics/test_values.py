"""Rows 1 and 2: arguments and results, by value, exactly, or refused."""

import gc
import math
import threading
import weakref
from array import array
from collections import Counter, OrderedDict, UserDict, defaultdict, deque
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from fractions import Fraction
from http import HTTPStatus
from pathlib import PurePosixPath
from types import SimpleNamespace
from urllib.parse import urlsplit
from uuid import UUID
from zoneinfo import ZoneInfo

import pydantic
import pytest
from law import model, values

import seamline

EXACT = {
    "none": None,
    "bool": True,
    "huge int": 10**40,
    "float for an int": 1.0,
    "complex": 1 + 2j,
    "surrogate": "\ud800",
    "bytearray": bytearray(b"ab"),
    "tuple": (1, (2, [3])),
    "set": {1, 2},
    "frozenset": frozenset({"a"}),
    "tuple keys": {(1, 2): "a", UUID(int=3): "b", None: "c"},
    "decimal": Decimal("1.10"),
    "fraction": Fraction(1, 3),
    "uuid": UUID(int=7),
    "path": PurePosixPath("/a/b"),
    "date": date(2024, 2, 29),
    "naive": datetime(2024, 2, 29, 1, 2, 3, 4),  # noqa: DTZ001 - naive on purpose
    "utc": datetime(2024, 2, 29, tzinfo=UTC),
    "offset": datetime(2024, 2, 29, tzinfo=timezone(timedelta(hours=5, minutes=45))),
    "zone": datetime(2024, 10, 27, 2, 30, tzinfo=ZoneInfo("Europe/Berlin"), fold=1),
    "enum": model.Colour.BLUE,
    "int enum": model.Level.HIGH,
    "named tuple": model.Point(1, 2),
    "frozen dataclass": model.Money(Decimal(3)),
    "dataclass": model.Order(1, None, ["a"]),
    "subclass": model.UrgentOrder(1, None, ["a"], "car"),
    "ordered dict": OrderedDict(b=1, a=2),
    "defaultdict": defaultdict(list, a=[1]),
    "counter": Counter("aab"),
    "deque": deque([1, 2], maxlen=3),
    "bytes": b"\x00\xff",
    "array": array("d", [1.5, 2.5]),
    "attrs": model.Weight(5, "box"),
    "struct": model.Tag("red", model.Colour.RED),
    "pydantic": model.Note(text="late", at=datetime(2024, 1, 1, tzinfo=UTC)),
    "pydantic's offset": pydantic.TypeAdapter(datetime).validate_python(
        "2024-01-01T00:00:00+02:00"
    ),
    "address": pydantic.HttpUrl("http://a.example/b"),
    "addresses": pydantic.PostgresDsn("postgres://u:p@one:1,two:2/db"),
    "secret": model.Login(
        password=pydantic.SecretStr("x"), home=pydantic.HttpUrl("http://a.example")
    ),
    "status": HTTPStatus.NOT_FOUND,
    "parts of an address": urlsplit("http://a.example/b?c"),
    "namespace": SimpleNamespace(a=1, rows=[2]),
    "user dict": UserDict(a=[1]),
    "typed dict": model.Row(number=1, tags=["a"]),
    "infinity": {"a": [float("inf"), -0.0]},
    "range": range(1, 9, 2),
    "slice": slice(1, None, 2),
    "class": model.Order,
    "function": model.LawError,
    "exception": ValueError("x", 3),
}


def _shape(value: object) -> object:
    if isinstance(value, BaseException):
        return type(value), value.args
    if isinstance(value, list | tuple):
        return type(value), [_shape(item) for item in value]
    return type(value), value, getattr(value, "tzinfo", None), getattr(value, "fold", None)


@pytest.mark.parametrize("name", EXACT)
def test_a_value_comes_back_as_it_was(name: str) -> None:
    assert _shape(values.echo(EXACT[name])) == _shape(EXACT[name])


def test_a_value_that_came_back_keeps_its_behaviour() -> None:
    spent = values.total([model.Money(Decimal(1)), model.Money(Decimal(2))])

    assert spent + model.Money(Decimal(1)) == model.Money(Decimal(4))


def test_a_class_that_only_a_module_loaded_later_names_crosses() -> None:
    values.echo(1)  # what may cross is known by now, of what is loaded

    from law.values import late

    assert late.status(404) is HTTPStatus.NOT_FOUND


def test_every_shape_of_parameter_binds_as_it_does_in_one_process() -> None:
    assert values.shapes(1) == (1, 2, (), 3, {})
    assert values.shapes(1, 5, 6, 7, c=8, d=9) == (1, 5, (6, 7), 8, {"d": 9})
    assert values.shapes(1, b=4) == (1, 4, (), 3, {})


def test_wrong_arguments_are_a_type_error_of_the_function_itself() -> None:
    with pytest.raises(TypeError, match=r"shapes\(\) missing 1 required positional argument: 'a'"):
        values.shapes()  # type: ignore[call-arg]


def test_two_arguments_that_are_one_object_stay_one() -> None:
    one = [1]

    assert values.same(one, one)
    assert not values.same([1], [1])


def test_a_cycle_comes_back_as_a_cycle() -> None:
    ring: list[object] = [1]
    ring.append(ring)

    back = values.echo(ring)

    assert back[1] is back


def test_a_sentinel_default_is_recognised_on_the_other_side() -> None:
    assert values.given() == "missing"
    assert values.given(None) == "given"
    assert values.given(3) == "given"


def test_a_sentinel_that_only_the_default_holds_is_recognised_too() -> None:
    assert values.given_nameless() == "missing"
    assert values.given_nameless(3) == "given"
    assert values.given_nameless(values.given_nameless.__defaults__[0]) == "missing"


@pytest.mark.seamline_errors
@pytest.mark.parametrize(
    ("value", "match"),
    [
        pytest.param(threading.Lock(), r"value.*lock", id="lock"),
        pytest.param(lambda: 1, r"value.*function", id="lambda"),
        pytest.param([(n for n in ())], r"value\[0\].*generator", id="generator"),
        pytest.param({"rows": [1, threading.Lock()]}, r"rows.*\[1\]", id="nested"),
    ],
)
def test_what_cannot_cross_is_refused_by_name(value: object, match: str, refusal) -> None:
    before = values.process()

    with refusal(seamline.NotSendable, match):
        values.echo(value)

    assert values.process() == before


def test_what_cannot_cross_stays_where_the_function_needs_nothing_of_its_host() -> None:
    lock = threading.Lock()

    first, second = values.keep(lock)

    assert first is lock
    assert second is lock


class _Own:
    """No class that could cross."""


def test_an_argument_of_a_call_that_stays_is_given_up_when_the_call_is_over() -> None:
    value = _Own()
    gone = weakref.ref(value)
    gc.disable()
    try:
        values.keep(value)
        del value

        assert gone() is None
    finally:
        gc.enable()


@pytest.mark.seamline_errors
def test_a_refused_function_raises_with_its_reason(refusal) -> None:
    with refusal(seamline.NotSendable, "handle"):
        values.read(model.Handle())


def test_a_decorated_function_runs_whole_on_the_host() -> None:
    assert values.in_transaction(3) == (3, values.process())


def test_a_cached_function_keeps_its_results() -> None:
    first = values.cached(1)

    assert values.cached(1) == first


def test_a_function_of_a_module_crosses_by_its_name() -> None:
    assert values.apply(model.doubled, 4) == 8


def test_a_nan_is_another_one_behind_a_seam(split: bool) -> None:
    found, _ = values.echo_many(math.nan, 1.5)

    assert math.isnan(found[0])
    assert (math.nan in found) is not split  # listed as not noticed
