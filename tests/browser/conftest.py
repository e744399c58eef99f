"""Chromium without a window, and somebody who uses longrun with it."""

import json
import os
import re
import shutil
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from tests.reference import longrun_in

BROWSER, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
INSTALL = "sudo apt-get install chromium chromium-driver"
# Longer than anything takes on a busy machine; what is waited for comes much earlier.
PATIENCE_SECONDS = 90
FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--window-size=1200,1000",
)


LAYOUTS = ("mono", "book", "micro")
PASSWORD = "a quiet lap before work"
# Each story and each defect has runners of its own, so that none sees what another did.
NAMES = ["admin", "other", "u2", "u3", "u4", "u5", "u6", "u7", "d2", "d3", "d4", "d8", "d9", "d10"]
# Ten weeks of runs as files and as the ZIP of a bulk export, with titles of its own.
PREPARE = """
import gzip, json, sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile
from longrun import accounts, activities
from longrun.demo import make_runs, write_fit
from longrun.gpx import write_gpx

place, password, names = Path(sys.argv[1]), sys.argv[2], sys.argv[3:]
place.mkdir()
now = datetime.now(UTC)
who = {}
for name in names:
    email = f"{name}@example.com"
    who[name] = accounts.register(email, password, name.title(), confirmed=True)
accounts.vouch("admin@example.com", admin=True)
runs = [run for run in make_runs(now.date(), 10) if run.sport == "run"]
table = ["Activity ID,Activity Date,Activity Name,Activity Type,Filename"]
with ZipFile(place / "export.zip", "w", ZIP_DEFLATED) as archive:
    for i, run in enumerate(runs):
        name = f"activities/{i}.fit.gz" if i % 5 == 0 else f"activities/{i}.gpx"
        data = gzip.compress(write_fit([run])) if i % 5 == 0 else write_gpx(run)
        archive.writestr(name, data)
        table.append(f'{i},"{run.started_at:%b %d, %Y, %H:%M:%S}","Outing, {i}",Run,{name}')
    archive.writestr("activities.csv", "\\n".join(table))
    archive.writestr("profile.csv", "Athlete ID\\n1")
for run in runs:
    activities.add(who["u3"].id, run)
began = max(now - timedelta(hours=2), now.replace(day=1, hour=0, minute=0, second=0))
(place / "now.gpx").write_bytes(write_gpx(replace(runs[-1], started_at=began, title="Just now")))
longest = max(runs, key=lambda run: len(run.points))
early = now.replace(hour=5)
(place / "long.gpx").write_bytes(write_gpx(replace(longest, started_at=early, title="Long")))
(place / "pxg.gpx").write_bytes(write_gpx(replace(runs[-1], title="")))
(place / "tag_tif.fit").write_bytes(write_fit([runs[-2]]))
months = [run.started_at.astimezone(UTC).strftime("%Y-%m") for run in runs]
print(json.dumps({"titles": [run.title for run in runs], "months": months}))
"""


@pytest.fixture
def browser(tmp_path: Path) -> Iterator:
    """Chromium with a profile of its own, which saves what it is given below it."""
    with chromium(tmp_path) as driver:
        yield driver


@pytest.fixture(scope="session")
def shared_browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator:
    """One Chromium for the many tests that each begin as somebody it has never seen."""
    with chromium(tmp_path_factory.mktemp("chromium")) as driver:
        yield driver


@contextmanager
def chromium(tmp_path: Path) -> Iterator:
    """Start Chromium, with its profile and its downloads in a directory."""
    missing = [
        package
        for package, found in (("chromium", BROWSER), ("chromium-driver", DRIVER))
        if found is None
    ]
    if missing:
        pytest.skip(f"Debian's {' and '.join(missing)} not installed: {INSTALL}")
    webdriver = pytest.importorskip("selenium.webdriver")
    options = webdriver.ChromeOptions()
    options.binary_location = BROWSER
    for flag in (*FLAGS, f"--user-data-dir={tmp_path / 'profile'}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    options.add_experimental_option(
        "prefs",
        {
            "download.default_directory": str(tmp_path / "downloads"),
            "download.prompt_for_download": False,
            "plugins.always_open_pdf_externally": True,
        },
    )
    # With the path of a driver selenium looks for none and downloads none.
    driver = webdriver.Chrome(
        options=options, service=webdriver.ChromeService(executable_path=DRIVER)
    )
    driver.set_page_load_timeout(PATIENCE_SECONDS)
    try:
        yield driver
    finally:
        driver.quit()


class Person:
    """What somebody does with the pages; everything that needs time is waited for."""

    def __init__(self, driver, longrun) -> None:
        self.driver, self.longrun = driver, longrun

    def wait(self, fact, what: str):
        from selenium.common.exceptions import StaleElementReferenceException
        from selenium.webdriver.support.ui import WebDriverWait

        # A page may load itself again while it is read.
        waiting = WebDriverWait(
            self.driver, PATIENCE_SECONDS, ignored_exceptions=[StaleElementReferenceException]
        )
        return waiting.until(lambda _: fact(), f"never happened: {what}")

    def all(self, selector: str) -> list:
        return self.driver.find_elements("css selector", selector)

    def one(self, selector: str):
        return self.wait(lambda: next(iter(self.all(selector)), None), selector)

    def go(self, path: str) -> None:
        self.driver.get(self.longrun.url + path)

    def press(self, selector: str, then: str) -> None:
        """Press something and wait for the page that it leads to, which has `then`."""
        old = self.one("html")
        self.one(selector).click()
        self.wait(lambda: self.one("html") != old and self.all(then), then)

    def fill(self, **fields: str) -> None:
        """Write into the fields of a form; a day is chosen as its picker does."""
        for name, text in fields.items():
            field = self.one(f"#{name}")
            if field.get_dom_attribute("type") == "date":
                self.driver.execute_script("arguments[0].value = arguments[1]", field, text)
            else:
                field.clear()
                field.send_keys(text)

    def log_in(
        self,
        email: str = "demo@example.com",
        password: str = "run-every-day",
        then: str = "table.runs",
    ) -> None:
        """Log in, as the demo account or another, from any page or none."""
        self.go("/login")
        self.fill(email=email, password=password)
        self.press("main button", then=then)

    def forget(self) -> None:
        """Become somebody whom the site does not know."""
        self.driver.execute_cdp_cmd("Network.clearBrowserCookies", {})

    def texts(self, selector: str) -> list[str]:
        return [element.text for element in self.all(selector)]

    def complaints(self) -> list[str]:
        """Return what the browser's console holds against the pages; advice is no complaint."""
        entries = self.driver.get_log("browser")
        return [entry["message"] for entry in entries if entry["level"] != "DEBUG"]


@pytest.fixture
def person(browser, longrun) -> Person:
    """Somebody at the browser; longrun is to be started before they go anywhere."""
    return Person(browser, longrun)


class Site:
    """longrun in one layout, with a runner for each test that uses it."""

    def __init__(self, longrun, place: Path, layout: str) -> None:
        self.longrun, self.layout, self.instance = longrun, layout, longrun.instance
        self.files = place / "files"
        self._send_at_a_moment(place)
        made = longrun.python(PREPARE, str(self.files), PASSWORD, *NAMES)
        self.made = json.loads(made)
        self.url = longrun.start("--layout", layout).url

    def _send_at_a_moment(self, place: Path) -> None:
        """Add a command to the layout: nothing else of longrun's own file is changed."""
        root = place / "longrun"
        shutil.copytree(self.longrun.root / "longrun", root / "longrun")
        shutil.copy(Path(__file__).with_name("moment.py"), root)
        text = (self.longrun.root / "seamline.toml").read_text("utf-8")
        text = text.replace('"worker"]', '"worker", "moment"]')
        command = '[services.moment]\ncommand = ["python", "moment.py"]\n'
        (root / "seamline.toml").write_text(f"{text}\n{command}", "utf-8")
        self.longrun.root = root
        # Hashes that cost nothing: what a real one costs is no question of these tests.
        self.longrun.environment["LONGRUN_SCRYPT_LOG_N"] = "4"
        self.instance.mkdir()
        os.mkfifo(self.instance / "moment")
        os.mkfifo(self.instance / "sent")

    def date(self, name: str, day: str) -> None:
        """Let what a prepared GPX file tells have been on another day."""
        file = self.files / name
        file.write_text(re.sub(r"\d{4}-\d\d-\d\d(?=T)", day, file.read_text("utf-8")), "utf-8")

    def send_reports(self, now: str) -> int:
        """Let the layout do what is due at a moment; return the number of reports it sent."""
        (self.instance / "moment").write_text(now, "ascii")
        return int((self.instance / "sent").read_text("ascii"))

    def mails(self, to: str) -> list[EmailMessage]:
        """Return every mail to an address."""
        paths = self.instance.glob("mail/*.eml")
        found = [message_from_bytes(path.read_bytes(), policy=policy.default) for path in paths]
        return [mail for mail in found if mail["To"] == to]

    def link(self, to: str, subject: str) -> str:
        """Return where the link in a mail leads, without the name of the site."""
        (mail,) = (mail for mail in self.mails(to) if subject in mail["Subject"])
        body = mail.get_body()
        assert body is not None
        (link,) = (word for word in body.get_content().split() if word.startswith("http"))
        return urlsplit(link).path

    @contextmanager
    def worker_asleep(self) -> Iterator[None]:
        """Let the background work stand still for the block."""
        (number,) = (pid for pid in self.longrun.processes() if "longrun.work" in words_of(pid))
        os.kill(number, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(number, signal.SIGCONT)


def words_of(pid: int) -> str:
    """Return the command line of a process."""
    return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()


@pytest.fixture(scope="session", params=LAYOUTS)
def site(request, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """longrun in each layout, started once for all tests that ask for it."""
    place = tmp_path_factory.mktemp(request.param)
    with longrun_in(place) as longrun:
        yield Site(longrun, place, request.param)
        assert longrun.interrupt() in {0, 130}
        for word in ("Traceback", "never awaited"):
            assert word not in longrun.log.read_text()


class Runner(Person):
    """Somebody who begins as a stranger on the site of a layout."""

    def enter(self, name: str, then: str = "main h1") -> None:
        """Log in as the runner of a test."""
        self.log_in(f"{name}@example.com", PASSWORD, then)
        self.wait(lambda: self.one("h1").text == f"Hello, {name.title()}", "the dashboard")

    def upload(self, *names: str, then: str = ".results") -> None:
        """Upload some of the prepared files."""
        self.go("/upload")
        self.one("#files").send_keys("\n".join(str(self.longrun.files / name) for name in names))
        self.press("main button", then=then)

    def import_archive(self) -> str:
        """Upload the bulk export and watch the import until it ends; return what it says."""
        self.upload("export.zip", then="[role=status]")
        self.wait(lambda: self.texts("h1") == ["Imported"], "the end of the import")
        return self.one("[role=status]").text


@pytest.fixture
def runner(shared_browser, site: Site, tmp_path: Path) -> Iterator[Runner]:
    """Somebody whom the site does not know, who likes pages without complaints."""
    runner = Runner(shared_browser, site)
    runner.forget()
    runner.driver.execute_cdp_cmd("Emulation.setTimezoneOverride", {"timezoneId": ""})
    runner.driver.execute_cdp_cmd(
        "Browser.setDownloadBehavior", {"behavior": "allow", "downloadPath": str(tmp_path)}
    )
    runner.complaints()
    yield runner
    # The console repeats every refusal that a test asked for.
    assert [text for text in runner.complaints() if "status of 4" not in text] == []
