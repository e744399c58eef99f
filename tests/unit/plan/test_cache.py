"""seamline.plan.cache: what was read from source is kept until a file of it changes."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from seamline.config import load
from seamline.interface import Analysis
from seamline.plan import analyse_project
from seamline.plan.cache import analysed, cache_directory


class Reader:
    """Counts how often an answer is worked out."""

    def __init__(self) -> None:
        self.times = 0

    def __call__(self) -> Analysis:
        self.times += 1
        return Analysis(interfaces=(), findings=(), modules=(f"answer{self.times}",))


@pytest.fixture
def source(tmp_path: Path) -> Path:
    file = tmp_path / "app.py"
    file.write_text("X = 1\n")
    return file


def test_an_answer_is_kept_until_a_file_or_the_question_changes(tmp_path, source) -> None:
    read, cache = Reader(), tmp_path / "cache"

    first = analysed("micro", [source], read, cache)
    assert analysed("micro", [source], read, cache) == first
    assert read.times == 1

    analysed("mono", [source], read, cache)
    assert read.times == 2

    source.write_text("X = 12\n")
    assert analysed("micro", [source], read, cache).modules == ("answer3",)

    added = tmp_path / "more.py"
    added.write_text("")
    assert analysed("micro", [source, added], read, cache).modules == ("answer4",)

    source.chmod(0o600)  # who may read it counts: it may not have been readable
    assert analysed("micro", [source, added], read, cache).modules == ("answer5",)


def test_an_answer_that_cannot_be_read_is_worked_out_again(tmp_path, source) -> None:
    read, cache = Reader(), tmp_path / "cache"
    analysed("micro", [source], read, cache)
    (kept,) = cache.iterdir()
    kept.write_bytes(b"{")

    assert analysed("micro", [source], read, cache).modules == ("answer2",)
    assert analysed("micro", [source], read, cache).modules == ("answer2",)


def test_a_directory_that_others_can_write_to_is_not_believed(tmp_path, source) -> None:
    read, cache = Reader(), tmp_path / "cache"
    cache.mkdir()
    cache.chmod(0o777)

    analysed("micro", [source], read, cache)
    analysed("micro", [source], read, cache)

    assert read.times == 2
    assert list(cache.iterdir()) == []


def test_only_the_newest_answers_are_kept(tmp_path, source, monkeypatch) -> None:
    monkeypatch.setattr("seamline.plan.cache._MOST_FILES", 2)
    read, cache = Reader(), tmp_path / "cache"

    for number in range(4):
        analysed(number, [source], read, cache)
        os.utime(max(cache.iterdir(), key=lambda one: one.stat().st_mtime_ns), (number, number))

    assert len(list(cache.iterdir())) == 2
    analysed(3, [source], read, cache)
    assert read.times == 4


@pytest.mark.parametrize(
    ("environ", "directory"),
    [
        ({"XDG_CACHE_HOME": "/cache", "HOME": "/home/a"}, Path("/cache/seamline")),
        ({"XDG_CACHE_HOME": "cache", "HOME": "/home/a"}, Path("/home/a/.cache/seamline")),
        ({}, None),
    ],
)
def test_answers_are_kept_where_the_user_keeps_such_things(environ, directory) -> None:
    assert cache_directory(environ) == directory


@pytest.mark.parametrize("entry", [".", ""])
def test_a_file_that_is_no_source_is_written_beside_it_and_changes_nothing(
    tmp_path, monkeypatch, entry
) -> None:
    root = tmp_path / "project"
    (root / "stock").mkdir(parents=True)
    (root / "stock/__init__.py").write_text("def count(): return 1\n")
    (root / "seamline.toml").write_text('name = "shop"\n[services.stock]\npackage = "stock"\n')
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.chdir(root)
    monkeypatch.syspath_prepend(entry)
    kept = []
    for number in range(2):
        (root / f"report{number}.xml").touch()
        os.utime(root, (number, number))
        analyse_project(load(root / "seamline.toml", environ={}), "micro")
        kept.append(sorted((tmp_path / "cache/seamline").iterdir()))

    assert len(kept[0]) == 1
    assert kept[1] == kept[0]


def test_a_test_run_asks_for_what_a_check_has_answered(tmp_path: Path) -> None:
    root = tmp_path / "project"
    (root / "stock").mkdir(parents=True)
    (root / "stock/__init__.py").write_text(
        "SOLD = []\ndef sell(): SOLD.append(1); return len(SOLD)\n"
    )
    (root / "seamline.toml").write_text('name = "shop"\n[services.stock]\npackage = "stock"\n')
    (root / "tests/unit").mkdir(parents=True)
    (root / "tests/unit/__init__.py").touch()
    for directory in ("tests", "tests/unit"):
        (root / directory / "conftest.py").touch()
    (root / "tests/helper.py").write_text("from stock import sell\n")
    test = "import helper, stock\n\ndef test_one(): assert stock.sell() == 1\n"
    (root / "tests/unit/test_stock.py").write_text(test)
    kept, cache = [], tmp_path / "cache/seamline"
    scripts = Path(sys.executable).parent
    for command in (
        [scripts / "seamline", "check", "--layout", "micro"],
        [sys.executable, "-m", "pytest", "tests", "--seamline-layout=micro"],
        [scripts / "pytest", "tests/unit", "--seamline-layout=micro"],
    ):
        here = {"XDG_CACHE_HOME": str(cache.parent), "PYTHONPATH": str(root)}
        environ = {**os.environ, **here}
        done = subprocess.run(command, cwd=root, env=environ, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
        kept.append(sorted(cache.iterdir()))

    assert len(kept[0]) == 1
    assert kept == [kept[0]] * 3
