"""What travels beside arguments and answers: the chain of calls, carried variables, contexts.

Nothing is packed when there is nothing to say; then a call pays for one flag test.
"""

from collections.abc import Sequence
from contextvars import ContextVar
from typing import Any

from seamline.errors import WireError
from seamline.rpc.model import Packed
from seamline.rpc.situation import Hop
from seamline.wire import FLAG_META, META_LENGTH, Codec, Heard, Meta, pack_message, unpack_message


def pack_carried(variables: Sequence[ContextVar[Any]], codec: Codec) -> bytes | None:
    """Encode the current values of the variables that are set.

    Raises:
        NotSendable: A value cannot cross; names the variable.
    """
    values = []
    names = []
    for position, variable in enumerate(variables):
        try:
            values.append((position, variable.get()))
        except LookupError:
            continue
        names.append(f"context variable {variable.name}")
    return codec.encode(tuple(values), where=names)


def apply_carried(variables: Sequence[ContextVar[Any]], codec: Codec, data: bytes) -> None:
    """Set the variables in the current context.

    Raises:
        WireError: The peer sent something else than carried values.
    """
    for pair in codec.decode(data):
        if type(pair) is not tuple or len(pair) != 2:  # noqa: PLR2004 - position, value
            raise WireError("the peer sent carried context variables that are no pairs")
        position, value = pair
        if type(position) is int and 0 <= position < len(variables):
            variables[position].set(value)


def with_meta(
    chain: tuple[Hop, ...],
    carry: bytes | None,
    body: bytes,
    contexts: Packed = (),
    heard: tuple[Heard, ...] = (),
) -> bytes:
    """Put metadata before a body."""
    meta = pack_message(Meta(chain, carry, contexts, heard))
    return META_LENGTH.pack(len(meta)) + meta + body


def split_meta(flags: int, body: bytes) -> tuple[Meta, bytes]:
    """Return a body's metadata and the rest.

    Raises:
        WireError: There is no whole metadata where the flag announces some.
    """
    if not flags & FLAG_META:
        return _NO_META, body
    start = META_LENGTH.size
    if len(body) < start:
        raise WireError("the peer announced metadata and sent none")
    end = start + META_LENGTH.unpack_from(body)[0]
    if len(body) < end:
        raise WireError("the peer announced more metadata than the frame holds")
    return unpack_message(body[start:end], Meta), body[end:]


_NO_META = Meta()
