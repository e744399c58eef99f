"""Charts as SVG text: weeks, splits, the profile of a run, fitness, and a year of days."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from longrun.languages import Words, words
from longrun.model import Fitness, Split, TrackPoint, Units, Week
from longrun.reports import svg
from longrun.reports.scales import minute_ticks, paces, quantile, ticks
from longrun.units import UNIT_M, clock

WIDTH: Final = 760.0
_LEFT, _RIGHT = 52.0, 12.0
_Values = Sequence[float | None]


@dataclass(frozen=True, slots=True)
class _Panel:
    """Curves, class -> values, over one axis. `up` is False where less is better."""

    name: str
    unit: str
    curves: Mapping[str, _Values]
    marks: Sequence[float]
    label: Callable[[float], str]
    height: float
    up: bool = True
    filled: bool = False


def weeks_svg(weeks: Sequence[Week], units: Units = "km", language: str = "en") -> str:
    """Draw the distance of each week as a bar; the last one is the current week."""
    say = words(language)
    wide_all, height, top = 640.0, 390.0, 34.0
    values = [week.distance_m / UNIT_M[units] for week in weeks]
    marks = ticks(0, max([*values, 1.0]), 4)
    floor = height - 30
    scale = (floor - top) / marks[-1]
    parts = [svg.text(0, 12, say("%(units)s a week", units=units), "unit")]
    parts += _axis(marks, lambda m: floor - m * scale, "{:g}".format, _LEFT - 16, wide_all)
    slot = (wide_all - _LEFT) / max(len(weeks), 1)
    wide, last = min(slot * 0.62, 44), len(weeks) - 1
    for i, (week, value) in enumerate(zip(weeks, values, strict=True)):
        x, tall = _LEFT + slot * (i + 0.5), value * scale
        said = say(
            "Week of %(day)s: %(distance)s in %(count)s runs",
            day=say.day(week.start, "d MMMM"),
            distance=say.number(f"{value:.1f} {units}"),
            count=week.count,
        )
        look = "bar now" if i == last else "bar"
        box = (x - wide / 2, floor - tall, wide, tall)
        parts.append(svg.rect(*box, said, rx=min(4.0, tall / 2), class_=look))
        if value:
            parts.append(svg.text(x, floor - tall - 7, f"{value:.0f}", "v", "middle"))
        if last < 8 or (last - i) % 2 == 0:
            parts.append(svg.text(x, height - 8, say.day(week.start, "d MMM"), anchor="middle"))
    far = f"{sum(values):.0f} {units}"
    title = say("Distance of the last %(weeks)s weeks, %(far)s", weeks=len(weeks), far=far)
    return svg.picture(wide_all, height, title, parts)


def splits_svg(splits: Sequence[Split], units: Units = "km", language: str = "en") -> str:
    """Draw the pace of each kilometre as a bar: the longer, the faster."""
    say = words(language)
    paced = [s.seconds / s.distance_m * UNIT_M[units] for s in splits if s.seconds > 0]
    if not paced:
        return svg.picture(WIDTH, 20, say("No splits"), [])
    slow, fast, whole = quantile(paced, 0.95), min(paced), sum(s.distance_m for s in splits)
    mean = sum(s.seconds for s in splits) / whole * UNIT_M[units]
    # The shortest bar still shows a fifth, so that a slow kilometre is not read as nothing.
    marks = minute_ticks(fast, slow + (slow - fast) * 0.25 + 10, 4)
    height, top = 220.0, 34.0
    floor = height - 28
    scale = (floor - top) / (marks[-1] - marks[0])

    def y_of(value: float) -> float:
        return min(top + (value - marks[0]) * scale, floor - 3.0)

    parts = [svg.text(0, 12, say("pace, min/%(units)s", units=units), "unit")]
    parts += _axis(marks, lambda m: top + (m - marks[0]) * scale, clock, _LEFT - 8, WIDTH)
    x, every = _LEFT, max(1, round(len(splits) / 20))
    for split in splits:
        wide = split.distance_m * (WIDTH - _LEFT) / whole
        value = split.seconds / split.distance_m * UNIT_M[units]
        look = "bar now" if value == fast else "bar fast" if value < mean else "bar"
        pace = f"{clock(value)} /{units}"
        said = say("Kilometre %(number)s: %(pace)s", number=split.km, pace=pace)
        left, inner = x + min(2.0, wide * 0.1), max(1.0, wide - min(4.0, wide * 0.2))
        box = (left, y_of(value), inner, floor - y_of(value))
        parts.append(svg.rect(*box, said, rx=min(3.0, wide / 8), class_=look))
        if (split.km - 1) % every == 0 and wide > 14:
            parts.append(svg.text(x + wide / 2, height - 8, str(split.km), anchor="middle"))
        x += wide
    parts.append(svg.line(_LEFT, y_of(mean), WIDTH, y_of(mean), "mean"))
    title = say("Pace by kilometre, %(pace)s on average", pace=clock(mean))
    return svg.picture(WIDTH, height, title, parts)


def profile_svg(points: Sequence[TrackPoint], units: Units = "km", language: str = "en") -> str:
    """Draw pace, heart rate and height over the distance, one above the other.

    `data-hover` has the words for each point and its x, for a script that points at one.
    """
    say = words(language)
    panels = _panels(points, units, say)
    if not panels or points[-1].d <= 0:
        return svg.picture(WIDTH, 20, say("No curves"), [])
    far = [point.d / UNIT_M[units] for point in points]
    x_of = (WIDTH - _LEFT - _RIGHT) / far[-1]
    xs = [_LEFT + d * x_of for d in far]
    marks = [m for m in ticks(0, far[-1], 8) if m <= far[-1]]
    labels = [(_LEFT + m * x_of, say.number(f"{m:g}")) for m in marks]
    said = [say.number(f"{d:.2f} {units}") for d in far]
    for panel in panels:
        for values in panel.curves.values():
            shown = [None if v is None else f"{panel.label(v)} {panel.unit}" for v in values]
            said = [f"{a} · {b}" if b else a for a, b in zip(said, shown, strict=True)]
    names = ", ".join(panel.name if language == "de" else panel.name.lower() for panel in panels)
    title = f"{say('Over the distance')}: {names}"
    gaps = [point.gap for point in points]
    return _stack(panels, xs, labels, title, gaps=gaps, said=said, unit=units)


def fitness_svg(days: Sequence[Fitness], language: str = "en") -> str:
    """Draw fitness and fatigue as curves, and form, their difference, below them."""
    say = words(language)
    if len(days) < 2:
        return svg.picture(WIDTH, 20, say("No days"), [])
    xs = [_LEFT + i * (WIDTH - _LEFT - _RIGHT) / (len(days) - 1) for i in range(len(days))]
    form, whole = [day.tsb for day in days], "{:.0f}".format
    loads: dict[str, _Values] = {"ctl": [d.ctl for d in days], "atl": [d.atl for d in days]}
    high = ticks(0, max(max(d.ctl, d.atl, 10) for d in days), 4)
    wide = ticks(min([*form, -5]), max([*form, 5]), 3)
    panels = [
        _Panel(say("Fitness and fatigue"), say("load a day"), loads, high, whole, 190.0),
        _Panel(say("Form"), "", {"tsb": form}, wide, whole, 120.0),
    ]
    labels = [(x, say.day(d.day, "LLL")) for x, d in zip(xs, days, strict=True) if d.day.day == 1]
    said = [
        say(
            "%(day)s: fitness %(ctl).0f, fatigue %(atl).0f, form %(tsb)+.0f",
            day=say.day(d.day, "d MMMM"),
            ctl=d.ctl,
            atl=d.atl,
            tsb=d.tsb,
        )
        for d in days
    ]
    title = said[-1].replace(":", ",", 1)
    return _stack(panels, xs, labels, title, gaps=[False] * len(xs), said=said)


def year_svg(
    year: int, days: Mapping[date, float], units: Units = "km", language: str = "en"
) -> str:
    """Draw a year as a square for each day, a column for each week; `days` are metres."""
    say, first = words(language), date(year, 1, 1)
    side, left, top = 13.6, 30.0, 22.0
    known = sorted(metres for metres in days.values() if metres > 0)
    limits = [quantile(known, share) for share in (0.25, 0.5, 0.75)] if known else []
    named = [(row, say.day(date(2001, 1, row + 1), "ccc")) for row in (0, 2, 4, 6)]
    parts = [svg.text(0, top + row * side + 10, name) for row, name in named]
    for i in range((date(year + 1, 1, 1) - first).days):
        day = first + timedelta(days=i)
        column, row = divmod(i + first.weekday(), 7)
        metres = days.get(day, 0.0)
        look = f"day d{1 + sum(metres > limit for limit in limits)}" if metres else "day"
        far = say.number(f"{metres / UNIT_M[units]:.1f} {units}")
        said = f"{say.day(day, 'EEE d MMMM')}: {far}" if metres else ""
        x, y = left + column * side, top + row * side
        parts.append(svg.rect(x, y, side - 2.4, side - 2.4, said, rx=2.5, class_=look))
        if day.day == 1:
            parts.append(svg.text(x, 12, say.day(day, "LLL")))
    far = f"{sum(known) / UNIT_M[units]:.0f} {units}"
    title = say("%(year)s: %(far)s on %(days)s days", year=year, far=far, days=len(known))
    return svg.picture(left + 54 * side, top + 7 * side, title, parts)


def _panels(points: Sequence[TrackPoint], units: Units, say: Words) -> list[_Panel]:
    found, whole = [], "{:.0f}".format
    share = UNIT_M[units] / 1000
    pace = [None if value is None else value * share for value in paces(points)]
    if known := [value for value in pace if value is not None]:
        # A walk at the traffic lights would press the whole run into the upper edge.
        slow = min(max(known), quantile(known, 0.5) * 1.6)
        marks = minute_ticks(min(known), slow, 4)
        capped = [None if value is None else min(value, marks[-1]) for value in pace]
        curves = {"pace": capped}
        found.append(_Panel(say("Pace"), f"min/{units}", curves, marks, clock, 158.0, up=False))
    rates: _Values = [point.hr for point in points]
    if beats := [rate for rate in rates if rate is not None]:
        marks = ticks(min(beats), max(beats), 3)
        found.append(_Panel(say("Heart rate"), "bpm", {"hr": rates}, marks, whole, 128.0))
    heights = [point.ele for point in points]
    if levels := [height for height in heights if height is not None]:
        middle = (max(levels) + min(levels)) / 2
        # A flat run looks flat: the axis covers 40 m at least.
        marks = ticks(min([*levels, middle - 20]), max([*levels, middle + 20]), 3)
        curves = {"ele": heights}
        found.append(_Panel(say("Elevation"), "m", curves, marks, whole, 118.0, filled=True))
    return found


def _stack(
    panels: Sequence[_Panel],
    xs: Sequence[float],
    labels: Sequence[tuple[float, str]],
    title: str,
    *,
    gaps: Sequence[bool],
    said: Sequence[str],
    unit: str = "",
) -> str:
    """Return panels one above the other; `said` is what a script tells about each point."""
    parts: list[str] = []
    top = 0.0
    for panel in panels:
        parts += _panel(panel, xs, gaps, top)
        top += panel.height
    for x, label in labels:
        parts.insert(0, svg.line(x, 20, x, top - 14, "grid faint"))
        parts.append(svg.text(x, top + 4, label, anchor="middle"))
    parts.append(svg.text(WIDTH, top + 4, unit, "unit", "end"))
    hover = json.dumps([[round(x, 1), text] for x, text in zip(xs, said, strict=True)])
    return svg.picture(WIDTH, top + 10, title, parts, data_hover=hover)


def _panel(panel: _Panel, xs: Sequence[float], gaps: Sequence[bool], top: float) -> list[str]:
    low, high = panel.marks[0], panel.marks[-1]
    upper, lower = top + 32, top + panel.height - 14
    scale = (lower - upper) / (high - low)
    right = WIDTH - _RIGHT
    parts = [
        svg.text(0, top + 12, panel.name, "name"),
        svg.text(right, top + 12, panel.unit, "unit", "end"),
    ]

    def y_of(value: float) -> float:
        return lower - (value - low) * scale if panel.up else upper + (value - low) * scale

    parts += _axis(panel.marks, y_of, panel.label, _LEFT, right)
    for look, values in panel.curves.items():
        line: list[tuple[float, float]] = []
        for x, value, gap in zip(xs, values, gaps, strict=True):
            if value is None or gap:
                parts += _curve(line, look, lower if panel.filled else None)
                line = []
            if value is not None:
                line.append((x, y_of(value)))
        parts += _curve(line, look, lower if panel.filled else None)
    return parts


def _curve(line: Sequence[tuple[float, float]], look: str, floor: float | None) -> list[str]:
    if len(line) < 2:
        return []
    curve = [svg.path(line, f"curve {look}")]
    if floor is None:
        return curve
    ends = f"V{svg.number(floor)}H{svg.number(line[0][0])}Z"
    return [svg.path(line, f"area {look}", ends), *curve]


def _axis(
    marks: Sequence[float],
    y_of: Callable[[float], float],
    label: Callable[[float], str],
    left: float,
    right: float,
) -> list[str]:
    """Return a line over the whole width for each mark, and its words at the left."""
    lines = [svg.line(left, y_of(mark), right, y_of(mark)) for mark in marks]
    texts = [svg.text(left - 8, y_of(mark) + 4, label(mark), anchor="end") for mark in marks]
    return [*lines, *texts]
