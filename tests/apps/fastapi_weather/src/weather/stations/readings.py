"""What stations reported, in the memory of the process that hosts this package."""

from pydantic import BaseModel


class Reading(BaseModel):
    station: str
    celsius: float
    wind: int = 0


class UnknownStation(LookupError):
    """Nothing was reported from there."""


_readings: dict[str, list[Reading]] = {}


async def record(reading: Reading) -> int:
    _readings.setdefault(reading.station, []).append(reading.model_copy())
    return len(_readings[reading.station])


async def of(station: str) -> list[Reading]:
    if station not in _readings:
        raise UnknownStation(station)
    return [reading.model_copy() for reading in _readings[station]]
