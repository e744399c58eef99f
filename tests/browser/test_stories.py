"""What runners want of longrun, story by story, in a browser and in every layout.

The numbers are those of the stories that "Python Microservices Development" tells of its example.
"""

import io
import re
from datetime import UTC, datetime, timedelta

import pytest
from pypdf import PdfReader

pytestmark = [pytest.mark.processes, pytest.mark.timeout(300)]

DAY = timedelta(days=1)


def test_u1_a_runner_registers_and_gets_in_after_opening_the_link_in_a_mail(runner, site) -> None:
    email, password = f"una@{site.layout}.example.com", "not a word of it"
    zone = {"timezoneId": "Europe/Paris"}
    runner.driver.execute_cdp_cmd("Emulation.setTimezoneOverride", zone)
    runner.go("/")
    runner.press(".hero a.button", then="#tz")
    assert runner.one("#tz").get_property("value") == "Europe/Paris"
    runner.fill(name="Una", email=email, password=password)
    runner.press("main button", then="#email")
    assert runner.one("h1").text == "Check your mail"

    # The password alone opens nothing yet.
    runner.log_in(email, password, then="#email")
    assert runner.one("h1").text == "Check your mail"
    assert "not confirmed" in runner.one(".flash").text

    link = site.link(email, "Confirm your e-mail address")
    runner.go(link)
    assert runner.one("h1").text == "Confirm your address"
    runner.press("main button", then="#password")
    assert runner.one(".flash").text == "Your address is confirmed. Log in to begin."
    runner.log_in(email, password, then=".empty")
    assert runner.one("h1").text == "Hello, Una"

    # What a link did, it does once.
    runner.go(link)
    runner.press("main button", then=".flash")
    assert "Your address is confirmed" not in runner.one(".flash").text


def test_u2_a_runner_brings_everything_that_is_at_strava(runner, site) -> None:
    """Strava's agreement lets an application show what its interface gives to that runner alone.

    The story is therefore told with the ZIP that Strava makes of everything, which is the runner's
    own: runs, times and the names they had there.
    """
    runner.enter("u2")
    said = runner.import_archive()

    count = len(site.made["titles"])
    assert f"{count} of {count} files are done: {count} added" in said
    assert len(runner.all(".results .added")) == count
    runner.press(".results a", then="svg.route")
    assert runner.one("h1").text == "Outing, 0"
    assert len(runner.all("svg.route path.pace")) > 0


def test_u3_the_dashboard_shows_the_last_ten_runs_newest_first(runner, site) -> None:
    runner.enter("u3", then="table.runs")

    titles = [text.splitlines()[0] for text in runner.texts("table.runs tbody th")]
    assert len(site.made["titles"]) > 10
    assert titles == site.made["titles"][:-11:-1]
    for row in runner.texts("table.runs tbody tr"):
        assert re.search(r"\d+\.\d\d\s?km \d+:\d\d.* \d+:\d\d\s?/km", row.replace("\n", " ")), row


def test_u4_a_race_that_one_adds_is_seen_by_others(runner) -> None:
    on = datetime.now(UTC).date() + 100 * DAY
    runner.enter("u4")
    runner.go("/races")
    runner.press(".head a.button", then="#location")
    runner.fill(name="Harbour & hills", on=f"{on}", other="12", location="Lorient")
    runner.press("main button", then="dl.stats")
    assert runner.one("h1").text == "Harbour & hills"

    runner.forget()
    runner.enter("other")
    runner.go("/races")
    (row,) = (row for row in runner.texts("table.runs tbody tr") if "Harbour & hills" in row)
    assert f"{on.day} {on:%b %Y}" in row
    assert "12 km" in row
    assert "Lorient" in row
    runner.driver.find_element("link text", "Harbour & hills").click()
    runner.wait(lambda: runner.all("input[name=days]"), "the page of the race")


def test_u5_on_the_first_of_the_month_a_runner_gets_the_month_by_mail(runner, site) -> None:
    address = "u5@example.com"
    runner.enter("u5")
    runner.upload("now.gpx")
    kilometres = re.search(r"([\d.]+) km", runner.one(".results .added").text)[1]
    now = datetime.now(UTC)
    first = (now.replace(day=1) + 32 * DAY).replace(day=1, minute=5)

    # Five past five is too early, and nobody gets twice what is due from six on.
    site.send_reports(first.replace(hour=5).isoformat())
    assert site.mails(address) == []
    assert site.send_reports(first.replace(hour=6).isoformat()) > 0
    site.send_reports(first.replace(hour=7).isoformat())

    (mail,) = site.mails(address)
    assert mail["Subject"] == f"Your {now:%B %Y}"
    told = re.search(f"your runs in {now:%B}: 1, ([\\d.]+) km", mail.get_body().get_content())
    assert float(told[1]) == pytest.approx(float(kilometres), abs=0.06)
    (report,) = mail.iter_attachments()
    assert report.get_filename() == f"longrun-{now:%Y-%m}.pdf"
    pages = PdfReader(io.BytesIO(report.get_content())).pages
    words = "\n".join(page.extract_text() for page in pages)
    assert f"{now:%B %Y}" in words
    assert f"{told[1]} km" in words
    assert "Just now" in words


def test_u6_a_runner_picks_a_plan_and_sees_on_the_dashboard_what_is_not_done(runner, site) -> None:
    runner.enter("u6")
    assert "you get a plan that ends on its day" in runner.one("main section").text
    runner.go("/races/new")
    runner.fill(name="Park five", on=f"{datetime.now(UTC).date() + 120 * DAY}")
    runner.press("main button", then="input[name=days]")
    for box in runner.all("input[name=days]"):
        if not box.is_selected():
            box.click()
    runner.fill(max_hours="8", target_s="27:30")
    runner.press("main form button", then="ol.workouts")
    assert runner.one(".flash").text == "Your plan is made."
    assert "Park five" in runner.one(".head").text
    assert "Race 5.0 km" in runner.texts("ol.workouts")[-1].replace("\n", " ")

    runner.go("/")
    planned = runner.all("ol.workouts li")
    assert 3 <= len(planned) <= 7
    assert {item.get_dom_attribute("class") for item in planned} <= {"to do", "today"}

    # What one runs on that day is the planned run, and is ticked.
    first, *others = (item.get_dom_attribute("datetime") for item in runner.all("li time"))
    site.date("long.gpx", first)
    runner.upload("long.gpx")
    runner.go("/")
    left = [item.get_dom_attribute("datetime") for item in runner.all("li:not(.done) time")]
    assert left == others
    runner.press("ol.workouts li.done a", then="svg.route")
    assert runner.one("h1").text == "Long"


def test_u7_a_new_runner_s_dashboard_fills_and_is_there_again_on_return(runner, site) -> None:
    """At first the book sends a visitor to Strava; here the visitor brings Strava's archive.

    See the story U2 for why. Later visits need no log in, until the runner logs out.
    """
    runner.go("/")
    runner.press(".hero a.ghost", then="#password")
    runner.fill(email="u7@example.com", password="wrong so far")
    runner.press("main button", then="[role=alert]")
    runner.enter("u7", then=".empty")
    assert runner.one(".empty h2").text == "Your log is empty"
    runner.press(".empty a.button", then="#files")
    runner.import_archive()
    runner.press("[role=status] a", then="table.runs")
    assert runner.texts("h1") == ["Hello, U7"]
    count = len(site.made["titles"])
    assert runner.one("table.runs tbody th a").text == f"Outing, {count - 1}"

    runner.driver.get("about:blank")
    runner.go("/")
    assert runner.texts("h1") == ["Hello, U7"]
    runner.press(".who form button", then=".landing")
    runner.go("/plan")
    runner.one("#password")
