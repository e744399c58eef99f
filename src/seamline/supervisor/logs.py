"""One log stream: every line that workers print, with who printed it."""

import asyncio
import contextlib
import errno
import os
import sys
import threading
import time
from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import msgspec

from seamline.supervisor.kept import SUPERVISOR, Kept, Line
from seamline.supervisor.signals import leave_signals

# A line longer than this is cut in pieces, so that one worker cannot fill the memory.
MAX_LINE_BYTES: Final = 64 * 1024
# What may wait for a slow terminal; beyond it workers' pipes are not read, so they wait too.
_MAX_WAITING_BYTES: Final = 4 * 1024 * 1024
_NO_ROOM: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
# Colours of groups in the order they start: cyan, yellow, green, magenta, blue.
_COLOURS: Final = (36, 33, 32, 35, 34)

_encode_lines: Final = msgspec.json.Encoder().encode_lines


class Output:
    """Writes to a descriptor from its own thread, so that a stopped terminal stops no beat.

    Args:
        descriptor: Where to write.
        on_closed: Called once, from the thread, when nobody reads any more.
        on_full: Called from the thread with the reason, when what waits is dropped because
            there is no room for it; once until there is room again.
    """

    def __init__(
        self,
        descriptor: int,
        on_closed: Callable[[], None],
        on_full: Callable[[str], None] = lambda _why: None,
    ) -> None:
        self._descriptor = descriptor
        self._on_closed = on_closed
        self._on_full = on_full
        self._dropped = 0
        self._waiting: deque[bytes] = deque()
        self._waiting_bytes = 0
        self._changed = threading.Condition()
        self._ended = False
        self._is_held = False
        self._resume: list[Callable[[], None]] = []
        self._thread = threading.Thread(target=self._write, name="seamline-log", daemon=True)
        self._thread.start()

    @property
    def is_full(self) -> bool:
        """Whether more than enough waits to be written."""
        return self._waiting_bytes > _MAX_WAITING_BYTES

    def put(self, data: bytes) -> None:
        """Queue whole lines. Never blocks."""
        with self._changed:
            if not self._ended:
                self._waiting.append(data)
                self._waiting_bytes += len(data)
                self._changed.notify_all()

    def call_when_drained(self, resume: Callable[[], None]) -> None:
        """Call back, from the thread, once there is room again."""
        with self._changed:
            self._resume.append(resume)
            self._changed.notify_all()

    def flush(self, timeout: float) -> bool:
        """Wait until nothing waits to be written; return whether that came to pass in time."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._waiting_bytes, timeout)

    def close(self, timeout: float = 2.0) -> None:
        """Write what waits, for at most that many seconds, and end the thread."""
        with self._changed:
            self._ended = True
            self._changed.notify_all()
        self._thread.join(timeout)

    def hold(self, *, is_held: bool) -> None:
        """Keep what is put, or write again."""
        with self._changed:
            self._is_held = is_held
            self._changed.notify_all()

    def _has_work(self) -> bool:
        is_asked = bool(self._waiting or self._resume)
        return self._ended or (is_asked and not self._is_held)

    def _write(self) -> None:
        leave_signals()
        while True:
            with self._changed:
                self._changed.wait_for(self._has_work)
                data = b"".join(self._waiting)
                self._waiting.clear()
                ended = self._ended
            if not self._has_written(data):
                with self._changed:
                    self._ended = ended = True
                    self._waiting.clear()
                self._on_closed()
            with self._changed:
                self._waiting_bytes = sum(map(len, self._waiting))
                self._changed.notify_all()
                resume, self._resume = self._resume, []
            for call in resume:
                call()
            if ended and not self._waiting:
                return

    def _has_written(self, data: bytes) -> bool:
        """Write or drop whole pieces; return whether anybody is there to read them."""
        try:
            if data and self._dropped:
                self._write_all(b"seamline: %d lines were lost: no room\n" % self._dropped)
                self._dropped = 0
            self._write_all(data)
        except OSError as error:
            if error.errno not in _NO_ROOM:
                return False  # the reader of a pipe or the terminal is gone
            if not self._dropped:
                self._on_full(str(error.strerror))
            # The application goes on without its log: that can be said later, an outage cannot.
            self._dropped += data.count(b"\n")
        return True

    def _write_all(self, data: bytes) -> None:
        while data:
            data = data[os.write(self._descriptor, data) :]


class LogStream:
    """Formats lines: ``group.slot[pid] | text`` for people, one object a line for machines."""

    def __init__(
        self,
        on_closed: Callable[[], None],
        *,
        as_json: bool = False,
        colored: bool = False,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._as_json = as_json
        self._now = now
        self._notices = Output(sys.stderr.fileno(), on_closed)
        self._output = Output(sys.stdout.fileno(), on_closed, self._tell_full)
        self._colours: dict[str, int] | None = {} if colored and not as_json else None
        self._kept: Kept | None = None

    def keep_in(self, run_dir: Path) -> None:
        """Keep the latest lines for ``seamline logs`` too, in files of a run directory."""
        self._kept = Kept(run_dir, self._tell_unkept)

    @property
    def is_full(self) -> bool:
        """Whether workers should wait before they print more."""
        return self._output.is_full

    def call_when_drained(self, resume: Callable[[], None]) -> None:
        """Call back, from another thread, once there is room again."""
        self._output.call_when_drained(resume)

    def lines(
        self, group: str, slot: int | None, pid: int, stream: str, lines: list[bytes]
    ) -> None:
        """Write lines of an output stream, without their line ends.

        Args:
            group: Whose.
            slot: Of the worker; None for the process that a group's workers are forked from.
            pid: Of the process.
            stream: ``stdout`` or ``stderr``.
            lines: What it printed.
        """
        if self._as_json or self._kept is not None:
            records = self._records(group, slot, pid, stream, lines)
            if self._kept is not None:
                self._kept.put(group, records)
            if self._as_json:
                self._output.put(records)
                return
        name = group if slot is None else f"{group}.{slot}"
        prefix = self._coloured(group, f"{name}[{pid}] | ").encode()
        self._output.put(b"".join(prefix + line + b"\n" for line in lines))

    def mark(self, text: str) -> None:
        """Write a line of the stream's own, after every line of workers so far."""
        self._output.put(text.encode() + b"\n")

    def notice(self, text: str) -> None:
        """Write what the supervisor itself has to say, to standard error."""
        records = self._keep_own(text)
        self._notices.put(records if self._as_json else text.encode() + b"\n")

    def _tell_full(self, why: str) -> None:
        self.notice(f"cannot write the log: {why}; lines are lost until there is room again")

    def block(self, text: str) -> None:
        """Write a passage for people only: nothing in a stream for machines."""
        self._keep_own(text)
        if not self._as_json:
            self._notices.put(text.encode() + b"\n")

    def _keep_own(self, text: str) -> bytes:
        """Keep lines of the supervisor's own, and return them for machines."""
        lines = text.encode().split(b"\n")
        records = self._records(None, None, os.getpid(), "supervisor", lines)
        if self._kept is not None:
            self._kept.put(SUPERVISOR, records)
        return records

    def _tell_unkept(self, why: str) -> None:
        # Not as a notice: that would be kept, too.
        text = f"lines are lost for `seamline logs`: {why}; the run goes on".encode()
        if self._as_json:
            own = self._records(None, None, os.getpid(), "supervisor", [text])
            self._notices.put(own)
        else:
            self._notices.put(text + b"\n")

    def hold(self) -> None:
        """Write nothing: somebody else writes to the terminal."""
        self._hold(is_held=True)

    def go_on(self) -> None:
        """Write what was held, and whatever follows."""
        self._hold(is_held=False)

    def _hold(self, *, is_held: bool) -> None:
        for output in (self._output, self._notices):
            output.hold(is_held=is_held)

    def flush(self, timeout: float) -> bool:
        """Write what waits; return whether all was written in time. Blocks."""
        kept = self._kept is None or self._kept.flush(timeout)
        return self._output.flush(timeout) and self._notices.flush(timeout) and kept

    def close(self) -> None:
        """Write what waits and end."""
        if self._kept is not None:
            self._kept.close()
        self._output.close()
        self._notices.close()

    def _records(
        self, group: str | None, slot: int | None, pid: int, stream: str, lines: list[bytes]
    ) -> bytes:
        instant = datetime.fromtimestamp(self._now(), UTC).isoformat(timespec="milliseconds")
        # A list: msgspec 0.22 keeps whatever else is given to it for ever.
        every = [
            Line(instant, group, slot, pid, stream, line.decode("utf-8", "replace"))
            for line in lines
        ]
        return _encode_lines(every)

    def _coloured(self, group: str, text: str) -> str:
        if self._colours is None:
            return text
        colour = self._colours.setdefault(group, _COLOURS[len(self._colours) % len(_COLOURS)])
        return f"\x1b[{colour}m{text}\x1b[0m"


class LineReader(asyncio.Protocol):
    """Cuts one pipe into lines, bounded in length, and passes each turn's lines on at once.

    Args:
        stream: Where the lines go; reading pauses while it is full.
        write: Called with the lines.
        partial: What is known already of the first one.

    Attributes:
        partial: What was read of a line that has not ended yet.
    """

    def __init__(
        self, stream: LogStream, write: Callable[[list[bytes]], None], partial: bytes = b""
    ) -> None:
        self.closed = asyncio.get_running_loop().create_future()
        self._loop = asyncio.get_running_loop()
        self._stream = stream
        self._write = write
        self.partial = partial
        self._transport: asyncio.ReadTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport, to pause it."""
        assert isinstance(transport, asyncio.ReadTransport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Take what was printed."""
        *lines, self.partial = (self.partial + data).split(b"\n")
        while len(self.partial) > MAX_LINE_BYTES:
            lines.append(self.partial[:MAX_LINE_BYTES])
            self.partial = self.partial[MAX_LINE_BYTES:]
        if lines:
            self._write(lines)
        if self._stream.is_full and self._transport is not None:
            self._transport.pause_reading()
            self._stream.call_when_drained(self._resume_threadsafe)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - the protocol's
        """Pass on a last line that had no end."""
        if self.partial:
            self._write([self.partial])
            self.partial = b""
        if not self.closed.done():
            self.closed.set_result(None)

    def _resume_threadsafe(self) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed: nothing to resume
            self._loop.call_soon_threadsafe(self._resume)

    def _resume(self) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.resume_reading()
