"""Tells a service manager how the run goes, by the protocol of sd_notify(3).

One datagram of ``NAME=value`` lines to the Unix socket that ``NOTIFY_SOCKET`` names; a name that
begins with ``@`` is an abstract one. ``WATCHDOG_USEC`` asks for a sign of life at least that often
(sd_watchdog_enabled(3)).
"""

import array
import asyncio
import contextlib
import os
import socket
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Final

_VARIABLES: Final = ("NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID", "FDSTORE")
_MICROSECONDS: Final = 1_000_000
# As sd_notify_barrier(3) is used: a manager that is busy takes a moment.
_HEARD_SECONDS: Final = 5.0


class Notifier:
    """Sends notices, or none where nobody asked for them. Never waits, never raises.

    Args:
        path: Of the socket; empty for no notices.
        watchdog: Seconds within which a sign of life is expected; 0 for none.
        clock: The monotonic clock.
    """

    def __init__(
        self, path: str = "", watchdog: float = 0.0, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._path = f"\0{path[1:]}" if path.startswith("@") else path
        self._watchdog = watchdog
        self._clock = clock
        self._told_at = -watchdog
        self._is_stopping = False

    @classmethod
    def of(cls, environ: Mapping[str, str], pid: int) -> "Notifier":
        """Return one for what the environment asks of this process."""
        path = environ.get("NOTIFY_SOCKET", "")
        microseconds = environ.get("WATCHDOG_USEC", "")
        is_ours = environ.get("WATCHDOG_PID", str(pid)) == str(pid)
        watchdog = (
            int(microseconds) / _MICROSECONDS if is_ours and microseconds.isdecimal() else 0.0
        )
        return cls(path if path.startswith(("/", "@")) else "", watchdog)

    def ready(self, status: str) -> None:
        """Say that the run is up, also again after a reload."""
        if not self._is_stopping:
            self._send(READY="1", STATUS=status)

    @contextlib.contextmanager
    def reloading(self) -> Iterator[Callable[[str], None]]:
        """Say that a reload runs; what the function is told becomes the status after it."""
        said = ["reloaded"]
        now = int(self._clock() * _MICROSECONDS)
        self._send(RELOADING="1", MONOTONIC_USEC=str(now), STATUS="reloading")
        try:
            yield said.append
        finally:
            self.ready(said[-1])

    def stopping(self) -> None:
        """Say that the run ends."""
        if not self._is_stopping:
            self._is_stopping = True
            self._send(STOPPING="1", STATUS="finishing what runs")

    def live(self) -> None:
        """Give a sign of life, where one is due: to be called much more often than that."""
        now = self._clock()
        if self._watchdog and now - self._told_at >= self._watchdog / 3:
            self._told_at = now
            self._send(WATCHDOG="1")

    def keep(self, name: str, descriptor: int) -> bool:
        """Have a descriptor be kept for the next start; return whether that could be sent."""
        return self._send(descriptor, FDSTORE="1", FDNAME=name)

    def let_go(self, name: str) -> bool:
        """Have what has that name not be kept any more; return whether that could be sent."""
        return self._send(FDSTOREREMOVE="1", FDNAME=name)

    async def has_heard(self) -> bool:
        """Wait until all that was sent so far is done; return whether it was in time."""
        loop = asyncio.get_running_loop()
        ours, theirs = os.pipe()
        heard: asyncio.Future[None] = loop.create_future()
        try:
            # Whoever hears it closes what came with it: then the pipe has no other end any more.
            if not self._send(theirs, BARRIER="1"):
                return False
        finally:
            os.close(theirs)
        loop.add_reader(ours, lambda: None if heard.done() else heard.set_result(None))
        try:
            await asyncio.wait([heard], timeout=_HEARD_SECONDS)
        finally:
            loop.remove_reader(ours)
            os.close(ours)
        return heard.done()

    def _send(self, *descriptors: int, **fields: str) -> bool:
        if not self._path:
            return False
        text = "\n".join(f"{name}={' '.join(value.split())}" for name, value in fields.items())
        with (
            # Its reader is gone, or is not reading: nothing of the run depends on it.
            contextlib.suppress(OSError),
            socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sending,
        ):
            sending.setblocking(False)
            # Not send_fds(), which ignores the address up to Python 3.11.
            rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", descriptors))]
            sending.sendmsg([text.encode()], rights if descriptors else [], 0, self._path)
            return True
        return False


def without_notices(environ: Mapping[str, str]) -> dict[str, str]:
    """Return an environment for children, of whom no notices are asked."""
    return {name: value for name, value in environ.items() if name not in _VARIABLES}
