"""Charts as SVG text: weeks, splits, and the profile of a run."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from longrun.model import Split, TrackPoint, Units, Week
from longrun.reports import svg
from longrun.reports.scales import minute_ticks, paces, quantile, ticks
from longrun.units import UNIT_M, clock

WIDTH: Final = 760.0
_LEFT, _RIGHT = 52.0, 12.0


@dataclass(frozen=True, slots=True)
class _Panel:
    """One curve over distance, with its own axis. `up` is False where less is better."""

    name: str
    unit: str
    class_: str
    values: Sequence[float | None]
    marks: Sequence[float]
    label: Callable[[float], str]
    height: float
    up: bool = True
    filled: bool = False


def weeks_svg(weeks: Sequence[Week], units: Units = "km") -> str:
    """Draw the distance of each week as a bar; the last one is the current week."""
    wide_all, height, top, bottom = 640.0, 390.0, 34.0, 30.0
    values = [week.distance_m / UNIT_M[units] for week in weeks]
    marks = ticks(0, max([*values, 1.0]), 4)
    floor = height - bottom
    scale = (floor - top) / marks[-1]
    parts = [svg.text(0, 12, f"{units} a week", class_="unit")]
    for mark in marks:
        y = floor - mark * scale
        parts.append(svg.element("line", x1=_LEFT - 16, x2=wide_all, y1=y, y2=y, class_="grid"))
        parts.append(svg.text(_LEFT - 24, y + 4, f"{mark:g}", anchor="end"))
    slot = (wide_all - _LEFT) / max(len(weeks), 1)
    wide = min(slot * 0.62, 44)
    for i, (week, value) in enumerate(zip(weeks, values, strict=True)):
        x = _LEFT + slot * (i + 0.5)
        tall = value * scale
        now = i == len(weeks) - 1
        words = f"Week of {week.start:%-d %B}: {value:.1f} {units} in {week.count} runs"
        bar = svg.element(
            "rect",
            f"<title>{words}</title>",
            x=x - wide / 2,
            y=floor - tall,
            width=wide,
            height=tall,
            rx=min(4.0, tall / 2),
            class_="bar now" if now else "bar",
        )
        parts.append(bar)
        if value:
            parts.append(
                svg.text(x, floor - tall - 7, f"{value:.0f}", class_="v", anchor="middle")
            )
        if len(weeks) <= 8 or (len(weeks) - 1 - i) % 2 == 0:
            parts.append(svg.text(x, height - 8, f"{week.start:%-d %b}", anchor="middle"))
    total = sum(values)
    return svg.picture(
        wide_all, height, f"Distance of the last {len(weeks)} weeks, {total:.0f} {units}", parts
    )


def splits_svg(splits: Sequence[Split], units: Units = "km") -> str:
    """Draw the pace of each kilometre as a bar: the longer, the faster."""
    paced = [s.seconds / s.distance_m * UNIT_M[units] for s in splits if s.seconds > 0]
    if not paced:
        return svg.picture(WIDTH, 20, "No splits", [])
    slow, fast = quantile(paced, 0.95), min(paced)
    mean = sum(s.seconds for s in splits) / sum(s.distance_m for s in splits) * UNIT_M[units]
    # The shortest bar still shows a fifth, so that a slow kilometre is not read as nothing.
    marks = minute_ticks(fast, slow + (slow - fast) * 0.25 + 10, 4)
    height, top, bottom = 210.0, 24.0, 28.0
    floor = height - bottom
    scale = (floor - top) / (marks[-1] - marks[0])
    parts = [svg.text(0, 12, f"pace, min/{units}", class_="unit")]
    for mark in marks:
        y = top + (mark - marks[0]) * scale
        parts.append(svg.element("line", x1=_LEFT - 8, x2=WIDTH, y1=y, y2=y, class_="grid"))
        parts.append(svg.text(_LEFT - 14, y + 4, clock(mark), anchor="end"))
    room = WIDTH - _LEFT
    metre = room / sum(s.distance_m for s in splits)
    x = _LEFT
    every = max(1, round(len(splits) / 20))
    for split in splits:
        wide = split.distance_m * metre
        value = split.seconds / split.distance_m * UNIT_M[units]
        tall = max(3.0, (marks[-1] - min(value, marks[-1])) * scale)
        words = f"Kilometre {split.km}: {clock(value)} /{units}"
        parts.append(
            svg.element(
                "rect",
                f"<title>{words}</title>",
                x=x + min(2.0, wide * 0.1),
                y=floor - tall,
                width=max(1.0, wide - min(4.0, wide * 0.2)),
                height=tall,
                rx=min(3.0, wide / 8),
                class_=_bar_class(value, mean, fast),
            )
        )
        if (split.km - 1) % every == 0 and wide > 14:
            parts.append(svg.text(x + wide / 2, height - 8, str(split.km), anchor="middle"))
        x += wide
    y = top + (mean - marks[0]) * scale
    parts.append(svg.element("line", x1=_LEFT, x2=WIDTH, y1=y, y2=y, class_="mean"))
    return svg.picture(WIDTH, height, f"Pace by kilometre, {clock(mean)} on average", parts)


def _bar_class(value: float, mean: float, fastest: float) -> str:
    if value == fastest:
        return "bar now"
    return "bar fast" if value < mean else "bar"


def profile_svg(points: Sequence[TrackPoint], units: Units = "km") -> str:
    """Draw pace, heart rate and height over the distance, one above the other."""
    panels = _panels(points, units)
    if not panels or points[-1].d <= 0:
        return svg.picture(WIDTH, 20, "No curves", [])
    total = points[-1].d / UNIT_M[units]
    marks = [mark for mark in ticks(0, total, 8) if mark <= total]
    x_of = (WIDTH - _LEFT - _RIGHT) / total
    xs = [_LEFT + point.d / UNIT_M[units] * x_of for point in points]
    parts, top = [], 0.0
    for panel in panels:
        parts += _panel(panel, xs, [point.gap for point in points], top)
        top += panel.height
    for mark in marks:
        x = _LEFT + mark * x_of
        parts.insert(0, svg.element("line", x1=x, x2=x, y1=20, y2=top - 14, class_="grid faint"))
        parts.append(svg.text(x, top + 4, f"{mark:g}", anchor="middle"))
    parts.append(svg.text(WIDTH, top + 4, units, class_="unit", anchor="end"))
    names = ", ".join(panel.name.lower() for panel in panels)
    return svg.picture(WIDTH, top + 10, f"Over the distance: {names}", parts)


def _panels(points: Sequence[TrackPoint], units: Units) -> list[_Panel]:
    found = []
    share = UNIT_M[units] / 1000
    pace = [None if value is None else value * share for value in paces(points)]
    known = [value for value in pace if value is not None]
    if known:
        # A walk at the traffic lights would press the whole run into the upper edge.
        slow = min(max(known), quantile(known, 0.5) * 1.6)
        marks = minute_ticks(min(known), slow, 4)
        capped = [None if value is None else min(value, marks[-1]) for value in pace]
        found.append(_Panel("Pace", f"min/{units}", "pace", capped, marks, clock, 150.0, up=False))
    rates = [point.hr for point in points]
    beats = [rate for rate in rates if rate is not None]
    if beats:
        marks = ticks(min(beats), max(beats), 3)
        found.append(_Panel("Heart rate", "bpm", "hr", rates, marks, "{:.0f}".format, 120.0))
    heights = [point.ele for point in points]
    levels = [height for height in heights if height is not None]
    if levels:
        middle = (max(levels) + min(levels)) / 2
        # A flat run looks flat: the axis covers 40 m at least.
        marks = ticks(min([*levels, middle - 20]), max([*levels, middle + 20]), 3)
        found.append(
            _Panel("Elevation", "m", "ele", heights, marks, "{:.0f}".format, 110.0, filled=True)
        )
    return found


def _panel(panel: _Panel, xs: Sequence[float], gaps: Sequence[bool], top: float) -> list[str]:
    low, high = panel.marks[0], panel.marks[-1]
    upper, lower = top + 24, top + panel.height - 14
    scale = (lower - upper) / (high - low)
    parts = [
        svg.text(0, top + 12, panel.name, class_="name"),
        svg.text(WIDTH - _RIGHT, top + 12, panel.unit, class_="unit", anchor="end"),
    ]

    def y_of(value: float) -> float:
        return lower - (value - low) * scale if panel.up else upper + (value - low) * scale

    for mark in panel.marks:
        y = y_of(mark)
        parts.append(svg.element("line", x1=_LEFT, x2=WIDTH - _RIGHT, y1=y, y2=y, class_="grid"))
        parts.append(svg.text(_LEFT - 8, y + 4, panel.label(mark), anchor="end"))
    line: list[tuple[float, float]] = []
    for x, value, gap in zip(xs, panel.values, gaps, strict=True):
        if value is None or gap:
            parts += _curve(panel, line, lower)
            line = []
        if value is not None:
            line.append((x, y_of(value)))
    return parts + _curve(panel, line, lower)


def _curve(panel: _Panel, line: Sequence[tuple[float, float]], lower: float) -> list[str]:
    if len(line) < 2:
        return []
    parts = []
    if panel.filled:
        ends = f"V{svg.number(lower)}H{svg.number(line[0][0])}Z"
        parts.append(svg.path(line, class_=f"area {panel.class_}", close=ends))
    return [*parts, svg.path(line, class_=f"curve {panel.class_}")]
