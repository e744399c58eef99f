"""A short cut for arguments that are all plain scalars, which most are.

They travel as one msgpack array instead of through the codec: nothing in them is shared,
named or nested, so there is nothing for it to do. Exact types only; anything else, and an
integer or string that msgpack cannot hold, is the codec's.
"""

from typing import Any, Final

import msgspec

from seamline.errors import WireError

_PLAIN: Final = frozenset({type(None), bool, int, float, str, bytes})
_pack: Final = msgspec.msgpack.Encoder().encode
_unpack: Final = msgspec.msgpack.Decoder(tuple[Any, ...]).decode


def pack_plain(values: tuple[Any, ...]) -> bytes | None:
    """Return the bytes of a tuple of scalars, or ``None`` when it holds something else."""
    if not _PLAIN.issuperset(map(type, values)):
        return None
    try:
        return _pack(values)
    except (OverflowError, UnicodeEncodeError):
        return None


def unpack_plain(body: bytes) -> tuple[Any, ...]:
    """Return the scalars.

    Raises:
        WireError: The bytes hold anything else.
    """
    try:
        values = _unpack(body)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise WireError(f"the peer sent malformed arguments: {error}") from error
    if not _PLAIN.issuperset(map(type, values)):
        raise WireError("the peer sent arguments as scalars that are none")
    return values
