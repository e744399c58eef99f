"""Unix sockets, and connected pairs without a path. Nothing here waits for bytes."""

import _socket
import asyncio
import os
import socket
from pathlib import Path
from typing import Final

from seamline.errors import BindError

# sun_path holds 108 bytes on Linux, one of them the terminating zero.
MAX_PATH_BYTES: Final = 107
# The default of about 200 KiB cuts a 1 MiB result into a dozen wake-ups of each side.
SOCKET_BUFFER_BYTES: Final = 1024 * 1024
BACKLOG: Final = 1024


class Socket(socket.socket):
    """A socket that works while a test has the methods of ``socket.socket`` replaced.

    Its own come from below that class, where ``unittest.mock`` cannot reach them.
    """

    __slots__ = ()

    bind = _socket.socket.bind
    connect = _socket.socket.connect
    listen = _socket.socket.listen
    recv = _socket.socket.recv
    recv_into = _socket.socket.recv_into
    send = _socket.socket.send
    sendall = _socket.socket.sendall
    sendmsg = _socket.socket.sendmsg
    setblocking = _socket.socket.setblocking
    setsockopt = _socket.socket.setsockopt
    settimeout = _socket.socket.settimeout
    shutdown = _socket.socket.shutdown


def listen(path: str, *, mode: int = 0o600) -> socket.socket:
    """Bind and listen on a Unix socket; the caller closes it and removes the path.

    Args:
        path: Where; an existing socket at this path is replaced.
        mode: Permission bits of the socket. It never has wider ones, not even for a moment.

    Raises:
        BindError: The path is too long or the directory is not there or not writable.
    """
    size = len(os.fsencode(path))
    if size > MAX_PATH_BYTES:
        raise BindError(
            f"the socket path {path} has {size} bytes; a Unix socket takes {MAX_PATH_BYTES}",
            remedy="set XDG_RUNTIME_DIR to a shorter directory",
        )
    sock = Socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        Path(path).unlink(missing_ok=True)
        # A socket takes its permissions from the file: set before bind, bind adds none.
        os.fchmod(sock.fileno(), mode)
        sock.bind(path)
        Path(path).chmod(mode)
        sock.listen(BACKLOG)
    except OSError as error:
        sock.close()
        raise BindError(f"cannot listen on {path}: {error.strerror}") from error
    return sock


def dial(path: str, timeout: float) -> socket.socket:
    """Connect, waiting at most ``timeout`` seconds for room in the host's backlog.

    Raises:
        OSError: Nobody listens there, or there was no room.
    """
    sock = Socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        sock.settimeout(timeout)
        sock.connect(path)
        enlarge_buffers(sock)
        sock.settimeout(None)
    except BaseException:
        sock.close()
        raise
    return sock


async def dial_async(path: str) -> socket.socket:
    """Connect without blocking the running event loop; the socket is non-blocking.

    Raises:
        OSError: Nobody listens there, or the host's backlog is full.
    """
    sock = Socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        sock.setblocking(False)
        await asyncio.get_running_loop().sock_connect(sock, path)
        enlarge_buffers(sock)
    except BaseException:
        sock.close()
        raise
    return sock


def pair() -> tuple[socket.socket, socket.socket]:
    """Return two connected sockets without a path, for tests and for one process."""
    left, right = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
    enlarge_buffers(left)
    enlarge_buffers(right)
    return left, right


def enlarge_buffers(sock: socket.socket) -> None:
    """Make room for large values; the system may grant less."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SOCKET_BUFFER_BYTES)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SOCKET_BUFFER_BYTES)
