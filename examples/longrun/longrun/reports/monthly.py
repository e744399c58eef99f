"""A month, a run and a pace band as documents."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from longrun.languages import words
from longrun.model import Activity, Best, Period, Report, Runner, Split, TrackPoint, Week
from longrun.reports.documents import ACCENT, EDGE, INK, LINE, SOFT, WIDE, Document
from longrun.units import UNIT_M, clock, distance, name_of, pace

# Column -> millimetres, and how it is aligned.
_COLUMNS: Final = (
    ("Day", 22, "L"), ("Activity", 62, "L"), ("Distance", 22, "R"), ("Time", 20, "R"),
    ("Pace", 22, "R"), ("Climb", 14, "R"), ("bpm", 12, "R"),
)  # fmt: skip
_SPLITS: Final = (
    ("Kilometre", 54, "L"), ("Time", 30, "R"), ("Pace", 30, "R"), ("Climb", 30, "R"),
    ("bpm", 30, "R"),
)  # fmt: skip
_ROUTES_A_ROW: Final = 3
_ROUTE_H: Final = 50.0
# Name of a band -> by what share of its mean it begins slower and ends faster.
_BANDS: Final = {"Even pace": 0.0, "Slow start, fast finish": 0.03}
_BAND_ROWS: Final = 44


def monthly_pdf(
    runner: Runner,
    month: date,
    period: Period,
    prev: Period,
    runs: Sequence[Activity],
    *,
    bests: Sequence[Best] = (),
    tracks: Mapping[int, Sequence[TrackPoint]] | None = None,
) -> Report:
    """Make the report of the month that `month` is in, compared with `prev`, the one before.

    `runs` are its activities in any order, `bests` the best efforts ever that are from it, and
    `tracks` has the points of the activities whose routes are drawn, by their numbers.
    """
    units, zone = runner.units, ZoneInfo(runner.tz)
    say, name = words(runner.language), runner.name
    many = say("%(count)s runs", count=period.count)
    count = say("1 run") if period.count == 1 else many
    far = say.number(distance(period.distance_m, units))
    said = say("%(name)s ran %(far)s on %(count)s", name=name, far=far, count=count)
    pdf = Document(runner, say.day(month, "LLLL yyyy"), said, month)
    change = (period.distance_m - prev.distance_m) / UNIT_M[units]
    cells = (
        ("Distance", far, say.number(f"{change:+.1f} {units}")),
        ("Runs", str(period.count), f"{period.count - prev.count:+d}"),
        ("Time", clock(period.moving_s), pace(period.distance_m, period.moving_s, units)),
        ("Climb", f"{period.climb_m:.0f} m", f"{period.climb_m - prev.climb_m:+.0f} m"),
    )
    prior = say.day(prev.start, "LLLL yyyy")
    pdf.numbers(cells, say("Compared with %(month)s.", month=prior))
    weeks = [(_days(w, period), w.distance_m / UNIT_M[units]) for w in period.by_week]
    pdf.bars(f"Weeks, {units}", weeks)
    if bests:
        _bests(pdf, bests)
    ordered = sorted(runs, key=lambda run: run.started_at)
    there = {run.id: run.started_at.astimezone(zone) for run in ordered}
    pdf.heading("Every activity")
    days = {run.id: say.day(there[run.id], "EEE d") for run in ordered}
    rows = [(days[run.id], run.title, *_numbers(run, runner)) for run in ordered]
    pdf.grid(_COLUMNS, rows or [("", say("Nothing this month."), *[""] * 5)], bold=1)
    routes = [(run, (tracks or {}).get(run.id, ())) for run in ordered]
    drawn = [(f"{there[r.id].day}  {r.title}", r, t) for r, t in routes if _is_placed(t)]
    _routes(pdf, runner, drawn)
    return pdf.finish(f"longrun-{month:%Y-%m}.pdf")


def activity_pdf(
    runner: Runner, run: Activity, splits: Sequence[Split], track: Sequence[TrackPoint]
) -> Report:
    """Make the report of one activity: its numbers, its route, its kilometres."""
    there, units = run.started_at.astimezone(ZoneInfo(runner.tz)), runner.units
    said = words(runner.language).day(there, "EEEE, d MMMM yyyy, HH:mm")
    said += f", {run.device}" if run.device else ""
    pdf = Document(runner, run.title, said, there.date())
    far, moving, per_unit, climb, beats = _numbers(run, runner)
    cells = [("Distance", far, ""), ("Time", moving, f"{clock(run.elapsed_s)} with pauses")]
    cells += [("Pace", per_unit, ""), ("Climb", climb, "")]
    if run.avg_hr:
        cells.append(("Heart rate", beats, f"up to {run.max_hr} bpm"))
    pdf.numbers(cells)
    if _is_placed(track):
        pdf.heading("Route, coloured by its pace", room=110)
        pdf.legend(pdf.at - 8)
        pdf.route(track, EDGE, pdf.at, WIDE, 110)
        pdf.at += 118
    if splits:
        pdf.heading("Splits", room=20)
        rows = []
        for s in splits:
            last = pdf.say("%(km)s, the last %(metres).0f m", km=s.km, metres=s.distance_m)
            name = str(s.km) if s.distance_m > 999 else last
            told = (f"{s.climb_m:.0f} m", str(s.avg_hr or "-"))
            rows.append((name, clock(s.seconds), pace(s.distance_m, s.seconds, units), *told))
        pdf.grid(_SPLITS, rows, bold=0)
    return pdf.finish(f"longrun-{there:%Y-%m-%d}-{run.id}.pdf")


def band_pdf(runner: Runner, title: str, distance_m: float, target_s: float) -> Report:
    """Make bands to cut out and wear: when to pass each kilometre to arrive on time."""
    unit, units = UNIT_M[runner.units], runner.units
    say = words(runner.language)
    said = say(
        "%(far)s in %(time)s, %(pace)s on average",
        far=say.number(distance(distance_m, units)),
        time=clock(target_s),
        pace=pace(distance_m, target_s, units),
    )
    pdf = Document(runner, title, said, date(2000, 1, 1))
    every = next(n for n in (1, 2, 5, 10, 50, 1000) if distance_m / unit / n <= _BAND_ROWS)
    stops = [i * every * unit for i in range(1, int(distance_m / unit / every) + 1)]
    stops = [d for d in stops if d < distance_m - 1] + [distance_m]
    for i, (name, slack) in enumerate(_BANDS.items()):
        x, y = EDGE + i * 70, pdf.at + 8
        pdf.words(x - 1, pdf.at, say.said(name), size=11, bold=True)
        pdf.set_draw_color(*SOFT)
        pdf.set_dash_pattern(1, 1)
        pdf.rect(x, y, 34, 6 + 4.6 * len(stops))
        pdf.set_dash_pattern()
        for k, d in enumerate(stops):
            share, last = d / distance_m, d == distance_m
            seconds = target_s * (share + slack * share * (1 - share))
            where = say("finish") if last else f"{d / unit:g} {units}"
            row, colour = y + 3 + 4.6 * k, ACCENT if last else INK
            pdf.words(x + 1, row, where, size=8.5, colour=SOFT, wide=14, align="R")
            pdf.words(x + 15, row, clock(seconds), bold=True, colour=colour, wide=16, align="R")
            if k:
                pdf.rule(x + 2, row - 0.3, 30, LINE)
    return pdf.finish(f"longrun-band-{distance_m:.0f}-{target_s:.0f}.pdf")


def _numbers(run: Activity, runner: Runner) -> tuple[str, str, str, str, str]:
    return (
        words(runner.language).number(distance(run.distance_m, runner.units, 2)),
        clock(run.moving_s),
        pace(run.distance_m, run.moving_s, runner.units),
        f"{run.climb_m:.0f} m",
        str(run.avg_hr or "-"),
    )


def _days(week: Week, period: Period) -> str:
    """Name a week by its days in the month: the runs of the others are not counted here."""
    first = max(week.start, period.start)
    last = min(week.start + timedelta(days=7), period.end) - timedelta(days=1)
    return f"{first.day}-{last.day}" if first < last else f"{first.day}"


def _is_placed(points: Sequence[TrackPoint]) -> bool:
    return sum(point.lat is not None for point in points) > 1


def _bests(pdf: Document, bests: Sequence[Best]) -> None:
    pdf.heading("Best efforts ever, run this month")
    for i, best in enumerate(bests):
        x = EDGE + i * WIDE / 6 - 1
        pdf.words(x, pdf.at, clock(best.seconds), size=13, bold=True, colour=ACCENT)
        pdf.words(x, pdf.at + 6.5, pdf.say.said(name_of(best.distance_m)), size=8.5, colour=SOFT)
    pdf.at += 17


def _routes(
    pdf: Document, runner: Runner, routes: Sequence[tuple[str, Activity, Sequence[TrackPoint]]]
) -> None:
    if not routes:
        return
    gutter = 6.0
    wide = (WIDE - gutter * (_ROUTES_A_ROW - 1)) / _ROUTES_A_ROW
    pdf.heading("Every route, coloured by its own pace", room=_ROUTE_H + 12)
    pdf.legend(pdf.at - 8)
    for i, (title, run, points) in enumerate(routes):
        column = i % _ROUTES_A_ROW
        if column == 0 and i:
            pdf.at += _ROUTE_H + 13
            pdf.room(_ROUTE_H + 10)
        x, y = EDGE + column * (wide + gutter), pdf.at + _ROUTE_H + 1.5
        pdf.route(points, x, pdf.at, wide, _ROUTE_H)
        pdf.words(x - 1, y, title, size=8.5, bold=True, wide=wide - 18)
        far = pdf.say.number(distance(run.distance_m, runner.units))
        pdf.words(x + wide - 19, y, far, size=8.5, colour=SOFT, wide=20, align="R")
    pdf.at += _ROUTE_H + 13
