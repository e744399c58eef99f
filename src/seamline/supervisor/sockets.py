"""Every listening socket of a run: bound by the supervisor, handed to worker after worker."""

import contextlib
import errno
import os
import shlex
import socket
import stat
from pathlib import Path
from typing import Any, Final

import msgspec

from seamline.errors import BindError

# Connections that wait while a worker is replaced; the kernel caps it at net.core.somaxconn.
BACKLOG: Final = 2048

# Of the process that has a port.
_COMMAND_CHARACTERS: Final = 100


class Address(msgspec.Struct, frozen=True):
    """Where HTTP is served: a TCP host and port, or the path of a Unix socket.

    Attributes:
        is_inherited: Whether somebody else made the socket, whose it stays.
    """

    host: str = ""
    port: int = 0
    path: str = ""
    is_inherited: bool = False

    @classmethod
    def parse(cls, text: str) -> "Address":
        """Read ``host:port``, ``[v6]:port``, ``:port`` or ``unix:/path``. Raises BindError."""
        if text.startswith("unix:"):
            return cls(path=text.removeprefix("unix:"))
        host, colon, port = text.rpartition(":")
        if not colon or not port.isdigit() or int(port) > 65535:  # noqa: PLR2004
            raise BindError(
                f"{text!r} is not an address", remedy="write host:port or unix:/path/of.sock"
            )
        return cls(host=host.strip("[]") or "0.0.0.0", port=int(port))  # noqa: S104 - as asked

    @property
    def url(self) -> str:
        """What to open in a browser, or the Unix socket's address."""
        if self.path:
            return f"unix:{self.path}"
        host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(self.host, self.host)  # noqa: S104
        return f"http://{f'[{host}]' if ':' in host and '[' not in host else host}:{self.port}"

    def __str__(self) -> str:
        return f"unix:{self.path}" if self.path else f"{self.host}:{self.port}"


def open_http(address: Address, slots: int, mode: int) -> tuple[Address, list[socket.socket]]:
    """Listen on an address, with one socket for each worker slot.

    Several slots of a TCP address each get a listener of their own (SO_REUSEPORT), because
    workers that share one listener divide connections very unevenly. A Unix socket cannot be
    divided: its slots share it.

    Returns:
        The address with the port the kernel chose for port 0, and the sockets. The caller
        closes them.

    Raises:
        BindError: The address is in use, is not of this machine or is not allowed.
    """
    if address.path:
        shared = open_unix(address.path, mode)
        return address, [shared, *(shared.dup() for _ in range(slots - 1))]
    first = _open_tcp(address, share=False)
    bound = Address(address.host, first.getsockname()[1])
    if slots == 1:
        first.listen(BACKLOG)
        return bound, [first]
    # A listener without SO_REUSEPORT proves that nobody else is there, but must go before
    # the sharing ones can bind.
    first.close()
    sockets: list[socket.socket] = []
    with contextlib.ExitStack() as undo:
        for _ in range(slots):
            opened = undo.enter_context(_open_tcp(bound, share=True))
            opened.listen(BACKLOG)
            sockets.append(opened)
        undo.pop_all()
    return bound, sockets


def resolve(address: Address) -> tuple[int, int, int, tuple[Any, ...]]:
    """Return family, kind, protocol and the kernel's form of a TCP address. Raises BindError."""
    try:
        family, kind, protocol, _, where = socket.getaddrinfo(
            address.host, address.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
    except socket.gaierror as exc:
        raise BindError(f"cannot listen on {address}: {exc.strerror}") from exc
    return family, kind, protocol, where


def _open_tcp(address: Address, *, share: bool) -> socket.socket:
    family, kind, protocol, where = resolve(address)
    opened = socket.socket(family, kind, protocol)
    try:
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if share:
            opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        if family == socket.AF_INET6:
            opened.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        opened.bind(where)
    except OSError as exc:
        opened.close()
        raise _refused(address, exc) from exc
    return opened


def open_unix(path: str, mode: int) -> socket.socket:
    """Listen on a Unix socket, taking the place of a dead one.

    Raises:
        BindError: Something listens there, or the path cannot be used.
    """
    address = Address(path=path)
    opened = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        _remove_dead(path)
        # A socket's file has the bits of the socket: never wider ones, not for a moment.
        os.fchmod(opened.fileno(), mode)
        opened.bind(path)
        Path(path).chmod(mode)
        opened.listen(BACKLOG)
    except OSError as exc:
        opened.close()
        raise _refused(address, exc) from exc
    return opened


def _remove_dead(path: str) -> None:
    """Remove a socket that nobody listens on any more. Raises OSError when somebody does."""
    with contextlib.suppress(FileNotFoundError):
        if not stat.S_ISSOCK(Path(path).stat().st_mode):
            raise FileExistsError(errno.EEXIST, "exists and is not a socket")
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
            probe.setblocking(False)  # a full backlog is an answer too
            try:
                probe.connect(path)
            except ConnectionRefusedError:
                Path(path).unlink()
                return
            except BlockingIOError:
                pass
        raise OSError(errno.EADDRINUSE, os.strerror(errno.EADDRINUSE))


def _refused(address: Address, exc: OSError) -> BindError:
    holder = "" if address.path else find_holder(address.port)
    remedy = "" if address.path else "choose another with --bind"
    if address.path and exc.errno == errno.ENOENT:
        remedy = f"make its directory: mkdir -p {shlex.quote(str(Path(address.path).parent))}"
    return BindError(
        f"cannot listen on {address}: {exc.strerror or exc}"
        + (f" by {holder}" if holder and exc.errno == errno.EADDRINUSE else ""),
        remedy=remedy,
    )


def find_holder(port: int, proc: Path = Path("/proc")) -> str:
    """Name the process that listens on a TCP port, or return an empty string.

    Only processes of the same user can be looked into.
    """
    inodes = {
        inode for table in ("tcp", "tcp6") for inode in _listening(proc / "net" / table, port)
    }
    if not inodes:
        return ""
    wanted = {f"socket:[{inode}]" for inode in inodes}
    for process in proc.iterdir():
        if not process.name.isdigit():
            continue
        with contextlib.suppress(OSError):
            for descriptor in (process / "fd").iterdir():
                if str(descriptor.readlink()) in wanted:
                    command = (process / "cmdline").read_text(errors="replace").replace("\0", " ")
                    return f"pid {process.name} ({_shortened(command.strip())})"
    return ""


def _shortened(command: str) -> str:
    """Return a command without its middle if it is long: what was asked for is at its end."""
    if len(command) <= _COMMAND_CHARACTERS:
        return command
    half = _COMMAND_CHARACTERS // 2
    return f"{command[:half]} ... {command[-half:]}"


def _listening(table: Path, port: int) -> list[str]:
    """Return the inodes of sockets that listen on a port, from ``/proc/net/tcp``."""
    try:
        lines = table.read_text().splitlines()[1:]
    except OSError:
        return []
    rows = [line.split() for line in lines]
    return [
        row[9] for row in rows if row[3] == "0A" and int(row[1].rpartition(":")[2], 16) == port
    ]
