"""seamline.worker.started: threads that were started while something was loaded."""

import contextlib
import importlib
import sys
import threading

import pytest

from seamline.worker.started import Started

LIBRARY = """
import threading
stop = threading.Event()
def work():
    threading.Thread(target=stop.wait, name="poller", daemon=True).start()
"""


@pytest.fixture
def modules(tmp_path, monkeypatch):
    """A library, and an application that uses it when it is imported."""
    for name, text in (
        ("pollinglib", LIBRARY),
        ("pollingapp", "import pollinglib\npollinglib.work()"),
    ):
        (tmp_path / name).mkdir()
        (tmp_path / name / f"{name}.py").write_text(text)
        monkeypatch.syspath_prepend(tmp_path / name)
    yield tmp_path
    with contextlib.suppress(KeyError):
        sys.modules.pop("pollinglib").stop.set()
    sys.modules.pop("pollingapp", None)


def test_a_thread_of_a_library_is_named_with_the_application_s_own_line(modules) -> None:
    started = Started(str(modules / "pollingapp"))
    before = threading.active_count()

    with started.noting():
        importlib.import_module("pollingapp")

    words = started.describe(threading.active_count() - 1)
    place = f"{modules}/pollinglib/pollinglib.py:5"
    assert threading.active_count() == before + 1
    assert f"'poller', started at {place} for pollingapp.py:2" in words


def test_threads_that_python_does_not_know_are_counted() -> None:
    known = threading.active_count() - 1

    assert "2 of a library that is not Python" in Started("/srv").describe(known + 2)


def test_what_replaces_the_start_of_threads_meanwhile_stays_in_place(monkeypatch) -> None:
    monkeypatch.setattr(threading.Thread, "start", threading.Thread.start)
    ended = threading.Event()

    with Started("/srv").noting():
        inner = threading.Thread.start

        def traced(thread: threading.Thread) -> None:
            inner(thread)

        threading.Thread.start = traced
    thread = threading.Thread(target=ended.set)
    thread.start()

    assert threading.Thread.start is traced
    assert ended.wait(10)
