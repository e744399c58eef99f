"""Connections that clients keep, given by a worker to another one of its group.

A descriptor of each is passed over a socket pair between the two processes (``SCM_RIGHTS``,
unix(7)). The client notices nothing: what it asks next waits in the kernel until it is read by
the other process.
"""

import array
import asyncio
import contextlib
import errno
import os
import socket
from collections.abc import Callable, Sequence
from typing import Final

# One message for each connection: the seconds that its client may still ask nothing, and the names
# of the http services that answer on it.
_MAX_BYTES: Final = 64 * 1024
_RIGHTS_BYTES: Final = socket.CMSG_LEN(array.array("i").itemsize)
# No room for another one now, in the socket, in memory or among the descriptors on their way.
_LATER: Final = frozenset({errno.EAGAIN, errno.ENOBUFS, errno.ENOMEM, errno.ETOOMANYREFS})
# A process that has as many descriptors as it may have looks so often whether it has fewer.
_FULL_SECONDS: Final = 0.1


class Giver:
    """The end of the worker that leaves, or has more than its share.

    It is made on the event loop.

    Args:
        descriptor: Of the socket pair. It is closed when the other end is, or by :meth:`close`.
        count: How many are to be given, each behind an answer; all, from when the worker
            drains, if it is ``None``.

    Attributes:
        is_open: Whether another one is to be given, and the other end still takes.
        gives_all: Whether it is that of a worker that leaves.
    """

    def __init__(self, descriptor: int, count: int | None = None) -> None:
        self.is_open = True
        self.gives_all = count is None
        self._left = count
        self._socket = socket.socket(fileno=descriptor)
        self._socket.setblocking(False)
        self._loop = asyncio.get_running_loop()
        # Nothing is ever said by the other end, so what can be read is that it was closed.
        self._loop.add_reader(self._socket, self.close)

    def give(self, services: Sequence[str], connection: int, seconds: float) -> bool:
        """Pass a connection on; the caller then closes its own descriptor, and reads no more.

        Args:
            services: Those that answer on it.
            connection: Its descriptor.
            seconds: Until it is closed if its client asks nothing.

        Returns:
            Whether it was passed on. If not, there may be room later, while this is open.
        """
        if not self.is_open:
            return False
        try:
            socket.send_fds(
                self._socket, [",".join((f"{seconds:.3f}", *services)).encode()], [connection]
            )
        except OSError as exc:
            if exc.errno not in _LATER:  # the other end was closed
                self.close()
            return False
        if self._left is not None:
            self._left -= 1
            if not self._left:
                self.close()
        return True

    def close(self) -> None:
        """Give nothing any more."""
        if self.is_open:
            self.is_open = False
            self._loop.remove_reader(self._socket)
            self._socket.close()


class Taker:
    """The end of the worker that takes over, or has less than its share.

    It is made on the event loop.

    Args:
        descriptor: Of the socket pair. It is closed when the other end is, or by :meth:`close`.
        take: Called with the names of the services that answer on a connection, the connection,
            and the seconds until it is closed if its client asks nothing.

    Attributes:
        is_open: Whether something may come yet.
    """

    def __init__(
        self, descriptor: int, take: Callable[[tuple[str, ...], socket.socket, float], None]
    ) -> None:
        self.is_open = True
        self._socket = socket.socket(fileno=descriptor)
        self._socket.setblocking(False)
        self._take = take
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(self._socket, self._read)

    def close(self) -> None:
        """Take what is on its way, and nothing after that: the other end keeps it."""
        if self.is_open:
            self._refuse()
            self._read()

    def _refuse(self) -> None:
        with contextlib.suppress(OSError):  # the other end was closed
            self._socket.shutdown(socket.SHUT_RDWR)

    def _has_room(self) -> bool:
        """Whether one more descriptor can be had; one that cannot is lost when it is read."""
        try:
            os.close(os.dup(self._socket.fileno()))
        except OSError:
            self._refuse()
            self._loop.remove_reader(self._socket)
            self._loop.call_later(_FULL_SECONDS, self._read)
            return False
        return True

    def _end(self) -> None:
        self.is_open = False
        self._loop.remove_reader(self._socket)
        self._socket.close()

    def _read(self) -> None:
        while self.is_open and self._has_room():
            try:
                # Not recv_fds(), which ignores its flags: children would inherit them.
                data, ancillary, _, _ = self._socket.recvmsg(
                    _MAX_BYTES, _RIGHTS_BYTES, socket.MSG_CMSG_CLOEXEC
                )
            except BlockingIOError:
                return
            except OSError:
                data, ancillary = b"", []
            if not data:
                self._end()
                return
            seconds, *services = data.decode().split(",")
            for _, _, rights in ancillary:
                for descriptor in array.array("i", rights):
                    connection = socket.socket(fileno=descriptor)
                    self._take(tuple(services), connection, float(seconds))
