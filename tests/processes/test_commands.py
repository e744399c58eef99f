"""Commands on a live run, as an operator gives them."""

import itertools
import json
import os
import shutil
import signal
import subprocess
import threading
from pathlib import Path
from typing import Self

import pytest

pytestmark = pytest.mark.processes

WEB = """
name = "plain"
[services.web]
http = "plainflask.web:create_app()"
"""


def hold_imports(project):
    """Let workers that start from now on wait until the file that is returned is written to."""
    gate = project.root / "gate"
    os.mkfifo(gate)
    stock = project.root / "plainflask" / "stock.py"
    stock.write_text(
        f"import os\nif os.path.exists({str(gate)!r}): open({str(gate)!r}).close()\n"
        + stock.read_text()
    )
    return gate


# -- finding the run ---------------------------------------------------------------------


@pytest.mark.parametrize(
    "text", ["name = 'plain'\n[services\n", WEB.replace("plain", "other", 1), None]
)
def test_a_run_is_found_and_stopped_whatever_became_of_the_file(plainflask, text) -> None:
    plainflask.write(WEB)
    run = plainflask.start().ready()
    file = plainflask.root / "seamline.toml"
    if text is None:
        file.unlink()
    else:
        plainflask.write(text)

    status = plainflask.command("status")
    stopped = plainflask.command("stop")

    assert status.returncode == 0, status.stderr
    assert "plain · mono" in status.stdout
    assert (stopped.returncode, stopped.stderr) == (0, "plain stopped\n")
    assert run.wait() == 0


def test_a_file_that_cannot_be_used_is_shown_by_a_reload_with_its_line(plainflask) -> None:
    plainflask.write(WEB)
    run = plainflask.start().ready()
    before = run.pids()
    plainflask.write(WEB + "threads = 'many'\n")

    result = plainflask.command("reload")

    assert result.returncode == 2
    assert "seamline.toml:5: unknown key" in " ".join(result.stderr.split())
    assert "5 | threads = 'many'" in result.stderr
    assert run.pids() == before
    assert run.stop() == 0


def test_a_second_run_under_another_name_is_refused(plainflask) -> None:
    plainflask.write(WEB)
    run = plainflask.start().ready()
    plainflask.write(WEB.replace("plain", "other", 1))

    second = plainflask.command("run", "--bind", "127.0.0.1:0")

    assert second.returncode == 4
    assert f"running already, as plain and pid {run.process.pid}" in second.stderr
    assert run.stop() == 0


def test_a_run_is_found_by_any_path_to_its_directory(plainflask) -> None:
    plainflask.write(WEB)
    run = plainflask.start().ready()
    link = plainflask.root / "link"
    link.symlink_to(plainflask.root)

    for path in (link / "seamline.toml", plainflask.root / "plainflask" / ".." / "seamline.toml"):
        result = plainflask.command("status", "-f", str(path))
        assert result.returncode == 0, result.stderr

    assert run.stop() == 0


@pytest.mark.parametrize("command", ["status", "reload", "restart", "stop"])
def test_a_socket_that_a_killed_supervisor_left_is_not_a_run(
    plainflask, command, eventually
) -> None:
    plainflask.write(WEB)
    run = plainflask.start().ready()
    run.process.kill()
    run.wait()
    eventually(lambda: not plainflask.processes(), "the end of its workers")
    assert [path for path in plainflask.leftovers() if path.name == "control.sock"]

    result = plainflask.command(command)

    assert result.returncode == 3
    assert "not running; start it with: seamline run" in result.stderr


def test_two_runs_of_two_projects_are_told_apart(plainflask, tmp_path_factory) -> None:
    other = tmp_path_factory.mktemp("other")
    plainflask.write(WEB)
    shutil.copytree(plainflask.root, other, dirs_exist_ok=True)
    first = plainflask.start().ready()
    environment = plainflask.environment
    second = subprocess.Popen(
        [plainflask.seamline[0], "-C", str(other), "run", "--bind", "127.0.0.1:0"],
        env=environment,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert second.stderr is not None
    while "Ctrl-C" not in (line := second.stderr.readline()):
        assert line

    stopped = plainflask.command("-C", str(other), "stop")

    assert stopped.returncode == 0, stopped.stderr
    assert second.wait() == 0
    second.stderr.close()
    assert first.get("/") == (200, "plain flask\n")
    assert first.stop() == 0


# -- what reload says --------------------------------------------------------------------

TICK = (
    "import fcntl, time\n"
    "lock = open('lock', 'w')\n"
    "fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)\n"
    "print('ticks', flush=True)\n"
    "while True: time.sleep(0.1)\n"
)
WITH_TICK = WEB + '[services.tick]\ncommand = ["python", "tick.py"]\n'


@pytest.mark.parametrize("verb", ["reload", "restart"])
def test_a_command_that_dies_at_once_fails_with_its_last_words_and_the_former_returns(
    plainflask, eventually, verb
) -> None:
    (plainflask.root / "tick.py").write_text(TICK)
    (plainflask.root / "tock.py").write_text("import sys\nsys.exit('no clock here')\n")
    plainflask.write(WITH_TICK)
    run = plainflask.start("--layout", "micro").ready()
    run.out.wait_for("ticks")
    plainflask.write(WITH_TICK.replace("tick.py", "tock.py"))

    result = plainflask.command(verb, "tick")

    assert result.returncode == 4
    assert "no clock here" in result.stderr
    assert "the new tick.0 exited with status 1 at once" in result.stderr
    eventually(lambda: sum("ticks" in line for line in run.out.lines) == 2, "the former one")
    eventually(lambda: run.status()["state"] == "ready", "a run that is whole")
    assert run.stop() == 0


def test_the_last_lines_of_a_successor_that_died_are_shown(plainflask) -> None:
    plainflask.write(WEB)
    run = plainflask.start().ready()
    stock = plainflask.root / "plainflask" / "stock.py"
    stock.write_text("import os\nprint('out of oil', flush=True)\nos._exit(9)\n")

    result = plainflask.command("reload")

    assert result.returncode == 4
    assert "out of oil" in result.stderr
    assert run.stop() == 0


def test_a_service_named_instead_of_its_group_is_told_the_group(plainflask) -> None:
    plainflask.write(WEB)
    run = plainflask.start().ready()

    result = plainflask.command("reload", "web")

    assert result.returncode == 2
    assert "'web' is a service, and runs in group 'app'" in result.stderr
    assert "name the group: app" in result.stderr
    assert run.stop() == 0


def test_ctrl_c_of_a_reload_says_that_it_goes_on_and_another_says_that_it_waits(
    plainflask, eventually
) -> None:
    plainflask.write(WEB)
    run = plainflask.start().ready()
    gate = hold_imports(plainflask)
    first = plainflask.begin("reload")
    eventually(lambda: len(plainflask.processes()) == 4, "a successor")
    second = plainflask.begin("reload")
    assert second.stderr is not None
    assert "waiting for another change of the run" in second.stderr.readline()

    first.send_signal(signal.SIGINT)

    _, said = first.communicate()
    assert first.returncode == 130
    assert "the reload goes on; how it ends is said in the log of the run" in said
    with gate.open("w"):
        gate.unlink()
    second.communicate()
    assert second.returncode == 0
    assert [one["generation"] for one in run.workers()] == [3]
    assert run.stop() == 0


@pytest.mark.parametrize("stream", ["stdout", "stderr"])
def test_a_reload_that_cannot_be_written_about_was_done_all_the_same(plainflask, stream) -> None:
    plainflask.write(WEB)
    run = plainflask.start().ready()

    with Path("/dev/full").open("w") as full:
        done = plainflask.begin("reload", "--json", **{stream: full})
        out, said = done.communicate()

    assert done.returncode == 0
    if stream == "stdout":
        assert "the answer could not be written (No space left on device)" in said
        assert "plain reloaded: 1 worker of app" in said
    else:
        assert json.loads(out)["replaced"] == {"app": 1}
    assert [one["generation"] for one in run.workers()] == [2]
    assert run.stop() == 0


def test_a_reload_whose_reader_went_away_is_followed_to_its_end(plainflask) -> None:
    plainflask.write(WEB)
    run = plainflask.start().ready()
    reading, writing = os.pipe()
    os.close(reading)

    reloading = plainflask.begin("reload", stderr=writing)
    os.close(writing)
    reloading.communicate()

    assert reloading.returncode == 0
    assert [one["generation"] for one in run.workers()] == [2]
    assert run.stop() == 0


# -- restart -----------------------------------------------------------------------------


def test_a_restart_ends_the_old_workers_before_it_starts_new_ones(plainflask, eventually) -> None:
    plainflask.write(WEB + '\n[layouts.two]\nfront = { services = ["web"], workers = 2 }\n')
    run = plainflask.start("--layout", "two").ready()
    before = set(run.pids())
    url = run.url
    gate = hold_imports(plainflask)

    restarting = plainflask.begin("restart", "front", "--json")
    eventually(lambda: len(set(run.pids()) - before - {None}) == 2, "two new workers")
    assert not before & plainflask.processes()

    with gate.open("w"):
        gate.unlink()
    assert run.get("/", url=url) == (200, "plain flask\n")
    out, said = restarting.communicate()
    assert restarting.returncode == 0, said
    assert json.loads(out) == {
        "schema": "seamline.restart/1",
        "replaced": {"front": 2},
        "given_up": 0,
        "killed": 0,
        "error": None,
    }
    assert "plain restarted: 2 workers of front" in said
    run.err.wait_for(r"restart: front\.1\[\d+\] is ready")
    assert run.stop() == 0


def test_a_restart_into_broken_code_fails_and_starts_again_until_it_is_mended(
    plainflask, eventually
) -> None:
    plainflask.write(WEB)
    run = plainflask.start().ready()
    stock = plainflask.root / "plainflask" / "stock.py"
    good = stock.read_text()
    stock.write_text("raise RuntimeError('not today')\n")

    result = plainflask.command("restart")

    assert result.returncode == 2
    assert "RuntimeError: not today" in " ".join(result.stderr.split())
    assert "what did not start is started again until it does" in result.stderr
    stock.write_text(good)
    eventually(lambda: run.status()["state"] == "ready", "a run that is whole")
    assert run.get("/") == (200, "plain flask\n")
    assert run.stop() == 0


def test_a_restart_is_refused_before_anything_is_ended(plainflask) -> None:
    plainflask.write(WEB)
    run = plainflask.start().ready()
    before = run.pids()
    plainflask.write(WEB + "nonsense = 1\n")

    for words in (["restart"], ["restart", "nobody"]):
        result = plainflask.command(*words)
        assert result.returncode == 2
        assert "nothing was changed" in result.stderr
    run.err.wait_for("not restarted: .*nobody.*; nothing was changed")

    assert run.pids() == before
    assert run.stop() == 0


# -- scale -------------------------------------------------------------------------------


class Load:
    """Clients that ask one after another, each request on a connection of its own."""

    def __init__(self, run, path: str = "/", clients: int = 4) -> None:
        self._url = run.url
        self._run = run
        self._path = path
        self._is_over = threading.Event()
        self.answers: list[tuple[int, str]] = []
        self.failures: list[Exception] = []
        self._threads = [threading.Thread(target=self._ask) for _ in range(clients)]

    def _ask(self) -> None:
        while not self._is_over.is_set():
            try:
                self.answers.append(self._run.get(self._path, url=self._url))
            except Exception as exc:
                self.failures.append(exc)

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        for thread in self._threads:
            thread.join()


def states(run) -> list[str]:
    return [worker["state"] for worker in run.workers()]


def test_workers_are_added_and_taken_away_under_load_without_a_failure(plainflask) -> None:
    plainflask.write(WEB)
    run = plainflask.start().ready()
    (first,) = run.pids()

    with Load(run) as load:
        up = plainflask.command("scale", "app=3", "--json")
        assert up.returncode == 0, up.stderr
        grown = run.pids()
        before = [one["requests"] for one in run.workers()]
        while len(load.answers) < 60 + sum(before):
            assert not load.failures
        asked = [one["requests"] for one in run.workers()]
        down = plainflask.command("scale", "app=1")

    assert json.loads(up.stdout) == {
        "schema": "seamline.scale/1",
        "workers": {"app": 3},
        "given_up": 0,
        "killed": 0,
        "error": None,
    }
    assert (len(set(grown)), grown[0]) == (3, first)
    assert all(asked)
    assert (down.returncode, "plain scaled: 1 worker of app" in down.stderr) == (0, True)
    assert load.failures == []
    assert {status for status, _ in load.answers} == {200}
    assert run.pids() == [first]
    assert plainflask.processes() == {run.process.pid, first}
    assert run.stop() == 0


@pytest.mark.parametrize("bind", ["127.0.0.1:0", "unix:web.sock", "[::1]:0"])
def test_every_kind_of_address_is_served_by_added_workers(plainflask, bind) -> None:
    plainflask.write(WEB)
    bind = bind.replace("web.sock", str(plainflask.runtime / "web.sock"))
    run = plainflask.start("--bind", bind).ready()

    assert plainflask.command("scale", "app=2").returncode == 0
    assert states(run) == ["ready", "ready"]
    assert plainflask.command("scale", "app=1").returncode == 0

    assert states(run) == ["ready"]
    assert run.stop() == 0


def test_a_reload_keeps_the_number_and_a_new_run_begins_with_the_files(plainflask) -> None:
    plainflask.write(WEB)
    run = plainflask.start().ready()
    assert plainflask.command("scale", "app=2").returncode == 0

    result = plainflask.command("reload")
    assert result.returncode == 0, result.stderr
    assert [one["generation"] for one in run.workers()] == [2, 2]
    assert plainflask.command("restart").returncode == 0
    assert states(run) == ["ready", "ready"]
    assert run.stop() == 0

    run = plainflask.start().ready()
    assert states(run) == ["ready"]
    assert run.stop() == 0


WITH_STOCK = WEB + '[services.stock]\npackage = "plainflask.stock"\n'


def test_workers_of_a_called_group_are_used_as_they_come_and_left_as_they_go(
    plainflask, eventually
) -> None:
    plainflask.write(WITH_STOCK + 'cache = ["_left"]\n')
    run = plainflask.start("--layout", "micro").ready()
    before = run.pids()

    with Load(run, "/items/tea") as load:
        assert plainflask.command("scale", "stock=3").returncode == 0
        stocks = run.status()["groups"][1]["workers"]
        hosts = {one["pid"] for one in stocks}
        eventually(
            lambda: hosts == {json.loads(text)["host"] for _, text in load.answers[-100:]},
            "calls to every worker",
        )
        assert plainflask.command("scale", "stock=1").returncode == 0
        left = len(load.answers)
        eventually(lambda: len(load.answers) > left + 40, "calls after that")

    assert load.failures == []
    assert {status for status, _ in load.answers} == {200}
    assert {json.loads(text)["host"] for _, text in load.answers[left + 8 :]} == {stocks[0]["pid"]}
    assert run.pids() == before
    assert not [path for path in plainflask.leftovers() if path.name == "stock.1.sock"]
    assert run.stop() == 0


def test_a_run_in_which_several_workers_would_each_have_state_is_refused(plainflask) -> None:
    layout = '[layouts.many]\nweb = ["web"]\nstock = { services = ["stock"], workers = 2 }\n'
    plainflask.write(WITH_STOCK + layout)

    refused = plainflask.command("run", "--layout", "many", "--bind", "127.0.0.1:0")

    assert refused.returncode == 2
    said = " ".join(refused.stderr.split())
    assert "service stock has 2 workers: each would have its own" in said
    assert "workers = 1 for its group" in said
    run = plainflask.start("--layout", "many", command="dev").ready()  # which starts one of each
    assert "one worker here: plainflask.stock:_left changes" in run.err.prose_so_far
    assert run.get("/items/tea")[0] == 200
    assert run.stop() == 0


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["web=0"], "cannot have 0 workers: it has from 1 to 1024; end the whole run with"),
        (["web=2000"], "cannot have 2000 workers"),
        (["web=-1"], "'web=-1' is no GROUP=N"),
        (["web"], "'web' is no GROUP=N, with N a number of workers from 1 on; write it like"),
        (["web=two"], "'web=two' is no GROUP=N"),
        (["web=2", "web=3"], "'web' is given two numbers"),
        (["wep=2"], 'did you mean "web"?'),
        (["tick=2"], "runs the command of service 'tick', which is started once"),
        (["stock=2", "web=2"], "service stock has 2 workers: each would have its own"),
        ([], "the following arguments are required: GROUP=N"),
    ],
)
def test_a_number_that_cannot_be_changes_nothing(plainflask, words, message) -> None:
    (plainflask.root / "tick.py").write_text(TICK)
    plainflask.write(WITH_STOCK + '[services.tick]\ncommand = ["python", "tick.py"]\n')
    run = plainflask.start("--layout", "micro").ready()
    before = run.pids()

    result = plainflask.command("scale", *words)

    assert result.returncode == 2
    said = " ".join(result.stderr.split()).replace(" fix ", " ").replace("; ", " ")
    assert message.replace("; ", " ") in said
    assert run.pids() == before
    assert run.stop() == 0


def test_workers_that_do_not_start_leave_the_group_as_it_was(plainflask) -> None:
    plainflask.write(WEB)
    run = plainflask.start().ready()
    before = run.pids()
    stock = plainflask.root / "plainflask" / "stock.py"
    good = stock.read_text()
    stock.write_text("import os\nprint('out of oil', flush=True)\nos._exit(9)\n")

    result = plainflask.command("scale", "app=2")

    assert result.returncode == 4
    assert "out of oil" in result.stderr
    assert "now 1 worker of app; the workers that there are serve on" in result.stderr
    assert run.pids() == before
    assert run.status()["state"] == "ready"
    stock.write_text(good)
    assert run.get("/") == (200, "plain flask\n")
    assert plainflask.command("reload").returncode == 0
    assert run.stop() == 0


def test_signals_of_gunicorn_add_a_worker_and_take_one_away(plainflask, eventually) -> None:
    plainflask.write(WEB)
    run = plainflask.start().ready()

    run.signal(signal.SIGTTIN)
    eventually(lambda: states(run) == ["ready", "ready"], "one more")
    run.err.wait_for(r"scale: app\.1\[\d+\] is ready")
    run.err.wait_for("scaled: 2 of app")
    run.signal(signal.SIGTTOU)
    eventually(lambda: states(run) == ["ready"], "one less")
    run.err.wait_for("scaled: 1 of app")
    run.signal(signal.SIGTTOU)

    run.err.wait_for("not scaled: .*cannot have 0 workers")
    assert run.stop() == 0


def slow_request_on(run, pid: int, url: str, eventually) -> list:
    """Begin slow requests until one of them runs on that worker; return where answers come."""
    answers: list = []

    def begun() -> int:
        return sum("slow request begins" in line for line in run.out.lines)

    for number in itertools.count(1):
        threading.Thread(
            target=lambda: answers.append(run.get("/slow/4.0", url=url)), daemon=True
        ).start()
        eventually(lambda wanted=number: begun() >= wanted, "a slow request")
        if any(f"[{pid}] | slow request begins" in line for line in run.out.lines):
            break
    return answers


def test_a_request_on_a_worker_that_is_taken_away_is_finished(plainflask, eventually) -> None:
    plainflask.write(WEB)
    run = plainflask.start().ready()
    assert plainflask.command("scale", "app=2").returncode == 0
    going = run.pids()[1]
    answers = slow_request_on(run, going, run.url, eventually)

    result = plainflask.command("scale", "app=1", "--json")

    assert json.loads(result.stdout)["given_up"] == 0
    assert going not in plainflask.processes()
    eventually(lambda: answers, "an answer")
    assert set(answers) == {(200, "slow and done\n")}
    assert run.stop() == 0


def test_a_worker_that_does_not_leave_is_killed_when_it_is_taken_away(plainflask) -> None:
    plainflask.write("graceful_timeout = 1\n" + WEB)
    run = plainflask.start().ready()
    assert plainflask.command("scale", "app=2").returncode == 0
    kept, going = run.pids()
    os.kill(going, signal.SIGSTOP)

    result = plainflask.command("scale", "app=1")

    assert result.returncode == 0, result.stderr
    assert "1 old worker did not leave and was killed" in result.stderr
    assert run.pids() == [kept]
    assert run.get("/") == (200, "plain flask\n")
    assert run.stop() == 0


@pytest.mark.parametrize("numbers", [("1", "3"), ("3", "1")])
def test_a_run_that_is_stopped_while_it_is_scaled_leaves_nothing(
    plainflask, eventually, numbers
) -> None:
    before, after = numbers
    plainflask.write(WEB)
    run = plainflask.start().ready()
    if before != "1":
        assert plainflask.command("scale", f"app={before}").returncode == 0
    scaling = plainflask.begin("scale", f"app={after}")
    assert scaling.stderr is not None
    assert f"scaling app from {before} to {after}" in scaling.stderr.readline()

    assert run.stop() == 0

    scaling.communicate()
    assert scaling.returncode != 0
    assert plainflask.processes() == set()
    assert plainflask.leftovers() == []


def test_scaling_up_and_down_leaves_no_zombie_and_no_descriptor(plainflask) -> None:
    plainflask.write(WEB)
    run = plainflask.start().ready()
    supervisor = Path("/proc", str(run.process.pid))
    held = []

    for _ in range(4):
        assert plainflask.command("scale", "app=3").returncode == 0
        assert plainflask.command("scale", "app=1").returncode == 0
        children = (supervisor / "task" / str(run.process.pid) / "children").read_text().split()
        held.append((len(children), len(list((supervisor / "fd").iterdir()))))

    assert set(held) == {held[0]}
    assert held[0][0] == 1
    assert run.stop() == 0


def test_a_slot_that_is_taken_away_is_nobodys_to_adopt(plainflask) -> None:
    plainflask.write(WEB)
    run = plainflask.start().ready()
    (kept,) = run.pids()

    with Load(run) as load:
        for _ in range(2):
            assert plainflask.command("scale", "app=3").returncode == 0
            assert plainflask.command("scale", "app=1").returncode == 0

    assert load.failures == []
    assert not [line for line in run.err.lines if "accepts for" in line]
    assert run.pids() == [kept]
    assert run.stop() == 0


def test_number_that_cannot_be_written_down_changes_nothing(plainflask) -> None:
    plainflask.write(WEB)
    run = plainflask.start().ready()
    before = run.pids()
    (plan,) = plainflask.runtime.glob("seamline/*/plan.json")
    in_the_way = plan.with_name("plan.json.new")
    in_the_way.mkdir()

    result = plainflask.command("scale", "app=2")

    assert result.returncode == 2
    assert "error [place] cannot write to the run directory" in " ".join(result.stderr.split())
    assert "is ready" not in result.stdout + result.stderr
    assert run.pids() == before
    in_the_way.rmdir()
    assert plainflask.command("reload").returncode == 0
    assert plainflask.command("scale", "app=2").returncode == 0
    assert len(run.pids()) == 2
    assert plainflask.command("reload").returncode == 0
    assert run.stop() == 0


@pytest.mark.parametrize("command", [["scale", "app=2"], ["restart"], ["reload"]], ids=" ".join)
def test_a_change_of_a_run_that_is_ending_says_so(plainflask, command) -> None:
    plainflask.write(WEB)
    run = plainflask.start().ready()
    asking = threading.Thread(target=run.get, args=("/slow/6.0",))
    asking.start()
    run.out.wait_for("slow request begins")
    run.signal(signal.SIGTERM)

    result = plainflask.command(*command)

    assert result.returncode == 4
    assert "the run is ending" in result.stderr
    assert "serve on" not in result.stderr
    asking.join()
    assert run.wait() == 0


def test_a_runtime_directory_that_cannot_be_used_is_told_with_the_one_that_is(plainflask) -> None:
    plainflask.write(WEB)
    plainflask.environment["XDG_RUNTIME_DIR"] = "/nonexistent"
    plainflask.environment["TMPDIR"] = str(plainflask.runtime)

    run = plainflask.start()
    run.err.wait_for("ready  app")

    (made,) = plainflask.runtime.glob("seamline-*/*")
    assert run.stop() == 0
    assert (
        "XDG_RUNTIME_DIR cannot be used: there is no directory /nonexistent; the run directory is "
        f"{made}"
    ) in run.err.prose


def test_a_second_run_is_refused_in_lines_that_fit(plainflask) -> None:
    plainflask.write(WEB)
    run = plainflask.start().ready()

    second = plainflask.command("run", "--bind", "127.0.0.1:0")

    assert second.returncode == 4
    assert "end that run first with: seamline stop" in " ".join(second.stderr.split())
    assert all(len(line) <= 80 for line in second.stderr.splitlines())
    assert run.stop() == 0
