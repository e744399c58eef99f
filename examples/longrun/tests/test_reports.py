"""longrun.reports: charts as SVG, the month as PDF."""

import io
import xml.etree.ElementTree as ET
from dataclasses import replace
from datetime import UTC, date, datetime

import longrun_files as files
import pytest
from longrun.model import Activity, Best, Period, Runner, Source, Split, Sport, TrackPoint, Week
from pypdf import PdfReader

from longrun import reports

RUNNER = Runner(1, "ann@example.com", "Ann", "Europe/Paris", "km", None, confirmed=True)
TRACK = files.recording(5000, ele=lambda d: 100 + d / 100).points
EMPTY = Period(date(2026, 2, 1), date(2026, 3, 1), 0, 0.0, 0.0, 0.0, ())
MARCH = Period(
    date(2026, 3, 1), date(2026, 4, 1), 2, 15_000.0, 4500.0, 120.0,
    (Week(date(2026, 2, 23), 0, 0.0), Week(date(2026, 3, 2), 2, 15_000.0)),
)  # fmt: skip


def run(number: int, title: str = "Lake") -> Activity:
    started_at = datetime(2026, 3, 1 + number % 28, 23, 30, tzinfo=UTC)
    return Activity(
        number, 1, title, "", Sport.RUN, started_at, 7500.0, 2250.0, 2300.0, 60.0, 150, 170,
        Source.GPX, "", "d",
    )  # fmt: skip


def text_of(pdf: bytes) -> str:
    return "\n".join(page.extract_text() for page in PdfReader(io.BytesIO(pdf)).pages)


def shapes(svg: str, class_: str) -> list[ET.Element]:
    return [e for e in ET.fromstring(svg).iter() if class_ in (e.get("class") or "").split()]


def test_a_chart_is_well_formed_and_named_for_those_who_cannot_see_it() -> None:
    for svg in (
        reports.weeks_svg(MARCH.by_week),
        reports.route_svg(TRACK),
        reports.profile_svg(TRACK),
        reports.splits_svg([Split(1, 1000, 300, 0, None)]),
    ):
        root = ET.fromstring(svg)
        assert root.get("role") == "img"
        assert root.get("aria-label")


def test_weeks_are_bars_with_their_distance() -> None:
    svg = reports.weeks_svg([Week(date(2026, 3, 2), 2, 15_000), Week(date(2026, 3, 9), 1, 5000)])

    tall = [float(bar.get("height") or 0) for bar in shapes(svg, "bar")]
    assert tall[0] == pytest.approx(3 * tall[1], rel=0.01)
    assert "15.0 km in 2 runs" in svg


def test_weeks_are_drawn_in_the_runners_units() -> None:
    assert "9.3 mi in 2 runs" in reports.weeks_svg([Week(date(2026, 3, 2), 2, 15_000)], "mi")


@pytest.mark.parametrize("weeks", [[], [Week(date(2026, 3, 2), 0, 0.0)]], ids=["none", "empty"])
def test_a_chart_of_nothing_is_a_chart(weeks: list[Week]) -> None:
    assert not [b for b in shapes(reports.weeks_svg(weeks), "bar") if float(b.get("height") or 0)]


def test_a_route_has_a_start_a_finish_and_kilometres() -> None:
    svg = reports.route_svg(TRACK)

    assert len(shapes(svg, "start")) == len(shapes(svg, "finish")) == 1
    assert [e.text for e in shapes(svg, "unit-no")] == ["1", "2", "3", "4", "5"]


def test_a_route_is_coloured_by_pace() -> None:
    fast = files.recording(2000, 240).points
    slow = files.recording(2000, 400).points
    joined = [*fast]
    for p in slow[1:]:
        lat = (p.lat or 0) + 2000 / files.METRES_PER_DEGREE
        joined.append(replace(p, t=fast[-1].t + p.t, d=fast[-1].d + p.d, lat=lat))

    svg = reports.route_svg(joined)

    assert shapes(svg, "p0")
    assert shapes(svg, "p4")


def test_a_gap_is_no_line_of_the_route() -> None:
    points = files.with_pause(files.recording(), 100, 60, gap=True).points

    assert len(shapes(reports.route_svg(points), "casing")) == 2
    assert len(shapes(reports.route_svg(points), "interrupted")) == 1


@pytest.mark.parametrize(
    "points",
    [
        [],
        [TrackPoint(0, 0, 48.0, 2.0)],
        [TrackPoint(0, 0), TrackPoint(5, 10)],
        [TrackPoint(0, 0, 48.0, 2.0), TrackPoint(5, 0, 48.0, 2.0)],
        [TrackPoint(0, 0, 90.0, 180.0), TrackPoint(5, 1e6, -90.0, -180.0)],
    ],
    ids=["none", "one", "no positions", "standing", "around the world"],
)
def test_any_track_can_be_drawn(points: list[TrackPoint]) -> None:
    ET.fromstring(reports.route_svg(points))
    ET.fromstring(reports.profile_svg(points))


def test_a_profile_shows_what_was_recorded_only() -> None:
    bare = [replace(point, hr=None, ele=None) for point in TRACK]

    assert len(shapes(reports.profile_svg(TRACK), "curve")) == 3
    assert len(shapes(reports.profile_svg(bare), "curve")) == 1


def test_the_fastest_split_stands_out() -> None:
    splits = [Split(1, 1000, 300, 0, None), Split(2, 1000, 280, 0, None),
              Split(3, 500, 160, 0, None)]  # fmt: skip

    svg = reports.splits_svg(splits)

    assert "4:40" in ET.tostring(shapes(svg, "now")[0], encoding="unicode")
    assert len(shapes(svg, "bar")) == 3


def test_the_month_as_a_document_has_totals_runs_and_bests_as_text() -> None:
    made = reports.monthly_pdf(
        RUNNER,
        date(2026, 3, 1),
        MARCH,
        EMPTY,
        [run(2, "Along the lake"), run(1, "Intervals")],
        bests=[Best(5000.0, 1234.0, 1, date(2026, 3, 2))],
        tracks={1: TRACK, 2: TRACK},
    )

    text = text_of(made.pdf)
    assert made.filename == "longrun-2026-03.pdf"
    assert made.pages == len(PdfReader(io.BytesIO(made.pdf)).pages)
    for words in ("March 2026", "15.0 km", "1:15:00", "Along the lake", "Intervals", "20:34"):
        assert words in text
    assert text.index("Intervals") < text.index("Along the lake")


def test_every_route_of_the_document_has_its_day_and_the_colours_their_meaning() -> None:
    made = reports.monthly_pdf(
        RUNNER, date(2026, 3, 1), MARCH, EMPTY, [run(1, "Intervals")], tracks={1: TRACK}
    )

    text = text_of(made.pdf)
    assert "3  Intervals" in text
    assert text.index("slow") < text.index("fast")


def test_a_route_without_heights_is_drawn_without_hills() -> None:
    flat = [replace(point, ele=None) for point in TRACK]

    without, with_hills = (
        reports.monthly_pdf(RUNNER, date(2026, 3, 1), MARCH, EMPTY, [run(1)], tracks={1: track})
        for track in (flat, TRACK)
    )

    assert without.pages == with_hills.pages
    assert len(without.pdf) < len(with_hills.pdf)


def test_a_week_of_the_document_is_named_by_its_days_in_the_month() -> None:
    made = reports.monthly_pdf(RUNNER, date(2026, 3, 1), MARCH, EMPTY, [])

    # The first week of March 2026 has its Sunday only.
    lines = text_of(made.pdf).splitlines()
    assert {"1", "2-8"} <= set(lines)


def test_days_in_the_document_are_the_runners() -> None:
    made = reports.monthly_pdf(RUNNER, date(2026, 3, 1), MARCH, EMPTY, [run(1)])

    # 23:30 UTC on Monday the second is Tuesday the third in Paris.
    assert "Tue 3" in text_of(made.pdf)


def test_a_month_without_runs_is_a_document_too() -> None:
    made = reports.monthly_pdf(RUNNER, date(2026, 2, 1), EMPTY, EMPTY, [])

    assert made.pages == 1
    assert "Nothing this month" in text_of(made.pdf)


def test_a_full_month_goes_over_pages_and_loses_no_run() -> None:
    runs = [run(i, f"Run number {i:03d}") for i in range(60)]

    made = reports.monthly_pdf(RUNNER, date(2026, 3, 1), MARCH, EMPTY, runs)

    text = text_of(made.pdf)
    assert made.pages >= 2
    assert [i for i in range(60) if f"Run number {i:03d}" not in text] == []


@pytest.mark.parametrize(
    ("title", "printed"),
    [
        ("日本の朝", "RiBennoChao"),
        ("Москва, Łódź \N{EN DASH} wieczór", "Moskva, Lódz - wieczór"),
        ("Zoe\N{COMBINING DIAERESIS}", "Zoë"),
        ("\u202eevil", "?evil"),
        ("🏃", ":person_running:"),
        ("x" * 120, "xxx..."),
    ],
)
def test_any_title_can_be_printed(title: str, printed: str) -> None:
    runner = replace(RUNNER, name=title[:80])

    made = reports.monthly_pdf(runner, date(2026, 3, 1), MARCH, EMPTY, [run(1, title)])

    assert printed in text_of(made.pdf)


def test_the_same_month_gives_the_same_document() -> None:
    first, second = (
        reports.monthly_pdf(RUNNER, date(2026, 3, 1), MARCH, EMPTY, [run(1)]) for _ in range(2)
    )

    assert first == second
