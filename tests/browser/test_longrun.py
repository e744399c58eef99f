"""longrun in a real browser: log in, upload, look, download the month, log out."""

import json
import re
from pathlib import Path

import pytest
from pypdf import PdfReader

pytestmark = [pytest.mark.processes, pytest.mark.timeout(300)]

# The key, as a driver sends it.
END = "\ue010"
# The demo's own log is short here; two files of half a year ago are left to be uploaded.
FILL = """
import json, sys
from datetime import date, timedelta
from pathlib import Path
from longrun import demo
from longrun.demo import write_fit
from longrun.gpx import write_gpx

place = Path(sys.argv[1])
demo.fill(place / "demo", weeks=3)
then = (date.today() - timedelta(days=200)).replace(day=21)
first, second = list(demo.make_runs(then, weeks=3, seed=1))[-2:]
(place / "Morning_hills.gpx").write_bytes(write_gpx(first))
(place / "Watch_export.fit").write_bytes(write_fit([second]))
print(json.dumps({"month": f"{then:%Y-%m}", "title": first.title, "name": f"{then:%B %Y}"}))
"""


@pytest.mark.parametrize("layout", ["micro", "mono"])
def test_a_runner_uploads_two_files_and_takes_the_month_home(
    longrun, person, tmp_path: Path, layout: str
) -> None:
    made = json.loads(longrun.python(FILL, str(tmp_path)))
    longrun.start("--layout", layout)

    person.log_in()
    assert person.one("h1").text == "Hello, Alex"
    distances = upload(person, [tmp_path / "Morning_hills.gpx", tmp_path / "Watch_export.fit"])
    look_at_run(person, made["title"])
    month = read_month(person, made["month"])
    words = download_report(person, made["month"], tmp_path / "downloads")
    log_out(person)

    assert month["Runs"] == "2"
    assert float(month["Distance"].split()[0]) == pytest.approx(sum(distances), abs=0.1)
    # The document says what the page says.
    assert "Alex Demo" in words
    assert made["name"] in words
    assert month["Distance"] in words
    assert month["Moving time"] in words
    assert made["title"] in words
    assert "Watch export" in words
    assert person.complaints() == []
    assert longrun.interrupt() in {0, 130}


def upload(person, files: list[Path]) -> list[float]:
    """Upload files; return the kilometres that the page says were added."""
    person.go("/upload")
    person.one("#files").send_keys("\n".join(map(str, files)))
    person.press("main button", then=".results")

    assert person.texts(".results .file") == [file.name for file in files]
    added = person.texts(".results .added > :last-child")
    assert len(added) == len(files), person.texts(".results li")
    return [float(re.search(r"([\d.]+) km", text)[1]) for text in added]


def look_at_run(person, title: str) -> None:
    person.press(".results a", then="svg.route")

    assert person.one("h1").text == title
    # The route is drawn, not only there: the browser gives its lines a length.
    length = "return arguments[0].getTotalLength()"
    lines = person.all("svg.route path.pace")
    assert sum(person.driver.execute_script(length, line) for line in lines) > 100
    # The end of the run, as the keyboard reads it from the chart; the map points at it.
    person.one("input[type=range]").send_keys(END)
    assert re.match(r"\d+\.\d\d km · \d+:\d\d min/km · \d+ bpm", person.one("output").text)
    assert person.one("svg.route circle.cursor").is_displayed()
    rows = person.texts("table.splits tbody tr")
    assert len(rows) >= 3
    assert all(re.match(r"\d+ (last \d+ m )?\d+:\d\d \d+:\d\d ?/km", row) for row in rows), rows


def read_month(person, month: str) -> dict[str, str]:
    """Return the numbers at the head of the month's page, by name."""
    person.go(f"/runs?month={month}")
    person.one("table.runs")
    # The page sets units apart with a margin, the document with a space.
    values = [re.sub(r"(?<=\d)(?=[a-z/])", " ", text) for text in person.texts(".stat dd")]
    return dict(zip(person.texts(".stat dt"), values, strict=True))


def download_report(person, month: str, downloads: Path) -> str:
    """Press the button of the month's page; return the text of the document that is saved."""
    person.one(".months a[href$='.pdf']").click()
    path = downloads / f"longrun-{month}.pdf"
    person.wait(path.exists, f"{path.name} saved")

    return "\n".join(page.extract_text() for page in PdfReader(path).pages)


def log_out(person) -> None:
    person.press(".who form button", then=".landing")
    person.go("/runs")
    person.one("#password")
