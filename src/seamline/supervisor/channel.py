"""The supervisor's end of the socket pair that it has with each worker."""

import asyncio
import contextlib
import socket
from collections.abc import Callable

import msgspec

from seamline.worker import (
    MAX_LINE_BYTES,
    Adopt,
    Give,
    Order,
    Report,
    Take,
    decode_report,
    encode,
)

_READ_BYTES = 65536


class Channel:
    """Reports in, orders out. Whoever made it calls :meth:`end`.

    Args:
        ours: The socket.
        hear: Called with each report.
        refuse: Called once with the reason when something else came; nothing is heard then.
        unread: What is known already of the first report.

    Attributes:
        unread: What was read of a report that has not ended yet.
    """

    def __init__(
        self,
        ours: socket.socket,
        hear: Callable[[Report], None],
        refuse: Callable[[str], None],
        unread: bytes = b"",
    ) -> None:
        self.unread = unread
        self._socket = ours
        self._socket.setblocking(False)
        self._hear = hear
        self._refuse = refuse
        self._sending = asyncio.Lock()
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(ours, self._read)

    def fileno(self) -> int:
        """Return the descriptor."""
        return self._socket.fileno()

    @property
    def is_sending(self) -> bool:
        """Whether an order is not wholly sent yet."""
        return self._sending.locked()

    def send_now(self, order: Order) -> None:
        """Send a short order without waiting."""
        with contextlib.suppress(OSError):  # already dead: its end is on the way
            self._socket.send(encode(order))

    async def send(self, order: Order) -> None:
        """Send an order, however long it is; orders sent at a time follow each other."""
        async with self._sending:
            with contextlib.suppress(OSError):  # already dead: its end is on the way
                await self._loop.sock_sendall(self._socket, encode(order))

    async def send_descriptors(self, make: Callable[[], Adopt | Take | Give]) -> None:
        """Send an order with its descriptors as they are by then, if there is room for it."""
        async with self._sending:
            order = make()
            # Already dead, or so stuck that hundreds of orders wait: it is not asked again.
            with contextlib.suppress(OSError):
                socket.send_fds(self._socket, [encode(order)], order.descriptors())

    def end(self) -> None:
        """Hear what was said last, such as why it failed, and close it."""
        if self._loop.remove_reader(self._socket):
            with contextlib.suppress(BlockingIOError, ConnectionResetError, msgspec.DecodeError):
                while data := self._socket.recv(_READ_BYTES):
                    self._take(data)
        self._socket.close()

    def _read(self) -> None:
        try:
            data = self._socket.recv(_READ_BYTES)
        except BlockingIOError:
            return
        except ConnectionResetError:
            data = b""
        if not data:
            self._loop.remove_reader(self._socket)
            return
        try:
            self._take(data)
        except msgspec.DecodeError as exc:
            # Its application may write to any descriptor. Unheard, it counts as stuck in time.
            self._loop.remove_reader(self._socket)
            self._refuse(str(exc))

    def _take(self, data: bytes) -> None:
        *lines, self.unread = (self.unread + data).split(b"\n")
        if len(self.unread) > MAX_LINE_BYTES:
            raise msgspec.DecodeError(f"a line of more than {MAX_LINE_BYTES} bytes")
        for line in lines:
            self._hear(decode_report(line))
