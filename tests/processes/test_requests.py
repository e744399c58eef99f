"""What reaches an application of a request, and what does not."""

import http.client
import socket
from urllib.parse import urlsplit

import pytest

pytestmark = pytest.mark.processes

TOML = 'name = "r"\n[services.web]\nhttp = "pages:app"\n'
APPS = {
    "wsgi": """
from flask import Flask, request

app = Flask(__name__)


@app.post("/")
def page():
    return request.get_data()


@app.post("/file")
def file():
    return request.files["f"].read()
""",
    "asgi": """
async def app(scope, receive, send):
    if scope["type"] != "http":
        return
    body, more = b"", True
    while more:
        message = await receive()
        body, more = body + message.get("body", b""), message.get("more_body", False)
    headers = [(b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})
""",
}
FORM = (
    b'--B\r\nContent-Disposition: form-data; name="f"; filename="f"\r\n\r\n'
    + b"x" * 200_000
    + b"\r\n--B--\r\n"
)


@pytest.fixture(params=sorted(APPS))
def place(request, project):
    (project.root / "pages.py").write_text(APPS[request.param])
    project.write(TOML)
    run = project.start().ready()
    yield request.param, urlsplit(run.url).netloc
    assert run.stop() == 0


def test_a_body_in_chunks_arrives_whole(place) -> None:
    kind, netloc = place
    client = http.client.HTTPConnection(netloc, timeout=60)
    client.request("POST", "/", body=iter([b"one ", b"two ", b"three"]), encode_chunked=True)
    assert client.getresponse().read() == b"one two three"
    if kind == "wsgi":
        headers = {"Content-Type": "multipart/form-data; boundary=B"}
        body = (FORM[n : n + 7000] for n in range(0, len(FORM), 7000))
        client.request("POST", "/file", body=body, headers=headers, encode_chunked=True)
        assert client.getresponse().read() == b"x" * 200_000
    client.close()


def answer(netloc: str, *parts: bytes) -> bytes:
    """Send a request in parts; return the first line of the answer."""
    host, port = netloc.split(":")
    with socket.create_connection((host, int(port)), timeout=60) as client:
        for part in parts:
            client.sendall(part)
        return client.makefile("rb").readline()


def test_a_head_of_a_request_is_limited(place) -> None:
    _, netloc = place
    start = b"POST / HTTP/1.1\r\nHost: here\r\nContent-Length: 10\r\nX-Long: "
    rest = b"\r\n\r\n" + b"b" * 10

    assert answer(netloc, start + b"y" * 64_000 + rest) == b"HTTP/1.1 200 OK\r\n"
    # Little more than is allowed, so that all of it is read: a socket that is closed before that
    # is reset, and the answer with it.
    for parts in (
        (start + b"y" * 65_600 + rest,),
        (start, *[b"y" * 6560] * 10),
        (b"POST /" + b"p" * 65_600 + b" HTTP/1.1\r\nHost: here\r\n\r\n",),
    ):
        assert answer(netloc, *parts) == b"HTTP/1.1 431 Request Header Fields Too Large\r\n"
    assert answer(netloc, start + b"y\0" + rest).startswith(b"HTTP/1.1 400 ")


def test_what_follows_a_body_is_no_head_of_it(place) -> None:
    _, netloc = place
    host, port = netloc.split(":")
    first = b"POST / HTTP/1.1\r\nHost: here\r\nContent-Length: 120000\r\n\r\n"
    with socket.create_connection((host, int(port)), timeout=60) as client:
        client.sendall(first + b"b" * 20_000)
        client.sendall(b"b" * 100_000 + b"POST / HTTP/1.1\r\nHo")
        client.sendall(b"st: here\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        answers = client.makefile("rb").read()

    assert answers.count(b"HTTP/1.1 200 OK\r\n") == 2


def test_trailers_are_not_taken_for_headers(place) -> None:
    _, netloc = place
    head = b"POST / HTTP/1.1\r\nHost: here\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n0\r\n"
    trailers = b"X-More: 1\r\n" * 100 + b"\r\n"

    assert answer(netloc, head, trailers) == b"HTTP/1.1 200 OK\r\n"
