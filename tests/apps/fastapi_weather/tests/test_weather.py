import asyncio

import pytest

from weather import forecast, stations


def test_the_mean_is_that_of_all_readings():
    readings = [stations.Reading(station="x", celsius=value) for value in (1, 2, 6)]

    assert forecast.mean(readings) == 3
    assert forecast.made() > 0


def test_readings_are_kept_by_station():
    async def session():
        await stations.record(stations.Reading(station="hill", celsius=1))
        return await stations.of("hill")

    assert asyncio.run(session())[-1].celsius == 1


def test_a_station_that_said_nothing_is_unknown():
    with pytest.raises(stations.UnknownStation):
        asyncio.run(stations.of("moon"))
