"""Reads what a run kept of its log: what there is, then what is added."""

import heapq
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec

from seamline.supervisor.kept import LOG_DIRECTORY, NEW, OLD, Line

_decode = msgspec.json.Decoder(Line).decode


class _File:
    """One group's file, read as it grows and followed into the next one."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor = -1
        self._partial = b""

    def read(self) -> Iterator[Line]:
        """Yield every whole line that was not read yet."""
        if self._descriptor < 0:
            self._open()
            yield from self._read_old()
        yield from self._read_on()
        while self._descriptor >= 0 and self._is_replaced():
            yield from self._read_on()  # what came between the look and the change
            os.close(self._descriptor)
            self._descriptor, self._partial = -1, b""
            self._open()
            yield from self._read_on()

    def _read_old(self) -> Iterator[Line]:
        """Yield the lines before those of the file that is open."""
        try:
            with self._path.with_name(self._path.name.removesuffix(NEW) + OLD).open("rb") as old:
                is_ours = self._descriptor >= 0 and os.path.sameopenfile(
                    old.fileno(), self._descriptor
                )
                data = b"" if is_ours else old.read()
        except OSError:
            return
        yield from _lines(data.split(b"\n"))

    def _open(self) -> None:
        try:
            self._descriptor = os.open(self._path, os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            self._descriptor = -1

    def _read_on(self) -> Iterator[Line]:
        while self._descriptor >= 0 and (data := os.read(self._descriptor, 1 << 16)):
            *lines, self._partial = (self._partial + data).split(b"\n")
            yield from _lines(lines)

    def _is_replaced(self) -> bool:
        try:
            return self._path.stat().st_ino != os.fstat(self._descriptor).st_ino
        except OSError:
            return False  # the run is over, or the next file is not there yet


def _lines(lines: Iterable[bytes]) -> Iterator[Line]:
    for line in lines:
        try:
            yield _decode(line)
        except msgspec.DecodeError:
            continue  # what a full disk left of one


class Past:
    """The kept lines of a run.

    Args:
        run_dir: Of the run.
        groups: Only of these; of all groups and of the supervisor when empty.
    """

    def __init__(self, run_dir: Path, groups: Iterable[str] = ()) -> None:
        self._directory = run_dir / LOG_DIRECTORY
        self._groups = frozenset(groups)
        self._files: dict[str, _File] = {}

    def read(self) -> list[Line]:
        """Return the lines that were not returned yet, in the order of their times."""
        try:
            files = [path.name for path in self._directory.iterdir()]
        except OSError:
            files = []
        names = {file.removesuffix(OLD).removesuffix(NEW) for file in files}
        for name in sorted(names - self._files.keys()):
            if not self._groups or name in self._groups:
                self._files[name] = _File(self._directory / f"{name}{NEW}")
        every = [list(file.read()) for file in self._files.values()]
        return list(heapq.merge(*every, key=lambda line: line.ts))
