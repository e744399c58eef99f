"""Listening sockets that a service manager keeps while the service is restarted.

By the protocol of sd_pid_notify_with_fds(3): what is sent with ``FDSTORE=1`` is passed again to
the next start, among the descriptors of sd_listen_fds(3). So who connects meanwhile waits, and is
not refused. ``FDSTORE`` in the environment says how many it keeps.
"""

import os
import re
import socket
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final

from seamline.supervisor.logs import LogStream
from seamline.supervisor.notify import Notifier
from seamline.supervisor.sharing import open_beside
from seamline.supervisor.sockets import BACKLOG, Address, open_http, resolve

_VARIABLE: Final = "FDSTORE"
# What this module names: which of its address it is, and the number that the kernel gave it.
_NAME: Final = re.compile(r"seamline\.(\d{1,4})\.(\d{1,20})")
# As many as a run passes to its own workers, far more than a machine has processors.
_MOST_DIGITS: Final = 6


def is_stored(name: str) -> bool:
    """Whether a descriptor of that name was passed because an earlier start had it kept."""
    return _NAME.fullmatch(name) is not None


class Store:
    """What the service manager keeps for this run.

    Args:
        notifier: Tells it.
        most: Descriptors that it keeps at most; 0 for none.
        passed: Names of those that it kept and passed to this process, by number.
        names: Names of those that it has already, by the kernel's number of the socket.
    """

    def __init__(
        self,
        notifier: Notifier,
        most: int = 0,
        *,
        passed: Mapping[int, str] | None = None,
        names: Mapping[int, str] | None = None,
    ) -> None:
        self.names = dict(names or {})
        self._notifier = notifier
        self._most = most
        self._passed = [_taken(*one) for one in sorted((passed or {}).items(), key=_order)]

    @classmethod
    def of(
        cls,
        environ: Mapping[str, str],
        notifier: Notifier,
        *,
        passed: Mapping[int, str] | None = None,
        names: Mapping[int, str] | None = None,
    ) -> "Store":
        """Return what the environment says of it."""
        most = environ.get(_VARIABLE, "")
        is_number = most.isascii() and most.isdigit() and len(most) <= _MOST_DIGITS
        return cls(notifier, int(most) if is_number else 0, passed=passed, names=names)

    @property
    def is_open(self) -> bool:
        """Whether anything is kept."""
        return bool(self.names)

    def has(self, opened: socket.socket) -> bool:
        """Whether a socket is kept."""
        return _number(opened) in self.names

    def open_http(
        self, address: Address, slots: int, mode: int
    ) -> tuple[Address, list[socket.socket]]:
        """Listen on an address, with what was kept of it and as many sockets more as are needed.

        As :func:`~seamline.supervisor.sockets.open_http`.
        """
        kept = [one for one in self._passed if _is_of(one[0], address)][:slots]
        if not kept:
            return open_http(address, slots, mode)
        self._passed = [one for one in self._passed if one not in kept]
        self.names |= {_number(opened): name for opened, name in kept}
        sockets = [opened for opened, _ in kept]
        while len(sockets) < slots:
            beside = open_beside(sockets[0])
            beside.listen(BACKLOG)
            sockets.append(beside)
        return address, sockets

    def keep(self, places: Iterable[tuple[int, socket.socket]], logs: LogStream) -> None:
        """Have sockets be kept that are not yet, unless they are too many.

        Args:
            places: Each with the number of its slot.
            logs: Where it is said that they are not kept.
        """
        if not self._most:
            return
        new = {_number(opened): (slot, opened) for slot, opened in places}
        new = {number: one for number, one in new.items() if number not in self.names}
        if len(self.names) + len(new) > self._most:
            logs.notice(
                f"the service manager keeps {self._most} descriptors, and there are "
                f"{len(self.names) + len(new)} sockets: the new ones are not kept over a restart "
                "(FileDescriptorStoreMax= sets the limit)"
            )
            return
        for number, (slot, opened) in new.items():
            name = f"seamline.{slot}.{number}"
            if self._notifier.keep(name, opened.fileno()):
                self.names[number] = name
            else:
                logs.notice(f"the service manager does not hear: {name} is not kept")

    def close_rest(self, logs: LogStream) -> None:
        """Let go of what was kept and nothing listens on any more."""
        for opened, name in self._passed:
            address = opened.getsockname()
            logs.notice(f"a socket was kept of {address}, where nothing listens now; it is closed")
            self._notifier.let_go(name)
            opened.close()
        self._passed = []

    async def let_go(self, sockets: Sequence[socket.socket], logs: LogStream) -> None:
        """Have sockets not be kept any more, which are about to be closed."""
        names = [self.names.pop(number, "") for number in map(_number, sockets)]
        names = [name for name in names if name]
        for name in names:
            self._notifier.let_go(name)
        # Who connects goes to one that is open anywhere, and would wait there for ever.
        if names and not await self._notifier.has_heard():
            logs.notice(f"the service manager may still hold {', '.join(names)}: restart it soon")


def _order(passed: tuple[int, str]) -> tuple[int, int]:
    match = _NAME.fullmatch(passed[1])
    assert match is not None
    return int(match[1]), int(match[2])


def _taken(descriptor: int, name: str) -> tuple[socket.socket, str]:
    os.set_inheritable(descriptor, False)
    return socket.socket(fileno=descriptor), name


def _number(opened: socket.socket) -> int:
    return os.fstat(opened.fileno()).st_ino


def _is_of(opened: socket.socket, address: Address) -> bool:
    if address.path or opened.family == socket.AF_UNIX:
        is_same = opened.family == socket.AF_UNIX and opened.getsockname() == address.path
        return is_same and Path(address.path).is_socket()
    family, _, _, where = resolve(address)
    return opened.family == family and opened.getsockname()[:2] == where[:2]
