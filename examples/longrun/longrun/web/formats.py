"""How values look on a page: in the runner's language, units and time zone."""

import re
from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from babel.support import NullTranslations
from flask import Flask, current_app, g, request
from flask_babel import Babel, Domain, get_locale
from markupsafe import Markup, escape

from longrun import units
from longrun.languages import LANGUAGES, Words, upper_first, words
from longrun.model import Units
from longrun.web.security import current_runner

# What is missing on a page when a part cannot be reached: parts may run elsewhere.
PARTS: Final = {
    "accounts": "knows the runners",
    "activities": "keeps the log",
    "importer": "reads files",
    "training": "keeps races and plans",
    "reports": "draws charts and documents",
    "notify": "sends mail",
    "jobs": "imports archives",
    "": "answers this page",
}


class _Ours(Domain):  # type: ignore[misc]
    """Flask-Babel's texts, from the catalogues that all of longrun uses."""

    def get_translations(self) -> NullTranslations:
        return say().catalogue


def init_app(app: Flask) -> None:
    """Choose the language, and register the filters of the templates."""
    Babel(app, locale_selector=_language).domain_instance = _Ours()
    app.jinja_env.filters.update(
        distance=distance,
        clock=units.clock,
        local=local,
        when=when,
        name_of=lambda metres: say().number(say().said(units.name_of(metres))),
        day=lambda day, form: say().day(day, form),
        number=lambda text: say().number(text),
        said=lambda text: say().said(text),
        sentence=lambda text: upper_first(say().said(text)),
        unit_html=unit_html,
    )
    app.jinja_env.globals.update(pace=pace, heart_zones=units.heart_zones, languages=LANGUAGES)
    app.jinja_env.globals.update(language=lambda: str(get_locale()), weekdays=weekdays)


def say() -> Words:
    """Return the words of the visitor's language."""
    return words(str(get_locale()))


def weekdays() -> list[str]:
    """Return Mon to Sun."""
    return [say().day(date(2001, 1, number), "ccc") for number in range(1, 8)]


def distance(metres: float, digits: int = 1) -> str:
    """Return metres as 10.2 km or 6.3 mi."""
    return say().number(units.distance(metres, _units(), digits))


def pace(metres: float, seconds: float) -> str:
    """Return a pace as 5:12 /km."""
    return units.pace(metres, seconds, _units())


def local(instant: datetime) -> datetime:
    """Return the instant on the clock where the runner lives."""
    runner = current_runner()
    return instant.astimezone(ZoneInfo(runner.tz if runner else "UTC"))


def when(instant: datetime) -> str:
    """Return Today 07:12, Yesterday 18:30, or Sun 1 March 2026."""
    there = local(instant)
    today = local(datetime.now(instant.tzinfo)).date()
    if there.date() == today:
        return say()("Today %(time)s", time=f"{there:%H:%M}")
    if there.date() == today - timedelta(days=1):
        return say()("Yesterday %(time)s", time=f"{there:%H:%M}")
    return say().day(there, "EEE d MMMM yyyy")


def unit_html(words: str) -> Markup:
    """Return 10.2 km with the unit set smaller."""
    value, _, unit = words.partition(" ")
    return (
        Markup('{}<small class="u">{}</small>').format(escape(value), unit)
        if unit
        else escape(value)
    )


def decoration(name: str, draw: Callable[[], str], part: str = "reports") -> Markup:
    """Return what a page can do without, or that it is missing where its part cannot be reached.

    A part that took too long is not asked again for this page: the visitor has waited enough.
    """
    late: set[str] = g.setdefault("late", set())
    if part not in late:
        try:
            return Markup(draw())  # noqa: S704 - drawings escape the words they are given
        except (ConnectionError, TimeoutError) as error:
            part = missing_part(error) or part
            late |= {part} if isinstance(error, TimeoutError) else set()
            current_app.logger.warning("%s is missing: %s", name, error)
    missing = f"{name} is missing: the part of longrun that {PARTS[part]} cannot be reached."
    return Markup('<p class="problem" role="status">{}</p>').format(say().said(missing))


def missing_part(error: BaseException) -> str:
    """Return the name of our part that could not be reached, where the error tells it."""
    found = re.search(rf"longrun\.({'|'.join(PARTS)})\b", str(error))
    return found[1] if found else ""


def decimal(text: str) -> float:
    """Return a number that was typed, with a point or a comma. Raises ValueError."""
    return float(text.replace(",", "."))


def first_of_month(text: str) -> date | None:
    """Return the first day of a month written 2026-03, or None if nobody ran in it."""
    try:
        month = datetime.strptime(text, "%Y-%m").date()  # noqa: DTZ007 - a month has no zone
    except ValueError:
        return None
    return month if 1970 <= month.year < 2100 else None


def today(tz: str) -> date:
    """Return the day it is where the runner lives."""
    return datetime.now(ZoneInfo(tz)).date()


def _language() -> str:
    if runner := current_runner():
        return runner.language
    chosen = request.cookies.get("language") or request.accept_languages.best_match(LANGUAGES)
    return chosen if chosen in LANGUAGES else "en"


def _units() -> Units:
    runner = current_runner()
    return runner.units if runner else "km"
