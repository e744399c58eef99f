"""A split application behaves as it does whole: same pages, state in one place."""

import json
import os
import signal
import sys
from contextlib import closing
from http.client import HTTPConnection
from urllib.parse import urlsplit

import pytest

pytestmark = pytest.mark.processes


def post(run, path: str, body: str) -> tuple[int, dict]:
    with closing(HTTPConnection(urlsplit(run.url).netloc, timeout=30)) as connection:
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        connection.request("POST", path, body, headers)
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())


def use_the_shop(run) -> list:
    """Read and change the stock through several requests."""
    seen = [json.loads(run.get("/items/tea")[1]) for _ in range(3)]
    for one in seen:
        del one["host"]
    taken = [post(run, "/items/tea/take", "count=3") for _ in range(4)]
    return [seen, taken]


# Too much work to run it everywhere, and nothing of its host in it.
KIND_OF = """

def kind_of(value, text: str = "") -> str:
    for word in text.split():
        for letter in word:
            hash(letter)
    return type(value).__name__
"""

EXPECTED = [
    [{"name": "tea", "left": 10, "price": "2.50"}] * 3,
    [
        (200, {"left": 7}),
        (200, {"left": 4}),
        (200, {"left": 1}),
        (409, {"error": "only 1 of tea left"}),
    ],
]


@pytest.mark.parametrize("layout", ["mono", "local", "pair", "micro"])
def test_pages_are_the_same_in_every_layout(plainflask, layout) -> None:
    run = plainflask.start("--layout", layout).ready()

    assert use_the_shop(run) == EXPECTED
    assert run.stop() == 0


def test_state_lives_in_the_group_that_hosts_it(plainflask) -> None:
    run = plainflask.start("--layout", "pair").ready()
    hosts = {group["name"]: group["workers"] for group in run.status()["groups"]}

    page = json.loads(run.get("/items/cake")[1])

    assert page["host"] == hosts["stock"][0]["pid"]
    assert run.stop() == 0


def test_status_counts_calls_across_seams(plainflask, eventually) -> None:
    run = plainflask.start("--layout", "pair").ready()

    run.get("/items/cake")

    eventually(lambda: run.status()["seam_calls"] >= 2, "calls counted by the caller")
    served = eventually(
        lambda: [g for g in run.status()["groups"] if g["workers"][0]["calls"]], "served calls"
    )
    assert [group["name"] for group in served] == ["stock"]
    assert "seams" in plainflask.command("status").stdout
    assert run.stop() == 0


@pytest.mark.parametrize("end", ["kill", "reload", "scale", "upgrade"])
def test_what_ended_workers_counted_stays_in_the_sums(plainflask, eventually, end) -> None:
    run = plainflask.start("--layout", "pair").ready()
    for _ in range(4):
        run.get("/items/cake")
    before = counted(run)
    assert before["requests"] == 4
    assert before["seam_calls"] == before["calls"] >= 8
    pids = {worker["pid"] for worker in run.workers()}

    if end == "kill":
        for pid in pids:
            os.kill(pid, signal.SIGKILL)
    elif end == "upgrade":
        run.signal(signal.SIGUSR2)
    else:
        command = ["scale", "front=1"] if end == "scale" else ["reload"]
        assert plainflask.command(*command).returncode == 0

    left = pids if end != "scale" else set()

    def is_over() -> bool:
        status = run.status()
        now = {worker["pid"] for group in status["groups"] for worker in group["workers"]}
        return status["state"] == "ready" and not now & left

    eventually(is_over, "other workers")
    assert counted(run) == before
    assert f"{before['seam_calls']} calls" in plainflask.command("status").stdout
    assert run.stop() == 0


def counted(run) -> dict[str, int]:
    """Return the sums over a run's groups that never go back."""
    status = run.status()
    shown = [one for group in status["groups"] for one in (group["others"], *group["workers"])]
    names = ("requests", "calls")
    return {name: sum(one[name] for one in shown) for name in names} | {
        "seam_calls": status["seam_calls"]
    }


def test_status_counts_calls_that_stayed_with_their_callers(plainflask, eventually) -> None:
    with (plainflask.root / "plainflask" / "prices.py").open("a") as file:
        file.write(KIND_OF)
    web = plainflask.root / "plainflask" / "web.py"
    web.write_text(web.read_text().replace('"plain flask\\n"', "prices.kind_of(gate)"))
    run = plainflask.start("--layout", "micro").ready()

    assert run.get("/") == (200, "Event")

    eventually(lambda: run.status()["stayed"] == 1, "the call that stayed")
    assert "1 stayed with their callers" in plainflask.command("status").stdout
    assert run.stop() == 0


def test_a_seam_error_that_escapes_becomes_503_with_retry_after(plainflask, eventually) -> None:
    toml = (plainflask.root / "seamline.toml").read_text()
    plainflask.write(toml.replace('"plainflask.stock"', '"plainflask.stock"\ntimeout = 0.5'))
    run = plainflask.start("--layout", "pair").ready()
    url = run.url
    stock = next(g for g in run.status()["groups"] if g["name"] == "stock")["workers"][0]
    assert run.get("/items/tea")[0] == 200

    os.kill(stock["pid"], signal.SIGSTOP)
    with closing(HTTPConnection(urlsplit(url).netloc, timeout=30)) as connection:
        connection.request("GET", "/items/tea", headers={"Accept": "application/json"})
        answer = connection.getresponse()
        body = json.loads(answer.read())
    os.kill(stock["pid"], signal.SIGCONT)

    # Which of the two depends on whether a connection was at hand to send the call on.
    assert (answer.status, body["code"]) in {(503, "unavailable"), (504, "deadline")}
    assert answer.headers["Retry-After"] == "1"
    eventually(lambda: run.status()["seam_errors"] >= 1, "the error counted")
    eventually(lambda: run.get("/items/tea")[0] == 200, "pages again")
    assert run.stop() == 0


def test_pages_come_back_after_the_host_of_their_state_was_killed(plainflask, eventually) -> None:
    run = plainflask.start("--layout", "pair").ready()
    run.get("/items/tea")
    stock = next(g for g in run.status()["groups"] if g["name"] == "stock")["workers"][0]

    os.kill(stock["pid"], signal.SIGKILL)

    eventually(lambda: run.get("/items/tea")[0] == 200, "pages again")
    page = json.loads(run.get("/items/tea")[1])
    assert page["host"] != stock["pid"]
    assert run.stop() == 0


def test_commands_run_as_they_are_under_the_same_watch(plainflask, eventually) -> None:
    (plainflask.root / "ticker.py").write_text(
        "import os, signal, sys\n"
        "print('ticker of', os.environ['COLOUR'], 'in', os.getcwd())\n"
        "signal.signal(signal.SIGTERM, lambda *_: (print('ticker leaves'), sys.exit(0)))\n"
        "while True: signal.pause()\n"
    )
    plainflask.write(
        'name = "c"\n[services.web]\nhttp = "plainflask.web:create_app()"\n'
        f"[services.ticker]\ncommand = [{sys.executable!r}, 'ticker.py']\n"
        "[layouts.both]\nfront = ['web']\n"
        "ticker = { services = ['ticker'], env = { COLOUR = 'green' } }\n"
    )
    run = plainflask.start("--layout", "both").ready()
    ticker = next(g for g in run.status()["groups"] if g["name"] == "ticker")["workers"][0]
    run.out.wait_for(rf"ticker\.0\[{ticker['pid']}\] \| ticker of green in {plainflask.root}")

    os.kill(ticker["pid"], signal.SIGKILL)
    eventually(lambda: run.status()["restarts"] == 1 and run.ready(), "a replacement")

    assert run.stop() == 0
    assert "ticker leaves" in run.out.text
    assert plainflask.processes() == set()


def test_a_command_does_not_outlive_a_killed_supervisor(project, eventually) -> None:
    project.write('name = "c"\n[services.nap]\ncommand = ["sleep", "600"]\n')
    run = project.start().ready()

    run.signal(signal.SIGKILL)
    run.wait()

    eventually(lambda: not project.processes(), "the end of the command")


def test_a_command_that_cannot_be_run_ends_the_run(project) -> None:
    project.write('name = "c"\n[services.nap]\ncommand = ["no-such-program"]\n')

    run = project.start()

    assert run.wait() == 2
    assert "service 'nap': cannot run 'no-such-program': No such file" in run.err.prose
    assert "install it, or write the path of a program" in run.err.prose


def test_children_of_a_worker_end_with_it(project, eventually) -> None:
    (project.root / "parent.py").write_text(
        "import subprocess\n"
        "child = subprocess.Popen(['sleep', '600'])\n"
        "def app(environ, start_response):\n"
        "    start_response('200 OK', [])\n"
        "    return [str(child.pid).encode()]\n"
    )
    project.write('name = "p"\n[services.web]\nhttp = "parent:app"\n')
    run = project.start().ready()
    child = int(run.get("/")[1])
    (worker,) = run.workers()

    os.kill(worker["pid"], signal.SIGKILL)
    eventually(lambda: run.workers()[0]["generation"] == 2 and run.ready(), "a replacement")

    eventually(lambda: child not in project.processes(), "the end of the child")
    assert run.stop() == 0


def test_a_python_child_of_a_worker_calls_across_the_same_seams(plainflask) -> None:
    (plainflask.root / "plainflask" / "asks.py").write_text(
        "import os, subprocess, sys\n"
        "PROGRAM = 'from plainflask import stock; print(stock.host(), stock.take(\"cake\", 2))'\n"
        "def app(environ, start_response):\n"
        "    start_response('200 OK', [])\n"
        "    return [subprocess.check_output([sys.executable, '-c', PROGRAM])]\n"
    )
    toml = (plainflask.root / "seamline.toml").read_text()
    plainflask.write(toml.replace("plainflask.web:create_app()", "plainflask.asks:app"))
    run = plainflask.start("--layout", "pair").ready()
    stock = next(g for g in run.status()["groups"] if g["name"] == "stock")["workers"][0]

    assert run.get("/") == (200, f"{stock['pid']} 1\n")
    assert run.stop() == 0


def test_a_python_command_calls_across_the_same_seams(plainflask) -> None:
    (plainflask.root / "asks.py").write_text(
        "import signal\nfrom plainflask import stock\n"
        "print('stock in', stock.host())\nsignal.pause()\n"
    )
    toml = (plainflask.root / "seamline.toml").read_text()
    command = f"[services.asks]\ncommand = [{sys.executable!r}, 'asks.py']\n[layouts.pair]"
    plainflask.write(toml.replace("[layouts.pair]", command + "\nasks = ['asks']"))
    run = plainflask.start("--layout", "pair").ready()
    stock = next(g for g in run.status()["groups"] if g["name"] == "stock")["workers"][0]

    run.out.wait_for(rf"asks\.0\[\d+\] \| stock in {stock['pid']}$")
    assert run.stop() == 0


def test_a_command_that_starts_again_from_changed_source_refuses_to(plainflask) -> None:
    (plainflask.root / "asks.py").write_text(
        "import os, signal\nfrom plainflask import stock\n"
        "print('asks in', os.getpid(), 'of', stock.host())\nsignal.pause()\n"
    )
    toml = (plainflask.root / "seamline.toml").read_text()
    command = f"[services.asks]\ncommand = [{sys.executable!r}, 'asks.py']\n[layouts.pair]"
    plainflask.write(toml.replace("[layouts.pair]", command + "\nasks = ['asks']"))
    run = plainflask.start("--layout", "pair").ready()
    asks = int(run.out.wait_for(r"asks in (\d+) of \d+$")[1])

    plainflask.edit("stock.py", "import os", "# This is new.\nimport os")
    os.kill(asks, signal.SIGKILL)

    run.out.wait_for(r"is at another line than when this run was planned.*seamline reload")
    assert run.stop() == 0


def test_strict_starts_nothing_when_check_finds_errors(plainflask) -> None:
    web = plainflask.root / "plainflask" / "web.py"
    web.write_text(web.read_text() + "\nfrom plainflask.stock import _left as everything\n")
    check = plainflask.command("check")
    assert check.returncode == 1, check.stdout

    run = plainflask.start("--layout", "pair", "--strict")

    assert run.wait() == 2
    assert "--strict starts nothing" in run.err.prose
    assert plainflask.leftovers() == []
