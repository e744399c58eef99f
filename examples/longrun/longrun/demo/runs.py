"""Runs that somebody could have run: loops with hills, traffic lights, a tired heart. Pure."""

import math
import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from typing import Final
from zoneinfo import ZoneInfo

from longrun.model import Recording, Source, Sport, TrackPoint

TZ: Final = "Europe/Paris"
# A park by a lake, where the year's runs begin.
_HOME: Final = (45.8992, 6.1294)
_METRES_PER_DEGREE: Final = 111_195.0
_STEP_S: Final = 6


@dataclass(frozen=True, slots=True)
class _Idea:
    """What a run is meant to be: how far, how fast, with what in it."""

    title: str
    km: float
    pace: float
    sport: Sport = Sport.RUN
    intervals: bool = False


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
    hard = rng.choice(
        [
            _Idea("Intervals in the park", 8.5 * load, 300, intervals=True),
            _Idea("Tempo", 9 * load, 292),
        ]
    )
    long = _Idea(rng.choice(["Long and slow", "Over the hill", "To the dam"]), 15 * load, 352)
    if number % 26 == 9:
        long = _Idea("Lake half marathon", 21.9, 287)
    elif number % 17 == 5:
        long = _Idea("Town ten", 10.6, 278)
    found = [(1, easy), (3, hard), (6, long)]
    # Life comes between: seventy runs a year are many for most people. Nobody skips a race.
    for chance in (0.95, 0.7):
        if rng.random() < chance:
            skipped = rng.randrange(len(found))
            if "half" not in found[skipped][1].title and "ten" not in found[skipped][1].title:
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
    loop = _Loop(rng, total)
    heart, t, d, wander = 88.0, 0, 0.0, 0.0
    noise_x = noise_y = 0.0
    pause_at = rng.uniform(0.3, 0.7) * total if rng.random() < 0.4 else math.inf
    gap = False
    before, reached = loop.place(0.0)[2], 0.0
    while True:
        x, y, height = loop.place(d)
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
        if d > total:
            return


class _Loop:
    """A closed way of a given length, bent by a few waves, with hills along it."""

    # A step is some twenty metres of a run: enough for a line to look round.
    _STEPS: Final = 480

    def __init__(self, rng: random.Random, metres: float) -> None:
        self._bends = [
            (n, rng.uniform(0.1, 0.5) / n, rng.uniform(0, math.tau)) for n in range(1, 16)
        ]
        self._turn = rng.uniform(0, math.tau)
        self._squeeze = rng.uniform(0.5, 0.85)
        self._hills = [(n, rng.uniform(3, 17) / n, rng.uniform(0, math.tau)) for n in range(1, 6)]
        raw = [self._raw(i / self._STEPS * math.tau) for i in range(self._STEPS + 1)]
        reached = [0.0]
        for a, b in pairwise(raw):
            reached.append(reached[-1] + math.dist(a, b))
        self._metres = metres
        self._scale = metres / reached[-1]
        home = raw[0]
        self._way = [((x - home[0]) * self._scale, (y - home[1]) * self._scale) for x, y in raw]
        self._reached = [length * self._scale for length in reached]
        self._heights = [self._height(length / reached[-1] * math.tau) for length in reached]
        self._index = 0

    def place(self, d: float) -> tuple[float, float, float]:
        """Return metres east, north and above the sea after `d` metres; `d` only ever grows."""
        d = min(d, self._metres - 0.001)
        while self._reached[self._index + 1] <= d:
            self._index += 1
        i = self._index
        share = (d - self._reached[i]) / (self._reached[i + 1] - self._reached[i])
        (ax, ay), (bx, by) = self._way[i], self._way[i + 1]
        low, high = self._heights[i], self._heights[i + 1]
        return ax + share * (bx - ax), ay + share * (by - ay), low + share * (high - low)

    def _height(self, turn: float) -> float:
        return 452 + sum(h * (1 - math.cos(n * turn + p)) for n, h, p in self._hills)

    def _raw(self, turn: float) -> tuple[float, float]:
        radius = 1 + sum(size * math.sin(n * turn + phase) for n, size, phase in self._bends)
        x, y = radius * math.cos(turn), self._squeeze * radius * math.sin(turn)
        cos, sin = math.cos(self._turn), math.sin(self._turn)
        return x * cos - y * sin, x * sin + y * cos
