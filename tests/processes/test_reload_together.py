"""A reload of several groups: all new code is started before any old worker is ended."""

import json
import os
import signal

import pytest

pytestmark = pytest.mark.processes

BROKEN = "raise RuntimeError('not today')\n"
LIVES = """
async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        while (message := await receive())["type"] != "lifespan.shutdown":
            note("startup")
            await send({"type": "lifespan.startup.complete"})
        note("shutdown")
        await send({"type": "lifespan.shutdown.complete"})
        return
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"version 1"})


def note(what):
    with open("life", "a") as file:
        file.write(what + "\\n")
"""
SECOND = """
async def app(scope, receive, send):
    assert scope["type"] == "http"
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"second"})
"""
TWO_APPS = """
name = "two"
[services.first]
http = "first:app"
[services.second]
http = "second:app"
bind = "127.0.0.2:0"
"""


def test_no_group_is_replaced_when_the_last_of_them_cannot_start(plainflask) -> None:
    run = plainflask.start("--layout", "micro").ready()
    before = run.pids()
    plainflask.edit("web.py", "import os", BROKEN)

    result = plainflask.command("reload")

    assert result.returncode == 2
    assert "the new web cannot start; no group is replaced" in result.stderr
    assert "plainflask.web: RuntimeError: not today" in " ".join(result.stderr.split())
    assert "replaced: nothing" in result.stderr
    assert run.pids() == before
    assert len(plainflask.processes()) == 1 + len(before)
    assert run.get("/items/tea")[0] == 200
    plainflask.edit("web.py", BROKEN, "import os")
    assert plainflask.command("reload").returncode == 0
    assert not set(before) & set(run.pids())
    assert run.stop() == 0


def test_what_is_ready_first_answers_nothing_before_all_are(plainflask, eventually) -> None:
    run = plainflask.start("--layout", "micro").ready()
    before = run.pids()
    gate = plainflask.root / "gate"
    os.mkfifo(gate)
    plainflask.edit("web.py", "import os", f"import os\nopen({str(gate)!r}).close()")
    reloading = plainflask.begin("reload")
    # Supervisor, command, workers, and a successor of each group, of which web's waits.
    eventually(lambda: len(plainflask.processes()) == 2 + 2 * len(before), "all successors")

    hosts = {json.loads(run.get("/items/tea")[1])["host"] for _ in range(16)}

    assert hosts <= set(before)
    gate.open("w").close()
    reloading.communicate()
    assert reloading.returncode == 0
    assert json.loads(run.get("/items/tea")[1])["host"] in set(run.pids()) - hosts
    assert run.stop() == 0


def test_worker_that_dies_while_its_successor_waits_for_others_is_started_again(
    plainflask, eventually
) -> None:
    run = plainflask.start("--layout", "micro").ready()
    (stock,) = [
        group["workers"][0]["pid"] for group in run.status()["groups"] if group["name"] == "stock"
    ]
    gate = plainflask.root / "gate"
    os.mkfifo(gate)
    plainflask.edit("web.py", "import os", f"import os\nopen({str(gate)!r}).close()")
    count = len(run.pids())
    reloading = plainflask.begin("reload")
    eventually(lambda: len(plainflask.processes()) == 2 + 2 * count, "all successors")

    os.kill(stock, signal.SIGKILL)

    run.err.wait_for(rf"stock.0\[{stock}\] was killed by SIGKILL; starting it again")
    eventually(lambda: run.status()["state"] == "ready", "ready again, during the reload")
    assert run.get("/items/tea")[0] == 200
    gate.open("w").close()
    reloading.communicate()
    assert reloading.returncode == 0
    assert len(plainflask.processes()) == 1 + count
    assert run.stop() == 0


def test_groups_that_are_preloaded_keep_what_they_are_forked_from(plainflask, eventually) -> None:
    plainflask.write("""
name = "plain"
[services.web]
http = "plainflask.web:create_app()"
[services.stock]
package = "plainflask.stock"
[layouts.split]
front = { services = ["web"], preload = true }
back = { services = ["stock"], preload = true }
""")
    run = plainflask.start("--layout", "split").ready()
    before, processes = run.pids(), plainflask.processes()
    plainflask.edit("web.py", "import os", BROKEN)

    assert plainflask.command("reload").returncode == 2

    assert plainflask.processes() == processes
    os.kill(before[0], signal.SIGKILL)
    eventually(
        lambda: run.status()["state"] == "ready" and run.pids()[0] != before[0], "ready again"
    )
    assert run.get("/items/tea")[0] == 200
    assert run.stop() == 0


def test_an_application_that_had_started_up_is_shut_down_when_another_cannot_start(
    project,
) -> None:
    (project.root / "first.py").write_text(LIVES)
    (project.root / "second.py").write_text(SECOND)
    project.write(TWO_APPS)
    run = project.start("--layout", "micro").ready()
    (project.root / "second.py").write_text(BROKEN + SECOND)

    assert project.command("reload").returncode == 2

    assert (project.root / "life").read_text().split() == ["startup", "startup", "shutdown"]
    assert run.get("/") == (200, "version 1")
    (project.root / "second.py").write_text(SECOND)
    # Of another size: Python takes a file of the same second and size for the one it compiled.
    (project.root / "first.py").write_text(LIVES.replace("version 1", "the next version"))
    assert project.command("reload").returncode == 0
    assert run.get("/") == (200, "the next version")
    assert run.stop() == 0
    life = (project.root / "life").read_text().split()
    assert life.count("startup") == life.count("shutdown") == 3


def test_a_start_up_that_fails_keeps_every_group(project) -> None:
    (project.root / "first.py").write_text(LIVES)
    (project.root / "second.py").write_text(SECOND)
    project.write(TWO_APPS)
    run = project.start("--layout", "micro").ready()
    before = run.pids()
    failing = 'await send({"type": "lifespan.startup.failed", "message": "no database"})'
    text = LIVES.replace('await send({"type": "lifespan.startup.complete"})', failing)
    (project.root / "second.py").write_text(text)

    result = project.command("reload")

    assert result.returncode == 2
    assert "the new second cannot start" in result.stderr
    assert "start-up failed: no database" in result.stderr
    assert run.pids() == before
    assert run.stop() == 0


def test_what_a_reload_waits_for_is_seen_meanwhile(plainflask, eventually) -> None:
    run = plainflask.start("--layout", "micro").ready()
    gate = plainflask.root / "gate"
    os.mkfifo(gate)
    plainflask.edit("web.py", "import os", f"import os\nopen({str(gate)!r}).close()")
    reloading = plainflask.begin("reload")

    def change() -> dict | None:
        return next(one for one in run.status()["groups"] if one["name"] == "web")["change"]

    told = eventually(
        lambda: change() and change()["seconds"] > 1 and change(), "a change told of"
    )
    assert (told["doing"], told["slot"]) == ("reloading", 0)
    assert told["waiting_for"] == "a successor of slot 0"
    assert "; reloading, " in plainflask.command("status").stdout
    shown = plainflask.command("ps").stdout
    assert "s: waiting for a successor of slot 0" in shown
    assert shown.count("starting") == 3  # held, or in the way to that

    gate.open("w").close()
    reloading.communicate()
    assert change() is None
    assert run.stop() == 0
