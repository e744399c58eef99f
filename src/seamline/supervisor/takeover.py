"""What a supervisor leaves to the next one, which is executed in its process.

Descriptors are inherited; a file in memory, named by its descriptor in the environment, says which
is what. Children of a process stay its children when it executes another program.
"""

import os
import stat
from collections.abc import Iterator, MutableMapping
from typing import Final

import msgspec

from seamline.errors import StartError
from seamline.plan import Plan
from seamline.supervisor.counts import Counts
from seamline.supervisor.fixed import as_scaled, check_fixed
from seamline.supervisor.sockets import Address
from seamline.worker import Beat, Listener

#: Holds the descriptor of the file; nobody but the process that it is for has it.
TAKEOVER_VARIABLE: Final = "SEAMLINE_TAKEOVER"
# Another number for every change that an older or newer Seamline would misread: of this, of the
# plan, or of what workers and their supervisor say to each other.
_FORMAT: Final = 2


class Pipe(msgspec.Struct, frozen=True):
    """One output of a process.

    Attributes:
        name: ``stdout`` or ``stderr``.
        fd: Where it is read.
        partial: What was read of a line that has not ended yet.
    """

    name: str
    fd: int
    partial: bytes = b""


class HeldProcess(msgspec.Struct, frozen=True, kw_only=True):
    """A process that lives on.

    Attributes:
        child: Its number as this process's child; ``pid`` is that of a command itself.
        control: Descriptor of the socket pair's end.
        unread: What was read of a report that has not ended yet.
        generation, state, pid, started_at, changed_at, first_rss_bytes, chance, last, protocol:
            As in :class:`~seamline.supervisor.processes.Process`. The clock is the machine's.
    """

    child: int
    pid: int
    generation: int
    state: str
    control: int
    unread: bytes
    pipes: tuple[Pipe, ...]
    started_at: float
    changed_at: float
    first_rss_bytes: int
    chance: float
    last: Beat
    protocol: int = 1


class HeldSlot(msgspec.Struct, frozen=True, kw_only=True):
    """A slot, as :class:`~seamline.supervisor.group.Slot` describes it.

    Attributes:
        http, calls: Its listening sockets.
        process: The one that serves, if it lives.
        guardian: The slot whose process accepts for this one.
    """

    number: int
    command: str | None
    http: tuple[Listener, ...]
    calls: int | None
    process: HeldProcess | None
    generation: int
    restarts: int
    deaths: int
    reason: str
    recycled: int
    recycle_reason: str
    guardian: int | None


class HeldGroup(msgspec.Struct, frozen=True, kw_only=True):
    """A group, as :class:`~seamline.supervisor.group.Group` describes it."""

    name: str
    slots: tuple[HeldSlot, ...]
    least: int
    ready_after: float | None
    scale_reason: str
    is_drained: bool
    ended: Counts = Counts()


class Takeover(msgspec.Struct, frozen=True, kw_only=True):
    """A whole run.

    Attributes:
        pid: Of the supervisor, before and after.
        is_trial: Whether the reader is a child that says whether it could take over.
        plan: What runs.
        first: Numbers of workers that ``seamline.toml`` said at the start, by group.
        scaled: Numbers of workers that were asked for since.
        lock: Descriptor of the run directory's lock.
        control: Descriptor of the listening control socket.
        kept: Descriptors that somebody else listens on, which ``fd://`` names.
        hash_seed: Of every process of the run.
        log_level: Of workers, as it was.
        started_at: When the run began, by the machine's clock.
        stored: Names of the sockets that a service manager keeps, by the kernel's number.
    """

    format: int = _FORMAT
    pid: int
    is_trial: bool
    plan: Plan
    first: dict[str, int]
    scaled: dict[str, int]
    groups: tuple[HeldGroup, ...]
    urls: dict[str, Address]
    lock: int
    control: int
    kept: tuple[int, ...]
    hash_seed: str
    log_level: str
    started_at: float
    stored: dict[int, str]

    @classmethod
    def take(cls, environ: MutableMapping[str, str]) -> "Takeover | None":
        """Read what was left to this process, if anything was; children will not see it.

        Raises:
            StartError: It cannot be taken over.
        """
        number = environ.pop(TAKEOVER_VARIABLE, None)
        if number is None:
            return None
        try:
            left = _decode(_read(int(number)))
        except (OSError, ValueError, OverflowError, msgspec.MsgspecError) as exc:
            raise StartError(
                f"{TAKEOVER_VARIABLE} is {number!r}, which leads to none: {exc}"
            ) from exc
        if left.pid != (os.getppid() if left.is_trial else os.getpid()):
            raise StartError(f"{TAKEOVER_VARIABLE} is meant for process {left.pid}")
        if not left.is_trial:
            for descriptor in left.descriptors():
                os.set_inheritable(descriptor, False)
        return left

    def write(self) -> int:
        """Return the descriptor of a file that says all this. The caller closes it."""
        descriptor = os.memfd_create("seamline-takeover")
        with os.fdopen(descriptor, "wb", closefd=False) as file:
            file.write(msgspec.json.encode(self))
        os.lseek(descriptor, 0, os.SEEK_SET)
        return descriptor

    def descriptors(self) -> Iterator[int]:
        """Yield every descriptor that is inherited."""
        yield from (self.lock, self.control, *self.kept)
        for slot in (slot for group in self.groups for slot in group.slots):
            yield from (listener.fd for listener in slot.http)
            if slot.calls is not None:
                yield slot.calls
            if slot.process is not None:
                yield slot.process.control
                yield from (pipe.fd for pipe in slot.process.pipes)

    def check(self, plan: Plan) -> None:
        """Look whether another plan can be taken while these sockets stay as they are.

        Raises:
            UsageError: It says what only a new start can do.
        """
        check_fixed(self.plan, as_scaled(plan, self.first, self.scaled))


class _Formatted(msgspec.Struct):
    format: int


def _read(descriptor: int) -> bytes:
    with os.fdopen(descriptor, "rb") as file:
        # Whatever else that number is could make this process wait for ever.
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise ValueError("it is no file")
        return file.read()


def _decode(text: bytes) -> Takeover:
    found = msgspec.json.decode(text, type=_Formatted).format
    if found != _FORMAT:
        raise ValueError(f"its format is {found}, of this version {_FORMAT}")
    return msgspec.json.decode(text, type=Takeover)
