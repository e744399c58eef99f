"""Applications that cannot be loaded: one clear message, exit status 2, nothing left."""

import shutil
from pathlib import Path

import pytest

pytestmark = pytest.mark.processes

BROKEN = Path(__file__).parent.parent / "apps" / "broken"

CASES = {
    "syntax:app": r"syntax.py:3: cannot import syntax: SyntaxError: expected ':'",
    "raising:app": r"raising.py:5: cannot import raising: ValueError: not enough values",
    "missing_package:app": "missing_package.py:3: cannot import missing_package: "
    "ModuleNotFoundError: No module named 'a_package_that_is_not_installed'",
    "factories:raising()": "factories.py:6: the factory factories:raising() raised: "
    "KeyError: 'SECRET_KEY'",
    "factories:returns_none()": "factories.py:9: the factory factories:returns_none() "
    "returned None",
    "factories:wants_argument()": "factories.py:13: the factory factories:wants_argument() "
    "cannot be called like that: missing a required argument: 'config'",
    "factories:wants_argument": 'write "factories:wants_argument(...)"',
    "factories:returns_number()": "is an int, neither a WSGI nor an ASGI application",
    "factories:leaves()": "factories.py:22: the factory factories:leaves() raised: it called "
    "sys.exit(7)",
    "factories:NUMBER": "factories:NUMBER is an int",
    "factories:rasing()": "factories has no 'rasing'",
    "lifespan:app": "the application's start-up failed: no database at db.internal",
}


@pytest.mark.parametrize(("http", "message"), CASES.items(), ids=list(CASES))
def test_a_broken_application_ends_the_run_with_one_message(project, http, message) -> None:
    shutil.copytree(BROKEN, project.root, dirs_exist_ok=True)
    project.write(
        f'name = "broken"\n[services.web]\nhttp = "{http}"\n'
        '[layouts.many]\nfront = { services = ["web"], workers = 3 }\n'
    )

    run = project.start("--layout", "many")

    assert run.wait() == 2
    assert message in run.err.prose
    assert run.err.text.count("error [") == 1
    assert "seamline/worker" not in run.err.prose
    assert project.processes() == set()
    assert project.leftovers() == []


@pytest.mark.parametrize("layout", ["mono", "micro"])
def test_a_run_says_as_check_does_that_a_source_file_may_not_be_read(project, layout) -> None:
    (project.root / "stock.py").symlink_to("/proc/sys/vm/compact_memory")  # not by root either
    (project.root / "web.py").write_text(
        "import flask, stock\napp = flask.Flask(__name__)\n"
        "@app.get('/')\ndef page():\n    return stock.left()\n"
    )
    project.write(
        'name = "broken"\n[services.web]\nhttp = "web:app"\n[services.stock]\npackage = "stock"\n'
    )

    run = project.start("--layout", layout)

    assert run.wait() == 2
    assert (
        "stock.py: it cannot be read: Permission denied fix permit it: chmod u+r stock.py"
    ) in run.err.prose
    assert "calls of what else" not in run.err.prose
    assert project.leftovers() == []


def test_a_worker_that_dies_without_a_word_is_named(project) -> None:
    shutil.copytree(BROKEN, project.root, dirs_exist_ok=True)
    project.write('name = "broken"\n[services.web]\nhttp = "dies:app"\n')

    run = project.start()

    assert run.wait() == 4
    assert "worker app.0 exited with status 9 before it was ready" in run.err.prose
    assert project.leftovers() == []


def test_users_frames_are_shown_and_verbose_shows_all(project) -> None:
    shutil.copytree(BROKEN, project.root, dirs_exist_ok=True)
    project.write('name = "broken"\n[services.web]\nhttp = "raising:app"\n')

    brief = project.start()
    assert brief.wait() == 2
    whole = project.start("-v")
    assert whole.wait() == 2

    assert 'DATABASE = connect("db.internal")' in brief.err.text
    assert "importlib" not in brief.err.text
    assert "importlib" in whole.err.text


@pytest.mark.parametrize(
    "command",
    [
        ["status"],
        ["ps"],
        ["logs"],
        ["stop"],
        ["reload"],
        ["restart"],
        ["scale", "web=2"],
    ],
    ids=lambda command: command[0],
)
def test_where_nothing_runs_a_file_that_cannot_be_used_is_told(project, command) -> None:
    project.write('name = "shop"\n[services.web\n')

    result = project.command(*command)

    assert result.returncode == 2
    assert "this project is not running, and cannot be started as it is" in result.stderr
    assert "seamline.toml:2" in result.stderr


def test_a_run_of_several_workers_with_caches_of_their_own_does_not_start(project) -> None:
    (project.root / "hits.py").write_text(
        "from django.core.cache import cache\ndef count(who):\n    open(who).close()\n"
        "    return cache.incr(who)\n"
    )
    (project.root / "web.py").write_text(
        "import flask, hits\napp = flask.Flask(__name__)\n"
        "@app.get('/')\ndef page():\n    return hits.count('a')\n"
    )
    project.write(
        'name = "cached"\n[services.web]\nhttp = "web:app"\n'
        '[services.hits]\npackage = "hits"\n'
        '[layouts.wide]\nweb = ["web"]\nhits = { services = ["hits"], workers = 2 }\n'
    )

    run = project.start("--layout", "wide")

    assert run.wait() == 2
    assert "hits.py:4: hits.count uses django.core.cache.cache" in run.err.prose
    assert "service hits has 2 workers: each would have its own" in run.err.prose
