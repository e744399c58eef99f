"""seamline.wire.zones: time zones of dateutil and pytz arrive as the object they are."""

import datetime as dt

import msgspec
import pytest
import pytz
from dateutil import tz

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


@pytest.mark.parametrize("parts", [[9], [-1], ["0"], [3, "Nowhere/At_All"], [3, "../passwd"], [1]])
def test_a_zone_that_does_not_exist_is_an_error_of_the_peer(parts: list[object]) -> None:
    data = msgspec.msgpack.encode([0, [], [ZONE, *parts]])

    with pytest.raises(WireError):
        CODEC.decode(data)
