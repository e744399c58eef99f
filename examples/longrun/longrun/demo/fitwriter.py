"""FIT files, as much of the format as a run needs: definitions, messages, checksum. Pure."""

import struct
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

from longrun.model import Recording, Sport

# FIT counts seconds from here.
_EPOCH: Final = datetime(1989, 12, 31, tzinfo=UTC)
_SEMICIRCLES: Final = 2**31 / 180
_CRC: Final = (
    0x0000, 0xCC01, 0xD801, 0x1400, 0xF001, 0x3C00, 0x2800, 0xE401,
    0xA001, 0x6C00, 0x7800, 0xB401, 0x5000, 0x9C01, 0x8801, 0x4400,
)  # fmt: skip
# Base type of the format -> number in a definition, struct code, value that means "nothing".
_TYPES: Final = {
    "enum": (0x00, "B", 0xFF),
    "u8": (0x02, "B", 0xFF),
    "u16": (0x84, "H", 0xFFFF),
    "i32": (0x85, "i", 0x7FFFFFFF),
    "u32": (0x86, "I", 0xFFFFFFFF),
}
# Message -> local number, global number, (field number, base type) in order.
_MESSAGES: Final = {
    "file_id": (0, 0, ((0, "enum"), (1, "u16"), (2, "u16"), (3, "u32"), (4, "u32"))),
    "event": (1, 21, ((253, "u32"), (0, "enum"), (1, "enum"))),
    "record": (
        2,
        20,
        (
            (253, "u32"), (0, "i32"), (1, "i32"), (2, "u16"),
            (3, "u8"), (4, "u8"), (5, "u32"),
        ),
    ),
    "session": (3, 18, ((253, "u32"), (2, "u32"), (5, "enum"), (7, "u32"), (9, "u32"))),
    "activity": (4, 34, ((253, "u32"), (0, "u32"), (1, "u16"), (2, "enum"))),
}  # fmt: skip
_ACTIVITY_FILE: Final = 4
_DEVELOPMENT: Final = 255
_TIMER: Final = 0
_START, _STOP_ALL = 0, 4
_SPORTS: Final = {Sport.RUN: 1, Sport.RIDE: 2, Sport.SWIM: 5, Sport.WALK: 11, Sport.OTHER: 0}


def write_fit(recordings: Sequence[Recording]) -> bytes:
    """Return a FIT file with one session for each recording, in the order of their starts."""
    body = bytearray()
    defined: set[str] = set()

    def put(name: str, *values: float | None) -> None:
        local, number, fields = _MESSAGES[name]
        if name not in defined:
            defined.add(name)
            body.extend(struct.pack("<BBBHB", 0x40 | local, 0, 0, number, len(fields)))
            for field, kind in fields:
                base, code, _ = _TYPES[kind]
                body.extend((field, struct.calcsize(code), base))
        codes = "<B" + "".join(_TYPES[kind][1] for _, kind in fields)
        whole = [
            _TYPES[kind][2] if value is None else round(value)
            for value, (_, kind) in zip(values, fields, strict=True)
        ]
        body.extend(struct.pack(codes, local, *whole))

    created = _seconds(recordings[0].started_at)
    put("file_id", _ACTIVITY_FILE, _DEVELOPMENT, 1, 1, created)
    end = created
    for recording in recordings:
        start = _seconds(recording.started_at)
        put("event", start, _TIMER, _START)
        for point in recording.points:
            end = start + round(point.t)
            if point.gap:
                put("event", end, _TIMER, _STOP_ALL)
                put("event", end, _TIMER, _START)
            put(
                "record",
                end,
                None if point.lat is None else point.lat * _SEMICIRCLES,
                None if point.lon is None else point.lon * _SEMICIRCLES,
                # Heights are fifths of a metre above -500, distances are centimetres.
                None if point.ele is None else (point.ele + 500) * 5,
                point.hr,
                None if point.cad is None else point.cad / 2,
                point.d * 100,
            )
        put("event", end, _TIMER, _STOP_ALL)
        last = recording.points[-1]
        put("session", end, start, _SPORTS[recording.sport], last.t * 1000, last.d * 100)
    put("activity", end, (end - created) * 1000, len(recordings), 0)
    header = struct.pack("<BBHI4s", 14, 0x20, 2132, len(body), b".FIT")
    header += struct.pack("<H", checksum(header))
    return header + body + struct.pack("<H", checksum(header + body))


def checksum(data: bytes) -> int:
    """Return the 16 bits that end a FIT header and a FIT file."""
    crc = 0
    for byte in data:
        for half in (byte & 0xF, byte >> 4):
            crc = (crc >> 4) ^ _CRC[crc & 0xF] ^ _CRC[half]
    return crc


def _seconds(instant: datetime) -> int:
    return round((instant - _EPOCH).total_seconds())
