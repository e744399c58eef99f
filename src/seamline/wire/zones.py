"""Time zones of libraries: their library makes them again, and one zone stays one object.

That they do is not cosmetic: two datetimes of one zone object are subtracted by the clock on
the wall, those of two objects by the time that passed. What the library does not hand out as
the same object again (zones that dateutil read from a file) is refused. The fixed offsets of
pydantic have no such identity: each datetime that it reads has one of its own.
"""

import sys
from collections.abc import Callable
from datetime import timedelta
from typing import Any, Final, NamedTuple

from seamline.errors import NotSendable
from seamline.wire.libraries import load_library
from seamline.wire.marks import READERS, ZONE, Reading, Refused, Writer, Writing

_UNKNOWN: Final = (AttributeError, LookupError, TypeError, ValueError)


class _Kind(NamedTuple):
    """One way in which a library hands out a zone.

    Attributes:
        module: Of the library.
        base: The class there.
        parts: What the zone is made from, plain values.
        make: Returns the zone from the module and the parts.
        is_one: Whether the library hands out one object for the same parts.
    """

    module: str
    base: str
    parts: Callable[[Any], list[Any]]
    make: Callable[..., Any]
    is_one: bool = True


def _seconds(zone: Any) -> int:
    offset: timedelta = zone.utcoffset(None)
    return offset.days * 86_400 + offset.seconds


def _dateutil_offset(zone: Any) -> list[Any]:
    return [zone.tzname(None), _seconds(zone)]


def _pytz_parts(zone: Any) -> list[Any]:
    """Return the key of a zone, and which of its periods a zone with several stands for."""
    if not hasattr(zone, "_tzinfos"):
        return [zone.zone]
    spans = [zone._utcoffset, zone._dst]  # noqa: SLF001 - there is no other way to it
    return [zone.zone, *(s.days * 86_400 + s.seconds for s in spans), zone._tzname]  # noqa: SLF001


def _pytz_zone(module: Any, key: str, *period: Any) -> Any:
    zone = module.timezone(key)
    if not period:
        return zone
    offset, summer, name = period
    return zone._tzinfos[timedelta(seconds=offset), timedelta(seconds=summer), name]  # noqa: SLF001


# The first that fits; both ends have the same list.
_KINDS: Final = (
    _Kind("dateutil.tz", "tzutc", lambda _: [], lambda module: module.tzutc()),
    _Kind("dateutil.tz", "tzoffset", _dateutil_offset, lambda module, *at: module.tzoffset(*at)),
    _Kind(
        "pytz",
        "_FixedOffset",
        lambda zone: [zone._minutes],  # noqa: SLF001
        lambda module, minutes: module.FixedOffset(minutes),
    ),
    _Kind("pytz", "BaseTzInfo", _pytz_parts, _pytz_zone),
    _Kind(
        "pydantic_core._pydantic_core",
        "TzInfo",
        lambda zone: [_seconds(zone)],
        lambda module, seconds: module.TzInfo(seconds),
        is_one=False,
    ),
)


def zone_writer(cls: type) -> Writer | None:
    """Return the writer of a zone's class, or None for any other class."""
    for number, kind in enumerate(_KINDS):
        base = getattr(sys.modules.get(kind.module), kind.base, None)
        if isinstance(base, type) and issubclass(cls, base):
            return _writer(number, kind)
    return None


def _writer(number: int, kind: _Kind) -> Writer:
    def write(value: Any, _w: Writing, _left: int) -> Any:
        try:
            parts = kind.parts(value)
            again = kind.make(sys.modules[kind.module], *parts)
        except _UNKNOWN as error:
            raise Refused(value, f"its library does not know it: {error!r}") from error
        if again is not value and kind.is_one:
            raise Refused(value, "its library makes another object from what it says of it")
        return [ZONE, number, *parts]

    return write


def read_zone_again(node: list[Any], _r: Reading, _left: int) -> Any:
    """Read a zone, which the library of this process makes.

    Raises:
        NotSendable: Its library is not installed here.
        TypeError: There is no such zone, or not here.
    """
    _, number, *parts = node
    if type(number) is not int or not 0 <= number < len(_KINDS):
        raise TypeError("a time zone of no known library")
    kind = _KINDS[number]
    try:
        # One of the modules above, whatever the peer says.
        return kind.make(load_library(kind.module), *parts)
    except NotSendable:
        raise
    except _UNKNOWN as error:
        raise TypeError(f"no time zone of {kind.module} here: {parts!r}") from error


READERS[ZONE] = read_zone_again
