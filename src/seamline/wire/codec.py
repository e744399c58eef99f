"""The codec: values and exceptions to bytes and back, by value, with exact types."""

from collections.abc import Callable, Sequence
from typing import Any, Final

import msgspec

from seamline.errors import NotSendable, WireError
from seamline.wire import containers, scalars  # noqa: F401 - they fill the tables
from seamline.wire.kinds import Plans
from seamline.wire.marks import NATIVE, PLAIN_TUPLE, Reading, Refused, Writing, read
from seamline.wire.refusals import explain
from seamline.wire.types import TypeTable

_pack: Final = msgspec.msgpack.Encoder().encode


def _refuse_extension(code: int, _data: memoryview) -> Any:
    raise ValueError(f"msgpack extension {code} has no meaning here")


_unpack: Final = msgspec.msgpack.Decoder(ext_hook=_refuse_extension).decode


class Codec:
    """Encodes what crosses one seam.

    Everything arrives as a copy, with the exact type it had. What is shared inside one
    message stays shared, cycles included. A ``memoryview`` arrives as one over a copy of
    its own, of the same format and shape.
    """

    def __init__(self, types: TypeTable, *, depth: int = 200, items: int = 10_000_000) -> None:
        self.types = types
        self.depth = depth
        self.items = items
        self._plans = Plans(types)

    def encode(self, value: object, *, where: str | Sequence[str] = "result") -> bytes:
        """Return the bytes of a value.

        Args:
            value: A result, or the arguments of a call.
            where: What to call the value in a refusal: a word, or the parameters' names
                when the value is a tuple of arguments.

        Raises:
            NotSendable: Something in it cannot cross; the message says what and where.
        """
        if type(value) is tuple and NATIVE.issuperset(map(type, value)):
            try:
                return self._limited(_pack((False, (), (PLAIN_TUPLE, *value))), value, where)
            except (OverflowError, UnicodeEncodeError):
                pass  # an int beyond 64 bits or a lone surrogate: written with care below
        return self._guarded(lambda w: w.value(value, self.depth), value, where)

    def decode(self, data: bytes | bytearray | memoryview) -> Any:
        """Return the value of bytes that ``encode`` made.

        Raises:
            WireError: The bytes are anything else.
        """
        try:
            shares, names, body = _unpack(data)
            if len(data) > self.items and _count(body, self.items) < 0:
                raise ValueError(f"more than {self.items} items")  # noqa: TRY301
            if type(body) in NATIVE:
                return body
            r = Reading(names, self.types, self._plans.find, shares=shares)
            value = read(body, r, self.depth)
            for fill in r.late:
                fill()
        except WireError:
            raise
        except Exception as exc:  # noqa: BLE001 - whatever hostile bytes lead to is their fault
            raise WireError(f"a value cannot be decoded: {type(exc).__name__}: {exc}") from exc
        return value

    def _guarded(
        self, write: Callable[[Writing], Any], root: object, where: str | Sequence[str]
    ) -> bytes:
        """Run a writer, with care if the fast way fails, and explain refusals."""
        careful = False
        while True:
            w = Writing(self._plans.writers, self.types, careful=careful)
            try:
                tree = write(w)
                data = _pack((w.shared, list(w.index), tree))
            except (OverflowError, UnicodeEncodeError) as exc:
                if careful:
                    raise NotSendable(f"{where} cannot cross the seam: {exc}") from exc
                careful = True
            except Refused as refused:
                raise explain(refused, root, where) from None
            except RecursionError as exc:
                raise NotSendable(f"{where} nests too deeply to cross the seam") from exc
            else:
                return self._limited(data, tree, where)

    def _limited(self, data: bytes, tree: Any, where: str | Sequence[str]) -> bytes:
        # An item takes at least one byte, so a short message needs no counting.
        if len(data) > self.items and _count(tree, self.items) < 0:
            raise NotSendable(f"{where} holds more than {self.items} items; send less at a time")
        return data


def _count(node: Any, left: int) -> int:
    """Return how many items may still come after a tree; negative when there are too many."""
    todo = [node]
    while todo and left >= 0:
        node = todo.pop()
        items = node.values() if type(node) is dict else node
        left -= len(items)
        if not NATIVE.issuperset(map(type, items)):
            todo.extend(x for x in items if type(x) in {list, dict, tuple})
    return left
