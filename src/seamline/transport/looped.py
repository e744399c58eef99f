"""A connection served by an event loop, asyncio's own or uvloop.

The descriptor is registered with the loop directly instead of through a transport: it can
be written to at once when nothing waits, read into the protocol's own buffer, closed in a
forked child without the loop's help, and forgotten when its loop is already closed.
"""

import asyncio
import os
import socket
from collections.abc import Sequence
from typing import ClassVar, Final

from seamline.transport.forking import close_after_fork
from seamline.transport.unix import Socket

# More than this unsent means that the peer does not read; then we do not read from it.
HIGH_WATER_BYTES: Final = 8 * 1024 * 1024


class LoopChannel:
    """Subclass it: provide :meth:`buffer`, :meth:`received` and :meth:`lost`.

    Attributes:
        loop: The event loop that serves it.
        is_lost: Whether the connection is gone.
        always_reads: Whether to read on while the peer takes nothing. One end must: two that
            both wait for the other to read would wait for ever.
    """

    always_reads: ClassVar = False

    def __init__(self, sock: socket.socket, loop: asyncio.AbstractEventLoop) -> None:
        sock.setblocking(False)
        self.loop = loop
        self.is_lost = False
        self._fd = sock.detach()
        self._pieces: list[bytes | memoryview] = []
        self._waiting = 0
        self._flushing = False
        self._writing = False
        self._paused = False
        self._in_read = False
        close_after_fork(self)
        loop.add_reader(self._fd, self._readable)

    def buffer(self) -> memoryview:
        """Return space to read into; never empty."""
        raise NotImplementedError

    def received(self, count: int) -> None:
        """Take ``count`` bytes that were read into the buffer."""
        raise NotImplementedError

    def lost(self, error: OSError | None, unsent: Sequence[bytes | memoryview], /) -> None:
        """Take note that the connection is gone, by the peer or by :meth:`close`.

        Args:
            error: Why, or ``None`` when one end closed it.
            unsent: What was written and not handed over. A ``memoryview`` among it is the
                rest of something handed over in part.
        """
        raise NotImplementedError

    def write(self, data: bytes) -> None:
        """Send with everything else that is written in this turn of the loop."""
        self._pieces.append(data)
        if self._writing:
            self._waiting += len(data)
            self._pause_when_full()
        elif not self._flushing and not self._in_read:
            self._flushing = True
            self.loop.call_soon(self._flush)

    def write_now(self, data: bytes) -> bool:
        """Send at once when nothing waits; return False when the peer cannot get it.

        False means that not one byte was handed over.
        """
        if self._pieces or self._waiting or self._in_read:
            self.write(data)
            return not self.is_lost
        if self.is_lost:
            return False
        try:
            count = os.write(self._fd, data)
        except BlockingIOError:
            count = 0
        except OSError as error:
            self._pieces.append(data)  # unsent, whole
            self._lose(error)
            return False
        if count < len(data):
            self._pieces.append(memoryview(data)[count:])
            self._wait_writable()
        return True

    def flush(self) -> None:
        """Send what waits, as far as the peer takes it."""
        self._flush()

    def stop_receiving(self) -> None:
        """Refuse what is sent from now on; what has arrived is still read, and then the end.

        The peer's next send fails before anything is handed over, so it may be made again
        elsewhere: closing at once would lose what has arrived and was not read.
        """
        if self.is_lost:
            return
        sock = Socket(fileno=self._fd)
        try:
            sock.shutdown(socket.SHUT_RD)
        except OSError:
            return  # the peer was faster
        finally:
            sock.detach()

    def close(self) -> None:
        """Close the connection now; what waits to be sent is dropped."""
        self._lose(None)

    def forget(self) -> None:
        """Close the descriptor without the help of the loop, which is closed or not ours."""
        self.is_lost = True
        self._close_descriptor()

    def after_fork(self) -> None:
        """Close the child's copy; the loop and its selector belong to the parent."""
        self.forget()

    def __del__(self) -> None:
        self._close_descriptor()

    def _readable(self) -> None:
        try:
            count = os.readv(self._fd, (self.buffer(),))
        except BlockingIOError:
            return
        except OSError as error:
            self._lose(error)
            return
        if not count:
            self._lose(None)
            return
        self._in_read = True
        try:
            self.received(count)
        except BaseException:
            # Whatever is wrong, those who wait on this connection must hear of its end.
            self._lose(None)
            raise
        finally:
            self._in_read = False
            if self._pieces and not self._flushing and not self._writing:
                self._flush()

    def _flush(self) -> None:
        self._flushing = False
        pieces = self._pieces
        if self.is_lost or self._writing or not pieces:
            return
        data = pieces[0] if len(pieces) == 1 else b"".join(pieces)
        try:
            count = os.write(self._fd, data)
        except BlockingIOError:
            count = 0
        except OSError as error:
            self._lose(error)
            return
        if count == len(data):
            pieces.clear()
            return
        self._pieces = [memoryview(data)[count:]]
        self._wait_writable()

    def _wait_writable(self) -> None:
        self._waiting = len(self._pieces[0])
        self._writing = True
        self.loop.add_writer(self._fd, self._writable)
        self._pause_when_full()

    def _pause_when_full(self) -> None:
        is_full = self._waiting > HIGH_WATER_BYTES and not self.always_reads
        if is_full and not self._paused and not self.is_lost:
            self._paused = True
            self.loop.remove_reader(self._fd)

    def _writable(self) -> None:
        pieces = self._pieces
        try:
            count = os.writev(self._fd, pieces[:64])
        except BlockingIOError:
            return
        except OSError as error:
            self._lose(error)
            return
        while pieces and count >= len(pieces[0]):
            count -= len(pieces.pop(0))
        if pieces:
            if count:
                pieces[0] = pieces[0][count:]
            self._waiting = sum(map(len, pieces))
            return
        self._waiting = 0
        self._writing = False
        self.loop.remove_writer(self._fd)
        if self._paused:
            self._paused = False
            self.loop.add_reader(self._fd, self._readable)

    def _lose(self, error: OSError | None) -> None:
        if self.is_lost:
            return
        self.is_lost = True
        if not self.loop.is_closed():
            self.loop.remove_reader(self._fd)
            self.loop.remove_writer(self._fd)
        self._close_descriptor()
        unsent, self._pieces = self._pieces, []
        self.lost(error, unsent)

    def _close_descriptor(self) -> None:
        fd, self._fd = self._fd, -1
        if fd >= 0:
            os.close(fd)
