"""Listening sockets of one address that are added and taken away while it is served."""

import contextlib
import ctypes
import os
import socket
import struct
from typing import Final

# Of linux/socket.h; Python does not name them.
_SO_ATTACH_REUSEPORT_CBPF: Final = 51
_SO_DETACH_REUSEPORT_BPF: Final = 68
# Of linux/bpf_common.h and linux/filter.h: load a random number, divide, return the remainder.
_LOAD_RANDOM: Final = (0x20, 0xFFFFF000 + 56)
_MODULO: Final = 0x94
_RETURN: Final = 0x16


def open_beside(listening: socket.socket) -> socket.socket:
    """Return another socket for the same address. The caller closes it.

    A TCP socket is bound and does not listen, so that nobody waits at it before there is a worker
    that does; a Unix socket, and one that cannot have another beside it, is shared.
    """
    if listening.family == socket.AF_UNIX:
        return listening.dup()
    with contextlib.ExitStack() as undo:
        opened = undo.enter_context(socket.socket(listening.family, socket.SOCK_STREAM))
        try:
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            if listening.family == socket.AF_INET6:
                only = listening.getsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY)
                opened.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, only)
            opened.bind(listening.getsockname())
        except OSError:  # one that was inherited may be another user's
            return listening.dup()
        undo.pop_all()
    return opened


def steer(listening: socket.socket, count: int) -> None:
    """Let new connections go to the first *count* sockets of an address only.

    Closing a socket resets what it has not accepted, so those to be closed must get nothing
    more before. Where the kernel has no such program, they get some until they are closed.
    """
    if listening.family == socket.AF_UNIX:
        return
    steps = (_LOAD_RANDOM[0], _LOAD_RANDOM[1]), (_MODULO, count), (_RETURN, 0)
    code = b"".join(struct.pack("HBBI", opcode, 0, 0, value) for opcode, value in steps)
    buffer = ctypes.create_string_buffer(code, len(code))
    program = struct.pack("HP", len(steps), ctypes.addressof(buffer))
    with contextlib.suppress(OSError):
        listening.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_REUSEPORT_CBPF, program)


def spread(listening: socket.socket) -> None:
    """Let new connections go to every socket of an address again."""
    if listening.family != socket.AF_UNIX:
        with contextlib.suppress(OSError):
            listening.setsockopt(socket.SOL_SOCKET, _SO_DETACH_REUSEPORT_BPF, 0)


def is_shared(one: socket.socket, other: socket.socket) -> bool:
    """Whether two sockets are the same one, which goes on while either is open."""
    return os.path.sameopenfile(one.fileno(), other.fileno())


def waiting(listening: socket.socket) -> int:
    """Return how many connections wait to be accepted."""
    if listening.family == socket.AF_UNIX:
        return 0
    # tcpi_unacked, which for a listening socket is the length of its queue.
    information = listening.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 32)
    return int(struct.unpack_from("I", information, 24)[0])
