"""longrun.training: races, plans and their rules, what is ticked, the calendar."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import longrun_files as files
import pytest
from icalendar import Calendar
from longrun.errors import Invalid, NoSuchRace, PlanTooShort
from longrun.model import (
    Activity,
    ActivityChanges,
    Goal,
    Plan,
    ProfileChanges,
    Race,
    Runner,
    Sport,
    Workout,
    WorkoutKind,
)
from longrun.signals import account_deleted, plan_changed, race_added
from test_plans import DAY, GOAL, HALF, MARATHON, weeks_of

from longrun import accounts, activities, training

EVERY_DAY = Goal(None, frozenset(range(7)), 8)


def today(runner: Runner) -> date:
    return datetime.now(ZoneInfo(runner.tz)).date()


def run_on(runner: Runner, day: date, metres: float, sport: Sport = Sport.RUN) -> Activity:
    """Put a run at noon where the runner lives into the log."""
    noon = datetime(day.year, day.month, day.day, 12, tzinfo=ZoneInfo(runner.tz))
    rec = files.recording(metres, started_at=noon.astimezone(UTC), sport=sport, placed=False)
    return activities.add(runner.id, rec)


def easy_race(runner: Runner, weeks: int = 12, metres: float = 5000) -> Race:
    return training.add_race(runner.id, "City run", today(runner) + timedelta(weeks=weeks), metres)


def test_a_race_is_seen_by_everybody_and_announced(ann: Runner, bob: Runner) -> None:
    heard: list[Race] = []

    def hear(_sender: str, race: Race) -> None:
        heard.append(race)

    with race_added.connected_to(hear):
        added = training.add_race(
            ann.id, " City  run ", today(ann) + 30 * DAY, 10_000, "Lyon", "https://example.com/"
        )

    assert training.races(today(bob)) == [added] == heard
    assert training.race(added.id) == added
    assert (added.name, added.location, added.added_by) == ("City run", "Lyon", ann.id)
    assert training.races(added.on + DAY) == []
    with pytest.raises(NoSuchRace, match="there is no race 99"):
        training.race(99)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": " "}, "name"),
        ({"name": "x" * 121}, "name"),
        ({"days": -1}, "on"),
        ({"days": 1000}, "on"),
        ({"distance_m": 0}, "distance_m"),
        ({"distance_m": float("nan")}, "distance_m"),
        ({"distance_m": 10**400}, "distance_m"),
        ({"location": "x" * 121}, "location"),
        ({"url": "javascript:alert(1)"}, "url"),
        ({"url": "https://example.com/" + "x" * 500}, "url"),
    ],
)
def test_a_race_that_cannot_be_kept_names_the_field(
    ann: Runner, changes: dict[str, object], field: str
) -> None:
    fields = {"name": "City run", "days": 30, "distance_m": 5000} | changes
    on = today(ann) + int(str(fields.pop("days"))) * DAY

    with pytest.raises(Invalid) as raised:
        training.add_race(ann.id, on=on, **fields)  # type: ignore[arg-type]

    assert raised.value.field == field
    assert training.races(date(2000, 1, 1)) == []


def test_a_race_that_is_up_already_is_not_put_up_twice(ann: Runner, bob: Runner) -> None:
    up = easy_race(ann)

    with pytest.raises(Invalid, match="this race is up already"):
        training.add_race(bob.id, " city RUN", up.on, up.distance_m, "Lyon")

    assert training.races(today(ann)) == [up]


def test_who_put_up_a_race_may_take_it_away_while_nobody_else_trains_for_it(
    ann: Runner, bob: Runner
) -> None:
    race = easy_race(ann)
    training.enter(ann.id, race.id, EVERY_DAY)
    training.enter(bob.id, race.id, EVERY_DAY)

    with pytest.raises(Invalid, match="somebody else put up this race"):
        training.withdraw(bob.id, race.id)
    with pytest.raises(Invalid, match="others train for this race"):
        training.withdraw(ann.id, race.id)
    assert training.plan(ann.id, race.id)
    training.leave(bob.id, race.id)
    training.withdraw(ann.id, race.id)

    assert training.races(today(ann)) == []
    assert training.schedule(ann.id, date.min, date.max) == []


def test_entering_makes_a_plan_and_announces_it(ann: Runner) -> None:
    heard: list[tuple[int, Plan]] = []

    def hear(_sender: str, runner_id: int, plan: Plan) -> None:
        heard.append((runner_id, plan))

    with plan_changed.connected_to(hear):
        race = easy_race(ann)
        made = training.enter(ann.id, race.id, GOAL)
        training.leave(ann.id, race.id)

    assert heard == [(ann.id, made), (ann.id, Plan(race, GOAL, ()))]
    assert (made.race, made.goal) == (race, GOAL)
    assert made.workouts[-1].on == race.on
    assert training.plan(ann.id, race.id) is None
    assert (
        training.schedule(ann.id, date.min, date.max) == training.entered(ann.id, date.min) == []
    )


def test_a_plan_is_its_runners_alone(ann: Runner, bob: Runner) -> None:
    race = easy_race(ann)
    training.enter(ann.id, race.id, GOAL)

    assert training.plan(bob.id, race.id) is None
    assert training.entered(bob.id, today(bob)) == []
    training.leave(bob.id, race.id)
    assert training.entered(ann.id, today(ann)) == [race]


def test_a_plan_begins_with_what_was_run_lately(ann: Runner) -> None:
    for number in range(1, 13):
        run_on(ann, today(ann) - 2 * number * DAY, 10_000)

    made = training.enter(ann.id, easy_race(ann, metres=HALF).id, EVERY_DAY)

    second = next(w for w in weeks_of(list(made.workouts)) if len({r.on for r in w}) > 3)
    assert 30_000 * 0.7 < sum(run.distance_m for run in second) <= 30_000 * 1.22
    # 5:00 /km for 10 km is about VDOT 40, whose easy pace is 6:00.
    assert made.workouts[0].pace_s_per_km[0] == pytest.approx(367, abs=8)


@pytest.fixture
def follow(ann: Runner, monkeypatch: pytest.MonkeyPatch) -> Callable[[], list[Workout]]:
    """Enter Ann for a race; return a function that tells her plan."""
    race = easy_race(ann)
    training.enter(ann.id, race.id, EVERY_DAY)
    return lambda: training.schedule(ann.id, date.min, date.max)


def test_a_run_ticks_the_workout_of_its_day_once(ann: Runner, follow: Callable) -> None:
    planned = follow()[1]

    run = run_on(ann, planned.on, planned.distance_m)
    again = run_on(ann, planned.on, planned.distance_m + 500)

    done = [w for w in follow() if w.done_by]
    assert done == [replace(planned, done_by=run.id)]
    assert training.match(ann.id, run) == done[0]
    assert training.match(ann.id, again) is None


def test_a_run_taken_out_of_the_log_unticks_its_workout(ann: Runner, follow: Callable) -> None:
    planned = follow()[1]
    run = run_on(ann, planned.on, planned.distance_m)

    activities.delete(ann.id, run.id)

    assert [w for w in follow() if w.done_by] == []


def test_a_run_that_was_a_ride_is_no_planned_run_until_it_is_one_again(
    ann: Runner, follow: Callable
) -> None:
    planned = follow()[1]
    run = run_on(ann, planned.on, planned.distance_m)

    activities.edit(ann.id, run.id, ActivityChanges("Out", "", Sport.RIDE))
    as_ride = [w for w in follow() if w.done_by]
    activities.edit(ann.id, run.id, ActivityChanges("Out", "", Sport.RUN))

    assert as_ride == []
    assert [w for w in follow() if w.done_by] == [replace(planned, done_by=run.id)]


@pytest.mark.parametrize(
    ("share", "sport", "late", "ticks"),
    [
        (1, Sport.RUN, 0, True),
        (0.7, Sport.RUN, 0, True),
        (0.4, Sport.RUN, 0, False),
        (1, Sport.RIDE, 0, False),
        (1, Sport.RUN, 1, True),
        (1, Sport.RUN, -1, False),
    ],
)
def test_what_counts_as_the_planned_run(
    ann: Runner, follow: Callable, share: float, sport: Sport, late: int, *, ticks: bool
) -> None:
    days = {w.on for w in follow()}
    alone = (w for w in follow()[1:] if days.isdisjoint({w.on + d * DAY for d in (-2, -1, 1)}))
    planned = next(alone)

    run_on(ann, planned.on + late * DAY, planned.distance_m * share, sport)

    assert [w.on for w in follow() if w.done_by] == ([planned.on] if ticks else [])


def test_a_race_is_not_run_the_day_after(ann: Runner, follow: Callable) -> None:
    race_day = follow()[-1]

    run_on(ann, race_day.on + DAY, 5000)
    assert follow()[-1].done_by is None

    run = run_on(ann, race_day.on, 5000)
    assert follow()[-1].done_by == run.id


def test_the_day_of_a_run_is_the_runners(bob: Runner) -> None:
    race = easy_race(bob)
    planned = training.enter(bob.id, race.id, EVERY_DAY).workouts[1]
    # Eleven in the evening in New York is the next day in UTC.
    late = datetime(planned.on.year, planned.on.month, planned.on.day, 23, tzinfo=ZoneInfo(bob.tz))

    run = activities.add(
        bob.id, files.recording(planned.distance_m, started_at=late.astimezone(UTC))
    )

    assert run.started_at.date() == planned.on + DAY
    done = [w.on for w in training.schedule(bob.id, date.min, date.max) if w.done_by]
    assert done == [planned.on]


def test_a_plan_made_anew_keeps_what_is_done(ann: Runner, follow: Callable) -> None:
    planned = follow()[1]
    run = run_on(ann, planned.on, planned.distance_m)
    (race,) = training.entered(ann.id, today(ann))
    goal = Goal(1500, frozenset({0, 2, 4}), 6)

    made = training.enter(ann.id, race.id, goal)

    assert [w for w in made.workouts if w.done_by] == [replace(planned, done_by=run.id)]
    assert len({w.on for w in made.workouts}) == len(made.workouts)
    left = [w for w in made.workouts[:-1] if not w.done_by]
    assert {w.on.weekday() for w in left} == {0, 2, 4}
    assert made.goal == goal
    assert training.entered(ann.id, today(ann)) == [race]


def test_what_was_run_today_before_entering_counts(ann: Runner) -> None:
    run = run_on(ann, today(ann), 8000)
    days = frozenset((today(ann).weekday() + number) % 7 for number in (0, 2, 4))

    made = training.enter(ann.id, easy_race(ann).id, replace(GOAL, days=days))

    assert (made.workouts[0].on, made.workouts[0].done_by) == (today(ann), run.id)


def test_on_race_day_a_race_that_is_run_leaves_nothing_to_plan(ann: Runner) -> None:
    race = easy_race(ann, 0)
    for number in range(2, 27, 3):
        run_on(ann, today(ann) - number * DAY, 8000)
    run = run_on(ann, today(ann), 5000)

    for _ in range(2):
        (only,) = training.enter(ann.id, race.id, GOAL).workouts
        assert (only.kind, only.done_by) == (WorkoutKind.RACE, run.id)


def test_of_two_races_the_first_ahead_has_the_day(ann: Runner) -> None:
    far = training.enter(ann.id, easy_race(ann, 20, 10_000).id, EVERY_DAY)
    run = run_on(ann, far.workouts[0].on, far.workouts[0].distance_m)
    near = training.enter(ann.id, easy_race(ann, 9).id, GOAL)

    shown = training.schedule(ann.id, date.min, date.max)

    assert {w.race_id for w in shown if w.on <= near.race.on and not w.done_by} == {near.race.id}
    assert {w.race_id for w in shown if w.on > near.race.on} == {far.race.id}
    assert len({w.on for w in shown}) == len(shown)
    assert training.plan(ann.id, far.race.id) == replace(
        far, workouts=(replace(far.workouts[0], done_by=run.id), *far.workouts[1:])
    )
    training.leave(ann.id, near.race.id)
    assert {w.race_id for w in training.schedule(ann.id, date.min, date.max)} == {far.race.id}


def test_one_cannot_run_two_races_on_one_day(ann: Runner) -> None:
    first, second = easy_race(ann), easy_race(ann, metres=10_000)
    training.enter(ann.id, first.id, GOAL)

    with pytest.raises(Invalid, match="another race on this day"):
        training.enter(ann.id, second.id, GOAL)
    with pytest.raises(NoSuchRace, match="no race 99"):
        training.enter(ann.id, 99, GOAL)


def test_a_race_is_over_when_its_day_is_where_the_runner_lives() -> None:
    # 25 hours apart: the day of the one is never that of the other.
    west = accounts.register("w@example.com", "correct horse", "W", "Pacific/Niue")
    east = accounts.register("e@example.com", "correct horse", "E", "Pacific/Kiritimati")
    race = training.add_race(west.id, "Island run", today(west), 5000)

    with pytest.raises(Invalid, match="this race is over") as raised:
        training.enter(east.id, race.id, GOAL)
    with pytest.raises(Invalid, match="this day is over"):
        training.add_race(east.id, "Island run", today(west), 5000)

    assert raised.value.field == "race"


def test_nothing_is_kept_of_a_plan_that_cannot_be_made(ann: Runner) -> None:
    race = easy_race(ann, 2, MARATHON)

    with pytest.raises(PlanTooShort, match=r"it takes \d\d weeks"):
        training.enter(ann.id, race.id, EVERY_DAY)

    assert training.plan(ann.id, race.id) is None


def test_an_account_takes_its_plans_along_and_leaves_its_races(ann: Runner, bob: Runner) -> None:
    race = easy_race(ann)
    for runner in (ann, bob):
        training.enter(runner.id, race.id, GOAL)
    key = training.calendar_key(ann.id)

    account_deleted.send("longrun.accounts", runner_id=ann.id)

    assert training.schedule(ann.id, date.min, date.max) == []
    assert training.plan(ann.id, race.id) is None
    assert training.plan(bob.id, race.id) is not None
    assert training.races(today(bob)) == [replace(race, added_by=None)]
    assert training.calendar_key(ann.id) != key


def test_a_calendar_program_reads_the_plan(ann: Runner, follow: Callable) -> None:
    planned = follow()
    run_on(ann, planned[1].on, planned[1].distance_m)
    accounts.update_profile(ann.id, ProfileChanges("Ann", ann.tz, "mi", None))

    text = training.ics(ann.id)

    lines = text.encode().split(b"\r\n")
    assert b"\n" not in b"".join(lines)
    assert max(map(len, lines)) <= 75
    calendar = Calendar.from_ical(text)
    events = calendar.walk("VEVENT")
    assert [event.decoded("DTSTART") for event in events] == [w.on for w in planned]
    assert len({event["UID"] for event in events}) == len(planned)
    assert [str(e["SUMMARY"]).startswith("\N{CHECK MARK}") for e in events].count(True) == 1
    assert str(events[0]["SUMMARY"]).endswith(" mi")
    assert str(events[0]["DESCRIPTION"]).startswith(planned[0].text)
    assert str(calendar["METHOD"]) == "PUBLISH"
    assert all(event.decoded("DTSTAMP").tzinfo is not None for event in events)
