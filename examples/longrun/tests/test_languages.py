"""longrun in two languages: nothing English is left in German, and English stays as it is."""

import html
import io
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

import longrun_files as files
import pytest
from icalendar import Calendar
from longrun.languages import CATALOGUES, words
from longrun.model import Best, Goal, Race, Runner
from pypdf import PdfReader
from tools.messages import texts, update

from conftest import PASSWORD, Browser
from longrun import accounts, activities, jobs, notify, reports, training

CATALOGUE = CATALOGUES / "de" / "LC_MESSAGES" / "messages.po"
_PLACE = re.compile(r"%\(\w+\)[+.\d]*[a-z]|\{\}")


def pieces(text: str) -> set[str]:
    """Return what is between the places of a text, if it is more than two words."""
    parts = (re.sub(r"\s+", " ", part).strip() for part in _PLACE.split(text))
    return {part for part in parts if part.count(" ") >= 2}


ENGLISH = {piece for text in texts() for piece in pieces(re.sub(r"</?\w+>", "", text))}


def english_in(text: str) -> list[str]:
    """Return what is English in a page, a drawing, or a mail."""
    text = re.sub(r"\s+", " ", html.unescape(re.sub(r"</?(code|b)>", "", text)))
    return [piece for piece in ENGLISH if re.search(rf"(?<!\w){re.escape(piece)}(?!\w)", text)]


def test_the_catalogue_has_every_text_and_nothing_else() -> None:
    catalogue = update(CATALOGUE)
    messages = {message.id: message for message in catalogue if message.id}

    assert set(messages) == texts()
    assert [key for key, message in messages.items() if not message.string or message.fuzzy] == []


def test_a_translation_has_the_places_of_its_text() -> None:
    for message in update(CATALOGUE):
        if message.id:
            assert sorted(_PLACE.findall(message.string)) == sorted(_PLACE.findall(message.id))


def test_english_is_what_the_code_says() -> None:
    say = words("en")

    assert [text for text in texts() if say.said(text) != text] == []
    assert say.day(date(2026, 3, 1), "EEE d MMMM yyyy") == "Sun 1 March 2026"
    assert say.number("1,024.5 km") == "1,024.5 km"


def test_a_finished_sentence_is_translated_with_its_values() -> None:
    say = words("de")

    assert say.said("a name has 1 to 120 characters") == "ein Name hat 1 bis 120 Zeichen"
    assert say.said("a highest heart rate is between 80 and 250") == (
        "ein höchster Puls liegt zwischen 80 und 250"
    )
    assert say.said("This link was used already, or is too old. Ask for a new one.") == (
        "Dieser Link wurde schon benutzt oder ist zu alt. Bitte um einen neuen."
    )
    assert say.said("E-mail address or password is wrong.") == (
        "E-Mail-Adresse oder Passwort ist falsch."
    )
    assert say.said("the archive has more than 5 recordings") == (
        "das Archiv hat mehr als 5 Aufzeichnungen"
    )
    assert say.said("Lunch with {} and friends") == "Lunch with {} and friends"
    for strange in ("x" * 100_000, "." * 999, "the archive " * 80 + "?", "{}", ""):
        assert say.said(strange).endswith(strange[-1:])
    assert say.day(date(2026, 3, 1), "EEE d MMMM yyyy") == "So. 1. März 2026"
    assert say.number("1,024.5 km") == "1.024,5 km"


@pytest.fixture
def jan() -> Runner:
    return accounts.register(
        "jan@example.com", PASSWORD, "Jan", "Europe/Berlin", "de", confirmed=True
    )


@pytest.fixture
def race(jan: Runner) -> Race:
    """A race for which Jan trains, after some weeks of runs."""
    today = datetime.now(UTC).date()
    for weeks in range(1, 5):
        for day in range(3):
            began = datetime.combine(today, time(8), UTC) - timedelta(weeks=weeks, days=-day)
            run = files.recording(ele=lambda d: 100 + d / 100, title="")
            activities.add(jan.id, replace(run, started_at=began))
    race = training.add_race(jan.id, "Seelauf", today + timedelta(weeks=14), 10_000)
    training.enter(jan.id, race.id, Goal(None, frozenset(range(7)), 8))
    return race


@pytest.fixture
def german(new_browser: Callable[[], Browser]) -> Browser:
    browser = new_browser()
    browser.client.environ_base["HTTP_ACCEPT_LANGUAGE"] = "de-AT,de;q=0.9,en;q=0.5"
    return browser


@pytest.mark.parametrize("path", ["/", "/login", "/register", "/forgot", "/confirm", "/confirm/x",
                                  "/reset/x", "/nowhere"])  # fmt: skip
def test_a_visitor_reads_what_the_browser_asks_for(german: Browser, path: str) -> None:
    page = german.get(path).text

    assert '<html lang="de">' in page
    assert english_in(page) == []


def test_another_language_gets_english(browser: Browser) -> None:
    page = browser.client.get("/", headers={"Accept-Language": "fr,it;q=0.9"}).text

    assert '<html lang="en">' in page
    assert "Every run you have run, on a machine you own." in page
    assert len(english_in(page)) > 5


def test_no_page_of_a_german_runner_has_an_english_sentence(
    browser: Browser, jan: Runner, race: Race
) -> None:
    accounts.vouch(jan.email, admin=True)
    browser.log_in(jan.email)
    run = activities.latest(jan.id, 1)[0]
    year = datetime.now(UTC).year
    number = jobs.start_import(jan.id, "0" * 32, ["a.gpx"])
    paths = ["/", "/runs", f"/runs/{run.id}", f"/year/{year}", f"/year/{year - 9}", "/bests",
             "/races", "/races/new", f"/races/{race.id}", "/plan", "/profile", "/upload",
             f"/imports/{number}", "/admin/users", "/admin/outbox", "/profile/delete",
             "/nowhere", "/runs?month=soon", "/runs/999", "/races/999"]  # fmt: skip
    for path in paths:
        page = browser.get(path).text
        assert '<html lang="de">' in page, path
        assert english_in(page) == [], path
    assert "Lauf am" in browser.get(f"/runs/{run.id}").text
    assert "Einlaufen, " in browser.get("/plan").text


def test_what_is_wrong_with_a_form_is_told_in_german(
    browser: Browser, jan: Runner, german: Browser
) -> None:
    fields = {"name": "Eva", "email": "eva@example.com", "password": "kurz", "tz": "Mars"}
    registered = german.send("/register", **fields).text
    refused = german.log_in(jan.email, "not this one").text
    browser.log_in(jan.email)
    profile = browser.send("/profile", name="Jan", tz="UTC", units="km", max_hr="400").text
    upload = browser.upload(("a.txt", b"text"), ("b.gpx", files.gpx(""))).text
    race = browser.send("/races/new", name="", on="bald", distance="5000").text

    assert "Ein Passwort hat 8 bis 256 Zeichen." in registered
    assert "E-Mail-Adresse oder Passwort ist falsch." in html.unescape(refused)
    assert "Ein höchster Puls liegt zwischen 80 und 250." in profile
    assert "das ist keine GPX-, TCX- oder FIT-Datei" in upload
    for page in (registered, refused, profile, upload, race):
        assert english_in(page) == []


def test_a_program_is_answered_in_english(browser: Browser, jan: Runner) -> None:
    browser.log_in(jan.email)

    assert browser.get("/api/v1/runs/99").get_json()["description"] == "you have no activity 99"


def test_who_registers_in_german_gets_german_mails(german: Browser, jan: Runner) -> None:
    german.send("/register", name="Eva", email="eva@example.com", password=PASSWORD, tz="UTC")
    accounts.request_reset(jan.email)

    assert accounts.vouch("eva@example.com").language == "de"
    subjects = {mail.subject for mail in notify.outbox()}
    assert subjects == {"Bestätige deine E-Mail-Adresse", "Ein neues Passwort für longrun"}


def test_the_month_and_the_evening_before_come_in_german(jan: Runner, race: Race) -> None:
    first = datetime.now(UTC).replace(day=1, hour=12) + timedelta(days=32)
    first = first.replace(day=1)
    evening = datetime.combine(race.on - timedelta(days=1), time(20), UTC)

    assert jobs.monthly_reports(datetime.now(UTC).replace(day=1, hour=12))
    assert jobs.remind_workouts(evening)
    subjects = [mail.subject for mail in notify.outbox()]
    assert "Der Lauf von morgen" in subjects
    assert any(subject.startswith("Dein ") for subject in subjects)


def test_drawings_and_documents_are_in_german(jan: Runner, race: Race) -> None:
    runs = activities.latest(jan.id, 20)
    run, end = runs[0], datetime.now(UTC).date() + timedelta(days=1)
    points = activities.track(jan.id, run.id, 300)
    splits = activities.splits(jan.id, run.id)
    period = activities.summary(jan.id, end - timedelta(days=60), end)
    best = Best(1000, 240, run.id, end)
    drawn = [
        reports.route_svg(points, "km", "de"),
        reports.route_svg([], "km", "de"),
        reports.profile_svg(points, "km", "de"),
        reports.splits_svg(splits, "km", "de"),
        reports.weeks_svg(period.by_week, "km", "de"),
        reports.fitness_svg(activities.fitness(jan.id, period.start, end), "de"),
        reports.year_svg(end.year, {end: 10_240.0}, "km", "de"),
    ]
    made = [
        reports.activity_pdf(jan, run, splits, points),
        reports.monthly_pdf(jan, end, period, period, runs, bests=[best], tracks={run.id: points}),
        reports.band_pdf(jan, "Seelauf", 10_000, 3000),
    ]
    printed = [
        "\n".join(page.extract_text() for page in PdfReader(io.BytesIO(document.pdf)).pages)
        for document in made
    ]

    assert [english_in(text) for text in drawn + printed] == [[]] * 10
    assert "10,2 km" in drawn[6]
    assert "Alle Aktivitäten" in printed[1]


def test_the_calendar_is_in_german(jan: Runner, race: Race) -> None:
    events = Calendar.from_ical(training.ics(jan.id)).walk("VEVENT")

    assert str(events[-1]["SUMMARY"]) == "Wettkampf 10,0 km"
    assert english_in("\n".join(str(event["DESCRIPTION"]) for event in events)) == []


def test_the_foot_of_a_page_changes_the_language(
    browser: Browser, german: Browser, jan: Runner
) -> None:
    answer = german.send(
        "/login?next=/plan", to="/language", language="en", next="/login?next=/plan"
    )
    browser.log_in(jan.email)
    browser.send("/", to="/language", language="en", next="/plan")

    assert answer.location == "/login?next=/plan"
    assert '<html lang="en">' in german.get("/").text
    assert '<html lang="en">' in browser.get("/plan").text
    assert accounts.runner(jan.id) == replace(jan, language="en")
    assert german.send("/login", to="/language", language="xx").status_code == 400
    assert german.send("/login", to="/language", language="de", next="//evil").location == "/"


def test_the_profile_has_the_language(browser: Browser, jan: Runner) -> None:
    browser.log_in(jan.email)
    kept = browser.send("/profile", name="Jan", tz="UTC", units="km")
    assert accounts.runner(jan.id).language == "de"

    refused = browser.send("/profile", name="Jan", tz="UTC", units="km", language="xx")
    browser.send("/profile", name="Jan", tz="UTC", units="km", language="en")

    assert (kept.status_code, refused.status_code) == (302, 422)
    assert accounts.runner(jan.id).language == "en"
    assert "Your profile is saved." in browser.get("/profile").text
