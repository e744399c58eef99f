"""./run: says what it does, and what to install where something is missing."""

import os
import shutil
import subprocess
import sysconfig
import venv
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TOOLS = ("sh", "dirname", "sed", "cmp", "cp", "rm")


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A directory with the script, a project file and nothing installed."""
    for name in ("run", "pyproject.toml"):
        shutil.copy(ROOT / name, tmp_path)
    return tmp_path


@pytest.fixture
def bare_path(tmp_path: Path) -> str:
    """A PATH on which there is neither Python nor uv."""
    directory = tmp_path / "bin"
    directory.mkdir()
    for tool in TOOLS:
        (directory / tool).symlink_to(str(shutil.which(tool)))
    return str(directory)


def run(clone: Path, *arguments: str, path: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["./run", *arguments],
        cwd=clone,
        env={"PATH": path},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


def test_without_python_it_names_what_to_install(clone: Path, bare_path: str) -> None:
    done = run(clone, "setup", path=bare_path)

    assert done.returncode == 2
    assert "sudo apt-get install python3.11 python3.11-venv" in done.stderr
    assert not (clone / ".venv").exists()


def test_an_unknown_command_prints_the_usage_and_installs_nothing(
    clone: Path, bare_path: str
) -> None:
    done = run(clone, "tset", path=bare_path)

    assert done.returncode == 2
    assert "./run test" in done.stderr
    assert done.stdout == ""


def test_help_lists_every_command(clone: Path, bare_path: str) -> None:
    done = run(clone, "--help", path=bare_path)

    assert done.returncode == 0
    for command in ("test", "lint", "types", "bench", "setup"):
        assert command in done.stdout


def test_an_installed_clone_starts_at_once_whatever_its_path_is(tmp_path: Path) -> None:
    clone = tmp_path / 'it\'s "møst" $HOME'
    venv.create(clone / ".venv")
    for name in ("run", "pyproject.toml"):
        shutil.copy(ROOT / name, clone)
    for name in ("src", "examples"):
        (clone / name).symlink_to(ROOT / name)
    shutil.copy(ROOT / "pyproject.toml", clone / ".venv/installed-example")
    (site,) = (clone / ".venv/lib").glob("*/site-packages")
    (site / "these.pth").write_text(f"{clone / 'src'}\n{sysconfig.get_path('purelib')}\n")
    (clone / "demo").mkdir()
    (clone / "demo/login.txt").write_text("Log in as nobody\n")

    done = run(clone, "--no-such-flag", path=os.environ["PATH"])

    assert done.returncode == 2
    assert done.stderr.startswith("error [usage]  unrecognized arguments: --no-such-flag")
    assert done.stdout == ""


def test_the_script_stays_short() -> None:
    assert len((ROOT / "run").read_text("utf-8").splitlines()) <= 80
