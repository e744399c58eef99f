"""A blocking connection: one thread at a time sends and receives on it.

A deadline costs no system call of its own: the socket carries a receive timeout that is
changed only when it is longer than the time left, and a wait that ends early looks at the
clock and goes on.
"""

import contextlib
import math
import os
import select
import socket
import struct
import time
from collections.abc import Callable
from typing import Final

from seamline.transport.forking import close_after_fork
from seamline.transport.unix import Socket

# As a plain integer: combining the enum's members at each call costs more than the call.
_PEEK: Final = int(socket.MSG_PEEK | socket.MSG_DONTWAIT)
_TIMEVAL: Final = struct.Struct("@ll")
# sendmsg takes 1024 pieces; joining below this size is cheaper than a second piece.
_JOIN_BYTES: Final = 64 * 1024


class BlockingChannel:
    """A connected blocking socket with deadlines (``time.monotonic`` seconds)."""

    __slots__ = ("__weakref__", "_clock", "_pid", "_poll", "_sock", "_wait")

    def __init__(
        self, sock: socket.socket, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        sock.setblocking(True)
        self._sock = sock
        self._clock = clock
        self._wait = math.inf
        self._pid = os.getpid()
        # A quarter of the time of a read that finds nothing, which raises.
        poll = select.poll()
        poll.register(sock, select.POLLIN)
        self._poll = poll.poll
        close_after_fork(self)

    def send(self, head: bytes, body: bytes = b"", *, deadline: float = math.inf) -> None:
        """Send ``head`` then ``body``.

        After any error the peer has at most a part of it.

        Raises:
            TimeoutError: The deadline passed.
            OSError: The connection is lost.
        """
        self._allow(deadline)
        rest: list[bytes | memoryview]
        rest = [head + body] if len(body) <= _JOIN_BYTES else [head, body]
        while True:
            try:
                count = self._sock.send(rest[0]) if len(rest) == 1 else self._sock.sendmsg(rest)
            except BlockingIOError:
                self._allow(deadline)
                continue
            while rest and count >= len(rest[0]):
                count -= len(rest.pop(0))
            if not rest:
                return
            rest[0] = memoryview(rest[0])[count:]

    def receive(self, buffer: memoryview, deadline: float = math.inf) -> int:
        """Read what has come, waiting for the first byte; 0 means the peer closed.

        Raises:
            TimeoutError: The deadline passed.
            OSError: The connection is lost.
        """
        self._allow(deadline)
        while True:
            try:
                return self._sock.recv_into(buffer)
            except BlockingIOError:
                self._allow(deadline)

    @property
    def is_ours(self) -> bool:
        """Whether this process opened it, and not the one it was forked from."""
        return self._pid == os.getpid()

    def peek(self, count: int = 16) -> bytes | None:
        """Return bytes that wait to be read, ``b""`` after the peer closed, else ``None``."""
        try:
            return self._sock.recv(count, _PEEK)
        except BlockingIOError:
            return None
        except OSError:
            return b""

    def is_quiet(self) -> bool:
        """Return whether nothing waits to be read, not even the end."""
        return not self._poll(0)

    def is_peer_gone(self) -> bool:
        """Return whether the peer closed its end, also when bytes still wait to be read."""
        poll = select.poll()
        poll.register(self._sock, 0)  # a hang-up is always reported
        return bool(poll.poll(0))

    def stop_receiving(self) -> None:
        """Refuse what is sent from now on; what has arrived can still be read.

        The peer's next send fails before anything is handed over, so it may be made again
        elsewhere. Wakes a thread that waits in :meth:`receive`.
        """
        try:
            self._sock.shutdown(socket.SHUT_RD)
        except OSError:
            return  # the peer was faster

    def disconnect(self) -> None:
        """End the connection from another thread than the one that uses it.

        The descriptor stays open until its own thread closes it: its number must not be
        given to another connection while that thread may still be about to read from it.
        """
        with contextlib.suppress(OSError):  # already disconnected
            self._sock.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Close the connection; only the thread that uses it may."""
        if self.is_ours:
            self.disconnect()
        self._sock.close()

    def detach(self) -> socket.socket:
        """Give the socket away; this channel must not be used any more."""
        sock = Socket(fileno=self._sock.detach())
        for option in (socket.SO_RCVTIMEO, socket.SO_SNDTIMEO):
            sock.setsockopt(socket.SOL_SOCKET, option, _TIMEVAL.pack(0, 0))
        return sock

    def after_fork(self) -> None:
        """Close the child's copy of the descriptor."""
        self._sock.close()

    def __del__(self) -> None:
        self._sock.close()

    def _allow(self, deadline: float) -> None:
        """Make sure that the socket's own timeout ends no later than the deadline."""
        if deadline == math.inf:
            left = math.inf
        else:
            left = deadline - self._clock()
            if left <= 0:
                raise TimeoutError("the deadline passed")
        if self._wait <= left and (self._wait > 1 or self._wait * 8 > left):
            return
        # A power of two below the time left is reused by later calls with about as much.
        self._wait = left if left < 1 or left == math.inf else 2.0 ** math.floor(math.log2(left))
        seconds = 0.0 if left == math.inf else max(self._wait, 1e-6)
        value = _TIMEVAL.pack(int(seconds), int(seconds % 1 * 1e6))
        self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, value)
        self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, value)
