"""``preload = true``: the application is loaded once, and workers are forked from that."""

import json
import os
import subprocess
import time

import pytest

pytestmark = pytest.mark.processes

BROKEN = "raise RuntimeError('not today')\n"
WEB = """
name = "plain"
[services.web]
http = "plainflask.web:create_app()"
"""
PRELOADED = WEB + '\n[layouts.two]\nfront = { services = ["web"], workers = 2, preload = true }\n'


def is_ready_without(run, pid: int) -> bool:
    return pid not in run.pids() and run.status()["state"] == "ready"


def loads(project) -> list[str]:
    """Return the process that loaded the application, each time that it was."""
    return (project.root / "loads").read_text().split()


@pytest.fixture
def preloaded(plainflask):
    plainflask.write(PRELOADED)
    plainflask.edit(
        "web.py",
        "def create_app",
        "with open('loads', 'a') as file:\n"
        "    file.write(f'{os.getpid()}\\n')\n"
        "print('being loaded')\n\n\n"
        "def create_app",
    )
    return plainflask


def test_the_application_is_loaded_once_for_all_workers(preloaded) -> None:
    run = preloaded.start("--layout", "two").ready()

    assert len(loads(preloaded)) == 1
    assert loads(preloaded)[0] not in map(str, run.pids())
    assert run.get("/") == (200, "plain flask\n")
    (group,) = run.status()["groups"]
    assert group["zygote"] == {"pid": int(loads(preloaded)[0]), "state": "ready"}
    processes = json.loads(preloaded.command("ps", "--json").stdout)["processes"]
    assert [(one["role"], one["slot"]) for one in processes] == [
        ("supervisor", None),
        ("zygote", None),
        ("worker", 0),
        ("worker", 1),
    ]
    assert processes[1]["pid"] == group["zygote"]["pid"]
    assert processes[1]["rss_bytes"] > 0
    assert "front zygote" in preloaded.command("ps").stdout
    run.out.wait_for(rf"front\[{loads(preloaded)[0]}\] \| being loaded")
    assert run.stop() == 0
    assert preloaded.processes() == set()


def test_a_killed_worker_is_forked_again_from_what_is_loaded(preloaded, eventually) -> None:
    run = preloaded.start("--layout", "two").ready()
    before = run.pids()

    os.kill(before[0], 9)

    eventually(
        lambda: before[0] not in run.pids() and run.status()["state"] == "ready", "ready again"
    )
    assert len(loads(preloaded)) == 1
    assert run.get("/") == (200, "plain flask\n")
    assert run.stop() == 0


def test_a_reload_loads_the_new_code(preloaded) -> None:
    run = preloaded.start("--layout", "two").ready()
    preloaded.edit("web.py", "plain flask", "new flask")

    assert preloaded.command("reload").returncode == 0

    assert {run.get("/")[1] for _ in range(8)} == {"new flask\n"}
    assert len(loads(preloaded)) == 2
    (old, new) = loads(preloaded)
    assert int(old) not in preloaded.processes()
    assert int(new) in preloaded.processes()
    assert run.stop() == 0


def test_code_that_cannot_be_loaded_keeps_workers_and_what_they_are_forked_from(
    preloaded, eventually
) -> None:
    run = preloaded.start("--layout", "two").ready()
    before = run.pids()
    preloaded.edit("web.py", "print('being loaded')", BROKEN)

    result = preloaded.command("reload")

    assert result.returncode == 2
    assert "not today" in result.stderr
    assert run.pids() == before
    # What is forked is still the code that can be loaded.
    os.kill(before[0], 9)
    eventually(
        lambda: before[0] not in run.pids() and run.status()["state"] == "ready", "ready again"
    )
    assert run.get("/") == (200, "plain flask\n")
    assert run.stop() == 0


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (
            "from threading import *; Thread(target=Event().wait, daemon=True).start()",
            r"application started 1 thread\(s\) .*'Thread-1 \(wait\)', started at .*web\.py:17",
        ),
        ("import socket; kept = socket.socketpair()", r"the application opened 2 connection"),
        (
            "import sqlite3; kept = sqlite3.connect('rows')",
            "the application opened an SQLite database",
        ),
        ("import random; kept = random.Random(7)", "the same random numbers from an object"),
    ],
)
def test_what_no_fork_survives_has_workers_executed_and_is_said(preloaded, line, reason) -> None:
    preloaded.edit("web.py", "print('being loaded')", line)

    run = preloaded.start("--layout", "two").ready()

    run.err.wait_for(f"front starts without a fork: .*{reason}")
    assert len(loads(preloaded)) == 3
    assert {str(pid) for pid in run.pids()} == set(loads(preloaded)[1:])
    assert run.get("/") == (200, "plain flask\n")
    assert run.stop() == 0


def test_an_application_that_cannot_be_loaded_is_told_of_as_without_a_fork(preloaded) -> None:
    preloaded.edit("web.py", "print('being loaded')", BROKEN)

    run = preloaded.start("--layout", "two")

    assert run.wait() == 2
    assert "RuntimeError: not today" in run.err.prose
    assert "plainflask/web.py:" in run.err.prose
    assert preloaded.processes() == set()


def test_an_application_that_never_loads_ends_the_start_with_its_stack(preloaded) -> None:
    preloaded.write("startup_timeout = 8\n" + PRELOADED)
    preloaded.edit("web.py", "print('being loaded')", "import time; time.sleep(600)")

    run = preloaded.start("--layout", "two")

    assert run.wait() != 0
    assert "not ready after 8 s: front" in run.err.prose
    assert "plainflask/web.py" in run.out.text
    assert preloaded.processes() == set()


def test_what_the_application_set_in_its_environment_stays(preloaded) -> None:
    preloaded.edit(
        "web.py",
        "print('being loaded')",
        "os.environ['CHOSEN'] = 'while loaded'",
    )
    preloaded.edit("web.py", '"plain flask', 'os.environ["CHOSEN"] + "plain flask')

    run = preloaded.start("--layout", "two").ready()

    assert run.get("/") == (200, "while loadedplain flask\n")
    assert run.stop() == 0


def test_no_process_outlives_a_supervisor_that_was_killed(preloaded, eventually) -> None:
    run = preloaded.start("--layout", "two").ready()

    run.signal(9)

    eventually(lambda: not preloaded.processes(), "the end of every process")


def test_calls_cross_between_preloaded_groups(plainflask, eventually) -> None:
    plainflask.write(
        WEB
        + """
[services.stock]
package = "plainflask.stock"
[layouts.split]
front = { services = ["web"], workers = 2, preload = true }
back = { services = ["stock"], preload = true }
"""
    )
    run = plainflask.start("--layout", "split").ready()
    (back,) = [one["pid"] for one in run.status()["groups"][1]["workers"]]

    pages = [json.loads(run.get("/items/tea")[1]) for _ in range(8)]

    assert {page.get("host") for page in pages} == {back}, pages
    os.kill(back, 9)
    eventually(lambda: run.get("/items/tea")[0] == 200, "calls after the host was killed")
    assert run.stop() == 0
    assert plainflask.processes() == set()


def test_a_preloaded_group_gets_more_workers_without_loading_again(preloaded) -> None:
    run = preloaded.start("--layout", "two").ready()

    assert preloaded.command("scale", "front=4").returncode == 0

    assert len(run.pids()) == 4
    assert len(loads(preloaded)) == 1
    assert {run.get("/")[1] for _ in range(8)} == {"plain flask\n"}
    assert run.stop() == 0
    assert preloaded.processes() == set()


def test_a_restart_loads_the_new_code(preloaded) -> None:
    run = preloaded.start("--layout", "two").ready()
    preloaded.edit("web.py", "plain flask", "new flask")

    assert preloaded.command("restart").returncode == 0

    assert len(loads(preloaded)) == 2
    assert {run.get("/")[1] for _ in range(8)} == {"new flask\n"}
    assert run.stop() == 0


def test_a_worker_forked_later_calls_as_many_workers_as_there_are_by_then(
    plainflask, eventually
) -> None:
    plainflask.write(
        WEB
        + """
[services.stock]
package = "plainflask.stock"
cache = ["_left"]
[layouts.split]
front = { services = ["web"], preload = true }
back = ["stock"]
"""
    )
    run = plainflask.start("--layout", "split").ready()
    assert plainflask.command("scale", "back=2").returncode == 0
    (front, *backs) = run.pids()

    os.kill(front, 9)

    eventually(lambda: is_ready_without(run, front), "another worker")
    hosts = {json.loads(run.get("/items/tea")[1])["host"] for _ in range(32)}
    assert hosts == set(backs)
    assert run.stop() == 0


def test_what_workers_are_forked_from_is_made_anew_when_it_dies(preloaded, eventually) -> None:
    run = preloaded.start("--layout", "two").ready()
    before = run.pids()

    os.kill(int(loads(preloaded)[0]), 9)

    run.err.wait_for(
        rf"workers of front are forked from\[{loads(preloaded)[0]}\] was killed by SIGKILL"
    )
    run.err.wait_for(r"front is loaded again in 0\.\d s")
    eventually(lambda: len(loads(preloaded)) == 2, "another one")
    assert run.pids() == before
    os.kill(before[0], 9)
    eventually(lambda: is_ready_without(run, before[0]), "another worker")
    assert len(loads(preloaded)) == 2  # it was forked
    assert preloaded.command("reload").returncode == 0
    assert len(loads(preloaded)) == 3
    assert run.stop() == 0
    assert preloaded.processes() == set()


def test_what_keeps_dying_while_it_is_loaded_is_tried_later_and_later(preloaded) -> None:
    run = preloaded.start("--layout", "two").ready()
    preloaded.edit("web.py", "print('being loaded')", "os.kill(os.getpid(), 9)")

    os.kill(int(loads(preloaded)[0]), 9)

    for least in ("0.1", "0.2", r"0\.[34]", r"0\.[678]"):
        run.err.wait_for(rf"front is loaded again in {least} s")
    assert run.status()["state"] == "ready"
    assert run.stop() == 0
    assert preloaded.processes() == set()


def test_code_that_cannot_be_loaded_again_is_said(preloaded) -> None:
    run = preloaded.start("--layout", "two").ready()
    preloaded.edit("web.py", "print('being loaded')", BROKEN)

    os.kill(int(loads(preloaded)[0]), 9)

    run.err.wait_for("front is not loaded: loading the application raised .*not today")
    assert run.get("/") == (200, "plain flask\n")
    assert run.stop() == 0
    assert preloaded.processes() == set()


def test_a_reload_that_never_loads_keeps_what_there_is(preloaded) -> None:
    preloaded.write("startup_timeout = 4\n" + PRELOADED)
    run = preloaded.start("--layout", "two").ready()
    before = run.pids()
    preloaded.edit("web.py", "print('being loaded')", "import time; time.sleep(600)")

    begun = time.monotonic()
    result = preloaded.command("reload")

    assert result.returncode == 4
    assert "was not ready after 4 s" in " ".join(result.stderr.split())
    # Once, not for loading and then again for a worker. What is executed would say so.
    assert 4 <= time.monotonic() - begun < 8
    assert len(loads(preloaded)) == 2
    run.out.wait_for("plainflask/web.py")
    assert run.pids() == before
    assert run.get("/") == (200, "plain flask\n")
    assert run.stop() == 0
    assert preloaded.processes() == set()


def test_a_stop_while_new_code_is_loaded_does_not_wait_for_it(preloaded) -> None:
    preloaded.write(PRELOADED)
    run = preloaded.start("--layout", "two").ready()
    preloaded.edit("web.py", "print('being loaded')", "import time; time.sleep(600)")
    with subprocess.Popen(
        [*preloaded.seamline, "reload"], env=preloaded.environment, stderr=subprocess.PIPE
    ) as reload:
        assert reload.stderr is not None
        reload.stderr.readline()  # it is reloading

        assert run.stop() == 0

    assert preloaded.processes() == set()


def test_an_application_that_no_fork_survives_lives_in_its_workers_alone(preloaded) -> None:
    preloaded.edit(
        "web.py",
        "print('being loaded')",
        "from threading import *; Thread(target=Event().wait, daemon=True).start()",
    )

    run = preloaded.start("--layout", "two").ready()

    assert int(loads(preloaded)[0]) not in preloaded.processes()
    assert run.stop() == 0


def test_a_name_of_a_temporary_file_is_no_reason_not_to_fork(preloaded) -> None:
    preloaded.edit("web.py", "print('being loaded')", "import tempfile; tempfile.mktemp()")

    run = preloaded.start("--layout", "two").ready()

    assert len(loads(preloaded)) == 1
    assert run.stop() == 0


def test_many_stacks_of_an_application_that_never_loads_hold_nothing_up(preloaded) -> None:
    preloaded.write("startup_timeout = 3\n" + PRELOADED)
    preloaded.edit(
        "web.py",
        "print('being loaded')",
        "from threading import *\n"
        "def deep(left): return deep(left - 1) if left else Event().wait()\n"
        "for _ in range(60): Thread(target=deep, args=(40,), daemon=True).start()\n"
        "Event().wait()",
    )

    run = preloaded.start("--layout", "two")

    assert run.wait() != 0
    assert "not ready after 3 s: front" in run.err.prose
    assert preloaded.processes() == set()
