"""A caller's blocking connection to one worker: one call, or one stream, at a time."""

from collections.abc import Sequence
from typing import Final

from seamline.errors import SeamError, Unavailable, WireError
from seamline.rpc.greeting import Introduction, NotTaken, error_of, unreachable
from seamline.rpc.model import Identity
from seamline.transport import BlockingChannel, dial
from seamline.wire import (
    CALL,
    ERROR,
    FLAG_NOT_STARTED,
    GOAWAY,
    HEADER,
    PING,
    PONG,
    Entry,
    Frame,
    pack,
)

_LAST_STREAM: Final = 0xFFFFFFFF
#: What may come between a call and its answer.
_ASIDE: Final = frozenset({PING, PONG, GOAWAY})


class Lost(Exception):  # noqa: N818 - internal; becomes OutcomeUnknown
    """The connection was lost after a whole frame had been handed over."""


class BlockingLink:
    """A connection past its handshake.

    Attributes:
        verdicts: How each function of our table may be called.
        is_draining: Whether the worker said that it is leaving.
    """

    __slots__ = ("_channel", "_connection", "_stream", "host", "is_draining", "verdicts")

    def __init__(self, channel: BlockingChannel, introduction: Introduction) -> None:
        self._channel = channel
        self._connection = introduction.connection
        self.verdicts = introduction.verdicts
        self.host = introduction.host
        self.is_draining = False
        self._stream = 0

    def call(self, function: int, flags: int, body: bytes, ms: int, deadline: float) -> Frame:
        """Send a call and return its answer: RESULT, ITEM, END or ERROR.

        Raises:
            NotTaken: It did not run: it was not sent whole, or the worker is leaving.
            Lost: It may have run: the connection was lost while waiting.
            TimeoutError: The deadline passed while waiting.
            WireError: The worker broke the protocol.
        """
        self._stream = stream = self._stream % _LAST_STREAM + 1
        head = HEADER.pack(len(body), stream, function, CALL, flags, ms)
        try:
            self._channel.send(head, body, deadline=deadline)
        except TimeoutError:
            raise
        except OSError as error:
            raise NotTaken(Unavailable("the connection was lost before it was sent")) from error
        frame = self._answer(deadline)
        if frame[0] == ERROR and frame[3] & FLAG_NOT_STARTED:
            raise NotTaken(error_of(frame[5]))
        return frame

    def step(self, kind: int, flags: int, body: bytes, ms: int, deadline: float) -> Frame:
        """Ask the open stream for its next answer. Raises as :meth:`call`, never NotTaken."""
        head = HEADER.pack(len(body), self._stream, 0, kind, flags, ms)
        try:
            self._channel.send(head, body, deadline=deadline)
        except TimeoutError:
            raise
        except OSError as error:
            raise Lost(str(error)) from error
        return self._answer(deadline)

    @property
    def is_ours(self) -> bool:
        """Whether this process opened it, and not the one it was forked from."""
        return self._channel.is_ours

    def is_reusable(self) -> bool:
        """Return whether an idle connection is still alive and quiet.

        Anything to read on it is a farewell or the end.
        """
        return not self.is_draining and self._channel.is_quiet()

    def close(self) -> None:
        """Close the connection; a call that is still running there sees it as cancelled."""
        self._channel.close()

    def _answer(self, deadline: float) -> Frame:
        connection = self._connection
        answer: Frame | None = None
        while answer is None:
            try:
                count = self._channel.receive(connection.buffer(), deadline)
            except TimeoutError:
                raise
            except OSError as error:
                raise Lost(str(error)) from error
            if not count:
                raise Lost("the worker closed the connection")
            for frame in connection.received(count):
                if frame[0] in _ASIDE:
                    self._aside(frame[0])
                elif frame[1] != self._stream or answer is not None:
                    raise WireError("the worker answered a call that was not made")
                else:
                    answer = frame
        return answer

    def _aside(self, kind: int) -> None:
        if kind == PING:
            self._channel.send(pack(PONG))
        elif kind == GOAWAY:
            self.is_draining = True


def open_link(
    path: str,
    identity: Identity,
    table: Sequence[Entry],
    *,
    frame_bytes: int,
    deadline: float,
    left: float,
) -> BlockingLink:
    """Connect to a worker and introduce this process.

    ``deadline`` is the instant to give up and ``left`` the seconds until then.

    Raises:
        NotTaken: Nobody took the connection; no call was sent.
        Denied: The worker is not of this run, or says that we are not.
        WireError: It does not speak the protocol.
    """
    try:
        channel = BlockingChannel(dial(path, max(left, 0.001)))
    except OSError as error:
        raise NotTaken(unreachable(path, error)) from error
    introduction = Introduction(identity, "thread", table, frame_bytes)
    try:
        channel.send(introduction.hello(), deadline=deadline)
        _introduce(channel, introduction, deadline)
    except TimeoutError as error:
        channel.close()
        raise NotTaken(
            Unavailable(f"{path} accepted the connection and did not answer in time")
        ) from error
    except OSError as error:
        channel.close()
        if isinstance(error, SeamError):
            raise
        raise NotTaken(unreachable(path, error)) from error
    except BaseException:
        channel.close()
        raise
    return BlockingLink(channel, introduction)


def _introduce(channel: BlockingChannel, introduction: Introduction, deadline: float) -> None:
    connection = introduction.connection
    while True:
        count = channel.receive(connection.buffer(), deadline)
        if not count:
            raise ConnectionResetError("the worker closed the connection while it was opened")
        for frame in connection.received(count):
            reply = introduction.answer(frame)
            if reply is None:
                return
            channel.send(reply, deadline=deadline)
