"""The route of a run, drawn without a map: pace as colour, kilometres, north and a scale."""

import json
from collections.abc import Sequence
from itertools import groupby, pairwise
from typing import Final

from longrun.languages import Words, words
from longrun.model import TrackPoint, Units
from longrun.reports import svg
from longrun.reports.scales import CLASSES, fifths, paces, project, quantile
from longrun.units import UNIT_M, clock, distance

WIDTH: Final = 760.0
HEIGHT: Final = 460.0
_EDGE: Final = 56.0
_SCALES_M: Final = (50, 100, 200, 250, 500, 1000, 2000, 5000, 10_000, 20_000, 50_000)
_RULERS: Final[dict[Units, list[tuple[float, str]]]] = {
    "km": [(m, f"{m} m" if m < 1000 else f"{m // 1000} km") for m in _SCALES_M],
    "mi": [(mile * UNIT_M["mi"], f"{mile:g} mi") for mile in (0.05, 0.1, 0.25, 0.5, 1, 2, 5)],
}
_Spots = dict[int, tuple[float, float]]


def route_svg(points: Sequence[TrackPoint], units: Units = "km", language: str = "en") -> str:
    """Draw where a run went; a recording without positions gives a drawing that says so.

    `data-spots` has the place of each point, for a script that points at one.
    """
    say = words(language)
    spots, scale = project(points, _EDGE, _EDGE, WIDTH - 2 * _EDGE, HEIGHT - 2 * _EDGE)
    if not spots:
        note = say("This recording has no positions.")
        lines = [svg.text(WIDTH / 2, 60, note, anchor="middle")]
        return svg.picture(WIDTH, 120, say("No route"), lines, class_="route")
    parts = [
        *_grid(scale),
        *_line(points, spots),
        *_markers(points, spots, UNIT_M[units], say),
        *_furniture(points, scale, units, say),
    ]
    far = say.number(distance(points[-1].d, units))
    title = say("Route of %(distance)s, coloured by pace", distance=far)
    places = json.dumps([[round(v) for v in spots.get(i, ())] for i in range(len(points))])
    return svg.picture(WIDTH, HEIGHT, title, parts, class_="route", data_spots=places)


def _grid(scale: float) -> list[str]:
    step = next((m for m in _SCALES_M if m * scale >= 70), _SCALES_M[-1]) * scale
    columns, rows = range(1, int(WIDTH / step) + 1), range(1, int(HEIGHT / step) + 1)
    return [svg.line(i * step, 0, i * step, HEIGHT) for i in columns] + [
        svg.line(0, i * step, WIDTH, i * step) for i in rows
    ]


def _line(points: Sequence[TrackPoint], spots: _Spots) -> list[str]:
    """Return the casing, then the gaps as dots, then stretches of one pace class each."""
    classes = fifths(points)
    stretches: list[list[int]] = [[]]
    for i in sorted(spots):
        if points[i].gap and stretches[-1]:
            stretches.append([])
        stretches[-1].append(i)
    casing, colours = [], []
    for stretch in stretches:
        casing += _stroke([spots[i] for i in stretch], "casing")
        for colour, pairs in groupby(pairwise(stretch), lambda pair: classes[pair[1]]):
            (first, second), *rest = pairs
            inside = [first, second, *(i for _, i in rest)]
            colours += _stroke([spots[i] for i in inside], f"pace p{colour}")
    gaps = [[spots[before[-1]], spots[after[0]]] for before, after in pairwise(stretches)]
    return [*casing, *(svg.path(gap, "interrupted") for gap in gaps), *colours]


def _stroke(line: Sequence[tuple[float, float]], class_: str) -> list[str]:
    return [svg.path(line, class_)] if len(line) >= 2 else []


def _markers(points: Sequence[TrackPoint], spots: _Spots, unit: float, say: Words) -> list[str]:
    """Return a numbered dot at every whole unit, at most about a dozen, then finish and start."""
    every = next(n for n in (1, 2, 5, 10, 20, 50, 1000) if points[-1].d / unit / n <= 14)
    parts, following = [], every
    for i in sorted(spots):
        if points[i].d >= following * unit:
            x, y = spots[i]
            parts.append(svg.element("circle", cx=x, cy=y, r=9.0, class_="unit-dot"))
            parts.append(svg.text(x, y, str(following), "unit-no", "middle"))
            following = int(points[i].d / unit // every + 1) * every
    ends = ((say("Finish"), "finish", max(spots), 8.0), (say("Start"), "start", min(spots), 6.0))
    for said, name, i, r in ends:
        title, (x, y) = f"<title>{said}</title>", spots[i]
        parts.append(svg.element("circle", title, cx=x, cy=y, r=r, class_=name))
    return parts


def _furniture(points: Sequence[TrackPoint], scale: float, units: Units, say: Words) -> list[str]:
    """Return the ruler, the arrow to the north, and which colour is which pace."""
    metres, long_as = next((r for r in _RULERS[units] if r[0] * scale >= 60), _RULERS[units][-1])
    x, y, long = 20.0, HEIGHT - 20, metres * scale
    ruler = f"M{svg.number(x)},{y - 6}v6h{svg.number(long)}v-6"
    parts = [svg.element("path", d=ruler, class_="ruler")]
    parts.append(svg.text(x + long / 2, y - 8, say.number(long_as), "unit", "middle"))
    x, y = WIDTH - 30, 34.0
    parts.append(svg.element("path", d=f"M{x},{y - 16}l6,16l-6,-4l-6,4z", class_="north"))
    parts.append(svg.text(x, y + 14, "N", "unit", "middle"))
    known = [value for value in paces(points, window_s=60) if value is not None]
    if known:
        slow, fast = (clock(quantile(known, q) * UNIT_M[units] / 1000) for q in (0.9, 0.1))
        x, y = WIDTH - 20 - CLASSES * 22 - 80, HEIGHT - 28
        parts.append(svg.text(x - 8, y + 8, slow, "unit", "end"))
        swatches = [(x + 22 * i, y, f"swatch p{i}") for i in range(CLASSES)]
        parts += [svg.rect(left, top, 22, 8, "", class_=look) for left, top, look in swatches]
        parts.append(svg.text(x + CLASSES * 22 + 8, y + 8, f"{fast} /{units}", "unit"))
    return parts
