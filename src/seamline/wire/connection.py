"""One end of a connection: which frames may come and go, and bytes into frames. No I/O.

Everything that decides whether a frame is legal lives in the two tables below. A state in
which nothing may be received (``GREETED``, ``CHECKING``, ``BINDING``, ...) holds back bytes
that have already arrived until this end has sent or checked what the state waits for, so
an unproven peer cannot make us parse, or make room for, more than one small frame.

A :class:`~seamline.errors.WireError` blames the peer; an
:class:`~seamline.errors.InternalError` means that this end broke its own protocol.
"""

from enum import Enum
from typing import Final

from seamline.errors import InternalError, WireError
from seamline.wire import frames as f


class Role(Enum):
    """Which end of the connection this is."""

    CALLER = "caller"
    HOST = "host"


class State(Enum):
    """How far one end has come."""

    NEW = "new"
    AWAIT_HELLO = "await hello"
    GREETED = "greeted"
    AWAIT_WELCOME = "await welcome"
    WELCOMED = "welcomed"
    PROVED = "proved"
    AWAIT_PROOF = "await proof"
    CHECKING = "checking"
    AWAIT_TABLE = "await table"
    BINDING = "binding"
    AWAIT_READY = "await ready"
    OPEN = "open"
    DRAINING = "draining"
    REFUSED = "refused"


_CALLS: Final = (f.CALL, f.CANCEL, f.NEXT, f.SEND, f.THROW, f.CLOSE, f.GIVE, f.PING, f.PONG)
_ANSWERS: Final = (f.RESULT, f.ERROR, f.ITEM, f.END, f.PULL, f.PING, f.PONG)

#: What a received frame does: role -> state -> kind -> next state. Anything else: WireError.
RECEIVED: Final[dict[Role, dict[State, dict[int, State]]]] = {
    Role.CALLER: {
        State.AWAIT_WELCOME: {f.WELCOME: State.WELCOMED, f.GOAWAY: State.REFUSED},
        State.AWAIT_READY: {f.READY: State.OPEN, f.GOAWAY: State.REFUSED},
        State.OPEN: dict.fromkeys(_ANSWERS, State.OPEN) | {f.GOAWAY: State.DRAINING},
        State.DRAINING: dict.fromkeys((*_ANSWERS, f.GOAWAY), State.DRAINING),
    },
    Role.HOST: {
        State.AWAIT_HELLO: {f.HELLO: State.GREETED},
        State.AWAIT_PROOF: {f.PROOF: State.CHECKING},
        State.AWAIT_TABLE: {f.TABLE: State.BINDING},
        State.OPEN: dict.fromkeys(_CALLS, State.OPEN),
        # The caller may not have seen our GOAWAY yet: its calls are answered, not started.
        State.DRAINING: dict.fromkeys(_CALLS, State.DRAINING),
    },
}

#: What sending a frame does to this end. Only frames that change the state are listed.
SENT: Final[dict[Role, dict[State, dict[int, State]]]] = {
    Role.CALLER: {
        State.NEW: {f.HELLO: State.AWAIT_WELCOME},
        State.WELCOMED: {f.PROOF: State.PROVED},
        State.PROVED: {f.TABLE: State.AWAIT_READY},
    },
    Role.HOST: {
        State.AWAIT_HELLO: {f.GOAWAY: State.REFUSED},
        State.GREETED: {f.WELCOME: State.AWAIT_PROOF, f.GOAWAY: State.REFUSED},
        State.AWAIT_PROOF: {f.GOAWAY: State.REFUSED},
        State.CHECKING: {f.GOAWAY: State.REFUSED},
        State.BINDING: {f.READY: State.OPEN, f.GOAWAY: State.REFUSED},
        State.OPEN: {f.GOAWAY: State.DRAINING},
    },
}

# A greeting holds a version, two names and a nonce. Bounding it before the body arrives
# keeps what strangers can make a worker hold at this much each.
HANDSHAKE_BYTES: Final = 4096
# One read takes many small calls; a frame that does not fit gets a buffer of its own size.
BUFFER_BYTES: Final = 64 * 1024

_unpack: Final = f.HEADER.unpack_from
_HEADER_BYTES: Final = f.HEADER_BYTES
_NOTHING: Final[dict[int, State]] = {}
_SMALL_STATES: Final = frozenset(
    {State.AWAIT_HELLO, State.AWAIT_WELCOME, State.AWAIT_PROOF, State.WELCOMED, State.GREETED}
)


class Connection:
    """Turns received bytes into legal frames.

    Read into :meth:`buffer`, then tell :meth:`received` how many bytes came.

    Attributes:
        state: How far this end has come.
    """

    def __init__(self, role: Role, *, frame_bytes: int, buffer_bytes: int = BUFFER_BYTES) -> None:
        self.role = role
        self.state = State.NEW if role is Role.CALLER else State.AWAIT_HELLO
        self._legal = RECEIVED[role].get(self.state, _NOTHING)
        self._frame_bytes = frame_bytes
        self._limit = HANDSHAKE_BYTES
        self._ring = self._bytes = bytearray(buffer_bytes)
        self._view = memoryview(self._bytes)
        self._start = 0
        self._end = 0

    def buffer(self) -> memoryview:
        """Return the space to read the next bytes into; never empty."""
        return self._view[self._end :] if self._end else self._view

    def received(self, count: int) -> list[f.Frame]:
        """Take ``count`` bytes that were read into the buffer; return the whole frames.

        With 0, returns frames that were held back until this end's state changed.

        Raises:
            WireError: A frame is too large or may not come now. Close the connection.
        """
        start = self._start
        end = self._end = self._end + count
        frames: list[f.Frame] = []
        # Slices of bytes cost a third of copies out of a view; a large frame is copied once.
        is_small = self._bytes is self._ring
        data = bytes(self._view[:end]) if is_small else self._view
        legal, state, limit = self._legal, self.state, self._limit
        while (body_start := start + _HEADER_BYTES) <= end and legal:
            length, stream, function, kind, flags, deadline = _unpack(data, start)
            following = legal.get(kind)
            if following is None or length > limit:
                self._blame(kind, length)
            start_next = body_start + length
            if start_next > end:
                break
            body = data[body_start:start_next]
            frames.append(
                (kind, stream, function, flags, deadline, body if is_small else bytes(body))  # type: ignore[arg-type]
            )
            start = start_next
            if following is not state:
                assert following is not None
                self._enter(following)
                legal, state, limit = self._legal, following, self._limit
        if start == end and is_small:
            self._start = self._end = 0
        else:
            self._make_room(start, end)
        return frames

    def sent(self, kind: int) -> None:
        """Note that this end sent a frame that changes its state."""
        following = SENT[self.role].get(self.state, _NOTHING).get(kind)
        if following is None:
            raise InternalError(f"{f.kind_name(kind)} sent while {self.state.value}; report this")
        self._enter(following)

    def proven(self) -> None:
        """Note that the peer's proof was checked and is right (host only)."""
        if self.state is not State.CHECKING:
            raise InternalError(f"a proof was accepted while {self.state.value}; report this")
        self._enter(State.AWAIT_TABLE)

    def _enter(self, state: State) -> None:
        self.state = state
        self._legal = RECEIVED[self.role].get(state, _NOTHING)
        self._limit = HANDSHAKE_BYTES if state in _SMALL_STATES else self._frame_bytes

    def _blame(self, kind: int, length: int) -> None:
        if kind not in self._legal:
            raise WireError(
                f"the peer sent {f.kind_name(kind)} while this {self.role.value} was "
                f"{self.state.value}; expected {', '.join(map(f.kind_name, self._legal))}"
            )
        raise WireError(
            f"the peer announced a {f.kind_name(kind)} frame of {length} bytes; at most "
            f"{self._limit} are accepted while {self.state.value} (limits.frame_bytes)"
        )

    def _make_room(self, start: int, end: int) -> None:
        """Keep the incomplete rest at the front of a buffer that can hold all of its frame."""
        if start == end:
            self._start = self._end = 0
            if self._bytes is not self._ring:
                self._use(self._ring)
            return
        rest = end - start
        size = len(self._ring)
        if rest >= f.HEADER_BYTES:
            size = max(size, f.HEADER_BYTES + f.HEADER.unpack_from(self._bytes, start)[0])
        if not self._legal:
            size = max(len(self._ring), rest + f.HEADER_BYTES)
        fits_ring = size <= len(self._ring)
        if size > len(self._bytes) or (fits_ring and self._bytes is not self._ring):
            larger = self._ring if fits_ring else bytearray(size)
            larger[:rest] = self._view[start:end]
            self._use(larger)
        elif start and (start > len(self._bytes) // 2 or end == len(self._bytes)):
            self._bytes[:rest] = self._bytes[start:end]
        else:
            self._start = start
            return
        self._start = 0
        self._end = rest

    def _use(self, data: bytearray) -> None:
        self._bytes = data
        self._view = memoryview(data)
