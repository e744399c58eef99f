"""longrun in parts on real processes, with each part slow, hung and dead in turn.

Pages that can do without it go on, the others say which part is missing; work that was accepted is
done once, as soon as it can be.
"""

import io
import itertools
import os
import re
import shutil
import signal
import threading
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tests.reference import Longrun, longrun_in, visitors

# Eight processes are started, and each fault is waited for.
pytestmark = [pytest.mark.processes, pytest.mark.timeout(400)]

EMAIL, PASSWORD = "ann@example.com", "correct horse battery"
# What a part that is away costs a page, in seconds; longer than a busy machine takes to answer.
TIMEOUT = 6
FILL = """
import sys
from datetime import UTC, datetime, timedelta
from longrun import accounts, activities, training
from longrun.model import Goal, Recording, Source, Sport, TrackPoint

ann = accounts.register(sys.argv[1], sys.argv[2], "Ann Archer", confirmed=True)
today = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
for days in (20, 10, 3):
    points = tuple(TrackPoint(10.0 * i, 30.0 * i, 48 + 2e-4 * i, 2.0, 1.0, 150) for i in range(60))
    begin = today - timedelta(days=days)
    activities.add(ann.id, Recording(Source.GPX, Sport.RUN, begin, points, title=f"Run {days}"))
race = training.add_race(ann.id, "City run", today.date() + timedelta(weeks=10), 5000)
made = training.enter(ann.id, race.id, Goal(None, frozenset(range(7)), 8))
print(made.workouts[0].on, made.workouts[0].distance_m)
"""
DOES = {
    "accounts": "knows the runners",
    "activities": "keeps the log",
    "importer": "reads files",
    "training": "keeps races and plans",
    "reports": "draws charts and documents",
    "notify": "sends mail",
    "jobs": "imports archives",
}
PDF = f"/reports/{datetime.now(UTC):%Y-%m}.pdf"
LOG = ("/", "/runs", "/runs/1", f"/year/{datetime.now(UTC).year}", "/bests", "/api/v1/runs", PDF)
PLAN = ("/races", "/races/1", "/plan", "/api/v1/races", "/api/v1/plan")
PAGES = (*LOG, *PLAN, "/upload", "/profile", "/api/v1/me", "/healthz")
# The pages that have nothing to show without a part; all the others go on.
NEEDED = {
    "accounts": set(PAGES) - {"/healthz"},
    "activities": {*LOG, "/races/1", "/plan"},
    "training": set(PLAN),
    "reports": {PDF},
    "importer": set(),
    "notify": set(),
    "jobs": set(),
}
# The pages that leave something out, and say so.
LEFT_OUT = {
    "training": {"/"},
    "reports": {"/", "/runs/1", f"/year/{datetime.now(UTC).year}"},
    "notify": {"/profile"},
    "jobs": {"/upload"},
}


@pytest.fixture(scope="module")
def filled(tmp_path_factory) -> tuple[Path, str]:
    """An installation with Ann's log and plan, and what she is to run today."""
    place = tmp_path_factory.mktemp("filled")
    made = Longrun(place, place)
    return made.instance, made.python(FILL, EMAIL, PASSWORD)


def start(longrun, place: Path, instance: Path, visit):
    """Start longrun in parts, whose calls wait a short time only; return Ann's browser on it."""
    shutil.copytree(instance, longrun.instance)
    ignored = shutil.ignore_patterns("tests", "instance")
    longrun.root = shutil.copytree(longrun.root, place / "longrun", ignore=ignored)
    toml = longrun.root / "seamline.toml"
    short = re.sub(r"^timeout = .*\n", "", toml.read_text(), flags=re.MULTILINE)
    # Who is told by others takes less of their time than they have, as in the file itself.
    for part in DOES:
        seconds = TIMEOUT // 3 if part in {"training", "notify"} else TIMEOUT
        package = f'package = "longrun.{part}"\n'
        short = short.replace(package, f"{package}timeout = {seconds}\n")
    toml.write_text(f"startup_timeout = 90\n{short}")
    longrun.start("--layout", "micro")
    visitor = visit(longrun.url)
    assert visitor.fill_in("/login", email=EMAIL, password=PASSWORD).status_code == 200
    return visitor


@pytest.fixture
def ann(longrun, filled, visit, tmp_path):
    """Ann's browser on a longrun of the test's own."""
    return start(longrun, tmp_path, filled[0], visit)


@pytest.fixture(scope="module")
def standing(filled, tmp_path_factory) -> Iterator:
    """A longrun and Ann's browser on it, for tests that leave it whole and write nothing."""
    place = tmp_path_factory.mktemp("standing")
    with longrun_in(place) as longrun, visitors() as visit:
        yield longrun, start(longrun, place, filled[0], visit)


def ask(visitor) -> dict:
    """Ask for every page at once; return the answers."""
    with ThreadPoolExecutor(len(PAGES)) as pool:
        return dict(zip(PAGES, pool.map(visitor.get, PAGES), strict=True))


def is_whole(visitor) -> bool:
    """Tell whether every page is there with all it shows."""
    return all(
        a.status_code == 200 and "cannot be reached" not in a.text for a in ask(visitor).values()
    )


@contextmanager
def hung(pid: int) -> Iterator[None]:
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


@contextmanager
def slow(pid: int) -> Iterator[None]:
    """Let a process run a fifth of the time only."""
    enough = threading.Event()

    def pulse() -> None:
        while not enough.is_set():
            with hung(pid):
                enough.wait(0.2)
            enough.wait(0.05)

    thread = threading.Thread(target=pulse)
    thread.start()
    try:
        yield
    finally:
        enough.set()
        thread.join()


@contextmanager
def dead(longrun, part: str) -> Iterator[None]:
    """Kill a part, and let none of its successors start."""
    front = longrun.root / "longrun" / part / "__init__.py"
    shipped = front.read_text()
    front.write_text("raise RuntimeError('not today')\n")
    os.kill(longrun.worker(part)["pid"], signal.SIGKILL)
    try:
        yield
    finally:
        front.write_text(shipped)


def assert_said(answers: dict, part: str) -> None:
    """Every page works, or says that this part is missing."""
    for page, answer in answers.items():
        if page not in NEEDED[part]:
            assert answer.status_code == 200, f"{page}: {answer.text}"
            assert ("cannot be reached" in answer.text) == (page in LEFT_OUT.get(part, ())), page
        else:
            assert answer.status_code in {503, 504}, f"{page}: {answer.status_code}"
            assert int(answer.headers["Retry-After"]) >= 1
        if answer.status_code != 200 or "cannot be reached" in answer.text:
            assert f"part of longrun that {DOES[part]} cannot be reached" in answer.text, page


@pytest.mark.parametrize("part", DOES)
def test_every_page_works_or_says_which_part_is_missing(standing, part: str) -> None:
    longrun, ann = standing
    longrun.wait_until(lambda: is_whole(ann), "every page whole")

    with slow(longrun.worker(part)["pid"]):
        late = {page: answer.status_code for page, answer in ask(ann).items()}
    assert late == dict.fromkeys(PAGES, 200)

    with hung(longrun.worker(part)["pid"]):
        assert_said(ask(ann), part)
    longrun.wait_until(lambda: is_whole(ann), "every page whole after it hung")

    with dead(longrun, part):
        assert_said(ask(ann), part)
    longrun.wait_until(lambda: is_whole(ann), "every page whole after it was dead")


@pytest.mark.parametrize("fault", [signal.SIGKILL, signal.SIGSTOP])
def test_no_page_waits_for_the_worker_in_the_background(standing, fault: int) -> None:
    longrun, ann = standing
    pid = longrun.worker("worker")["pid"]
    os.kill(pid, fault)
    try:
        assert is_whole(ann)
    finally:
        if fault == signal.SIGSTOP:
            os.kill(pid, signal.SIGCONT)


def gpx(begin: datetime, metres: float) -> bytes:
    """Return an even run, a point each ten seconds and 30 m."""
    points = "".join(
        f'<trkpt lat="{48 + number * 30 / 111_195:.7f}" lon="2"><time>'
        f"{begin + timedelta(seconds=10 * number):%Y-%m-%dT%H:%M:%SZ}</time></trkpt>"
        for number in range(int(metres / 30) + 2)
    )
    return f'<gpx version="1.1" creator="test"><trk><trkseg>{points}</trkseg></trk></gpx>'.encode()


def upload(visitor, name: str, data: bytes):
    found = re.search(r'name="csrf" value="([^"]+)"', visitor.get("/races/new").text)
    assert found
    return visitor.post("/upload", data={"csrf": found[1]}, files={"files": (name, data)})


@pytest.mark.parametrize("part", ["training", "importer", "activities"])
def test_a_run_uploaded_during_an_outage_ticks_the_plan_after_it(
    longrun, ann, filled, part: str
) -> None:
    day, metres = filled[1].split()
    noon = datetime.fromisoformat(f"{day}T12:00:00").replace(tzinfo=UTC)
    before = len(ann.get("/api/v1/runs").json()["runs"])

    with dead(longrun, part):
        sent = upload(ann, "run.gpx", gpx(noon, float(metres)))
        assert sent.status_code == 200, sent.text
        # It is in the log already, or waits for what reads and keeps it.
        assert "run.gpx" in sent.text

    def ticked() -> dict:
        answer = ann.get(f"/api/v1/plan?start={day}")
        told = answer.json()["workouts"] if answer.status_code == 200 else []
        return {workout["on"]: workout["done_by"] for workout in told if workout["done_by"]}

    done = longrun.wait_until(ticked, "the workout ticked")
    runs = ann.get("/api/v1/runs").json()["runs"]
    assert len(runs) == before + 1
    assert done == {day: runs[0]["id"]}


def test_who_registers_while_no_mail_can_be_sent_gets_it_once(longrun, ann, visit) -> None:
    cleo = visit(longrun.url)
    with dead(longrun, "notify"):
        fields = {"email": "cleo@example.com", "password": PASSWORD, "name": "Cleo", "tz": "UTC"}
        sent = cleo.fill_in("/register", **fields).text
        # On a busy machine the answer may come too late; then it says so.
        assert "Check your mail" in sent or "may have been taken" in sent
    directory = longrun.instance / "mail"

    def mails() -> list[str]:  # Ann may get one, too: in the evening she is told of tomorrow's run
        every = [path.read_text() for path in directory.glob("*.eml")]
        return [mail for mail in every if "To: cleo@example.com\n" in mail]

    longrun.wait_until(mails, "the mail")
    os.kill(longrun.worker("notify")["pid"], signal.SIGKILL)
    longrun.wait_until(lambda: is_whole(ann), "every page whole")

    (mail,) = mails()
    link = re.search(r"/confirm/[\w-]+", mail)
    assert link
    assert "Your address is confirmed" in cleo.fill_in(link[0]).text


def test_an_archive_is_imported_once_whatever_is_killed(longrun, ann) -> None:
    count, packed = 120, io.BytesIO()
    before = len(ann.get("/api/v1/runs?limit=200").json()["runs"])
    begin = datetime(2025, 3, 1, 6, tzinfo=UTC)
    with zipfile.ZipFile(packed, "w") as archive:
        for number in range(count):
            archive.writestr(f"{number}.gpx", gpx(begin + timedelta(days=number), 3000))
    page = upload(ann, "all.zip", packed.getvalue()).url.path

    def finished() -> str:
        answer = ann.get(page)
        return answer.text if "<h1>Imported</h1>" in answer.text else ""

    parts = itertools.cycle(["importer", "activities", "jobs", "worker", "accounts", "training"])
    told = ""
    for kill, part in zip(range(12), parts, strict=False):
        os.kill(longrun.worker(part)["pid"], signal.SIGKILL)
        told = finished()
        assert not told or kill > 2, "the archive was imported before anything was killed"
        longrun.wait_until(longrun.is_ready, f"the successor of {part}")
    told = told or longrun.wait_until(finished, "the import")

    assert f"{count} of {count} files are done: {count} added" in told
    assert len(ann.get("/api/v1/runs?limit=200").json()["runs"]) == before + count
