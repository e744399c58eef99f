"""Every page of longrun under axe-core, light and dark, as on a phone and as on a desk."""

import json
import re
import subprocess
import sys
import zipfile
from itertools import cycle
from pathlib import Path

import pytest

pytestmark = [pytest.mark.processes, pytest.mark.timeout(600)]

# A wheel that carries axe-core 4 as one file of JavaScript.
AXE = "axe-playwright-python==0.1.8"
NO_NETWORK = re.compile(r"NewConnectionError|Temporary failure|Connection ?Error|timed out")
PHONE, DESK = 390, 1280
# Pages in turns by one pair and the other: the parts that they share are looked at by all four.
MODES = (((PHONE, "light"), (DESK, "dark")), ((PHONE, "dark"), (DESK, "light")))
FILL = """
import sys
from pathlib import Path
from zipfile import ZipFile
from longrun import accounts, demo

demo.fill(Path(sys.argv[1]), weeks=5)
accounts.vouch(demo.EMAIL, admin=True)
with ZipFile(sys.argv[2], "w") as archive:
    archive.writestr("1.gpx", "nothing")
    archive.write(next(Path(sys.argv[1]).iterdir()), "2.gpx")
"""
PUBLIC = [
    "/",
    "/login",
    "/register",
    "/forgot",
    "/confirm",
    "/confirm/x",
    "/reset/x",
    "/nothing",
]
KINDS = (
    *("/", "/runs", "/runs/N", "/year/N", "/bests", "/upload", "/imports/N", "/profile"),
    *("/profile/delete", "/races", "/races/new", "/races/N", "/plan"),
    *("/admin/users", "/admin/outbox"),
)
RUN = """
const done = arguments[arguments.length - 1];
const told = (node) => node.target + " " + node.html;
const say = (rule) => rule.id + ": " + rule.nodes.map(told).join(" | ");
// What is drawn has one name, and axe cannot tell its colours.
axe.run({ exclude: [["svg > *"]] }, { resultTypes: ["violations"] })
  .then((found) => done(found.violations.map(say)), (error) => done([String(error)]));
"""
# These are no pages, or end the visit.
SKIPPED = re.compile(r"\.(pdf|gpx|ics|zip|css|svg)$|^/(static|logout|api)")


@pytest.fixture
def axe(pytestconfig, tmp_path: Path) -> str:
    """axe-core, fetched once from the package index."""
    kept = Path(pytestconfig.cache.mkdir("axe")) / f"{AXE}.js"
    if not kept.exists():
        python = tmp_path / "venv" / "bin" / "python"
        subprocess.run([sys.executable, "-m", "venv", tmp_path / "venv"], check=True)
        command = [python, "-m", "pip", "download", "-q", "--no-deps", "-d", tmp_path, AXE]
        fetched = subprocess.run(command, capture_output=True, text=True, check=False)
        if fetched.returncode and NO_NETWORK.search(fetched.stderr):
            pytest.skip("the package index cannot be reached")
        assert fetched.returncode == 0, fetched.stderr
        (wheel,) = tmp_path.glob("axe_*.whl")
        kept.write_bytes(zipfile.ZipFile(wheel).read("axe_playwright_python/axe.min.js"))
    return kept.read_text("utf-8")


def test_no_page_has_a_fault_that_axe_knows_or_is_wider_than_a_phone(
    longrun, person, axe: str, tmp_path: Path
) -> None:
    person.driver.set_script_timeout(300)
    person.modes = cycle(MODES)
    longrun.python(FILL, str(tmp_path / "demo"), str(tmp_path / "archive.zip"))
    longrun.start("--layout", "mono")

    faults = look_around(person, axe, PUBLIC)
    person.log_in()
    import_archive(person, tmp_path / "archive.zip")
    seen: set[str] = set()
    faults += look_around(person, axe, ["/", "/year/1999", "/runs?month=1999-01"], seen)
    faults += look_around_an_upload(person, axe, tmp_path)

    assert json.dumps(faults, indent=1) == "[]"
    assert set(KINDS) <= seen
    assert [text for text in person.complaints() if "404" not in text] == []
    assert longrun.interrupt() in {0, 130}


def look_around(person, axe: str, start: list[str], seen: set[str] | None = None) -> list[str]:
    """Look at pages and, where `seen` is given, at one of each kind that they lead to."""
    faults, waiting = [], list(start)
    while waiting:
        path = waiting.pop(0)
        person.go(path)
        faults += faults_of(person, axe)
        if seen is None:
            continue
        seen.add(kind_of(path))
        for link in person.all("a[href]"):
            found = link.get_dom_attribute("href")
            known = seen | set(map(kind_of, waiting))
            if found.startswith("/") and not SKIPPED.search(found) and kind_of(found) not in known:
                waiting.append(found)
    return faults


def import_archive(person, archive: Path) -> None:
    """Import an archive to its end: a page that loads itself again cannot be looked at."""
    person.go("/upload")
    person.one("#files").send_keys(str(archive))
    person.press("main button", then="[role=status]")
    person.wait(lambda: person.texts("h1") == ["Imported"], "the end of the import")


def look_around_an_upload(person, axe: str, tmp_path: Path) -> list[str]:
    """Look at what became of files: one that is there already, and one that is none."""
    bad = tmp_path / "notes.gpx"
    bad.write_text("nothing")
    person.go("/upload")
    there = next((tmp_path / "demo").iterdir())
    person.one("#files").send_keys(f"{there}\n{bad}")
    person.press("main button", then=".results")
    return faults_of(person, axe)


def faults_of(person, axe: str) -> list[str]:
    """Return what is wrong with the page that is shown, at each width and in each scheme."""
    driver, faults = person.driver, []
    for width, scheme in next(person.modes):
        size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
        driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
        media = {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
        driver.execute_cdp_cmd("Emulation.setEmulatedMedia", media)
        driver.execute_script(axe)
        found = driver.execute_async_script(RUN)
        wide = driver.execute_script("return document.documentElement.scrollWidth")
        if wide > width:
            found.append(f"the page is {wide} pixels wide")
        faults += [f"{driver.current_url} {width} {scheme}: {fault}" for fault in found]
    return faults


def kind_of(path: str) -> str:
    """Return an address without its numbers and what it asks for."""
    return re.sub(r"\d+", "N", path.partition("?")[0])
