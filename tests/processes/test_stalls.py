"""Workers that live and do not work: each is found, shown where it stands, and replaced."""

import http.client
import os
import signal
import threading
import time
from collections.abc import Callable
from urllib.parse import urlsplit

import pytest

pytestmark = pytest.mark.processes

TOML = """
name = "stalls"
stall_timeout = 4
graceful_timeout = 1
[services.web]
http = "pages:app"
[layouts.many]
front = { services = ["web"], workers = WORKERS, threads = 2 }
"""
APP = """
import ctypes
import os
import threading
import time
from flask import Flask

app = Flask(__name__)


@app.get("/pid")
def pid():
    return str(os.getpid())


@app.get("/stuck")
def stuck():
    threading.Event().wait()  # for ever
    return ""


@app.get("/slow")
def slow():
    time.sleep(7)
    return "slow"


@app.get("/parts")
def parts():
    def body():
        for part in range(12):
            time.sleep(0.5)
            yield f"{part} "

    return body()


@app.get("/selfish")
def selfish():
    ctypes.PyDLL(None).sleep(600)  # holds the interpreter's lock
    return ""
"""
# What is waited for beyond stall_timeout: beats and looks, and two seconds to write the stacks.
SPARE = 6.0


@pytest.fixture
def start(project):
    """Start a run of so many workers with two threads each."""

    def start(workers: int = 1):
        (project.root / "pages.py").write_text(APP)
        project.write(TOML.replace("WORKERS", str(workers)))
        return project.start("--layout", "many").ready()

    return start


class Asking:
    """A request that is made beside the test."""

    def __init__(self, url: str, path: str) -> None:
        self.connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=30)
        self.connection.connect()
        self.answer: str | Exception | None = None
        self._thread = threading.Thread(target=self._ask, args=(path,), daemon=True)
        self._thread.start()

    def _ask(self, path: str) -> None:
        try:
            self.connection.request("GET", path)
            with self.connection.getresponse() as answer:
                self.answer = answer.read().decode()
        except (OSError, http.client.HTTPException) as exc:
            self.answer = exc
        finally:
            self.connection.close()

    def wait(self) -> str | Exception | None:
        """Return the answer, or what came instead."""
        self._thread.join()
        return self.answer


def seconds(fact: Callable[[], object]) -> float:
    """Return how long something takes."""
    began = time.monotonic()
    fact()
    return time.monotonic() - began


def test_worker_whose_threads_are_all_stuck_is_replaced_with_its_stacks_in_the_log(
    start, eventually
) -> None:
    run = start()
    url = run.url
    (before,) = (one["pid"] for one in run.workers())
    asked = [Asking(url, "/stuck") for _ in range(3)]

    took = seconds(
        lambda: run.err.wait_for(rf"front\.0\[{before}\] answered nothing for 4 s: all")
    )
    run.out.wait_for(r'pages\.py", line \d+ in stuck')
    eventually(lambda: run.workers()[0]["generation"] == 2 and run.ready(), "a replacement")

    assert took < 4 + SPARE
    assert all(isinstance(one.wait(), Exception) for one in asked)
    assert run.get("/pid")[0] == 200
    assert run.workers()[0]["reason"] == "was stuck and was killed"
    assert run.stop() == 0


def test_threads_that_are_slow_while_nobody_waits_are_left_alone(start) -> None:
    run = start()
    asked = [Asking(run.url, "/slow") for _ in range(2)]

    assert [one.wait() for one in asked] == ["slow", "slow"]
    assert [one["restarts"] for one in run.workers()] == [0]
    assert run.stop() == 0


def test_threads_that_send_part_after_part_are_left_alone(start) -> None:
    run = start()
    url = run.url
    asked = [Asking(url, "/parts") for _ in range(2)]
    waiting = [Asking(url, "/pid") for _ in range(4)]

    assert [len(str(one.wait()).split()) for one in asked] == [12, 12]
    (worker,) = run.workers()
    assert {one.wait() for one in waiting} == {str(worker["pid"])}
    assert worker["restarts"] == 0
    assert run.stop() == 0


@pytest.mark.parametrize("how", ["stopped", "selfish"])
def test_worker_that_stands_still_is_replaced_and_the_other_one_answers_meanwhile(
    start, eventually, how
) -> None:
    run = start(2)
    url = run.url
    before = [one["pid"] for one in run.workers()]
    if how == "stopped":
        os.kill(before[0], signal.SIGSTOP)
        asked = None
    else:
        asked = Asking(url, "/selfish")

    # Which one a request went to is known when that is silent.
    eventually(lambda: any(one["adopted_by"] is not None for one in run.workers()), "a neighbour")
    slot = [one["adopted_by"] is not None for one in run.workers()].index(True)
    victim, other = before[slot], before[1 - slot]
    assert {int(run.get("/pid", url=url)[1]) for _ in range(20)} == {other}
    took = seconds(lambda: run.err.wait_for(rf"front\.{slot}\[{victim}\] gave no sign of life"))
    eventually(lambda: run.workers()[slot]["generation"] == 2 and run.ready(), "a replacement")

    assert took < 4 + SPARE
    if asked is not None:
        assert isinstance(asked.wait(), Exception)
        run.out.wait_for(r'pages\.py", line \d+ in selfish')
    assert run.workers()[1 - slot]["restarts"] == 0
    assert run.stop() == 0


def test_host_whose_threads_are_all_stuck_in_calls_is_replaced(plainflask, eventually) -> None:
    stock = plainflask.root / "plainflask" / "stock.py"
    with stock.open("a") as file:
        file.write(
            "\n\nimport threading\n\n\ndef hang() -> int:\n"
            "    threading.Event().wait()\n    return _left['tea']\n"
        )
    web = plainflask.root / "plainflask" / "web.py"
    web.write_text(web.read_text().replace("time.sleep(seconds)", "stock.hang()"))
    plainflask.write(
        "stall_timeout = 2\n"
        + (plainflask.root / "seamline.toml").read_text()
        + '\n[layouts.many]\nfront = ["web", "prices"]\n'
        'back = { services = ["stock"], threads = 1 }\n'
    )
    run = plainflask.start("--layout", "many").ready()
    url = run.url
    asked = [Asking(url, "/slow/1.0") for _ in range(2)]

    run.err.wait_for(r"back\.0\[\d+\] answered nothing for 2 s: all its threads are stuck")
    run.out.wait_for(r'stock\.py", line \d+ in hang')
    eventually(lambda: run.workers()[1]["generation"] >= 2, "a replacement")

    assert run.workers()[0]["restarts"] == 0
    # The one that waited in the queue was not begun: it is made again, and hangs again.
    run.signal(signal.SIGTERM)
    run.signal(signal.SIGTERM)
    run.wait()
    assert all(one.wait() is not None for one in asked)
