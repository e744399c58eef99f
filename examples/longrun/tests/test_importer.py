"""longrun.importer: real formats, the traps in them, and files made to break it."""

import gzip
import struct
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import longrun_files as files
import pytest
from hypothesis import given, settings, strategies as st
from longrun.demo import write_fit
from longrun.errors import BadFile
from longrun.gpx import write_file, write_gpx
from longrun.model import Recording, Source, Sport

from longrun import importer

FIT = write_fit([files.recording(1200)])
GPX = files.simple_gpx(40)
TCX = files.tcx([(5 * i, 15.0 * i) for i in range(40)])


def test_a_gpx_file_is_one_recording() -> None:
    (found,) = importer.parse(files.simple_gpx(301, name="Lake &amp; hill"))

    assert (found.source, found.sport, found.title) == (Source.GPX, Sport.RUN, "Lake & hill")
    assert (found.started_at, found.device) == (files.STARTED_AT, "test")
    assert found.points[-1].t == 1500
    assert found.points[-1].d == pytest.approx(300 * 11.12, rel=0.01)


def test_a_title_keeps_the_signs_that_are_made_of_several() -> None:
    title = "\N{RUNNER}\u200d\N{FEMALE SIGN}\ufe0f \u0000 home"

    (found,) = importer.parse(files.simple_gpx(5, name=title.replace("\0", "&#x85;")))

    assert found.title.startswith("\N{RUNNER}\u200d\N{FEMALE SIGN}")


@pytest.mark.parametrize("has_place", [True, False])
def test_a_recording_is_exported_as_what_keeps_it(has_place: bool) -> None:
    run = files.recording(500, hr=147, ele=lambda d: 321.5)
    if not has_place:
        run = replace(run, points=[replace(p, lat=None, lon=None, cad=172) for p in run.points])

    data, kind = write_file(run)
    (found,) = importer.parse(data)

    assert kind == ("gpx" if has_place else "tcx")
    assert found.sport == run.sport
    assert len(found.points) == len(run.points)
    assert found.points[-1].d == pytest.approx(run.points[-1].d, rel=0.01)
    assert {(p.hr, p.ele) for p in found.points} == {(147, 321.5)}


def test_heart_rate_and_cadence_are_read_from_extensions() -> None:
    run = files.recording(500, hr=147, ele=lambda d: 321.5)
    points = [replace(point, cad=172) for point in run.points]

    (found,) = importer.parse(write_gpx(replace(run, points=points)))

    assert {(p.hr, p.cad, p.ele) for p in found.points} == {(147, 172, 321.5)}


def test_each_track_of_a_gpx_file_is_an_activity() -> None:
    later = files.STARTED_AT + timedelta(hours=3)
    body = files.track(files.trkpts(20)) + files.track(
        files.trkpts(30, start=later), kind="cycling"
    )

    first, second = importer.parse(files.gpx(body))

    assert (first.sport, second.sport) == (Sport.RUN, Sport.RIDE)
    assert second.started_at == later


def test_distance_is_not_summed_across_segments() -> None:
    far = files.trkpts(20, start=files.STARTED_AT + timedelta(minutes=10), lat=49.0)

    (found,) = importer.parse(files.gpx(files.track(files.trkpts(20), far)))

    # A degree of latitude, 111 km, lies between the two.
    assert found.points[-1].d == pytest.approx(38 * 11.12, rel=0.01)
    assert [i for i, point in enumerate(found.points) if point.gap] == [20]


def test_silence_of_the_watch_is_a_gap() -> None:
    late = files.trkpts(20, start=files.STARTED_AT + timedelta(hours=1), lat=48.5)

    (found,) = importer.parse(files.gpx(files.track(files.trkpts(20) + late)))

    assert found.points[20].gap
    assert found.points[-1].d < 500


@pytest.mark.parametrize(
    ("text", "sport"),
    [("running", Sport.RUN), ("9", Sport.RUN), ("", Sport.RUN), ("Cycling", Sport.RIDE),
     ("hiking", Sport.WALK), ("open_water_swimming", Sport.SWIM), ("kayak", Sport.OTHER)],
)  # fmt: skip
def test_the_sport_is_what_the_file_says(text: str, sport: Sport) -> None:
    (found,) = importer.parse(files.gpx(files.track(files.trkpts(5), kind=text)))

    assert found.sport is sport


@pytest.mark.parametrize(
    ("filename", "title"),
    [
        ("2026-03-01_Around_the_lake.gpx", "Around the lake"),
        ("C:\\runs\\Hills.gpx.gz", "Hills"),
        ("8123456789.gpx", ""),
        ("2026-03-01-070000.gpx", ""),
    ],
)
def test_a_file_without_a_title_is_named_for_the_file(filename: str, title: str) -> None:
    (found,) = importer.parse(files.simple_gpx(5, name=""), filename)

    assert found.title == title


def test_times_without_a_zone_are_utc_and_others_are_converted() -> None:
    plain = files.simple_gpx(5).replace(b"Z</time>", b"</time>")
    ahead = files.simple_gpx(5).replace(b"Z</time>", b"+02:00</time>")

    assert importer.parse(plain)[0].started_at == files.STARTED_AT
    assert importer.parse(ahead)[0].started_at == files.STARTED_AT - timedelta(hours=2)


def test_points_that_go_back_in_time_are_left_out() -> None:
    again = files.trkpts(10) + files.trkpts(10) + files.trkpts(12)

    (found,) = importer.parse(files.gpx(files.track(again)))

    assert [point.t for point in found.points] == [5.0 * i for i in range(12)]


def test_values_that_cannot_be_are_left_out() -> None:
    body = files.trkpts(5).replace(
        "</time>", "</time><ele>99999</ele><extensions><hr>900</hr></extensions>"
    )
    body += '<trkpt lat="nan" lon="2"><time>2026-03-01T09:00:00Z</time></trkpt>'
    body += '<trkpt lat="91" lon="2"><time>2026-03-01T09:00:00Z</time></trkpt>'

    (found,) = importer.parse(files.gpx(files.track(body)))

    assert len(found.points) == 5
    assert {(p.ele, p.hr) for p in found.points} == {(None, None)}


def test_a_fit_file_comes_back_as_it_was_written() -> None:
    run = files.with_pause(files.recording(3000, ele=lambda d: 200 + d / 100), 50, 60, gap=True)

    (found,) = importer.parse(write_fit([run]), "x.fit")

    assert (found.source, found.sport, found.started_at) == (
        Source.FIT,
        Sport.RUN,
        files.STARTED_AT,
    )
    assert len(found.points) == len(run.points)
    for before, after in zip(run.points, found.points, strict=True):
        assert (after.t, after.hr, after.gap) == (before.t, before.hr, before.gap)
        assert after.ele == pytest.approx(before.ele, abs=0.2)
        assert after.lat == pytest.approx(before.lat, abs=1e-6)
    # What the watch counted while it was stopped is not part of the run.
    lost = run.points[50].d - run.points[49].d
    assert found.points[-1].d == pytest.approx(run.points[-1].d - lost, abs=0.1)


def test_each_session_of_a_fit_file_is_an_activity() -> None:
    legs = []
    at = files.STARTED_AT
    for metres, pace, sport in ((750, 1200, Sport.SWIM), (20_000, 110, Sport.RIDE),
                                (5000, 300, Sport.RUN)):  # fmt: skip
        legs.append(files.recording(metres, pace, sport=sport, started_at=at))
        at += timedelta(seconds=legs[-1].points[-1].t + 30)

    found = importer.parse(write_fit(legs))

    assert [r.sport for r in found] == [Sport.SWIM, Sport.RIDE, Sport.RUN]
    assert [r.points[-1].d for r in found] == pytest.approx([750, 20_000, 5000], rel=0.03)
    assert [len(r.points) for r in found] == [len(leg.points) for leg in legs]


def test_chained_fit_files_are_read_one_after_the_other() -> None:
    later = files.recording(800, started_at=files.STARTED_AT + timedelta(days=1))

    found = importer.parse(FIT + write_fit([later]))

    assert [r.started_at.day for r in found] == [1, 2]


def test_a_watch_that_did_not_know_the_time_recorded_no_activity() -> None:
    # FIT's own epoch: seconds since the watch was switched on, which are plain numbers.
    unknown = files.recording(500, started_at=datetime(1990, 1, 1, tzinfo=UTC))

    with pytest.raises(BadFile, match="no recording with times"):
        importer.parse(write_fit([unknown]))


def test_a_recording_without_positions_keeps_the_watchs_distance() -> None:
    (found,) = importer.parse(write_fit([files.recording(2000, placed=False)]))

    assert found.points[0].lat is None
    assert found.points[-1].d == pytest.approx(2000, abs=20)


def test_a_tcx_file_is_one_recording_over_its_laps() -> None:
    (found,) = importer.parse(TCX)

    assert (found.source, found.sport, found.device) == (Source.TCX, Sport.RUN, "Forerunner")
    assert found.points[-1].d == pytest.approx(39 * 15)
    assert not any(point.gap for point in found.points)
    assert {point.hr for point in found.points} == {151}


@pytest.mark.parametrize("data", [GPX, TCX, FIT], ids=["gpx", "tcx", "fit"])
def test_a_gzipped_file_is_the_file(data: bytes) -> None:
    assert importer.parse(gzip.compress(data)) == importer.parse(data)
    assert importer.sniff(gzip.compress(data)) is importer.sniff(data)


@pytest.mark.parametrize(
    ("data", "source"),
    [(GPX, Source.GPX), (TCX, Source.TCX), (FIT, Source.FIT),
     ("\ufeff" + GPX.decode(), Source.GPX)],
    ids=["gpx", "tcx", "fit", "gpx with a mark"],
)  # fmt: skip
def test_the_kind_is_told_by_the_content(data: bytes | str, source: Source) -> None:
    data = data.encode() if isinstance(data, str) else data

    assert importer.sniff(data) is source
    assert importer.parse(data, "whatever.jpg")[0].source is source


def test_utf_16_is_read_too() -> None:
    text = files.simple_gpx(5, name="Bäume").decode().replace("UTF-8", "UTF-16")

    assert importer.parse(text.encode("utf-16"))[0].title == "Bäume"


BOMB = (
    '<!DOCTYPE x [<!ENTITY a "haha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">'
    '<!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;"><!ENTITY d "&c;&c;&c;&c;&c;&c;&c;&c;">]>'
)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "latin-1"])
@pytest.mark.parametrize(
    "doctype",
    [BOMB, '<!DOCTYPE x SYSTEM "file:///etc/passwd">', "<!DOCTYPE gpx>"],
    ids=["bomb", "external", "plain"],
)
def test_a_document_type_is_refused_in_any_encoding(doctype: str, encoding: str) -> None:
    head = f'<?xml version="1.0" encoding="{encoding}"?>{doctype}'
    text = head + GPX.decode().partition("?>")[2].replace("Home", "&d;")

    with pytest.raises(BadFile, match="declares a document type"):
        importer.parse(text.encode(encoding))


def test_a_gzip_bomb_is_not_unpacked() -> None:
    bomb = gzip.compress(b"<gpx>" + b" " * (64 * 1024 * 1024))
    assert len(bomb) < 100_000

    with pytest.raises(BadFile, match="32 MiB when unpacked"):
        importer.parse(bomb)


def test_gzip_inside_gzip_is_not_followed() -> None:
    with pytest.raises(BadFile, match="not a GPX, TCX or FIT file"):
        importer.parse(gzip.compress(gzip.compress(GPX)))


def test_a_file_has_a_size_limit() -> None:
    with pytest.raises(BadFile, match="larger than 32 MiB"):
        importer.parse(GPX + b" " * (32 * 1024 * 1024))


def test_a_recording_has_a_limit_of_points() -> None:
    point = '<trkpt lat="1" lon="2"><time>2026-03-01T07:00:00Z</time></trkpt>'

    with pytest.raises(BadFile, match="50,000 points"):
        importer.parse(files.gpx(files.track(point * 50_001)))


def test_a_file_is_not_nested_without_end() -> None:
    with pytest.raises(BadFile, match="nested too deeply"):
        importer.parse(files.gpx("<a>" * 100_000))


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "empty"),
        (b"hello", "not a GPX, TCX or FIT file"),
        (b"\x89PNG\r\n\x1a\n" + bytes(100), "not a GPX, TCX or FIT file"),
        (b"\x1f\x8b broken", "gzip file is damaged"),
        (GPX[:-20], "not well-formed"),
        (files.gpx(""), "no recording with times"),
        (files.gpx(files.track(files.trkpts(1))), "no recording with times"),
        (GPX.replace(b"2026-", b"1026-"), "from the year 1026"),
        (GPX.replace(b"2026-", b"9926-"), "from the year 9926"),
        (GPX.replace(b"2026-", b"2086-"), "from the year 2086"),
        (FIT[:-1], "damaged|truncated"),
        (FIT[: len(FIT) // 2], "damaged"),
        (FIT[:100] + b"\xff" + FIT[101:], "damaged"),
    ],
    ids=["empty", "text", "picture", "gzip", "cut gpx", "no track", "one point", "past", "future",
         "soon", "fit without end", "half a fit", "fit with a wrong byte"],
)  # fmt: skip
def test_a_bad_file_says_what_is_wrong(data: bytes, words: str) -> None:
    with pytest.raises(BadFile, match=words) as caught:
        importer.parse(data)

    assert caught.value.reason == str(caught.value)


def test_a_recording_of_months_is_a_wrong_clock() -> None:
    late = files.trkpts(5, start=files.STARTED_AT + timedelta(days=60))

    with pytest.raises(BadFile, match="longer than 7 days"):
        importer.parse(files.gpx(files.track(files.trkpts(5) + late)))


def test_a_fit_file_that_is_no_activity_says_what_it_is() -> None:
    # file_id.type is the first byte of the first message: 14 of header, 21 of definition, 1.
    settings_file = bytearray(FIT)
    settings_file[36] = 2
    body = bytes(settings_file[:-2])

    with pytest.raises(BadFile, match="holds settings, not an activity"):
        importer.parse(body + struct.pack("<H", _crc(body)))


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=400))
def test_any_bytes_are_recordings_or_a_bad_file(data: bytes) -> None:
    _recordings_or_bad_file(data)


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_after_a_fit_header_are_recordings_or_a_bad_file(body: bytes) -> None:
    header = struct.pack("<BBHI4s", 12, 0x20, 2132, len(body), b".FIT")

    _recordings_or_bad_file(header + body + struct.pack("<H", _crc(header + body)))


@settings(max_examples=80, deadline=None)
@given(
    st.sampled_from([GPX, TCX, FIT, gzip.compress(GPX)]),
    st.lists(st.tuples(st.integers(0, 5000), st.integers(0, 255)), max_size=6),
    st.integers(0, 5000),
)
def test_a_file_with_wrong_bytes_is_recordings_or_a_bad_file(
    data: bytes, wrong: list[tuple[int, int]], cut: int
) -> None:
    damaged = bytearray(data)
    for place, value in wrong:
        damaged[place % len(damaged)] = value

    _recordings_or_bad_file(bytes(damaged[: max(1, len(damaged) - cut % len(damaged))]))


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.text("0123456789.-+enaif ", max_size=8),
            st.text("0123456789.-+enaif ", max_size=8),
            st.text("0123456789-+:TZ. ", max_size=24),
        ),
        max_size=8,
    )
)
def test_points_with_any_text_for_numbers_are_recordings_or_a_bad_file(
    points: list[tuple[str, str, str]],
) -> None:
    body = "".join(
        f'<trkpt lat="{lat}" lon="{lon}"><time>{at}</time></trkpt>' for lat, lon, at in points
    )

    _recordings_or_bad_file(files.gpx(files.track(body + files.trkpts(3))))


def _recordings_or_bad_file(data: bytes) -> None:
    """The property: no other exception, and what comes out can be relied on."""
    try:
        found: list[Recording] = importer.parse(data)
    except BadFile:
        return
    assert found
    for recording in found:
        times = [point.t for point in recording.points]
        assert len(times) >= 2
        assert times == sorted(set(times))
        reached = [point.d for point in recording.points]
        assert reached == sorted(reached)
        assert recording.started_at.tzinfo is not None


def _crc(data: bytes) -> int:
    """FIT's checksum is CRC-16/ARC; written here by its definition, not with our table."""
    crc = 0
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc >> 1) ^ (0xA001 if crc & 1 else 0)
    return crc


def test_the_writers_checksum_is_the_published_one() -> None:
    assert _crc(b"123456789") == 0xBB3D
    assert struct.unpack("<H", FIT[-2:])[0] == _crc(FIT[:-2])
