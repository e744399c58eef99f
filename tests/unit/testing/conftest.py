"""Suites of a small shop, run by real pytest processes over real hosts.

Where a function that needs no state tells its process, it asks ``posix``: one that asks for
``os.getpid()`` stays with its caller.
"""

import os
import re
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

# Longer than anything takes on a busy machine; a test that waits this long has failed.
PATIENCE_SECONDS = 50.0

SHOP = {
    "seamline.toml": """
        name = "shop"
        [services.web]
        http = "shop.web:app"
        [services.stock]
        package = "shop.stock"
        timeout = 10
        [services.orders]
        package = "shop.orders"

        [layouts.pair]
        front = ["web", "orders"]
        back = { services = ["stock"], env = { SHOP_REGION = "north" } }
        [layouts.headless]
        one = ["stock"]
        two = ["orders", "web"]
    """,
    "shop/__init__.py": "",
    "shop/web.py": """
        from shop import orders, stock

        def app(environ, start_response):
            start_response("200 OK", [])
            return [str(stock.left("tea")).encode()]
    """,
    "shop/stock.py": '''
        """What is on the shelves. Every function touches the module's own state."""
        import contextlib
        import os
        import sqlite3
        import sys

        STOCK = {"tea": 10}
        LIMIT = 5

        def left(name):
            return STOCK[name]

        def take(name, count=1):
            if count > LIMIT + _bonus():
                raise ValueError(f"at most {LIMIT + _bonus()}")
            STOCK[name] -= count
            return STOCK[name]

        def _bonus():
            return 0

        def process():
            return os.getpid() if STOCK else 0

        def variable(name):
            return os.environ.get(name) if STOCK else None

        def directory():
            return os.getcwd() if STOCK else None

        def search_path():
            return list(sys.path) if STOCK else []

        def say(text):
            print(text, "of", len(STOCK))
            os.write(1, f"{text}, {len(STOCK)}, past Python\\n".encode())

        def die():
            STOCK.clear()
            os._exit(3)

        def count_rows(path):
            with contextlib.closing(sqlite3.connect(path)) as database:
                return database.execute("select count(*) from t").fetchone()[0] + 0 * len(STOCK)

        def hold(value):
            STOCK.get("tea")
            return type(value).__name__
    ''',
    "shop/orders.py": '''
        """Orders, which take from the stock."""
        import threading
        from shop import stock

        PLACED = []

        def place(name, count):
            PLACED.append(name)
            return stock.take(name, count)

        def place_quietly():
            """Swallow whatever goes wrong at the seam to the stock."""
            PLACED.append("quietly")
            try:
                stock.hold(threading.Lock())
            except TypeError:
                return "nothing"
            return "placed"
    ''',
    "pytest.ini": """
        [pytest]
        pythonpath = .
        addopts = --strict-markers
        filterwarnings = error
    """,
}


# What switches one rule off in these tests (tests/mutations) does so in a suite's process, too.
_SWITCH = {"SEAMLINE_MUTATION", "PYTEST_PLUGINS"} if "SEAMLINE_MUTATION" in os.environ else set()

# Plugins of this environment that a suite has only if its test asks for them.
_WITHOUT = [f"-pno:{name}" for name in ("randomly", "anyio", "asyncio", "django", "time_machine")]


class Outcome:
    """What one run of pytest printed, and how it ended."""

    def __init__(self, status: int, text: str) -> None:
        self.status = status
        self.text = text

    @property
    def prose(self) -> str:
        """The text in one line: where messages are broken depends on their length."""
        return " ".join(self.text.split())

    @property
    def counts(self) -> dict[str, int]:
        """Passed, failed and error counts."""
        found = re.findall(r"(\d+) (passed|failed|errors?|skipped|deselected)", self.text)
        return {what: int(count) for count, what in found}

    def calls(self, service: str) -> int:
        """The printed number of calls to a service."""
        found = re.search(rf"^{service}: (\d+) calls?\b", self.text, re.MULTILINE)
        assert found, self.text
        return int(found[1])


class Suite:
    """A shop with a suite of tests, in a directory of its own."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._mark = f"SUITE={root}"
        self.environment = {
            name: value
            for name, value in os.environ.items()
            if name in _SWITCH or not name.startswith(("SEAMLINE_", "PYTEST_"))
        }
        self.environment["SUITE"] = str(root)
        for name, text in SHOP.items():
            self.write(name, text)

    def write(self, name: str, text: str) -> None:
        """Write a file of the project."""
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text))

    def tests(self, text: str, name: str = "tests/test_shop.py") -> None:
        """Write a module of tests; the packages are imported already."""
        self.write(name, "import pytest\nfrom shop import orders, stock, web\n")
        with (self.root / name).open("a") as file:
            file.write(textwrap.dedent(text))

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Begin a run of pytest."""
        return subprocess.Popen(
            [sys.executable, "-m", "pytest", *_WITHOUT, *arguments],
            cwd=self.root,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def run(self, layout: str | None, *arguments: str) -> Outcome:
        """Run pytest to its end. No process of it is left then."""
        option = () if layout is None else ("--seamline-layout", layout)
        process = self.start(*option, *arguments)
        text, _ = process.communicate(timeout=PATIENCE_SECONDS)
        assert self.processes() == set(), text
        return Outcome(process.returncode, text)

    def processes(self) -> set[int]:
        """Return every living process that a run of this suite started."""
        found = set()
        for entry in Path("/proc").iterdir():
            if not entry.name.isdigit():
                continue
            try:
                variables = (entry / "environ").read_bytes().split(b"\0")
            except OSError:
                continue  # it ended, or is not ours
            if self._mark.encode() in variables:
                found.add(int(entry.name))
        return found

    def wait_until_nothing_runs(self) -> None:
        """Look until no process of a run is left."""
        self.wait_until_left(0)

    def wait_until_left(self, count: int) -> None:
        """Look until so many processes are left."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while len(self.processes()) > count:
            assert time.monotonic() < deadline, f"still running: {self.processes()}"
            time.sleep(0.02)

    def end(self) -> None:
        """End what a failed test left running."""
        for pid in self.processes():
            os.kill(pid, signal.SIGKILL)


@pytest.fixture
def suite(tmp_path: Path) -> Iterator[Suite]:
    """A shop with an empty suite."""
    made = Suite(tmp_path)
    yield made
    made.end()


@pytest.fixture
def outcome_of(suite: Suite) -> Callable[..., Outcome]:
    """Write a suite's tests and run them in a layout."""

    def run(layout: str | None, text: str, *arguments: str) -> Outcome:
        suite.tests(text)
        return suite.run(layout, *arguments)

    return run
