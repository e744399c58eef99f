"""``seamline reload`` and SIGHUP: a successor first, then the old worker leaves."""

import http.client
import json
import os
import signal
import socket
import threading
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

pytestmark = pytest.mark.processes

WEB = """
name = "plain"
[services.web]
http = "plainflask.web:create_app()"
"""
TWO_WORKERS = WEB + '\n[layouts.two]\nfront = { services = ["web"], workers = 2 }\n'
BROKEN = "raise RuntimeError('not today')\n"


def test_every_worker_is_replaced_and_the_new_code_answers(plainflask) -> None:
    plainflask.write(TWO_WORKERS)
    run = plainflask.start("--layout", "two").ready()
    before = run.pids()
    plainflask.edit("web.py", "plain flask", "new flask")

    result = plainflask.command("reload")

    assert result.returncode == 0, result.stderr
    assert "plain reloaded: 2 workers of front" in result.stderr
    assert [(one["generation"], one["restarts"]) for one in run.workers()] == [(2, 0)] * 2
    assert not set(before) & set(run.pids())
    assert not set(before) & plainflask.processes()
    assert {run.get("/")[1] for _ in range(8)} == {"new flask\n"}
    assert run.stop() == 0


@pytest.mark.parametrize("kind", ["tcp", "unix"])
def test_clients_keep_their_connections_and_are_answered_by_the_successor_in_them(
    plainflask, tmp_path, kind
) -> None:
    plainflask.write(TWO_WORKERS)
    path = str(tmp_path / "s")
    bind = ("--bind", f"unix:{path}") if kind == "unix" else ()
    run = plainflask.start("--layout", "two", *bind).ready()
    before = run.pids()
    where = urlsplit(run.url).netloc if kind == "tcp" else path
    clients = [kept_connection(kind, where) for _ in range(6)]
    workers = [ask(client, "/pid") for client in clients]
    assert {int(worker) for worker in workers} <= set(before)
    plainflask.edit("web.py", "plain flask", "new flask")

    assert plainflask.command("reload").returncode == 0

    for client in clients:
        assert ask(client, "/") == "new flask\n"
    followers = dict(zip(before, run.pids(), strict=True))
    assert [ask(client, "/pid") for client in clients] == [
        str(followers[int(worker)]) for worker in workers
    ]
    for client in clients:
        client.close()
    assert run.stop() == 0


def test_context_variables_that_an_import_set_hold_in_connections_that_were_passed_on(
    plainflask,
) -> None:
    plainflask.edit("web.py", "gate =", "import decimal\n\ndecimal.getcontext().prec = 9\ngate =")
    plainflask.edit("web.py", '"plain flask\\n"', "str(decimal.getcontext().prec)")
    plainflask.write(WEB)
    run = plainflask.start().ready()
    client = kept_connection("tcp", urlsplit(run.url).netloc)
    assert ask(client, "/") == "9"

    assert plainflask.command("reload").returncode == 0

    assert ask(client, "/") == "9"
    client.close()
    assert run.stop() == 0


def kept_connection(kind: str, where: str) -> http.client.HTTPConnection:
    """Connect once: it cannot connect anew."""
    client = http.client.HTTPConnection(where if kind == "tcp" else "here", timeout=30)
    if kind == "tcp":
        client.connect()
    else:
        client.sock = socket.socket(socket.AF_UNIX)
        client.sock.connect(where)
    client.auto_open = 0
    return client


def ask(client: http.client.HTTPConnection, path: str) -> str:
    client.request("GET", path)
    answer = client.getresponse()
    text = answer.read().decode()
    assert answer.status == 200
    return text


def test_sighup_reloads_everything(plainflask, eventually) -> None:
    plainflask.write(WEB)
    run = plainflask.start().ready()
    (before,) = run.pids()
    plainflask.edit("web.py", "plain flask", "new flask")

    run.signal(signal.SIGHUP)

    run.err.wait_for("reloaded: 1 of app")
    assert before not in plainflask.processes()
    assert run.get("/") == (200, "new flask\n")
    assert run.stop() == 0


@pytest.mark.parametrize("layout", ["mono", "micro"])
def test_code_that_cannot_be_loaded_keeps_the_old_workers(plainflask, layout) -> None:
    run = plainflask.start("--layout", layout).ready()
    before = run.pids()
    plainflask.edit("stock.py", "import os", BROKEN)

    result = plainflask.command("reload")

    assert result.returncode == 2
    assert "plainflask.stock: RuntimeError: not today" in " ".join(result.stderr.split())
    assert "  3 | raise RuntimeError('not today')" in result.stderr
    assert "nothing; every other worker serves on" in result.stderr
    assert run.pids() == before
    assert run.get("/") == (200, "plain flask\n")
    assert run.status()["state"] == "ready"
    run.err.wait_for("not reloaded: .*RuntimeError: not today; the old workers serve on")

    plainflask.edit("stock.py", BROKEN, "import os")
    assert plainflask.command("reload").returncode == 0
    assert run.stop() == 0


def test_traceback_of_code_that_cannot_be_loaded_is_shown_when_asked_for(plainflask) -> None:
    plainflask.write(WEB)
    run = plainflask.start().ready()
    plainflask.edit("stock.py", "import os", BROKEN)

    result = plainflask.command("reload", "-v")

    assert "Traceback (most recent call last):" in result.stderr
    assert run.stop() == 0


def test_file_that_cannot_be_used_keeps_the_old_workers(plainflask) -> None:
    plainflask.write(WEB)
    run = plainflask.start().ready()
    before = run.pids()
    plainflask.write(WEB + "threads = 'many'\n")

    # The command itself reads the file, too: ask as a signal does.
    run.signal(signal.SIGHUP)

    run.err.wait_for(r"not reloaded: .*seamline\.toml:5: .*threads.*; the old workers serve on")
    assert run.pids() == before
    assert plainflask.command("reload").returncode == 2
    plainflask.write(WEB)
    assert plainflask.command("reload").returncode == 0
    assert run.stop() == 0


@pytest.mark.parametrize(
    ("toml", "what"),
    [
        (TWO_WORKERS.replace("workers = 2", "workers = 3"), "the number of workers changed"),
        (WEB + '[layouts.two]\nback = { services = ["web"] }\n', "the layout changed"),
    ],
)
def test_what_takes_new_sockets_takes_a_new_start(plainflask, toml, what) -> None:
    plainflask.write(TWO_WORKERS)
    run = plainflask.start("--layout", "two").ready()
    before = run.pids()
    plainflask.write(toml)

    result = plainflask.command("reload")

    assert result.returncode == 2
    assert what in result.stderr
    assert "seamline stop, then seamline run" in result.stderr
    assert run.pids() == before
    assert run.stop() == 0


def test_environment_of_a_group_is_read_anew(plainflask) -> None:
    plainflask.edit("web.py", 'return "plain flask\\n"', 'return os.environ["SHADE"]')
    text = WEB + '[layouts.one]\nfront = { services = ["web"], env = { SHADE = "red" } }\n'
    plainflask.write(text)
    run = plainflask.start("--layout", "one").ready()
    assert run.get("/") == (200, "red")
    plainflask.write(text.replace("red", "blue"))

    assert plainflask.command("reload").returncode == 0

    assert run.get("/") == (200, "blue")
    assert run.stop() == 0


def test_one_group_is_replaced_alone(plainflask) -> None:
    run = plainflask.start("--layout", "micro").ready()
    before = {group["name"]: group["workers"][0]["pid"] for group in run.status()["groups"]}

    result = plainflask.command("reload", "stock", "--json")

    assert json.loads(result.stdout) == {
        "schema": "seamline.reload/1",
        "replaced": {"stock": 1},
        "given_up": 0,
        "killed": 0,
        "error": None,
    }
    after = {group["name"]: group["workers"][0]["pid"] for group in run.status()["groups"]}
    assert {name for name in before if before[name] != after[name]} == {"stock"}
    assert json.loads(run.get("/items/tea")[1])["host"] == after["stock"]
    assert run.stop() == 0


def test_group_that_there_is_not_is_refused_with_what_may_be_meant(plainflask) -> None:
    run = plainflask.start("--layout", "micro").ready()

    result = plainflask.command("reload", "stok")

    assert result.returncode == 2
    assert 'did you mean "stock"?' in result.stderr
    assert run.stop() == 0


def test_nothing_to_reload_is_not_running(plainflask) -> None:
    assert plainflask.command("reload").returncode == 3


def test_successor_that_dies_without_a_word_keeps_the_old_worker(plainflask) -> None:
    plainflask.write(TWO_WORKERS)
    run = plainflask.start("--layout", "two").ready()
    before = run.pids()
    plainflask.edit("stock.py", "import os", "import os\nos._exit(9)")

    result = plainflask.command("reload", "--json")

    assert result.returncode == 4
    assert json.loads(result.stdout)["error"]["code"] == "start"
    assert "the successor of front.0 exited with status 9 before it was ready" in " ".join(
        result.stderr.split()
    )
    assert run.pids() == before
    assert run.stop() == 0


def test_successor_that_never_gets_ready_is_given_up(plainflask) -> None:
    plainflask.write(WEB)
    run = plainflask.start().ready()
    before = run.pids()
    plainflask.write("startup_timeout = 3\n" + WEB)
    plainflask.edit("stock.py", "import os", "import os, threading; threading.Event().wait()")

    result = plainflask.command("reload")

    assert result.returncode == 4
    said = " ".join(result.stderr.split())
    assert "was not ready after 3 s" in said
    assert "at the top of seamline.toml: startup_timeout = 6" in said
    assert run.pids() == before
    assert plainflask.processes() == {run.process.pid, *before}
    run.err.wait_for(r"successor of \S+ was not ready after 3 s; it writes where its threads are")
    assert run.stop() == 0


def test_slow_request_is_finished_by_the_old_worker(plainflask, eventually) -> None:
    plainflask.write(WEB)
    run = plainflask.start().ready()
    url, answers = run.url, []
    asking = threading.Thread(target=lambda: answers.append(run.get("/slow/6.0", url=url)))
    asking.start()
    run.out.wait_for("slow request begins")
    (before,) = run.pids()
    plainflask.edit("web.py", "plain flask", "new flask")

    reloading = plainflask.begin("reload")
    eventually(lambda: run.pids() != [before], "a successor that serves")

    assert run.workers()[0]["leaving"] == (before,)
    assert run.get("/") == (200, "new flask\n")
    assert answers == []
    asking.join()
    assert answers == [(200, "slow and done\n")]
    reloading.communicate()
    assert reloading.returncode == 0
    assert run.stop() == 0


def test_a_worker_that_is_killed_before_it_has_left_is_told(plainflask, eventually) -> None:
    plainflask.write(WEB)
    run = plainflask.start().ready()
    (before,) = run.pids()
    client = kept_connection("tcp", urlsplit(run.url).netloc)
    client.request("GET", "/slow/600.0")
    run.out.wait_for("slow request begins")
    reloading = plainflask.begin("reload")
    eventually(lambda: run.workers()[0]["leaving"] == (before,), "a worker that leaves")

    os.kill(before, signal.SIGKILL)

    reloading.communicate()
    assert reloading.returncode == 0
    run.err.wait_for(rf"app\.0\[{before}\] was killed by SIGKILL before it had left$")
    client.close()
    assert run.stop() == 0


@pytest.mark.parametrize("layout", ["mono", "micro"])
def test_request_that_takes_longer_than_the_graceful_timeout_is_given_up_and_counted(
    plainflask, layout
) -> None:
    where = "web" if layout == "mono" else "stock"
    if layout == "micro":
        plainflask.edit("web.py", "time.sleep(seconds)", "stock.wait(seconds)")
        with (plainflask.root / "plainflask" / "stock.py").open("a") as file:
            file.write(
                "\n\nimport time\n\n\ndef wait(seconds: float) -> int:\n"
                "    time.sleep(seconds)\n    return _left['tea']\n"
            )
    toml = (plainflask.root / "seamline.toml").read_text()
    plainflask.write("graceful_timeout = 1\n" + toml)
    run = plainflask.start("--layout", layout).ready()
    url, answers = run.url, []
    asking = threading.Thread(target=lambda: answers.append(run.get("/slow/60.0", url=url)[0]))
    asking.start()
    run.out.wait_for("slow request begins")

    result = plainflask.command("reload", *([where] if layout == "micro" else []), "--json")

    assert json.loads(result.stdout)["given_up"] == 1
    assert "given up unanswered after graceful_timeout: 1" in result.stderr
    asking.join()
    assert answers in ([500], [503])
    assert run.get("/") == (200, "plain flask\n")
    assert run.stop() == 0


def test_worker_that_does_not_leave_is_killed_and_counted(plainflask) -> None:
    plainflask.write("graceful_timeout = 1\n" + WEB)
    run = plainflask.start().ready()
    (before,) = run.pids()
    os.kill(before, signal.SIGSTOP)

    result = plainflask.command("reload", "--json")

    assert result.returncode == 0, result.stderr
    assert json.loads(result.stdout)["killed"] == 1
    assert "1 old worker did not leave and was killed" in result.stderr
    assert before not in plainflask.processes()
    assert run.get("/") == (200, "plain flask\n")
    assert run.stop() == 0


def test_reload_asked_for_during_a_reload_comes_after_it(plainflask) -> None:
    plainflask.write(WEB)
    run = plainflask.start().ready()

    both = [plainflask.begin("reload"), plainflask.begin("reload")]
    for one in both:
        one.communicate()

    assert [one.returncode for one in both] == [0, 0]
    assert [one["generation"] for one in run.workers()] == [3]
    assert run.stop() == 0


def test_run_that_is_stopped_during_a_reload_leaves_nothing(plainflask, eventually) -> None:
    plainflask.write(WEB)
    run = plainflask.start().ready()
    plainflask.edit("stock.py", "import os", "import os, threading; threading.Event().wait()")
    reloading = plainflask.begin("reload")
    eventually(lambda: len(plainflask.processes()) == 4, "supervisor, command, old and successor")

    assert run.stop() == 0

    _, told = reloading.communicate()
    assert reloading.returncode != 0
    assert told.count("the run is ending") == 1
    assert "not reloaded: nothing more is replaced; the run is ending" in run.err.text
    assert plainflask.processes() == set()
    assert plainflask.leftovers() == []


def test_worker_that_dies_while_its_successor_starts_is_taken_over_from(
    plainflask, eventually
) -> None:
    plainflask.write(WEB)
    run = plainflask.start().ready()
    (before,) = run.pids()
    gate = plainflask.root / "gate"
    os.mkfifo(gate)
    plainflask.edit("stock.py", "import os", f"import os\nopen({str(gate)!r}).close()")
    reloading = plainflask.begin("reload")
    eventually(lambda: len(plainflask.processes()) == 4, "a successor")

    os.kill(before, signal.SIGKILL)
    run.err.wait_for(r"was killed by SIGKILL; starting it again")
    with gate.open("r+b", buffering=0):  # for whoever comes: it is started again, too, in a while
        reloading.communicate()

    assert reloading.returncode == 0
    (after,) = run.workers()
    assert (after["state"], after["generation"], after["restarts"]) == ("ready", 2, 1)
    assert run.get("/") == (200, "plain flask\n")
    assert run.stop() == 0


def test_slot_is_filled_again_when_both_worker_and_successor_die(plainflask, eventually) -> None:
    plainflask.write(WEB)
    run = plainflask.start().ready()
    (before,) = run.pids()
    gate = plainflask.root / "gate"
    os.mkfifo(gate)
    plainflask.edit(
        "stock.py",
        "import os",
        f"import os\ngate = {str(gate)!r}\n"
        "if os.path.exists(gate):\n    open(gate).close()\n    os._exit(7)",
    )
    reloading = plainflask.begin("reload")
    eventually(lambda: len(plainflask.processes()) == 4, "a successor")
    os.kill(before, signal.SIGKILL)
    run.err.wait_for(r"was killed by SIGKILL; starting it again")

    with gate.open("r+b", buffering=0):  # for whoever comes: it is started again, too, in a while
        reloading.communicate()

    assert reloading.returncode == 4
    gate.unlink()
    eventually(lambda: run.status()["state"] == "ready", "the slot filled again")
    assert run.get("/") == (200, "plain flask\n")
    assert run.stop() == 0


def test_command_is_ended_before_it_is_started_again(plainflask, eventually) -> None:
    (plainflask.root / "tick.py").write_text(
        "import os, fcntl, time\n"
        "lock = open('lock', 'w')\n"
        "fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)\n"
        "print('holds the lock', flush=True)\n"
        "while True: time.sleep(0.1)\n"
    )
    plainflask.write(WEB + '[services.tick]\ncommand = ["python", "tick.py"]\n')
    run = plainflask.start("--layout", "micro").ready()
    run.out.wait_for("holds the lock")

    result = plainflask.command("reload", "tick")

    assert result.returncode == 0, result.stderr
    eventually(lambda: sum("holds the lock" in line for line in run.out.lines) == 2, "the second")
    (tick,) = next(one["workers"] for one in run.status()["groups"] if one["name"] == "tick")
    assert (tick["state"], tick["generation"], tick["restarts"]) == ("ready", 2, 0)
    assert run.stop() == 0


def test_reloads_leave_no_zombie_and_no_descriptor(plainflask) -> None:
    plainflask.write(TWO_WORKERS)
    run = plainflask.start("--layout", "two").ready()
    held = []

    for _ in range(6):
        assert plainflask.command("reload").returncode == 0
        supervisor = Path("/proc", str(run.process.pid))
        children = (supervisor / "task" / str(run.process.pid) / "children").read_text().split()
        held.append((len(children), len(list((supervisor / "fd").iterdir()))))

    assert set(held[1:]) == {held[1]}
    assert held[1][0] == 2
    assert run.stop() == 0


SOCKET = """
from starlette.applications import Starlette
from starlette.routing import WebSocketRoute


async def echo(websocket):
    await websocket.accept()
    async for text in websocket.iter_text():
        await websocket.send_text(text)


app = Starlette(routes=[WebSocketRoute("/echo", echo)])
"""


def test_websocket_is_closed_as_a_restart_of_the_service(project) -> None:
    (project.root / "sockets.py").write_text(SOCKET)
    project.write('name = "sockets"\n[services.web]\nhttp = "sockets:app"\n')
    run = project.start().ready()

    with connect(run.url.replace("http", "ws") + "/echo") as websocket:
        websocket.send("heard")
        assert websocket.recv() == "heard"
        assert project.command("reload").returncode == 0
        with pytest.raises(ConnectionClosed) as closed:
            websocket.recv()

    assert closed.value.rcvd.code == 1012
    with connect(run.url.replace("http", "ws") + "/echo") as websocket:
        websocket.send("again")
        assert websocket.recv() == "again"
    assert run.stop() == 0
