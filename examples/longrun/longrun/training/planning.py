"""The rules of a plan. Pure.

A week is at most a tenth longer than the longest before it, every fourth is a quarter shorter, and
the last ones get shorter towards the race. The long run is at most a third of its week, at most a
fifth of a week is hard, on two days at most.
"""

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from itertools import combinations, count, pairwise
from math import ceil, inf
from typing import Final

from longrun.errors import Invalid, PlanTooShort
from longrun.model import Best, Goal, Period, Race, Workout, WorkoutKind
from longrun.training.daniels import paces, seconds_for, vdot

GROWTH: Final = 1.1
CUT_BACK: Final = 0.75
# Race distance up to this -> the last weeks as shares of the fullest one, race week last.
TAPERS: Final = ((15_000, (0.6,)), (30_000, (0.75, 0.5)), (inf, (0.8, 0.6, 0.4)))
MIN_DAYS: Final = 3
# The first week of somebody who never ran.
FIRST_WEEK_M: Final = 10_000.0
# VDOT of a beginner, and beyond what it comes from walks and from watches that err.
_BEGINNER, _LOWEST, _HIGHEST = 30.0, 20.0, 85.0
_LONGEST_S: Final = 2.5 * 3600
# A week has one run for each of these metres, and from so many on hard ones, each up to so many.
_RUN_M, _HARD_WEEK_M, _MOST_HARD_M = 7000, 18_000, 10_000
_TEXTS: Final = {
    WorkoutKind.EASY: "Slow enough to talk in whole sentences.",
    WorkoutKind.LONG: "Begin slowly, drink, and end as you began.",
    WorkoutKind.TEMPO: "Warm up, {minutes} minutes at this pace without a break, cool down.",
    WorkoutKind.INTERVALS: "Warm up, {reps} \N{MULTIPLICATION SIGN} {rep} m at this pace with two "
    "minutes of jogging after each, cool down.",
    WorkoutKind.RACE: "The day it was all for. Begin no faster than this.",
}
# Weekday, kind, metres, metres of it that are hard.
_Run = tuple[int, WorkoutKind, float, float]


def make_plan(
    today: date, race: Race, goal: Goal, recent: Period, best: Best | None
) -> list[Workout]:
    """Plan every run from today up to the race, which is on this day or later.

    Args:
        today: Where the runner lives.
        race: What to train for.
        goal: Its target is what the race's own day has; nobody is trained faster than they are.
        recent: What the runner ran lately; the plan goes on from there.
        best: What the paces are made of; without one they are a beginner's.

    Raises:
        PlanTooShort: It takes more weeks to get from there to the race.
        Invalid: A goal is impossible, or the days or hours are too few for such a race.
    """
    _check(goal, race)
    level = min(max(vdot(best), _LOWEST), _HIGHEST) if best else _BEGINNER
    pace, predicted = paces(level), seconds_for(level, race.distance_m)
    longest = _LONGEST_S / sum(pace.easy) * 2000
    volumes = _volumes(today, race, recent, *_needed_and_most(race, goal, longest))
    target = (goal.target_s or predicted) / race.distance_m * 1000
    tempo = min(max(target, pace.threshold), pace.marathon)
    at = {
        WorkoutKind.TEMPO: (tempo, tempo),
        WorkoutKind.INTERVALS: (pace.interval, pace.interval),
        WorkoutKind.RACE: (target, target),
    }
    found = []
    for number, volume in enumerate(volumes):
        monday = today + timedelta(weeks=number, days=-today.weekday())
        most_hard = 0 if number == len(volumes) - 1 else 1 + (volume >= max(volumes[: number + 1]))
        for run in _week(sorted(goal.days), volume, most_hard, longest):
            on = monday + timedelta(days=run[0])
            if today <= on < race.on:
                found.append(_workout(race, on, run, at.get(run[1], pace.easy)))
    run = (race.on.weekday(), WorkoutKind.RACE, race.distance_m, race.distance_m)
    return [*found, _workout(race, race.on, run, at[WorkoutKind.RACE])]


def _check(goal: Goal, race: Race) -> None:
    if len(goal.days) < MIN_DAYS or not goal.days <= set(range(7)):
        raise Invalid("days", f"a plan takes at least {MIN_DAYS} days a week")
    if not 0 < goal.max_hours <= 40:
        raise Invalid("max_hours", "a week of training has up to 40 hours")
    # From an hour's walk for 3 km to what nobody ever ran.
    if goal.target_s and not race.distance_m / 8 <= goal.target_s <= race.distance_m / 0.8:
        raise Invalid("target_s", "nobody runs this distance in such a time")


def _needed_and_most(race: Race, goal: Goal, longest: float) -> tuple[float, float]:
    """Return the metres that the fullest week must have, and may have."""
    # A third of that week is its long run: 5 km for a race of 5 km, 18 km for a marathon.
    needed = 3 * 5000 * (race.distance_m / 5000) ** 0.6
    hours = ceil(needed / longest * _LONGEST_S / 1800) / 2
    if hours > goal.max_hours:
        raise Invalid("max_hours", f"from where you are this race takes {hours:g} hours a week")
    if needed > len(goal.days) * longest:
        raise Invalid("days", f"this race takes {ceil(needed / longest)} days a week")
    return needed, min(goal.max_hours * 3600 / _LONGEST_S, len(goal.days)) * longest


def _volumes(
    today: date, race: Race, recent: Period, needed: float, most: float
) -> Sequence[float]:
    """Return the metres of each calendar week from this one to that of the race."""
    lately = recent.distance_m * 7 / max((recent.end - recent.start).days, 7)
    base = min(most, max(FIRST_WEEK_M, lately))
    peak = min(most, max(1.4 * needed, 1.15 * base))
    taper = next(shares for up_to, shares in TAPERS if race.distance_m <= up_to)
    weeks = (race.on - today + timedelta(days=today.weekday())).days // 7 + 1
    build = max(weeks - len(taper), 0)
    # With weeks to spare it grows more slowly, and is fullest when the taper begins.
    rate = min(GROWTH, (peak / base) ** (1 / max(_steps(build), 1)))
    full = [base * rate ** _steps(number + 1) for number in range(build)]
    fullest = full[-1] if full else base
    if fullest < needed * 0.999:
        enough = next(n for n in count(1) if base * GROWTH ** _steps(n) >= needed * 0.999)
        raise PlanTooShort(enough + len(taper))
    cut = [metres * (CUT_BACK if i % 4 == 3 else 1) for i, metres in enumerate(full)]
    return [*cut, *(fullest * share for share in taper[-weeks:])]


def _steps(weeks: int) -> int:
    """Count the weeks that are longer than the longest before them."""
    return sum(number % 4 != 3 for number in range(1, weeks))


def _week(days: Sequence[int], volume: float, most_hard: int, longest: float) -> Iterator[_Run]:
    """Yield the runs of one week: the last one before a race has neither long nor hard ones."""
    runs = min(max(int(volume / _RUN_M), MIN_DAYS), len(days))
    long_day = max(days, key=lambda day: (day >= 5, day))
    chosen = _spread(days, runs, long_day)
    hard = min(most_hard, 0 if volume < _HARD_WEEK_M else 1 if runs < 5 else 2)
    hard_days = [day for day in _spread(chosen, hard + 1, long_day) if day != long_day]
    long_m = min(volume * (1 / 3 if runs == MIN_DAYS else 0.3), longest) if most_hard else 0.0
    each = (volume - long_m) / (runs - 1) if most_hard else volume / runs
    hard_m = min(0.2 * volume / max(hard, 1), 0.6 * each, _MOST_HARD_M)
    for day in chosen:
        if day in hard_days:
            first_of_two = hard == 2 and day == hard_days[0]
            kind = WorkoutKind.INTERVALS if first_of_two else WorkoutKind.TEMPO
            yield day, kind, each, hard_m
        elif day == long_day and most_hard:
            yield day, WorkoutKind.LONG, long_m, 0.0
        else:
            yield day, WorkoutKind.EASY, each, 0.0


def _spread(days: Sequence[int], number: int, keep: int) -> tuple[int, ...]:
    """Choose so many of the days, `keep` among them, as far apart as they can be."""

    def rests(chosen: tuple[int, ...]) -> list[int]:
        return sorted((b - a) % 7 or 7 for a, b in pairwise([*chosen, chosen[0]]))

    return max((c for c in combinations(days, number) if keep in c), key=rests)


def _workout(race: Race, on: date, run: _Run, pace: tuple[float, float]) -> Workout:
    _, kind, metres, hard_m = run
    rep = 1000 if hard_m >= 3000 else 400
    reps, minutes = int(hard_m / rep), round(hard_m * pace[0] / 60_000)
    if kind is WorkoutKind.INTERVALS:
        hard_m = float(reps * rep)
    text = _TEXTS[kind].format(minutes=minutes, reps=reps, rep=rep)
    return Workout(race.id, on, kind, metres, hard_m, pace, text)
