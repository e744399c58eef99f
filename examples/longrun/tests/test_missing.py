"""What a page says when a part cannot be reached, and what becomes of work that it should do."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import longrun_files as files
import pytest
from longrun.model import Runner
from longrun.signals import reset_requested
from test_letters import listen

from conftest import Browser
from longrun import activities, importer, jobs, notify, training


def away(part: str, error: type[Exception] = ConnectionRefusedError) -> Callable[..., object]:
    def fail(*_: object, **__: object) -> object:
        raise error(f"longrun.{part}.something did not run")

    return fail


@pytest.mark.parametrize(
    ("error", "code"),
    [(ConnectionRefusedError, 503), (ConnectionResetError, 503), (TimeoutError, 504)],
)
def test_a_page_says_which_part_it_cannot_do_without(
    at_home: Browser, monkeypatch: pytest.MonkeyPatch, error: type[Exception], code: int
) -> None:
    monkeypatch.setattr(activities, "latest", away("activities", error))

    page, told = at_home.get("/"), at_home.get("/api/v1/runs")

    assert (page.status_code, told.status_code) == (code, code)
    assert "The part of longrun that keeps the log cannot be reached just now" in page.text
    assert "Ann" in page.text
    assert int(page.headers["Retry-After"]) >= 1
    assert told.get_json()["part"] == "activities"


@pytest.mark.parametrize(
    ("part", "name", "page"),
    [
        (training, "entered", "/"),
        (notify, "preferences", "/profile"),
        (jobs, "imports", "/upload"),
    ],
)
def test_what_a_page_can_do_without_is_left_out(
    at_home: Browser, monkeypatch: pytest.MonkeyPatch, part: object, name: str, page: str
) -> None:
    monkeypatch.setattr(part, name, away("training"))

    answer = at_home.get(page)

    assert answer.status_code == 200
    assert answer.text.count("cannot be reached") == 1


@pytest.mark.parametrize(("part", "name"), [(importer, "parse"), (activities, "add")])
def test_an_upload_waits_for_the_part_that_is_away(
    at_home: Browser, ann: Runner, monkeypatch: pytest.MonkeyPatch, part: object, name: str
) -> None:
    with monkeypatch.context() as outage:
        outage.setattr(part, name, away("importer"))
        answer = at_home.upload(("run.gpx", files.gpx(files.track(files.trkpts(60)))))
    assert answer.status_code == 303, answer.text

    while jobs.step(datetime.now(UTC)):
        pass

    assert len(activities.latest(ann.id)) == 1
    assert at_home.get(answer.location).text.count("run.gpx") == 1


SCRIPT = """
import longrun_files as files
from longrun import accounts, activities
from longrun.signals import activity_added, activity_deleted

heard, is_away = [], True

def added(sender, activity):
    if is_away:
        raise ConnectionError
    heard.append(("added", activity.id))

def deleted(sender, runner_id, activity_id):
    if is_away:
        raise ConnectionError
    heard.append(("deleted", activity_id))

activity_added.connect(added)
activity_deleted.connect(deleted)
runner = accounts.register("signal@example.com", "correct horse", "Ann", confirmed=True)
first = activities.add(runner.id, files.recording())
activities.announce()
print(len(heard))
is_away = False
activities.announce()
activities.announce()
print(heard == [("added", first.id)])
is_away = True
activities.delete(runner.id, first.id)
is_away = False
again = activities.add(runner.id, files.recording())
activities.announce()
print(heard == [("added", first.id), ("deleted", first.id), ("added", again.id)])
"""


def test_what_somebody_could_not_hear_of_is_told_until_it_is_taken(tmp_path: Path) -> None:
    assert listen(tmp_path, SCRIPT).split() == ["0", "True", "True"]


def test_a_link_that_is_told_twice_is_one_mail(ann: Runner) -> None:
    for _ in range(2):
        reset_requested.send("longrun.accounts", runner=ann, token="t")

    assert [mail.to for mail in notify.outbox()] == [ann.email]
