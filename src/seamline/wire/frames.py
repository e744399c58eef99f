"""Frames: the units of the wire protocol. No I/O happens here.

Layout of one frame, integers little-endian::

    length:   u32   bytes of body after the header
    stream:   u32   which call of this connection; 0 for the connection itself
    function: u16   position in the caller's function table (CALL only)
    kind:     u8    one of the kinds below
    flags:    u8
    deadline: u32   milliseconds left when the frame was written, 0 for none
    body

With ``FLAG_META`` the body starts with a u32 length and that many bytes of metadata.
"""

import struct
from typing import Final, TypeAlias

HELLO: Final = 1
WELCOME: Final = 2
PROOF: Final = 3
TABLE: Final = 4
READY: Final = 5
CALL: Final = 6
RESULT: Final = 7
ERROR: Final = 8
CANCEL: Final = 9
NEXT: Final = 10
SEND: Final = 11
THROW: Final = 12
CLOSE: Final = 13
ITEM: Final = 14
END: Final = 15
PING: Final = 16
PONG: Final = 17
GOAWAY: Final = 18
PULL: Final = 19
GIVE: Final = 20

KIND_NAMES: Final = {
    HELLO: "HELLO",
    WELCOME: "WELCOME",
    PROOF: "PROOF",
    TABLE: "TABLE",
    READY: "READY",
    CALL: "CALL",
    RESULT: "RESULT",
    ERROR: "ERROR",
    CANCEL: "CANCEL",
    NEXT: "NEXT",
    SEND: "SEND",
    THROW: "THROW",
    CLOSE: "CLOSE",
    ITEM: "ITEM",
    END: "END",
    PING: "PING",
    PONG: "PONG",
    GOAWAY: "GOAWAY",
    PULL: "PULL",
    GIVE: "GIVE",
}

FLAG_META: Final = 0x01
#: ERROR: the body is a fault of the seam itself, not an exception of the application.
FLAG_FAULT: Final = 0x02
#: ERROR: the call did not run; trying it elsewhere is safe.
FLAG_NOT_STARTED: Final = 0x04
#: ERROR: what was raised is the very object that the last THROW or CLOSE threw in.
FLAG_SAME: Final = 0x08
#: CALL: the caller numbered what its arguments hold; answers may refer to it.
FLAG_TRACKED: Final = 0x02
#: CALL: iterators of the caller are among the arguments; the host may PULL from them.
FLAG_PULLS: Final = 0x08
#: CALL, beside TRACKED: the caller makes the changes of its arguments that it is told of.
FLAG_RESTORED: Final = 0x04
#: Answers and steps of a tracked call: changes of the arguments come before the value.
FLAG_CHANGES: Final = 0x10
#: CALL: arguments travel by name, because caller and host hold different versions.
FLAG_NAMED: Final = 0x10
#: Answers: the callee was told that it is cancelled; so what it answers is what it makes of that.
FLAG_CANCELLED: Final = 0x20
#: CALL: the caller's event loop stands still until the answer comes.
FLAG_BLOCKED: Final = 0x20

#: CALL: the body is a triple of values, ``*args`` and ``**kwargs``, not the values alone.
FLAG_SPREAD: Final = 0x40

#: CALL: the body is an array of scalars that did not go through the codec.
FLAG_PLAIN: Final = 0x80

HEADER: Final = struct.Struct("<IIHBBI")
HEADER_BYTES: Final = HEADER.size
MAX_DEADLINE_MS: Final = 0xFFFFFFFF
META_LENGTH: Final = struct.Struct("<I")

#: kind, stream, function, flags, deadline in ms, body. A plain tuple: a named one costs
#: as much to build as the whole header to parse, and every call builds four.
Frame: TypeAlias = tuple[int, int, int, int, int, bytes]


def pack(
    kind: int,
    stream: int = 0,
    body: bytes = b"",
    *,
    function: int = 0,
    flags: int = 0,
    deadline_ms: int = 0,
) -> bytes:
    """Return one frame as bytes."""
    return HEADER.pack(len(body), stream, function, kind, flags, deadline_ms) + body


def kind_name(kind: int) -> str:
    """Return the name of a frame kind for messages, also of one that does not exist."""
    return KIND_NAMES.get(kind, f"kind {kind}")
