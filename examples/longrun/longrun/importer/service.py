"""From bytes to recordings."""

import zlib
from collections.abc import Callable
from typing import Final

from longrun.errors import BadFile
from longrun.importer import fitfiles, xmlfiles
from longrun.importer.samples import Draft, build
from longrun.model import Recording, Source

# More is read of no file. A day of GPX with every extension is about 20 MB.
MAX_BYTES: Final = 32 * 1024 * 1024
_GZIP: Final = b"\x1f\x8b"
# The root element has to begin in the first part of the file, after comments at most.
_HEAD: Final = 4096
_READERS: Final[dict[Source, Callable[[bytes], list[Draft]]]] = {
    Source.FIT: fitfiles.read, Source.GPX: xmlfiles.read_gpx, Source.TCX: xmlfiles.read_tcx
}  # fmt: skip


def sniff(data: bytes) -> Source:
    """Tell what kind of file this is from its first bytes; a gzipped one is looked into."""
    head = _expand(data[:_HEAD], most=_HEAD) if data[:2] == _GZIP else data[:_HEAD]
    if head[8:12] == b".FIT":
        return Source.FIT
    # The names are plain letters: without the zeros, UTF-16 reads like any other encoding.
    text = head.replace(b"\0", b"").lower()
    if b"<gpx" in text:
        return Source.GPX
    if b"<trainingcenterdatabase" in text:
        return Source.TCX
    raise BadFile("this is not a GPX, TCX or FIT file")


def parse(data: bytes, filename: str = "") -> list[Recording]:
    """Read every activity in a file, gzipped or not: a triathlon is several.

    Where the file has no title, `filename` makes one.

    Raises:
        BadFile: The only thing that comes out of a file that cannot be read.
    """
    try:
        return _parse(data, filename)
    except BadFile:
        raise
    # The readers meet bytes that somebody may have made to break them: an error of any class is a
    # fact about the file. Nothing is hidden, it is the cause of the BadFile.
    except Exception as error:
        raise BadFile(f"the file is damaged ({type(error).__name__})") from error


def _parse(data: bytes, filename: str) -> list[Recording]:
    if not data:
        raise BadFile("the file is empty")
    if len(data) > MAX_BYTES:
        raise BadFile(f"the file is larger than {MAX_BYTES // 2**20} MiB")
    source = sniff(data)
    if data[:2] == _GZIP:
        data = _expand(data, most=MAX_BYTES + 1)
        if len(data) > MAX_BYTES:
            raise BadFile(f"the file is larger than {MAX_BYTES // 2**20} MiB when unpacked")
    drafts = [draft for draft in _READERS[source](data) if len(draft.samples) >= 2]
    if not drafts:
        raise BadFile("the file has no recording with times")
    return [build(source, draft, filename) for draft in drafts]


def _expand(data: bytes, most: int) -> bytes:
    """Return at most `most` bytes of what was gzipped, without making the rest."""
    try:
        return zlib.decompressobj(zlib.MAX_WBITS | 16).decompress(data, most)
    except zlib.error as error:
        raise BadFile("the gzip file is damaged") from error
