"""Django beside a call: the active language and time zone, the prefix of addresses.

Connections to databases are the host's own, and cleaned up as after a request.
"""

import importlib
import sys
from datetime import tzinfo
from typing import Any

from seamline.errors import WireError
from seamline.frameworks.applications import Applications
from seamline.frameworks.overlay import Overlay
from seamline.wire import Codec

#: language, time zone, script prefix, module of the addresses
State = tuple[str | None, tzinfo | None, str, str | None]


class DjangoContexts:
    """What travels with the calls of functions that use Django."""

    def __init__(
        self,
        _parts: frozenset[str],
        codec: Codec,
        _applications: Applications,
        _overlay: Overlay,
    ) -> None:
        self.codec = codec

    def pack(self) -> bytes | None:
        """Return the caller's language and time zone; ``None`` where Django is not set up."""
        if not is_set_up():
            return None
        return self.codec.encode(state(), where=_WHERE)

    pack_state = pack

    def apply(self, data: bytes) -> None:
        """Activate what the host activated."""
        activate(self.read(data))

    def read(self, data: bytes) -> State:
        """Return the state that a peer sent. Raises WireError when it is none."""
        match self.codec.decode(data):
            case (str() | None as language, tzinfo() | None as zone, str() as prefix,
                  str() | None as addresses):  # fmt: skip
                return language, zone, prefix, addresses
            case _:
                raise WireError("the peer sent something else than a language and a time zone")

    def enter(self, data: bytes, _name: str) -> "DjangoVisit":
        """Activate the caller's language and time zone. Raises WireError."""
        wanted = self.read(data)
        if not is_set_up():
            importlib.import_module("django").setup()
        return DjangoVisit(self, wanted)


class DjangoVisit:
    """Language, time zone and connections of one call in the process that hosts its function."""

    def __init__(self, contexts: DjangoContexts, wanted: State) -> None:
        self._contexts = contexts
        self._outer = state()
        self._before = wanted
        _clean_up()
        activate(wanted)

    def changes(self) -> bytes | None:
        """Return what the call activated, or ``None``."""
        after = state()
        if after == self._before:
            return None
        self._before = after
        return self._contexts.codec.encode(after, where=_WHERE)

    def renew(self, data: bytes) -> None:
        """Take over what the caller activated between two steps of a stream."""
        self._before = self._contexts.read(data)
        activate(self._before)

    def leave(self, _error: BaseException | None) -> None:
        """Let go of connections as after a request, and of what was activated."""
        _clean_up()
        activate(self._outer)

    async def leave_async(self, error: BaseException | None) -> None:
        """Do the same in a coroutine."""
        self.leave(error)


_WHERE = ("language", "time zone", "script prefix", "addresses")


def is_set_up() -> bool:
    """Whether Django is loaded and has its settings and applications."""
    registry: Any = sys.modules.get("django.apps")
    return registry is not None and bool(registry.apps.ready)


def state() -> State:
    """Return what is active in the running code."""
    from django.urls import get_script_prefix, get_urlconf
    from django.utils import timezone, translation

    zone: tzinfo | None = getattr(timezone._active, "value", None)  # noqa: SLF001 - None: default
    addresses = get_urlconf()
    return (
        translation.get_language(),
        zone,
        get_script_prefix(),
        addresses if isinstance(addresses, str) else None,
    )


def activate(wanted: State) -> None:
    """Activate what differs from what is active."""
    from django.urls import set_script_prefix, set_urlconf
    from django.utils import timezone, translation

    now = state()
    language, zone, prefix, addresses = wanted
    if language != now[0] and language is None:
        translation.deactivate_all()
    elif language != now[0]:
        translation.activate(str(language))
    if zone != now[1] and zone is None:
        timezone.deactivate()
    elif zone != now[1]:
        timezone.activate(zone)
    if prefix != now[2]:
        set_script_prefix(prefix)
    if addresses != now[3]:
        set_urlconf(addresses)


def _clean_up() -> None:
    """Close connections that are broken or too old, as Django does around a request."""
    database: Any = sys.modules.get("django.db")
    if database is not None:
        database.close_old_connections()
