"""longrun.web.training: races, the plan and its calendar through HTTP, as a browser sees them."""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import longrun_files as files
import pytest
from icalendar import Calendar
from longrun.gpx import write_gpx
from longrun.model import Goal, Plan, ProfileChanges, Race, Runner

from conftest import Browser
from longrun import accounts, activities, training

DAY = timedelta(days=1)
GOAL = Goal(None, frozenset(range(7)), 8)


def today(runner: Runner) -> date:
    return datetime.now(ZoneInfo(runner.tz)).date()


@pytest.fixture
def race(bob: Runner) -> Race:
    return training.add_race(bob.id, "City run", today(bob) + timedelta(weeks=12), 5000)


@pytest.fixture
def plan(ann: Runner, race: Race) -> Plan:
    return training.enter(ann.id, race.id, GOAL)


@pytest.mark.parametrize("path", ["/races", "/races/new", "/races/1", "/plan"])
def test_a_visitor_is_sent_to_log_in(browser: Browser, path: str) -> None:
    assert browser.get(path).location == f"/login?next={path}"


@pytest.mark.parametrize("path", ["/races", "/plan"])
def test_a_visitor_to_the_api_gets_401(browser: Browser, path: str) -> None:
    assert browser.get(f"/api/v1{path}").status_code == 401


def test_empty_pages_say_what_to_do(at_home: Browser) -> None:
    assert "Put up the next one you want to run" in at_home.get("/races").text
    assert "Find a race" in at_home.get("/plan").text
    assert "you get a plan that ends on its day" in at_home.get("/").text


def test_a_race_added_by_one_is_seen_by_others(
    at_home: Browser, new_browser: Callable[[], Browser], ann: Runner, bob: Runner
) -> None:
    accounts.update_profile(ann.id, ProfileChanges("Ann", ann.tz, "mi", None))
    on = today(ann) + timedelta(weeks=20)
    answer = at_home.send(
        "/races/new", name="Ridge <run>", on=f"{on}", distance="5000", other="6,2", location="Lyon"
    )
    other = new_browser()
    other.log_in(bob.email)

    assert answer.status_code == 302
    (added,) = training.races(on)
    assert added.distance_m == pytest.approx(6.2 * 1609.344)
    assert answer.location == f"/races/{added.id}"
    for page in ("/races", answer.location):
        assert "Ridge &lt;run&gt;" in other.get(page).text
    assert "in 140 days" in at_home.get("/races").text


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"name": ""}, "A name has 1 to 120 characters"),
        ({"on": "soon"}, "A day is written like 2026-03-29"),
        ({"on": "2020-01-01"}, "This day is over"),
        ({"distance": "", "other": "far"}, "This is not a number"),
        ({"distance": "", "other": "nan"}, "A race has 1 to 200 km"),
        ({"url": "javascript:alert(1)"}, "An address begins with https://"),
    ],
)
def test_the_form_of_a_race_comes_back_with_what_is_wrong(
    at_home: Browser, ann: Runner, changes: dict[str, str], words: str
) -> None:
    fields = {"name": "City run", "on": f"{today(ann) + 30 * DAY}", "distance": "5000"}

    answer = at_home.send("/races/new", **fields | changes)

    assert answer.status_code == 422
    assert words in answer.text
    assert training.races(today(ann)) == []


def test_entering_a_race_shows_the_plan_everywhere(
    at_home: Browser, ann: Runner, race: Race
) -> None:
    page = f"/races/{race.id}"
    assert "Train for it" in at_home.get(page).text

    answer = at_home.send(page, target_s="25:00", days=["0", "2", "4", "6"], max_hours="5")

    assert answer.location == "/plan"
    shown = at_home.get("/plan").text
    assert shown.count("Week of ") == 13 or shown.count("Week of ") == 12
    assert "Race 5.0" in shown
    assert 'href="http://localhost/plan.ics?key=' in shown
    home = at_home.get("/").text
    assert "Next 7 days" in home
    assert f"City run</a> in {(race.on - today(ann)).days} days" in home
    again = at_home.get(page).text
    assert "Change your goal" in again
    assert 'value="25:00"' in again
    assert re.findall(r'value="(\d)" checked', again) == ["0", "2", "4", "6"]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"target_s": "fast"}, "A time is written like 1:45:00"),
        ({"target_s": "5:00"}, "Nobody runs this distance in such a time"),
        ({"days": ["1"]}, "A plan takes at least 3 days a week"),
        ({"max_hours": "1"}, "this race takes 2.5 hours a week"),
        ({"max_hours": "many"}, "This is not a number"),
    ],
)
def test_a_goal_that_cannot_be_planned_for_is_explained(
    at_home: Browser, race: Race, changes: dict[str, object], words: str
) -> None:
    fields = {"target_s": "", "days": ["0", "2", "4", "6"], "max_hours": "5"}

    answer = at_home.send(f"/races/{race.id}", **fields | changes)

    assert answer.status_code == 422
    assert words in answer.text


def test_a_race_that_is_too_soon_says_how_long_it_takes(at_home: Browser, ann: Runner) -> None:
    soon = training.add_race(ann.id, "Marathon", today(ann) + 30 * DAY, 42_195)

    answer = at_home.send(f"/races/{soon.id}", days=["0", "2", "4", "6"], max_hours="9")

    assert answer.status_code == 422
    assert re.search(r"it takes \d\d weeks to train for this race", answer.text)
    assert "No plan yet" in at_home.get("/plan").text


def test_a_race_predicts_your_time_and_one_that_is_not_there_is_404(
    at_home: Browser, ann: Runner, race: Race
) -> None:
    assert "a run of a kilometre tells" in at_home.get(f"/races/{race.id}").text
    activities.add(ann.id, files.recording(5000, started_at=datetime.now(UTC) - 2 * DAY))

    assert "25:00" in at_home.get(f"/races/{race.id}").text
    assert at_home.get("/races/99").status_code == 404
    assert at_home.send("/races/new", to="/races/99").status_code == 404


def test_leaving_a_race_forgets_its_plan(at_home: Browser, plan: Plan) -> None:
    page = f"/races/{plan.race.id}"

    assert at_home.send(page, to=f"{page}/leave").location == page
    assert "No plan yet" in at_home.get("/plan").text
    assert "Train for it" in at_home.get(page).text


def test_a_race_that_was_put_up_by_mistake_can_be_taken_away(
    at_home: Browser, ann: Runner, bob: Runner
) -> None:
    day = datetime.now(UTC).date() + 90 * DAY
    mine, others = (training.add_race(who.id, who.name, day, 5000) for who in (ann, bob))

    assert "Take this race away" not in at_home.get(f"/races/{others.id}").text
    answer = at_home.send(f"/races/{mine.id}", to=f"/races/{mine.id}/withdraw")
    refused = at_home.send(f"/races/{others.id}", to=f"/races/{others.id}/withdraw")

    assert answer.location == "/races"
    assert refused.location == f"/races/{others.id}"
    assert "Somebody else put up this race." in at_home.get("/races").text
    assert training.races(day) == [others]


def test_an_uploaded_run_ticks_the_planned_one_exactly_once(
    at_home: Browser, ann: Runner, plan: Plan
) -> None:
    planned = plan.workouts[1]
    noon = datetime.combine(planned.on, time(12), ZoneInfo(ann.tz)).astimezone(UTC)
    run = write_gpx(files.recording(planned.distance_m, started_at=noon, title="Noon"))

    assert "Added" in at_home.upload(("a.gpx", run)).text
    assert "Already in your log" in at_home.upload(("a.gpx", run)).text

    (added,) = activities.latest(ann.id)
    done = [w.on for w in training.schedule(ann.id, date.min, date.max) if w.done_by == added.id]
    assert done == [planned.on]
    assert at_home.get("/plan").text.count(f'href="/runs/{added.id}">✓ done') == 1

    at_home.send("/plan", to=f"/runs/{added.id}/delete")
    assert "✓ done" not in at_home.get("/plan").text


def test_a_run_is_missed_when_its_day_is_over_where_the_runner_lives(
    at_home: Browser, ann: Runner, race: Race
) -> None:
    # 25 hours apart: today in the west is over in the east.
    west = accounts.update_profile(ann.id, ProfileChanges("Ann", "Pacific/Niue", "km", None))
    days = frozenset((today(west).weekday() + number) % 7 for number in (0, 3, 5))
    made = training.enter(ann.id, race.id, Goal(None, days, 8))
    assert at_home.get("/plan").text.count('<li class="today">') == 1

    accounts.update_profile(ann.id, ProfileChanges("Ann", "Pacific/Kiritimati", "km", None))

    shown = at_home.get("/plan").text
    assert shown.count('<li class="missed">') == 1
    assert shown.count("<li class=") == len(made.workouts)


def test_a_calendar_program_needs_the_address_and_nothing_else(
    at_home: Browser, new_browser: Callable[[], Browser], plan: Plan
) -> None:
    def address() -> str:
        found = re.search(r'http://localhost(/plan\.ics\?key=[^"]+)', at_home.get("/plan").text)
        assert found
        return found[1]

    old, program = address(), new_browser()

    answer = program.get(old)

    assert answer.content_type == "text/calendar; charset=utf-8"
    assert len(Calendar.from_ical(answer.text).walk("VEVENT")) == len(plan.workouts)
    assert address() == old
    for wrong in ("/plan.ics", "/plan.ics?key=x", f"{old}x"):
        assert program.get(wrong).status_code == 404

    assert at_home.send("/plan", to="/plan/calendar").location == "/plan"
    assert address() != old
    assert program.get(old).status_code == 404
    assert program.get(address()).status_code == 200


def test_the_api_adds_and_lists_races(at_home: Browser, ann: Runner) -> None:
    on = today(ann) + 30 * DAY

    answer = at_home.client.post(
        "/api/v1/races", json={"name": "City run", "on": f"{on}", "distance_m": 10_000}
    )

    assert answer.status_code == 201
    added = answer.get_json()
    assert added | {"id": 0} == {
        "id": 0, "name": "City run", "on": f"{on}", "distance_m": 10_000.0, "location": "",
        "url": "", "added_by": ann.id,
    }  # fmt: skip
    assert at_home.get("/api/v1/races").get_json() == {"races": [added]}
    assert at_home.get(f"/api/v1/races?after={on + DAY}").get_json() == {"races": []}


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": 5}, "name"),
        ({"on": "soon"}, "on"),
        ({"on": None}, "on"),
        ({"distance_m": "10"}, "distance_m"),
        ({"distance_m": True}, "distance_m"),
        ({"distance_m": 10**400}, "distance_m"),
        ({"url": "ftp://x"}, "url"),
    ],
)
def test_an_error_of_the_api_names_the_field(
    at_home: Browser, ann: Runner, changes: dict[str, object], field: str
) -> None:
    fields = {"name": "City run", "on": f"{today(ann) + 30 * DAY}", "distance_m": 10_000}

    answer = at_home.client.post("/api/v1/races", json=fields | changes)

    assert answer.status_code == 400
    told = answer.get_json()
    assert sorted(told) == ["code", "description", "field", "message"]
    assert (told["message"], told["field"]) == ("invalid", field)


def test_the_api_wants_an_object_and_a_form_wants_its_token(at_home: Browser) -> None:
    assert at_home.client.post("/api/v1/races", json=[1]).status_code == 400
    assert at_home.client.post("/api/v1/races", data={"name": "x"}).status_code == 400
    assert at_home.get("/api/v1/plan?start=soon").get_json()["field"] == "start"


def test_the_api_tells_the_plan(at_home: Browser, plan: Plan) -> None:
    told = at_home.get("/api/v1/plan").get_json()["workouts"]
    first = plan.workouts[0]

    assert len(told) == len(plan.workouts)
    assert told[0]["on"] == f"{first.on}"
    assert (told[0]["kind"], told[0]["done_by"]) == (first.kind.value, None)
    assert told[0]["pace_s_per_km"] == list(first.pace_s_per_km)
    start = plan.workouts[3].on
    some = at_home.get(f"/api/v1/plan?start={start}&end={start + DAY}").get_json()["workouts"]
    assert [run["on"] for run in some] == [f"{start}"]
