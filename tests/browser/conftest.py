"""Chromium without a window, and somebody who uses longrun with it."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

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


@pytest.fixture
def browser(tmp_path: Path) -> Iterator:
    """Chromium with a profile of its own, which saves what it is given below it."""
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
        from selenium.webdriver.support.ui import WebDriverWait

        return WebDriverWait(self.driver, PATIENCE_SECONDS).until(
            lambda _: fact(), f"never happened: {what}"
        )

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

    def log_in(self) -> None:
        """Log in as the demo account."""
        self.go("/login")
        self.one("#email").send_keys("demo@example.com")
        self.one("#password").send_keys("run-every-day")
        self.press("main button", then="table.runs")

    def texts(self, selector: str) -> list[str]:
        return [element.text for element in self.all(selector)]

    def complaints(self) -> list[str]:
        """Return what the browser's console holds against the pages."""
        return [entry["message"] for entry in self.driver.get_log("browser")]


@pytest.fixture
def person(browser, longrun) -> Person:
    """Somebody at the browser; longrun is to be started before they go anywhere."""
    return Person(browser, longrun)
