"""Threads of a service stay in its place. Only layout ``local`` has places, so only it needs this.

In a layout of processes a thread of a host runs in the host, whatever it calls. In one process
a new thread begins with an empty context, outside of every service; work given to a pool
begins in the place of whoever started the pool's thread. Both are corrected here.
"""

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import Any

from seamline.seam.place import here


class KeptPlaces:
    """Makes threads and work for thread pools begin in the place they were created in."""

    def __init__(self) -> None:
        self._start = threading.Thread.start
        self._submit = ThreadPoolExecutor.submit

    def install(self) -> None:
        """Keep places from now on."""
        start, submit = self._start, self._submit

        def start_here(thread: threading.Thread) -> None:
            thread.run = partial(_run_at, here.get(), thread.run)  # type: ignore[method-assign]
            start(thread)

        def submit_here(
            pool: ThreadPoolExecutor, work: Callable[..., Any], /, *args: Any, **kwargs: Any
        ) -> Future[Any]:
            return submit(pool, partial(_run_at, here.get(), work), *args, **kwargs)

        threading.Thread.start = start_here  # type: ignore[method-assign,assignment]
        ThreadPoolExecutor.submit = submit_here  # type: ignore[method-assign,assignment]

    def uninstall(self) -> None:
        """Let threads and pools be Python's own again."""
        threading.Thread.start = self._start  # type: ignore[method-assign]
        ThreadPoolExecutor.submit = self._submit  # type: ignore[method-assign]


def _run_at(place: str | None, work: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
    """Run something in a place, and leave the thread's own place as it was."""
    token = here.set(place)
    try:
        return work(*args, **kwargs)
    finally:
        here.reset(token)
