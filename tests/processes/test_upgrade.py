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
