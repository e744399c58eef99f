"""The handshake: both ends prove that they know the run's secret, then compare interfaces.

::

    caller                                  host
    HELLO  version, run, caller, mode, nonce ->
                             <- WELCOME  nonce, proof, limits
    PROOF  proof                          ->
    TABLE  the functions it may call      ->
                             <- READY    one verdict per function

The host's proof comes first, so a caller never tells a stranger what it wants to call, and
a host neither parses a table nor resolves a function for a peer that proved nothing. A
refusal is a GOAWAY with a code and a sentence. Nonces and the secret are parameters.
"""

import hashlib
import hmac
from typing import Final, TypeVar

import msgspec

from seamline.errors import Denied, WireError
from seamline.wire.heard import Heard

VERSION: Final = 1
NONCE_BYTES: Final = 32

#: Verdicts of READY. A string instead of a number names the difference.
EQUAL: Final = 0
NAMED: Final = 1


class Hello(msgspec.Struct, frozen=True, array_like=True):
    """What a caller says first. ``mode`` is ``thread`` (one call at a time) or ``loop``."""

    version: int
    run: str
    caller: str
    mode: str
    nonce: bytes


class Welcome(msgspec.Struct, frozen=True, array_like=True):
    """The host's answer. ``frame_bytes`` is the largest frame it accepts."""

    host: str
    nonce: bytes
    proof: bytes
    frame_bytes: int


class Entry(msgspec.Struct, frozen=True, array_like=True):
    """One function the caller may call, as the caller knows it."""

    address: str
    fingerprint: str
    kind: str
    parameters: tuple[str, ...]


class Farewell(msgspec.Struct, frozen=True, array_like=True):
    """Body of GOAWAY and of a fault: the code of an error class, its message and its path."""

    code: str
    message: str
    path: str = ""


class Meta(msgspec.Struct, frozen=True, array_like=True, omit_defaults=True):
    """What travels beside a call or its answer.

    Attributes:
        chain: Hops before the caller, outermost first: ``(worker, its loop stands still)``.
        carry: Encoded values of the carried context variables by position, or ``None``.
        contexts: The frameworks' contexts: ``(framework, encoded)``.
        heard: What the host said while the call ran, in tests.
    """

    chain: tuple[tuple[str, bool], ...] = ()
    carry: bytes | None = None
    contexts: tuple[tuple[str, bytes], ...] = ()
    heard: tuple[Heard, ...] = ()


_T = TypeVar("_T")
_encode = msgspec.msgpack.Encoder().encode


def pack_message(message: msgspec.Struct | list[Entry] | list[int | str] | bytes) -> bytes:
    """Return the body of a handshake frame."""
    return _encode(message)


def unpack_message(body: bytes, kind: type[_T]) -> _T:
    """Read the body of a handshake frame.

    Raises:
        WireError: It is not what the frame's kind says.
    """
    try:
        return msgspec.msgpack.decode(body, type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise WireError(f"the peer sent a malformed {kind.__name__}: {error}") from error


def prove(secret: bytes, role: str, caller_nonce: bytes, host_nonce: bytes) -> bytes:
    """Return what only a holder of the secret can say about these two nonces."""
    return hmac.digest(secret, role.encode() + b"\0" + caller_nonce + host_nonce, hashlib.sha256)


def check_proof(
    secret: bytes, role: str, caller_nonce: bytes, host_nonce: bytes, proof: bytes
) -> None:
    """Check a peer's proof in constant time.

    Raises:
        Denied: It is wrong, or a nonce is too short to prove anything.
    """
    expected = prove(secret, role, caller_nonce, host_nonce)
    nonces_fit = len(caller_nonce) == NONCE_BYTES == len(host_nonce)
    if not (hmac.compare_digest(expected, proof) and nonces_fit):
        raise Denied(
            f"the {role} at the other end did not prove that it belongs to this run; "
            "processes of two runs never talk to each other"
        )


def check_hello(hello: Hello, run: str) -> None:
    """Check that a caller speaks this version and means this run.

    Raises:
        Denied: It does not.
    """
    if hello.version != VERSION:
        raise Denied(
            f"{hello.caller} speaks wire version {hello.version}, this worker {VERSION}; "
            "restart both with one version of seamline"
        )
    if hello.run != run:
        raise Denied(f"{hello.caller} belongs to run {hello.run!r}, this worker to {run!r}")
    if hello.mode not in {"thread", "loop"}:
        raise Denied(f"{hello.caller} asked for mode {hello.mode!r}; there are thread and loop")
