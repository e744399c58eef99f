"""Listening sockets that this process was started with, by systemd or by whoever started it.

The protocol is that of sd_listen_fds(3): ``LISTEN_FDS`` descriptors from 3 on are for the process
whose number ``LISTEN_PID`` is; ``LISTEN_FDNAMES`` names them, separated by colons.
"""

import os
import socket
import stat
from collections.abc import Mapping
from typing import Final

import msgspec

from seamline.errors import BindError
from seamline.plan import Plan, ServicePlan
from seamline.supervisor.sockets import Address
from seamline.supervisor.store import is_stored

_SCHEME: Final = "fd://"
# Of sd_listen_fds(3): SD_LISTEN_FDS_START.
_FIRST: Final = 3
# Far above what one service manager passes, and below what would take long to look through.
_MOST: Final = 1000
_VARIABLES: Final = ("LISTEN_FDS", "LISTEN_PID", "LISTEN_FDNAMES")
_KINDS: Final = (
    (stat.S_ISREG, "a file"),
    (stat.S_ISDIR, "a directory"),
    (stat.S_ISFIFO, "a pipe"),
    (stat.S_ISCHR, "a device"),
)


class Inherited:
    """What a service manager passed.

    Args:
        names: Of the descriptors, by number; empty where one has none.

    Attributes:
        stored: Names of those that an earlier start had kept, by number.
    """

    def __init__(self, names: Mapping[int, str]) -> None:
        self.stored = {number: name for number, name in names.items() if is_stored(name)}
        self._names = {number: name for number, name in names.items() if not is_stored(name)}

    @classmethod
    def read(cls, environ: Mapping[str, str], pid: int) -> "Inherited":
        """Read what was passed to this process, and nothing that was meant for another.

        Raises:
            BindError: The variables cannot be used.
        """
        if environ.get("LISTEN_PID") != str(pid) or not environ.get("LISTEN_FDS"):
            return cls({})
        text = environ["LISTEN_FDS"]
        if not (text.isascii() and text.isdigit()) or int(text) > _MOST:
            raise BindError(f"LISTEN_FDS is {text!r}, which is no number of descriptors")
        names = environ.get("LISTEN_FDNAMES", "").split(":")
        count = int(text)
        if len(names) != count:
            names = [""] * count
        return cls(dict(enumerate(names, _FIRST)))

    def number(self, bind: str) -> int:
        """Return the descriptor that ``fd://`` and a number or a name stand for.

        Raises:
            BindError: None of that name was passed.
        """
        text = bind.removeprefix(_SCHEME)
        if text.isdigit():
            return int(text)
        for number, name in self._names.items():
            if name == text:
                return number
        passed = ", ".join(f"{one} ({name or 'no name'})" for one, name in self._names.items())
        raise BindError(
            f"{bind}: no descriptor of that name was passed",
            remedy=f"passed were: {passed}"
            if passed
            else f"name it in the .socket unit: FileDescriptorName={text}",
        )

    def assign(self, plan: Plan) -> Plan:
        """Return the plan with a descriptor's number where a service listens on one.

        A descriptor belongs to the service whose ``bind`` is ``fd://`` and its number or name;
        else to the http service of its name; the only one there is, to the first http service.

        Raises:
            BindError: One that was passed belongs to no service, or one that is named was not.
        """
        services = [one for one in plan.services if one.http is not None and one.bind is not None]
        binds = {
            str(one.bind): f"{_SCHEME}{self.number(str(one.bind))}"
            for one in services
            if str(one.bind).startswith(_SCHEME)
        }
        for number in self._names:
            if f"{_SCHEME}{number}" not in binds.values():
                bind = self._taker(number, services)
                if bind is None or bind in binds:
                    raise self._unwanted(number)
                binds[bind] = f"{_SCHEME}{number}"
        return msgspec.structs.replace(
            plan,
            services=tuple(
                msgspec.structs.replace(one, bind=binds.get(one.bind or "", one.bind))
                for one in plan.services
            ),
        )

    def _taker(self, number: int, services: list[ServicePlan]) -> str | None:
        named = next((one for one in services if one.name == self._names[number]), None)
        if named is None and len(self._names) == 1 and services:
            named = services[0]
        return None if named is None else named.bind

    def _unwanted(self, number: int) -> BindError:
        name = self._names[number]
        return BindError(
            f"descriptor {number}{f' ({name})' if name else ''} was passed, and no http service "
            "listens on it",
            remedy=f'give one bind = "fd://{name or number}", or pass it no more',
        )


def named_descriptors(plan: Plan) -> tuple[int, ...]:
    """Return the descriptors that services of a plan listen on, whose they are not."""
    binds = {str(one.bind) for one in plan.services}
    names = sorted(bind.removeprefix(_SCHEME) for bind in binds if bind.startswith(_SCHEME))
    return tuple(int(name) for name in names)


def without_passed(environ: Mapping[str, str]) -> dict[str, str]:
    """Return an environment for children, for whom nothing of it was meant."""
    return {name: value for name, value in environ.items() if name not in _VARIABLES}


def open_inherited(bind: str, slots: int) -> tuple[Address, list[socket.socket]]:
    """Return a listening socket that this process was started with, once for each slot.

    The slots share it: who accepts a connection is the kernel's choice, and not an even one. The
    descriptor itself stays open, so that nothing is refused whatever ends.

    Args:
        bind: ``fd://`` and the descriptor's number.
        slots: How many workers share it.

    Returns:
        Where it listens, and the sockets. The caller closes them.

    Raises:
        BindError: It is not open, no socket, or does not listen.
    """
    number, shown = Inherited({}).number(bind), bind
    try:
        mode = os.fstat(number).st_mode
    except (OSError, OverflowError) as exc:
        raise BindError(
            f"{shown}: descriptor {number} is not open",
            remedy="whoever starts seamline has to open it and pass it on",
        ) from exc
    if not stat.S_ISSOCK(mode):
        kind = next((kind for is_kind, kind in _KINDS if is_kind(mode)), "something else")
        raise BindError(f"{shown}: descriptor {number} is {kind}, no socket")
    os.set_inheritable(number, False)
    opened = socket.socket(fileno=os.dup(number))
    try:
        address = _address_of(opened, shown)
    except BaseException:
        opened.close()
        raise
    return address, [opened, *(opened.dup() for _ in range(slots - 1))]


def _address_of(opened: socket.socket, shown: str) -> Address:
    if opened.type != socket.SOCK_STREAM:
        raise BindError(f"{shown}: the socket carries no streams, which HTTP needs")
    if not opened.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
        raise BindError(
            f"{shown}: the socket does not listen",
            remedy="in a .socket unit, write ListenStream= and leave Accept= out",
        )
    name = opened.getsockname()
    if opened.family == socket.AF_UNIX:
        path = os.fsdecode(name) if isinstance(name, bytes) else name
        return Address(path=path.replace("\0", "@", 1), is_inherited=True)
    if opened.family in {socket.AF_INET, socket.AF_INET6}:
        return Address(host=name[0], port=name[1], is_inherited=True)
    raise BindError(f"{shown}: the socket is neither of TCP nor of Unix")
