"""seamline.worker.turns: one process of a run before all others."""

import fcntl
import os
import socket
import threading
import time

import pytest

from seamline.plan import TURN_FILE
from seamline.worker.turns import turn

# Nobody who is not to wait gets near the first, on however busy a machine.
LONGEST, BRIEF = 30.0, 0.3


@pytest.fixture
def held(tmp_path):
    """Another has the turn: a lock belongs to what was opened, not to a process."""
    with (tmp_path / TURN_FILE).open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield lock


def waited(run_dir, *calls: int, longest: float = LONGEST) -> float:
    begun = time.monotonic()
    with turn(str(run_dir), longest, *calls):
        return time.monotonic() - begun


def test_a_turn_that_nobody_has_is_had_at_once(tmp_path):
    assert waited(tmp_path) < LONGEST
    assert waited(tmp_path) < LONGEST


def test_it_is_told_whether_another_ended_well_before(tmp_path):
    with pytest.raises(ZeroDivisionError), turn(str(tmp_path), LONGEST):
        raise ZeroDivisionError
    for expected in (False, True, True):
        with turn(str(tmp_path), LONGEST) as is_repeated:
            assert is_repeated is expected


def test_a_turn_is_waited_for_but_not_for_ever(held, tmp_path):
    assert waited(tmp_path, longest=BRIEF) >= BRIEF


def test_nobody_waits_once_a_turn_has_ended_well(held, tmp_path):
    held.truncate(1)  # as who has ended well does, whoever has the lock now

    assert waited(tmp_path) < LONGEST


def test_who_waits_goes_on_when_a_turn_ends_well(held, tmp_path):
    ending = threading.Timer(BRIEF / 3, held.truncate, [1])
    ending.start()

    assert waited(tmp_path) < LONGEST

    ending.join()


def test_nobody_who_calls_is_kept_waiting(held, tmp_path):
    with socket.socket(socket.AF_UNIX) as listening, socket.socket(socket.AF_UNIX) as caller:
        listening.bind(str(tmp_path / "s"))
        listening.listen()
        assert waited(tmp_path, listening.fileno(), longest=BRIEF) >= BRIEF

        held.truncate(0)
        caller.connect(str(tmp_path / "s"))

        assert waited(tmp_path, listening.fileno()) < LONGEST


def test_a_turn_ends_for_a_process_that_was_forked_in_it_too(tmp_path):
    with turn(str(tmp_path), LONGEST):
        reader, writer = os.pipe()
        child = os.fork()
        if child == 0:  # it has the descriptor of the lock as long as it lives
            os.close(writer)
            os.read(reader, 1)
            os._exit(0)
    os.truncate(tmp_path / TURN_FILE, 0)

    assert waited(tmp_path) < LONGEST

    os.close(writer)
    os.waitpid(child, 0)


def test_where_there_is_no_lock_there_are_no_turns(tmp_path):
    assert waited(tmp_path / "nowhere") < LONGEST
