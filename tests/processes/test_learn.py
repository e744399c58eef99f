"""``seamline learn -- CMD``: a whole application is run and watched, from outside."""

import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from seamline.lock import read

pytestmark = pytest.mark.processes

DEPOT = Path(__file__).parent.parent / "apps" / "depot"
SEAMLINE = str(Path(sys.executable).with_name("seamline"))
PATIENCE_SECONDS = 60.0
PYTEST = (sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests")


def run_learn(root, environment, *command, before=()):
    """Run ``seamline learn`` to its end, in the directory of the application."""
    return subprocess.run(
        [SEAMLINE, "learn", *before, "--", *command],
        cwd=root,
        env=environment,
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS * 2,
        check=False,
    )


@pytest.fixture(scope="module")
def lock_file(tmp_path_factory):
    """What one run of the application's own tests leaves; nobody writes it after that."""
    root = tmp_path_factory.mktemp("depot")
    shutil.copytree(DEPOT, root, dirs_exist_ok=True)
    ran = run_learn(root, os.environ, *PYTEST)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return root / "seamline.lock"


@pytest.fixture
def learned(lock_file):
    """Every function of that lock."""
    return read(lock_file).functions


@pytest.fixture
def depot(project):
    """The application of ``tests/apps/depot``, of which nothing is annotated."""
    shutil.copytree(DEPOT, project.root, dirs_exist_ok=True)
    return project


@pytest.fixture
def learned_depot(depot, lock_file):
    """The same with a lock that was learned from its tests."""
    shutil.copy(lock_file, depot.root)
    return depot


@pytest.fixture
def learn(depot):
    """Run ``seamline learn`` over the application."""

    def run(*command, before=()):
        return run_learn(depot.root, depot.environment, *command, before=before)

    return run


def test_suite_passes_as_it_does_alone_and_its_calls_are_in_the_lock(learned):
    seen = {name.removeprefix("depot."): entry.seen for name, entry in learned.items()}

    assert seen["stock.save"].parameters == {"conn": ("sqlite3.Connection",), "name": ("str",)}
    assert seen["stock.save"].stays == {"conn": ("sqlite3.Connection",)}
    assert seen["stock.save"].callers == ("depot.front",)
    assert seen["stock.matching"].stays == {"accept": ("function",)}
    assert seen["stock.write_report"].stays == {"file": ("_io.StringIO", "_io.TextIOWrapper")}
    assert (seen["stock.fill"].mutates, seen["stock.fill"].returns_arguments) == (
        ("order",),
        ("order",),
    )
    assert seen["stock.fill"].parameters["order"] == (
        "dict[str, dict[str, list[int]] | list[str]]",
    )
    assert seen["stock.shelves"].aliases == ("depot.stock:_shelves",)
    assert seen["stock.left"].raises == ("depot.stock.Unknown",)
    # The generator that was closed early left nothing behind, neither result nor exception.
    each = seen["stock.each"]
    assert (each.calls, each.yields, each.result, each.raises) == (2, ("tuple[str, int]",), (), ())
    assert seen["stock.reserve"].result == ("int",)
    assert (seen["stock.watch"].parameters, seen["stock.watch"].yields) == (
        {"names": ("list[str]",)},
        ("int",),
    )


def test_call_that_is_only_made_at_import_is_seen_with_what_it_changes(learned):
    rule = learned["depot.stock.rule"].seen

    assert (rule.calls, rule.at_import, rule.callers) == (1, 1, ("depot.front",))
    assert rule.changes == ("depot.stock:_rules",)


def test_what_a_decorator_passes_in_is_no_argument(learned):
    price = learned["depot.stock.price"].seen

    assert (price.calls, price.parameters) == (2, {"name": ("str",), "count": ("int",)})


def test_arguments_that_are_the_default_are_not_sent_and_not_seen(learned):
    assert learned["depot.stock.reserve"].seen.parameters == {"name": ("str",)}


def test_call_that_comes_back_to_a_service_is_seen(learned):
    assert learned["depot.orders.open_for"].seen.nesting == ("orders > stock > orders",)


def test_children_and_forked_children_are_seen(learned):
    open_for = learned["depot.orders.open_for"].seen

    # One in the suite's process, one in a child, one (of bytes) in a forked child.
    assert open_for.calls == 3
    assert open_for.parameters == {"name": ("bytes", "str")}
    assert set(open_for.callers) == {"__main__", "depot.stock", "test_depot"}


def test_calls_inside_the_package_are_none(learned):
    assert learned["depot.stock.never"].seen.calls == 0
    # `depot.front` and the tests call it; `ask_back` reads the dict itself.
    assert "depot.stock" not in learned["depot.stock.left"].seen.callers


def test_verdicts_follow_from_what_was_seen(learned):
    verdicts = {
        name.removeprefix("depot.stock."): entry.verdict for name, entry in learned.items()
    }

    assert verdicts["save"] == "refused"
    assert verdicts["count_rows"] == "local"
    assert verdicts["total"] == "remote"
    assert verdicts["pin"] == "refused"
    assert learned["depot.stock.save"].reason == (
        "touches depot.stock:_shelves, but observed: parameter 'conn' is a sqlite3.Connection: "
        "a database connection cannot cross"
    )


def test_no_value_and_no_default_gets_into_the_lock(lock_file):
    text = lock_file.read_text()

    assert "s3cret" not in text
    assert "nails" not in text
    assert 'signature = "(name, token=...)"' in text


def test_learning_again_changes_nothing(learned_depot, learn):
    before = (learned_depot.root / "seamline.lock").read_text()

    ran = learn(*PYTEST, "-k", "left or async")

    assert ran.returncode == 0
    assert ", 0 new facts; see seamline.lock" in ran.stderr
    assert (learned_depot.root / "seamline.lock").read_text() == before


def test_workers_of_xdist_are_seen(depot, learn):
    ran = learn(*PYTEST, "-n", "1", "-k", "left or fill")

    assert ran.returncode == 0, ran.stdout + ran.stderr
    found = read(depot.root / "seamline.lock").functions
    called = {name.rpartition(".")[2] for name, entry in found.items() if entry.seen.calls}
    assert called == {"left", "fill", "rule"}


def test_status_of_the_command_is_that_of_learn(learn):
    assert learn(sys.executable, "-c", "raise SystemExit(7)").returncode == 7
    killed = learn(sys.executable, "-c", "import os; os.kill(os.getpid(), 9)")
    assert killed.returncode == 128 + 9


def test_command_that_imports_nothing_of_the_application_writes_no_lock(depot, learn):
    ran = learn(sys.executable, "-c", "pass")

    assert ran.returncode == 0
    assert "nothing was learned" in " ".join(ran.stderr.split())
    assert not (depot.root / "seamline.lock").exists()


def test_facts_of_a_process_that_is_killed_are_kept(depot, learn):
    ran = learn(
        sys.executable,
        "-c",
        "import os\nfrom depot import stock\n"
        "for _ in range(5): stock.left('nails')\nos.kill(os.getpid(), 9)",
    )

    assert ran.returncode == 128 + 9
    assert "the last calls of 1 process that a signal ended" in ran.stderr
    left = read(depot.root / "seamline.lock").functions["depot.stock.left"].seen
    assert (left.calls, left.result) == (4, ("int",))


def test_ctrl_c_ends_the_command_and_keeps_what_was_seen(depot):
    process = subprocess.Popen(
        [SEAMLINE, "learn", "--", sys.executable, "-c", _WAITS],
        cwd=depot.root,
        env=depot.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        assert process.stdout.readline() == "ready\n"
        # As a terminal does: to every process in the foreground.
        os.killpg(process.pid, signal.SIGINT)
        _, err = process.communicate(timeout=PATIENCE_SECONDS)
    finally:
        process.kill()

    assert process.returncode == 3
    assert "learned from 1 process" in err
    assert read(depot.root / "seamline.lock").functions["depot.stock.left"].seen.calls == 1


_WAITS = """
import signal, sys
from depot import stock

stock.left("nails")
# Blocked, so that one which comes before the waiting begins is not lost.
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
print("ready", flush=True)
signal.sigwait([signal.SIGINT])
sys.exit(3)
"""


def test_sigterm_reaches_the_command(depot):
    process = subprocess.Popen(
        [SEAMLINE, "learn", "--", sys.executable, "-c", _WAITS],
        cwd=depot.root,
        env=depot.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout.readline() == "ready\n"
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=PATIENCE_SECONDS)
    finally:
        process.kill()

    assert process.returncode == 128 + signal.SIGTERM


def test_program_that_does_not_exist_is_unusable_input(learn):
    ran = learn("no-such-program")

    assert ran.returncode == 2
    assert "cannot run 'no-such-program': No such file or directory" in ran.stderr


def test_nowhere_to_write_what_is_seen_is_said(depot):
    limited = "ulimit -f 0; exec " + shlex.join([SEAMLINE, "learn", "--", "true"])

    ran = subprocess.run(
        ["sh", "-c", limited],
        cwd=depot.root,
        env=depot.environment,
        capture_output=True,
        text=True,
        check=False,
    )

    assert ran.returncode == 2
    assert "no temporary directory can be written to" in ran.stderr


def test_lock_that_cannot_be_read_is_refused_before_anything_runs(depot, learn):
    (depot.root / "seamline.lock").write_text("format = 1\n<<<<<<< HEAD\n")

    ran = learn(sys.executable, "-c", "print('ran')")

    assert (ran.returncode, ran.stdout) == (2, "")
    assert "seamline.lock:2: a merge conflict was left in it" in " ".join(ran.stderr.split())


def test_json_is_one_document_whatever_the_command_prints(learn):
    ran = learn(sys.executable, "-c", "from depot import orders; print(orders.check('nails'))",
                before=("--json",))  # fmt: skip

    document = json.loads(ran.stdout)
    assert document["schema"] == "seamline.learn/1"
    assert (document["command_status"], document["processes"]) == (0, 1)
    seen = {one["name"]: one["calls"] for one in document["functions"] if one["calls"]}
    assert seen == {
        "depot.orders.check": 1,
        "depot.orders.open_for": 1,
        "depot.stock.ask_back": 1,
    }
    assert "(1, 4)" in ran.stderr


def test_check_says_where_code_and_lock_have_come_apart(learned_depot):
    depot = learned_depot
    stock = depot.root / "depot" / "stock.py"
    text = stock.read_text()
    text = text.replace("def never(name):\n    return _shelves[name]", "def newer(name): pass")
    text = text.replace("def fill(order):", "def fill(order, quick):")
    stock.write_text(text)
    orders = depot.root / "depot" / "orders.py"
    orders.write_text(orders.read_text() + "\n\ndef _reset():\n    _open.clear()\n")

    ran = depot.command("check", "--json")

    found = {(one["code"], one["severity"]): one for one in json.loads(ran.stdout)["findings"]}
    stale = found["lock-stale", "warning"]
    assert (stale["file"], stale["remedy"]) == (
        "depot/stock.py",
        "learn again, for example: seamline learn -- pytest",
    )
    assert "depot.stock.fill has other parameters" in stale["message"]
    other = found["lock-verdict", "warning"]
    assert re.search(
        r"depot\.orders\.open_for is local in seamline\.lock:\d+ and remote now: touches",
        other["message"],
    )
    assert "depot.stock.newer is not in seamline.lock" in found["lock-missing", "info"]["message"]
    assert found["lock-gone", "info"]["file"] == "seamline.lock"


def test_an_override_wins_over_the_lock_and_is_no_warning(learned_depot):
    depot = learned_depot
    depot.write(
        'name = "depot"\n[services.stock]\npackage = "depot.stock"\nlocal = ["save"]\n'
        '[services.orders]\npackage = "depot.orders"\n'
    )

    ran = depot.command("explain", "depot.stock.save")

    assert "verdict    local: listed as local in [services.stock] of seamline.toml" in ran.stdout
    assert "says refused: touches depot.stock:_shelves" in " ".join(ran.stdout.split())
    assert "conn was sqlite3.Connection; sqlite3.Connection cannot cross" in ran.stdout
    assert "seamline.toml:4 says so" in ran.stdout
    severities = {
        one["severity"]
        for one in json.loads(depot.command("check", "--json").stdout)["findings"]
        if one["code"] == "lock-verdict"
    }
    assert severities == {"info"}


def test_flask_run_is_observed_with_the_contexts_it_uses(project):
    project.write(
        'name = "site"\n[services.web]\nhttp = "site_app:app"\n'
        '[services.pages]\npackage = "pages"\n'
    )
    (project.root / "pages.py").write_text(
        "from flask import g, request, session\n\n_seen = []\n\n"
        "def title():\n    _seen.append(1)\n    g.title = 'a'\n"
        "    session.get('user')\n    return request.path\n"
    )
    (project.root / "site_app.py").write_text(
        "from flask import Flask\nimport pages\n\napp = Flask(__name__)\napp.secret_key = 'x'\n\n"
        "@app.get('/')\ndef index():\n    return pages.title()\n"
    )
    process = subprocess.Popen(
        [SEAMLINE, "learn", "--", sys.executable, "-m", "flask", "--app", "site_app", "run",
         "--port", "0"],
        cwd=project.root,
        env={**project.environment, "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )  # fmt: skip
    try:
        for line in process.stderr:
            if found := re.search(r"http://127\.0\.0\.1:(\d+)", line):
                break
        with urllib.request.urlopen(found[0] + "/", timeout=PATIENCE_SECONDS) as answer:
            assert answer.read() == b"/"
        os.killpg(process.pid, signal.SIGINT)
        process.communicate(timeout=PATIENCE_SECONDS)
    finally:
        process.kill()

    title = read(project.root / "seamline.lock").functions["pages.title"].seen
    assert title.context == ("flask.g", "flask.g (written)", "flask.request", "flask.session")
    assert (title.callers, title.result) == (("site_app",), ("str",))
