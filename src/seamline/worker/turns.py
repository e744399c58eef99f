"""One process of a run before all others: what calls an application's factory first.

A factory may migrate a database or write files, which several processes had better not do at the
very same time. Once a call has ended well in a run, that is done, and nobody waits any more.
"""

import contextlib
import fcntl
import os
import select
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from seamline.plan import TURN_FILE

_LOOK_MILLISECONDS: Final = 20


@contextlib.contextmanager
def turn(run_dir: str, longest: float, calls: int | None = None) -> Iterator[bool]:
    """Have the turn of this process, or go on without it: needless, or rather than wait long.

    Args:
        run_dir: Of the run, whose processes take turns.
        longest: Seconds to wait for it.
        calls: Descriptor of a listening socket, if there is one. Who connects may be the very
            process that has the turn, whose factory calls this one: it is not waited for then.

    Yields:
        Whether a turn ended before, and well.
    """
    try:
        lock = os.open(Path(run_dir, TURN_FILE), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError:  # in a sandbox: there is nothing that it could set up for others
        yield False
        return
    try:
        _wait(lock, longest, calls)
        yield _is_done(lock)
        with contextlib.suppress(OSError):  # the factory closed what it did not know
            os.ftruncate(lock, 1)
    finally:
        with contextlib.suppress(OSError):
            fcntl.flock(lock, fcntl.LOCK_UN)  # for a process that it forked, too
            os.close(lock)


def _wait(lock: int, longest: float, calls: int | None) -> None:
    """Return once the lock is this process's, or need not be waited for (any more)."""
    callers = select.poll()
    if calls is not None:
        callers.register(calls, select.POLLIN)
    end = time.monotonic() + longest
    while not _is_done(lock) and time.monotonic() < end:
        with contextlib.suppress(BlockingIOError):
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        if callers.poll(_LOOK_MILLISECONDS):
            return


def _is_done(lock: int) -> bool:
    """Whether a turn has ended well in this run."""
    return os.fstat(lock).st_size > 0
