"""Make the pictures of the README: a year of demo data, seen by Chromium without a window.

    python tools/screenshots.py [DIRECTORY]

It needs selenium, Pillow, and Debian's chromium and chromium-driver; nothing is downloaded.
"""

import io
import os
import shutil
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from PIL import Image
from selenium import webdriver
from werkzeug.serving import make_server

ROOT = Path(__file__).parents[1]
# Name -> page, width, height, and whether it is dark; {run} is the last long run.
PICTURES = {
    "dashboard": ("/", 1180, 900, False),
    "run": ("/runs/{run}", 1180, 900, False),
    "year": ("/year/{year}", 1180, 900, True),
    "phone": ("/runs/{run}", 390, 844, False),
    "phone-dark": ("/", 390, 844, True),
}
COLOURS = 128


def main(directory: Path) -> None:
    """Make every picture."""
    directory.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as place,
        serving(Path(place)) as (site, run, year),
        browsing(site) as driver,
    ):
        for name, (page, width, height, dark) in PICTURES.items():
            look(driver, width, height, dark=dark)
            driver.get(site + page.format(run=run, year=year))
            picture = Image.open(io.BytesIO(driver.get_screenshot_as_png())).convert("RGB")
            # Flat colours: a palette is a third of the size, and nobody sees it.
            picture.quantize(COLOURS).save(directory / f"{name}.png", optimize=True)


@contextmanager
def serving(place: Path) -> Iterator[tuple[str, int, int]]:
    """Serve a year of demo data; yield the address, the last long run and its year."""
    os.environ |= {"LONGRUN_INSTANCE": str(place), "LONGRUN_DATABASE": f"sqlite:///{place}/x.db"}
    sys.path.insert(0, str(ROOT))
    from longrun.web import create_app

    from longrun import accounts, activities, demo

    demo.fill(place / "demo")
    runner = accounts.authenticate(demo.EMAIL, demo.PASSWORD)
    run = max(activities.latest(runner.id, 8), key=lambda run: run.distance_m)
    server = make_server("127.0.0.1", 0, create_app(), threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", run.id, run.started_at.year
    finally:
        server.shutdown()
        thread.join()


@contextmanager
def browsing(site: str) -> Iterator[webdriver.Chrome]:
    """Open Chromium and log in as the demo's runner."""
    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which("chromium") or ""
    for flag in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--hide-scrollbars"):
        options.add_argument(flag)
    service = webdriver.ChromeService(executable_path=shutil.which("chromedriver"))
    driver = webdriver.Chrome(options=options, service=service)
    try:
        driver.get(f"{site}/login")
        driver.find_element("id", "email").send_keys("demo@example.com")
        driver.find_element("id", "password").send_keys("run-every-day")
        driver.find_element("css selector", "main button").click()
        yield driver
    finally:
        driver.quit()


def look(driver: webdriver.Chrome, width: int, height: int, *, dark: bool) -> None:
    """Set the size of the window and the colours that its user likes."""
    size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    feature = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [feature]})


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "docs" / "images")
