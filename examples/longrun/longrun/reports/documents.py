"""Documents on A4: what a month, a run and a pace band have in common."""

import unicodedata
from collections.abc import Sequence
from datetime import UTC, date, datetime, time
from itertools import pairwise
from typing import Final

from anyascii import anyascii
from fpdf import FPDF

from longrun.languages import words
from longrun.model import Report, Runner, TrackPoint
from longrun.reports.scales import CLASSES, fifths, project, ticks

EDGE: Final = 18.0
WIDE: Final = 210 - 2 * EDGE
_BOTTOM: Final = 277.0
INK, SOFT, LINE, WASH = (29, 33, 31), (110, 117, 112), (224, 219, 209), (246, 244, 239)
ACCENT, SAND, HILL = (207, 61, 36), (201, 195, 180), (222, 217, 204)
# Slow to fast, as on the page of a run.
_PACES: Final = ((63, 95, 158), (43, 140, 155), (95, 174, 98), (226, 169, 47), (216, 67, 42))
_HEIGHTS_H: Final = 9.0
Colour = tuple[int, int, int]


class Document(FPDF):
    """A4 with our margins, fonts and footer; `at` is where the next part begins."""

    def __init__(self, runner: Runner, title: str, said: str, on: date) -> None:
        super().__init__(unit="mm", format="A4")
        self.say = words(runner.language)
        self._foot = plain(f"{runner.name}, {title}")
        self.set_auto_page_break(auto=False)
        self.set_title(f"{plain(title)}, {plain(runner.name)}")
        self.set_creator("longrun")
        self.set_lang(runner.language)
        self.set_creation_date(datetime.combine(on, time(), UTC))
        self.add_page()
        self.box(EDGE, EDGE, 12, 1.6, ACCENT)
        self.words(EDGE - 1, EDGE + 6, title, size=30, bold=True, wide=WIDE)
        self.words(EDGE - 1, EDGE + 21, said, size=11, colour=SOFT, wide=WIDE)
        self.at = EDGE + 34

    def footer(self) -> None:
        """Write whose document this is and the number of the page."""
        self.words(EDGE - 1, 285, self._foot, size=8, colour=SOFT)
        self.words(EDGE + 1, 285, str(self.page_no()), size=8, colour=SOFT, wide=WIDE, align="R")

    def finish(self, filename: str) -> Report:
        """Return the finished document."""
        return Report(filename, bytes(self.output()), self.pages_count)

    def words(
        self,
        x: float,
        y: float,
        text: str,
        *,
        size: float = 9,
        bold: bool = False,
        colour: Colour = INK,
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

    def heading(self, text: str, room: float = 0) -> None:
        """Begin a part, on a new page where `room` millimetres below it are not left on this."""
        self.room(8 + room)
        self.words(EDGE - 1, self.at, self.say.said(text), size=11, bold=True)
        self.at += 8

    def room(self, tall: float) -> bool:
        """Turn the page if there is no room for the next so many millimetres; tell if it did."""
        if self.at + tall <= _BOTTOM:
            return False
        self.add_page()
        self.at = EDGE
        return True

    def box(
        self, x: float, y: float, wide: float, tall: float, fill: Colour, *, r: float = 0
    ) -> None:
        """Fill a rectangle, its corners rounded by `r`."""
        self.set_fill_color(*fill)
        self.rect(x, y, wide, tall, style="F", round_corners=r > 0, corner_radius=r)

    def rule(self, x: float, y: float, wide: float, colour: Colour = LINE) -> None:
        """Draw a thin line."""
        self.set_draw_color(*colour)
        self.set_line_width(0.2)
        self.line(x, y, x + wide, y)

    def numbers(self, cells: Sequence[tuple[str, str, str]], note: str = "") -> None:
        """Write a strip of numbers, each with its name above and a note below."""
        y = self.at
        self.box(EDGE, y, WIDE, 25, WASH, r=2.5)
        for i, (name, value, below) in enumerate(cells):
            x = EDGE + i * WIDE / len(cells) + 4
            self.words(x, y + 4, self.say.said(name), size=8.5, colour=SOFT)
            self.words(x, y + 9, value, size=16, bold=True)
            self.words(x, y + 18, self.say.said(below), size=8.5, colour=SOFT)
        self.words(EDGE - 1, y + 27, note, size=7.5, colour=SOFT)
        self.at += 37 if note else 33

    def bars(self, heading: str, bars: Sequence[tuple[str, float]]) -> None:
        """Draw values as bars, the highest in colour."""
        self.heading(heading)
        top, floor = self.at + 2, self.at + 40
        values = [value for _, value in bars]
        marks = ticks(0, max([*values, 1.0]), 4)
        scale = (floor - top) / marks[-1]
        for mark in marks:
            y = floor - mark * scale
            self.rule(EDGE + 8, y, WIDE - 8)
            self.words(EDGE - 2, y - 1.6, f"{mark:g}", size=7.5, colour=SOFT, wide=8, align="R")
        slot = (WIDE - 8) / max(len(values), 1)
        for i, (name, value) in enumerate(bars):
            x, y = EDGE + 8 + i * slot, floor - value * scale
            if value:
                colour = ACCENT if value == max(values) else SAND
                self.box(x + slot * 0.22, y, slot * 0.56, value * scale, colour)
                over, said = max(y - 4.5, top - 5), self.say.number(f"{value:.1f}")
                self.words(x, over, said, size=8, bold=True, wide=slot, align="C")
            self.words(x, floor + 2, name, size=8, colour=SOFT, wide=slot, align="C")
        self.at = floor + 13

    def grid(
        self, columns: Sequence[tuple[str, float, str]], rows: Sequence[Sequence[str]], bold: int
    ) -> None:
        """Write rows below each other; a column is its name, its millimetres and L or R."""

        def row(cells: Sequence[str], colour: Colour = INK) -> None:
            x = EDGE
            for i, (text, (_, wide, align)) in enumerate(zip(cells, columns, strict=True)):
                left, is_bold = x + (1 if align == "R" else -1), i == bold and colour == INK
                self.words(
                    left, self.at, text, bold=is_bold, colour=colour, wide=wide, align=align
                )
                x += wide

        def head() -> None:
            row([self.say.said(name) for name, _, _ in columns], SOFT)
            self.at += 5.5
            self.rule(EDGE, self.at, WIDE, SOFT)
            self.at += 1.8

        head()
        for cells in rows:
            if self.room(8):
                head()
            row(cells)
            self.at += 5.6
            self.rule(EDGE, self.at, WIDE)
            self.at += 1.8
        self.at += 8

    def legend(self, y: float) -> None:
        """Say at the right edge which colour is slow and which is fast."""
        x = EDGE + WIDE - 8 - 6 * CLASSES
        self.words(x - 10.5, y + 0.6, self.say("slow"), size=8, colour=SOFT, wide=10, align="R")
        for i, colour in enumerate(_PACES):
            self.box(x + i * 6, y + 1.6, 6, 1.6, colour)
        fast = self.say("fast")
        self.words(EDGE + WIDE - 9, y + 0.6, fast, size=8, colour=SOFT, wide=10, align="R")

    def route(
        self, points: Sequence[TrackPoint], x: float, y: float, wide: float, tall: float
    ) -> None:
        """Draw a card with a route in the colours of its paces, above its hills."""
        self.box(x, y, wide, tall, WASH, r=2)
        self._hills(points, x, y + tall - _HEIGHTS_H, wide)
        spots, _ = project(points, x + 5, y + 4, wide - 10, tall - _HEIGHTS_H - 7)
        classes = fifths(points)
        self.set_line_width(0.7)
        for before, after in pairwise(spots):
            if not points[after].gap:
                self.set_draw_color(*_PACES[classes[after]])
                self.line(*spots[before], *spots[after])
        self.set_fill_color(*INK)
        for start in list(spots.values())[:1]:
            self.circle(*start, 0.9, style="F")

    def _hills(self, points: Sequence[TrackPoint], left: float, top: float, wide: float) -> None:
        known = [(point.d, point.ele) for point in points if point.ele is not None]
        if len(known) < 2 or known[-1][0] <= known[0][0]:
            return
        low, begin, foot, corner = min(ele for _, ele in known), known[0][0], top + _HEIGHTS_H, 2.0
        # A flat run stays flat: its few metres are not stretched to the height of the strip.
        scale_y = _HEIGHTS_H * 0.85 / max(max(ele for _, ele in known) - low, 60.0)
        scale_x, base = wide / (known[-1][0] - begin), top + _HEIGHTS_H * 0.85
        ridge = [(left + (d - begin) * scale_x, base - (ele - low) * scale_y) for d, ele in known]
        edge = [(left + wide, foot - corner), (left + wide - corner, foot)]
        edge += [(left + corner, foot), (left, foot - corner)]
        self.set_fill_color(*HILL)
        self.polygon([*ridge, *edge], style="F")


def plain(words: str) -> str:
    """Return words with the letters that the document's fonts have.

    The fonts that every reader of PDF brings know Western European letters only. Carrying one that
    knows more would make each document ten times as large; others are written with those, as on
    a passport.
    """
    return "".join(map(_letter, unicodedata.normalize("NFC", words)))


def _letter(letter: str) -> str:
    if not letter.isprintable():
        return "?"
    return letter if letter.encode("latin-1", "ignore") else anyascii(letter) or "?"
