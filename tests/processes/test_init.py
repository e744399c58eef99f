"""``seamline init`` on applications of every kind: what it writes runs, whole and split."""

import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

APPS = Path(__file__).parent.parent / "apps"

pytestmark = pytest.mark.processes


class App:
    """An application of tests/apps, and what init should make of it."""

    def __init__(self, entry: str, services: set[str], answer: str) -> None:
        self.entry = entry
        self.services = services
        self.answer = answer


APPLICATIONS = {
    "flask_orders": App("orders.web:create_app()", {"orders.feeds", "orders.stock"}, '"left":8'),
    "quart_notes": App("notes.app:app", {"notes.store", "notes.words"}, '"number":1'),
    "fastapi_weather": App(
        "weather.main:app", {"weather.forecast", "weather.stations"}, '"mean":5.5'
    ),
    "starlette_polls": App("polls.asgi:app", {"polls.charts", "polls.votes"}, "yes ##"),
    "litestar_books": App("books.app:create_app()", {"books.shelf", "books.isbn"}, '"ok":true'),
    "django_library": App("library.wsgi:application", {"loans.services"}, '"fee": 75'),
    "bottle_links": App("app:bottle.default_app()", {"links", "shortener"}, '"links": 1'),
    "wsgi_counter": App(
        "counter.wsgi:application", {"counter.ranks", "counter.visits"}, '[1, "/about"]'
    ),
    "asgi_dice": App("dice.asgi:app", {"dice.rolls", "dice.history"}, '"number": 1'),
    "aiohttp_chat": App("python -m chat", {"chat.filters", "chat.rooms"}, "what the **** is this"),
    "tornado_clock": App("python -m main", {"alarms", "clock.zones"}, '["tea", "15:15"]'),
}


def copied(project, name):
    shutil.copytree(APPS / name, project.root, dirs_exist_ok=True)
    project.environment["PORT"] = "0"
    return APPLICATIONS[name]


def listening(pid):
    """Return the URL a process listens at, or an empty text."""
    inodes = set()
    for entry in Path(f"/proc/{pid}/fd").iterdir():
        try:
            found = re.fullmatch(r"socket:\[(\d+)\]", str(entry.readlink()))
        except FileNotFoundError:
            continue  # closed meanwhile
        if found:
            inodes.add(found[1])
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        fields = line.split()
        if fields[3] == "0A" and fields[9] in inodes:
            return f"http://127.0.0.1:{int(fields[1].partition(':')[2], 16)}"
    return ""


def served_at(run, eventually):
    if run.status()["urls"]:
        return run.url
    group = next(g for g in run.status()["groups"] if "web" in g["services"])
    pid = group["workers"][-1]["pid"]
    return eventually(lambda: listening(pid), "the program listens")


@pytest.mark.parametrize("name", APPLICATIONS)
def test_what_init_writes_answers_the_same_whole_and_split(project, eventually, name):
    app = copied(project, name)

    written = project.command("init")
    checked = project.command("check")

    assert written.returncode == 0, written.stderr
    assert checked.returncode == 0, checked.stdout
    services = tomllib.loads((project.root / "seamline.toml").read_text())["services"]
    entry = services.pop("web")
    assert (entry.get("http") or " ".join(entry["command"])) == app.entry
    assert {one["package"] for one in services.values()} == app.services
    answers = {}
    for layout in ("mono", "micro"):
        run = project.start("--layout", layout).ready()
        answers[layout] = run.get("/", url=served_at(run, eventually))
        if layout == "micro":
            hosts = [g for g in run.status()["groups"] if g["name"] != "web"]
            eventually(
                lambda run=run: sum(w["calls"] for w in run.workers()) > 0, "a call crosses"
            )
            assert {g["name"] for g in hosts} == set(services)
        assert run.stop() == 0
    assert answers["micro"] == answers["mono"]
    assert answers["mono"][0] == 200
    assert app.answer in answers["mono"][1]


# The tests' process stands for the http service; a program with a server of its own has none.
SPLIT = {name for name, app in APPLICATIONS.items() if ":" in app.entry}


@pytest.mark.parametrize("name", APPLICATIONS)
def test_the_application_s_own_tests_pass_split_as_proposed(project, name):
    copied(project, name)
    assert project.command("init").returncode == 0

    for layout in ((), ("--seamline-layout=micro",))[: 1 + (name in SPLIT)]:
        ran = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "-p", "seamline.testing.plugin", *layout],
            cwd=project.root,
            # The other plugins take longer to load than these tests.
            env=project.environment | {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
            capture_output=True,
            text=True,
            timeout=90,
            check=False,
        )

        assert ran.returncode == 0, ran.stdout + ran.stderr


def test_programs_of_a_procfile_run_beside_the_application(plainflask):
    (plainflask.root / "seamline.toml").unlink()
    (plainflask.root / "ticker.py").write_text(
        "import os, time\nprint('tick at', os.environ.get('PORT'))\ntime.sleep(60)\n"
    )
    (plainflask.root / "Procfile").write_text(
        "web: gunicorn -w 4 'plainflask.web:create_app()'\n"
        "ticker: python ticker.py --port $PORT\n"
        "release: python migrate.py\n"
    )
    # The shell finds the interpreter that has Seamline, whatever is on the caller's path.
    plainflask.environment["PATH"] = "/usr/bin:/bin"

    result = plainflask.command("init")

    assert result.returncode == 0, result.stderr
    assert "left out: Procfile:3 release" in " ".join(result.stderr.split())
    run = plainflask.start("--layout", "micro").ready()
    run.out.wait_for(r"ticker\.0\[\d+\] \| tick at 5100")
    assert run.get("/") == (200, "plain flask\n")
    assert run.stop() == 0
