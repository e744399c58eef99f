"""What one process prints: its pipes, read line by line into the log."""

import asyncio
import os
from collections import deque
from collections.abc import Callable
from typing import Final

from seamline.supervisor.logs import LineReader, LogStream
from seamline.supervisor.takeover import Pipe

# Output that a dead worker's surviving children may still hold open is not waited for longer.
_LAST_LINES_SECONDS: Final = 1.0
# What is told of one that ended without saying why: about a traceback's worth.
_LAST_LINES: Final = 12
_LAST_LINE_BYTES: Final = 400


class Outputs:
    """The outputs of a process.

    Args:
        logs: Where its lines go.
        write: Called with ``stdout`` or ``stderr`` and lines.

    Attributes:
        last_lines: The latest that it printed, whichever stream.
    """

    def __init__(self, logs: LogStream, write: Callable[[str, list[bytes]], None]) -> None:
        self.last_lines: deque[str] = deque(maxlen=_LAST_LINES)
        self._logs = logs
        self._write = write
        self._readers: list[LineReader] = []
        self._transports: dict[str, asyncio.ReadTransport] = {}

    async def follow(self, name: str, descriptor: int, partial: bytes = b"") -> None:
        """Write what comes from a pipe, which this closes; *partial* came before."""

        def write(lines: list[bytes]) -> None:
            for line in lines[-_LAST_LINES:]:
                self.last_lines.append(line[:_LAST_LINE_BYTES].decode(errors="replace"))
            self._write(name, lines)

        transport, reader = await asyncio.get_running_loop().connect_read_pipe(
            lambda: LineReader(self._logs, write, partial),
            os.fdopen(descriptor, "rb", buffering=0),
        )
        self._readers.append(reader)
        self._transports[name] = transport

    def pipes(self) -> tuple[Pipe, ...]:
        """Describe the pipes that are still open."""
        every = zip(self._transports.items(), self._readers, strict=True)
        return tuple(
            Pipe(name, transport.get_extra_info("pipe").fileno(), reader.partial)
            for (name, transport), reader in every
            if not transport.is_closing()
        )

    async def finish(self) -> None:
        """Write what is left, once the process has ended, and close the pipes."""
        closed = [reader.closed for reader in self._readers]
        if closed:
            await asyncio.wait(closed, timeout=_LAST_LINES_SECONDS)
        self.close()

    def close(self) -> None:
        """Close the pipes."""
        for transport in self._transports.values():
            transport.close()
