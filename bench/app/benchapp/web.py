"""``GET /visit?caller=async&host=sync&seconds=1``: measure calls of those colours from here.

The calls are the application's own, ``catalog.product("p-1")``; whether they cross to
another process is decided by the layout this application is run in.
"""

import asyncio
import json
import threading
from collections.abc import Awaitable, Callable, MutableMapping
from contextlib import closing
from dataclasses import asdict
from typing import Any
from urllib.parse import parse_qsl

from benchapp import catalog
from benchapp.measure import Visit, measure_async, measure_sync

Message = MutableMapping[str, Any]


async def visit(caller: str, host: str, seconds: float) -> Visit:
    """Measure calls from code of one colour to functions of one colour."""
    host_pid = await asyncio.to_thread(catalog.host_pid)
    if caller == "async":
        product, echo = (
            (catalog.product_async, catalog.echo_async)
            if host == "async"
            else (_in_coroutine(catalog.product), _in_coroutine(catalog.echo))
        )
        return await measure_async(product, echo, host_pid=host_pid, seconds=seconds)
    return await asyncio.to_thread(_visit_from_plain_code, host, host_pid, seconds)


def _visit_from_plain_code(host: str, host_pid: int, seconds: float) -> Visit:
    with closing(Loops()) as loops:
        product, echo = (
            (catalog.product, catalog.echo)
            if host == "sync"
            else (loops.run_to_end(catalog.product_async), loops.run_to_end(catalog.echo_async))
        )
        return measure_sync(product, echo, host_pid=host_pid, seconds=seconds)


def _in_coroutine(function: Callable[[Any], object]) -> Callable[[Any], Awaitable[object]]:
    """Call a plain function from a coroutine, as is: the loop waits for it, as in one process."""

    async def call(argument: Any) -> object:
        return function(argument)

    return call


class Loops:
    """Runs coroutines from plain code, on an event loop that each thread keeps."""

    def __init__(self) -> None:
        self._of_thread = threading.local()
        self._runners: list[asyncio.Runner] = []

    def run_to_end(self, function: Callable[[Any], Awaitable[object]]) -> Callable[[Any], object]:
        """Make a plain function of a coroutine function."""

        async def call(argument: Any) -> object:
            return await function(argument)

        def run(argument: Any) -> object:
            if not hasattr(self._of_thread, "runner"):
                self._of_thread.runner = asyncio.Runner()
                self._runners.append(self._of_thread.runner)
            return self._of_thread.runner.run(call(argument))

        return run

    def close(self) -> None:
        """Close the loops of all threads; call it when those have ended."""
        for runner in self._runners:
            runner.close()


async def app(
    scope: Message,
    _receive: Callable[[], Awaitable[Message]],
    send: Callable[[Message], Awaitable[None]],
) -> None:
    """Answer ``/visit`` with one measurement as JSON."""
    if scope["type"] != "http":
        return
    query = dict(parse_qsl(scope["query_string"].decode()))
    result = await visit(query["caller"], query["host"], float(query["seconds"]))
    headers = [(b"content-type", b"application/json")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": json.dumps(asdict(result)).encode()})
