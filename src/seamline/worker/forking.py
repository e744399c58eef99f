"""What the supervisor and a zygote tell each other.

An order is its length, which the descriptors come with, and JSON; an answer is a line of JSON.
"""

import struct
from typing import Final

import msgspec

from seamline.worker.report import Handover

#: Number of the descriptor of the socket pair's end.
ZYGOTE_VARIABLE: Final = "SEAMLINE_ZYGOTE"
LENGTH: Final = struct.Struct(">I")
#: Standard output and error, then those of the handover.
MAX_DESCRIPTORS: Final = 250


class Preload(msgspec.Struct, frozen=True, tag="preload"):
    """First order: what to import, as an application below that directory would."""

    root: str
    environment: dict[str, str]
    libraries: tuple[str, ...]


class Load(msgspec.Struct, frozen=True, tag="load"):
    """First order: load the application of the group that the environment names."""

    root: str
    environment: dict[str, str]
    log_level: str


class Fork(msgspec.Struct, frozen=True, tag="fork"):
    """Become a worker as well. Its descriptors come with it, in the handover's order."""

    root: str
    environment: dict[str, str]
    handover: Handover


class Check(msgspec.Struct, frozen=True, tag="check"):
    """Say whether this process can be forked, once everything is imported."""


class Forkable(msgspec.Struct, frozen=True, tag="forkable"):
    """Answer: it can."""


class Forked(msgspec.Struct, frozen=True, tag="forked"):
    """Answer: the worker, by now a child of the supervisor, in a process group of its own."""

    pid: int


class Refused(msgspec.Struct, frozen=True, tag="refused"):
    """Answer: no worker was made, and none will be.

    Attributes:
        harmless: So many libraries, from the first, were imported before a thread was started.
    """

    reason: str
    harmless: int = 0


class NotNow(msgspec.Struct, frozen=True, tag="not-now"):
    """Answer: no worker was made; the next one may be."""

    reason: str


Order = Preload | Load | Check | Fork
Answer = Forked | Forkable | NotNow | Refused
