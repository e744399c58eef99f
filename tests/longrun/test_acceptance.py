"""longrun in parts on real processes: what a killed part costs, and what is left behind."""

import os
import re
import shutil
import signal
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from pathlib import Path

import pytest
from tests.reference import Longrun, longrun_in, visitors

# Starting five processes alone takes many seconds on a busy machine.
pytestmark = [pytest.mark.processes, pytest.mark.timeout(240)]

EMAIL, PASSWORD = "ann@example.com", "correct horse battery"
# A month that takes seconds to draw, so there is time to see it drawn.
FILL = """
import sys
from datetime import UTC, datetime, timedelta
from longrun import accounts, activities
from longrun.model import Recording, Source, Sport, TrackPoint

ann = accounts.register(sys.argv[1], sys.argv[2], "Ann Archer", confirmed=True)
for number in range(int(sys.argv[3])):
    points = tuple(
        TrackPoint(10.0 * i, 30.0 * i, 48 + 2e-4 * (i % 40), 2 + 2e-4 * (i // 7), 100.0, 150)
        for i in range(300)
    )
    begin = datetime(2026, 3, 1, 6, tzinfo=UTC) + timedelta(hours=3 * number)
    activities.add(ann.id, Recording(Source.GPX, Sport.RUN, begin, points, title=f"Run {number}"))
"""
RUNS = 200
REPORT = "/reports/2026-03.pdf"
# What can be read while the part that draws is away: none of these has a drawing.
PLAIN_PAGES = ("/runs?month=2026-03", "/bests", "/upload", "/profile", "/api/v1/runs")


@pytest.fixture(scope="module")
def instance(tmp_path_factory) -> Path:
    """The files of an installation with Ann's month; tests work on copies."""
    place = tmp_path_factory.mktemp("filled")
    made = Longrun(place, place)
    made.python(FILL, EMAIL, PASSWORD, str(RUNS))
    return made.instance


def start(longrun, instance: Path, visit) -> tuple:
    """Start longrun in parts, with Ann's month; return it and a browser with Ann logged in."""
    shutil.copytree(instance, longrun.instance)
    longrun.start("--layout", "micro")
    ann = visit(longrun.url)
    assert ann.fill_in("/login", email=EMAIL, password=PASSWORD).status_code == 200
    return longrun, ann


@pytest.fixture
def split(longrun, instance, visit) -> Callable:
    """Start a longrun of the test's own, and return it and Ann's browser."""
    return partial(start, longrun, instance, visit)


@pytest.fixture
def aside() -> Iterator[ThreadPoolExecutor]:
    """Where a request waits for its answer while the test looks on."""
    with ThreadPoolExecutor(1) as pool:
        yield pool


def begin_report(longrun, visitor, aside) -> tuple[Future, int]:
    """Ask for the PDF; return its future and the process that draws it, once it does."""
    pid = longrun.worker("reports")["pid"]
    before = cpu_seconds(pid)
    answer = aside.submit(visitor.get, REPORT)
    # A tenth of what the document takes on a small machine: it is not finished on a fast one.
    longrun.wait_until(
        lambda: answer.done() or cpu_seconds(pid) > before + 0.2, "the document being drawn"
    )
    assert not answer.done(), f"{answer.result()} came before it could be seen drawn"
    return answer, pid


def cpu_seconds(pid: int) -> float:
    """Return what a process has computed so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def assert_is_report(response) -> None:
    assert response.status_code == 200, response.text
    assert response.headers["Content-Type"] == "application/pdf"
    assert response.content.startswith(b"%PDF-")


def test_a_killed_renderer_costs_one_request_and_that_is_told_why(split, aside) -> None:
    longrun, ann = split()
    answer, pid = begin_report(longrun, ann, aside)

    os.kill(pid, signal.SIGKILL)
    during = {page: ann.get(page).status_code for page in (*PLAIN_PAGES, "/")}
    lost = answer.result()

    assert during == dict.fromkeys((*PLAIN_PAGES, "/"), 200)
    assert lost.status_code == 503
    assert int(lost.headers["Retry-After"]) >= 1
    assert lost.headers["Content-Type"].startswith("text/html")
    assert "part of longrun that draws charts and documents cannot be reached" in lost.text
    # The next one is drawn by a new process.
    assert_is_report(ann.get(REPORT))
    assert longrun.worker("reports")["pid"] != pid
    assert longrun.status()["restarts"] == 1
    assert longrun.interrupt() in {0, 130}


def change(longrun, place: Path, old: str, new: str) -> None:
    """Let longrun run from a copy with something else in its seamline.toml."""
    ignored = shutil.ignore_patterns("tests", "instance")
    longrun.root = shutil.copytree(longrun.root, place / "longrun", ignore=ignored)
    toml = longrun.root / "seamline.toml"
    shipped = toml.read_text()
    toml.write_text(shipped.replace(old, new))
    assert toml.read_text() != shipped


@pytest.fixture(scope="module")
def impatient(instance, tmp_path_factory) -> Iterator:
    """The same as `split`, started for all who leave it whole: drawings take 2 s at most."""
    place = tmp_path_factory.mktemp("impatient")
    with longrun_in(place) as longrun, visitors() as visit:
        change(longrun, place, "timeout = 20", "timeout = 2")
        yield start(longrun, instance, visit)
        assert longrun.interrupt() in {0, 130}


def test_a_report_that_may_be_made_again_survives_the_kill(
    longrun, split, tmp_path, aside
) -> None:
    change(longrun, tmp_path, "idempotent = [", 'idempotent = ["monthly_pdf", ')
    longrun, ann = split()
    answer, pid = begin_report(longrun, ann, aside)

    os.kill(pid, signal.SIGKILL)

    assert_is_report(answer.result())
    assert longrun.worker("reports")["pid"] != pid
    assert longrun.interrupt() in {0, 130}


@pytest.mark.parametrize(("page", "drawings"), [("/", 2), ("/runs/1", 3), ("/year/2026", 2)])
def test_a_hung_renderer_costs_the_drawings_only_and_is_waited_for_once(
    impatient, page: str, drawings: int
) -> None:
    longrun, ann = impatient
    whole = ann.get(page).text
    pid = longrun.worker("reports")["pid"]

    os.kill(pid, signal.SIGSTOP)
    began = time.monotonic()
    hung = ann.get(page)
    took = time.monotonic() - began
    os.kill(pid, signal.SIGCONT)

    assert whole.count("cannot be reached") == 0
    assert hung.status_code == 200
    assert hung.text.count("cannot be reached") == drawings
    assert re.search("Run 0|Run 199|March", hung.text)
    assert took < 2 * drawings
    assert ann.get(page).text.count("cannot be reached") == 0


def test_a_renderer_that_cannot_start_costs_the_drawings_only(impatient) -> None:
    longrun, ann = impatient
    front = longrun.root / "longrun" / "reports" / "__init__.py"
    shipped = front.read_text()

    front.write_text("raise RuntimeError('no paper')\n")
    os.kill(longrun.worker("reports")["pid"], signal.SIGKILL)
    page = ann.get("/")

    assert page.status_code == 200
    assert page.text.count("cannot be reached") == 2
    assert "Run 199" in page.text
    front.write_text(shipped)
    longrun.wait_until(lambda: "cannot be reached" not in ann.get("/").text, "drawings again")


def test_a_page_that_burns_cpu_does_not_hold_up_the_others(split, aside) -> None:
    longrun, ann = split()
    answer, _ = begin_report(longrun, ann, aside)

    during = [ann.get(page).status_code for page in PLAIN_PAGES]

    assert not answer.done(), "the report was ready before five pages were"
    assert during == [200] * len(PLAIN_PAGES)
    assert_is_report(answer.result())
    assert longrun.interrupt() in {0, 130}


def test_ctrl_c_leaves_nothing_behind(split) -> None:
    longrun, ann = split()
    assert_is_report(ann.get(REPORT))
    assert len(longrun.processes()) > 5

    assert longrun.interrupt() in {0, 130}

    assert longrun.processes() == set()
    assert longrun.leftovers() == []
    assert longrun.status() is None


def test_ctrl_c_lets_a_report_finish(split, aside) -> None:
    longrun, ann = split()
    answer, _ = begin_report(longrun, ann, aside)

    assert longrun.interrupt() in {0, 130}

    assert_is_report(answer.result())
    assert longrun.processes() == set()


def test_a_killed_supervisor_leaves_no_orphan(split) -> None:
    longrun, ann = split()
    assert_is_report(ann.get(REPORT))

    longrun.process.kill()
    longrun.process.wait()

    longrun.wait_until(lambda: not longrun.processes(), "the end of every worker")
    # The next start takes the place that was left.
    longrun.start("--layout", "micro")
    assert longrun.interrupt() in {0, 130}
    assert longrun.leftovers() == []
