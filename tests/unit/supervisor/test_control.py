"""seamline.supervisor.control: who asks hears what is the matter."""

import socket
import threading
from contextlib import contextmanager

import pytest

from seamline.errors import NotRunning, StartError
from seamline.supervisor import (
    AlignRequest,
    Reloaded,
    ReloadRequest,
    StatusRequest,
    align,
    ask,
    change,
)


def test_a_supervisor_that_does_not_answer_is_not_called_absent(tmp_path) -> None:
    with socket.socket(socket.AF_UNIX) as silent:
        silent.bind(str(tmp_path / "control.sock"))
        silent.listen()

        with pytest.raises(NotRunning, match=r"did not answer within 0\.1 s: it is suspended"):
            align(tmp_path, AlignRequest(), timeout=0.1)


def test_a_project_that_does_not_run_is_told_how_to_start_it(tmp_path) -> None:
    with pytest.raises(NotRunning, match="start it with: seamline run"):
        ask(tmp_path, StatusRequest())


@contextmanager
def answering(directory, *lines: bytes):
    """A supervisor that answers one request with these lines and ends."""
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(directory / "control.sock"))
        listening.listen()

        def answer() -> None:
            connection, _ = listening.accept()
            with connection, connection.makefile("rb") as asked:
                asked.readline()
                connection.sendall(b"".join(line + b"\n" for line in lines))

        thread = threading.Thread(target=answer)
        thread.start()
        yield
        thread.join()


def test_what_happens_during_a_reload_is_told_line_by_line(tmp_path) -> None:
    told: list[str] = []

    with answering(
        tmp_path,
        b'{"type":"progress","text":"web.0 is ready"}',
        b'{"type":"progress","text":""}',
        b'{"type":"reloaded","replaced":{"web":1},"killed":1}',
    ):
        answer = change(tmp_path, ReloadRequest(), told.append)

    assert answer == Reloaded(replaced={"web": 1}, killed=1)
    assert told == ["web.0 is ready"]


def test_a_run_that_ends_during_a_reload_is_said_to_have_ended(tmp_path) -> None:
    with (
        answering(tmp_path, b'{"type":"progress","text":"web.0 is ready"}'),
        pytest.raises(NotRunning, match="ended while it was changed"),
    ):
        change(tmp_path, ReloadRequest(), lambda _: None)


def test_a_supervisor_of_a_version_that_cannot_reload_is_named(tmp_path) -> None:
    with (
        answering(tmp_path, b'{"type":"refusal","message":"Invalid value \'reload\'"}'),
        pytest.raises(StartError, match="another version of Seamline started it"),
    ):
        change(tmp_path, ReloadRequest(), lambda _: None)
