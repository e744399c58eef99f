"""A WSGI application called as PEP 3333 and other servers have it, where the adapter does not.

The adapter (a2wsgi) ends a body that comes in chunks before it began, and a line where what has
come ends; it takes a client that left for the end of a body, joins the values of headers that
differ in ``-`` and ``_``, writes errors to standard output, and replaces bytes of a path that are
no UTF-8.
"""

import asyncio
import io
import sys
from collections.abc import Callable, Iterable
from typing import Any, Final
from urllib.parse import unquote_to_bytes

from seamline.worker.http import Receive

Environ = dict[str, Any]

_BUFFER_BYTES: Final = 64 * 1024
_REPLACED: Final = "\N{REPLACEMENT CHARACTER}"


def as_servers_do(application: Callable[[Environ, Any], Iterable[bytes]]) -> Any:
    """Return an application for the adapter that calls this one as other servers call it."""

    def call(environ: Environ, start_response: Any) -> Iterable[bytes]:
        scope, body = environ["asgi.scope"], environ["wsgi.input"]
        environ["wsgi.input"] = io.BufferedReader(_Body(body.loop, body.receive), _BUFFER_BYTES)
        # A body ends by itself, also one without a length (mod_wsgi, gunicorn, Werkzeug).
        environ["wsgi.input_terminated"] = True
        environ["wsgi.errors"] = sys.stderr
        if _REPLACED in scope["path"]:
            path = unquote_to_bytes(scope["raw_path"]).decode("latin-1")
            environ["PATH_INFO"] = path.removeprefix(environ["SCRIPT_NAME"])
        _drop_doubtful(environ, scope["headers"])
        return application(environ, start_response)

    return call


def _drop_doubtful(environ: Environ, headers: list[tuple[bytes, bytes]]) -> None:
    """Drop headers with ``_`` in their names, as nginx and gunicorn do.

    In an environ they stand where those with ``-`` do, which a proxy in front may have checked.
    """
    for doubtful in {_key(name) for name, _ in headers if b"_" in name}:
        values = [value for name, value in headers if _key(name) == doubtful and b"_" not in name]
        if values:
            environ[doubtful] = b",".join(values).decode("latin-1")
        else:
            environ.pop(doubtful, None)


def _key(name: bytes) -> str:
    return "HTTP_" + name.decode("latin-1").upper().replace("-", "_")


class _Body(io.RawIOBase):
    """The body of a request, read in a thread while the event loop receives it.

    Args:
        loop: Where the request is received.
        receive: Returns its next part, as ASGI has it.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, receive: Receive) -> None:
        self._loop = loop
        self._receive = receive
        self._rest = memoryview(b"")
        self._has_more = True

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        """Fill a buffer as far as one part goes; 0 at the end.

        Raises:
            ConnectionResetError: The client left before that.
        """
        while not self._rest and self._has_more:
            message = asyncio.run_coroutine_threadsafe(self._next(), self._loop).result()
            if message["type"] == "http.disconnect":
                raise ConnectionResetError("the client left before its request was read")
            self._rest = memoryview(message.get("body", b""))
            self._has_more = message.get("more_body", False)
        count = min(len(self._rest), len(buffer))
        buffer[:count] = self._rest[:count]
        self._rest = self._rest[count:]
        return count

    async def _next(self) -> Any:
        return await self._receive()
