"""longrun.web: pages, forms, sessions, the JSON API; through HTTP as a browser sees it."""

import io
import re
import stat
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import longrun_files as files
import pytest
from longrun.model import Activity, Runner
from longrun.web import create_app
from pypdf import PdfReader

from conftest import PASSWORD, Browser
from longrun import accounts, activities, importer

PRIVATE = ["/upload", "/runs", "/runs/1", "/runs/1.gpx", "/bests", "/profile", "/imports/1",
           "/reports/2026-03.pdf", "/profile/export.zip", "/admin/outbox"]  # fmt: skip
PRIVATE_API = ["/api/v1/me", "/api/v1/runs", "/api/v1/runs/1"]


@pytest.fixture
def lake(ann: Runner) -> Activity:
    return activities.add(ann.id, files.recording(title="Lake", ele=lambda d: 100 + d / 100))


def test_a_visitor_is_told_what_this_is(browser: Browser) -> None:
    page = browser.get("/")

    assert page.status_code == 200
    assert "Start your log" in page.text


@pytest.mark.parametrize("path", PRIVATE)
def test_a_visitor_is_sent_to_log_in_and_back(browser: Browser, path: str) -> None:
    answer = browser.get(path)

    assert answer.status_code == 302
    assert answer.location == f"/login?next={path}"


@pytest.mark.parametrize("path", PRIVATE_API)
def test_a_visitor_to_the_api_gets_401_as_json(browser: Browser, path: str) -> None:
    answer = browser.get(path)

    assert answer.status_code == 401
    assert sorted(answer.get_json()) == ["code", "description", "message"]


def test_registering_sends_to_the_mailbox(browser: Browser) -> None:
    answer = browser.send(
        "/register", name="Ann", email="ann@example.com", password=PASSWORD, tz="Europe/Paris"
    )

    assert answer.location == "/confirm"
    assert "Check your mail" in browser.get("/confirm").text
    assert "Hello, Ann" not in browser.get("/").text
    assert accounts.vouch("ann@example.com").tz == "Europe/Paris"


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("email", "nonsense", "look like an e-mail address"),
        ("password", "short", "8 to 256 characters"),
        ("name", " ", "1 to 80 characters"),
        ("tz", "Mars", "is not a time zone"),
    ],
)
def test_a_form_comes_back_with_what_is_wrong(
    browser: Browser, field: str, value: str, words: str
) -> None:
    fields = {"name": "Ann", "email": "ann@example.com", "password": PASSWORD, "tz": "UTC"}

    answer = browser.send("/register", **fields | {field: value})

    assert answer.status_code == 422
    assert words in answer.text
    assert PASSWORD not in answer.text


def test_a_taken_address_is_said(browser: Browser, ann: Runner) -> None:
    answer = browser.send("/register", name="A", email=ann.email, password=PASSWORD, tz="UTC")

    assert answer.status_code == 422
    assert "has an account already" in answer.text


def test_logging_in_and_out(browser: Browser, ann: Runner) -> None:
    assert browser.log_in(ann.email).location == "/"
    assert "Hello, Ann" in browser.get("/").text

    assert browser.send("/profile", to="/logout").location == "/"
    assert "Hello" not in browser.get("/").text


@pytest.mark.parametrize("email", ["ann@example.com", "nobody@example.com"])
def test_a_failed_login_does_not_say_what_was_wrong(
    browser: Browser, ann: Runner, email: str
) -> None:
    answer = browser.log_in(email, "wrong horse")

    assert answer.status_code == 422
    assert "E-mail address or password is wrong." in answer.text


@pytest.mark.parametrize(
    ("target", "location"),
    [
        ("/runs?month=2026-03", "/runs?month=2026-03"),
        ("https://evil.example/", "/"),
        ("//evil.example/", "/"),
        ("/\\evil.example", "/"),
        ("/%09/evil.example", "/"),
        ("javascript:alert(1)", "/"),
        ("runs", "/"),
    ],
)
def test_after_logging_in_one_stays_on_this_site(
    browser: Browser, ann: Runner, target: str, location: str
) -> None:
    answer = browser.log_in(ann.email, page=f"/login?next={target}")

    assert answer.location == location


def test_the_session_is_signed_hidden_from_scripts_and_kept_from_other_sites(
    browser: Browser, ann: Runner
) -> None:
    cookie = browser.log_in(ann.email).headers["Set-Cookie"]

    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert cookie.startswith("longrun=")


def test_a_session_made_up_with_a_guessed_key_is_none(browser: Browser, ann: Runner) -> None:
    other = create_app({"SECRET_KEY": "ANOTHER ONE"})
    forged = other.session_interface.get_signing_serializer(other).dumps({"runner": ann.id})

    browser.client.set_cookie("longrun", forged)

    assert browser.get("/runs").status_code == 302


def test_each_installation_makes_a_key_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = []
    for place in ("a", "a", "b"):
        monkeypatch.setenv("LONGRUN_INSTANCE", str(tmp_path / place))
        keys.append(create_app().config["SECRET_KEY"])

    assert keys[0] == keys[1] != keys[2]
    assert len(keys[0]) >= 32
    mode = (tmp_path / "a" / "secret.key").stat().st_mode
    assert stat.S_IMODE(mode) == 0o600


def test_a_key_can_be_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LONGRUN_SECRET_KEY", "from the environment")

    assert create_app().config["SECRET_KEY"] == "from the environment"


@pytest.mark.parametrize("path", ["/register", "/login", "/logout", "/upload", "/profile",
                                  "/runs/1/edit", "/runs/1/delete"])  # fmt: skip
def test_a_form_of_another_site_has_no_effect(at_home: Browser, lake: Activity, path: str) -> None:
    for token in ({}, {"csrf": ""}, {"csrf": "guessed"}, {"csrf": "é"}):
        assert at_home.client.post(path, data={"title": "x", **token}).status_code == 400

    assert activities.latest(lake.runner_id) == [lake]
    assert at_home.get("/runs").status_code == 200


def test_logging_out_is_not_a_link(at_home: Browser) -> None:
    assert at_home.get("/logout").status_code == 405


def test_an_upload_tells_what_became_of_each_file(at_home: Browser, ann: Runner) -> None:
    answer = at_home.upload(
        ("home.gpx", files.simple_gpx()),
        ("broken.fit", b"rubbish"),
        ("again.gpx", files.simple_gpx()),
    )

    outcomes = re.findall(r'<li class="(\w+)">', answer.text)
    assert answer.status_code == 200
    assert outcomes == ["added", "bad", "duplicate"]
    assert "this is not a GPX, TCX or FIT file" in answer.text
    assert [a.title for a in activities.latest(ann.id)] == ["Home"]


def test_nothing_chosen_is_said(at_home: Browser) -> None:
    answer = at_home.send("/upload")

    assert answer.status_code == 422
    assert "Choose at least one file" in answer.text


def test_names_of_files_and_titles_cannot_write_html(at_home: Browser, ann: Runner) -> None:
    evil = "&lt;script&gt;alert(1)&lt;/script&gt;"

    answer = at_home.upload(("<script>x</script>.gpx", files.simple_gpx(name=evil)))

    number = activities.latest(ann.id)[0].id
    for text in (answer.text, at_home.get("/").text, at_home.get(f"/runs/{number}").text):
        assert "<script>" not in text
        assert evil in text


def test_an_upload_that_is_too_large_is_refused(ann: Runner) -> None:
    browser = Browser(create_app({"MAX_ARCHIVE_LENGTH": 5000}).test_client())
    browser.log_in(ann.email)

    answer = browser.upload(("big.gpx", b"x" * 10_000))

    assert answer.status_code == 413


def test_the_dashboard_lists_the_last_ten(at_home: Browser, ann: Runner) -> None:
    for day in range(1, 13):
        at = datetime(2026, 3, day, 7, tzinfo=UTC)
        activities.add(ann.id, files.recording(1000, started_at=at, title=f"Run of day {day:02d}"))

    found = re.findall(r"Run of day (\d\d)", at_home.get("/").text)

    assert found == [f"{day:02d}" for day in range(12, 2, -1)]


def test_a_month_lists_its_runs_only(at_home: Browser, lake: Activity) -> None:
    march, april = at_home.get("/runs?month=2026-03"), at_home.get("/runs?month=2026-04")

    assert "Lake" in march.text
    assert "Lake" not in april.text
    assert 'href="/runs?month=2026-02"' in march.text


def test_no_page_leads_back_before_the_first_year(at_home: Browser) -> None:
    month, year = at_home.get("/runs?month=1970-01"), at_home.get("/year/1970")

    assert (month.status_code, year.status_code) == (200, 200)
    assert "1969" not in month.text + year.text


@pytest.mark.parametrize("month", ["2026-13", "0000-01", "march", "2026", "9999-12"])
def test_a_month_that_is_none_is_a_mistake_of_the_asker(at_home: Browser, month: str) -> None:
    assert at_home.get(f"/runs?month={month}").status_code == 400
    assert at_home.get(f"/api/v1/runs?month={month}").status_code == 400
    assert at_home.get(f"/reports/{month}.pdf").status_code == 404


def test_a_run_shows_route_profile_and_splits(at_home: Browser, lake: Activity) -> None:
    page = at_home.get(f"/runs/{lake.id}").text

    assert page.count("<svg") >= 4
    assert 'class="route"' in page
    assert 'class="curve hr"' in page
    assert page.count('<th scope="row">') == 5


def test_another_runners_activity_is_not_found(
    new_browser: Callable[[], Browser], bob: Runner, lake: Activity
) -> None:
    browser = new_browser()
    browser.log_in(bob.email)

    for path in (f"/runs/{lake.id}", f"/runs/{lake.id}.gpx", f"/api/v1/runs/{lake.id}"):
        assert browser.get(path).status_code == 404
    for path in (f"/runs/{lake.id}/edit", f"/runs/{lake.id}/delete"):
        assert browser.send("/profile", to=path, title="Stolen").status_code == 404
    assert activities.latest(lake.runner_id) == [lake]


def test_what_was_sent_without_a_login_leads_to_no_page_that_only_takes(
    browser: Browser, lake: Activity
) -> None:
    answer = browser.send("/login", to=f"/runs/{lake.id}/edit", title="Hill")

    assert (answer.status_code, answer.location) == (302, "/login")


def test_a_title_has_no_signs_that_no_file_can_hold(at_home: Browser, lake: Activity) -> None:
    page = f"/runs/{lake.id}"

    at_home.send(page, to=f"{page}/edit", title="a\x08b", notes="", sport="run")

    assert b"<name>ab</name>" in at_home.get(f"{page}.gpx").data


def test_notes_that_are_too_long_say_so_where_they_are(at_home: Browser, lake: Activity) -> None:
    page = f"/runs/{lake.id}"

    answer = at_home.send(page, to=f"{page}/edit", title="a", notes="x" * 10_001, sport="run")

    assert answer.status_code == 422
    assert 'id="notes-hint">Notes have at most 10,000 characters.' in answer.text


def test_a_run_can_be_edited(at_home: Browser, lake: Activity) -> None:
    page = f"/runs/{lake.id}"

    answer = at_home.send(page, to=f"{page}/edit", title="Hill", notes="Wind", sport="walk")

    assert answer.location == page
    assert "Saved." in at_home.get(page).text
    assert activities.get(lake.runner_id, lake.id).title == "Hill"


@pytest.mark.parametrize(
    ("fields", "status"),
    [({"title": "", "sport": "run"}, 422), ({"title": "x", "sport": "flying"}, 400)],
    ids=["no title", "no such sport"],
)
def test_an_edit_that_cannot_be_kept_is_refused(
    at_home: Browser, lake: Activity, fields: dict[str, str], status: int
) -> None:
    page = f"/runs/{lake.id}"

    assert at_home.send(page, to=f"{page}/edit", **fields).status_code == status
    assert activities.get(lake.runner_id, lake.id) == lake


def test_a_run_can_be_deleted(at_home: Browser, lake: Activity) -> None:
    page = f"/runs/{lake.id}"

    assert at_home.send(page, to=f"{page}/delete").status_code == 302
    assert at_home.get(page).status_code == 404


def test_a_downloaded_file_is_the_run(at_home: Browser, lake: Activity) -> None:
    answer = at_home.get(f"/runs/{lake.id}.gpx")

    (found,) = importer.parse(answer.data)
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert (found.title, found.started_at) == ("Lake", lake.started_at)
    assert found.points[-1].d == pytest.approx(lake.distance_m, rel=0.001)


def test_bests_name_the_run_they_are_from(at_home: Browser, lake: Activity) -> None:
    page = at_home.get("/bests").text

    assert f'href="/runs/{lake.id}"' in page
    assert "1 mile" in page


def test_the_report_of_a_month_is_a_document(at_home: Browser, lake: Activity) -> None:
    answer = at_home.get("/reports/2026-03.pdf")

    text = "".join(page.extract_text() for page in PdfReader(io.BytesIO(answer.data)).pages)
    assert answer.content_type == "application/pdf"
    assert "longrun-2026-03.pdf" in answer.headers["Content-Disposition"]
    assert "March 2026" in text
    assert "Lake" in text


def test_a_profile_changes_what_pages_show(at_home: Browser, lake: Activity) -> None:
    fields = {"name": "Annie", "tz": "Asia/Tokyo", "units": "mi", "max_hr": "188"}

    assert at_home.send("/profile", **fields).status_code == 302

    page = at_home.get(f"/runs/{lake.id}").text
    assert "Annie" in page
    assert '3.11<small class="u">mi</small>' in page
    assert "16:00" in page


@pytest.mark.parametrize("rate", ["abc", "12", "9999", "²", "-5"])
def test_a_heart_rate_that_cannot_be_is_refused(at_home: Browser, ann: Runner, rate: str) -> None:
    answer = at_home.send("/profile", name="Ann", tz="UTC", units="km", max_hr=rate)

    assert answer.status_code == 422
    assert accounts.runner(ann.id) == ann


def test_the_api_tells_who_one_is_without_secrets(at_home: Browser, ann: Runner) -> None:
    found = at_home.get("/api/v1/me").get_json()

    assert found["email"] == ann.email
    assert sorted(found) == ["born", "confirmed", "email", "id", "is_admin", "language", "max_hr",
                             "name", "rest_hr", "sex", "tz", "units", "weight_kg"]  # fmt: skip


def test_the_api_lists_runs_of_a_month_and_the_latest(at_home: Browser, lake: Activity) -> None:
    found = at_home.get("/api/v1/runs").get_json()["runs"]

    assert [run["id"] for run in found] == [lake.id]
    assert found[0]["started_at"] == "2026-03-01T07:00:00+00:00"
    assert at_home.get("/api/v1/runs?month=2026-03").get_json()["runs"] == found
    assert at_home.get("/api/v1/runs?month=2025-03").get_json()["runs"] == []


def test_the_api_shows_a_run_with_its_splits(at_home: Browser, lake: Activity) -> None:
    found = at_home.get(f"/api/v1/runs/{lake.id}").get_json()

    assert (found["title"], found["sport"], len(found["splits"])) == ("Lake", "run", 5)


@pytest.mark.parametrize(
    ("path", "code"),
    [("/api/v1/runs/4711", 404), ("/api/v1/nothing", 404), ("/api/v1/runs?limit=0", 400),
     ("/api/v1/runs?limit=1000", 400)],
)  # fmt: skip
def test_an_error_of_the_api_is_json(at_home: Browser, path: str, code: int) -> None:
    answer = at_home.get(path)

    assert answer.status_code == code
    assert answer.get_json()["code"] == code
    assert sorted(answer.get_json()) == ["code", "description", "message"]


def test_a_page_that_does_not_exist_is_said_on_a_page(browser: Browser) -> None:
    answer = browser.get("/nothing")

    assert answer.status_code == 404
    assert "To the front page" in answer.text


def test_the_process_says_that_it_answers(browser: Browser) -> None:
    assert browser.get("/healthz").text == "ok\n"


def test_a_deleted_account_is_logged_out_not_an_error(browser: Browser, tmp_path: Path) -> None:
    app = browser.client.application
    cookie = app.session_interface.get_signing_serializer(app).dumps({"runner": 4711})
    browser.client.set_cookie("longrun", cookie)

    assert browser.get("/").status_code == 200
    assert browser.get("/runs").status_code == 302
