"""Django beside a call: the active language and time zone, the prefix of addresses.

The transactions that are open travel along, to refuse what would be wrong in another one.
Connections to databases are the host's own, and cleaned up as after a request.
"""

import importlib
from datetime import tzinfo

from seamline.errors import WireError
from seamline.frameworks.applications import Applications
from seamline.frameworks.django_transactions import Open, begin, connections, is_set_up, open_now
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
        """Return the caller's language, time zone and open transactions.

        Returns:
            ``None`` where Django is not set up.
        """
        if not is_set_up():
            return None
        return self.codec.encode((state(), open_now()), where=("state", "open transactions"))

    pack_state = pack

    def apply(self, data: bytes) -> None:
        """Activate what the host activated."""
        activate(_state_of(self.codec.decode(data)))

    def read(self, data: bytes) -> tuple[State, tuple[Open, ...]]:
        """Return the state and the transactions that a caller sent. Raises WireError."""
        match self.codec.decode(data):
            case (told, tuple() as transactions):
                return _state_of(told), tuple(map(_open_of, transactions))
            case _:
                raise WireError("the peer sent something else than Django's contexts")

    def enter(self, data: bytes, name: str) -> "DjangoVisit":
        """Activate the caller's language and time zone. Raises WireError."""
        wanted, transactions = self.read(data)
        if not is_set_up():
            importlib.import_module("django").setup()
        return DjangoVisit(self, wanted, transactions, name)


def _state_of(told: object) -> State:
    """Return what a peer sent if it is a state. Raises WireError."""
    match told:
        case (str() | None as language, tzinfo() | None as zone, str() as prefix,
                  str() | None as addresses):  # fmt: skip
            return language, zone, prefix, addresses
        case _:
            raise WireError("the peer sent something else than a language and a time zone")


def _open_of(told: object) -> Open:
    """Return what a peer sent if it is an open transaction. Raises WireError."""
    match told:
        case (str() as alias, bool() as has_written):
            return alias, has_written
        case _:
            raise WireError("the peer sent something else than an open transaction")


class DjangoVisit:
    """Language, time zone and connections of one call in the process that hosts its function."""

    def __init__(
        self,
        contexts: DjangoContexts,
        wanted: State,
        transactions: tuple[Open, ...],
        name: str,
    ) -> None:
        self._contexts = contexts
        self._name = name
        self._outer = state()
        self._before = wanted
        _clean_up()
        activate(wanted)
        begin(transactions, name)

    def changes(self) -> bytes | None:
        """Return what the call activated, or ``None``."""
        after = state()
        if after == self._before:
            return None
        self._before = after
        return self._contexts.codec.encode(after, where=_WHERE)

    def renew(self, data: bytes) -> None:
        """Take over what the caller activated between two steps of a stream."""
        self._before, transactions = self._contexts.read(data)
        activate(self._before)
        begin(transactions, self._name)

    def leave(self, _error: BaseException | None) -> None:
        """Let go of connections as after a request, and of what was activated."""
        _clean_up()
        activate(self._outer)

    async def leave_async(self, error: BaseException | None) -> None:
        """Do the same in a coroutine."""
        self.leave(error)


_WHERE = ("language", "time zone", "script prefix", "addresses")


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
    """Close connections that are broken or too old, as Django does around a request.

    In layout ``local`` they are the caller's, too, who may be in a transaction.
    """
    for connection in connections():
        if not connection.in_atomic_block:
            connection.close_if_unusable_or_obsolete()
