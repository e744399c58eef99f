"""What a test set up that another process cannot see: noticed, and said.

SQLite announces every connection through an audit event, whoever opens it, so neither the
application nor its tests have to be patched.
"""

import asyncio
import contextlib
import sqlite3
import sys
import threading
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path
from time import monotonic, sleep
from types import FrameType
from typing import Any, Final, NamedTuple

from seamline.testing.causes import IN_MEMORY, UNCOMMITTED, Cause
from seamline.testing.memory import is_memory_name

_OPENED: Final = "sqlite3.connect"
_HANDLE: Final = "sqlite3.connect/handle"
# Long enough for a transaction of another thread that is being written; when it takes longer
# the call stays beside it, which is the same answer.
_OTHERS_SECONDS: Final = 0.5
# Tools that keep databases of their own while the project's code runs.
_TOOLS: Final = frozenset({"coverage", "hypothesis", "_pytest", "pytest_cov", "xdist", "IPython"})


class _Opened(NamedTuple):
    connection: sqlite3.Connection
    is_in_memory: bool
    place: str
    thread: threading.Thread


class Connections:
    """The SQLite connections that code of one project opened in this process.

    Args:
        root: Directory of the project; connections no code below it asked for are not its.
    """

    def __init__(self, root: Path) -> None:
        self._root = str(root.resolve()) + "/"
        # Connections cannot be referenced weakly, so those that nobody else holds any more
        # are let go of before each look, as Python would have done at once.
        self._opened: list[_Opened] = []
        self._database = threading.local()
        self._own_references = 0
        self._is_watching = False

    def watch(self) -> None:
        """Begin to take note. An audit hook stays for the life of a process."""
        # A connection refers to itself, in ways that depend on Python's version.
        connection = sqlite3.connect(":memory:")
        unheld = _Opened(connection, True, "", threading.current_thread())
        del connection
        self._own_references = sys.getrefcount(unheld.connection)
        unheld.connection.close()
        self._is_watching = True
        sys.addaudithook(_of_databases(self._hear))

    def end(self) -> None:
        """Take note no more."""
        self._is_watching = False
        self._opened.clear()

    def forget(self) -> None:
        """Let go of the connections noted so far that are closed or that nobody holds.

        Called between tests, and with each that is opened. A connection that lives longer than
        its test, such as one of a pool or of a session's fixture, is kept in mind.
        """
        # Without a lock, which a forked child could find taken: removing is one step.
        for one in list(self._opened):
            is_held = sys.getrefcount(one.connection) > self._own_references
            if not is_held or not _is_open(one.connection):
                with contextlib.suppress(ValueError):  # another thread was first
                    self._opened.remove(one)

    def unseen(self) -> list[Cause]:
        """Return what no other process can see at this moment. Safe from any thread."""
        if not self._opened:
            return []
        self.forget()
        found = []
        for one in list(self._opened):
            # Another thread may close it between two looks.
            with contextlib.suppress(sqlite3.ProgrammingError):
                if one.is_in_memory:
                    found.append(Cause(IN_MEMORY, f"opened at {one.place}"))
                elif one.connection.in_transaction and not _ends_soon(one):
                    found.append(Cause(UNCOMMITTED, f"opened at {one.place}"))
        return found

    def _hear(self, event: str, arguments: tuple[object, ...], frame: FrameType) -> None:
        if not self._is_watching:
            return
        if event == _OPENED:
            # The next event of this thread is about the same connection.
            self._database.name = arguments[0]
        elif event == _HANDLE and isinstance(arguments[0], sqlite3.Connection):
            # A suite that opens one for each statement must not keep them all until a test ends.
            self.forget()
            place = self._place(frame)
            if place is not None:
                is_memory = _is_memory(getattr(self._database, "name", ""))
                thread = threading.current_thread()
                self._opened.append(_Opened(arguments[0], is_memory, place, thread))

    def _place(self, frame: FrameType | None) -> str | None:
        """Return the innermost line of the project, unless a tool of the tests is further in.

        A library that opens one for the tests without a line of the project, as Django does
        for its test database, stands for itself.
        """
        by_library = None
        if frame is not None and "site-packages" in frame.f_code.co_filename:
            by_library = f"{frame.f_code.co_filename}:{frame.f_lineno}"
        while frame is not None:
            name = frame.f_code.co_filename
            if name.startswith(self._root) and "site-packages" not in name:
                return f"{name.removeprefix(self._root)}:{frame.f_lineno}"
            if str(frame.f_globals.get("__name__", "")).partition(".")[0] in _TOOLS:
                is_innermost = by_library == f"{name}:{frame.f_lineno}"
                return None if is_innermost else by_library
            frame = frame.f_back
        return by_library


def _of_databases(
    hear: Callable[[str, tuple[object, ...], FrameType], None],
) -> Callable[[str, tuple[object, ...]], None]:
    """Return an audit hook that passes two events on to *hear*, with the frame they are of.

    Python tells of each ``id()`` as well. A function hears that in half the time of a method,
    on which ``__cantrace__`` is looked for each time with an exception.
    """
    opened, handle = _OPENED, _HANDLE

    def hook(event: str, arguments: tuple[object, ...]) -> None:
        if event == opened or event == handle:  # noqa: PLR1714, SIM109 - a third of a tuple's time
            hear(event, arguments, sys._getframe(1))  # noqa: SLF001 - costs no traceback

    return hook


class Sessions:
    """The sessions of SQLAlchemy that hold what they have not written yet.

    Whoever asks through the session would have it written first, and no other process sees it.
    """

    def __init__(self) -> None:
        self._left: weakref.WeakSet[Any] = weakref.WeakSet()

    def begin_test(self) -> None:
        """Leave out those that a test before has left so."""
        self._left = weakref.WeakSet(session for session, _ in _holding())

    def unseen(self) -> Iterator[Cause]:
        """Yield one cause for each."""
        for session, held in _holding():
            if session not in self._left:
                yield Cause(UNCOMMITTED, f"a session holds {held}, not written yet")


def _holding() -> Iterator[tuple[object, str]]:
    """Yield sessions with the class of the first object that each has not written."""
    module = sys.modules.get("sqlalchemy.orm.session")
    found: list[Any] = []
    with contextlib.suppress(RuntimeError):  # another thread opened one at this moment
        found = list(getattr(module, "_sessions", {}).values())
    for session in found:
        if _is_of_memory(session):
            continue  # whom that concerns is told by the database
        with contextlib.suppress(RuntimeError):  # likewise, of its objects
            held = [*session.new, *session.deleted, *filter(session.is_modified, session.dirty)]
            if held:
                yield session, type(held[0]).__name__


def _is_of_memory(session: Any) -> bool:
    bound = getattr(session.bind, "engine", None)  # an engine, or a connection of one
    return bound is not None and is_memory_name(str(bound.url))


def _ends_soon(one: _Opened) -> bool:
    """Whether a transaction belongs to another thread, which is about to end it.

    One that the calling thread holds cannot end while that thread waits here. One of another
    thread's connection may still be the caller's, through a pool: then it does not end either.
    """
    if one.thread is threading.current_thread() or not one.thread.is_alive():
        return False
    # A loop that waits here runs nobody who could end it (aiosqlite's threads obey the loop).
    with contextlib.suppress(RuntimeError):
        asyncio.get_running_loop()
        return False
    until = monotonic() + _OTHERS_SECONDS
    while one.connection.in_transaction:
        if monotonic() > until:
            return False
        sleep(0.005)
    return True


def _is_memory(database: object) -> bool:
    text = str(database)
    return text in {"", ":memory:"} or text.startswith("file::memory:") or "mode=memory" in text


def _is_open(connection: sqlite3.Connection) -> bool:
    try:
        return connection.total_changes >= 0
    except sqlite3.ProgrammingError:
        return False
