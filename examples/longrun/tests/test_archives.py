"""longrun.importer: bulk exports, also those that somebody made to do harm."""

import io
import struct
import zipfile
from collections.abc import Callable
from contextlib import suppress

import longrun_files as files
import pytest
from hypothesis import example, given, settings, strategies as st
from longrun.errors import BadFile
from longrun.importer import archives
from longrun.model import ArchiveMember, Sport

from longrun import importer


def archive(*members: tuple[str, bytes | str], method: int = zipfile.ZIP_DEFLATED) -> io.BytesIO:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", method) as out:
        for name, data in members:
            out.writestr(name, data)
    return made


TABLE = """Activity ID,Activity Date,Activity Name,Activity Type,Filename
1,"Mar 1, 2026",Löop,Trail Run,activities/1.gpx
2,"Mar 2, 2026",Hill,E-Bike Ride,activities/2.fit.gz
"""
STRAVA = (
    ("activities.csv", TABLE),
    ("activities/1.gpx", files.simple_gpx()),
    ("activities/2.fit.gz", b"\x1f\x8b"),
    ("media/photograph.jpg", b"\xff\xd8"),
    ("profile.csv", "Ann"),
)


def test_an_export_of_strava_lists_its_recordings_with_titles_and_sports() -> None:
    export = archive(*STRAVA)

    assert importer.open_archive(export) == [
        ArchiveMember(1, "1.gpx", "Löop", Sport.RUN),
        ArchiveMember(2, "2.fit.gz", "Hill", Sport.RIDE),
    ]
    assert importer.read_member(export, 1) == files.simple_gpx()


def test_a_table_of_titles_that_is_broken_costs_the_titles_only() -> None:
    for table in ("", "a,b\n1", "\x00", '"' * 99, "Filename,Activity Name\n" + "x" * 200_000):
        found = importer.open_archive(archive(("activities.csv", table), ("1.gpx", b"x")))
        assert found == [ArchiveMember(0 + 1, "1.gpx", "")]


@pytest.mark.parametrize(
    "path", ["../../etc/1.gpx", "/etc/1.gpx", "C:\\x\\1.gpx", "a/../b/1.gpx", "x/\x1b[2J1.gpx"]
)
def test_where_an_archive_wants_to_go_does_not_matter(path: str) -> None:
    (member,) = importer.open_archive(archive((path, files.simple_gpx())))

    assert member.name in {"1.gpx", "[2J1.gpx"}


@pytest.mark.parametrize(
    ("made", "words"),
    [
        (lambda: archive(("readme.txt", "x")), "no GPX, TCX or FIT file$"),
        (lambda: archive(("part1.zip", archive(*STRAVA).getvalue())), "upload those in it"),
        (lambda: archive(("1.gpx", b"\0" * 20_000_000)), "unpacks to more than recordings do"),
        (lambda: archive(*((f"{i}.gpx", "") for i in range(10_001))), "more than 10,000"),
        (lambda: io.BytesIO(b"PK\3\4" + bytes(100)), "damaged"),
        (io.BytesIO, "damaged"),
        (lambda: _said_size(8 * 2**30), "too large|more than"),
    ],
    ids=["nothing", "nested", "bomb", "many", "rubbish", "empty", "huge"],
)
def test_an_archive_that_cannot_be_imported_says_why(
    made: Callable[[], io.BytesIO], words: str
) -> None:
    with pytest.raises(BadFile, match=words):
        importer.open_archive(made())


def _said_size(size: int) -> io.BytesIO:
    """Return an archive of three files that say they unpack to so much."""
    data = archive(*((f"{i}.gpx", "x") for i in range(3))).getvalue()
    entry, changed = b"PK\1\2", bytearray(data)
    at = changed.find(entry)
    while at >= 0:
        struct.pack_into("<LL", changed, at + 20, size // 100, min(size, 2**32 - 2))
        at = changed.find(entry, at + 1)
    return io.BytesIO(bytes(changed))


def test_a_directory_that_would_fill_the_memory_is_not_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(archives, "MAX_DIRECTORY_BYTES", 5000)

    with pytest.raises(BadFile, match="too many entries"):
        importer.open_archive(archive(*((f"{i}.jpg", "") for i in range(100)), ("a.gpx", "")))


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_method_that_takes_memory_at_will_is_not_used(method: int) -> None:
    made = archive(("1.gpx", files.simple_gpx()), method=method)

    with pytest.raises(BadFile, match="unusual way"):
        importer.read_member(made, 0)


def test_a_member_is_unpacked_up_to_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "MAX_BYTES", 1000)

    with pytest.raises(BadFile, match="larger than"):
        importer.read_member(archive(("1.gpx", bytes(range(256)) * 4)), 0)


# One that is read as it is, and one that is packed.
_WHOLE = (archive(*STRAVA).getvalue(), archive(*STRAVA, method=zipfile.ZIP_STORED).getvalue())


@settings(max_examples=300, deadline=None)
@given(
    whole=st.sampled_from(_WHOLE),
    changes=st.lists(
        st.tuples(st.integers(0, 2**16), st.binary(min_size=1, max_size=8)), max_size=9
    ),
    cut=st.integers(0, 400),
)
@example(whole=_WHOLE[0], changes=[], cut=1)
def test_damage_gives_recordings_or_bad_file_and_nothing_else(
    whole: bytes, changes: list[tuple[int, bytes]], cut: int
) -> None:
    data = bytearray(whole)
    for at, piece in changes:
        # From the end, where the directory is.
        place = len(data) - at % len(data)
        data[place : place + len(piece)] = piece
    made = io.BytesIO(bytes(data[: len(data) - cut]))

    with suppress(BadFile):
        for member in importer.open_archive(made):
            assert len(importer.read_member(made, member.index)) <= archives.MAX_BYTES
