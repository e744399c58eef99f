"""A group with ``sandbox = true``: its code answers calls, and can do nothing else."""

import json

import pytest

pytestmark = pytest.mark.processes

TOML = """\
name = "safe"
[services.web]
http = "pages:app"
[services.reader]
package = "reader"
[layouts.apart]
front = ["web"]
reader = { services = ["reader"], sandbox = true, env = { GIVEN = "yes" } }
"""
PAGES = """\
import json, os
from urllib.parse import parse_qs
import reader

def app(environ, start_response):
    query = parse_qs(environ["QUERY_STRING"])
    what = query["do"][0]
    answer = reader.attempt(what, query.get("path", [""])[0], os.getpid())
    start_response("200 OK", [("Content-Type", "application/json")])
    return [json.dumps(answer).encode()]
"""
# What code that parses strangers' files could be made to do.
READER = """\
import os, resource, signal, socket, subprocess, threading, zoneinfo
from pathlib import Path

SEEN = []

def attempt(what: str, path: str, caller: int) -> list:
    SEEN.append(what)
    try:
        match what:
            case "read":
                return ["done", Path(path).read_bytes().decode()]
            case "write":
                return ["done", Path(path).write_text("mine")]
            case "remove":
                return ["done", os.unlink(path)]
            case "inet" | "inet6" | "unix" | "netlink":
                return ["done", str(socket.socket(getattr(socket, f"AF_{what.upper()}")))]
            case "run":
                return ["done", subprocess.check_output(["/bin/true"]).decode()]
            case "kill":
                return ["done", os.kill(caller, signal.SIGTERM)]
            case "memory":
                return ["done", Path(f"/proc/{caller}/environ").read_bytes().decode()]
            case "limit":
                return ["done", resource.prlimit(caller, resource.RLIMIT_NOFILE)]
            case "mode":
                return ["done", os.chmod(path, 0o777)]
            case "times":
                return ["done", os.utime(path, (0, 0))]
            case "attribute":
                return ["done", os.setxattr(path, "user.x", b"1")]
            case "owner":
                return ["done", os.chown(path, 0, 0)]
            case "datagram":
                one, _ = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
                return ["done", one.sendto(b"x", path)]
            case "pair":
                one, other = socket.socketpair()
                one.send(b"x")
                return ["done", [other.recv(1).decode(), resource.getrlimit(resource.RLIMIT_CORE)]]
            case "root":
                return ["done", os.chroot("/")]
            case "environment":
                return ["done", dict(os.environ)]
            case "import":
                import colorsys, reader.later
                return ["done", [colorsys.__name__, reader.later.WORD]]
            case "thread":
                thread = threading.Thread(target=SEEN.append, args=("thread",))
                thread.start(); thread.join()
                return ["done", [SEEN[-1], str(zoneinfo.ZoneInfo("Europe/Paris"))]]
    except OSError as error:
        return [type(error).__name__, error.strerror]
"""
REFUSED = "PermissionError"


@pytest.fixture
def safe(project):
    """The application, with a database and a key beside its code, and secrets around it."""
    root = project.root
    (root / "reader").mkdir()
    (root / "reader/__init__.py").write_text(READER)
    (root / "reader/later.py").write_text("WORD = 'late'\n")
    (root / "pages.py").write_text(PAGES)
    (root / "instance").mkdir()
    (root / "instance/app.db").write_text("all runs")
    (root / "secret.key").write_text("key")
    project.environment["DATABASE_PASSWORD"] = "hunter2"
    project.write(TOML)
    return project


def test_sandboxed_code_answers_and_can_do_nothing_else(safe) -> None:
    run = safe.start("--layout", "apart").ready()

    def attempt(what: str, path: object = "") -> list:
        status, body = run.get(f"/?do={what}&path={path}")
        assert status == 200, body
        return json.loads(body)

    root = safe.root
    for path in (
        root / "instance/app.db", root / "secret.key", root / "seamline.toml", "/etc/passwd",
        *safe.runtime.rglob("secret"), *safe.runtime.rglob("plan.json"),
    ):  # fmt: skip
        assert attempt("read", path)[0] == REFUSED, path
    for path in (root / "reader/__init__.py", root / "new.txt", "/tmp/new.txt", "/dev/null/x"):
        assert attempt("write", path)[0] in {REFUSED, "NotADirectoryError"}, path
    assert attempt("remove", root / "reader/later.py")[0] == REFUSED
    for what in ("inet", "inet6", "unix", "netlink", "run", "kill", "limit", "memory", "root"):
        assert attempt(what)[0] == REFUSED, what
    key = root / "secret.key"
    for what in ("mode", "times", "attribute", "owner", "datagram"):
        assert attempt(what, key)[0] == REFUSED, what
    assert attempt("pair") == ["done", ["x", [0, 0]]]
    told, environment = attempt("environment")
    assert told == "done"
    assert environment["GIVEN"] == "yes"
    assert "DATABASE_PASSWORD" not in environment

    assert attempt("import") == ["done", ["colorsys", "late"]]
    assert attempt("thread") == ["done", ["thread", "Europe/Paris"]]
    assert attempt("write", "/dev/null") == ["done", 4]
    assert run.stop() == 0


def test_a_sandboxed_group_is_reloaded_and_replaced_like_any_other(safe, eventually) -> None:
    run = safe.start("--layout", "apart").ready()
    before = set(run.pids())

    reloaded = safe.command("reload")

    assert reloaded.returncode == 0, reloaded.stderr
    assert before.isdisjoint(run.pids())
    assert run.get("/?do=inet")[1].startswith(f'["{REFUSED}"')
    assert run.stop() == 0


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("sandbox = true", "sandbox = true, preload = true", "`preload` loads it before"),
        ('package = "reader"', 'command = ["true"]', "a command of this group is a program"),
        ("sandbox = true", 'sandbox = "yes"', "sandbox"),
    ],
)
def test_what_a_sandbox_cannot_hold_for_is_refused(safe, old, new, words) -> None:
    safe.write(TOML.replace(old, new))

    refused = safe.command("check")

    assert refused.returncode == 2
    assert words in " ".join((refused.stdout + refused.stderr).split())


def test_calls_out_of_a_sandbox_are_found_before_anything_runs(safe) -> None:
    (safe.root / "store.py").write_text(
        "ROWS = []\ndef rows(): ROWS.append(1); return list(ROWS)\n"
    )
    (safe.root / "reader/__init__.py").write_text(
        f"import store\n{READER}\ndef count() -> int:\n    return len(store.rows())\n"
    )
    safe.write(
        TOML.replace("[layouts", '[services.store]\npackage = "store"\n[layouts').replace(
            '["web"]', '["web", "store"]'
        )
    )

    found = safe.command("check", "--layout", "apart")

    words = " ".join((found.stdout + found.stderr).split())
    assert found.returncode == 1, words
    assert "store.rows is called from group 'reader', which has a sandbox" in words
    assert "sandboxed-call" in words


def test_functions_that_would_run_outside_of_a_sandbox_are_found(safe) -> None:
    (safe.root / "reader/__init__.py").write_text(
        f"{READER}\ndef short(text: str) -> str:\n    return text[:9]\n"
    )
    with (safe.root / "pages.py").open("a") as pages:
        pages.write("\nprint(reader.short('text'))\n")

    found = safe.command("check", "--layout", "apart")

    words = " ".join((found.stdout + found.stderr).split())
    assert "reader.short runs with its caller, outside of the sandbox of group 'reader'" in words
    assert "outside-sandbox" in words
