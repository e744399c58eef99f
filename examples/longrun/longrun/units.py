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


def heart_zones(max_hr: int, rest_hr: int | None) -> list[tuple[str, int, int]]:
    """Return five zones as name, lowest and highest rate: tenths of what lies above resting.

    Without a resting rate they are tenths of the highest one.
    """
    rest = rest_hr or 0
    at = [round(rest + (max_hr - rest) * tenths / 10) for tenths in range(5, 11)]
    names = ("Recovery", "Easy", "Steady", "Threshold", "Hard")
    return [(name, at[i], at[i + 1] - (i < 4)) for i, name in enumerate(names)]


def name_of(metres: float) -> str:
    """Return what runners call a distance."""
    return _NAMES.get(round(metres), f"{metres / 1000:g} km")
