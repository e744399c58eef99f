"""``workers_max``: a group that is busy gets more workers."""

import threading

import pytest

pytestmark = pytest.mark.processes

SCALED = """
name = "plain"
[services.web]
http = "plainflask.web:create_app()"
[layouts.wide]
front = { services = ["web"], workers_max = 2, threads = 1 }
"""


def test_a_group_with_no_thread_left_gets_another_worker(plainflask, eventually) -> None:
    plainflask.write(SCALED)
    run = plainflask.start("--layout", "wide").ready()
    enough = threading.Event()

    def ask() -> None:
        while not enough.is_set():
            assert run.get("/slow/0.5")[0] == 200

    asking = [threading.Thread(target=ask) for _ in range(4)]
    for one in asking:
        one.start()
    try:
        run.err.wait_for(r"autoscale: front from 1 to 2 workers, .*(busy|wait)")
        eventually(lambda: len(run.workers()) == 2, "a second worker")
        eventually(lambda: run.status()["groups"][0]["scale_reason"], "why")
    finally:
        enough.set()
        for one in asking:
            one.join()
    assert run.status()["groups"][0]["scale_reason"].startswith("1 to 2: ")
    assert run.stop() == 0


def test_a_group_whose_state_would_be_several_says_so_before_it_starts(plainflask) -> None:
    plainflask.write(
        SCALED.replace(
            "[layouts.wide]", '[services.stock]\npackage = "plainflask.stock"\n[layouts.wide]'
        )
        + 'back = { services = ["stock"], workers_max = 3 }\n'
    )

    result = plainflask.command("check", "--layout", "wide")

    assert result.returncode == 1
    assert "3 workers: each would have its own" in " ".join(result.stdout.split())
