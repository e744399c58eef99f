"""Both ends of the handshake as steps: a frame in, bytes to send out. No I/O here."""

import secrets
from collections.abc import Callable, Sequence

from seamline import errors
from seamline.errors import Denied, SeamError, Unavailable, WireError
from seamline.rpc.binding import Binding, Bindings
from seamline.rpc.model import Identity
from seamline.wire import (
    GOAWAY,
    HELLO,
    NONCE_BYTES,
    PROOF,
    READY,
    TABLE,
    VERSION,
    WELCOME,
    Connection,
    Entry,
    Farewell,
    Frame,
    Hello,
    Role,
    Welcome,
    check_hello,
    check_proof,
    pack,
    pack_message,
    prove,
    unpack_message,
)

_FAULTS: dict[str, type[SeamError]] = {
    cls.code: cls
    for cls in vars(errors).values()
    if isinstance(cls, type) and issubclass(cls, SeamError)
}


class NotTaken(Exception):  # noqa: N818 - not an error: the call is made elsewhere
    """A worker did not take a call and certainly did not run it.

    Attributes:
        reason: What to raise when no other worker takes it either.
    """

    def __init__(self, reason: SeamError) -> None:
        super().__init__(str(reason))
        self.reason = reason


def error_of(body: bytes) -> SeamError:
    """Return the seam error that a fault or a GOAWAY describes."""
    farewell = unpack_message(body, Farewell)
    cls = _FAULTS.get(farewell.code, SeamError)
    if farewell.path and issubclass(cls, errors.NotSendable):
        return cls(farewell.message, path=farewell.path)
    return cls(farewell.message)


class Introduction:
    """The caller's end.

    Attributes:
        connection: The protocol state; past the handshake it turns bytes into answers.
        verdicts: One per entry of the table, once READY has come.
        host: The worker at the other end, once WELCOME has come.
    """

    def __init__(
        self, identity: Identity, mode: str, table: Sequence[Entry], frame_bytes: int
    ) -> None:
        self.connection = Connection(Role.CALLER, frame_bytes=frame_bytes)
        self.verdicts: list[int | str] = []
        self.host = ""
        self._identity = identity
        self._mode = mode
        self._table = list(table)
        self._nonce = secrets.token_bytes(NONCE_BYTES)

    def hello(self) -> bytes:
        """Return what to send first."""
        self.connection.sent(HELLO)
        who = self._identity
        hello = Hello(VERSION, who.run, who.worker, self._mode, self._nonce)
        return pack(HELLO, body=pack_message(hello))

    def answer(self, frame: Frame) -> bytes | None:
        """Take the host's next frame; return what to send, or ``None`` when all is said.

        Raises:
            Denied: The host refuses us, or did not prove that it belongs to the run.
            NotTaken: The host takes no connections now.
            WireError: It sent something malformed.
        """
        kind, body = frame[0], frame[5]
        if kind == GOAWAY:
            error = error_of(body)
            raise error if isinstance(error, Denied) else NotTaken(error)
        if kind == READY:
            self.verdicts = unpack_message(body, list[int | str])
            if len(self.verdicts) != len(self._table):
                raise WireError("the host answered another number of functions than it was told")
            return None
        welcome = unpack_message(body, Welcome)
        secret = self._identity.secret
        check_proof(secret, "host", self._nonce, welcome.nonce, welcome.proof)
        self.host = welcome.host
        self.connection.sent(PROOF)
        self.connection.sent(TABLE)
        return pack(PROOF, body=prove(secret, "caller", self._nonce, welcome.nonce)) + pack(
            TABLE, body=pack_message(self._table)
        )


class Reception:
    """The host's end.

    Attributes:
        connection: The protocol state; past the handshake it turns bytes into calls.
        caller: The worker at the other end, as proven.
        mode: ``thread`` or ``loop``.
        bindings: What each function id of this caller means.
    """

    def __init__(self, identity: Identity, bindings: Bindings, frame_bytes: int) -> None:
        self.connection = Connection(Role.HOST, frame_bytes=frame_bytes)
        self.caller = ""
        self.mode = ""
        self.bindings: list[Binding | None] = []
        self._identity = identity
        self._resolver = bindings
        self._frame_bytes = frame_bytes
        self._nonce = secrets.token_bytes(NONCE_BYTES)
        self._caller_nonce = b""

    def answer(self, frame: Frame) -> bytes:
        """Take the caller's next frame; return what to send, empty for nothing.

        Raises:
            Denied: It is no process of this run. Tell it with :func:`farewell` and close.
            WireError: It sent something malformed.
        """
        step: Callable[[bytes], bytes] = {
            HELLO: self._hello,
            PROOF: self._proof,
            TABLE: self._table,
        }[frame[0]]
        return step(frame[5])

    def farewell(self, error: SeamError) -> bytes:
        """Return the GOAWAY that ends the handshake."""
        self.connection.sent(GOAWAY)
        return pack(GOAWAY, body=pack_message(Farewell(error.code, str(error))))

    def _hello(self, body: bytes) -> bytes:
        hello = unpack_message(body, Hello)
        check_hello(hello, self._identity.run)
        self.caller = hello.caller
        self.mode = hello.mode
        self._caller_nonce = hello.nonce
        proof = prove(self._identity.secret, "host", hello.nonce, self._nonce)
        welcome = Welcome(self._identity.worker, self._nonce, proof, self._frame_bytes)
        self.connection.sent(WELCOME)
        return pack(WELCOME, body=pack_message(welcome))

    def _proof(self, body: bytes) -> bytes:
        check_proof(self._identity.secret, "caller", self._caller_nonce, self._nonce, body)
        self.connection.proven()
        return b""

    def _table(self, body: bytes) -> bytes:
        table = unpack_message(body, list[Entry])
        self.bindings, verdicts = self._resolver.bind(table)
        self.connection.sent(READY)
        return pack(READY, body=pack_message(verdicts))


def draining(worker: str) -> Unavailable:
    """Return why a worker that is leaving takes nothing."""
    return Unavailable(f"worker {worker} is draining and takes no new calls")


def unreachable(path: str, error: OSError) -> Unavailable:
    """Return why nothing could be sent to a worker's socket."""
    why = error.strerror or str(error) or type(error).__name__
    if isinstance(error, PermissionError):
        why += "; a group with `sandbox = true` makes no calls"
    return Unavailable(f"no worker took a connection at {path}: {why}")
