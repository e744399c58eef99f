"""longrun.activities: the log and what it makes of a recording."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import longrun_files as files
import pytest
from longrun.errors import BadFile, Duplicate, Invalid, NoSuchRunner, NotYours
from longrun.model import ActivityChanges, ProfileChanges, Runner, Source, Sport

import longrun
from longrun import accounts, activities


def test_what_was_added_can_be_read_back(ann: Runner) -> None:
    added = activities.add(ann.id, files.recording(title="Lake"))

    assert activities.get(ann.id, added.id) == added
    assert (added.title, added.source, added.sport) == ("Lake", Source.GPX, Sport.RUN)
    assert added.started_at == files.STARTED_AT
    assert added.distance_m == pytest.approx(5000)
    assert added.moving_s == added.elapsed_s == pytest.approx(1500)


def test_a_title_given_by_hand_wins(ann: Runner) -> None:
    assert activities.add(ann.id, files.recording(title="Lake"), title="Mine").title == "Mine"


@pytest.mark.parametrize(
    ("hour", "title"),
    [(3, "Night run"), (7, "Morning run"), (12, "Lunch run"), (17, "Afternoon run"),
     (20, "Evening run"), (23, "Night run")],
)  # fmt: skip
def test_a_run_without_a_title_is_named_for_the_hour_where_the_runner_lives(
    bob: Runner, hour: int, title: str
) -> None:
    # New York is five hours behind on this day.
    started_at = datetime(2026, 3, 1, hour, 30, tzinfo=UTC) + timedelta(hours=5)

    assert activities.add(bob.id, files.recording(started_at=started_at)).title == title


def test_a_recording_is_kept_once(ann: Runner) -> None:
    first = activities.add(ann.id, files.recording())

    with pytest.raises(Duplicate, match="in the log already") as caught:
        activities.add(ann.id, files.recording())

    assert caught.value.activity_id == first.id
    assert len(activities.latest(ann.id)) == 1


def test_another_file_of_the_same_run_is_a_duplicate(ann: Runner) -> None:
    run = files.recording()
    first = activities.add(ann.id, run)
    rewritten = replace(run, source=Source.FIT, title="Other", points=run.points[::2])
    assert rewritten.points[-1] == run.points[-1]

    with pytest.raises(Duplicate) as caught:
        activities.add(ann.id, rewritten)

    assert caught.value.activity_id == first.id


def test_two_runners_may_have_run_together(ann: Runner, bob: Runner) -> None:
    assert activities.add(ann.id, files.recording()).runner_id == ann.id
    assert activities.add(bob.id, files.recording()).runner_id == bob.id


def test_of_many_uploads_of_one_run_at_once_one_is_added(ann: Runner) -> None:
    def attempt(_: int) -> str:
        try:
            return f"added {activities.add(ann.id, files.recording()).id}"
        except Duplicate as error:
            return f"duplicate of {error.activity_id}"

    with ThreadPoolExecutor(6) as pool:
        outcomes = sorted(pool.map(attempt, range(6)))

    number = activities.latest(ann.id)[0].id
    assert outcomes == [f"added {number}", *[f"duplicate of {number}"] * 5]


def test_nobody_has_no_log() -> None:
    with pytest.raises(NoSuchRunner):
        activities.add(4711, files.recording())


def test_one_point_is_no_activity(ann: Runner) -> None:
    run = files.recording()

    with pytest.raises(BadFile, match="fewer than two points"):
        activities.add(ann.id, replace(run, points=run.points[:1]))


def test_the_latest_come_first(ann: Runner) -> None:
    days = [3, 1, 5, 2]
    for day in days:
        activities.add(ann.id, files.recording(1000, started_at=_on(day), title=f"day {day}"))

    assert [a.title for a in activities.latest(ann.id, 3)] == ["day 5", "day 3", "day 2"]


def test_the_log_of_another_runner_is_empty(ann: Runner, bob: Runner) -> None:
    activities.add(ann.id, files.recording())

    assert activities.latest(bob.id) == []
    assert activities.bests(bob.id) == []
    assert activities.in_period(bob.id, date(2026, 1, 1), date(2027, 1, 1)) == []


@pytest.mark.parametrize("number", [0, 4711], ids=["the other's", "nobody's"])
def test_what_is_not_yours_is_answered_as_if_it_did_not_exist(
    ann: Runner, bob: Runner, number: int
) -> None:
    number = number or activities.add(ann.id, files.recording()).id
    changes = ActivityChanges("Stolen", "", Sport.RUN)

    for attempt in (
        lambda: activities.get(bob.id, number),
        lambda: activities.track(bob.id, number),
        lambda: activities.splits(bob.id, number),
        lambda: activities.edit(bob.id, number, changes),
        lambda: activities.delete(bob.id, number),
    ):
        with pytest.raises(NotYours) as caught:
            attempt()
        assert caught.value.activity_id == number
    assert activities.tracks(bob.id, [number]) == {}


def test_a_month_begins_at_midnight_where_the_runner_lives(bob: Runner) -> None:
    # 03:00 UTC on the first of March is the evening of the last of February in New York.
    activities.add(bob.id, files.recording(started_at=datetime(2026, 3, 1, 3, tzinfo=UTC)))

    assert len(activities.in_period(bob.id, date(2026, 2, 1), date(2026, 3, 1))) == 1
    assert activities.in_period(bob.id, date(2026, 3, 1), date(2026, 4, 1)) == []
    assert activities.bests(bob.id)[0].on == date(2026, 2, 28)


def test_moving_house_moves_the_days(bob: Runner) -> None:
    activities.add(bob.id, files.recording(started_at=datetime(2026, 3, 1, 3, tzinfo=UTC)))

    accounts.update_profile(bob.id, ProfileChanges("Bob", "Europe/Paris", "km", None))

    assert len(activities.in_period(bob.id, date(2026, 3, 1), date(2026, 4, 1))) == 1


def test_a_summary_adds_up_runs_by_week(ann: Runner) -> None:
    for day, metres in ((1, 5000), (2, 3000), (8, 4000), (9, 2000)):
        activities.add(ann.id, files.recording(metres, started_at=_on(day)))
    walk = files.recording(9000, 700, sport=Sport.WALK, started_at=_on(10))
    activities.add(ann.id, walk)

    period = activities.summary(ann.id, date(2026, 3, 1), date(2026, 4, 1))

    assert period.count == 4
    assert period.distance_m == pytest.approx(14_000, abs=100)
    # The first of March 2026 is a Sunday: its week begins in February.
    assert [(week.start, week.count) for week in period.by_week][:3] == [
        (date(2026, 2, 23), 1),
        (date(2026, 3, 2), 2),
        (date(2026, 3, 9), 1),
    ]
    assert sum(week.distance_m for week in period.by_week) == pytest.approx(period.distance_m)


def test_an_empty_summary_is_all_zero(ann: Runner) -> None:
    period = activities.summary(ann.id, date(2026, 3, 2), date(2026, 3, 9))

    assert (period.count, period.distance_m, period.moving_s, period.climb_m) == (0, 0, 0, 0)
    assert len(period.by_week) == 1


def test_a_track_comes_back_as_it_was_put_in(ann: Runner) -> None:
    run = files.with_pause(files.recording(2000, ele=lambda d: 100 + d / 50), 20, 60, gap=True)
    points = [replace(p, cad=172 if i % 2 else None) for i, p in enumerate(run.points)]
    number = activities.add(ann.id, replace(run, points=points)).id

    found = activities.track(ann.id, number, 10_000)

    assert len(found) == len(points)
    for before, after in zip(points, found, strict=True):
        assert (after.t, after.hr, after.cad, after.gap) == (
            before.t,
            before.hr,
            before.cad,
            before.gap,
        )
        assert after.d == pytest.approx(before.d, abs=0.01)
        assert after.lat == pytest.approx(before.lat, abs=1e-7)
        assert after.ele == pytest.approx(before.ele, abs=0.01)


@pytest.mark.parametrize("most", [2, 3, 50, 299])
def test_a_thin_track_keeps_both_ends_and_the_gap(ann: Runner, most: int) -> None:
    run = files.with_pause(files.recording(), 101, 60, gap=True)
    number = activities.add(ann.id, run).id

    found = activities.track(ann.id, number, most)

    assert len(found) == most
    assert (found[0].t, found[-1].t) == (run.points[0].t, run.points[-1].t)
    assert sum(point.gap for point in found) == 1


def test_several_tracks_come_in_one_call(ann: Runner, bob: Runner) -> None:
    mine = [activities.add(ann.id, files.recording(1000, started_at=_on(d))).id for d in (1, 2)]
    other = activities.add(bob.id, files.recording(1000)).id

    found = activities.tracks(ann.id, [*mine, other, 4711], 10)

    assert sorted(found) == sorted(mine)
    assert all(len(points) == 10 for points in found.values())


def test_a_recording_without_positions_is_an_activity_too(ann: Runner) -> None:
    number = activities.add(ann.id, files.recording(placed=False)).id

    assert activities.get(ann.id, number).distance_m == pytest.approx(5000)
    assert activities.track(ann.id, number)[0].lat is None


def test_splits_are_whole_kilometres_and_the_rest(ann: Runner) -> None:
    number = activities.add(ann.id, files.recording(3400, 300)).id

    found = activities.splits(ann.id, number)

    assert [split.km for split in found] == [1, 2, 3, 4]
    assert [split.distance_m for split in found] == pytest.approx([1000, 1000, 1000, 400], abs=17)
    assert [split.seconds for split in found] == pytest.approx([300, 300, 300, 120], abs=5)
    assert {split.avg_hr for split in found} == {150}


def test_the_seconds_of_the_splits_add_up_to_the_moving_time(ann: Runner) -> None:
    run = files.with_pause(files.recording(4321, 287), 77, 180, gap=False)
    activity = activities.add(ann.id, run)

    found = activities.splits(ann.id, activity.id)

    assert sum(split.seconds for split in found) == pytest.approx(activity.moving_s, abs=0.1)


def test_one_step_over_several_kilometres_fills_each_split(ann: Runner) -> None:
    run = files.recording(5000, 300)
    activity = activities.add(ann.id, replace(run, points=(run.points[0], run.points[-1])))

    found = activities.splits(ann.id, activity.id)

    assert [split.seconds for split in found] == pytest.approx([300] * 5, abs=0.5)


@pytest.mark.parametrize("gap", [True, False], ids=["watch stopped", "watch running"])
def test_a_pause_counts_as_elapsed_not_as_moving(ann: Runner, gap: bool) -> None:
    run = files.with_pause(files.recording(), 100, 600, gap=gap)

    activity = activities.add(ann.id, run)

    assert activity.elapsed_s == pytest.approx(2100)
    assert activity.moving_s == pytest.approx(1495, abs=6)


def test_climb_ignores_the_noise_of_a_barometer(ann: Runner) -> None:
    noisy = files.recording(ele=lambda d: 100 + (0.9 if int(d) % 2 else -0.9))

    assert activities.add(ann.id, noisy).climb_m == 0


def test_climb_counts_a_hill_once(ann: Runner) -> None:
    def hill(d: float) -> float:
        return 100 + (d / 50 if d < 2500 else (5000 - d) / 50) + (0.7 if int(d) % 2 else 0)

    assert activities.add(ann.id, files.recording(ele=hill)).climb_m == pytest.approx(50, abs=2)


def test_climb_adds_up_two_hills(ann: Runner) -> None:
    def hills(d: float) -> float:
        return 100 + abs((d % 2500) - 1250) / 50

    found = activities.add(ann.id, files.recording(ele=hills)).climb_m

    assert found == pytest.approx(50, abs=2)


def test_best_efforts_are_found_inside_a_run(ann: Runner) -> None:
    slow = files.recording(3000, 360).points
    fast = files.recording(1000, 240).points
    joined = [*slow]
    joined += [
        replace(p, t=slow[-1].t + p.t, d=slow[-1].d + p.d, lat=None, lon=None) for p in fast[1:]
    ]
    activity = activities.add(ann.id, replace(files.recording(), points=joined))

    found = {best.distance_m: best for best in activities.bests(ann.id)}

    assert found[1000.0].seconds == pytest.approx(240, abs=5)
    assert found[1000.0].activity_id == activity.id
    assert 5000.0 not in found


def test_bests_are_the_fastest_of_all_runs_and_the_older_of_equals(ann: Runner) -> None:
    slow = activities.add(ann.id, files.recording(5100, 330, started_at=_on(1)))
    fast = activities.add(ann.id, files.recording(5100, 280, started_at=_on(2)))
    activities.add(ann.id, files.recording(5100, 280, started_at=_on(3)))

    assert {best.activity_id for best in activities.bests(ann.id)} == {fast.id}
    activities.delete(ann.id, fast.id)
    assert slow.id not in {best.activity_id for best in activities.bests(ann.id)}


def test_bests_can_be_asked_from_a_day_on(ann: Runner) -> None:
    activities.add(ann.id, files.recording(2000, 240, started_at=_on(1)))
    late = activities.add(ann.id, files.recording(2000, 300, started_at=_on(9)))

    assert activities.bests(ann.id, date(2026, 3, 9))[0].activity_id == late.id
    assert activities.bests(ann.id, date(2026, 3, 10)) == []


def test_a_drive_home_earns_no_best_effort(ann: Runner) -> None:
    activities.add(ann.id, files.recording(20_000, 47))

    assert activities.bests(ann.id) == []


def test_only_a_run_earns_best_efforts_and_a_correction_is_heard(ann: Runner) -> None:
    number = activities.add(ann.id, files.recording(sport=Sport.RIDE)).id
    assert activities.bests(ann.id) == []

    activities.edit(ann.id, number, ActivityChanges("A run", "", Sport.RUN))
    assert [best.distance_m for best in activities.bests(ann.id)][:1] == [1000.0]

    activities.edit(ann.id, number, ActivityChanges("A ride", "", Sport.RIDE))
    assert activities.bests(ann.id) == []


def test_title_and_notes_can_be_changed(ann: Runner) -> None:
    number = activities.add(ann.id, files.recording()).id

    changed = activities.edit(
        ann.id, number, ActivityChanges("  New   title ", "Wind.\n", Sport.RUN)
    )

    assert (changed.title, changed.notes) == ("New title", "Wind.")
    assert activities.get(ann.id, number) == changed


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        (ActivityChanges(" ", "", Sport.RUN), "title"),
        (ActivityChanges("x" * 121, "", Sport.RUN), "title"),
        (ActivityChanges("Run", "x" * 10_001, Sport.RUN), "notes"),
    ],
    ids=["no title", "long title", "long notes"],
)
def test_a_change_that_cannot_be_kept_changes_nothing(
    ann: Runner, changes: ActivityChanges, field: str
) -> None:
    added = activities.add(ann.id, files.recording())

    with pytest.raises(Invalid) as caught:
        activities.edit(ann.id, added.id, changes)

    assert caught.value.field == field
    assert activities.get(ann.id, added.id) == added


def test_what_is_deleted_is_gone_and_may_come_again(ann: Runner) -> None:
    first = activities.add(ann.id, files.recording()).id

    activities.delete(ann.id, first)

    with pytest.raises(NotYours):
        activities.get(ann.id, first)
    assert activities.tracks(ann.id, [first]) == {}
    assert activities.bests(ann.id) == []
    assert activities.splits(ann.id, activities.add(ann.id, files.recording()).id)


def test_an_addition_is_announced_once_and_a_duplicate_is_not(tmp_path: Path) -> None:
    # In a process of its own: whoever listens is in the process that sends.
    script = """
import longrun_files as files
from longrun import accounts, activities
from longrun.errors import Duplicate
from longrun.signals import activity_added

heard = []

def listen(sender, activity):
    heard.append((sender, activity))

activity_added.connect(listen)
runner = accounts.register("signal@example.com", "correct horse", "Ann", confirmed=True)
added = activities.add(runner.id, files.recording())
try:
    activities.add(runner.id, files.recording())
except Duplicate:
    print(heard == [("longrun.activities", added)])
"""
    paths = [str(Path(longrun.__file__).parents[1]), str(Path(__file__).parent)]
    env = {
        "LONGRUN_DATABASE": f"sqlite:///{tmp_path}/own.db",
        "PYTHONPATH": os.pathsep.join(paths),
        "PATH": os.environ["PATH"],
    }

    done = subprocess.run(
        [sys.executable, "-c", script], env=env, capture_output=True, text=True, check=False
    )

    assert (done.stdout, done.stderr) == ("True\n", "")


def _on(day: int) -> datetime:
    return datetime(2026, 3, day, 7, tzinfo=UTC)
