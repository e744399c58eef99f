"""What the pages draw: fitness, a year of days, documents of runs, and what is missing."""

import io
import json
import re
import xml.etree.ElementTree as ET
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import longrun_files as files
import pytest
from longrun.model import Fitness, Runner
from pypdf import PdfReader

from conftest import Browser
from longrun import activities, reports

YEAR = datetime.now(UTC).year


def text_of(pdf: bytes) -> str:
    return "\n".join(page.extract_text() for page in PdfReader(io.BytesIO(pdf)).pages)


def fail(error: type[Exception], called: list[str], name: str) -> Callable:
    def failing(*_: object) -> str:
        called.append(name)
        raise error("nobody there")

    return failing


def test_a_year_shows_every_day_and_the_months_that_were_run(
    at_home: Browser, ann: Runner
) -> None:
    for month in (2, 3):
        at = datetime(2025, month, 5, 7, tzinfo=UTC)
        activities.add(ann.id, files.recording(10_000, started_at=at))

    page = at_home.get("/year/2025").text

    assert len(re.findall(r'class="day[ "]', page)) == 365
    assert "Wed 5 February: 10.0 km" in page
    assert "2025: 20 km on 2 days" in page
    assert re.findall(r"month=2025-(\d\d)", page) == ["03", "02"]
    assert "/year/2026" in page


@pytest.mark.parametrize("year", [1900, YEAR + 2, 10_000])
def test_a_year_that_nobody_ran_in_is_not_found(at_home: Browser, year: int) -> None:
    assert at_home.get(f"/year/{year}").status_code == 404


def test_an_empty_year_says_so(at_home: Browser) -> None:
    assert f"No run of {YEAR} is in your log." in at_home.get(f"/year/{YEAR}").text


def test_the_dashboard_draws_fitness(at_home: Browser, ann: Runner) -> None:
    at = datetime.now(UTC) - timedelta(days=3)
    activities.add(ann.id, files.recording(8000, started_at=at))

    page = at_home.get("/").text

    assert re.search(r"fitness [1-9]\d*, fatigue [1-9]", page)
    assert 'class="curve ctl"' in page


def test_the_points_of_a_run_are_told_for_a_script_that_follows_them(
    at_home: Browser, ann: Runner
) -> None:
    points = files.recording(3000, ele=lambda d: 100 + d / 100).points

    profile, route = (
        ET.fromstring(draw(points)) for draw in (reports.profile_svg, reports.route_svg)
    )

    told = json.loads(profile.get("data-hover") or "")
    assert len(told) == len(json.loads(route.get("data-spots") or "")) == len(points)
    assert told[-1][1] == "3.00 km · 5:00 min/km · 150 bpm · 130 m"
    assert all(a[0] <= b[0] for a, b in pairwise(told))


def test_a_run_is_a_document_too(at_home: Browser, ann: Runner) -> None:
    run = activities.add(ann.id, files.recording(4500, title="Łódź by night"))

    answer = at_home.get(f"/runs/{run.id}.pdf")

    assert answer.content_type == "application/pdf"
    text = text_of(answer.data)
    for words in ("ódz by night", "4.50 km", "22:30", "Splits", "5, the last 500 m"):
        assert words in text
    assert f"/runs/{run.id}.pdf" in at_home.get(f"/runs/{run.id}").text


def test_a_run_without_positions_is_a_document_without_a_route(
    at_home: Browser, ann: Runner
) -> None:
    run = activities.add(ann.id, files.recording(placed=False, hr=None))

    assert "Route" not in text_of(at_home.get(f"/runs/{run.id}.pdf").data)


def test_the_document_of_somebody_elses_run_is_not_found(at_home: Browser, bob: Runner) -> None:
    run = activities.add(bob.id, files.recording())

    assert at_home.get(f"/runs/{run.id}.pdf").status_code == 404


@pytest.mark.parametrize(
    ("metres", "seconds", "first", "rows"),
    [
        (42_195, 4 * 3600, "5:41", 43),
        (10_000, 2400, "4:00", 10),
        (400, 80, "1:20", 1),
        (100_000, 36_000, "30:00", 20),
    ],
)
def test_a_band_tells_when_to_pass_each_kilometre(
    ann: Runner, metres: float, seconds: float, first: str, rows: int
) -> None:
    made = reports.band_pdf(ann, "Town marathon", metres, seconds)

    text = text_of(made.pdf)
    assert made.pages == 1
    passed = re.findall(r"^(?:[\d]+ km|finish) (\S+)$", text, re.MULTILINE)
    # One band at an even pace, one that begins slowly.
    assert len(passed) == 2 * rows
    assert passed[0] == first


def test_a_band_that_starts_slowly_arrives_on_time(ann: Runner) -> None:
    text = text_of(reports.band_pdf(ann, "Ten", 10_000, 3000).pdf)

    # Half is later than 25:00 by 3 % of a quarter of the time, the whole is not.
    assert text.count("25:00") == 1
    assert "25:22" in text
    assert text.count("50:00") == 3


@pytest.mark.parametrize("count", [0, 1, 2, 400])
def test_fitness_of_any_number_of_days_is_a_chart(count: int) -> None:
    days = [Fitness(date(2026, 1, 1) + timedelta(days=i), 50, i, 80, i - 80) for i in range(count)]

    assert ET.fromstring(reports.fitness_svg(days)).get("role") == "img"


@pytest.mark.parametrize("page", ["/", "/year/2026", "/runs/1"])
def test_a_page_whose_drawings_are_missing_says_which_and_shows_the_rest(
    at_home: Browser, ann: Runner, monkeypatch: pytest.MonkeyPatch, page: str
) -> None:
    activities.add(ann.id, files.recording(title="By the lake"))
    called: list[str] = []
    drawings = [name for name in reports.__all__ if name.endswith("_svg")]
    for name in drawings:
        monkeypatch.setattr(reports, name, fail(ConnectionRefusedError, called, name))

    answer = at_home.get(page)

    assert answer.status_code == 200
    assert answer.text.count("cannot be reached") == len(called) > 1
    assert "5.0" in answer.text or "5.00" in answer.text


def test_a_page_waits_for_one_drawing_that_is_late_only(
    at_home: Browser, ann: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    activities.add(ann.id, files.recording())
    called: list[str] = []
    for name in ("route_svg", "profile_svg", "splits_svg"):
        monkeypatch.setattr(reports, name, fail(TimeoutError, called, name))

    page = at_home.get("/runs/1").text

    assert called == ["route_svg"]
    assert page.count("cannot be reached") == 3
    # Another page asks again.
    at_home.get("/runs/1")
    assert called == ["route_svg"] * 2


@pytest.mark.parametrize("path", ["/", "/login", "/register", "/runs", "/upload", "/bests"])
def test_a_page_loads_nothing_from_elsewhere_and_holds_no_script(
    at_home: Browser, path: str
) -> None:
    answer = at_home.get(path)

    loaded = re.findall(r'(?:src|href|action)="((?:https?:)?//[^"]*)"', answer.text)
    assert loaded == []
    # The one script is a file of ours, for comfort: there is none in the page.
    assert re.findall(r"<script[^>]*>", answer.text) in (
        [], ['<script src="/static/longrun.js" defer>']
    )  # fmt: skip
    assert "default-src 'self'" in answer.headers["Content-Security-Policy"]


@pytest.mark.parametrize("path", ["/register", "/login"])
def test_every_field_has_a_label(browser: Browser, path: str) -> None:
    page = browser.get(path).text

    named = set(re.findall(r'<input id="(\w+)"', page))
    assert named
    assert named <= set(re.findall(r'<label for="(\w+)"', page))
