"""seamline.wire.zones: a zone of dateutil or pytz is itself again, one of pydantic is equal."""

import datetime as dt

import msgspec
import pytest
import pytz
from dateutil import tz
from hypothesis import given, strategies as st
from pydantic_core import TzInfo

from seamline.errors import NotSendable, WireError
from seamline.wire import Codec, TypeTable
from seamline.wire.marks import ZONE

CODEC = Codec(TypeTable([]))
BERLIN = pytz.timezone("Europe/Berlin")


@pytest.mark.parametrize(
    "zone",
    [
        pytest.param(tz.tzutc(), id="dateutil, UTC"),
        pytest.param(tz.tzoffset("CET", 3600), id="dateutil, fixed"),
        pytest.param(tz.tzoffset(None, -5400), id="dateutil, fixed without a name"),
        pytest.param(pytz.utc, id="pytz, UTC"),
        pytest.param(pytz.FixedOffset(90), id="pytz, fixed"),
        pytest.param(pytz.timezone("Etc/GMT+3"), id="pytz, without periods"),
        pytest.param(BERLIN, id="pytz, as it is looked up"),
        pytest.param(
            BERLIN.localize(dt.datetime(2024, 7, 1)).tzinfo,  # noqa: DTZ001
            id="pytz, in summer",
        ),
    ],
)
def test_a_zone_arrives_as_that_object(zone: dt.tzinfo) -> None:
    moment = dt.datetime(2024, 7, 1, 12, tzinfo=zone)

    arrived = CODEC.decode(CODEC.encode([zone, moment]))

    assert arrived == [zone, moment]
    assert arrived[0] is zone
    assert arrived[1].tzinfo is zone


@pytest.mark.parametrize(
    "zone",
    [
        pytest.param(tz.gettz("Europe/Berlin"), id="of a file"),
        pytest.param(tz.tzlocal(), id="of this machine"),
        pytest.param(tz.tzoffset.instance("CET", 3600), id="not the one that is handed out"),
    ],
)
def test_a_zone_that_is_not_handed_out_again_is_refused(zone: dt.tzinfo) -> None:
    with pytest.raises(NotSendable, match=r"use zoneinfo|makes another object"):
        CODEC.encode(dt.datetime(2024, 7, 1, tzinfo=zone))


@given(
    seconds=st.integers(-86_399, 86_399),
    moment=st.datetimes(dt.datetime(2, 1, 1), dt.datetime(9998, 1, 1)),  # noqa: DTZ001
    kind=st.sampled_from(["datetime", "time"]),
)
def test_what_pydantic_read_keeps_the_type_of_its_offset(
    seconds: int, moment: dt.datetime, kind: str
) -> None:
    zone = TzInfo(seconds)
    sent = moment.replace(tzinfo=zone)
    if kind == "time":
        sent = sent.timetz()

    arrived = CODEC.decode(CODEC.encode([sent, zone]))

    assert arrived == [sent, zone]
    assert type(arrived[0].tzinfo) is TzInfo
    assert arrived[0].utcoffset() == sent.utcoffset()
    assert repr(arrived) == repr([sent, zone])


@pytest.mark.parametrize(
    "parts",
    [
        [4, 10**9],
        [4, "x"],
        [4],
        [4, None],
        [4, 1, 2],
        [9],
        [-1],
        ["0"],
        [3, "Nowhere/At_All"],
        [3, "../passwd"],
        [1],
    ],
)
def test_a_zone_that_does_not_exist_is_an_error_of_the_peer(parts: list[object]) -> None:
    data = msgspec.msgpack.encode([0, [], [ZONE, *parts]])

    with pytest.raises(WireError):
        CODEC.decode(data)
