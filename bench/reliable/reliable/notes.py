"""An append-only file of tokens: how often something ran can be counted afterwards."""

import os
import time
from pathlib import Path

# As long as an application with many libraries takes.
time.sleep(float(os.environ.get("RELIABLE_IMPORT_SECONDS", "0")))


def open_notes(name: str) -> int:
    """Open one of the files."""
    path = Path(os.environ["RELIABLE_NOTES"], name)
    return os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)


def note(file: int, token: str) -> None:
    """Write one line, whole, wherever other processes write theirs."""
    os.write(file, f"{token}\n".encode())
