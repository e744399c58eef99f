"""The route of a run, drawn without a map: pace as colour, kilometres, north and a scale."""

import math
from collections.abc import Collection, Sequence
from itertools import pairwise
from typing import Final

from longrun.model import TrackPoint, Units
from longrun.reports import svg
from longrun.reports.scales import paces, quantile
from longrun.units import UNIT_M, clock

WIDTH: Final = 760.0
HEIGHT: Final = 460.0
_EDGE: Final = 56.0
_METRES_PER_DEGREE: Final = 111_195.0
_CLASSES: Final = 5
_SCALES_M: Final = (50, 100, 200, 250, 500, 1000, 2000, 5000, 10_000, 20_000, 50_000)


def route_svg(points: Sequence[TrackPoint], units: Units = "km") -> str:
    """Draw where a run went; a recording without positions gives a drawing that says so."""
    placed = [
        (i, point.lat, point.lon)
        for i, point in enumerate(points)
        if point.lat is not None and point.lon is not None
    ]
    if len(placed) < 2:
        words = svg.text(WIDTH / 2, 60, "This recording has no positions.", anchor="middle")
        return svg.picture(WIDTH, 120, "No route", [words], class_="route")
    middle = math.radians((min(p[1] for p in placed) + max(p[1] for p in placed)) / 2)
    xs = {i: _METRES_PER_DEGREE * math.cos(middle) * lon for i, _, lon in placed}
    ys = {i: -_METRES_PER_DEGREE * lat for i, lat, _ in placed}
    wide, tall = _span(xs.values()), _span(ys.values())
    scale = min((WIDTH - 2 * _EDGE) / max(wide, 50), (HEIGHT - 2 * _EDGE) / max(tall, 50))
    left = (WIDTH - wide * scale) / 2 - min(xs.values()) * scale
    top = (HEIGHT - tall * scale) / 2 - min(ys.values()) * scale
    spots = {i: (left + xs[i] * scale, top + ys[i] * scale) for i, _, _ in placed}
    parts = [
        *_grid(scale),
        *_line(points, spots),
        *_markers(points, spots, units),
        *_ends(spots),
        *_scale_bar(scale, units),
        _north(),
        *_legend(points, units),
    ]
    title = f"Route of {points[-1].d / UNIT_M[units]:.1f} {units}, coloured by pace"
    return svg.picture(WIDTH, HEIGHT, title, parts, class_="route")


def _span(values: Collection[float]) -> float:
    return max(values) - min(values)


def _grid(scale: float) -> list[str]:
    step = next((m for m in _SCALES_M if m * scale >= 70), _SCALES_M[-1]) * scale
    lines = []
    for i in range(1, int(WIDTH / step) + 1):
        x = i * step
        lines.append(svg.element("line", x1=x, x2=x, y1=0, y2=HEIGHT, class_="grid"))
    for i in range(1, int(HEIGHT / step) + 1):
        y = i * step
        lines.append(svg.element("line", x1=0, x2=WIDTH, y1=y, y2=y, class_="grid"))
    return lines


def _line(points: Sequence[TrackPoint], spots: dict[int, tuple[float, float]]) -> list[str]:
    """Return the casing, then stretches of one pace class each, then the gaps as dots."""
    classes = _pace_classes(points)
    stretches: list[list[int]] = [[]]
    for i in sorted(spots):
        if points[i].gap and stretches[-1]:
            stretches.append([])
        stretches[-1].append(i)
    casing, colours, gaps = [], [], []
    for stretch in stretches:
        casing += _stroke([spots[i] for i in stretch], "casing")
        begin = 0
        for k in range(1, len(stretch)):
            if k + 1 == len(stretch) or classes[stretch[k + 1]] != classes[stretch[k]]:
                line = [spots[i] for i in stretch[begin : k + 1]]
                colours += _stroke(line, f"pace p{classes[stretch[k]]}")
                begin = k
    for before, after in pairwise(stretches):
        gaps += _stroke([spots[before[-1]], spots[after[0]]], "interrupted")
    return [*casing, *gaps, *colours]


def _stroke(line: Sequence[tuple[float, float]], class_: str) -> list[str]:
    return [svg.path(line, class_=class_)] if len(line) >= 2 else []


def _pace_classes(points: Sequence[TrackPoint]) -> list[int]:
    """Return 0 (slow) to 4 (fast) for each point, by the run's own fifths."""
    found = paces(points, window_s=60)
    known = [value for value in found if value is not None]
    if not known:
        return [0] * len(points)
    limits = [quantile(known, 1 - i / _CLASSES) for i in range(1, _CLASSES)]
    return [0 if v is None else sum(v < limit for limit in limits) for v in found]


def _markers(
    points: Sequence[TrackPoint], spots: dict[int, tuple[float, float]], units: Units
) -> list[str]:
    """Return a numbered dot at every whole unit, at most about a dozen."""
    unit = UNIT_M[units]
    every = next(n for n in (1, 2, 5, 10, 20, 50, 1000) if points[-1].d / unit / n <= 14)
    parts, following = [], every
    for i in sorted(spots):
        if points[i].d >= following * unit:
            x, y = spots[i]
            parts.append(svg.element("circle", cx=x, cy=y, r=9.0, class_="unit-dot"))
            parts.append(svg.text(x, y + 3.5, str(following), class_="unit-no", anchor="middle"))
            following = int(points[i].d / unit // every + 1) * every
    return parts


def _ends(spots: dict[int, tuple[float, float]]) -> list[str]:
    (sx, sy), (fx, fy) = spots[min(spots)], spots[max(spots)]
    return [
        svg.element("circle", "<title>Finish</title>", cx=fx, cy=fy, r=8.0, class_="finish"),
        svg.element("circle", "<title>Start</title>", cx=sx, cy=sy, r=6.0, class_="start"),
    ]


def _scale_bar(scale: float, units: Units) -> list[str]:
    if units == "mi":
        choices = [
            (mile * UNIT_M["mi"], f"{mile:g} mi") for mile in (0.05, 0.1, 0.25, 0.5, 1, 2, 5)
        ]
    else:
        choices = [(m, f"{m} m" if m < 1000 else f"{m // 1000} km") for m in _SCALES_M]
    metres, words = next(((m, w) for m, w in choices if m * scale >= 60), choices[-1])
    x, y = 20.0, HEIGHT - 20
    long = metres * scale
    ruler = f"M{svg.number(x)},{y - 6}v6h{svg.number(long)}v-6"
    return [
        svg.element("path", d=ruler, class_="ruler"),
        svg.text(x + long / 2, y - 8, words, class_="unit", anchor="middle"),
    ]


def _north() -> str:
    x, y = WIDTH - 30, 34.0
    arrow = svg.element("path", d=f"M{x},{y - 16}l6,16l-6,-4l-6,4z", class_="north")
    return arrow + svg.text(x, y + 14, "N", class_="unit", anchor="middle")


def _legend(points: Sequence[TrackPoint], units: Units) -> list[str]:
    known = [value for value in paces(points, window_s=60) if value is not None]
    if not known:
        return []
    share = UNIT_M[units] / 1000
    slow, fast = (clock(quantile(known, q) * share) for q in (0.9, 0.1))
    x, y = WIDTH - 20 - 5 * 22 - 50, HEIGHT - 28
    parts = [svg.text(x - 8, y + 8, slow, class_="unit", anchor="end")]
    parts += [
        svg.element("rect", x=x + 22 * i, y=y, width=22, height=8, class_=f"swatch p{i}")
        for i in range(_CLASSES)
    ]
    return [*parts, svg.text(x + 5 * 22 + 8, y + 8, f"{fast} /{units}", class_="unit")]
