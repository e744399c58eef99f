"""seamline.worker.wsgi: what a WSGI application is called with."""

import asyncio
import sys
from typing import Any

import pytest
from a2wsgi import WSGIMiddleware

from seamline.worker.wsgi import as_servers_do

PARTS = ({"type": "http.request", "body": b"one\ntw", "more_body": True},
         {"type": "http.request", "body": b"o\nthree", "more_body": False})  # fmt: skip


def environ_and(read: Any, parts: Any = PARTS, **scope: Any) -> tuple[dict[str, Any], Any]:
    """Have an application read its body; return its environ and what it read or raised."""
    found: list[Any] = []

    def application(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        try:
            found.extend([environ, read(environ["wsgi.input"])])
        except OSError as error:
            found.extend([environ, error])
        start_response("200 OK", [])
        return []

    async def ask() -> None:
        coming = iter(parts)

        async def receive() -> Any:
            return next(coming)

        async def send(_message: Any) -> None:
            pass

        whole = {
            "type": "http", "method": "POST", "path": "/", "raw_path": b"/", "query_string": b"",
            "http_version": "1.1", "headers": [], "root_path": "", **scope,
        }  # fmt: skip
        await WSGIMiddleware(as_servers_do(application))(whole, receive, send)

    asyncio.run(ask())
    environ, read_ = found
    return environ, read_


@pytest.mark.parametrize(
    ("read", "expected"),
    [
        (lambda body: body.read(), b"one\ntwo\nthree"),
        (lambda body: body.read(7), b"one\ntwo"),
        (lambda body: [body.readline(100), body.readline(100)], [b"one\n", b"two\n"]),
        (lambda body: body.readline(2), b"on"),
        (list, [b"one\n", b"two\n", b"three"]),
        (lambda body: body.readlines(), [b"one\n", b"two\n", b"three"]),
        (lambda body: (body.read(), body.read(), body.read(1)), (b"one\ntwo\nthree", b"", b"")),
    ],
)
def test_a_body_is_read_to_its_end_in_whatever_way(read, expected) -> None:
    environ, found = environ_and(read)

    assert found == expected
    assert environ["wsgi.input_terminated"] is True
    assert environ["wsgi.errors"] is sys.stderr


def test_a_client_that_left_is_no_end_of_a_body() -> None:
    _, error = environ_and(lambda body: body.read(), [PARTS[0], {"type": "http.disconnect"}])

    assert isinstance(error, ConnectionResetError)


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ([(b"x_user", b"eve")], None),
        ([(b"x-user", b"ann"), (b"x_user", b"eve")], "ann"),
        ([(b"x_user", b"eve"), (b"x-user", b"ann"), (b"x-user", b"bob")], "ann,bob"),
    ],
)
def test_a_header_with_an_underscore_never_stands_for_another(headers, expected) -> None:
    environ, _ = environ_and(lambda body: body.read(), headers=headers)

    assert environ.get("HTTP_X_USER") == expected


@pytest.mark.parametrize(
    ("raw", "path", "root", "expected"),
    [
        (b"/%ff%fe", "/\ufffd\ufffd", "", "/\xff\xfe"),
        (b"/shop/%ff", "/shop/\ufffd", "/shop", "/\xff"),
        (b"/%C3%B6", "/ö", "", "/\xc3\xb6"),
    ],
)
def test_a_path_is_the_bytes_that_were_sent(raw, path, root, expected) -> None:
    environ, _ = environ_and(lambda body: body.read(), raw_path=raw, path=path, root_path=root)

    assert environ["PATH_INFO"] == expected
