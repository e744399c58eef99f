"""seamline.supervisor.logs: lines of many processes in one stream."""

import asyncio
import gc
import json
import os
import threading

import pytest

from seamline.supervisor.logs import MAX_LINE_BYTES, LineReader, LogStream, Output


class Sink:
    """Takes lines, and may be full."""

    is_full = False

    def __init__(self) -> None:
        self.lines: list[bytes] = []
        self.waiting = []

    def call_when_drained(self, resume) -> None:
        self.waiting.append(resume)


def read_in_pieces(*pieces: bytes) -> list[bytes]:
    """Feed a pipe's pieces to a reader, then its end."""

    async def feed() -> list[bytes]:
        sink = Sink()
        reader = LineReader(sink, sink.lines.extend)
        for piece in pieces:
            reader.data_received(piece)
        reader.connection_lost(None)
        return sink.lines

    return asyncio.run(feed())


@pytest.mark.parametrize("size", [1, 2, 3, 7, 100])
def test_lines_are_the_same_however_the_pipe_is_cut(size) -> None:
    text = b"one\ntwo three\n\nfour without an end"
    pieces = [text[start : start + size] for start in range(0, len(text), size)]

    assert read_in_pieces(*pieces) == [b"one", b"two three", b"", b"four without an end"]


def test_an_endless_line_is_cut_in_bounded_pieces() -> None:
    lines = read_in_pieces(b"x" * (3 * MAX_LINE_BYTES + 5), b"\n")

    assert [len(line) for line in lines] == [MAX_LINE_BYTES] * 3 + [5]


def test_a_full_stream_pauses_the_pipe_until_it_has_room() -> None:
    async def scenario() -> None:
        reading, writing = os.pipe()
        sink = Sink()
        sink.is_full = True
        got = asyncio.Event()

        def write(lines: list[bytes]) -> None:
            sink.lines.extend(lines)
            got.set()

        loop = asyncio.get_running_loop()
        transport, _ = await loop.connect_read_pipe(
            lambda: LineReader(sink, write), os.fdopen(reading, "rb", buffering=0)
        )
        os.write(writing, b"first\n")
        await got.wait()
        assert not transport.is_reading()

        sink.is_full = False
        got.clear()
        os.write(writing, b"second\n")
        sink.waiting.pop()()
        await got.wait()
        assert sink.lines == [b"first", b"second"]
        os.close(writing)
        transport.close()

    asyncio.run(scenario())


def test_output_is_written_whole_and_in_order() -> None:
    reading, writing = os.pipe()
    output = Output(writing, lambda: None)
    lines = [b"line %d\n" % number for number in range(1000)]

    for line in lines:
        output.put(line)
    output.close()
    os.close(writing)

    with os.fdopen(reading, "rb") as pipe:
        assert pipe.readlines() == lines


def test_a_reader_that_went_away_is_told_once() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    told = threading.Event()
    output = Output(writing, told.set)

    output.put(b"to nobody\n")

    assert told.wait(10)
    output.close()
    os.close(writing)


def test_a_reader_that_goes_away_amid_waiting_lines_is_told_once() -> None:
    reading, writing = os.pipe()
    told: list[str] = []
    output = Output(writing, lambda: told.append("gone"))
    output.put(b"x" * 1_000_000)
    os.read(reading, 1)  # the first write has begun, and does not fit

    output.put(b"waiting\n")
    os.close(reading)
    output.close()
    os.close(writing)

    assert told == ["gone"]


def stream_to_files(tmp_path, monkeypatch, **options) -> tuple[LogStream, object, object]:
    """Return a log stream whose standard streams are files."""
    out, err = (tmp_path / "out").open("w+"), (tmp_path / "err").open("w+")
    monkeypatch.setattr("sys.stdout", out)
    monkeypatch.setattr("sys.stderr", err)
    return LogStream(lambda: None, now=lambda: 0.0, **options), out, err


def test_people_see_group_slot_and_pid(tmp_path, monkeypatch) -> None:
    stream, out, err = stream_to_files(tmp_path, monkeypatch)

    stream.lines("web", 1, 42, "stdout", [b"one", b"two"])
    stream.notice("a notice")
    stream.close()

    assert (tmp_path / "out").read_text() == "web.1[42] | one\nweb.1[42] | two\n"
    assert (tmp_path / "err").read_text() == "a notice\n"
    out.close()
    err.close()


def test_each_group_keeps_its_colour(tmp_path, monkeypatch) -> None:
    stream, out, err = stream_to_files(tmp_path, monkeypatch, colored=True)

    for group in ("web", "stock", "web"):
        stream.lines(group, 0, 7, "stdout", [b"x"])
    stream.close()

    first, second, third = (tmp_path / "out").read_text().splitlines()
    assert first == third == "\x1b[36mweb.0[7] | \x1b[0mx"
    assert second.startswith("\x1b[33mstock")
    out.close()
    err.close()


def test_machines_get_objects_even_for_bytes_that_are_no_text(tmp_path, monkeypatch) -> None:
    stream, out, err = stream_to_files(tmp_path, monkeypatch, as_json=True)

    stream.lines("web", 0, 7, "stderr", [b"bad \xff byte"])
    stream.block("for people only")
    stream.notice("a notice")
    stream.close()

    assert json.loads((tmp_path / "out").read_text()) == {
        "ts": "1970-01-01T00:00:00.000+00:00",
        "group": "web",
        "slot": 0,
        "pid": 7,
        "stream": "stderr",
        "msg": "bad \N{REPLACEMENT CHARACTER} byte",
    }
    assert json.loads((tmp_path / "err").read_text())["msg"] == "a notice"
    out.close()
    err.close()


@pytest.mark.parametrize("as_json", [False, True])
def test_lines_that_were_written_hold_no_memory(tmp_path, monkeypatch, as_json) -> None:
    stream, out, err = stream_to_files(tmp_path, monkeypatch, as_json=as_json)
    stream.keep_in(tmp_path)

    def write() -> int:
        for _ in range(100):
            stream.lines("web", 0, 7, "stdout", [b"one"])
            stream.notice("two")
        assert stream.flush(10)
        gc.collect()
        return len(gc.get_objects())

    before = write()
    after = write()
    stream.close()

    assert after - before < 50
    for file in (out, err):
        file.close()


def test_a_full_disk_loses_lines_and_says_so_but_ends_nothing(tmp_path) -> None:
    full = os.open("/dev/full", os.O_WRONLY)
    healthy = os.open(tmp_path / "log", os.O_WRONLY | os.O_CREAT)
    where = os.dup(full)
    told, closed = threading.Event(), []
    output = Output(where, lambda: closed.append(1), lambda _why: told.set())

    output.put(b"one\ntwo\n")
    assert told.wait(10)
    os.dup2(healthy, where)
    output.put(b"three\n")
    output.close()

    assert (tmp_path / "log").read_bytes() == b"seamline: 2 lines were lost: no room\nthree\n"
    assert closed == []
    for descriptor in (full, healthy, where):
        os.close(descriptor)
