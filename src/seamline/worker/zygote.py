"""A process that has imported what several workers need, and is forked into each of them.

``python -m seamline.worker.zygote``, or a fork of a process that is to supervise and has done
nothing yet. It runs one thread and no event loop, and refuses to fork when what it imported
started something that no fork survives. The application itself is imported by each worker, or
here when its group is to be preloaded (``preload = true``).
"""

import contextlib
import ctypes
import errno
import faulthandler
import gc
import importlib
import io
import os
import random
import signal
import socket
import stat
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import msgspec

from seamline.worker.entry import find_own_modules, load, main
from seamline.worker.forking import (
    LENGTH,
    MAX_DESCRIPTORS,
    ZYGOTE_VARIABLE,
    Answer,
    Check,
    Fork,
    Forkable,
    Forked,
    Load,
    NotNow,
    Order,
    Preload,
    Refused,
)
from seamline.worker.report import FDS_VARIABLE
from seamline.worker.started import Started

if TYPE_CHECKING:
    from seamline.worker.loaded import Loaded

# Of linux/prctl.h: the signal that the end of the parent sends.
_PR_SET_PDEATHSIG: Final = 1
_OUTPUTS: Final = 2
_BUFFERED: Final = (io.TextIOWrapper, io.BufferedWriter)
# The one behind the functions of the module.
_OF_RANDOM: Final = getattr(random.random, "__self__", None)
# Kinds of anonymous files that event loops keep, which processes after a fork would share.
_LOOPS: Final = ("anon_inode:[eventpoll]", "anon_inode:[io_uring]")


def serve(channel: socket.socket) -> int:
    """Answer orders until the supervisor is gone; in a worker, live its life.

    Args:
        channel: This end of the supervisor's socket pair. It is closed.

    Returns:
        The exit status of whichever of these the process is by then.
    """
    # It may be importing for ever when the supervisor is killed. Workers do not inherit this.
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    faulthandler.enable()  # the supervisor's SIGABRT then shows which library hangs
    _read_nothing()
    os.dup2(2, 1)  # what libraries print is no part of the log stream
    # What every worker needs whatever it hosts.
    importlib.import_module("seamline.worker.life")
    ready = _Ready()
    with channel:
        became = _answer_all(channel, ready)
    if became is None:
        return 0
    _become(*became, ready)
    return main(ready.loaded)


def _answer_all(channel: socket.socket, ready: "_Ready") -> tuple[Fork, list[int]] | None:
    """Answer until the supervisor is gone. In a worker, return the order to become one."""
    reason, harmless = "", 0
    while received := _receive(channel):
        order, descriptors = received
        if isinstance(order, Preload | Load):
            reason, harmless = ready.follow(order)
            continue
        answer: Answer = Refused(reason, harmless)
        if isinstance(order, Check):
            answer = answer if reason else Forkable()
        elif not reason:
            try:
                pid = _fork()
            except OSError as exc:  # no room for another process at this moment
                answer = NotNow(f"it cannot be forked now: {exc.strerror}")
            else:
                if pid is None:
                    return order, descriptors
                answer = Forked(pid)
        _close(descriptors)
        _send(channel, answer)
    return None


def _receive(channel: socket.socket) -> tuple[Order, list[int]] | None:
    head, descriptors, _, _ = socket.recv_fds(channel, LENGTH.size, MAX_DESCRIPTORS)
    if not head:
        return None
    head += _read(channel, LENGTH.size - len(head))
    text = _read(channel, LENGTH.unpack(head)[0])
    return msgspec.json.decode(text, type=Order), list(descriptors)


def _read(channel: socket.socket, length: int) -> bytes:
    """Read exactly so much: the descriptors of the next order come with its own bytes."""
    read = bytearray()
    while len(read) < length:
        received = channel.recv(length - len(read))
        if not received:
            raise EOFError("the supervisor is gone")
        read += received
    return bytes(read)


def _send(channel: socket.socket, answer: Answer) -> None:
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # nobody waits any more
        channel.sendall(msgspec.json.encode(answer) + b"\n")


def _close(descriptors: Iterable[int]) -> None:
    for descriptor in descriptors:
        os.close(descriptor)


# -- before the first fork ---------------------------------------------------------------


class _Ready:
    """What the forks of this process begin with.

    Attributes:
        loaded: The application, if it is loaded here.
        environment: What was set before anything was imported.
    """

    def __init__(self) -> None:
        self.loaded: Loaded | None = None
        self.environment: dict[str, str] = {}

    def follow(self, order: Preload | Load) -> tuple[str, int]:
        """Import what workers import.

        Returns:
            Why the process cannot be forked, or nothing; and how many libraries, from the first,
            were imported before one started a thread.
        """
        self.environment = order.environment
        os.environ.clear()
        os.environ.update(order.environment)
        os.chdir(order.root)
        _look_in(order.environment.get("PYTHONPATH", ""), order.root)
        find_own_modules(order.root)
        before = _shared_files()
        started = Started(order.root)
        what, doing, harmless = "a library", "", 0
        try:
            with started.noting():
                if isinstance(order, Load):
                    what, doing = "the application", "loading the application"
                    self.loaded = load(order.log_level)
                else:
                    for name in order.libraries:
                        doing = f"importing {name}"
                        importlib.import_module(name)
                        harmless += _threads() == 1
        except BaseException as exc:  # noqa: BLE001 - a worker says where; even SystemExit is it
            return f"{doing} raised {type(exc).__name__}: {exc}", harmless
        reason = next(_reasons(before, what, started), "")
        _flush()
        gc.collect()
        gc.freeze()  # a collection in a worker then leaves these pages shared
        return reason, harmless


def _threads() -> int:
    return sum(1 for _ in Path("/proc/self/task").iterdir())


def _look_in(path: str, root: str) -> None:
    """Look for modules where a new interpreter would with that ``PYTHONPATH``."""
    entries = [entry or root for entry in path.split(os.pathsep)] if path else []
    sys.path[1:] = [*entries, *(entry for entry in sys.path[1:] if entry not in entries)]
    importlib.invalidate_caches()


def _flush() -> None:
    """Write what is still in buffers, which every worker would write."""
    for value in gc.get_objects():
        if type(value) in _BUFFERED and not value.closed:
            # What cannot be written here is no matter of this process.
            with contextlib.suppress(OSError, ValueError):
                value.flush()


def _reasons(before: Mapping[int, str], what: str, started: Started) -> Iterator[str]:
    """Yield what no fork survives, or what every worker would have one of together."""
    if (threads := _threads()) > 1:
        yield (
            f"{what} started {threads - 1} thread(s) while it was imported: "
            f"{started.describe(threads - 1)}"
        )
    if _has_children():
        yield f"{what} started a process while it was imported"
    if opened := _shared_files().keys() - before.keys():
        yield f"{what} opened {len(opened)} connection(s) or pipe(s) while it was imported"
    if any(map(_is_database, gc.get_objects())):
        yield f"{what} opened an SQLite database while it was imported"
    if sys.gettrace() is not None or _is_monitored():
        yield "this process is being traced or measured"
    if "numpy.random" in sys.modules:  # `random` itself seeds again after a fork
        yield "every worker would get the same random numbers from numpy"
    _forget_names()
    if any(map(_draws, gc.get_objects())):
        yield f"every worker would get the same random numbers from an object of {what}"


def _is_database(value: Any) -> bool:
    """Whether it is an open connection of SQLite, which no fork may use."""
    kind = getattr(sys.modules.get("sqlite3"), "Connection", None)
    if kind is None or not issubclass(type(value), kind):
        return False
    try:
        value.total_changes  # noqa: B018 - raises when it is closed
    except Exception:  # noqa: BLE001 - of the module, which may not be loaded
        return False
    return True


def _is_monitored() -> bool:
    monitoring = getattr(sys, "monitoring", None)  # new in Python 3.12
    return monitoring is not None and any(map(monitoring.get_tool, range(6)))


def _has_children() -> bool:
    try:
        os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        return False
    return True


def _forget_names() -> None:
    """Have ``tempfile`` make its generator of names anew: it does so in each process anyway."""
    tempfile = sys.modules.get("tempfile")
    if tempfile is not None:
        tempfile._name_sequence = None  # type: ignore[attr-defined]  # noqa: SLF001 - no way in


def _draws(value: object) -> bool:
    """Whether it is a generator of random numbers with a state of its own."""
    kind = type(value)  # not isinstance: proxies would run code of libraries
    is_seeded = issubclass(kind, random.Random) and not issubclass(kind, random.SystemRandom)
    return is_seeded and value is not _OF_RANDOM


def _shared_files() -> dict[int, str]:
    """Return the descriptors that two processes cannot use at the same time."""
    found = {}
    for entry in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(OSError):  # the one that lists the directory is closed by now
            mode = entry.stat().st_mode
            is_channel = stat.S_ISSOCK(mode) or stat.S_ISFIFO(mode)
            if is_channel or str(entry.readlink()) in _LOOPS:
                found[int(entry.name)] = str(entry.readlink())
    return found


# -- forking -----------------------------------------------------------------------------


def _fork() -> int | None:
    """Fork twice, so that the worker is the supervisor's child: returns its pid, or None in it.

    The process between them ends at once, and its child goes to the nearest ancestor that asked
    to be given such children (``PR_SET_CHILD_SUBREAPER``): the supervisor.
    """
    reader, writer = os.pipe()
    try:
        between = os.fork()
    except OSError:
        _close((reader, writer))
        raise
    if between == 0:
        try:
            worker = os.fork()
        except OSError:  # nothing of the application may run here, not even what it does at exit
            os._exit(1)
        if worker:
            os._exit(0)
        os.setpgid(0, 0)
        os.write(writer, str(os.getpid()).encode())
        os.close(reader)
        os.close(writer)
        return None
    os.close(writer)
    with os.fdopen(reader) as told:
        os.waitpid(between, 0)
        pid = told.read()
    if not pid:
        raise OSError(errno.EAGAIN, os.strerror(errno.EAGAIN))
    return int(pid)


def _become(order: Fork, descriptors: list[int], ready: _Ready) -> None:
    """Make this process what executing a new interpreter would have made it."""
    for number, descriptor in enumerate(descriptors[:_OUTPUTS], 1):
        os.dup2(descriptor, number)
        os.close(descriptor)
    handover = order.handover.renumbered(descriptors[_OUTPUTS:])
    given = order.environment
    if ready.loaded is None:
        os.environ.clear()
        os.chdir(order.root)
    else:  # what the application set while it was loaded stays
        given = {k: v for k, v in given.items() if ready.environment.get(k) != v}
    os.environ.update(given)
    os.environ[FDS_VARIABLE] = msgspec.json.encode(handover).decode()


def _read_nothing() -> None:
    with Path(os.devnull).open() as nothing:
        os.dup2(nothing.fileno(), 0)


# Guarded, because multiprocessing imports this module again in the application's children.
if __name__ == "__main__":
    sys.exit(serve(socket.socket(fileno=int(os.environ.pop(ZYGOTE_VARIABLE)))))
