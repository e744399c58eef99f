"""The journal of one process: a file that only grows, and survives any end of the process.

A fact is written when it is learned. Counts are written when they have doubled, and at the
end; so a process that is killed loses nothing but the last calls of its counts.
"""

import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import msgspec

from seamline.lock import Seen, added

# A journal holds a line for each new fact, so this is some hundred thousand of them.
_MOST_BYTES: Final = 256 * 1024 * 1024


class Line(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One line of a journal. A later one about the same function replaces the former.

    Attributes:
        name: Function that *seen* or *missed* is about.
        missed: Why the function could not be observed.
        trouble: An error of the observation itself, by class.
        is_end: The process came to its end and has told everything.
    """

    name: str = ""
    seen: Seen | None = None
    missed: str = ""
    trouble: str = ""
    is_end: bool = False


@dataclass(slots=True)
class Learned:
    """What the processes of a command saw together.

    Attributes:
        seen: By dotted name of the function.
        missed: Why a function could not be observed, by its name.
        trouble: Errors of the observation itself, with how often each came.
        processes: How many imported a package of the application.
        cut_short: How many of them were ended before they could tell their last counts.
    """

    seen: dict[str, Seen] = field(default_factory=dict)
    missed: dict[str, str] = field(default_factory=dict)
    trouble: dict[str, int] = field(default_factory=dict)
    processes: int = 0
    cut_short: int = 0


class Journal:
    """Writes the journal of this process.

    The file is open while the process lives. A line is one write, so threads may share it.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._descriptor = self._open()

    def write(self, line: Line) -> None:
        """Append one line; nothing is written after the file was closed."""
        if self._descriptor >= 0:
            os.write(self._descriptor, msgspec.json.encode(line) + b"\n")

    def end(self) -> None:
        """Say that everything was told."""
        self.write(Line(is_end=True))

    def after_fork(self) -> None:
        """Begin a journal of its own in a forked child."""
        os.close(self._descriptor)
        self._descriptor = self._open()

    def _open(self) -> int:
        # The directory is gone once the command has ended: whoever still runs then tells
        # nothing more.
        with contextlib.suppress(FileNotFoundError):
            path = self._directory / f"{os.getpid()}-{os.urandom(4).hex()}.jsonl"
            flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_EXCL | os.O_CLOEXEC
            return os.open(path, flags, 0o600)
        return -1


def gather(directory: Path) -> Learned:
    """Return what all processes wrote. The last line of one that was killed may be cut off."""
    learned = Learned()
    for path in sorted(directory.glob("*.jsonl")):
        learned.processes += 1
        seen: dict[str, Seen] = {}
        ended = False
        for line in _lines(path):
            if line.seen is not None:
                seen[line.name] = line.seen
            elif line.missed:
                learned.missed[line.name] = line.missed
            elif line.trouble:
                learned.trouble[line.trouble] = learned.trouble.get(line.trouble, 0) + 1
            ended = line.is_end
        learned.cut_short += not ended
        for name, one in seen.items():
            former = learned.seen.get(name)
            learned.seen[name] = one if former is None else added(former, one)
    return learned


def _lines(path: Path) -> Iterator[Line]:
    decode = msgspec.json.Decoder(Line).decode
    with path.open("rb") as file:
        for raw in file.read(_MOST_BYTES).splitlines():
            try:
                yield decode(raw)
            except (msgspec.DecodeError, UnicodeDecodeError):
                return  # the process was killed while it wrote
