"""Runs that somebody could have run: loops with hills, traffic lights, a tired heart. Pure."""

import cmath
import math
import random
from bisect import bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import accumulate, pairwise
from typing import Final
from zoneinfo import ZoneInfo

from longrun.model import Recording, Source, Sport, TrackPoint

TZ: Final = "Europe/Paris"
# A park by a lake, where the year's runs begin.
_HOME: Final = (45.8992, 6.1294)
_METRES_PER_DEGREE: Final = 111_195.0
_STEP_S: Final = 6
# A step is some twenty metres of a run: enough for a line to look round.
_LOOP_STEPS: Final = 480


@dataclass(frozen=True, slots=True)
class _Idea:
    """What a run is meant to be: how far, how fast, with what in it."""

    title: str
    km: float
    pace: float
    sport: Sport = Sport.RUN
    intervals: bool = False
    race: bool = False


def make_runs(today: date, weeks: int = 52, seed: int = 7) -> Iterator[Recording]:
    """Yield the runs of the weeks before `today`, oldest first.

    A week has the same runs whenever it is asked for.
    """
    monday = today - timedelta(days=today.weekday() + 7 * (weeks - 1))
    for _ in range(weeks):
        number = monday.toordinal() // 7
        rng = random.Random(f"{seed}/{number}")
        # A year has a season: fast and far in autumn, slow and short after the winter.
        season = math.sin(math.tau * (number - 12) / 52)
        for weekday, idea in _week(rng, number, 1 + 0.2 * season):
            run = _run(rng, monday + timedelta(days=weekday), idea, 0.96 - 0.04 * season)
            if monday + timedelta(days=weekday) < today:
                yield run
        monday += timedelta(days=7)


def _week(rng: random.Random, number: int, load: float) -> list[tuple[int, _Idea]]:
    # Three weeks up, one week down.
    load *= 0.65 if number % 4 == 3 else 0.9 + 0.08 * (number % 4)
    easy = _Idea(rng.choice(["Easy along the lake", "Easy", "Before breakfast"]), 7.5 * load, 342)
    intervals = _Idea("Intervals in the park", 8.5 * load, 300, intervals=True)
    hard = rng.choice([intervals, _Idea("Tempo", 9 * load, 292)])
    long = _Idea(rng.choice(["Long and slow", "Over the hill", "To the dam"]), 15 * load, 352)
    if number % 26 == 9:
        long = _Idea("Lake half marathon", 21.9, 287, race=True)
    elif number % 17 == 5:
        long = _Idea("Town ten", 10.6, 278, race=True)
    found = [(1, easy), (3, hard), (6, long)]
    # Life comes between: seventy runs a year are many for most people. Nobody skips a race.
    for chance in (0.95, 0.7):
        if rng.random() < chance:
            skipped = rng.randrange(len(found))
            if not found[skipped][1].race:
                found.pop(skipped)
    if number % 13 == 4:
        found.append((5, _Idea("Walk with the dog", 5, 690, Sport.WALK)))
    return sorted(found, key=lambda pair: pair[0])


def _run(rng: random.Random, day: date, idea: _Idea, fitness: float) -> Recording:
    hour = rng.choice([7, 8, 9]) if day.weekday() >= 5 else rng.choice([6, 7, 12, 18, 19])
    clock = time(hour, rng.randrange(60), rng.randrange(60))
    started_at = datetime.combine(day, clock, ZoneInfo(TZ)).astimezone(UTC)
    # Files tell whole seconds; a title and a device come back only where the format has them.
    return Recording(
        source=rng.choice([*[Source.GPX] * 5, Source.FIT]),
        sport=idea.sport,
        started_at=started_at,
        points=tuple(_points(rng, idea, fitness)),
        title=idea.title,
        device="longrun demo",
    )


def _points(rng: random.Random, idea: _Idea, fitness: float) -> Iterator[TrackPoint]:
    """Walk along a loop at the idea's pace; the height belongs to the place."""
    total = idea.km * 1000 * rng.uniform(0.95, 1.05)
    place = _loop(rng, total)
    heart, t, d, wander = 88.0, 0, 0.0, 0.0
    noise_x = noise_y = 0.0
    pause_at = rng.uniform(0.3, 0.7) * total if rng.random() < 0.4 else math.inf
    gap = False
    before, reached = place(0.0)[2], 0.0
    while d <= total:
        x, y, height = place(d)
        noise_x, noise_y = (0.93 * n + rng.gauss(0, 0.28) for n in (noise_x, noise_y))
        slope = min(0.1, max(-0.1, (height - before) / max(d - reached, 1)))
        before, reached = height, d
        wander = 0.97 * wander + rng.gauss(0, 0.006)
        fast = idea.intervals and 0.2 < d / total < 0.85 and (d % 800) < 450
        pace = idea.pace * fitness * (1 + wander + 2.6 * slope) * (0.84 if fast else 1.0)
        pace *= 1.05 if d < 600 else 0.95 if d > total - 800 else 1.0
        speed = 1000 / pace
        aim = 96 + 19.5 * speed + 150 * slope + 9 * d / total
        heart += (aim - heart) * 0.035 + rng.gauss(0, 0.5)
        yield TrackPoint(
            float(t),
            d,
            _HOME[0] + (y + noise_y) / _METRES_PER_DEGREE,
            _HOME[1] + (x + noise_x) / _METRES_PER_DEGREE / math.cos(math.radians(_HOME[0])),
            round(height + rng.gauss(0, 0.25), 1),
            round(heart),
            2 * round(78 + 2.4 * speed + rng.gauss(0, 0.8)) if idea.sport is Sport.RUN else None,
            gap=gap,
        )
        gap = d > pause_at
        if gap:
            pause_at = math.inf
            t += rng.randrange(40, 200)
            heart -= 22
        t += _STEP_S
        d += speed * _STEP_S


def _loop(rng: random.Random, metres: float) -> Callable[[float], list[float]]:
    """Make a closed way of a given length, bent by a few waves, with hills along it.

    Returns:
        Metres run -> metres east of the start, north of it, and above the sea.
    """
    bends = [(n, rng.uniform(0.1, 0.5) / n, rng.uniform(0, math.tau)) for n in range(1, 16)]
    turned, squeeze = rng.uniform(0, math.tau), rng.uniform(0.5, 0.85)
    hills = [(n, rng.uniform(3, 17) / n, rng.uniform(0, math.tau)) for n in range(1, 6)]
    raw: list[complex] = []
    for turn in (i / _LOOP_STEPS * math.tau for i in range(_LOOP_STEPS + 1)):
        radius = 1 + sum(size * math.sin(n * turn + phase) for n, size, phase in bends)
        bent = complex(radius * math.cos(turn), squeeze * radius * math.sin(turn))
        raw.append(bent * cmath.rect(1, turned))
    lengths = list(accumulate((abs(b - a) for a, b in pairwise(raw)), initial=0.0))
    scale = metres / lengths[-1]
    reached = [length * scale for length in lengths]
    way = []
    for spot, length in zip(raw, lengths, strict=True):
        turn = length / lengths[-1] * math.tau
        height = 452 + sum(h * (1 - math.cos(n * turn + p)) for n, h, p in hills)
        way.append(((spot - raw[0]).real * scale, (spot - raw[0]).imag * scale, height))

    def place(d: float) -> list[float]:
        i = min(bisect_right(reached, d), _LOOP_STEPS) - 1
        share = (d - reached[i]) / (reached[i + 1] - reached[i])
        return [a + share * (b - a) for a, b in zip(way[i], way[i + 1], strict=True)]

    return place
