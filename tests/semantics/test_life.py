"""Rows 5, 12, 15 and 16: failures of the seam itself, and the process around the code."""

import contextlib
import logging
import multiprocessing
import os
import subprocess
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import pytest
from law import life

import seamline


def test_calls_made_while_importing_run_where_they_are_made() -> None:
    assert life.noted()[0] == "import"


def test_a_function_is_where_its_package_is(processes) -> None:
    assert (life.process() != os.getpid()) == processes


@pytest.mark.parametrize("what", ["directory", "recursion", "umask", "variable"])
def test_processes_of_a_run_have_the_same_around_them(monkeypatch, what) -> None:
    monkeypatch.setenv("LAW_VARIABLE", "set by the test")
    here = {
        "directory": str(Path.cwd()),
        "recursion": sys.getrecursionlimit(),
        "variable": "set by the test",
    }
    os.umask(here.setdefault("umask", os.umask(0o022)))

    assert life.surroundings()[what] == here[what]


def test_the_hash_of_a_text_is_the_same_in_every_generation_of_a_host() -> None:
    assert len({life.surroundings()["hash"] for _ in range(3)}) == 1


def _wait_until_gone(process: int) -> None:
    """A process on its way out still takes a call or two, whose outcome is then unknown."""
    give_up = time.monotonic() + 30
    while Path(f"/proc/{process}").exists():
        assert time.monotonic() < give_up, f"process {process} did not end"
        time.sleep(0.001)


@pytest.mark.seamline_errors
def test_a_call_that_was_sent_to_a_host_that_died_has_an_unknown_outcome(processes) -> None:
    before = life.process()

    if processes:
        with pytest.raises(seamline.OutcomeUnknown, match="end"):
            life.end()
        _wait_until_gone(before)

    assert (life.process() != before) == processes


@pytest.mark.seamline_errors
def test_a_call_that_may_be_repeated_is_made_again_elsewhere(processes, tmp_path) -> None:
    mark = tmp_path / "ended"
    if not processes:
        mark.touch()

    assert life.end_once(mark) == "survived"
    assert mark.exists()


@pytest.mark.seamline_errors
def test_a_call_to_a_host_that_is_down_waits_until_its_deadline(processes) -> None:
    before = life.process()
    if processes:
        with pytest.raises(seamline.OutcomeUnknown):
            life.end()
        _wait_until_gone(before)

    expected = pytest.raises(seamline.Unavailable) if processes else contextlib.nullcontext()
    with expected, seamline.deadline(0.05):
        life.process()
    assert (life.process() != before) == processes


@pytest.mark.seamline_errors
def test_an_error_that_is_swallowed_is_counted(split) -> None:
    from seamline.rpc import recorded

    before = recorded().get("not-sendable", 0)

    from law import values

    with contextlib.suppress(TypeError):
        values.echo(lambda: 1)

    assert recorded().get("not-sendable", 0) == before + split


def test_a_forked_child_calls_over_seams_of_its_own() -> None:
    before = life.process()
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        with contextlib.suppress(BaseException):
            os.write(write, str(life.note("fork") > 0).encode())
        os._exit(0)
    os.close(write)
    with os.fdopen(read, "rb") as answer:
        assert answer.read() == b"True"
    os.waitpid(child, 0)

    assert life.process() == before


def test_a_spawned_process_of_a_pool_reaches_the_same_host(processes) -> None:
    host = life.process()

    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        seen = pool.submit(life.process).result(30)

    assert (seen == host) == processes


def test_a_python_program_that_is_started_reaches_the_same_host(processes) -> None:
    program = "from law import life; print(life.process())"
    search = os.pathsep.join([str(Path(__file__).parent), os.environ.get("PYTHONPATH", "")])
    # The first entry of the search path stays the one that lets a child join the run.
    joined = os.pathsep.join([os.environ.get("PYTHONPATH", ""), search])

    printed = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "PYTHONPATH": joined},
        capture_output=True,
        text=True,
        check=True,
        timeout=30,
    ).stdout

    assert (int(printed) == life.process()) == processes


@pytest.mark.filterwarnings("always")
def test_what_a_function_logs_warns_of_and_prints_is_said_here(
    caplog, capsys, seamline_layout
) -> None:
    caplog.set_level(logging.INFO, logger="law")

    with pytest.warns(FutureWarning, match="warned of tea") as seen:
        life.speaks("tea")

    (record,) = caplog.records
    assert (record.getMessage(), record.args, record.shelf) == ("logged tea", ("tea",), 3)
    assert (record.name, record.levelname, record.pathname) == ("law", "INFO", life.__file__)
    # In layout `local` the frame above the function is Seamline's.
    assert (seen[0].filename == __file__) is (seamline_layout != "local")
    assert len(seen) == 1
    assert capsys.readouterr().out == "printed tea\n"


def test_a_warning_that_is_an_error_is_raised() -> None:
    with pytest.raises(FutureWarning, match="warned of tea"):
        life.speaks("tea")
