"""seamline.supervisor.control: who asks hears what is the matter."""

import socket

import pytest

from seamline.errors import NotRunning
from seamline.supervisor import AlignRequest, StatusRequest, align, ask


def test_a_supervisor_that_does_not_answer_is_not_called_absent(tmp_path) -> None:
    with socket.socket(socket.AF_UNIX) as silent:
        silent.bind(str(tmp_path / "control.sock"))
        silent.listen()

        with pytest.raises(NotRunning, match=r"did not answer within 0\.1 s: it is suspended"):
            align(tmp_path, AlignRequest(), timeout=0.1)


def test_a_project_that_does_not_run_is_told_how_to_start_it(tmp_path) -> None:
    with pytest.raises(NotRunning, match="start it with: seamline run"):
        ask(tmp_path, StatusRequest())
