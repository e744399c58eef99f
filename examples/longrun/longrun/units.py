"""Distances and times as people read them. Shared and pure."""

from typing import Final

from longrun.model import Units

UNIT_M: Final[dict[Units, float]] = {"km": 1000.0, "mi": 1609.344}
_NAMES: Final = {
    1000: "1 km",
    1609: "1 mile",
    5000: "5 km",
    10_000: "10 km",
    21_098: "Half marathon",
    42_195: "Marathon",
}


def clock(seconds: float) -> str:
    """Return 4:59 or 1:02:03."""
    hours, rest = divmod(round(seconds), 3600)
    minutes, left = divmod(rest, 60)
    return f"{hours}:{minutes:02d}:{left:02d}" if hours else f"{minutes}:{left:02d}"


def distance(metres: float, units: Units, digits: int = 1) -> str:
    """Return metres in the runner's units, such as 10.2 km."""
    return f"{metres / UNIT_M[units]:,.{digits}f} {units}"


def pace(metres: float, seconds: float, units: Units) -> str:
    """Return the time for one unit, such as 5:12 /km."""
    if metres <= 0 or seconds <= 0:
        return "\N{EN DASH}"
    return f"{clock(seconds / metres * UNIT_M[units])} /{units}"


def name_of(metres: float) -> str:
    """Return what runners call a distance."""
    return _NAMES.get(round(metres), f"{metres / 1000:g} km")
