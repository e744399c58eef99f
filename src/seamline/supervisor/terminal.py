"""Lends the terminal of ``seamline dev`` to one worker's debugger at a time."""

import asyncio
import contextlib
import os
import socket
import struct
import termios
from pathlib import Path
from typing import Any, Final

from seamline.plan import TERMINAL_SOCKET
from seamline.supervisor.logs import LogStream

_STDIN: Final = 0
# Of socket(7): struct ucred.
_CREDENTIALS: Final = struct.Struct("iII")


class Terminal:
    """The terminal that this process reads from, while workers may borrow it.

    A worker connects, is told the process group that may read, and has the terminal until it
    closes the connection, or dies. Others wait for their turn. The log is not written meanwhile.

    Args:
        run_dir: Where the socket is made; only its owner gets there.
        logs: What would write over the prompt.
    """

    def __init__(self, run_dir: str, logs: LogStream) -> None:
        self._path = Path(run_dir, TERMINAL_SOCKET)
        self._logs = logs
        self._turn = asyncio.Lock()
        self._waiting: list[int] = []
        self._server: asyncio.Server | None = None
        self._modes: list[Any] = termios.tcgetattr(_STDIN)

    async def start(self) -> None:
        """Lend from now on."""
        self._server = await asyncio.start_unix_server(self._lend, self._path)
        self._path.chmod(0o600)

    def is_debugged(self, pid: int) -> bool:
        """Whether a process has the terminal, or waits for it."""
        return pid in self._waiting

    def close(self) -> None:
        """Lend no more, and leave the terminal as it was found."""
        if self._server is not None:
            self._server.close()
        self._restore()

    async def _lend(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        pid = _peer(writer)
        self._waiting.append(pid)
        try:
            with contextlib.closing(writer), contextlib.suppress(ConnectionError):
                async with self._turn:
                    self._logs.hold()
                    try:
                        writer.write(b"%d" % os.getpgrp())
                        await reader.read()
                    finally:
                        self._restore()
                        self._logs.go_on()
        finally:
            self._waiting.remove(pid)

    def _restore(self) -> None:
        """Undo what a line editor that died left: no echo, above all."""
        with contextlib.suppress(OSError, termios.error):  # it was closed
            if os.tcgetpgrp(_STDIN) == os.getpgrp():  # in the background it is another's
                termios.tcsetattr(_STDIN, termios.TCSADRAIN, self._modes)


def _peer(writer: asyncio.StreamWriter) -> int:
    connection = writer.get_extra_info("socket")
    packed = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
    pid: int = _CREDENTIALS.unpack(packed)[0]
    return pid
