"""The run directory: one live run of a project at a time, and nothing left of dead ones."""

import contextlib
import fcntl
import os
import secrets
import shutil
from pathlib import Path
from typing import Final

import msgspec

from seamline.errors import StartError
from seamline.plan import Plan
from seamline.worker import PLAN_FILE, SECRET_FILE

#: Names in the run directory.
PID_FILE: Final = "pid"
CONTROL_SOCKET: Final = "control.sock"
_SECRET_BYTES: Final = 32


class RunDirectory:
    """Holds the directory of a live run. Its owner calls :meth:`remove` at the end.

    The lock is on an open file, so the kernel releases it however the supervisor ends; a
    number in a file alone could be another process's by now.
    """

    def __init__(self, path: str) -> None:
        self.path = Path(path)
        self._lock: int | None = None

    def take(self) -> None:
        """Create the directory, or take over that of a dead run.

        Raises:
            StartError: A live run of the same project has it.
        """
        self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        while True:
            self.path.mkdir(exist_ok=True, mode=0o700)
            lock = os.open(self.path / PID_FILE, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as exc:
                pid = os.read(lock, 20).decode().strip()
                os.close(lock)
                raise StartError(
                    f"this project is running already, as pid {pid}; "
                    "end that run first with: seamline stop"
                ) from exc
            if self._is_current(lock):
                break
            os.close(lock)  # removed by the run that just ended: try again
        self._lock = lock
        self._clean()
        os.ftruncate(lock, 0)
        os.write(lock, str(os.getpid()).encode())

    def write(self, plan: Plan) -> None:
        """Write what workers read: the plan and a new secret."""
        self._write_private(PLAN_FILE, msgspec.json.encode(plan))
        self._write_private(SECRET_FILE, secrets.token_bytes(_SECRET_BYTES))

    def remove(self) -> None:
        """Remove everything, then let go of it."""
        shutil.rmtree(self.path, ignore_errors=True)
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def _is_current(self, lock: int) -> bool:
        with contextlib.suppress(FileNotFoundError):
            return os.fstat(lock).st_ino == (self.path / PID_FILE).stat().st_ino
        return False

    def _clean(self) -> None:
        self.path.chmod(0o700)
        for entry in self.path.iterdir():
            if entry.name == PID_FILE:
                continue
            if entry.is_dir() and not entry.is_symlink():
                shutil.rmtree(entry)
            else:
                entry.unlink()

    def _write_private(self, name: str, data: bytes) -> None:
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC
        descriptor = os.open(self.path / name, flags, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
