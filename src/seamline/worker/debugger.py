"""``breakpoint()`` in a worker: pdb at the terminal that ``seamline dev`` was started in.

Python calls :func:`stop` because ``PYTHONBREAKPOINT`` names it. The terminal is borrowed of the
supervisor for as long as a prompt waits: its log is silent then, and Ctrl-C still reaches it.
"""

import contextlib
import os
import pdb  # noqa: T100 - it is what this is about
import socket
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from seamline.plan import RUN_VARIABLE, TERMINAL_SOCKET, WORKER_VARIABLE

_NUMBER_BYTES: Final = 32


def stop(*, header: str | None = None) -> None:
    """Stop here, as :func:`pdb.set_trace`; where there is no terminal, say so and go on."""
    frame = sys._getframe(1)  # noqa: SLF001 - as pdb itself
    try:
        with _terminal():
            pass
    except OSError as exc:
        where = f"{frame.f_code.co_filename}:{frame.f_lineno}"
        print(  # noqa: T201 - into the log
            f"breakpoint() at {where} is passed over: {exc.strerror or exc}", file=sys.stderr
        )
        return
    debugger = _Debugger()
    if header is not None:
        debugger.message(header)
    debugger.set_trace(frame)


class _Debugger(pdb.Pdb):
    """Holds the terminal while it waits for a command, and at no other time."""

    def __init__(self) -> None:
        super().__init__(nosigint=True)
        self.prompt = f"({os.environ.get(WORKER_VARIABLE, '').rpartition('.')[0]} pdb) "

    def interaction(self, *arguments: Any) -> None:
        with _terminal():
            super().interaction(*arguments)


@contextlib.contextmanager
def _terminal() -> Iterator[None]:
    """Have the terminal as standard input and output.

    Raises:
        OSError: There is none, or it is not ours to read.
    """
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as lent:
        try:
            lent.connect(str(Path(os.environ[RUN_VARIABLE], TERMINAL_SOCKET)))
        except (OSError, KeyError) as exc:
            raise OSError("seamline dev was not started in a terminal") from exc
        owners = int(lent.recv(_NUMBER_BYTES) or b"0")
        terminal = os.open("/dev/tty", os.O_RDWR | os.O_CLOEXEC)
        try:
            if os.tcgetpgrp(terminal) != owners:
                raise OSError("seamline dev runs in the background")
            with _foreground(owners), _as_standard(terminal):
                yield
        finally:
            os.close(terminal)


@contextlib.contextmanager
def _foreground(group: int) -> Iterator[None]:
    """Be in the process group that may read from the terminal."""
    own = os.getpgrp()
    os.setpgid(0, group)
    try:
        yield
    finally:
        with contextlib.suppress(OSError):  # all others of that group are gone: a new one then
            os.setpgid(0, own)


@contextlib.contextmanager
def _as_standard(terminal: int) -> Iterator[None]:
    sys.stdout.flush()
    kept = [os.dup(0), os.dup(1)]
    os.dup2(terminal, 0)
    os.dup2(terminal, 1)
    try:
        yield
    finally:
        sys.stdout.flush()
        for number, descriptor in enumerate(kept):
            os.dup2(descriptor, number)
            os.close(descriptor)
