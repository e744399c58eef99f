"""Scalars of Python and its standard library, both directions; exact types only."""

import ipaddress
import pathlib
import re
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from decimal import Decimal
from fractions import Fraction
from typing import Any, Final
from uuid import UUID, SafeUUID
from zoneinfo import ZoneInfo

import msgspec

from seamline.wire.marks import (
    ADDRESS,
    BIGINT,
    COMPLEX,
    CONSTANT,
    DATE,
    DATETIME,
    DATETIME_ZONE,
    DECIMAL,
    DEFAULT,
    FRACTION,
    PATH,
    PATTERN,
    RANGE,
    READERS,
    SLICE,
    STRING,
    TIME,
    TIMEDELTA,
    TIMEZONE,
    UUID_,
    WRITERS,
    ZONEINFO,
    Default,
    Reading,
    Refused,
    Writing,
    enter,
    read,
)

_SMALLEST: Final = -(2**63)
_LARGEST: Final = 2**64 - 1
_EPOCH: Final = datetime(1970, 1, 1)  # noqa: DTZ001 - naive ones are counted from here


def write_int(value: int, _w: Writing, _left: int) -> Any:
    """Write an int of any size (only called in the careful mode)."""
    if _SMALLEST <= value <= _LARGEST:
        return value
    return [BIGINT, value.to_bytes(value.bit_length() // 8 + 1, "little", signed=True)]


def write_str(value: str, _w: Writing, _left: int) -> Any:
    """Write a str that may hold lone surrogates (only called in the careful mode)."""
    try:
        value.encode()
    except UnicodeEncodeError:
        return [STRING, value.encode("utf-8", "surrogatepass")]
    return value


def write_datetime(value: datetime, w: Writing, left: int) -> Any:
    """Write a datetime; its zone keeps its kind, its fold is kept."""
    zone = value.tzinfo
    if not value.fold:
        if zone is UTC:
            return value  # msgpack's own timestamp
        if zone is None:
            # Five times as fast as ISO text.
            since = value - _EPOCH
            return [DATETIME, since.days, since.seconds, since.microseconds]
    naive = value.replace(tzinfo=None).isoformat()
    return [DATETIME_ZONE, naive, w.value(zone, left), value.fold]


def read_datetime(node: list[Any], _r: Reading, _left: int) -> datetime:
    """Read a naive datetime."""
    _, days, seconds, microseconds = node
    return _EPOCH + timedelta(days, seconds, microseconds)


def read_datetime_zone(node: list[Any], r: Reading, left: int) -> datetime:
    """Read a datetime with a zone or a fold."""
    _, naive, zone, fold = node
    found = read_zone(zone, r, left)
    return datetime.fromisoformat(naive).replace(tzinfo=found, fold=fold)


def read_zone(node: Any, r: Reading, left: int) -> tzinfo | None:
    """Read a time zone or None."""
    zone = read(node, r, left)
    if zone is not None and not isinstance(zone, tzinfo):
        raise TypeError("a time zone is something else")
    return zone


def write_time(value: time, w: Writing, left: int) -> Any:
    """Write a time of day."""
    naive = value.replace(tzinfo=None).isoformat()
    return [TIME, naive, w.value(value.tzinfo, left), value.fold]


def read_time(node: list[Any], r: Reading, left: int) -> time:
    """Read a time of day."""
    _, naive, zone, fold = node
    return time.fromisoformat(naive).replace(tzinfo=read_zone(zone, r, left), fold=fold)


def write_timezone(value: timezone, _w: Writing, _left: int) -> Any:
    """Write a fixed offset and its name, if it was given one."""
    offset = value.utcoffset(None)
    parts = [offset.days, offset.seconds, offset.microseconds]
    name = value.__getinitargs__()[1:]  # type: ignore[attr-defined]
    return [TIMEZONE, *parts, *name]


def read_timezone(node: list[Any], _r: Reading, _left: int) -> timezone:
    """Read a fixed offset; the one of UTC is ``timezone.utc`` itself."""
    _, days, seconds, microseconds, *name = node
    return timezone(timedelta(days, seconds, microseconds), *name)


def write_zoneinfo(value: ZoneInfo, _w: Writing, _left: int) -> Any:
    """Write a zone by its key."""
    if value.key is None:
        raise Refused(value, "it was read from a file and has no key")
    return [ZONEINFO, value.key]


def write_uuid(value: UUID, _w: Writing, _left: int) -> Any:
    """Write a UUID and whether it was made safely."""
    if value.is_safe is SafeUUID.unknown:
        return [UUID_, value.bytes]
    return [UUID_, value.bytes, value.is_safe.value]


def read_uuid(node: list[Any], _r: Reading, _left: int) -> UUID:
    """Read a UUID."""
    _, data, *safe = node
    return UUID(bytes=data, is_safe=SafeUUID(*safe) if safe else SafeUUID.unknown)


_PATHS: Final[dict[str, type]] = {
    kind.__name__: kind
    for kind in (
        pathlib.PurePath,
        pathlib.PurePosixPath,
        pathlib.PureWindowsPath,
        pathlib.PosixPath,
        pathlib.WindowsPath,
    )
}
_ADDRESSES: Final[dict[str, type]] = {
    kind.__name__: kind
    for kind in (
        ipaddress.IPv4Address,
        ipaddress.IPv6Address,
        ipaddress.IPv4Network,
        ipaddress.IPv6Network,
        ipaddress.IPv4Interface,
        ipaddress.IPv6Interface,
    )
}
_CONSTANTS: Final = (Ellipsis, NotImplemented, DEFAULT, msgspec.UNSET)


def write_pattern(value: re.Pattern[Any], w: Writing, left: int) -> Any:
    """Write a compiled pattern by its source and flags."""
    return [PATTERN, w.value(value.pattern, left), value.flags]


def read_pattern(node: list[Any], r: Reading, left: int) -> re.Pattern[Any]:
    """Read a compiled pattern; a debugging one does not print itself again."""
    _, source, flags = node
    return re.compile(read(source, r, left), flags & ~re.DEBUG)


def write_slice(value: slice, w: Writing, left: int) -> Any:
    """Write a slice of anything."""
    inner = w.descend(value, left)
    return [SLICE, *[w.value(x, inner) for x in (value.start, value.stop, value.step)]]


def read_slice(node: list[Any], r: Reading, left: int) -> slice:
    """Read a slice."""
    _, start, stop, step = node
    inner = enter(left)
    return slice(read(start, r, inner), read(stop, r, inner), read(step, r, inner))


def _whole(*values: Any) -> tuple[int, ...]:
    if not all(type(x) is int for x in values):
        raise TypeError("a whole number is something else")
    return values


def _ints(tag: int, parts: Callable[[Any], tuple[int, ...]]) -> Callable[..., Any]:
    """Return a writer of a value that is made of ints of any size."""

    def write(value: Any, w: Writing, left: int) -> Any:
        return [tag, *[w.value(x, left) for x in parts(value)]]

    return write


def _of_ints(make: Callable[..., Any]) -> Callable[..., Any]:
    """Return the reader of what ``_ints`` wrote."""

    def read_ints(node: list[Any], r: Reading, left: int) -> Any:
        return make(*_whole(*[read(x, r, left) for x in node[1:]]))

    return read_ints


def _text(tag: int) -> Callable[..., Any]:
    """Return a writer of a value by its class's name and its text."""

    def write(value: Any, w: Writing, left: int) -> Any:
        return [tag, type(value).__name__, w.value(str(value), left)]

    return write


def _of_text(kinds: dict[str, type]) -> Callable[..., Any]:
    """Return the reader of what ``_text`` wrote."""

    def read_text(node: list[Any], r: Reading, left: int) -> Any:
        _, kind, text = node
        found = read(text, r, left)
        if type(found) is not str:
            raise TypeError("a text is something else")
        return kinds[kind](found)

    return read_text


WRITERS.update(
    {
        int: write_int,
        str: write_str,
        complex: lambda v, _w, _left: [COMPLEX, v.real, v.imag],
        datetime: write_datetime,
        date: lambda v, _w, _left: [DATE, v.isoformat()],
        time: write_time,
        timedelta: lambda v, _w, _left: [TIMEDELTA, v.days, v.seconds, v.microseconds],
        timezone: write_timezone,
        ZoneInfo: write_zoneinfo,
        Decimal: lambda v, _w, _left: [DECIMAL, str(v)],
        Fraction: _ints(FRACTION, lambda v: (v.numerator, v.denominator)),
        UUID: write_uuid,
        range: _ints(RANGE, lambda v: (v.start, v.stop, v.step)),
        slice: write_slice,
        re.Pattern: write_pattern,
        type(Ellipsis): lambda _v, _w, _left: [CONSTANT, 0],
        type(NotImplemented): lambda _v, _w, _left: [CONSTANT, 1],
        Default: lambda _v, _w, _left: [CONSTANT, 2],
        msgspec.UnsetType: lambda _v, _w, _left: [CONSTANT, 3],
        **dict.fromkeys(_PATHS.values(), _text(PATH)),
        **dict.fromkeys(_ADDRESSES.values(), _text(ADDRESS)),
    }
)
READERS.update(
    {
        BIGINT: lambda n, _r, _left: int.from_bytes(n[1], "little", signed=True),
        STRING: lambda n, _r, _left: n[1].decode("utf-8", "surrogatepass"),
        COMPLEX: lambda n, _r, _left: complex(n[1], n[2]),
        DATETIME: read_datetime,
        DATETIME_ZONE: read_datetime_zone,
        DATE: lambda n, _r, _left: date.fromisoformat(n[1]),
        TIME: read_time,
        TIMEDELTA: lambda n, _r, _left: timedelta(n[1], n[2], n[3]),
        TIMEZONE: read_timezone,
        ZONEINFO: lambda n, _r, _left: ZoneInfo(n[1]),
        DECIMAL: lambda n, _r, _left: Decimal(n[1]),
        FRACTION: _of_ints(Fraction),
        UUID_: read_uuid,
        PATH: _of_text(_PATHS),
        RANGE: _of_ints(range),
        SLICE: read_slice,
        ADDRESS: _of_text(_ADDRESSES),
        PATTERN: read_pattern,
        CONSTANT: lambda n, _r, _left: _CONSTANTS[n[1]],
    }
)
