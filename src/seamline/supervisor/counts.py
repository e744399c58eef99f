"""What workers counted, kept beyond their end: sums of a group never go back."""

from typing import Protocol

import msgspec

from seamline.worker import Beat


class Counting(Protocol):
    """A process, with the latest numbers it reported."""

    last: Beat
    returncode: int | None


class Counts(msgspec.Struct, frozen=True, kw_only=True):
    """Numbers that only grow: see :class:`~seamline.worker.Beat`."""

    requests: int = 0
    calls: int = 0
    seam_calls: int = 0
    seam_errors: int = 0
    stayed: int = 0

    def plus(self, other: "Beat | Counts") -> "Counts":
        """Return the sums."""
        names = self.__struct_fields__
        return Counts(**{name: getattr(self, name) + getattr(other, name) for name in names})


def with_ended(counts: Counts, process: Counting) -> Counts:
    """Add what a process counted if it has ended, the first time it is asked for."""
    if process.returncode is None:
        return counts
    last, process.last = process.last, Beat()
    return counts.plus(last)
