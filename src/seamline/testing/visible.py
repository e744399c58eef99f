"""What a test set up that another process cannot see: noticed, and said.

SQLite announces every connection through an audit event, whoever opens it, so neither the
application nor its tests have to be patched.
"""

import sqlite3
import sys
from pathlib import Path
from types import FrameType
from typing import Final, NamedTuple

_OPENED: Final = "sqlite3.connect"
_HANDLE: Final = "sqlite3.connect/handle"


class Unseen(NamedTuple):
    """Something of the test process that no host can see.

    Attributes:
        what: ``in-memory database`` or ``uncommitted transaction``.
        place: ``file:line`` of the project that opened the connection.
    """

    what: str
    place: str


class _Opened(NamedTuple):
    connection: sqlite3.Connection
    is_in_memory: bool
    place: str


class Connections:
    """The SQLite connections that code of one project opened in this process.

    Args:
        root: Directory of the project; connections no code below it asked for are not its.
    """

    def __init__(self, root: Path) -> None:
        self._root = str(root.resolve()) + "/"
        # Not weak, since connections cannot be referenced weakly: cleared after each test.
        self._opened: list[_Opened] = []
        self._database: object = None
        self._is_watching = False

    def watch(self) -> None:
        """Begin to take note. An audit hook stays for the life of a process."""
        self._is_watching = True
        sys.addaudithook(self._hear)

    def end(self) -> None:
        """Take note no more."""
        self._is_watching = False
        self._opened.clear()

    def forget(self) -> None:
        """Let go of the connections noted so far that are closed, and of in-memory ones.

        Called between tests. A connection that lives longer than its test, such as one of a
        pool, is kept in mind.
        """
        self._opened = [one for one in self._opened if _is_open(one.connection)]

    def unseen(self) -> list[Unseen]:
        """Return what no other process can see at this moment."""
        found = []
        for one in self._opened:
            if not _is_open(one.connection):
                continue
            if one.is_in_memory:
                found.append(Unseen("in-memory database", one.place))
            elif one.connection.in_transaction:
                found.append(Unseen("uncommitted transaction", one.place))
        return found

    def _hear(self, event: str, arguments: tuple[object, ...]) -> None:
        if not self._is_watching:
            return
        if event == _OPENED:
            self._database = arguments[0]
        elif event == _HANDLE and isinstance(arguments[0], sqlite3.Connection):
            place = self._place(sys._getframe(1))  # noqa: SLF001 - costs no traceback
            if place is not None:
                self._opened.append(_Opened(arguments[0], _is_memory(self._database), place))

    def _place(self, frame: FrameType | None) -> str | None:
        while frame is not None:
            name = frame.f_code.co_filename
            if name.startswith(self._root) and "site-packages" not in name:
                return f"{name.removeprefix(self._root)}:{frame.f_lineno}"
            frame = frame.f_back
        return None


def _is_memory(database: object) -> bool:
    text = str(database)
    return text in {"", ":memory:"} or text.startswith("file::memory:") or "mode=memory" in text


def _is_open(connection: sqlite3.Connection) -> bool:
    try:
        return connection.total_changes >= 0
    except sqlite3.ProgrammingError:
        return False
