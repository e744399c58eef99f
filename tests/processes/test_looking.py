"""``seamline logs`` and ``seamline ps``, as an operator looks at a live run."""

import json
import os
import pty
import resource
import select
import signal
import threading

import pytest

pytestmark = pytest.mark.processes

WEB = """
name = "plain"
[services.web]
http = "plainflask.web:create_app()"
"""


def logs(project, *arguments: str) -> list[str]:
    result = project.command("logs", *arguments)
    assert result.returncode == 0, result.stderr
    return result.stdout.splitlines()


def test_logs_shows_what_workers_and_the_supervisor_printed(plainflask, eventually) -> None:
    run = plainflask.start("--layout", "micro").ready()
    run.get("/say/hello")
    eventually(lambda: any("HELLO" in one for one in logs(plainflask)), "the line")

    every = logs(plainflask)
    web = logs(plainflask, "web")
    last = logs(plainflask, "web", "-n", "1", "--json")

    pid = run.workers()[0]["pid"]
    assert any("seamline[" in one and "ready  web" in one for one in every)
    assert any(one.endswith(f" web.0[{pid}] | hello") for one in every)
    assert web == [one for one in every if " web.0[" in one]
    assert len(last) == 1
    assert set(json.loads(last[0])) == {"ts", "group", "slot", "pid", "stream", "msg"}
    assert run.stop() == 0


def test_logs_follows_until_the_run_ends(plainflask) -> None:
    plainflask.write(WEB)
    run = plainflask.start().ready()
    following = plainflask.begin("logs", "-f", "-n", "1")
    assert following.stdout is not None
    following.stdout.readline()

    run.get("/say/hello")
    lines = [following.stdout.readline() for _ in range(3)]
    assert run.stop() == 0
    _, said = following.communicate()

    assert {"hello\n", "HELLO\n"} <= {one.rpartition(" | ")[2] for one in lines}
    assert following.returncode == 0
    assert "the run ended" in said


def test_logs_of_a_run_whose_supervisor_was_killed_are_still_there(plainflask, eventually) -> None:
    plainflask.write(WEB)
    run = plainflask.start().ready()
    run.get("/say/hello")
    eventually(lambda: any("HELLO" in one for one in logs(plainflask)), "the line")
    run.process.kill()
    run.wait()

    result = plainflask.command("logs")

    assert result.returncode == 0
    assert "HELLO" in result.stdout
    assert "this run is over: its supervisor was killed" in result.stderr


@pytest.mark.parametrize("command", [["logs"], ["logs", "-f"], ["ps"]])
def test_there_is_nothing_to_look_at_when_nothing_runs(plainflask, command) -> None:
    result = plainflask.command(*command)

    assert result.returncode == 3
    assert "not running; start it with: seamline run" in result.stderr


def test_logs_of_what_is_no_group_is_refused(plainflask) -> None:
    plainflask.write(WEB)
    run = plainflask.start().ready()

    service = plainflask.command("logs", "web")
    nobody = plainflask.command("logs", "ap")

    assert (service.returncode, nobody.returncode) == (2, 2)
    assert "name the group: app" in service.stderr
    assert 'did you mean "app"?' in nobody.stderr
    assert run.stop() == 0


def test_ctrl_c_of_logs_says_nothing(plainflask) -> None:
    plainflask.write(WEB)
    run = plainflask.start().ready()
    following = plainflask.begin("logs", "-f")
    assert following.stdout is not None
    following.stdout.readline()

    following.send_signal(signal.SIGINT)

    _, said = following.communicate()
    assert (following.returncode, said) == (130, "")
    assert run.stop() == 0


def test_a_full_disk_for_logs_stops_nothing_and_is_said_once(plainflask, eventually) -> None:
    plainflask.write(WEB)
    run = plainflask.start().ready()
    supervisor = run.process.pid
    # No file of the supervisor may grow: what a full disk is to a program.
    resource.prlimit(supervisor, resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))

    for _ in range(3):
        assert run.get("/say/hello") == (200, "said\n")
    run.err.wait_for("lines are lost for `seamline logs`: File too large; the run goes on")
    eventually(lambda: sum("| HELLO" in one for one in run.out.lines) == 3, "the run's own log")
    assert run.status()["state"] == "ready"

    resource.prlimit(
        supervisor, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY)
    )
    run.get("/say/again")
    eventually(lambda: any("AGAIN" in one for one in logs(plainflask)), "lines kept again")
    assert sum("lines are lost for" in one for one in run.err.lines) == 1
    assert run.stop() == 0


# -- ps ----------------------------------------------------------------------------------


def test_ps_shows_every_process_once_where_there_is_no_terminal(plainflask) -> None:
    (plainflask.root / "tick.py").write_text("import time\nwhile True: time.sleep(0.1)\n")
    plainflask.write(WEB + '[services.tick]\ncommand = ["python", "tick.py"]\n')
    run = plainflask.start("--layout", "micro").ready()
    run.get("/")

    shown = plainflask.command("ps")
    told = json.loads(plainflask.command("ps", "--json").stdout)

    assert shown.returncode == 0, shown.stderr
    names = [line.split()[0] for line in shown.stdout.splitlines()[3:]]
    assert names == ["supervisor", "web.0", "tick.0"]
    assert all(len(line) <= 80 for line in shown.stdout.splitlines())
    assert told["schema"] == "seamline.ps/1"
    supervisor, web, tick = told["processes"]
    assert supervisor["pid"] == run.process.pid
    assert (web["group"], web["slot"], web["state"], web["requests"]) == ("web", 0, "ready", 1)
    assert 0 <= web["lag"] < 30
    assert (tick["lag"], tick["requests"]) == (None, None)
    for row in told["processes"]:
        assert row["rss_bytes"] >= (row["pss_bytes"] or 0) > 0
        assert row["cpu"] >= 0
    assert run.workers()[1]["rss_bytes"] > 2**20  # though a command tells nobody itself
    assert run.stop() == 0


def test_ps_on_a_terminal_is_refreshed_until_ctrl_c_and_leaves_it_as_it_was(plainflask) -> None:
    plainflask.write(WEB)
    run = plainflask.start().ready()
    ours, theirs = pty.openpty()
    looking = plainflask.begin("ps", stdout=theirs)
    os.close(theirs)
    seen = b""

    while seen.count(b"\x1b[H") < 2:
        assert select.select([ours], [], [], 30)[0]
        seen += os.read(ours, 65536)
    looking.send_signal(signal.SIGINT)
    _, said = looking.communicate()
    try:
        while data := os.read(ours, 65536):
            seen += data
    except OSError:  # how a terminal says that nobody has its other end
        os.close(ours)

    assert (looking.returncode, said) == (0, "")
    assert seen.startswith(b"\x1b[?1049h\x1b[?25l")
    left = seen.rpartition(b"\x1b[?25h\x1b[?1049l")[2].decode()
    assert "app.0" in left
    assert "\x1b" not in left
    assert run.stop() == 0


def test_ps_shows_for_how_long_the_oldest_request_has_been_running(plainflask, eventually) -> None:
    plainflask.write(WEB)
    run = plainflask.start().ready()
    asking = threading.Thread(target=run.get, args=("/slow/6.0",))
    asking.start()
    run.out.wait_for("slow request begins")

    eventually(lambda: run.workers()[0]["oldest_seconds"] > 1.0, "a request that grows old")
    _, row = json.loads(plainflask.command("ps", "--json").stdout)["processes"]
    shown = plainflask.command("ps").stdout

    assert 1.0 < row["oldest"] < 8
    assert 0 <= row["loop_lag"] < 30
    titles, _, values = (
        line.split() for line in shown.replace("IN FLIGHT", "IN").splitlines()[2:]
    )
    assert float(values[titles.index("OLDEST")].rstrip("s")) > 1.0
    asking.join()
    # A busy worker is known by the beat before, and a client has its answer before the end of it.
    eventually(lambda: run.workers()[0]["oldest_seconds"] == 0, "no request any more")
    assert run.stop() == 0


def test_ps_shows_how_long_a_blocked_loop_has_been_silent(plainflask, eventually) -> None:
    plainflask.write(WEB)
    run = plainflask.start().ready()
    (pid,) = [one["pid"] for one in run.workers()]
    os.kill(pid, signal.SIGSTOP)

    eventually(lambda: run.workers()[0]["lag"] > 1.0, "a lag that grows")

    os.kill(pid, signal.SIGCONT)
    eventually(lambda: run.workers()[0]["lag"] < 0.5, "a loop that answers")
    assert run.stop() == 0
