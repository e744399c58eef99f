"""longrun.activities: what training adds up to."""

import math
from dataclasses import replace
from datetime import date, timedelta

import longrun_files as files
import pytest
from longrun.errors import NotYours
from longrun.model import ProfileChanges, Runner, Sport

from longrun import accounts, activities

DAY = date(2026, 3, 1)


def days(runner: Runner, count: int, start: date = DAY) -> list:
    return activities.fitness(runner.id, start, start + timedelta(days=count))


def set_max_hr(runner: Runner, beats: int | None, rest_hr: int | None = None) -> None:
    changes = ProfileChanges(runner.name, runner.tz, "km", beats, rest_hr=rest_hr)
    accounts.update_profile(runner.id, changes)


@pytest.mark.parametrize(("rest_hr", "effort"), [(None, 90 / 130), (50, 100 / 140)])
def test_a_load_is_banisters_impulse_where_the_heart_was_recorded(
    ann: Runner, rest_hr: int | None, effort: float
) -> None:
    set_max_hr(ann, 190, rest_hr)
    run = activities.add(ann.id, files.recording(6000, hr=150))

    expected = run.moving_s / 60 * effort * 0.64 * math.exp(1.92 * effort)
    assert activities.load(ann.id, run.id) == pytest.approx(expected)


@pytest.mark.parametrize("max_hr", [None, 190])
def test_a_load_without_a_heart_rate_grows_with_pace_and_time(
    ann: Runner, max_hr: int | None
) -> None:
    set_max_hr(ann, max_hr)
    hour = timedelta(hours=5)
    easy, fast, long = (
        activities.add(
            ann.id, files.recording(m, p, started_at=files.STARTED_AT + i * hour, hr=None)
        )
        for i, (m, p) in enumerate([(5000, 400), (5000, 300), (9000, 400)])
    )

    loads = [activities.load(ann.id, run.id) for run in (easy, fast, long)]

    assert 10 < loads[0] < loads[1]
    assert loads[2] == pytest.approx(loads[0] * 1.8, rel=0.02)


def test_a_ride_counts_as_moderate_however_fast_it_was(ann: Runner) -> None:
    ride = activities.add(ann.id, files.recording(20_000, 120, sport=Sport.RIDE, hr=None))

    assert activities.load(ann.id, ride.id) == pytest.approx(
        40 * 0.5 * 0.64 * math.exp(0.96), 0.01
    )


def test_a_load_of_somebody_elses_run_is_nobodys(ann: Runner, bob: Runner) -> None:
    run = activities.add(ann.id, files.recording())

    with pytest.raises(NotYours):
        activities.load(bob.id, run.id)


def test_fitness_and_fatigue_are_means_of_six_weeks_and_one(ann: Runner) -> None:
    run = activities.add(ann.id, files.recording(8000))
    load = activities.load(ann.id, run.id)

    found = days(ann, 3)

    assert [day.day for day in found] == [DAY + timedelta(days=i) for i in range(3)]
    assert [day.load for day in found] == pytest.approx([load, 0, 0])
    assert found[0].ctl == pytest.approx(load / 42)
    assert found[0].atl == pytest.approx(load / 7)
    assert found[1].ctl == pytest.approx(load / 42 * 41 / 42)
    # Form is what yesterday left: a run makes itself felt on the next day.
    assert found[0].tsb == 0
    assert found[1].tsb == pytest.approx(found[0].ctl - found[0].atl)


def test_rest_brings_form_before_it_costs_fitness(ann: Runner) -> None:
    for i in range(28):
        started_at = files.STARTED_AT + timedelta(days=i)
        activities.add(ann.id, replace(files.recording(3000), started_at=started_at))

    found = days(ann, 60)

    assert found[27].tsb < -10
    assert found[42].tsb > 0
    assert found[42].ctl > found[27].ctl / 2


def test_a_day_of_training_is_the_runners(bob: Runner) -> None:
    # 03:00 UTC on the first is ten in the evening before in New York.
    activities.add(bob.id, files.recording(started_at=files.STARTED_AT.replace(hour=3)))

    assert [day.load > 0 for day in days(bob, 2, DAY - timedelta(days=1))] == [True, False]


def test_fitness_of_an_empty_log_is_nothing(ann: Runner) -> None:
    assert {(day.load, day.ctl, day.atl, day.tsb) for day in days(ann, 10)} == {(0, 0, 0, 0)}
