"""SIGUSR2: the supervisor is executed anew in its process, and nothing is lost meanwhile."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.processes

WEB = """
name = "plain"
[services.web]
http = "plainflask.web:create_app()"
"""
TWO_WORKERS = WEB + '\n[layouts.two]\nfront = { services = ["web"], workers = 2 }\n'
BROKEN = "raise RuntimeError('not today')\n"


def upgrade(run, times: int = 1) -> None:
    """Have the supervisor executed anew, and wait until every worker is replaced."""
    run.signal(signal.SIGUSR2)
    run.err.wait_for_count(r"^upgraded: Seamline .* goes on", times)
    run.err.wait_for_count(r"^reloaded: ", times)


def trials(project) -> list[int]:
    """Return the children that try the command, once they execute it.

    Until then the supervisor waits for them: it would hear of nothing while they are stopped.
    """
    environs = {pid: Path(f"/proc/{pid}/environ") for pid in project.processes()}
    return [pid for pid, file in environs.items() if b"\0SEAMLINE_TAKEOVER=" in file.read_bytes()]


def descriptors(pid: int) -> int:
    return len(list(Path(f"/proc/{pid}/fd").iterdir()))


def test_supervisor_keeps_its_number_and_every_worker_is_new(plainflask) -> None:
    plainflask.write(TWO_WORKERS)
    run = plainflask.start("--layout", "two").ready()
    before, url = run.pids(), run.url
    plainflask.edit("web.py", "plain flask", "new flask")

    upgrade(run)

    status = run.status()
    assert (status["pid"], status["state"]) == (run.process.pid, "ready")
    assert run.url == url
    assert [(one["generation"], one["restarts"]) for one in run.workers()] == [(2, 0)] * 2
    assert not set(before) & plainflask.processes()
    assert {run.get("/")[1] for _ in range(8)} == {"new flask\n"}
    assert plainflask.command("reload").returncode == 0
    assert [one["generation"] for one in run.workers()] == [3, 3]
    assert plainflask.command("stop").returncode == 0
    assert run.wait() == 0
    assert plainflask.leftovers() == []


def test_supervisor_is_executed_anew_again_and_again_and_keeps_no_descriptor(plainflask) -> None:
    plainflask.write(TWO_WORKERS)
    run = plainflask.start("--layout", "two").ready()
    before = descriptors(run.process.pid)

    for times in range(1, 6):
        upgrade(run, times)

    assert run.get("/") == (200, "plain flask\n")
    # What was opened for a moment, such as by this question, may still be there.
    assert descriptors(run.process.pid) <= before + 1
    assert [one["generation"] for one in run.workers()] == [6, 6]
    assert len(plainflask.processes()) == 3
    assert run.stop() == 0


def test_file_that_cannot_be_used_keeps_the_old_supervisor(plainflask) -> None:
    plainflask.write(WEB)
    run = plainflask.start().ready()
    before = run.pids()
    plainflask.write(WEB + "threads = 'many'\n")

    run.signal(signal.SIGUSR2)

    run.err.wait_for("^not upgraded: the command cannot be started anew: it exited with status 2")
    assert "seamline.toml:5: unknown key" in run.err.prose_so_far
    assert "upgraded: Seamline" not in run.err.prose_so_far.replace("not upgraded", "")
    assert run.pids() == before
    assert run.get("/") == (200, "plain flask\n")

    plainflask.write(WEB)
    upgrade(run)
    assert run.stop() == 0


@pytest.mark.parametrize(
    ("toml", "what"),
    [
        (TWO_WORKERS.replace("workers = 2", "workers = 3"), "the number of workers changed"),
        (TWO_WORKERS + 'env = { A = "b" }\n', None),
    ],
)
def test_what_a_reload_takes_is_taken_and_nothing_else(plainflask, toml, what) -> None:
    plainflask.write(TWO_WORKERS)
    run = plainflask.start("--layout", "two").ready()
    plainflask.write(toml.replace(" }\nenv =", ", env =").replace('b" }\n', 'b" } }\n'))

    run.signal(signal.SIGUSR2)

    if what is None:
        run.err.wait_for("^reloaded: 2 of front")
        environ = Path(f"/proc/{run.pids()[0]}/environ").read_bytes()
        assert b"A=b" in environ.split(b"\0")
        assert b"SEAMLINE_TAKEOVER" not in environ
    else:
        run.err.wait_for("^not upgraded")
        assert what in run.err.prose_so_far
        assert [one["generation"] for one in run.workers()] == [1, 1]
    assert run.stop() == 0


def test_code_that_cannot_be_loaded_keeps_the_old_workers_under_the_new_supervisor(
    plainflask,
) -> None:
    plainflask.write(WEB)
    run = plainflask.start().ready()
    before = run.pids()
    plainflask.edit("stock.py", "import os", BROKEN)

    run.signal(signal.SIGUSR2)

    run.err.wait_for("^not reloaded: .*RuntimeError: not today; the old workers serve on")
    assert run.pids() == before
    assert run.get("/") == (200, "plain flask\n")
    plainflask.edit("stock.py", BROKEN, "import os")
    assert plainflask.command("reload").returncode == 0
    assert not set(before) & plainflask.processes()
    assert run.stop() == 0


def test_supervisor_that_is_killed_after_it_was_executed_anew_leaves_nobody(
    plainflask, eventually
) -> None:
    plainflask.write(TWO_WORKERS)
    plainflask.edit("web.py", "def create_app", "import time; time.sleep(0.5)\n\n\ndef create_app")
    run = plainflask.start("--layout", "two").ready()
    url = run.url

    run.signal(signal.SIGUSR2)
    run.err.wait_for("^upgrade: executing the command anew")
    run.process.kill()

    run.wait()
    eventually(lambda: not plainflask.processes(), "the end of its workers")
    again = plainflask.start("--layout", "two", "--bind", url.removeprefix("http://")).ready()
    assert again.get("/") == (200, "plain flask\n")
    assert again.stop() == 0


def test_worker_that_was_started_before_is_replaced_when_it_is_killed_after(
    plainflask, eventually
) -> None:
    plainflask.write(WEB)
    run = plainflask.start().ready()
    (before,) = run.pids()
    plainflask.edit("stock.py", "import os", BROKEN)
    run.signal(signal.SIGUSR2)
    run.err.wait_for("^not reloaded")
    plainflask.edit("stock.py", BROKEN, "import os")

    os.kill(before, signal.SIGKILL)

    run.err.wait_for(r"app\.0\[\d+\] was killed by SIGKILL; starting it again")
    eventually(lambda: run.status()["state"] == "ready", "the next worker")
    assert [(one["generation"], one["restarts"]) for one in run.workers()] == [(3, 1)]
    assert run.get("/") == (200, "plain flask\n")
    assert run.stop() == 0


def test_signals_that_come_while_the_command_is_executed_are_heard_after(plainflask) -> None:
    plainflask.write(WEB)
    run = plainflask.start().ready()

    run.signal(signal.SIGUSR2)
    run.err.wait_for("^upgrade: executing the command anew")
    run.signal(signal.SIGUSR2)
    run.signal(signal.SIGHUP)

    run.err.wait_for_count("^upgraded: Seamline", 2)
    run.signal(signal.SIGTERM)
    assert run.wait() == 0
    assert plainflask.leftovers() == []


def test_scaled_groups_keep_their_numbers(plainflask) -> None:
    plainflask.write(TWO_WORKERS)
    run = plainflask.start("--layout", "two").ready()
    assert plainflask.command("scale", "front=3").returncode == 0

    upgrade(run)

    assert len(run.pids()) == 3
    assert plainflask.command("scale", "front=1").returncode == 0
    assert run.get("/") == (200, "plain flask\n")
    assert run.stop() == 0


def test_workers_call_each_other_before_and_after(plainflask) -> None:
    run = plainflask.start("--layout", "micro", "--bind", f"unix:{plainflask.runtime}/web").ready()
    before = dict.fromkeys(run.pids())

    upgrade(run)

    assert not before.keys() & plainflask.processes()
    answer = subprocess.run(
        [sys.executable, "-c", CALL, f"{plainflask.runtime}/web"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert answer.stdout.strip() == "200"
    assert run.stop() == 0
    assert not Path(f"{plainflask.runtime}/web").exists()


CALL = """
import http.client, socket, sys
connection = http.client.HTTPConnection("a")
connection.sock = socket.socket(socket.AF_UNIX)
connection.sock.connect(sys.argv[1])
connection.request("GET", "/")
print(connection.getresponse().status)
"""


def test_commands_are_ended_and_started_as_by_a_reload(plainflask) -> None:
    (plainflask.root / "tick.py").write_text(
        "import time\nprint('tick', flush=True)\ntime.sleep(600)\n"
    )
    plainflask.write(WEB + '[services.tick]\ncommand = ["python", "tick.py"]\n')
    run = plainflask.start().ready()
    before = run.pids()

    upgrade(run)

    assert not set(before) & plainflask.processes()
    run.out.wait_for_count(r"\| tick$", 2)
    assert run.stop() == 0


def test_preloaded_groups_are_loaded_anew(plainflask) -> None:
    plainflask.write(
        WEB + '\n[layouts.two]\nfront = { services = ["web"], workers = 2, preload = true }\n'
    )
    run = plainflask.start("--layout", "two").ready()
    count = len(plainflask.processes())
    plainflask.edit("web.py", "plain flask", "new flask")

    upgrade(run)

    assert run.get("/") == (200, "new flask\n")
    assert len(plainflask.processes()) == count
    assert run.stop() == 0


def test_sigusr1_says_that_there_is_nothing_to_reopen(plainflask) -> None:
    plainflask.write(WEB)
    run = plainflask.start().ready()

    run.signal(signal.SIGUSR1)

    run.err.wait_for("^SIGUSR1 is ignored: Seamline writes its log to standard output and error")
    assert run.get("/") == (200, "plain flask\n")
    assert run.stop() == 0


def test_command_that_is_told_of_what_it_cannot_take_over_starts_nothing(plainflask) -> None:
    plainflask.write(WEB)
    for told, why in (("0", "it is no file"), ("none", "invalid literal"), ("99", "Bad file")):
        plainflask.environment["SEAMLINE_TAKEOVER"] = told

        run = plainflask.start()

        assert run.wait() == 4
        assert f"SEAMLINE_TAKEOVER is '{told}', which leads to none" in run.err.prose
        assert why in run.err.prose
    assert plainflask.leftovers() == []


def test_a_line_that_was_half_printed_stays_one_line(plainflask) -> None:
    plainflask.write(WEB)
    plainflask.edit(
        "web.py",
        "def create_app",
        "import os, sys, threading, time\n"
        "def say():\n"
        "    os.write(1, b'first half, ')\n"
        "    while os.path.exists('half'):\n"
        "        time.sleep(0.01)\n"
        "    os.write(1, b'second half\\n')\n"
        "if os.path.exists('half'):\n"
        "    threading.Thread(target=say).start()\n\n\n"
        "def create_app",
    )
    (plainflask.root / "half").write_text("")
    run = plainflask.start().ready()

    run.signal(signal.SIGUSR2)
    run.err.wait_for("^upgraded: Seamline")
    (plainflask.root / "half").unlink()

    run.out.wait_for(r"\| first half, second half$")
    run.err.wait_for("^reloaded: 1 of app")
    assert run.stop() == 0


def test_a_reload_that_was_asked_for_meanwhile_is_done_and_answered_first(
    plainflask, eventually
) -> None:
    plainflask.write(TWO_WORKERS)
    run = plainflask.start("--layout", "two").ready()
    run.signal(signal.SIGUSR2)
    (trial,) = eventually(lambda: trials(plainflask), "the trial of the command")
    os.kill(trial, signal.SIGSTOP)  # until the reload has been asked for

    reload = plainflask.begin("reload")
    assert reload.stderr is not None
    said = reload.stderr.readline()
    os.kill(trial, signal.SIGCONT)
    _, rest = reload.communicate()

    assert said == "waiting for another change of the run to end\n"
    assert reload.returncode == 0, rest
    run.err.wait_for("^not upgraded: something else was asked for meanwhile; that is done first")
    run.err.wait_for("^upgraded: Seamline")
    run.err.wait_for_count("^reloaded: 2 of front", 2)
    assert [one["generation"] for one in run.workers()] == [3, 3]
    assert run.stop() == 0


def test_dev_is_not_executed_anew(plainflask) -> None:
    plainflask.write(WEB)
    run = plainflask.start(command="dev").ready()

    run.signal(signal.SIGUSR2)

    run.err.wait_for("^SIGUSR2 is ignored: only seamline run can be executed anew")
    assert run.get("/") == (200, "plain flask\n")
    assert run.stop() == 0
