"""What a track says: moving time, climb, splits, best efforts. Pure."""

import hashlib
import math
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Final

from longrun.model import Recording, Split, Sport, TrackPoint

# Slower than this is standing still with a watch that wanders.
MOVING_M_PER_S: Final = 0.5
# Barometers and GPS heights wander by a metre or two; a smaller rise is not a hill.
CLIMB_HYSTERESIS_M: Final = 2.0
MILE_M: Final = 1609.344
HALF_M: Final = 21_097.5
MARATHON_M: Final = 42_195.0
# Distance of a best effort -> seconds that nobody has run it in: a little under the men's world
# records. A "run" that is faster was recorded on a bicycle or in a car, and earns nothing.
TOO_FAST_S: Final = {
    1000.0: 130, MILE_M: 221, 5000.0: 750, 10_000.0: 1560, HALF_M: 3360, MARATHON_M: 7100
}  # fmt: skip


def digest(recording: Recording) -> str:
    """Name a recording by when and where it began and ended.

    Services write the same run out again in other bytes, so the file's own hash would not do.
    """
    first, last = recording.points[0], recording.points[-1]
    facts = [recording.started_at.strftime("%Y-%m-%dT%H:%M:%S"), f"{last.t:.0f}"]
    for point in (first, last):
        if point.lat is None or point.lon is None:
            facts.append(f"{point.d:.0f}")
        else:
            facts.append(f"{point.lat:.4f},{point.lon:.4f}")
    return hashlib.sha256("|".join(facts).encode()).hexdigest()[:32]


def moving_seconds(points: Sequence[TrackPoint]) -> float:
    """Return the seconds in which somebody moved: no gaps, no standing."""
    return sum(_moving(before, after) for before, after in pairwise(points))


def climb(points: Sequence[TrackPoint]) -> float:
    """Return the metres gained, counting only rises of more than the hysteresis."""
    heights = [point.ele for point in points if point.ele is not None]
    low = high = heights[0] if heights else 0.0
    gained = 0.0
    # The last height ends the last hill, as a fall would.
    for height in [*heights, -math.inf]:
        if height > high:
            high = height
        elif height < high - CLIMB_HYSTERESIS_M:
            gained += high - low if high - low >= CLIMB_HYSTERESIS_M else 0.0
            low = high = height
        elif height < low:
            low = high = height
    return gained


def average_hr(points: Sequence[TrackPoint]) -> int | None:
    """Return the mean of the heart rates that were recorded."""
    rates = [point.hr for point in points if point.hr is not None]
    return round(sum(rates) / len(rates)) if rates else None


def splits(points: Sequence[TrackPoint], every_m: float = 1000.0) -> list[Split]:
    """Cut a track into kilometres of moving time; a last piece under 10 m is left out."""
    found: list[Split] = []
    edge, seconds, inside = every_m, 0.0, [points[0]]
    for before, after in pairwise(points):
        moving, left = _moving(before, after), after.d - before.d
        while after.d >= edge and left > 0:
            part = moving * (edge - max(before.d, edge - every_m)) / (after.d - before.d)
            inside.append(after)
            found.append(_split(len(found) + 1, every_m, seconds + part, inside))
            left -= edge - max(before.d, edge - every_m)
            edge, seconds, inside = edge + every_m, 0.0, [after]
        seconds += moving * left / (after.d - before.d) if after.d > before.d else moving
        inside.append(after)
    rest = points[-1].d - (edge - every_m)
    if rest >= 10:
        found.append(_split(len(found) + 1, rest, seconds, inside))
    return found


def best_efforts(sport: Sport, points: Sequence[TrackPoint]) -> dict[float, float]:
    """Return distance -> fewest elapsed seconds, for a run; nothing if nobody can run so fast."""
    if sport is not Sport.RUN:
        return {}
    fastest = {distance: _fastest(points, distance) for distance in TOO_FAST_S}
    found = {distance: seconds for distance, seconds in fastest.items() if seconds is not None}
    return {} if any(found[distance] < TOO_FAST_S[distance] for distance in found) else found


def thin(points: Sequence[TrackPoint], most: int) -> list[TrackPoint]:
    """Return at most `most` points, evenly chosen; the first, the last and a gap's mark stay."""
    if len(points) <= most:
        return list(points)
    step = (len(points) - 1) / (max(most, 2) - 1)
    chosen, begin = [], 0
    for i in range(max(most, 2)):
        end = round(i * step)
        point = points[end]
        if not point.gap and any(passed.gap for passed in points[begin:end]):
            point = replace(point, gap=True)
        chosen.append(point)
        begin = end + 1
    return chosen


def _moving(before: TrackPoint, after: TrackPoint) -> float:
    seconds = after.t - before.t
    if after.gap or seconds <= 0 or (after.d - before.d) / seconds < MOVING_M_PER_S:
        return 0.0
    return seconds


def _split(km: int, metres: float, seconds: float, inside: Sequence[TrackPoint]) -> Split:
    return Split(km, metres, seconds, climb(inside), average_hr(inside))


def _fastest(points: Sequence[TrackPoint], distance: float) -> float | None:
    """Slide a window of `distance` along the track; its start lies between two points."""
    best: float | None = None
    start = 0
    for point in points:
        if point.d - points[0].d < distance:
            continue
        while point.d - points[start + 1].d >= distance:
            start += 1
        before, after = points[start], points[start + 1]
        share = (point.d - distance - before.d) / (after.d - before.d) if after.d > before.d else 0
        seconds = point.t - (before.t + share * (after.t - before.t))
        best = seconds if best is None else min(best, seconds)
    return best
