"""The run directory: one live run of a project at a time, and nothing left of dead ones."""

import contextlib
import fcntl
import os
import secrets
import shutil
import socket
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from seamline.errors import PlaceError, StartError
from seamline.plan import CONTROL_SOCKET, PLAN_FILE, SECRET_FILE, Plan, run_dirs, to_json

# In the run directory: the lock, and in it who holds it.
_PID_FILE: Final = "pid"
_SECRET_BYTES: Final = 32


def live_run(file: Path, environ: Mapping[str, str]) -> Path | None:
    """Return the directory of the live run of a ``seamline.toml``, or None when nothing runs.

    The file is not read, and need not be there any more.
    """
    return next((path for path in run_dirs(file, environ) if is_live(path)), None)


def last_run(file: Path, environ: Mapping[str, str]) -> Path | None:
    """Return the directory of the live run of a file, or what one that was killed left."""
    left = (path for path in run_dirs(file, environ) if (path / PLAN_FILE).exists())
    return live_run(file, environ) or next(left, None)


def is_live(run_dir: Path) -> bool:
    """Whether somebody has the control socket open, even one that does not come to answer."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.setblocking(False)  # a full backlog is an answer too
        try:
            probe.connect(str(run_dir / CONTROL_SOCKET))
        except BlockingIOError:
            return True
        except OSError:
            return False
    return True


class RunDirectory:
    """Holds the directory of a live run. Its owner calls :meth:`remove` at the end.

    The lock is on an open file, so the kernel releases it however the supervisor ends; a
    number in a file alone could be another process's by now.
    """

    def __init__(self, path: str) -> None:
        self.path = Path(path)
        self._lock: int | None = None

    def take(self, lock: int | None = None) -> None:
        """Create the directory, or take over that of a dead run. Its parent must be there.

        Args:
            lock: Descriptor of its lock, if this process has it already: all stays as it is then.

        Raises:
            StartError: A live run of the same project has it.
            PlaceError: The directory cannot be made or written to.
        """
        self._lock = lock
        if lock is None:
            with self._explained():
                self._take()

    def _take(self) -> None:
        while True:
            self.path.mkdir(exist_ok=True, mode=0o700)
            lock = os.open(self.path / _PID_FILE, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
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

    @property
    def lock(self) -> int:
        """Descriptor of the lock, once the directory is taken."""
        assert self._lock is not None
        return self._lock

    def write(self, plan: Plan, secret: bytes | None = None) -> None:
        """Write what workers read: the plan and a secret, a new one if none is given.

        Raises:
            PlaceError: The directory cannot be written to.
        """
        with self._explained():
            self._write_private(PLAN_FILE, to_json(plan))
            self._write_private(SECRET_FILE, secret or secrets.token_bytes(_SECRET_BYTES))

    def write_plan(self, plan: Plan) -> None:
        """Write another plan over the first: workers that start from now on read it.

        Raises:
            PlaceError: The directory cannot be written to; the former plan is still there.
        """
        new = f"{PLAN_FILE}.new"
        try:
            self._write_private(new, to_json(plan))
            (self.path / new).replace(self.path / PLAN_FILE)
        except OSError as exc:
            raise PlaceError(
                f"cannot write to the run directory {self.path}: {exc.strerror or exc}",
                remedy="make room or permit it there",
            ) from exc

    def remove(self) -> None:
        """Remove everything, then let go of it."""
        shutil.rmtree(self.path, ignore_errors=True)
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    @contextlib.contextmanager
    def _explained(self) -> Iterator[None]:
        """Turn a full disk or a missing permission into what to do about it; let go then."""
        try:
            yield
        except OSError as exc:
            if self._lock is not None:  # else it may be that of a live run
                self.remove()
            raise PlaceError(
                f"cannot write to the run directory {self.path}: {exc.strerror or exc}",
                remedy="make room or permit it there, or set XDG_RUNTIME_DIR to another directory",
            ) from exc

    def _is_current(self, lock: int) -> bool:
        with contextlib.suppress(FileNotFoundError):
            return os.fstat(lock).st_ino == (self.path / _PID_FILE).stat().st_ino
        return False

    def _clean(self) -> None:
        self.path.chmod(0o700)
        for entry in self.path.iterdir():
            if entry.name == _PID_FILE:
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
