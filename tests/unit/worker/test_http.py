"""seamline.worker.http: what happens around one request."""

import asyncio
import json
import os
from contextlib import suppress
from contextvars import ContextVar

import pytest
import sqlalchemy
from a2wsgi import WSGIMiddleware
from flask import Flask
from sqlalchemy.orm import Session
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.responses import PlainTextResponse, StreamingResponse
from starlette.routing import Route

from seamline.errors import DeadlineExceeded, NotSendable, Unavailable
from seamline.frameworks import sqlalchemy_sessions
from seamline.wire import Codec, TypeTable
from seamline.worker.http import AccessLog, Front

ERRORS: ContextVar = ContextVar("errors", default=None)


def fail(error: Exception) -> None:
    """Raise a seam error the way a client does: recorded once, then raised."""
    ERRORS.get().append(error)
    raise error


def request(
    application, *, path: str = "/", accept: str = "*/*", draining: bool = False, log=None
) -> list[dict]:
    """Send one request through the layer and return the messages the server would get."""
    front = Front(application, must_close=lambda: draining, errors=ERRORS, access_log=log)
    sent = []
    bodies = [{"type": "http.request", "body": b"", "more_body": False}]

    async def receive() -> dict:
        return bodies.pop() if bodies else await asyncio.Event().wait()

    async def send(message: dict) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": [(b"host", b"here"), (b"accept", accept.encode())],
        "server": ("here", 80),
        "client": ("there", 1),
    }
    asyncio.run(front(scope, receive, send))
    return sent


def summary(sent: list[dict]) -> tuple[int, bytes]:
    """Return status and whole body."""
    return sent[0]["status"], b"".join(message.get("body", b"") for message in sent[1:])


def flask_app(view) -> WSGIMiddleware:
    app = Flask(__name__)
    app.add_url_rule("/", view_func=view)
    app.logger.disabled = True
    return WSGIMiddleware(app)


def starlette_app(endpoint, middleware=()) -> Starlette:
    return Starlette(routes=[Route("/", endpoint)], middleware=list(middleware))


def test_a_framework_s_500_becomes_the_seam_error_s_status_in_a_wsgi_thread() -> None:
    def view():
        fail(Unavailable("no worker"))

    sent = request(flask_app(view))

    status, body = summary(sent)
    assert status == 503
    assert json.loads(body) == {
        "status": 503,
        "code": "unavailable",
        "reason": "No worker took the call before its deadline; it did not run. Retrying is safe.",
    }
    assert (b"retry-after", b"1") in sent[0]["headers"]


def test_an_escaped_seam_error_is_answered_through_task_groups_of_middleware() -> None:
    async def endpoint(_request):
        fail(DeadlineExceeded("too late"))

    async def pass_on(request, call_next):
        return await call_next(request)

    middleware = [Middleware(BaseHTTPMiddleware, dispatch=pass_on)]
    with pytest.raises(DeadlineExceeded):  # Starlette raises again after its 500, for the log
        request(starlette_app(endpoint, middleware))


def test_the_error_of_an_asgi_application_without_framework_is_answered_and_logged(caplog) -> None:
    async def app(scope, receive, send):
        fail(DeadlineExceeded("too late"))

    status, body = summary(request(app))

    assert (status, json.loads(body)["code"]) == (504, "deadline")
    assert "too late" in caplog.text
    assert "too late" not in body.decode()


def test_browsers_get_a_page_without_internals() -> None:
    async def app(scope, receive, send):
        fail(Unavailable("<secret> /run/x.sock"))

    status, body = summary(request(app, accept="text/html,application/xhtml+xml"))

    assert status == 503
    assert body.startswith(b"<!doctype html><title>503 Service Unavailable</title>")
    assert b"secret" not in body


def test_an_application_that_answered_in_its_own_way_is_left_alone() -> None:
    async def endpoint(_request):
        try:
            fail(Unavailable("no worker"))
        except Unavailable:
            return PlainTextResponse("closed today", 418)

    assert summary(request(starlette_app(endpoint))) == (418, b"closed today")


def test_a_500_without_a_seam_error_is_left_alone() -> None:
    async def endpoint(_request):
        return PlainTextResponse("mine", 500)

    assert summary(request(starlette_app(endpoint))) == (500, b"mine")


def test_seam_errors_that_are_bugs_of_the_application_stay_500() -> None:
    def view():
        fail(NotSendable("an open file"))

    assert summary(request(flask_app(view)))[0] == 500


def test_an_unrelated_exception_after_a_handled_seam_error_is_not_disguised() -> None:
    async def app(scope, receive, send):
        with suppress(Unavailable):
            fail(Unavailable("no worker"))
        raise LookupError("a bug")

    with pytest.raises(LookupError):
        request(app)


def test_a_stream_passes_message_by_message() -> None:
    async def endpoint(_request):
        async def parts():
            yield b"one"
            yield b"two"

        return StreamingResponse(parts())

    sent = request(starlette_app(endpoint))

    assert [message.get("body") for message in sent[1:]] == [b"one", b"two", b""]


def test_errors_of_one_request_are_not_seen_by_the_next() -> None:
    async def bad(scope, receive, send):
        fail(Unavailable("no worker"))

    async def endpoint(_request):
        return PlainTextResponse("mine", 500)

    assert summary(request(bad))[0] == 503
    assert summary(request(starlette_app(endpoint)))[0] == 500


def test_other_scopes_pass_untouched() -> None:
    seen = []

    async def app(scope, receive, send):
        seen.append((scope, receive, send))

    front = Front(app, must_close=lambda: True, errors=ERRORS)
    asyncio.run(front({"type": "websocket"}, "receive", "send"))

    assert seen == [({"type": "websocket"}, "receive", "send")]


def test_a_draining_worker_tells_its_clients_to_go() -> None:
    async def endpoint(_request):
        return PlainTextResponse("fine")

    assert (b"connection", b"close") in request(starlette_app(endpoint), draining=True)[0][
        "headers"
    ]
    assert (b"connection", b"close") not in request(starlette_app(endpoint))[0]["headers"]


def test_each_request_is_one_line_of_the_access_log() -> None:
    async def endpoint(_request):
        return PlainTextResponse("fine")

    reading, writing = os.pipe()
    request(starlette_app(endpoint), log=AccessLog(writing))
    os.close(writing)

    with os.fdopen(reading) as lines:
        (line,) = lines.readlines()
    assert line.startswith("GET / 200 ")
    assert line.endswith(" ms\n")


def test_control_bytes_of_a_path_do_not_reach_the_log() -> None:
    async def app(scope, receive, send):
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body"})

    reading, writing = os.pipe()
    request(app, path="/a\nb\x1b[31m", log=AccessLog(writing))
    os.close(writing)

    with os.fdopen(reading) as lines:
        assert len(lines.read().splitlines()) == 1


def test_what_a_session_of_another_request_holds_is_not_this_ones(tmp_path) -> None:
    engine = sqlalchemy.create_engine(f"sqlite:///{tmp_path}/a.db")
    contexts = sqlalchemy_sessions.SessionContexts(Codec(TypeTable([])))
    nothing, holding, looked = contexts.pack(), asyncio.Event(), asyncio.Event()
    seen = {}

    async def application(scope, receive, send) -> None:
        with Session(engine) as session:
            if scope["path"] == "/slow":
                session.execute(sqlalchemy.text("insert into t values (1)"))
                session.info["seamline: written"] = {"it": "a statement"}
                holding.set()
                await looked.wait()
            else:
                await holding.wait()
            seen[scope["path"]] = contexts.pack()
            looked.set()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    async def both() -> None:
        front = Front(application, must_close=lambda: False, errors=ERRORS)
        asked = [{"type": "http", "path": path, "headers": []} for path in ("/slow", "/fast")]

        async def drop(_message: dict) -> None:
            pass

        await asyncio.gather(*(front(scope, asyncio.Event().wait, drop) for scope in asked))

    sqlalchemy_sessions.watch(sqlalchemy)
    try:
        with Session(engine) as session:  # as a factory does: requests begin with copies of this
            session.execute(sqlalchemy.text("create table t (a)"))
            session.commit()
        asyncio.run(both())
    finally:
        sqlalchemy_sessions.unwatch()
        engine.dispose()

    assert seen["/fast"] == nothing
    assert seen["/slow"] != nothing
