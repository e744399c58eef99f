"""Servers to measure, each started on a Unix socket and stopped with all of its processes."""

import asyncio
import os
import sys
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.calls import SEAMLINE, START_SECONDS

_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Served:
    """A server that answers.

    Attributes:
        socket: Path of its Unix socket.
        process: The one that was started; the others are its descendants.
    """

    socket: str
    process: asyncio.subprocess.Process

    def cpu_seconds(self) -> float:
        """Return the processor time that its processes took so far, user and system."""
        parents: dict[int, int] = {}
        ticks: dict[int, int] = {}
        for entry in Path("/proc").glob("[0-9]*/stat"):
            try:
                fields = entry.read_text().rpartition(")")[2].split()
            except OSError:  # it ended
                continue
            pid = int(entry.parent.name)
            parents[pid], ticks[pid] = int(fields[1]), int(fields[11]) + int(fields[12])
        mine = {self.process.pid}
        while more := {pid for pid, parent in parents.items() if parent in mine} - mine:
            mine |= more
        return sum(ticks.get(pid, 0) for pid in mine) / _TICKS


def cpu_of(pid: int) -> float:
    """Return the processor time that one process took so far, user and system."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def seamline(directory: Path, layout: str) -> list[str]:
    """Return the command that runs an application in one layout."""
    bind = "--bind=unix:{socket}"
    return [SEAMLINE, "-C", str(directory), "run", "-q", "--layout", layout, bind]


def uvicorn(directory: Path, app: str) -> list[str]:
    """Return the command that serves an application with uvicorn alone, as Seamline uses it."""
    return [
        sys.executable, "-m", "uvicorn", app, "--app-dir", str(directory), "--uds", "{socket}",
        "--loop", "uvloop", "--http", "httptools", "--no-access-log", "--log-level", "warning",
    ]  # fmt: skip


@asynccontextmanager
async def serving(
    command: Sequence[str], *, ready: str = "/quick/ready", **environment: str
) -> AsyncIterator[Served]:
    """Start a server and stop it at the end. Raises RuntimeError when it does not start."""
    with tempfile.TemporaryDirectory(prefix="sl") as directory:
        socket = f"{directory}/s"
        process = await asyncio.create_subprocess_exec(
            *(word.format(socket=socket) for word in command),
            env=os.environ | {"XDG_RUNTIME_DIR": directory} | environment,
        )
        try:
            await _wait_answering(socket, process, ready)
            yield Served(socket, process)
        finally:
            if process.returncode is None:
                process.terminate()
            await process.wait()


async def _wait_answering(socket: str, process: asyncio.subprocess.Process, ready: str) -> None:
    async with asyncio.timeout(START_SECONDS):
        while process.returncode is None:
            try:
                reader, writer = await asyncio.open_unix_connection(socket)
                writer.write(f"GET {ready} HTTP/1.1\r\nHost: bench\r\n\r\n".encode())
                is_answered = b" 200 " in await reader.readline()
                writer.close()
            except OSError:
                is_answered = False
            if is_answered:
                return
            await asyncio.sleep(0.05)
    raise RuntimeError("a server ended before it answered; what it said is above")
