"""What commands leave behind where nothing can be written any more, or where they were killed."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from seamline.cli import learn
from seamline.errors import LockError
from seamline.lock import Lock, read

APPLICATION = """
from flask import Flask
app = Flask(__name__)
"""


def test_init_leaves_no_draft_where_it_cannot_write(tmp_path: Path) -> None:
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop" / "__init__.py").write_text(APPLICATION)

    done = subprocess.run(
        # No file may grow: what a full disk is to a program.
        ["/bin/sh", "-c", 'ulimit -f 0; exec "$0" -B -m seamline init', sys.executable],
        cwd=tmp_path,
        env={**os.environ, "XDG_CACHE_HOME": str(tmp_path / "cache")},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 2
    assert "cannot write it: File too large" in done.stderr
    left = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert left == [tmp_path / "shop" / "__init__.py"]


def test_what_was_learned_is_kept_elsewhere_where_the_lock_cannot_be_written(
    tmp_path: Path, monkeypatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with pytest.raises(LockError, match="what was learned is in") as caught:
        learn._keep(Path("/proc/self/seamline.lock"), Lock())

    (saved,) = tmp_path.rglob("seamline.lock")
    assert str(saved) in caught.value.remedy
    found = read(saved)
    assert found is not None
    assert found.functions == {}


def test_learn_removes_what_killed_runs_left_and_nothing_else(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    for name in (f"seamline-learn-{gone.pid}-a", f"seamline-learn-{os.getpid()}-b", "else"):
        (tmp_path / name).mkdir()

    learn._sweep()

    assert {path.name for path in tmp_path.iterdir()} == {
        f"seamline-learn-{os.getpid()}-b",
        "else",
    }
