"""Axes, places and the pace along a track: what charts and documents have in common. Pure."""

import math
from collections.abc import Sequence
from typing import Final

from longrun.model import TrackPoint

# One pace in five is in each class of colour, from slow to fast.
CLASSES: Final = 5
_METRES_PER_DEGREE: Final = 111_195.0
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


def fifths(points: Sequence[TrackPoint]) -> list[int]:
    """Return 0 (slow) to 4 (fast) for each point, by the run's own paces."""
    found = paces(points, window_s=60)
    known = [value for value in found if value is not None] or [0.0]
    limits = [quantile(known, 1 - i / CLASSES) for i in range(1, CLASSES)]
    return [0 if value is None else sum(value < limit for limit in limits) for value in found]


def project(
    points: Sequence[TrackPoint], left: float, top: float, wide: float, tall: float
) -> tuple[dict[int, tuple[float, float]], float]:
    """Lay the points with a position into the middle of a frame.

    Returns:
        Index of a point -> its place, none for fewer than two; and what a metre measures there.
    """
    placed = [
        (i, p.lat, p.lon) for i, p in enumerate(points) if p.lat is not None and p.lon is not None
    ]
    if len(placed) < 2:
        return {}, 0.0
    lats = [lat for _, lat, _ in placed]
    shrink = math.cos(math.radians((min(lats) + max(lats)) / 2))
    xs = [_METRES_PER_DEGREE * shrink * lon for _, _, lon in placed]
    ys = [-_METRES_PER_DEGREE * lat for lat in lats]
    span_x, span_y = max(xs) - min(xs), max(ys) - min(ys)
    scale = min(wide / max(span_x, 50), tall / max(span_y, 50))
    left += (wide - span_x * scale) / 2 - min(xs) * scale
    top += (tall - span_y * scale) / 2 - min(ys) * scale
    spots = zip(placed, xs, ys, strict=True)
    return {i: (left + x * scale, top + y * scale) for (i, _, _), x, y in spots}, scale
