"""Requests of Starlette and Django cross as what they hold, as far as that is plain."""

import asyncio

import django
import django.conf
import pytest
import starlette.requests
from django.core.handlers.wsgi import WSGIRequest
from django.test import RequestFactory

from seamline.errors import ContextElsewhere, NotSendable, WireError
from seamline.wire import Codec, TypeTable

if not django.conf.settings.configured:
    django.conf.settings.configure()
CODEC = Codec(TypeTable([]))


def crossed(value):
    return CODEC.decode(CODEC.encode(value))


def starlette_request(body=b"", **scope):
    async def receive():
        return {"type": "http.request", "body": body, "more_body": False}

    whole = {
        "type": "http",
        "method": "POST",
        "path": "/a",
        "root_path": "",
        "scheme": "http",
        "server": ("shop.example", 80),
        "query_string": b"q=1",
        "headers": [(b"x-asker", b"ada"), (b"content-length", str(len(body)).encode())],
        "path_params": {"id": 7},
        "app": object(),
        **scope,
    }
    return starlette.requests.Request(whole, receive)


def test_a_request_of_starlette_says_the_same() -> None:
    request = starlette_request()
    request.state.user = "ada"
    request.state.lock = object()

    found, again = crossed([request, request])

    assert found is again
    assert type(found) is starlette.requests.Request
    assert found.method == "POST"
    assert str(found.url) == "http://shop.example/a?q=1"
    assert found.headers["x-asker"] == "ada"
    assert found.path_params == {"id": 7}
    assert found.state.user == "ada"
    with pytest.raises(ContextElsewhere, match="'app'"):
        found.app  # noqa: B018
    with pytest.raises(ContextElsewhere, match="'lock'"):
        found.state.lock  # noqa: B018


def test_a_body_of_starlette_travels_once_it_was_read() -> None:
    async def read_and_cross():
        request = starlette_request(b'{"a": 1}')
        unread = crossed(request)
        with pytest.raises(ContextElsewhere, match=r"await request\.body"):
            await unread.body()
        await request.body()
        return await crossed(request).json()

    assert asyncio.run(read_and_cross()) == {"a": 1}


def test_a_request_of_django_says_the_same() -> None:
    request = RequestFactory().post("/a?q=1&q=2", {"title": "x"}, headers={"X-Asker": "ada"})
    request.plain = {"a": (1, [2])}
    request.lock = object()

    found = crossed(request)

    assert isinstance(found, WSGIRequest)
    assert (found.method, found.path) == ("POST", "/a")
    assert found.GET.getlist("q") == ["1", "2"]
    assert found.POST["title"] == "x"
    assert found.headers["X-Asker"] == "ada"
    assert found.plain == {"a": (1, [2])}
    with pytest.raises(ContextElsewhere, match="'lock'"):
        found.lock  # noqa: B018
    with pytest.raises(AttributeError, match="nothing"):
        found.nothing  # noqa: B018
    assert request.POST["title"] == "x"


def test_a_form_of_django_that_was_parsed_already_travels() -> None:
    request = RequestFactory().post("/a", {"title": ["x", "y"]})
    assert request.POST["title"] == "y"

    assert crossed(request).POST.getlist("title") == ["x", "y"]


def test_uploaded_files_that_were_parsed_do_not_cross() -> None:
    from django.core.files.uploadedfile import SimpleUploadedFile

    request = RequestFactory().post("/a", {"file": SimpleUploadedFile("a.txt", b"text")})
    assert request.FILES

    with pytest.raises(NotSendable, match="uploaded files"):
        CODEC.encode(request)


@pytest.mark.parametrize("name", ["os:system", "starlette.requests:HTTPConnection"])
def test_a_peer_cannot_have_anything_else_built(name) -> None:
    import msgspec

    from seamline.wire.marks import REQUEST

    message = msgspec.msgpack.encode((0, [name], [REQUEST, 0, b"\x90"]))

    with pytest.raises(WireError, match="may not cross"):
        CODEC.decode(message)
