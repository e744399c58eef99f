"""Children that nobody waits for: orphans of workers become the supervisor's."""

import contextlib
import os
from pathlib import Path
from typing import Final

#: Pids of the children of this process that somebody waits for.
awaited: Final[set[int]] = set()


def reap_orphans() -> None:
    """Wait for the children that have ended and that nobody waits for."""
    for pid in _children():
        if pid not in awaited:
            with contextlib.suppress(ChildProcessError):
                os.waitpid(pid, os.WNOHANG)


def _children() -> set[int]:
    found: set[int] = set()
    for task in Path("/proc/self/task").iterdir():
        with contextlib.suppress(OSError):  # a thread that has ended
            found.update(map(int, Path(task, "children").read_text().split()))
    return found
