"""``max_requests``, ``max_rss`` and ``max_age``: a successor first, and nothing is lost."""

import http.client
import select
import threading
from collections import Counter
from urllib.parse import urlsplit

import pytest

pytestmark = pytest.mark.processes

APP = """
import os
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route

kept = []


async def pid(request):
    return PlainTextResponse(str(os.getpid()))


async def grow(request):
    kept.append(b"x" * 90 * 1024 * 1024)
    return PlainTextResponse(str(os.getpid()))


app = Starlette(routes=[Route("/pid", pid), Route("/grow", grow)])
"""
TOML = """
name = "worn"
[services.web]
http = "pages:app"
[layouts.many]
front = { services = ["web"], workers = WORKERS, LIMITS }
"""


@pytest.fixture
def start(project):
    """Start a run whose workers have these limits."""

    def start(limits: str, workers: int = 2):
        (project.root / "pages.py").write_text(APP)
        project.write(TOML.replace("WORKERS", str(workers)).replace("LIMITS", limits))
        return project.start("--layout", "many").ready()

    return start


class Asking(threading.Thread):
    """A client that keeps its connection as long as it may, and takes every answer."""

    def __init__(self, url: str, enough: threading.Event) -> None:
        super().__init__(daemon=True)
        self._connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=30)
        self._enough = enough
        self.pids: Counter[str] = Counter()
        self.failure: Exception | None = None

    def run(self) -> None:
        try:
            while not self._enough.is_set():
                # What any client looks at before it uses a connection again.
                if self._connection.sock and select.select([self._connection.sock], [], [], 0)[0]:
                    self._connection.close()
                self._connection.request("GET", "/pid")
                with self._connection.getresponse() as answer:
                    assert answer.status == 200
                    self.pids[answer.read().decode()] += 1
        except Exception as exc:
            self.failure = exc
        finally:
            self._connection.close()


def load(url: str, clients: int, until) -> list[Asking]:
    """Have clients ask until something is true."""
    enough = threading.Event()
    asking = [Asking(url, enough) for _ in range(clients)]
    for client in asking:
        client.start()
    try:
        until()
    finally:
        enough.set()
        for client in asking:
            client.join()
    return asking


@pytest.mark.parametrize("workers", [1, 2])
def test_workers_are_replaced_after_so_many_requests_and_none_is_lost(
    start, eventually, workers
) -> None:
    run = start("max_requests = 100, max_requests_jitter = 20", workers)
    strength = set()

    def more_than_once() -> bool:
        states = Counter(one["state"] for one in run.workers())
        strength.add(states["ready"])
        return sum(one["recycled"] for one in run.workers()) > workers

    asking = load(run.url, 8, lambda: eventually(more_than_once, "replacements"))

    assert [client.failure for client in asking] == [None] * 8
    assert len(sum((client.pids for client in asking), Counter())) > workers
    assert strength == {workers}
    assert {one["recycle_reason"].partition(" ")[0] for one in run.workers()} == {"max_requests:"}
    assert {one["restarts"] for one in run.workers()} == {0}
    run.err.wait_for(r"front\.0\[\d+\] is at a limit, max_requests: answered \d+; a successor is")
    run.err.wait_for(r"recycle: front\.0\[\d+\] is ready; \d+ finishes what it runs")
    assert run.stop() == 0


def test_worker_that_has_grown_is_replaced(start, eventually) -> None:
    run = start('max_rss = "100MiB"')
    before = [one["pid"] for one in run.workers()]
    grown = int(run.get("/grow")[1])

    run.err.wait_for(rf"front\.{before.index(grown)}\[{grown}\] is at a limit, max_rss: grown to")
    eventually(lambda: grown not in [one["pid"] for one in run.workers()], "a successor")
    assert run.stop() == 0


def test_limit_below_what_the_application_needs_is_named_and_replaces_nothing(start) -> None:
    run = start('max_rss = "2MiB"')
    before = [one["pid"] for one in run.workers()]

    run.err.wait_for(
        r"takes \d+ MiB before it has answered anything, and max_rss of front is 2 MiB"
    )
    assert run.get("/pid")[0] == 200
    assert [one["pid"] for one in run.workers()] == before
    assert sum("max_rss of front" in line for line in run.err.lines) == 1
    assert run.stop() == 0


def test_old_workers_are_replaced_one_at_a_time(start, eventually) -> None:
    run = start('max_age = "3s"', 3)

    eventually(lambda: min(one["recycled"] for one in run.workers()) >= 1, "all of them")
    assert run.stop() == 0
    steps = [line for line in run.err.lines if "at a limit" in line or "recycle:" in line]
    assert ["max_age" in line for line in steps[:6]] == [True, False] * 3


def test_code_that_cannot_be_loaded_keeps_the_worker(start, eventually, project) -> None:
    run = start('max_age = "3s"', 1)
    (before,) = (one["pid"] for one in run.workers())
    (project.root / "pages.py").write_text("raise RuntimeError('not today')\n")

    run.err.wait_for(rf"front\.0\[{before}\] is not replaced: .*not today; it serves on")
    assert run.get("/pid") == (200, str(before))
    assert run.status()["state"] == "ready"

    (project.root / "pages.py").write_text(APP)
    eventually(lambda: run.workers()[0]["recycled"] >= 1, "the successor")
    assert run.stop() == 0


def test_limits_are_read_anew_by_a_reload(start, eventually, project) -> None:
    run = start("threads = 4", 1)
    project.write(
        TOML.replace("WORKERS", "1").replace("LIMITS", "max_requests = 1, max_age = 3600")
    )
    assert project.command("reload").returncode == 0

    assert run.get("/pid")[0] == 200

    eventually(lambda: run.workers()[0]["recycled"] == 1, "a replacement after one request")
    assert run.stop() == 0
