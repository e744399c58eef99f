"""One request through a worker: the log line, closing, and seam errors that escaped."""

import asyncio
import html
import json
import logging
import os
import time
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from contextvars import ContextVar
from typing import Any, Final

from seamline.errors import SeamError
from seamline.frameworks import begin_request

Message = MutableMapping[str, Any]
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]

_log = logging.getLogger("seamline.worker")

# Long enough for a worker to be replaced, short enough for a person to wait.
_RETRY_AFTER_SECONDS: Final = 1


class AccessLog:
    """Writes one line a finished request, gathering those of one turn of the loop."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._lines: list[str] = []

    def add(self, scope: Scope, status: int, seconds: float) -> None:
        """Log one request. The path is what the client sent, so control bytes are quoted."""
        path = scope.get("raw_path", b"").decode("ascii", "backslashreplace")
        if not path.isprintable():
            path = path.encode("unicode_escape").decode()
        if not self._lines:
            asyncio.get_running_loop().call_soon(self._write)
        self._lines.append(f"{scope['method']} {path} {status} {seconds * 1000:.0f} ms\n")

    def _write(self) -> None:
        data = "".join(self._lines).encode()
        self._lines.clear()
        while data:
            data = data[os.write(self._descriptor, data) :]


class Front:
    """The outermost ASGI layer around one http service.

    Only ``http`` scopes are touched; ``websocket`` and ``lifespan`` pass straight through.
    A response that the application finished in its own way is never changed: only a plain
    500, and only when a seam error was raised to the application during this request.

    Args:
        application: The ASGI application, or a WSGI one behind its adapter.
        must_close: Asked for each answer: whether the client must close the connection.
        errors: The context variable in which seam errors of one request are gathered. A
            list is put into it, and threads and tasks of the request inherit the list.
        access_log: Where finished requests are written, or ``None``.

    Attributes:
        answered: Requests whose answer has begun: counted before its first byte leaves.
    """

    def __init__(
        self,
        application: Application,
        *,
        must_close: Callable[[], bool],
        errors: ContextVar[Any],
        access_log: AccessLog | None = None,
    ) -> None:
        self._application = application
        self._must_close = must_close
        self._errors = errors
        self._access_log = access_log
        self.answered = 0
        # When each request began that is being answered now: the oldest is the first.
        self._began: dict[object, float] = {}

    def oldest(self, now: float) -> float:
        """Return for how long the oldest request that is being answered now has been.

        Args:
            now: By ``time.perf_counter``.
        """
        return max(now - next(iter(self._began.values()), now), 0.0)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or pass on what is none."""
        if scope["type"] != "http":
            await self._application(scope, receive, send)
            return
        errors: list[SeamError] = []
        self._errors.set(errors)
        begin_request()
        must_close = self._must_close
        request = object()
        self._began[request] = started = time.perf_counter()
        status = 0
        replaced = False

        async def answer(message: Message) -> None:
            nonlocal status, replaced
            if message["type"] == "http.response.start":
                self.answered += not status
                status = message["status"]
                if status == 500 and errors and (error := _to_report(errors)) is not None:  # noqa: PLR2004
                    replaced, status = True, error.http_status
                    await _send_error(scope, send, error, close=must_close())
                    return
                if must_close():
                    message["headers"] = [*message.get("headers", ()), (b"connection", b"close")]
            elif replaced:
                return
            await send(message)

        try:
            await self._application(scope, receive, answer)
        except Exception as exc:
            error = _to_report(_in_chain(exc)) if not status else None
            self.answered += not status
            if error is None:
                status = status or 500
                raise
            _log.exception("%s %s failed", scope["method"], scope["path"])
            status = error.http_status
            await _send_error(scope, send, error, close=must_close())
        finally:
            del self._began[request]
            if self._access_log is not None:
                self._access_log.add(scope, status, time.perf_counter() - started)


def _to_report(errors: Iterable[SeamError]) -> SeamError | None:
    """Return the last error that says more than 500 does."""
    telling = [error for error in errors if error.http_status != 500]  # noqa: PLR2004
    return telling[-1] if telling else None


def _in_chain(exc: BaseException) -> list[SeamError]:
    """Return the seam errors an escaped exception is, was caused by, or was raised in."""
    found: list[SeamError] = []
    waiting: list[BaseException | None] = [exc]
    seen: set[int] = set()
    while waiting:
        error = waiting.pop()
        if error is None or id(error) in seen:
            continue
        seen.add(id(error))
        if isinstance(error, SeamError):
            found.append(error)
        if isinstance(error, BaseExceptionGroup):
            waiting.extend(error.exceptions)
        waiting += (error.__cause__, error.__context__)
    return found


async def _send_error(scope: Scope, send: Send, error: SeamError, *, close: bool) -> None:
    """Answer 503 or 504 with the code and one sentence; details stay in the log."""
    reason = (type(error).__doc__ or "").strip().split("\n")[0]
    title = "Gateway Timeout" if error.http_status == 504 else "Service Unavailable"  # noqa: PLR2004
    accept = next((v for name, v in scope["headers"] if name == b"accept"), b"").lower()
    if b"text/html" in accept:
        kind = b"text/html; charset=utf-8"
        body = (
            f"<!doctype html><title>{error.http_status} {title}</title><h1>{title}</h1>"
            f"<p>{html.escape(reason)} <small>[{error.code}]</small></p>"
        )
    else:
        kind = b"application/json"
        body = json.dumps({"status": error.http_status, "code": error.code, "reason": reason})
    data = body.encode()
    headers = [
        (b"content-type", kind),
        (b"content-length", str(len(data)).encode()),
        (b"retry-after", str(_RETRY_AFTER_SECONDS).encode()),
        (b"cache-control", b"no-store"),
    ]
    if close:
        headers.append((b"connection", b"close"))
    start = {"type": "http.response.start", "status": error.http_status, "headers": headers}
    await send(start)
    await send({"type": "http.response.body", "body": data})
