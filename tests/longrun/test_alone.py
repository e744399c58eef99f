"""longrun knows nothing of what may run it: not in its sources, not in its environment."""

import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

LONGRUN = Path(__file__).parents[2] / "examples" / "longrun"
KINDS = {".py", ".html", ".css", ".svg", ".toml", ".txt"}
# The one file about how it may be split, which the application never reads.
ABOUT_SEAMLINE = "seamline.toml"
NO_NETWORK = re.compile(r"NewConnectionError|Temporary failure|Connection ?Error|timed out")


def test_its_files_never_say_seamline() -> None:
    read = [
        path for path in LONGRUN.rglob("*") if path.suffix in KINDS and path.name != ABOUT_SEAMLINE
    ]

    assert {path.suffix for path in read} >= {".py", ".html", ".css", ".toml"}
    assert [p for p in read if "seamline" in p.read_text("utf-8").lower()] == []


@pytest.mark.processes
@pytest.mark.timeout(900)
def test_its_tests_pass_where_seamline_is_not_installed(tmp_path: Path) -> None:
    copy = shutil.copytree(
        LONGRUN,
        tmp_path / "longrun",
        ignore=shutil.ignore_patterns(".*", "instance", "__pycache__"),
    )
    project = tomllib.loads((copy / "pyproject.toml").read_text())
    needed = [*project["project"]["dependencies"], *project["dependency-groups"]["test"]]
    python = tmp_path / "venv" / "bin" / "python"
    subprocess.run([sys.executable, "-m", "venv", tmp_path / "venv"], check=True)

    installed = run(tmp_path, python, "-m", "pip", "install", "-q", *needed)
    if installed.returncode and NO_NETWORK.search(installed.stdout):
        pytest.skip("the package index cannot be reached")
    assert installed.returncode == 0, installed.stdout

    assert "No module named 'seamline'" in run(copy, python, "-c", "import seamline").stdout
    tested = run(copy, python, "-m", "pytest", "-q", "-p", "no:cacheprovider")
    assert tested.returncode == 0, tested.stdout
    assert re.search(r"\d{3} passed", tested.stdout), tested.stdout


def run(directory: Path, *command: object) -> subprocess.CompletedProcess[str]:
    clean = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("SEAMLINE_", "LONGRUN_", "PYTHON", "COVERAGE_", "PYTEST_"))
    }
    return subprocess.run(
        [str(word) for word in command],
        cwd=directory,
        env=clean,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
