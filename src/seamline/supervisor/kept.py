"""The latest lines of each group, kept in files of the run directory for ``seamline logs``.

Two files for each group take turns, so that a noisy one drives out nobody's lines but its own.
"""

import contextlib
import os
import threading
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Final

import msgspec

from seamline.supervisor.signals import leave_signals

#: The directory of the files, in the run directory.
LOG_DIRECTORY: Final = "logs"
#: Ends of the files' names: the one that is written, and the one before it.
NEW: Final = ".log"
OLD: Final = ".log.1"
#: Stands for the supervisor's own lines; names of groups begin with a letter.
SUPERVISOR: Final = "_supervisor"
# Run directories are often in memory. A group's two files hold some thousands of lines.
MAX_FILE_BYTES: Final = 512 * 1024
# What may wait for a slow disk; what comes beyond it is not kept.
_MAX_WAITING_BYTES: Final = 4 * 1024 * 1024


class Line(msgspec.Struct, frozen=True):
    """One line that was printed.

    Attributes:
        ts: When, in RFC 3339.
        group, slot: Of the worker; ``None`` for the supervisor's own lines.
        pid: Of the process.
        stream: ``stdout``, ``stderr`` or ``supervisor``.
        msg: The line, without its end.
    """

    ts: str
    group: str | None
    slot: int | None
    pid: int
    stream: str
    msg: str


class _Ring:
    """The two files of one group."""

    def __init__(self, directory: Path, name: str, most: int) -> None:
        self._new = directory / f"{name}{NEW}"
        self._old = directory / f"{name}{OLD}"
        self._most = most
        self._descriptor = -1
        self._size = 0
        self._is_torn = False

    def write(self, data: bytes) -> None:
        """Write whole lines. Raises OSError when they do not all fit."""
        if self._is_torn:
            data = b"\n" + data  # ends what stands there of a line
        if self._descriptor >= 0 and self._size + len(data) > self._most:
            self.close()
            self._new.replace(self._old)
        if self._descriptor < 0:
            self._new.parent.mkdir(mode=0o700, exist_ok=True)
            flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
            self._descriptor = os.open(self._new, flags, 0o600)
            self._size = os.fstat(self._descriptor).st_size
        self._is_torn = True
        while data:
            written = os.write(self._descriptor, data)
            self._size += written
            data = data[written:]
        self._is_torn = False

    def close(self) -> None:
        """Close the file."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


class Kept:
    """Keeps lines, from a thread of its own. What cannot be kept is dropped: nothing waits for it.

    Args:
        run_dir: Of the run.
        on_failure: Called from the thread with the reason when lines cannot be kept: once for
            all groups, until those of one that failed can be again.
        most: Bytes of one file.
    """

    def __init__(
        self, run_dir: Path, on_failure: Callable[[str], None], *, most: int = MAX_FILE_BYTES
    ) -> None:
        self._directory = run_dir / LOG_DIRECTORY
        self._on_failure = on_failure
        self._most = most
        self._rings: dict[str, _Ring] = {}
        self._waiting: deque[tuple[str, bytes]] = deque()
        self._waiting_bytes = 0
        self._failing: set[str] = set()
        self._ended = False
        self._is_behind = False
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._write, name="seamline-kept", daemon=True)
        self._thread.start()

    def put(self, name: str, data: bytes) -> None:
        """Queue whole lines of a group, or of the supervisor. Never blocks."""
        with self._changed:
            if not self._ended and self._waiting_bytes < _MAX_WAITING_BYTES:
                self._waiting.append((name, data))
                self._waiting_bytes += len(data)
                self._is_behind = True
                self._changed.notify_all()

    def flush(self, timeout: float) -> bool:
        """Wait until nothing waits to be written; return whether that came to pass in time."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._is_behind, timeout)

    def close(self, timeout: float = 1.0) -> None:
        """Write what waits, for at most that many seconds, and end the thread."""
        with self._changed:
            self._ended = True
            self._changed.notify_all()
        self._thread.join(timeout)

    def _write(self) -> None:
        leave_signals()
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._waiting or self._ended)
                if not self._waiting:
                    break
                waiting, self._waiting = self._waiting, deque()
                self._waiting_bytes = 0
            for name, data in waiting:
                self._write_one(name, data)
            with self._changed:
                self._is_behind = bool(self._waiting)
                self._changed.notify_all()
        for ring in self._rings.values():
            ring.close()

    def _write_one(self, name: str, data: bytes) -> None:
        ring = self._rings.setdefault(name, _Ring(self._directory, name, self._most))
        try:
            ring.write(data)
            if name in self._failing:
                self._failing.clear()
        except OSError as exc:
            # The application goes on without them. Begin anew: the directory may be another.
            with contextlib.suppress(OSError):
                ring.close()
            if not self._failing:
                self._on_failure(exc.strerror or str(exc))
            self._failing.add(name)
