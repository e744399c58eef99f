"""What a worker and its supervisor tell each other: one JSON object a line, over a socket pair.

The connection is also the worker's lifeline: when it ends, the supervisor is gone.
"""

import json
import os
from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from seamline.plan import WORKER_VARIABLE

#: Holds the :class:`Handover`. Children of a worker do not inherit it: the descriptors that it
#: names are closed in them.
FDS_VARIABLE: Final = "SEAMLINE_FDS"

#: What ``PYTHONBREAKPOINT`` is set to where ``breakpoint()`` can have a terminal.
DEBUGGER_HOOK: Final = "seamline.worker.debugger.stop"

# What Python, coverage and the run itself need in each process: never the same everywhere.
_OWN: Final = frozenset(
    {
        "PYTHONPATH",
        "PYTHONHASHSEED",
        "PYTHONUNBUFFERED",
        "COVERAGE_PROCESS_START",
        "COVERAGE_PROCESS_CONFIG",
    }
)
# A report is a few hundred bytes; a traceback in one is cut well below this.
MAX_LINE_BYTES: Final = 1024 * 1024


class Listener(msgspec.Struct, frozen=True):
    """One inherited listening socket and the http services that answer on it."""

    fd: int
    services: tuple[str, ...]


class Handover(msgspec.Struct, frozen=True, kw_only=True):
    """What a worker is given at its start, in ``SEAMLINE_FDS``.

    Attributes:
        control: Descriptor of the socket pair's end.
        calls: Descriptor of the slot's call socket, or ``None`` when nobody calls this group.
        http: Listening sockets for HTTP.
        access_log: Whether each request is a line of the log.
        log_level: Level of Seamline's own and the HTTP server's messages.
        command: A command service to run instead of the application, or ``None``.
        is_aligned: Whether an :class:`Align` is on its way that counts before the first call.
        is_held: Whether it accepts only when a :class:`Begin` says so.
    """

    control: int
    calls: int | None = None
    http: tuple[Listener, ...] = ()
    access_log: bool = True
    log_level: str = "info"
    command: str | None = None
    is_aligned: bool = False
    is_held: bool = False

    def descriptors(self) -> tuple[int, ...]:
        """Return every descriptor named, to be passed on or kept from children."""
        calls = () if self.calls is None else (self.calls,)
        return (self.control, *calls, *(listener.fd for listener in self.http))

    def renumbered(self, descriptors: Sequence[int]) -> "Handover":
        """Return the same with other numbers, in the order of :meth:`descriptors`."""
        numbers = iter(descriptors)
        return msgspec.structs.replace(
            self,
            control=next(numbers),
            calls=None if self.calls is None else next(numbers),
            http=tuple(Listener(next(numbers), one.services) for one in self.http),
        )


class Identity(msgspec.Struct, frozen=True):
    """Which start of which slot this process is: ``group.slot.generation``."""

    group: str
    slot: int
    generation: int

    def __str__(self) -> str:
        return f"{self.group}.{self.slot}.{self.generation}"

    @classmethod
    def parse(cls, text: str) -> "Identity":
        """Read what ``str()`` wrote. Raises ValueError."""
        group, slot, generation = text.rsplit(".", 2)
        return cls(group, int(slot), int(generation))


#: Since this protocol a worker understands :class:`Take` and :class:`Give`.
HANDS_OFF: Final = 2


class Hello(msgspec.Struct, frozen=True, tag="hello"):
    """First report: the process runs.

    Attributes:
        pid: Its number.
        protocol: Grows when a report changes its meaning, or there are orders that those of
            before would not understand.
    """

    pid: int
    protocol: int = 1


class Prepared(msgspec.Struct, frozen=True, tag="prepared"):
    """The application is loaded and has started up; nothing is accepted before :class:`Begin`."""


class Ready(msgspec.Struct, frozen=True, tag="ready"):
    """The application is loaded and everything it serves is being accepted."""


class Beat(msgspec.Struct, frozen=True, tag="beat", kw_only=True):
    """Sent once a second by the event loop, so that a blocked loop is silent.

    Attributes:
        serial: Of the :class:`Tell` that it answers; 0 for one that nobody asked for.
        in_flight: Requests and calls being answered now.
        kept: Connections of HTTP clients that keep theirs and asked lately; None if it is not
            one that can tell.
        requests: HTTP requests answered since the start.
        calls: Calls answered for other groups since the start.
        seam_calls: Calls made to other groups since the start.
        seam_errors: Seam errors raised to the application since the start.
        stayed: Calls that could not cross and ran where they were made, since the start.
        rss_bytes: Resident memory.
        busy: Share of what it can do that it did since the beat before, 0 to 1: of one
            processor, or of its threads if that is more.
        late_seconds: By how much the loop sent its latest regular beat too late.
        oldest_seconds: Age of the oldest HTTP request that is being answered now.
        stuck_seconds: How long nothing has moved in threads that are all busy, while requests or
            calls wait for one.
    """

    serial: int = 0
    in_flight: int = 0
    kept: int | None = None
    requests: int = 0
    calls: int = 0
    seam_calls: int = 0
    seam_errors: int = 0
    stayed: int = 0
    rss_bytes: int = 0
    busy: float = 0.0
    late_seconds: float = 0.0
    oldest_seconds: float = 0.0
    stuck_seconds: float = 0.0


class Draining(msgspec.Struct, frozen=True, tag="draining"):
    """Nothing new is accepted any more."""


class Bye(msgspec.Struct, frozen=True, tag="bye"):
    """The process is about to exit.

    Attributes:
        given_up: Requests and calls that were not answered when the time to drain was over.
    """

    given_up: int = 0


class Failed(msgspec.Struct, frozen=True, tag="error", kw_only=True):
    """The application could not be loaded.

    Attributes:
        message: What happened to what.
        file, line: The user's own line at fault, when there is one.
        remedy: The next thing to type or change.
        excerpt: The traceback's frames that are the user's.
        traceback: The whole traceback.
    """

    message: str
    file: str | None = None
    line: int | None = None
    remedy: str = ""
    excerpt: str = ""
    traceback: str = ""


class Aligned(msgspec.Struct, frozen=True, tag="aligned", kw_only=True):
    """Answer to :class:`Align`.

    Attributes:
        serial: Of the order.
        made: Calls made to other services since the start, by service.
        untold: Seam errors, by code, that could not be written to the run's file of them.
        last: When the latest call was made, by service and function; see
            :func:`seamline.worker.shared_clock`.
    """

    serial: int
    made: dict[str, int] = {}
    untold: dict[str, int] = {}
    last: dict[str, dict[str, int]] = {}


class WarningFilter(msgspec.Struct, frozen=True, array_like=True):
    """One entry of ``warnings.filters``; patterns are regular expressions, empty for any.

    Attributes:
        category: ``module:qualified name``.
    """

    action: str
    message: str
    category: str
    module: str
    lineno: int


class Align(msgspec.Struct, frozen=True, tag="align", kw_only=True):
    """Supervisor to worker, in tests: take over what the test process set up.

    Attributes:
        serial: Comes back in the answer.
        environ: The whole environment from now on, or ``None`` to leave it as it is.
        cwd: The working directory from now on, or ``None``.
        path: Directories that modules are looked for in, those of this process aside.
        filters: Of warnings, first match wins.
        levels: Of loggers, by name, the root's first; empty to leave them as they are.
        disabled: The level that ``logging.disable`` set.
    """

    serial: int
    environ: dict[str, str] | None = None
    cwd: str | None = None
    path: tuple[str, ...] = ()
    filters: tuple[WarningFilter, ...] = ()
    levels: tuple[tuple[str, int], ...] = ()
    disabled: int = 0


class Drain(msgspec.Struct, frozen=True, tag="drain", kw_only=True):
    """Supervisor to worker: accept nothing new, finish, leave.

    Attributes:
        timeout: Seconds until what still runs is given up.
        linger: Seconds that idle keep-alive connections are kept to hear of it.
    """

    timeout: float
    linger: float = 2.0


class Begin(msgspec.Struct, frozen=True, tag="begin"):
    """Supervisor to worker: accept now. It was held until then."""


class Adopt(msgspec.Struct, frozen=True, tag="adopt", kw_only=True):
    """Supervisor to worker: accept also for a slot of the group that has no worker now.

    The descriptors come with the line. They are sent when they are needed instead of being
    inherited at the start: that would be as many descriptors in each worker as the group has
    slots, and a slot that is added later would be unknown to the workers there are.

    Attributes:
        slot: Whose sockets they are.
        calls: Its call socket, or ``None``.
        http: Its listening sockets, each with the services of one of the worker's own.
    """

    slot: int
    calls: int | None = None
    http: tuple[Listener, ...] = ()

    def descriptors(self) -> tuple[int, ...]:
        """Return every descriptor named."""
        calls = () if self.calls is None else (self.calls,)
        return (*calls, *(listener.fd for listener in self.http))

    def renumbered(self, descriptors: Sequence[int]) -> "Adopt":
        """Return the same with other numbers, in the order of :meth:`descriptors`."""
        numbers = iter(descriptors)
        return msgspec.structs.replace(
            self,
            calls=None if self.calls is None else next(numbers),
            http=tuple(Listener(next(numbers), one.services) for one in self.http),
        )


class Release(msgspec.Struct, frozen=True, tag="release"):
    """Supervisor to worker: accept for that slot no more; what was accepted is kept."""

    slot: int


class Take(msgspec.Struct, frozen=True, tag="take"):
    """Supervisor to worker: go on with connections that another one of the group passes on.

    The descriptor comes with the line. Only those of :data:`HANDS_OFF` understand it.

    Attributes:
        end: Of the socket pair that they come over.
    """

    end: int

    def descriptors(self) -> tuple[int, ...]:
        """Return every descriptor named."""
        return (self.end,)

    def renumbered(self, descriptors: Sequence[int]) -> "Take":
        """Return the same with another number."""
        return Take(*descriptors)


class Give(msgspec.Struct, frozen=True, tag="give"):
    """Supervisor to worker: pass connections that clients keep on to others of the group.

    The descriptors come with the line. Only those of :data:`HANDS_OFF` understand it. What is
    left of an order before this one is forgotten.

    Attributes:
        ends: Of the socket pairs that they go over.
        counts: How many go over each, from now on; none where all go over the only one, once
            this worker drains.
    """

    ends: tuple[int, ...]
    counts: tuple[int, ...] = ()

    def descriptors(self) -> tuple[int, ...]:
        """Return every descriptor named."""
        return self.ends

    def renumbered(self, descriptors: Sequence[int]) -> "Give":
        """Return the same with other numbers, in the order of :meth:`descriptors`."""
        return Give(tuple(descriptors), self.counts)


class Tell(msgspec.Struct, frozen=True, tag="tell"):
    """Supervisor to worker: send a :class:`Beat` now, with this serial."""

    serial: int


class Resize(msgspec.Struct, frozen=True, tag="resize"):
    """Supervisor to worker: a group has another number of workers now."""

    group: str
    workers: int


class Which(msgspec.Struct, frozen=True, tag="which"):
    """Supervisor to worker: say which files of the project it has loaded."""

    serial: int


class Files(msgspec.Struct, frozen=True, tag="files"):
    """Answer to :class:`Which`.

    Attributes:
        serial: Of the order.
        loaded: Files of modules below the project's root, relative to it; ``None`` when there
            are more than one report holds.
    """

    serial: int
    loaded: tuple[str, ...] | None


Report = Hello | Prepared | Ready | Beat | Draining | Bye | Failed | Aligned | Files
Order = Drain | Begin | Align | Adopt | Release | Take | Give | Resize | Tell | Which

_encode = msgspec.json.Encoder().encode
decode_report: Final = msgspec.json.Decoder(Report).decode
decode_order: Final = msgspec.json.Decoder(Order).decode


def encode(message: Report | Order) -> bytes:
    """Return one message as its line."""
    return _encode(message) + b"\n"


def take_handover(environ: Mapping[str, str]) -> tuple[Identity, Handover]:
    """Read who this process is, and keep the descriptors it was given from its own children."""
    handover = msgspec.convert(json.loads(environ[FDS_VARIABLE]), Handover)
    for descriptor in handover.descriptors():
        os.set_inheritable(descriptor, False)
    return Identity.parse(environ[WORKER_VARIABLE]), handover


def is_own_variable(name: str) -> bool:
    """Whether an environment variable belongs to one process and is not taken over."""
    return name in _OWN or name.startswith("SEAMLINE_")
