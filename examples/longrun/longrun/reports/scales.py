"""Axes and the pace along a track: what charts and documents have in common. Pure."""

import math
from collections.abc import Sequence
from typing import Final

from longrun.model import TrackPoint

_NICE: Final = (1, 2, 2.5, 5, 10)
# Pace is taken over this long: one second of GPS says 2:00 or 9:00 per km, whatever one runs.
PACE_WINDOW_S: Final = 30.0
# Slower than 20 minutes a kilometre is standing; a pace chart would be nothing but that spike.
_SLOWEST_S_PER_KM: Final = 1200.0


def ticks(low: float, high: float, about: int = 4) -> list[float]:
    """Return round numbers that cover `low` to `high`, about so many."""
    if high - low < 1e-6:
        low, high = low - 1, high + 1
    span = high - low
    power = 10 ** math.floor(math.log10(span / about))
    step = next(n * power for n in _NICE if span / (n * power) <= about + 0.001)
    first, last = math.floor(low / step), math.ceil(high / step)
    return [round(i * step, 10) for i in range(first, last + 1)]


def minute_ticks(low: float, high: float, about: int = 4) -> list[float]:
    """Return seconds that cover `low` to `high` in steps people read on a watch."""
    steps = (5, 10, 15, 20, 30, 60, 120, 300, 600)
    step = next((s for s in steps if (high - low) / s <= about), steps[-1])
    first = math.floor(low / step)
    last = max(math.ceil(high / step), first + 1)
    return [float(i * step) for i in range(first, last + 1)]


def paces(points: Sequence[TrackPoint], window_s: float = PACE_WINDOW_S) -> list[float | None]:
    """Return seconds per km around each point; None where somebody stood or a gap is near."""
    found: list[float | None] = []
    left = right = section = 0
    for i, point in enumerate(points):
        if point.gap:
            section = i
        left = max(left, section)
        while points[left].t < point.t - window_s / 2 and left < i:
            left += 1
        right = max(right, i)
        while (
            right + 1 < len(points)
            and not points[right + 1].gap
            and points[right + 1].t <= point.t + window_s / 2
        ):
            right += 1
        begin, end = points[max(left - 1, section)], points[right]
        metres, seconds = end.d - begin.d, end.t - begin.t
        slow = metres <= 0 or seconds / metres * 1000 > _SLOWEST_S_PER_KM
        found.append(None if slow else seconds / metres * 1000)
    return found


def quantile(values: Sequence[float], share: float) -> float:
    """Return the value that `share` of the values do not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
