"""What hosts add to a file: read by its size first, because it is asked for after each test."""

from collections import Counter
from pathlib import Path


class Lines:
    """The lines of one file that is only ever added to, or begun again.

    Args:
        path: Of the file; without one, nothing was written yet.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._read = 0

    def more(self) -> Counter[str]:
        """Return the whole lines that were added since, each with how often it was."""
        try:
            size = self._path.stat().st_size
        except FileNotFoundError:
            size = 0
        if size == self._read:
            return Counter()
        with self._path.open("rb") as opened:
            opened.seek(self._read if size > self._read else 0)
            whole, end, begun = opened.read().rpartition(b"\n")
            self._read = opened.tell() - len(begun)
        return Counter(whole.decode().split("\n")) if end else Counter()
