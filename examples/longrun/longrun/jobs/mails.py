"""Mails that are due at a time of the day where the runner lives."""

import logging
from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from longrun import accounts, activities, months, notify, training
from longrun.languages import words
from longrun.model import Attachment, Runner, Workout
from longrun.units import distance

REPORT_HOUR: Final = 6
REMIND_HOUR: Final = 18
_DAY: Final = timedelta(days=1)
_log = logging.getLogger(__name__)


def monthly_reports(now: datetime) -> bool:
    """Send the report of the month before to one runner where it is the 1st, after six.

    Nobody gets it twice, however often this is called; return False when nobody is left.
    """
    lately = activities.active_since(now - timedelta(days=40))
    for runner, there in _where(now, accounts.runners(lately)):
        key = f"month:{runner.id}:{there:%Y-%m}"
        due = there.day == 1 and there.hour >= REPORT_HOUR
        due = due and notify.preferences(runner.id).monthly_report and not notify.knows(key)
        if due and _is_done(_send_month, runner, there, key):
            return True
    return False


def _is_done(send: Callable[..., object], *what: object) -> bool:
    """Try to send one mail; what is wrong with one runner's holds up nobody else's."""
    try:
        send(*what)
    except (ConnectionError, TimeoutError):
        raise  # a part is away: the turn of all of them comes again
    except Exception:  # noqa: BLE001 - logged, every time
        _log.exception("a mail could not be made; it is tried again")
        return False
    return True


def remind_workouts(now: datetime) -> bool:
    """Tell one runner in the evening what is planned for tomorrow; return False when all know."""
    for runner, there in _where(now, accounts.runners()):
        day = there.date() + timedelta(days=1)
        key = f"remind:{runner.id}:{day}"
        due = there.hour >= REMIND_HOUR and notify.preferences(runner.id).reminders
        due = due and not notify.knows(key)
        runs = training.schedule(runner.id, day, day + _DAY) if due else []
        if runs and _is_done(_remind, runner, day, runs, key):
            return True
    return False


def _remind(runner: Runner, day: date, runs: Sequence[Workout], key: str) -> None:
    say = words(runner.language)
    told = [(say.number(distance(r.distance_m, runner.units)), r.text) for r in runs]
    text = say(
        "Hello %(name)s,\n\ntomorrow, %(day)s, your plan says:\n\n%(what)s\n",
        name=runner.name,
        day=say.day(day, "EEEE"),
        what="\n".join(f"- {far}: {say.said(what)}" for far, what in told),
    )
    notify.send(runner.email, say("Tomorrow's run"), text, key=key, runner_id=runner.id)


def _where(now: datetime, known: dict[int, Runner]) -> list[tuple[Runner, datetime]]:
    """Return who can get mail, with the time it is there."""
    return [(r, now.astimezone(ZoneInfo(r.tz))) for r in known.values() if r.confirmed]


def _send_month(runner: Runner, there: datetime, key: str) -> None:
    start = (there.date().replace(day=1) - _DAY).replace(day=1)
    made, period = months.make_report(runner, start)
    say = words(runner.language)
    text = say(
        "Hello %(name)s,\n\nyour runs in %(month)s: %(count)s, %(far)s in all. "
        "The report is attached.\n\nTo get no more of these, change your profile.\n",
        name=runner.name,
        month=say.day(start, "LLLL"),
        count=period.count,
        far=say.number(distance(period.distance_m, runner.units)),
    )
    file = Attachment(made.filename, "application/pdf", made.pdf)
    subject = say("Your %(month)s", month=say.day(start, "LLLL yyyy"))
    notify.send(runner.email, subject, text, [file], key, runner_id=runner.id)
