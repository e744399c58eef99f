"""Mails that are due at a time of the day where the runner lives."""

from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from longrun import accounts, activities, notify, reports
from longrun.model import Attachment, Runner
from longrun.units import distance

REPORT_HOUR: Final = 6
_ROUTE_POINTS: Final = 300


def monthly_reports(now: datetime) -> bool:
    """Send the report of the month before to one runner where it is the 1st, after six.

    Nobody gets it twice, however often this is called; return False when nobody is left.
    """
    for runner, there in _where(now):
        key = f"month:{runner.id}:{there:%Y-%m}"
        due = there.day == 1 and there.hour >= REPORT_HOUR
        if due and notify.preferences(runner.id).monthly_report and not notify.knows(key):
            _send_month(runner, there, key)
            return True
    return False


def _where(now: datetime) -> list[tuple[Runner, datetime]]:
    """Return who ran lately and can get mail, with the time it is there."""
    known = accounts.runners(activities.active_since(now - timedelta(days=40))).values()
    return [(r, now.astimezone(ZoneInfo(r.tz))) for r in known if r.confirmed]


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
    text = (
        f"Hello {runner.name},\n\nin {start:%B} you ran {period.count} times, "
        f"{distance(period.distance_m, runner.units)} in all. The report is attached.\n\n"
        "To get no more of these, change your profile.\n"
    )
    file = Attachment(made.filename, "application/pdf", made.pdf)
    notify.send(runner.email, f"Your {start:%B %Y}", text, [file], key, runner_id=runner.id)
