"""The plan as a calendar that programs subscribe to (RFC 5545).

Written here: a whole day is eight lines, and a library for them would take a tenth of a second of
the start of every process.
"""

from datetime import UTC, date, datetime

from longrun import accounts, units
from longrun.languages import upper_first, words
from longrun.training.service import schedule


def ics(runner_id: int) -> str:
    """Return everything planned, past and to come, in the runner's units.

    Raises:
        NoSuchRunner: Nobody has this number.
    """
    runner = accounts.runner(runner_id)
    say = words(runner.language)
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//longrun//plan//EN", "METHOD:PUBLISH"]
    lines += ["X-WR-CALNAME:longrun", "REFRESH-INTERVAL;VALUE=DURATION:PT6H"]
    for workout in schedule(runner_id, date.min, date.max):
        slow, fast = (units.pace(1000, pace, runner.units) for pace in workout.pace_s_per_km)
        mark = "" if workout.done_by is None else "\N{CHECK MARK} "
        far = say.number(units.distance(workout.distance_m, runner.units))
        title = f"{upper_first(say.said(workout.kind))} {far}"
        pace = slow if slow == fast else f"{slow} {say('to')} {fast}"
        lines += [
            "BEGIN:VEVENT",
            f"UID:{runner_id}-{workout.race_id}-{workout.on:%Y%m%d}@longrun",
            f"DTSTAMP:{datetime.now(UTC):%Y%m%dT%H%M%SZ}",
            f"DTSTART;VALUE=DATE:{workout.on:%Y%m%d}",
            f"SUMMARY:{mark}{_escaped(title)}",
            f"DESCRIPTION:{_escaped(f'{say.said(workout.text)} {pace}.')}",
            "TRANSP:TRANSPARENT",
            "END:VEVENT",
        ]
    return "".join(f"{_folded(line)}\r\n" for line in [*lines, "END:VCALENDAR"])


def _escaped(text: str) -> str:
    for special in "\\;,":
        text = text.replace(special, f"\\{special}")
    return text.replace("\n", "\\n")


def _folded(line: str) -> str:
    """Break a line after 75 octets at most, never inside a character."""
    rows = [""]
    for character in line:
        if len(f"{rows[-1]}{character}".encode()) > 75:
            rows.append(" ")
        rows[-1] += character
    return "\r\n".join(rows)
