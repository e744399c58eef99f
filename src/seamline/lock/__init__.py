"""``seamline.lock``: what was seen to cross each boundary, and the verdicts it led to."""

from seamline.lock.model import (
    FORMAT,
    MORE,
    RETURN,
    Entry,
    Lock,
    Seen,
    added,
    bounded,
    united,
)
from seamline.lock.reading import lock_file, parse, read
from seamline.lock.writing import digest_of, masked, render, write

__all__ = [
    "FORMAT",
    "MORE",
    "RETURN",
    "Entry",
    "Lock",
    "Seen",
    "added",
    "bounded",
    "digest_of",
    "lock_file",
    "masked",
    "parse",
    "read",
    "render",
    "united",
    "write",
]
