"""Threads that were started while something was loaded: their names, and who started them."""

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any, Final

# So many are named; the rest is counted.
_MOST_NAMED: Final = 3
_OWN: Final = frozenset({"threading", "_thread", "concurrent", "seamline", "importlib"})


class Started:
    """Notes where threads are started, for as long as :meth:`noting` lasts.

    Args:
        root: Of the application: a line of its own says more than one of a library.
    """

    def __init__(self, root: str) -> None:
        self._root = f"{Path(root)}/"
        self._places: dict[int, str] = {}

    @contextmanager
    def noting(self) -> Iterator[None]:
        """Note it meanwhile. What else replaces ``Thread.start`` in that time stays in place."""
        start = threading.Thread.start
        is_noting = True

        def noted(thread: threading.Thread) -> Any:
            if is_noting:
                self._places[id(thread)] = self._place(sys._getframe(1))  # noqa: SLF001
            return start(thread)

        threading.Thread.start = noted  # type: ignore[method-assign, assignment]
        try:
            yield
        finally:
            is_noting = False
            if threading.Thread.start is noted:
                threading.Thread.start = start  # type: ignore[method-assign]

    def describe(self, count: int) -> str:
        """Return the names of threads that live now, this one aside, and who started them.

        Args:
            count: How many there are, as the kernel counts them.
        """
        others = [one for one in threading.enumerate() if one is not threading.current_thread()]
        words = [self._describe(one) for one in others[:_MOST_NAMED]]
        if more := len(others) - len(words):
            words.append(f"{more} more")
        if (unknown := count - len(others)) > 0:
            words.append(f"{unknown} of a library that is not Python")
        return "; ".join(words)

    def _describe(self, thread: threading.Thread) -> str:
        place = self._places.get(id(thread))
        return f"{thread.name!r}, started at {place}" if place else repr(thread.name)

    def _place(self, frame: FrameType | None) -> str:
        """Return the nearest line of the application's own, or else of a library."""
        first = ""
        while frame is not None:
            file = frame.f_code.co_filename
            place = f"{file.removeprefix(self._root)}:{frame.f_lineno}"
            module = str(frame.f_globals.get("__name__", "")).partition(".")[0]
            if file.startswith(self._root) and "site-packages" not in file:
                return place if not first else f"{first} for {place}"
            if not first and module not in _OWN and not file.startswith("<"):
                first = f"{file}:{frame.f_lineno}"
            frame = frame.f_back
        return first
