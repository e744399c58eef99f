"""Tracks as bytes: one column after another, differences of whole numbers, compressed. Pure.

A track of 2,800 points takes about 13 kB this way; as JSON it takes 230 kB.
"""

import struct
import zlib
from collections.abc import Sequence
from itertools import accumulate, pairwise
from typing import Any, Final

from longrun.model import TrackPoint

# Attribute and units per whole number: milliseconds, centimetres, 1e-7 degrees (about 1 cm).
_COLUMNS: Final = {
    "t": 1000, "d": 100, "lat": 10_000_000, "lon": 10_000_000, "ele": 100, "hr": 1, "cad": 1,
    "gap": 1,
}  # fmt: skip
_NOTHING: Final = -(2**40)


def pack(points: Sequence[TrackPoint]) -> bytes:
    """Return the bytes that `unpack` turns into the same points."""
    columns = bytearray(struct.pack("<I", len(points)))
    for name, scale in _COLUMNS.items():
        values = [getattr(point, name) for point in points]
        whole = [_NOTHING if value is None else round(value * scale) for value in values]
        steps = [after - before for before, after in pairwise([0, *whole])]
        columns += struct.pack(f"<{len(steps)}q", *steps)
    return zlib.compress(columns, 6)


def unpack(packed: bytes) -> list[TrackPoint]:
    """Return the points that `pack` was given."""
    columns = zlib.decompress(packed)
    (count,) = struct.unpack_from("<I", columns)
    whole = [
        list(accumulate(struct.unpack_from(f"<{count}q", columns, 4 + 8 * count * index)))
        for index in range(len(_COLUMNS))
    ]
    *others, gap = map(_values, whole, _COLUMNS.values())
    return [TrackPoint(*row) for row in zip(*others, map(bool, gap), strict=True)]


def _values(whole: Sequence[int], scale: int) -> list[Any]:
    if scale == 1:
        return [None if value == _NOTHING else value for value in whole]
    return [None if value == _NOTHING else value / scale for value in whole]
