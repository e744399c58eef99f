"""The application as a whole: the demo, several processes, and who may know whom."""

import ast
import os
import subprocess
import sys
from contextlib import ExitStack
from datetime import date
from pathlib import Path

import pytest
from longrun.web import create_app

import longrun
from longrun import accounts, activities, demo, importer, training

ROOT = Path(longrun.__file__).parent
OWNERS = [
    "accounts",
    "activities",
    "importer",
    "jobs",
    "notify",
    "reports",
    "training",
    "web",
    "demo",
]


def test_the_demo_fills_a_log_and_repeats_nothing(tmp_path: Path) -> None:
    said: list[str] = []

    first = demo.fill(tmp_path / "files", weeks=4, say=said.append)
    again = demo.fill(tmp_path / "again", weeks=4, say=said.append)

    runner = accounts.authenticate(demo.EMAIL, demo.PASSWORD)
    assert training.entered(runner.id, date.today())  # noqa: DTZ011
    count = len(activities.latest(runner.id, 100))
    assert count == len(said) == len(list((tmp_path / "files").iterdir())) > 1
    assert said[-1].startswith(f"{count} runs, now at ")
    assert first.startswith(f"{count} runs added.")
    assert again.startswith("0 runs added.")
    # Only the latest weeks are looked at again, not the whole year.
    assert len(list((tmp_path / "again").iterdir())) < count


def test_the_demo_is_a_command_that_prints_how_to_log_in(tmp_path: Path) -> None:
    result = create_app().test_cli_runner().invoke(args=["demo", "--help"])

    assert result.exit_code == 0
    assert "demo@example.com" in result.output


def test_the_files_of_the_demo_are_gpx_and_fit_and_plausible(tmp_path: Path) -> None:
    # A year of them: in six weeks there are, on some days, none of one kind.
    paths = list(demo.write_files(tmp_path))

    assert {path.suffix for path in paths} == {".gpx", ".fit"}
    for path in paths:
        (run,) = importer.parse(path.read_bytes(), path.name)
        last = run.points[-1]
        assert 3000 < last.d < 25_000
        assert 2 / 60 * 60 < last.t / (last.d / 1000) / 60 < 13
        assert all(60 < (point.hr or 0) < 205 for point in run.points)


# Two interpreters import everything at once, which takes long on a busy machine.
@pytest.mark.timeout(300)
def test_several_processes_may_begin_one_installation_at_once(tmp_path: Path) -> None:
    script = (
        "import sys; from longrun import accounts; from longrun.web import create_app\n"
        "key = create_app().config['SECRET_KEY']\n"
        "print(accounts.register(sys.argv[1], 'correct horse', 'Ann').id, key)"
    )
    env = {
        "LONGRUN_INSTANCE": str(tmp_path / "new"),
        "PYTHONPATH": str(ROOT.parent),
        "PATH": os.environ["PATH"],
    }
    with ExitStack() as stack:
        started = [
            stack.enter_context(
                subprocess.Popen(
                    [sys.executable, "-c", script, f"runner{i}@example.com"],
                    env=env,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.PIPE,
                    text=True,
                )
            )
            for i in range(2)
        ]
        ended = [process.communicate() for process in started]

    assert [error for _, error in ended] == [""] * 2
    numbers, keys = zip(*(out.split() for out, _ in ended), strict=True)
    assert sorted(numbers) == ["1", "2"]
    # They agree on the key that signs sessions, or each would log out the other's visitors.
    assert len(set(keys)) == 1


@pytest.mark.parametrize("owner", OWNERS)
def test_a_package_uses_another_through_its_front_door_only(owner: str) -> None:
    wrong = []
    for path in (ROOT / owner).rglob("*.py"):
        for name in _imported(path):
            parts = name.split(".")
            others = [o for o in OWNERS if o != owner and parts[:2] == ["longrun", o]]
            if others and len(parts) > 3:
                wrong.append(f"{path.name} imports {name}")
    assert wrong == []


def test_only_the_web_knows_the_web_framework() -> None:
    users = {
        path.relative_to(ROOT).parts[0]
        for path in ROOT.rglob("*.py")
        for name in _imported(path)
        if name.split(".")[0] in {"flask", "werkzeug"}
    }

    assert users == {"web"}


def test_the_stateless_packages_know_no_database_and_no_network() -> None:
    for owner in ("importer", "reports"):
        for path in (ROOT / owner).rglob("*.py"):
            roots = {name.split(".")[0] for name in _imported(path)}
            assert roots.isdisjoint({"sqlalchemy", "sqlite3", "socket", "urllib", "http", "os"})


def _imported(path: Path) -> list[str]:
    """Return dotted names: `from a.b import c` is a.b.c."""
    found = []
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            found += [f"{node.module}.{alias.name}" for alias in node.names]
    return found
