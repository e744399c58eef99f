"""A worker's end of the socket pair that it has with its supervisor."""

import array
import contextlib
import os
import socket
import threading
from collections.abc import Callable, Iterator
from typing import Final

from seamline.worker.report import (
    Adopt,
    Beat,
    Give,
    Order,
    Report,
    Take,
    decode_order,
    encode,
)

_READ_BYTES: Final = 65536
# What the kernel passes on with one message at most (SCM_MAX_FD).
_RIGHTS_BYTES: Final = socket.CMSG_LEN(253 * array.array("i").itemsize)


class Channel:
    """A worker's end of the socket pair. Safe to use from any thread."""

    def __init__(self, descriptor: int) -> None:
        self._socket = socket.socket(fileno=descriptor)
        self._sending = threading.Lock()

    def send(self, report: Report) -> None:
        """Send a report; when the supervisor is gone there is nobody to tell."""
        with self._sending, contextlib.suppress(BrokenPipeError, ConnectionResetError):
            self._socket.sendall(encode(report))

    def send_nowait(self, report: Beat) -> None:
        """Send a beat, or none when a stopped supervisor has not read hundreds of them."""
        with (
            self._sending,
            contextlib.suppress(BlockingIOError, BrokenPipeError, ConnectionResetError),
        ):
            self._socket.send(encode(report), socket.MSG_DONTWAIT)

    def watch(self, on_order: Callable[[Order], None], on_gone: Callable[[], None]) -> None:
        """Start a thread that waits for orders.

        A thread, because a worker that is still importing, or whose event loop is blocked,
        must notice too that its supervisor is gone.
        """

        def read() -> None:
            try:
                # A supervisor that was killed with unread reports resets: the same as its end.
                with contextlib.suppress(ConnectionResetError):
                    for order in self._orders():
                        on_order(order)
            finally:  # without this thread nobody would hear of the end
                on_gone()

        threading.Thread(target=read, name="seamline-orders", daemon=True).start()

    def _orders(self) -> Iterator[Order]:
        """Yield what the supervisor says until it is gone."""
        unread = b""
        descriptors: list[int] = []
        while True:
            # Not recv_fds(), which ignores its flags: children would inherit them.
            data, ancillary, _, _ = self._socket.recvmsg(
                _READ_BYTES, _RIGHTS_BYTES, socket.MSG_CMSG_CLOEXEC
            )
            if not data:
                return
            # They arrive with the first byte of their line, at the latest.
            for _, _, rights in ancillary:
                descriptors += array.array("i", rights)
            *lines, unread = (unread + data).split(b"\n")
            for line in lines:
                order = decode_order(line)
                if isinstance(order, Adopt | Take | Give):
                    count = len(order.descriptors())
                    own, descriptors = descriptors[:count], descriptors[count:]
                    if len(own) < count:  # this process has room for no more
                        for descriptor in own:
                            os.close(descriptor)
                        continue
                    order = order.renumbered(own)
                yield order
