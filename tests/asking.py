"""What runs, found out without a command.

A command computes as much as an application does to start, in every look of whoever waits for one.
"""

from pathlib import Path
from typing import Any

import msgspec

from seamline.errors import NotRunning
from seamline.supervisor import StatusRequest, ask


def status_of(runtime: Path) -> dict[str, Any] | None:
    """Return the status of what runs in an ``XDG_RUNTIME_DIR``, or None when nothing does."""
    for control in runtime.glob("seamline/*/control.sock"):
        try:
            return msgspec.to_builtins(ask(control.parent, StatusRequest()))
        except NotRunning:
            return None
    return None


def processes_of(runtime: Path) -> set[int]:
    """Return every living process that was started with an ``XDG_RUNTIME_DIR``."""
    mark = f"XDG_RUNTIME_DIR={runtime}".encode()
    found = set()
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            if mark in (entry / "environ").read_bytes().split(b"\0"):
                found.add(int(entry.name))
        except OSError:
            continue  # it ended, or is not ours
    return found
