"""Mails that are due at a time of the day where the runner lives."""

from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from longrun import accounts, activities, notify, reports, training
from longrun.model import Attachment, Runner
from longrun.units import distance

REPORT_HOUR: Final = 6
REMIND_HOUR: Final = 18
_DAY: Final = timedelta(days=1)
_ROUTE_POINTS: Final = 300


def monthly_reports(now: datetime) -> bool:
    """Send the report of the month before to one runner where it is the 1st, after six.

    Nobody gets it twice, however often this is called; return False when nobody is left.
    """
    lately = activities.active_since(now - timedelta(days=40))
    for runner, there in _where(now, accounts.runners(lately)):
        key = f"month:{runner.id}:{there:%Y-%m}"
        due = there.day == 1 and there.hour >= REPORT_HOUR
        if due and notify.preferences(runner.id).monthly_report and not notify.knows(key):
            _send_month(runner, there, key)
            return True
    return False


def remind_workouts(now: datetime) -> bool:
    """Tell one runner in the evening what is planned for tomorrow; return False when all know."""
    for runner, there in _where(now, accounts.runners()):
        day = there.date() + timedelta(days=1)
        key = f"remind:{runner.id}:{day}"
        due = there.hour >= REMIND_HOUR and notify.preferences(runner.id).reminders
        if (
            due
            and not notify.knows(key)
            and (runs := training.schedule(runner.id, day, day + _DAY))
        ):
            what = "\n".join(
                f"- {distance(run.distance_m, runner.units)}: {run.text}" for run in runs
            )
            text = f"Hello {runner.name},\n\ntomorrow, {day:%A}, your plan says:\n\n{what}\n"
            notify.send(runner.email, "Tomorrow's run", text, key=key, runner_id=runner.id)
            return True
    return False


def _where(now: datetime, known: dict[int, Runner]) -> list[tuple[Runner, datetime]]:
    """Return who can get mail, with the time it is there."""
    return [(r, now.astimezone(ZoneInfo(r.tz))) for r in known.values() if r.confirmed]


def _send_month(runner: Runner, there: datetime, key: str) -> None:
    end = there.date().replace(day=1)
    start = (end - timedelta(days=1)).replace(day=1)
    before = (start - timedelta(days=1)).replace(day=1)
    period = activities.summary(runner.id, start, end)
    runs = activities.in_period(runner.id, start, end)
    made = reports.monthly_pdf(
        runner,
        start,
        period,
        activities.summary(runner.id, before, start),
        runs,
        bests=[best for best in activities.bests(runner.id) if start <= best.on < end],
        tracks=activities.tracks(runner.id, [run.id for run in runs], _ROUTE_POINTS),
    )
    times = "once" if period.count == 1 else f"{period.count} times"
    text = (
        f"Hello {runner.name},\n\nin {start:%B} you ran {times}, "
        f"{distance(period.distance_m, runner.units)} in all. The report is attached.\n\n"
        "To get no more of these, change your profile.\n"
    )
    file = Attachment(made.filename, "application/pdf", made.pdf)
    notify.send(runner.email, f"Your {start:%B %Y}", text, [file], key, runner_id=runner.id)
