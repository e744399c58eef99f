"""longrun.jobs and its consumer: imports that survive anything, mails that are due."""

import io
import json
import os
import random
import re
import signal
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import ModuleType

import longrun_files as files
import pytest
from longrun.errors import BadFile, NotYours
from longrun.model import ImportJob, Runner, Sport
from longrun.signals import account_deleted
from test_archives import archive

import longrun
from conftest import Browser
from longrun import activities, importer, jobs

RUNS = 24


WORDS = re.compile(r"working; what is to be done")


def gpx(day: int, count: int = 60) -> bytes:
    start = files.STARTED_AT + timedelta(days=day)
    return files.gpx(files.track(files.trkpts(count, start=start)))


def export() -> bytes:
    """Return an archive of RUNS runs, four of them twice, and two files that are none."""
    return archive(
        *((f"activities/{day}.gpx", gpx(day)) for day in range(RUNS)),
        *((f"activities/again-{day}.gpx", gpx(day)) for day in range(4)),
        ("activities/bad.fit", b"rubbish"),
        ("activities/empty.tcx", b""),
    ).getvalue()


def work(*, until: Callable[[], bool] | None = None, now: datetime | None = None) -> None:
    """Do what there is to do, in this process."""
    while jobs.step(now or datetime.now(UTC)) and not (until and until()):
        pass


def upload(browser: Browser, *uploads: tuple[str, bytes]) -> int:
    answer = browser.upload(*uploads)
    assert answer.status_code == 303, answer.text
    return int(answer.location.removeprefix("/imports/"))


def state(runner: Runner, number: int) -> ImportJob:
    job = jobs.progress(runner.id, number)
    assert job is not None
    return job


class Consumer:
    """`python -m longrun.work` as its user starts it."""

    def __init__(self, *command: str) -> None:
        path = str(Path(longrun.__file__).parents[1])
        self.process = subprocess.Popen(
            [sys.executable, *(command or ("-m", "longrun.work"))],
            env={**os.environ, "PYTHONPATH": path},
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self.process.stderr is not None
        # Commands of Flask may say something of their own first.
        assert any(WORDS.search(line) for line in self.process.stderr), "it ended at once"

    def end(self, number: int) -> tuple[int, str]:
        self.process.send_signal(number)
        _, said = self.process.communicate(timeout=30)
        return self.process.returncode, said


@pytest.fixture
def start() -> Iterator[Callable[..., Consumer]]:
    started: list[Consumer] = []

    def begin(*command: str) -> Consumer:
        started.append(Consumer(*command))
        return started[-1]

    yield begin
    for consumer in started:
        if consumer.process.poll() is None:
            consumer.end(signal.SIGKILL)


def wait_until(condition: Callable[[], bool], seconds: float = 50) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_an_archive_is_accepted_at_once_and_imported_later(at_home: Browser, ann: Runner) -> None:
    number = upload(at_home, ("export.zip", export()), ("one.gpx", gpx(100)))

    page = at_home.get(f"/imports/{number}").text
    assert "Your files wait to be opened" in page
    assert 'http-equiv="refresh"' in page
    assert "flask --app longrun.web work" in page
    assert activities.latest(ann.id) == []

    work()

    page = at_home.get(f"/imports/{number}").text
    assert "31 of 31 files are done: 25 added, 4 in your log already, 2 not read." in page
    assert 'http-equiv="refresh"' not in page
    assert "this is not a GPX, TCX or FIT file" in page
    assert page.index("bad.fit") < page.index("0.gpx")
    assert len(activities.latest(ann.id, 100)) == RUNS + 1
    assert f'href="/imports/{number}"' in at_home.get("/upload").text


def test_many_files_are_a_job_and_few_are_not(at_home: Browser, ann: Runner) -> None:
    answer = at_home.upload(*((f"{day}.gpx", gpx(day)) for day in range(10)))
    number = upload(at_home, *((f"{day}.gpx", gpx(day)) for day in range(5, 16)))

    work()

    assert answer.text.count('<li class="added">') == 10
    assert state(ann, number).counts == {"added": 6, "duplicate": 5}


def test_titles_and_sports_come_from_the_table_of_an_export(at_home: Browser, ann: Runner) -> None:
    table = "Filename,Activity Name,Activity Type\na/1.gpx,Lake <b>,Ride\n"
    upload(at_home, ("x.zip", archive(("activities.csv", table), ("a/1.gpx", gpx(1))).getvalue()))

    work()

    assert [(a.title, a.sport) for a in activities.latest(ann.id)] == [("Lake <b>", Sport.RIDE)]
    assert activities.bests(ann.id) == []


def test_looking_at_an_import_never_works_on_it(at_home: Browser, ann: Runner) -> None:
    number = upload(at_home, ("export.zip", export()))

    for path in (f"/imports/{number}", "/upload", "/"):
        at_home.get(path)

    assert not state(ann, number).is_listed


def test_an_import_belongs_to_its_runner(
    at_home: Browser, bob: Runner, new_browser: Callable[[], Browser]
) -> None:
    number = upload(at_home, ("export.zip", export()))
    other = new_browser()
    other.log_in(bob.email)

    assert other.get(f"/imports/{number}").status_code == 404
    assert jobs.progress(bob.id, number) is None


@pytest.mark.parametrize(
    ("data", "reason"),
    [(b"PK rubbish", "damaged"), (archive(("a.txt", "x")).getvalue(), "no GPX")],
)
def test_an_archive_that_is_none_is_one_bad_file(
    at_home: Browser, ann: Runner, data: bytes, reason: str
) -> None:
    number = upload(at_home, ("bad.zip", data), ("good.gpx", gpx(1)))

    work()

    assert state(ann, number).counts == {"added": 1, "bad": 1}
    assert reason in state(ann, number).files[0].reason


def test_the_files_are_gone_once_they_are_in_the_log(
    at_home: Browser, ann: Runner, tmp_path: Path
) -> None:
    number = upload(at_home, ("export.zip", export()))
    assert len(list((tmp_path / "instance" / "imports").iterdir())) == 1

    work()

    assert list((tmp_path / "instance" / "imports").iterdir()) == []
    assert state(ann, number).is_finished


def test_what_fails_for_another_reason_than_the_file_is_tried_again(
    at_home: Browser, ann: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = upload(at_home, ("a.zip", archive(("1.gpx", gpx(1)), ("2.gpx", gpx(2))).getvalue()))
    now, parse = datetime.now(UTC) + timedelta(minutes=1), importer.parse

    def fail(data: bytes, filename: str = "") -> object:
        if filename == "1.gpx":
            raise ConnectionError("the importer is away")
        return parse(data, filename)

    with monkeypatch.context() as away:
        away.setattr(importer, "parse", fail)
        work(now=now)
        assert state(ann, number).counts == {"added": 1, "waiting": 1}
        assert not jobs.step(now)
    work(now=now + timedelta(minutes=1))

    assert state(ann, number).counts == {"added": 2}


def test_an_archive_that_breaks_its_reader_is_bad_in_the_end_and_holds_up_no_other(
    at_home: Browser, ann: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = upload(at_home, ("a.zip", archive(("1.gpx", gpx(1))).getvalue()))
    now = datetime.now(UTC)

    def fail(_file: object) -> object:
        raise RuntimeError("this archive breaks it")

    with monkeypatch.context() as broken:
        broken.setattr(importer, "open_archive", fail)
        for hour in range(12):
            work(now=now + timedelta(hours=hour))
            assert hour > 8 or state(ann, number).counts == {"waiting": 1}
    second = upload(at_home, ("b.zip", archive(("2.gpx", gpx(2))).getvalue()))
    work()

    assert (state(ann, number).is_finished, state(ann, number).counts) == (True, {"bad": 1})
    assert state(ann, number).files[0].reason == "it could not be read in 10 attempts"
    assert state(ann, second).counts == {"added": 1}


def test_a_failure_that_passes_costs_no_archive_and_others_go_on(
    at_home: Browser, ann: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = [("a.zip", archive(("1.gpx", gpx(1))).getvalue()), ("2.gpx", gpx(2))]
    number = upload(at_home, *files)
    now = datetime.now(UTC) + timedelta(hours=1)

    def fail(_file: object) -> object:
        raise MemoryError

    with monkeypatch.context() as short:
        short.setattr(importer, "open_archive", fail)
        work(now=now)
    second = upload(at_home, ("b.zip", archive(("3.gpx", gpx(3))).getvalue()))
    work(now=now)

    assert state(ann, number).counts == {"waiting": 2}
    assert state(ann, second).counts == {"added": 1}
    work(now=now + timedelta(hours=1))
    assert state(ann, number).counts == {"added": 2}


def test_what_never_works_is_left_out_and_said(
    at_home: Browser, ann: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = upload(at_home, ("a.zip", archive(("1.gpx", gpx(1))).getvalue()))
    now = datetime.now(UTC)

    def fail(data: bytes, *_: object) -> object:
        if data:
            raise ConnectionError("the importer is lost with this file")
        raise BadFile("the file is empty")

    monkeypatch.setattr(importer, "parse", fail)
    for hour in range(12):
        work(now=now + timedelta(hours=hour))

    assert state(ann, number).counts == {"bad": 1}
    assert state(ann, number).files[0].reason == "it could not be read in 10 attempts"


@pytest.mark.parametrize("package", [importer, activities])
def test_an_outage_costs_no_file_however_long_it_is(
    at_home: Browser, ann: Runner, monkeypatch: pytest.MonkeyPatch, package: ModuleType
) -> None:
    number = upload(at_home, ("a.zip", archive(("1.gpx", gpx(1))).getvalue()))
    now = datetime.now(UTC)

    def fail(*_: object, **__: object) -> object:
        raise ConnectionError("it is away")

    with monkeypatch.context() as outage:
        outage.setattr(package, "parse" if package is importer else "add", fail)
        for hour in range(12):
            jobs.step(now + timedelta(hours=hour))
        assert state(ann, number).counts == {"waiting": 1}
    work(now=now + timedelta(hours=13))

    assert state(ann, number).counts == {"added": 1}


# Five interpreters, one after the other, on a machine that may be busy.
@pytest.mark.timeout(240)
def test_a_consumer_that_is_killed_at_any_point_loses_and_repeats_nothing(
    at_home: Browser, ann: Runner, start: Callable[..., Consumer]
) -> None:
    number = upload(at_home, ("export.zip", export()))

    for _ in range(4):
        consumer = start()
        # Not to wait for something: to hit another place each time.
        time.sleep(random.uniform(0, 0.4))
        consumer.end(signal.SIGKILL)
    consumer = start()
    wait_until(lambda: state(ann, number).is_finished)

    assert state(ann, number).counts == {"added": RUNS, "duplicate": 4, "bad": 2}
    found = activities.latest(ann.id, 1000)
    assert sorted(a.started_at for a in found) == [
        files.STARTED_AT + timedelta(days=day) for day in range(RUNS)
    ]
    assert consumer.end(signal.SIGTERM)[0] == 0


@pytest.mark.timeout(240)
def test_two_consumers_share_the_work(
    at_home: Browser, ann: Runner, start: Callable[..., Consumer]
) -> None:
    numbers = [upload(at_home, ("export.zip", export())) for _ in range(2)]

    both = [start(), start()]
    wait_until(lambda: all(state(ann, number).is_finished for number in numbers))

    counts = [state(ann, number).counts for number in numbers]
    assert sum(one.get("added", 0) for one in counts) == RUNS
    assert sum(one.get("duplicate", 0) for one in counts) == RUNS + 8
    assert [consumer.end(signal.SIGTERM)[0] for consumer in both] == [0, 0]


@pytest.mark.timeout(120)
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize(
    "command", [("-m", "longrun.work"), ("-m", "flask", "--app", "longrun.web", "work")]
)
def test_a_consumer_stops_at_once_and_says_no_more(
    start: Callable[..., Consumer], command: tuple[str, ...], number: int
) -> None:
    consumer = start(*command)
    begun = time.monotonic()

    assert consumer.end(number) == (0, "")
    assert time.monotonic() - begun < 10


@pytest.mark.timeout(120)
def test_who_registers_and_waits_sees_that_somebody_works(
    at_home: Browser, ann: Runner, start: Callable[..., Consumer]
) -> None:
    consumer = start()
    number = upload(at_home, ("export.zip", export()))
    wait_until(lambda: state(ann, number).is_attended)

    assert "Nothing works on imports" not in at_home.get(f"/imports/{number}").text
    consumer.end(signal.SIGTERM)


def test_an_account_that_is_deleted_takes_everything_along(
    at_home: Browser, ann: Runner, bob: Runner, tmp_path: Path
) -> None:
    for runner in (ann, bob):
        activities.add(runner.id, files.recording())
    number = upload(at_home, ("export.zip", export()))

    account_deleted.send("longrun.accounts", runner_id=ann.id)

    assert (activities.latest(ann.id), activities.bests(ann.id)) == ([], [])
    assert (jobs.progress(ann.id, number), jobs.imports(ann.id)) == (None, [])
    assert list((tmp_path / "instance" / "imports").iterdir()) == []
    assert not jobs.step(datetime.now(UTC))
    assert len(activities.latest(bob.id)) == 1
    assert activities.bests(bob.id) != []


def test_everything_can_be_taken_away(at_home: Browser, ann: Runner, bob: Runner) -> None:
    kept = activities.add(ann.id, files.recording(title="Lake"))
    activities.add(bob.id, files.recording(title="Theirs"))

    answer = at_home.get("/profile/export.zip")

    with zipfile.ZipFile(io.BytesIO(answer.data)) as taken:
        assert taken.testzip() is None
        name = f"activities/2026-03-01-{kept.id}.gpx"
        told = ["runner.json", "activities.json", "bests.json"]
        assert taken.namelist() == [*told, name]
        (run,) = importer.parse(taken.read(name))
        found = json.loads(taken.read("activities.json"))
        assert json.loads(taken.read("runner.json"))["email"] == ann.email
    assert (run.title, run.sport) == ("Lake", Sport.RUN)
    assert [activity["title"] for activity in found] == ["Lake"]
    assert 'href="/profile/export.zip"' in at_home.get("/profile").text


def test_a_log_of_nothing_can_be_taken_away(at_home: Browser) -> None:
    answer = at_home.get("/profile/export.zip")

    assert len(zipfile.ZipFile(io.BytesIO(answer.data)).namelist()) == 3


def test_what_is_deleted_or_broken_is_announced(tmp_path: Path) -> None:
    script = """
import longrun_files as files
from longrun import accounts, activities
from longrun.signals import activity_deleted, best_broken
from datetime import timedelta

heard = []
def broken(sender, runner_id, best, old):
    heard.append((best.distance_m, best.seconds < old.seconds, best.activity_id, old.activity_id))
def deleted(sender, runner_id, activity_id):
    heard.append((runner_id, activity_id))
best_broken.connect(broken)
activity_deleted.connect(deleted)
ann = accounts.register("ann@example.com", "correct horse", "Ann")
day = timedelta(days=1)
first = activities.add(ann.id, files.recording(1800, 300))
activities.add(ann.id, files.recording(1800, 310, started_at=files.STARTED_AT + day))
print(heard)
second = activities.add(ann.id, files.recording(1200, 290, started_at=files.STARTED_AT + 2 * day))
activities.delete(ann.id, second.id)
print(heard == [(1000.0, True, second.id, first.id), (ann.id, second.id)])
"""
    paths = [str(Path(longrun.__file__).parents[1]), str(Path(__file__).parent)]
    env = {"PYTHONPATH": os.pathsep.join(paths), "PATH": os.environ["PATH"]}
    env["LONGRUN_DATABASE"] = f"sqlite:///{tmp_path}/own.db"

    done = subprocess.run(
        [sys.executable, "-c", script], env=env, capture_output=True, text=True, check=False
    )

    assert (done.stdout, done.stderr) == ("[]\nTrue\n", "")


def test_somebody_elses_log_stays(ann: Runner, bob: Runner) -> None:
    theirs = activities.add(bob.id, files.recording())

    with pytest.raises(NotYours):
        activities.delete(ann.id, theirs.id)
