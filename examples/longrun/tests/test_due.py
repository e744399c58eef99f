"""longrun.jobs: mails that are due at an hour where the runner lives."""

import email
import email.policy
import io
from dataclasses import replace
from datetime import UTC, datetime, time as clock, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import longrun_files as files
import pytest
from longrun.model import Goal, MailPreferences, Runner
from pypdf import PdfReader

from longrun import activities, jobs, notify, reports, training


@pytest.fixture
def march(ann: Runner, bob: Runner) -> list[Runner]:
    """Two who ran in March: in Paris, and in New York."""
    for runner in (ann, bob):
        activities.add(runner.id, files.recording(title="Lake"))
    return [ann, bob]


def report_to(tmp_path: Path) -> list[str]:
    """Return to whom reports went, whose document is in order."""
    found = []
    for path in (tmp_path / "instance" / "mail").glob("*.eml"):
        mail = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
        (file,) = mail.iter_attachments()
        assert file.get_filename() == "longrun-2026-03.pdf"
        text = PdfReader(io.BytesIO(file.get_content())).pages[0].extract_text()
        assert "March 2026" in text
        assert mail["Subject"] == "Your March 2026"
        found.append(mail["To"])
    return sorted(found)


def test_a_report_comes_on_the_first_at_six_where_the_runner_lives(
    march: list[Runner], tmp_path: Path
) -> None:
    def at(hour: int, minute: int = 0, day: int = 1) -> bool:
        return jobs.monthly_reports(datetime(2026, 4, day, hour, minute, tzinfo=UTC))

    assert (at(3, 59), report_to(tmp_path)) == (False, [])
    assert (at(4), at(4), report_to(tmp_path)) == (True, False, ["ann@example.com"])
    assert (at(9, 59), at(23)) == (False, True)
    assert report_to(tmp_path) == ["ann@example.com", "bob@example.com"]
    assert (at(23), at(3, 59, 2), at(12, 0, 2)) == (False, False, False)


def test_no_report_comes_to_who_wants_none(march: list[Runner], tmp_path: Path) -> None:
    for runner in march:
        notify.set_preferences(runner.id, MailPreferences(monthly_report=False))

    assert not jobs.monthly_reports(datetime(2026, 4, 1, 20, tzinfo=UTC))


def test_tomorrow_is_told_of_in_the_evening_where_the_runner_lives(
    ann: Runner, bob: Runner, tmp_path: Path
) -> None:
    today = datetime.now(UTC).date()
    for weeks in range(1, 5):
        for day in range(3):
            began = datetime.combine(today, clock(8), UTC) - timedelta(weeks=weeks, days=-day)
            activities.add(ann.id, replace(files.recording(), started_at=began))
    race = training.add_race(bob.id, "Lake run", today + timedelta(weeks=12), 10_000)
    plan = training.enter(ann.id, race.id, Goal(None, frozenset(range(7)), 8))
    first = plan.workouts[1]
    evening = datetime.combine(first.on - timedelta(days=1), clock(18), ZoneInfo(ann.tz))

    assert not jobs.remind_workouts(evening - timedelta(minutes=1))
    assert (jobs.remind_workouts(evening), jobs.remind_workouts(evening)) == (True, False)

    (path,) = (tmp_path / "instance" / "mail").glob("*.eml")
    mail = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
    assert (mail["To"], mail["Subject"]) == (ann.email, "Tomorrow's run")
    assert first.text in mail.get_content()


def test_what_is_wrong_with_one_report_holds_up_nobody_else_s(
    march: list[Runner], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    draw = reports.monthly_pdf

    def fail(runner: Runner, *rest: object, **more: object) -> object:
        if runner.id == march[0].id:
            raise ValueError("this month cannot be drawn")
        return draw(runner, *rest, **more)

    monkeypatch.setattr(reports, "monthly_pdf", fail)
    now = datetime(2026, 4, 1, 20, tzinfo=UTC)

    assert (jobs.monthly_reports(now), jobs.monthly_reports(now)) == (True, False)
    assert report_to(tmp_path) == ["bob@example.com"]
