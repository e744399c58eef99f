"""seamline.supervisor.processes: what a worker says, and what it cannot say."""

import asyncio
import errno
import os
import socket

import pytest

from seamline.supervisor.processes import Process, State
from seamline.worker import MAX_LINE_BYTES, Beat, Handover, Hello, Identity, Ready, encode


class Notices:
    """Stands for the log stream: keeps what the supervisor would tell the operator."""

    def __init__(self) -> None:
        self.texts: list[str] = []

    def notice(self, text: str) -> None:
        self.texts.append(text)


def heard(*sent: bytes) -> tuple[Process, list[str]]:
    """Return a process after these bytes came on its channel, and the notices about it."""

    async def scenario() -> tuple[Process, list[str]]:
        logs = Notices()
        process = Process(Identity("web", 0, 1), logs, lambda _: None)  # type: ignore[arg-type]
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        channel = process._listen(ours)
        for data in sent:
            theirs.send(data)
            channel._read()
        channel.end()
        theirs.close()
        return process, logs.texts

    return asyncio.run(scenario())


def test_reports_cut_anywhere_are_put_together_again() -> None:
    data = encode(Hello(pid=42)) + encode(Ready()) + encode(Beat(requests=7))

    process, notices = heard(*(data[at : at + 5] for at in range(0, len(data), 5)))

    assert (process.pid, process.state, process.last.requests) == (42, State.READY, 7)
    assert notices == []


def test_one_whose_end_could_not_be_heard_is_ended_at_once(monkeypatch, tmp_path) -> None:
    def refuse(_pid: int) -> int:
        raise OSError(errno.EMFILE, "Too many open files")

    async def scenario() -> Process:
        process = Process(Identity("web", 0, 1), Notices(), lambda _: None)  # type: ignore[arg-type]
        with pytest.raises(OSError, match="Too many open files"):
            await process.start(Handover(control=-1), os.environ, str(tmp_path))
        await process.ended
        return process

    monkeypatch.setattr("os.pidfd_open", refuse)
    process = asyncio.run(scenario())

    assert process.state is State.STOPPED
    with pytest.raises(ProcessLookupError):
        os.kill(process.pid, 0)


@pytest.mark.parametrize(
    "noise",
    [
        pytest.param([b"hello?\n"], id="text"),
        pytest.param([b'{"type":"dance"}\n'], id="another report"),
        pytest.param([b"x" * 60_000] * (MAX_LINE_BYTES // 60_000 + 1), id="a line without end"),
    ],
)
def test_a_worker_that_sends_no_reports_is_named_once(noise) -> None:
    process, notices = heard(*noise)

    assert process.state is State.STARTING
    assert [text.partition(" (")[0] for text in notices] == ["web.0[0] sent what is no report"]
