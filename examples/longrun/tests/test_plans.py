"""longrun.training: predictions, paces, and plans of any aim. Nothing is kept here."""

from dataclasses import replace
from datetime import date, timedelta
from itertools import groupby

import pytest
from hypothesis import given, settings, strategies as st
from longrun.errors import Invalid, PlanTooShort
from longrun.model import (
    Best,
    Goal,
    Period,
    Race,
    Workout,
    WorkoutKind,
)

from longrun import training

HARD = {WorkoutKind.TEMPO, WorkoutKind.INTERVALS}

DAY = timedelta(days=1)
HALF, MARATHON = 21_097.5, 42_195.0
GOAL = Goal(None, frozenset({1, 3, 5, 6}), 8)


def lately(km_a_week: float, day: date) -> Period:
    return Period(day - 28 * DAY, day, 12, km_a_week * 4000, 1.0, 0.0, ())


def race_of(metres: float, on: date) -> Race:
    return Race(1, "Race", on, metres, "", "", 1)


# J. Daniels, "Daniels' Running Formula", the table of VDOT 52, 45 and 60.
@pytest.mark.parametrize(
    ("best", "metres", "seconds"),
    [
        (2399, HALF, 5311),
        (2399, MARATHON, 11_076),
        (2876, MARATHON, 13_223),
    ],
)
def test_predictions_are_those_of_the_published_table(
    best: int, metres: float, seconds: int
) -> None:
    found = training.predict(Best(10_000, best, 1, date(2026, 3, 1)), metres)

    assert found == pytest.approx(seconds, rel=0.003)


def test_a_prediction_for_the_same_distance_is_the_best_itself() -> None:
    best = Best(HALF, 6000, 1, date(2026, 3, 1))

    assert training.predict(best, HALF) == pytest.approx(6000, abs=0.01)


def test_paces_are_those_of_the_published_table() -> None:
    paces = training.paces(50)

    # Daniels for VDOT 50: 5:07, 4:31, 4:15, 3:55 a kilometre, and 87 s for 400 m.
    assert paces.easy[0] == pytest.approx(307, abs=1)
    assert paces.easy[0] < paces.easy[1]
    assert paces.marathon == pytest.approx(271, abs=1)
    assert paces.threshold == pytest.approx(255, abs=1)
    assert paces.interval == pytest.approx(235, abs=1)
    assert paces.repetition * 0.4 == pytest.approx(87, abs=0.5)


def test_the_strongest_best_is_of_a_telling_distance() -> None:
    day = date(2026, 3, 1)
    sprint, steady, slow = (
        Best(1000, 190, 1, day),
        Best(5000, 1300, 2, day),
        Best(HALF, 9000, 3, day),
    )

    assert training.strongest([sprint, steady, slow]) == steady
    assert training.strongest([sprint]) == sprint
    assert training.strongest([]) is None


@st.composite
def aims(draw: st.DrawFn) -> tuple[date, Race, Goal, Period, Best | None]:
    day = date(2026, 1, 1) + draw(st.integers(0, 400)) * DAY
    race = race_of(draw(st.floats(1000, 100_000)), day + draw(st.integers(0, 400)) * DAY)
    days = draw(st.frozensets(st.integers(0, 6), min_size=3))
    target = draw(st.none() | st.floats(race.distance_m / 7, race.distance_m))
    goal = Goal(target, days, draw(st.floats(1, 20)))
    metres = draw(st.sampled_from([1000.0, 5000.0, HALF]))
    best = Best(metres, metres * draw(st.floats(0.17, 0.7)), 1, day)
    return (
        day,
        race,
        goal,
        lately(draw(st.floats(0, 180)), day),
        draw(st.sampled_from([None, best])),
    )


def weeks_of(found: list[Workout]) -> list[list[Workout]]:
    trained = (run for run in found if run.kind is not WorkoutKind.RACE)
    return [list(runs) for _, runs in groupby(trained, key=lambda w: w.on.isocalendar()[:2])]


def seconds_of(run: Workout, easy: float) -> float:
    hard = run.hard_m * run.pace_s_per_km[0] if run.kind in HARD else 0.0
    return ((run.distance_m - run.hard_m) * easy + hard) / 1000


@settings(max_examples=300, deadline=None)
@given(aims())
def test_every_plan_obeys_the_rules(aim: tuple[date, Race, Goal, Period, Best | None]) -> None:
    day, race, goal, recent, best = aim
    try:
        found = training.make_plan(day, race, goal, recent, best)
    except Invalid as refused:
        fields = {refused.field}
        assert fields <= {"max_hours", "days"}
        return
    except PlanTooShort as early:
        weeks = early.weeks_needed
        assert weeks > (race.on - day).days / 7
        assert training.make_plan(day, replace(race, on=day + weeks * 7 * DAY), goal, recent, best)
        return

    race_day = found.pop()
    assert (race_day.on, race_day.kind, race_day.distance_m) == (race.on, "race", race.distance_m)
    assert all(day <= run.on < race.on and run.on.weekday() in goal.days for run in found)
    assert [run.on for run in found] == sorted({run.on for run in found})
    easy = next((sum(w.pace_s_per_km) / 2 for w in found if w.kind not in HARD), 0.0)
    longest = max(recent.distance_m / 4, 10_000)
    for number, week in enumerate(weeks_of(found)):
        total = sum(run.distance_m for run in week)
        # The week of today has less than the rest of its days.
        whole = number > 0 or day.weekday() == 0
        assert total <= longest * 1.1 * 1.000001
        longest = max(longest, total)
        assert sum(seconds_of(run, easy) for run in week) <= goal.max_hours * 3600 * 1.000001
        assert sum(run.kind in HARD for run in week) <= 2
        if whole:
            assert sum(run.hard_m for run in week) <= total * 0.2 * 1.000001
            assert all(
                run.distance_m <= total / 3 * 1.000001
                for run in week
                if run.kind is WorkoutKind.LONG
            )


@pytest.mark.parametrize(
    ("metres", "shares"), [(5000, [0.6]), (HALF, [0.75, 0.5]), (MARATHON, [0.8, 0.6, 0.4])]
)
def test_a_plan_cuts_back_every_fourth_week_and_tapers_by_distance(
    metres: float, shares: list[float]
) -> None:
    monday = date(2026, 3, 2)
    # Fifteen weeks with a race on a Sunday that is no day of training: every week is whole.
    race, goal = (
        race_of(metres, monday + timedelta(weeks=15) - DAY),
        replace(GOAL, days=frozenset({0, 2, 4, 5})),
    )

    found = training.make_plan(monday, race, goal, lately(60, monday), None)

    totals = [sum(run.distance_m for run in week) for week in weeks_of(found)]
    assert len(totals) == 15
    build, taper = totals[: -len(shares)], totals[-len(shares) :]
    for number, total in enumerate(build):
        if number % 4 == 3:
            assert total == pytest.approx(0.75 * build[number - 1])
        elif number:
            assert total >= max(build[:number])
    assert taper == pytest.approx([share * max(build) for share in shares])
    last = weeks_of(found)[-1]
    assert {run.kind for run in last} == {WorkoutKind.EASY}


def test_a_beginner_gets_short_easy_weeks_and_is_told_when_it_is_too_soon() -> None:
    day = date(2026, 3, 2)

    found = training.make_plan(
        day, race_of(5000, day + timedelta(weeks=9)), GOAL, lately(0, day), None
    )
    with pytest.raises(PlanTooShort, match="weeks to train for this race") as raised:
        training.make_plan(
            day, race_of(MARATHON, day + timedelta(weeks=9)), GOAL, lately(0, day), None
        )

    assert [len(week) for week in weeks_of(found)[:3]] == [3, 3, 3]
    assert all(run.kind not in HARD for run in found)
    assert max(run.distance_m for run in found) <= 6000
    assert 20 <= raised.value.weeks_needed <= 35


def test_an_elite_goes_on_from_where_they_are() -> None:
    day = date(2026, 3, 2)
    best = Best(10_000, 1680, 1, day)
    goal = Goal(7800, frozenset(range(7)), 15)

    found = training.make_plan(
        day, race_of(MARATHON, day + timedelta(weeks=12)), goal, lately(160, day), best
    )

    first = weeks_of(found)[0]
    assert sum(run.distance_m for run in first) == pytest.approx(160_000)
    assert [run.kind in HARD for run in first].count(True) == 2
    assert max(run.distance_m for run in found[:-1]) < 45_000
    assert found[-1].pace_s_per_km[0] == pytest.approx(7800 / 42.195)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"days": frozenset({1, 6})}, "days"),
        ({"days": frozenset({1, 6, 9})}, "days"),
        ({"max_hours": float("nan")}, "max_hours"),
        ({"max_hours": 1}, "max_hours"),
        ({"target_s": 300.0}, "target_s"),
    ],
)
def test_an_impossible_goal_names_the_field(changes: dict[str, object], field: str) -> None:
    day = date(2026, 3, 2)
    race = race_of(10_000, day + timedelta(weeks=20))

    with pytest.raises(Invalid) as raised:
        training.make_plan(day, race, replace(GOAL, **changes), lately(30, day), None)

    assert raised.value.field == field
