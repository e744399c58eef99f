"""Answers the hosts' calls to packages of the test process, on a loop of its own thread."""

import asyncio
import socket
import threading
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, Final

import uvloop

from seamline.worker import Process

# The tests are over: what still runs was started by a test that did not wait for it.
_DRAIN_SECONDS: Final = 1.0


class Answering:
    """Listens where the slot of a worker would. Close with :meth:`stop`.

    Args:
        process: Whose functions are called.
        path: Of the socket; its directory exists.
    """

    def __init__(self, process: Process, path: str) -> None:
        self._process = process
        self._loop = uvloop.new_event_loop()
        self._thread = threading.Thread(
            target=self._loop.run_forever, name="seamline-answers", daemon=True
        )
        self._thread.start()
        listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        listening.bind(path)
        Path(path).chmod(0o600)
        listening.listen()
        self._run(process.start(listening.detach()))

    def stop(self) -> None:
        """Finish what runs, then end the thread."""
        self._run(self._process.drain(_DRAIN_SECONDS))
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _run(self, work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result()
