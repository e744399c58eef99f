"""FIT files, as much of the format as a run needs: definitions, messages, checksum. Pure."""

import struct
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

from longrun.model import Recording, Sport, TrackPoint

# FIT counts seconds from here.
_EPOCH: Final = datetime(1989, 12, 31, tzinfo=UTC)
_SEMICIRCLES: Final = 2**31 / 180
_CRC: Final = (
    0x0000, 0xCC01, 0xD801, 0x1400, 0xF001, 0x3C00, 0x2800, 0xE401,
    0xA001, 0x6C00, 0x7800, 0xB401, 0x5000, 0x9C01, 0x8801, 0x4400,
)  # fmt: skip
# Base type -> its number in a definition, struct code, value that means "nothing"; E is an enum.
_TYPES: Final = {
    "E": (0x00, "B", 0xFF), "B": (0x02, "B", 0xFF), "H": (0x84, "H", 0xFFFF),
    "i": (0x85, "i", 0x7FFFFFFF), "I": (0x86, "I", 0xFFFFFFFF),
}  # fmt: skip
# Message -> local number, global number, its fields by number with their base types.
_MESSAGES: Final = {
    "file_id": (0, 0, {0: "E", 1: "H", 2: "H", 3: "I", 4: "I"}),
    "event": (1, 21, {253: "I", 0: "E", 1: "E"}),
    "record": (2, 20, {253: "I", 0: "i", 1: "i", 2: "H", 3: "B", 4: "B", 5: "I"}),
    "session": (3, 18, {253: "I", 2: "I", 5: "E", 7: "I", 9: "I"}),
    "activity": (4, 34, {253: "I", 0: "I", 1: "H", 2: "E"}),
}
_ACTIVITY_FILE, _DEVELOPMENT = 4, 255
_TIMER, _START, _STOP_ALL = 0, 0, 4
_SPORTS: Final = {Sport.RUN: 1, Sport.RIDE: 2, Sport.SWIM: 5, Sport.WALK: 11, Sport.OTHER: 0}


def write_fit(recordings: Sequence[Recording]) -> bytes:
    """Return a FIT file with one session for each recording, in the order of their starts."""
    body = bytearray()
    defined: set[str] = set()

    def put(name: str, *values: float | None) -> None:
        local, number, fields = _MESSAGES[name]
        types = [_TYPES[kind] for kind in fields.values()]
        if name not in defined:
            defined.add(name)
            body.extend(struct.pack("<BBBHB", 0x40 | local, 0, 0, number, len(fields)))
            for field, (base, code, _) in zip(fields, types, strict=True):
                body.extend((field, struct.calcsize(code), base))
        known = zip(values, types, strict=True)
        whole = [nothing if v is None else round(v) for v, (_, _, nothing) in known]
        body.extend(struct.pack("<B" + "".join(code for _, code, _ in types), local, *whole))

    created = end = _seconds(recordings[0].started_at)
    put("file_id", _ACTIVITY_FILE, _DEVELOPMENT, 1, 1, created)
    for recording in recordings:
        start = _seconds(recording.started_at)
        put("event", start, _TIMER, _START)
        for point in recording.points:
            end = start + round(point.t)
            if point.gap:
                put("event", end, _TIMER, _STOP_ALL)
                put("event", end, _TIMER, _START)
            put("record", end, *_record(point))
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


def _record(point: TrackPoint) -> tuple[float | None, ...]:
    """Return latitude, longitude, fifths of a metre above -500, heart, feet and centimetres."""
    return (
        None if point.lat is None else point.lat * _SEMICIRCLES,
        None if point.lon is None else point.lon * _SEMICIRCLES,
        None if point.ele is None else (point.ele + 500) * 5,
        point.hr,
        None if point.cad is None else point.cad / 2,
        point.d * 100,
    )


def _seconds(instant: datetime) -> int:
    return round((instant - _EPOCH).total_seconds())
