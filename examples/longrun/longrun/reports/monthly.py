"""The month of a runner as a PDF: totals, weeks, best efforts, every run, every route."""

import math
import unicodedata
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time
from itertools import pairwise
from typing import Final
from zoneinfo import ZoneInfo

from fpdf import FPDF

from longrun.model import Activity, Best, Period, Report, Runner, TrackPoint
from longrun.reports.scales import paces, quantile, ticks
from longrun.units import UNIT_M, clock, distance, name_of, pace

_PAGE_W, _PAGE_H = 210.0, 297.0
_EDGE: Final = 18.0
_WIDE: Final = _PAGE_W - 2 * _EDGE
_BOTTOM: Final = _PAGE_H - 20
_INK: Final = (29, 33, 31)
_SOFT: Final = (110, 117, 112)
_LINE: Final = (224, 219, 209)
_WASH: Final = (246, 244, 239)
_ACCENT: Final = (207, 61, 36)
_SAND: Final = (201, 195, 180)
_HILL: Final = (222, 217, 204)
# Slow to fast, as on the page of a run.
_PACES: Final = ((63, 95, 158), (43, 140, 155), (95, 174, 98), (226, 169, 47), (216, 67, 42))
# Column -> millimetres, and how it is aligned.
_COLUMNS: Final = (
    ("Day", 22, "L"),
    ("Activity", 62, "L"),
    ("Distance", 22, "R"),
    ("Time", 20, "R"),
    ("Pace", 22, "R"),
    ("Climb", 14, "R"),
    ("bpm", 12, "R"),
)
_ROUTES_A_ROW: Final = 3
_ROUTE_H: Final = 50.0
_HEIGHTS_H: Final = 9.0


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
    """Make the report of a month.

    Args:
        runner: Whose month it is: units and time zone are theirs.
        month: Any day of the month.
        period: The month in numbers.
        prev: The month before, to compare with.
        runs: The activities of the month, in any order.
        bests: The runner's best efforts that are from this month.
        tracks: Number of an activity -> its points, for the routes; those without are left out.
    """
    pdf = _Pdf(runner, f"{month:%B %Y}")
    pdf.set_creation_date(datetime.combine(month, time(), UTC))
    pdf.add_page()
    _title(pdf, runner, month, period)
    _totals(pdf, runner, period, prev)
    _weeks(pdf, runner, period)
    if bests:
        _bests(pdf, bests)
    ordered = sorted(runs, key=lambda run: run.started_at)
    _table(pdf, runner, ordered)
    drawn = [(run, (tracks or {}).get(run.id, ())) for run in ordered]
    placed = [(run, [p for p in points if p.lat is not None]) for run, points in drawn]
    _routes(pdf, runner, [(run, points) for run, points in placed if len(points) > 1])
    return Report(f"longrun-{month:%Y-%m}.pdf", bytes(pdf.output()), pdf.pages_count)


def plain(words: str) -> str:
    """Return words with the letters that the document's fonts have.

    The fonts that every reader of PDF brings know Western European letters only. Carrying one that
    knows more would make each document ten times as large.
    """
    words = words.replace("\N{EN DASH}", "-").replace("\N{RIGHT SINGLE QUOTATION MARK}", "'")
    kept = []
    for letter in words:
        for form in (letter, unicodedata.normalize("NFKD", letter)[:1]):
            if form.isprintable() and form.encode("latin-1", "ignore"):
                kept.append(form)
                break
        else:
            kept.append("?")
    return "".join(kept)


class _Pdf(FPDF):
    """A4 with our margins, fonts and footer."""

    def __init__(self, runner: Runner, title: str) -> None:
        super().__init__(unit="mm", format="A4")
        self._foot = plain(f"{runner.name}, {title}")
        self.set_margins(_EDGE, _EDGE, _EDGE)
        self.set_auto_page_break(auto=False)
        self.set_title(f"{title}, {plain(runner.name)}")
        self.set_creator("longrun")
        self.set_lang("en")

    def footer(self) -> None:
        """Write whose month this is and the number of the page."""
        self.words(_EDGE - 1, _PAGE_H - 12, self._foot, size=8, colour=_SOFT)
        number = f"{self.page_no()}"
        self.words(_EDGE + 1, _PAGE_H - 12, number, size=8, colour=_SOFT, wide=_WIDE, align="R")

    def words(
        self,
        x: float,
        y: float,
        text: str,
        *,
        size: float = 9,
        bold: bool = False,
        colour: tuple[int, int, int] = _INK,
        wide: float = 0,
        align: str = "L",
    ) -> None:
        """Write one line with its upper edge at `y`, cut to `wide` millimetres if it is given."""
        self.set_font("helvetica", "B" if bold else "", size)
        self.set_text_color(*colour)
        text = plain(text)
        while wide and len(text) > 4 and self.get_string_width(text) > wide:
            text = text.removesuffix("...")[:-1].rstrip() + "..."
        self.set_xy(x, y)
        self.cell(wide or self.get_string_width(text) + 2, size * 0.45, text, align=align)

    def rule(self, y: float, colour: tuple[int, int, int] = _LINE) -> None:
        """Draw a thin line over the whole width."""
        self.set_draw_color(*colour)
        self.set_line_width(0.2)
        self.line(_EDGE, y, _EDGE + _WIDE, y)


def _title(pdf: _Pdf, runner: Runner, month: date, period: Period) -> None:
    pdf.set_fill_color(*_ACCENT)
    pdf.rect(_EDGE, _EDGE, 12, 1.6, style="F")
    pdf.words(_EDGE - 1, _EDGE + 6, f"{month:%B %Y}", size=30, bold=True)
    said = f"{runner.name} ran {distance(period.distance_m, runner.units)}"
    runs = "1 run" if period.count == 1 else f"{period.count} runs"
    pdf.words(_EDGE - 1, _EDGE + 21, f"{said} on {runs}", size=11, colour=_SOFT)
    pdf.set_y(_EDGE + 34)


def _totals(pdf: _Pdf, runner: Runner, period: Period, prev: Period) -> None:
    y, wide = pdf.get_y(), _WIDE / 4
    pdf.set_fill_color(*_WASH)
    pdf.rect(_EDGE, y, _WIDE, 25, style="F", round_corners=True, corner_radius=2.5)
    change = (period.distance_m - prev.distance_m) / UNIT_M[runner.units]
    cells = (
        ("Distance", distance(period.distance_m, runner.units), f"{change:+.1f} {runner.units}"),
        ("Runs", str(period.count), f"{period.count - prev.count:+d}"),
        ("Time", clock(period.moving_s), pace(period.distance_m, period.moving_s, runner.units)),
        ("Climb", f"{period.climb_m:.0f} m", f"{period.climb_m - prev.climb_m:+.0f} m"),
    )
    for i, (name, value, note) in enumerate(cells):
        x = _EDGE + i * wide + 4
        pdf.words(x, y + 4, name, size=8.5, colour=_SOFT)
        pdf.words(x, y + 9, value, size=16, bold=True)
        pdf.words(x, y + 18, note, size=8.5, colour=_SOFT)
    pdf.words(_EDGE - 1, y + 27, f"Compared with {prev.start:%B %Y}.", size=7.5, colour=_SOFT)
    pdf.set_y(y + 37)


def _weeks(pdf: _Pdf, runner: Runner, period: Period) -> None:
    y, tall = pdf.get_y(), 38.0
    pdf.words(_EDGE - 1, y, f"Weeks, {runner.units}", size=11, bold=True)
    top, floor = y + 10, y + 10 + tall
    values = [week.distance_m / UNIT_M[runner.units] for week in period.by_week]
    marks = ticks(0, max([*values, 1.0]), 4)
    scale = tall / marks[-1]
    for mark in marks:
        pdf.set_draw_color(*_LINE)
        pdf.set_line_width(0.15)
        pdf.line(_EDGE + 8, floor - mark * scale, _EDGE + _WIDE, floor - mark * scale)
        label = f"{mark:g}"
        at = floor - mark * scale - 1.6
        pdf.words(_EDGE - 2, at, label, size=7.5, colour=_SOFT, wide=8, align="R")
    slot = (_WIDE - 8) / max(len(values), 1)
    most = max(values, default=0)
    for i, (week, value) in enumerate(zip(period.by_week, values, strict=True)):
        x = _EDGE + 8 + i * slot
        if value:
            pdf.set_fill_color(*(_ACCENT if value == most else _SAND))
            pdf.rect(x + slot * 0.22, floor - value * scale, slot * 0.56, value * scale, style="F")
            over = max(floor - value * scale - 4.5, top - 5)
            words = f"{value:.1f}"
            pdf.words(x, over, words, size=8, bold=True, wide=slot, align="C")
        words = f"{week.start.day} {week.start:%b}"
        pdf.words(x, floor + 2, words, size=8, colour=_SOFT, wide=slot, align="C")
    pdf.set_y(floor + 13)


def _bests(pdf: _Pdf, bests: Sequence[Best]) -> None:
    y = pdf.get_y()
    pdf.words(_EDGE - 1, y, "Best efforts ever, run this month", size=11, bold=True)
    for i, best in enumerate(bests):
        x = _EDGE + i * _WIDE / 6
        pdf.words(x - 1, y + 8, clock(best.seconds), size=13, bold=True, colour=_ACCENT)
        pdf.words(x - 1, y + 14.5, name_of(best.distance_m), size=8.5, colour=_SOFT)
    pdf.set_y(y + 25)


def _table(pdf: _Pdf, runner: Runner, runs: Sequence[Activity]) -> None:
    pdf.words(_EDGE - 1, pdf.get_y(), "Every activity", size=11, bold=True)
    y = _table_head(pdf, pdf.get_y() + 8)
    if not runs:
        pdf.words(_EDGE - 1, y + 2, "Nothing this month.", colour=_SOFT)
        y += 8
    zone = ZoneInfo(runner.tz)
    for run in runs:
        if y > _BOTTOM - 8:
            pdf.add_page()
            y = _table_head(pdf, _EDGE)
        there = run.started_at.astimezone(zone)
        cells = (
            f"{there:%a} {there.day}",
            run.title,
            distance(run.distance_m, runner.units, 2),
            clock(run.moving_s),
            pace(run.distance_m, run.moving_s, runner.units),
            f"{run.climb_m:.0f} m",
            str(run.avg_hr or "-"),
        )
        _row(pdf, y + 1.8, cells, bold=1)
        y += 7.4
        pdf.rule(y)
    pdf.set_y(y + 10)


def _table_head(pdf: _Pdf, y: float) -> float:
    _row(pdf, y, [name for name, _, _ in _COLUMNS], colour=_SOFT)
    pdf.rule(y + 5.5, _SOFT)
    return y + 5.5


def _row(
    pdf: _Pdf,
    y: float,
    cells: Sequence[str],
    *,
    bold: int = -1,
    colour: tuple[int, int, int] = _INK,
) -> None:
    x = _EDGE
    for i, (text, (_, wide, align)) in enumerate(zip(cells, _COLUMNS, strict=True)):
        left = x - 1 if align == "L" else x + 1
        pdf.words(left, y, text, size=9, bold=i == bold, colour=colour, wide=wide, align=align)
        x += wide


def _routes(
    pdf: _Pdf, runner: Runner, routes: Sequence[tuple[Activity, Sequence[TrackPoint]]]
) -> None:
    if not routes:
        return
    gutter = 6.0
    wide = (_WIDE - gutter * (_ROUTES_A_ROW - 1)) / _ROUTES_A_ROW
    y = pdf.get_y()
    if y + 8 + _ROUTE_H + 12 > _BOTTOM:
        pdf.add_page()
        y = _EDGE
    pdf.words(_EDGE - 1, y, "Every route, coloured by its own pace", size=11, bold=True)
    _legend(pdf, y)
    y += 9
    for i, (run, points) in enumerate(routes):
        column = i % _ROUTES_A_ROW
        if column == 0 and i:
            y += _ROUTE_H + 13
        if column == 0 and y + _ROUTE_H + 10 > _BOTTOM:
            pdf.add_page()
            y = _EDGE
        x = _EDGE + column * (wide + gutter)
        pdf.set_fill_color(*_WASH)
        pdf.rect(x, y, wide, _ROUTE_H, style="F", round_corners=True, corner_radius=2)
        _heights(pdf, points, (x, y + _ROUTE_H - _HEIGHTS_H, wide, _HEIGHTS_H))
        _route(pdf, points, (x + 5, y + 4, wide - 10, _ROUTE_H - _HEIGHTS_H - 7))
        there = run.started_at.astimezone(ZoneInfo(runner.tz))
        words = f"{there.day}  {run.title}"
        pdf.words(x - 1, y + _ROUTE_H + 1.5, words, size=8.5, bold=True, wide=wide - 18)
        far = distance(run.distance_m, runner.units)
        pdf.words(
            x + wide - 19, y + _ROUTE_H + 1.5, far, size=8.5, colour=_SOFT, wide=20, align="R"
        )
    pdf.set_y(y + _ROUTE_H + 13)


def _legend(pdf: _Pdf, y: float) -> None:
    """Say at the right edge which colour is slow and which is fast."""
    each = 6.0
    x = _EDGE + _WIDE - 8 - each * len(_PACES)
    pdf.words(x - 10.5, y + 0.6, "slow", size=8, colour=_SOFT, wide=10, align="R")
    for i, colour in enumerate(_PACES):
        pdf.set_fill_color(*colour)
        pdf.rect(x + i * each, y + 1.6, each, 1.6, style="F")
    pdf.words(_EDGE + _WIDE - 9, y + 0.6, "fast", size=8, colour=_SOFT, wide=10, align="R")


def _heights(
    pdf: _Pdf, points: Sequence[TrackPoint], frame: tuple[float, float, float, float]
) -> None:
    """Fill the foot of a card with the hills, from the start at the left to the end."""
    left, top, wide, tall = frame
    known = [(point.d, point.ele) for point in points if point.ele is not None]
    if len(known) < 2 or known[-1][0] <= known[0][0]:
        return
    low = min(ele for _, ele in known)
    # A flat run stays flat: its few metres are not stretched to the height of the strip.
    scale_y = tall * 0.85 / max(max(ele for _, ele in known) - low, 60.0)
    scale_x = wide / (known[-1][0] - known[0][0])
    ridge = [
        (left + (d - known[0][0]) * scale_x, top + tall * 0.85 - (ele - low) * scale_y)
        for d, ele in known
    ]
    corner = 2.0
    foot = [(left + wide, top + tall - corner), (left + wide - corner, top + tall)]
    foot += [(left + corner, top + tall), (left, top + tall - corner)]
    pdf.set_fill_color(*_HILL)
    pdf.polygon([*ridge, *foot], style="F")


def _route(
    pdf: _Pdf, points: Sequence[TrackPoint], frame: tuple[float, float, float, float]
) -> None:
    left, top, wide, tall = frame
    lats = [point.lat or 0.0 for point in points]
    shrink = math.cos(math.radians(lats[0]))
    xs = [(point.lon or 0.0) * shrink for point in points]
    span_x, span_y = max(max(xs) - min(xs), 1e-4), max(max(lats) - min(lats), 1e-4)
    scale = min(wide / span_x, tall / span_y)
    dx = left + (wide - (max(xs) - min(xs)) * scale) / 2 - min(xs) * scale
    dy = top + (tall - (max(lats) - min(lats)) * scale) / 2 + max(lats) * scale
    spots = [(dx + x * scale, dy - lat * scale) for x, lat in zip(xs, lats, strict=True)]
    found = paces(points, window_s=60)
    known = [value for value in found if value is not None] or [0.0]
    limits = [quantile(known, 1 - i / len(_PACES)) for i in range(1, len(_PACES))]
    pdf.set_line_width(0.7)
    for (a, b), point, value in zip(pairwise(spots), points[1:], found[1:], strict=True):
        if not point.gap:
            fifth = 0 if value is None else sum(value < limit for limit in limits)
            pdf.set_draw_color(*_PACES[fifth])
            pdf.line(*a, *b)
    pdf.set_fill_color(*_INK)
    pdf.circle(spots[0][0], spots[0][1], 0.9, style="F")
