"""Takes open files."""

from typing import BinaryIO

_sizes: dict[str, int] = {}


def measure(name: str, file: BinaryIO) -> int:
    """Takes an open file and touches state."""
    _sizes[name] = len(file.read())
    return _sizes[name]


def keep(name, upload):
    """Takes an open file, and no annotation says so."""
    _sizes[name] = len(upload.read())


def first_line(file: BinaryIO) -> bytes:
    """Takes an open file and touches nothing: stays with the caller."""
    return file.readline()


def sizes() -> dict[str, int]:
    return dict(_sizes)
