"""What is in a bulk export: a ZIP of a stranger, opened by whoever holds the file."""

import csv
import io
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO, Final, cast
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile, ZipInfo

from longrun.errors import BadFile
from longrun.importer.service import MAX_BYTES
from longrun.importer.xmlfiles import sport_of
from longrun.model import ArchiveMember, Sport

# Three activities a day for ten years, and the photographs of an export.
MAX_RECORDINGS: Final = 10_000
# The directory is held in memory; each entry has at least 46 bytes and then its name.
MAX_DIRECTORY_BYTES: Final = 4 * 1024 * 1024
MAX_TOTAL_BYTES: Final = 8 * 1024 * 1024 * 1024
# The emptiest GPX packs to a thirtieth.
MAX_RATIO: Final = 100
_KINDS: Final = (".fit", ".gpx", ".tcx", ".fit.gz", ".gpx.gz", ".tcx.gz")


class _Bounded:
    """A file whose reader cannot be told by the file itself to read a lot at once."""

    def __init__(self, file: BinaryIO) -> None:
        self.seek, self.tell, self.seekable = file.seek, file.tell, file.seekable
        self._read = file.read

    def read(self, size: int = -1) -> bytes:
        most = MAX_DIRECTORY_BYTES + 1
        data = self._read(min(size, most) if size >= 0 else most)
        if len(data) == most:
            raise BadFile("the archive has too many entries")
        return data


def open_archive(file: BinaryIO) -> list[ArchiveMember]:
    """List the recordings in an archive, with what its activities.csv says of them.

    Raises:
        BadFile: It is no archive, or one that is made to be unpacked into too much.
    """
    with _opened(file) as archive:
        every = archive.infolist()
        found = [(i, info) for i, info in enumerate(every) if _is_recording(info.filename)]
        inside = any(info.filename.lower().endswith(".zip") for info in every)
        if not found and inside:
            raise BadFile("the archive holds archives; unpack it, and upload those in it")
        if not found:
            raise BadFile("the archive has no GPX, TCX or FIT file")
        if len(found) > MAX_RECORDINGS:
            raise BadFile(f"the archive has more than {MAX_RECORDINGS:,} recordings")
        if sum(f.file_size for _, f in found) > MAX_TOTAL_BYTES:
            raise BadFile("the archive is too large when unpacked")
        if any(_is_bomb(f) for _, f in found):
            raise BadFile("the archive unpacks to more than recordings do")
        table = next((info for info in every if info.filename == "activities.csv"), None)
        told = _told(_bytes(archive, table)) if table else {}
        return [ArchiveMember(i, _name(f), *told.get(f.filename, ())) for i, f in found]


def read_member(file: BinaryIO, index: int) -> bytes:
    """Return one recording out of an archive, as `open_archive` listed it.

    Raises:
        BadFile: It is damaged, encrypted, packed in an unusual way, or too large.
    """
    with _opened(file) as archive:
        return _bytes(archive, archive.infolist()[index])


@contextmanager
def _opened(file: BinaryIO) -> Iterator[ZipFile]:
    try:
        with ZipFile(cast("BinaryIO", _Bounded(file))) as archive:
            yield archive
    except BadFile:
        raise
    # As in `parse`: whatever a stranger's bytes make a reader raise is a fact about the file.
    except Exception as error:
        raise BadFile(f"the archive is damaged ({type(error).__name__})") from error


def _bytes(archive: ZipFile, info: ZipInfo) -> bytes:
    # Other methods take as much memory as the file asks for.
    if info.compress_type not in {ZIP_STORED, ZIP_DEFLATED} or info.flag_bits & 1:
        raise BadFile("the file is encrypted, or packed in an unusual way")
    with archive.open(info) as member:
        data = member.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        raise BadFile(f"the file is larger than {MAX_BYTES // 2**20} MiB")
    return data


def _is_bomb(info: ZipInfo) -> bool:
    return info.file_size > 4096 + MAX_RATIO * info.compress_size


def _is_recording(path: str) -> bool:
    name = path.lower().rpartition("/")[2]
    return name.endswith(_KINDS) and not name.startswith(".")


def _name(info: ZipInfo) -> str:
    # The last part only, and never used as a path: where an archive wants to go does not matter.
    name = info.filename.replace("\\", "/").rpartition("/")[2]
    return "".join(c for c in name if c.isprintable())[:120]


def _told(table: bytes) -> dict[str, tuple[str, Sport | None]]:
    rows = csv.DictReader(io.StringIO(table.decode("utf-8", "replace")))
    try:
        return {row.get("Filename") or "": _title_and_sport(row) for row in rows}
    except csv.Error:
        return {}


def _title_and_sport(row: dict[str, str | None]) -> tuple[str, Sport | None]:
    sport = row.get("Activity Type")
    return row.get("Activity Name") or "", sport_of(sport) if sport else None
