"""Fixtures that write a project and run commands on it in this process."""

import os
import textwrap
from dataclasses import dataclass

import pytest

from seamline.cli import main


@dataclass
class Ran:
    """What one command did."""

    status: int
    out: str
    err: str


@pytest.fixture(autouse=True)
def plain_terminal(monkeypatch):
    """Keep the tester's own settings out."""
    for name in ("NO_COLOR", "FORCE_COLOR", "TERM", "COLUMNS", *os.environ):
        if name in {"NO_COLOR", "FORCE_COLOR", "TERM", "COLUMNS"} or name.startswith("SEAMLINE_"):
            monkeypatch.delenv(name, raising=False)


@pytest.fixture
def seamline(capsys):
    """Run one command line, and return its status and what it printed."""

    def run(*argv):
        status = main([str(word) for word in argv])
        captured = capsys.readouterr()
        return Ran(status, captured.out, captured.err)

    return run


@pytest.fixture
def project(tmp_path, monkeypatch):
    """Write files below an empty directory, which becomes the current one."""
    monkeypatch.chdir(tmp_path)

    def write(files):
        for name, text in files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(textwrap.dedent(text).lstrip("\n"), encoding="utf-8")
        return tmp_path

    return write
