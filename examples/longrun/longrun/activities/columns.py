"""Tracks as bytes: one column after another, differences of whole numbers, compressed. Pure.

A track of 2,800 points takes about 13 kB this way; as JSON it takes 230 kB.
"""

import struct
import zlib
from collections.abc import Sequence
from itertools import accumulate, pairwise
from typing import Final

from longrun.model import TrackPoint

# Attribute and units per whole number: milliseconds, centimetres, 1e-7 degrees (about 1 cm).
_COLUMNS: Final = (
    ("t", 1000),
    ("d", 100),
    ("lat", 10_000_000),
    ("lon", 10_000_000),
    ("ele", 100),
    ("hr", 1),
    ("cad", 1),
    ("gap", 1),
)
_NOTHING: Final = -(2**40)


def pack(points: Sequence[TrackPoint]) -> bytes:
    """Return the bytes that `unpack` turns into the same points."""
    columns = bytearray(struct.pack("<I", len(points)))
    for name, scale in _COLUMNS:
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
    t, d, lat, lon, ele, hr, cad, gap = whole
    return [
        TrackPoint(
            t[i] / 1000,
            d[i] / 100,
            _degrees(lat[i]),
            _degrees(lon[i]),
            None if ele[i] == _NOTHING else ele[i] / 100,
            None if hr[i] == _NOTHING else hr[i],
            None if cad[i] == _NOTHING else cad[i],
            bool(gap[i]),
        )
        for i in range(count)
    ]


def _degrees(whole: int) -> float | None:
    return None if whole == _NOTHING else whole / 10_000_000
