"""Other servers of the application that is reloaded: the same sockets, clients and faults.

They have no seam: a page that calls calls in its own process. Each is started as its manual says,
with two workers, on a socket that this process bound.
"""

import asyncio
import os
import random
import signal
import socket
import sys
import tempfile
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from bench.calls import START_SECONDS
from bench.load import Address

APP = Path(__file__).parents[1] / "reliable"
_GUNICORN = (sys.executable, "-m", "gunicorn", "--workers", "2", "--bind", "fd://{fd}")
_UVICORN = (sys.executable, "-m", "uvicorn", "--workers", "2", "--fd", "{fd}")
#: By name, what serves which interface.
COMMANDS = {
    ("gunicorn", "wsgi"): (*_GUNICORN, "-k", "gthread", "--threads", "8", "reliable.pages:app"),
    ("gunicorn", "asgi"): (*_GUNICORN, "-k", "asgi", "reliable.web:app"),
    ("uvicorn", "asgi"): (*_UVICORN, "--no-access-log", "reliable.web:app"),
}
NAMES = tuple(dict.fromkeys(name for name, _ in COMMANDS))
#: What can be done to them.
FAULTS = ("reload", "kill")
_WORKERS = 2
_BACKLOG = 2048
# How often a server is asked whether its workers are others by now.
_LOOK_SECONDS = 0.02
# They do not tell when a worker answers; longer than that takes, and than the import.
_SETTLE_SECONDS = 3.0


class PeerServer:
    """One server of another kind, running."""

    def __init__(
        self,
        directory: str,
        address: Address,
        process: asyncio.subprocess.Process,
        import_seconds: float,
    ) -> None:
        self._settle_seconds = _SETTLE_SECONDS + import_seconds
        self._directory = directory
        self._address = address
        self._process = process
        # They do not tell which process is whose successor.
        self.begun: list[float] = []

    async def address(self) -> Address:
        """Return where the application answers."""
        return self._address

    async def do(self, fault: str, _number: int) -> int:
        """Replace every worker, or kill one, and wait until there are others.

        Returns:
            How many were killed because they did not leave, which is not known: 0.
        """
        before = self._workers()
        if fault == "reload":
            self._process.send_signal(signal.SIGHUP)
            await self.wait_for_others_than(before)
        else:
            victim = random.choice(sorted(before))
            os.kill(victim, signal.SIGKILL)
            await self.wait_for_others_than({victim})
        await asyncio.sleep(self._settle_seconds)
        return 0

    def noted(self, name: str) -> Counter[str]:
        """Return how often each token was noted."""
        return Counter(Path(self._directory, name).read_text().split())

    async def wait_for_others_than(self, before: set[int]) -> None:
        """Wait until there are as many workers as there should be, and none of those."""
        async with asyncio.timeout(START_SECONDS):
            while (now := self._workers()) & before or len(now) < _WORKERS:
                if self._process.returncode is not None:
                    raise RuntimeError("the server ended; what it said is above")
                await asyncio.sleep(_LOOK_SECONDS)

    def _workers(self) -> set[int]:
        """Return the children that serve; uvicorn has one more, which tracks resources."""
        found = set()
        children = Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children")
        for pid in map(int, children.read_text().split()):
            try:
                command = Path(f"/proc/{pid}/cmdline").read_bytes()
            except OSError:  # it ended
                continue
            if command and b"resource_tracker" not in command:  # a zombie has none
                found.add(pid)
        return found


@asynccontextmanager
async def peer(
    name: str, kind: str, interface: str, import_seconds: float
) -> AsyncIterator[PeerServer]:
    """Start a server on a TCP port or a Unix socket, and stop it at the end."""
    with tempfile.TemporaryDirectory(prefix="sl") as directory, _bound(kind, directory) as bound:
        fd = bound.fileno()
        process = await asyncio.create_subprocess_exec(
            *(word.format(fd=fd) for word in COMMANDS[name, interface]),
            cwd=APP,
            env=os.environ
            | {"RELIABLE_NOTES": directory, "RELIABLE_IMPORT_SECONDS": str(import_seconds)},
            pass_fds=[fd],
            # They tell of every worker; what is lost is counted by the clients.
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
        server = PeerServer(directory, bound.getsockname(), process, import_seconds)
        try:
            await server.wait_for_others_than(set())
            yield server
        finally:
            if process.returncode is None:
                process.terminate()
            await process.wait()


def _bound(kind: str, directory: str) -> socket.socket:
    if kind == "unix":
        bound = socket.socket(socket.AF_UNIX)
        bound.bind(f"{directory}/web.sock")
    else:
        bound = socket.socket()
        bound.bind(("127.0.0.1", 0))
    bound.listen(_BACKLOG)
    return bound
