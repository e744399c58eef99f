"""The report of a month, for the page and for the mail. Shared, never placed."""

from datetime import date, timedelta

from longrun import activities, reports
from longrun.model import Period, Report, Runner

# Enough for a thumbnail.
_ROUTE_POINTS = 300


def next_month(month: date) -> date:
    """Return the first day of the following month."""
    return (month.replace(day=1) + timedelta(days=32)).replace(day=1)


def make_report(runner: Runner, start: date) -> tuple[Report, Period]:
    """Return the document of the month that begins at `start`, and what was run in it."""
    end, before = next_month(start), (start - timedelta(days=1)).replace(day=1)
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
    return made, period
