"""Requests of Starlette and Django cross as what they hold, as far as that is plain."""

import asyncio
import sys
from types import ModuleType, SimpleNamespace

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


def test_messages_of_django_stay_with_the_caller_loudly() -> None:
    request = RequestFactory().get("/a")
    assert not hasattr(crossed(request), "_messages")
    request._messages = object()
    found = crossed(request)._messages

    for use in (list, len, bool, lambda messages: messages.add(1, "x")):
        with pytest.raises(ContextElsewhere, match="'_messages'"):
            use(found)


def test_a_form_of_django_that_was_parsed_already_travels() -> None:
    request = RequestFactory().post("/a", {"title": ["x", "y"]})
    assert request.POST["title"] == "y"

    assert crossed(request).POST.getlist("title") == ["x", "y"]


def test_what_code_made_of_what_was_parsed_travels_and_returns() -> None:
    request = RequestFactory().post("/a?q=1", "title=x", "application/x-www-form-urlencoded")
    request.GET = request.GET.copy()
    request.GET["page"] = "2"
    request.POST = request.POST.copy()
    request.POST["title"] = "y"
    request.COOKIES["lang"] = "la"

    found = crossed(request)
    assert (found.GET.urlencode(), found.POST["title"]) == ("q=1&page=2", "y")
    assert found.COOKIES == {"lang": "la"}

    def turn(copy) -> None:
        copy.GET = copy.GET.copy()
        copy.GET["page"] = "9"
        copy.COOKIES["lang"] = "fr"

    _changed(request, turn)
    assert (request.GET["q"], request.GET["page"]) == ("1", "9")
    assert request.COOKIES == {"lang": "fr"}


def test_what_is_only_read_of_a_request_of_django_changes_nothing_of_it() -> None:
    request = RequestFactory().post("/a?q=1", "title=x", "application/x-www-form-urlencoded")

    _changed(request, lambda copy: (copy.GET, copy.POST, copy.COOKIES))

    assert not {"GET", "COOKIES", "_post"} & vars(request).keys()


def test_a_request_of_django_that_cannot_be_made_again_is_refused() -> None:
    read, odd = RequestFactory().post("/a", b"abc", "text/plain"), RequestFactory().get("/a")
    assert read.read() == b"abc"
    odd.session = {}

    with pytest.raises(NotSendable, match="read as a stream"):
        CODEC.encode(read)
    with pytest.raises(NotSendable, match=r"none of Django's"):
        CODEC.encode(odd)


def test_uploaded_files_that_were_parsed_do_not_cross() -> None:
    from django.core.files.uploadedfile import SimpleUploadedFile

    request = RequestFactory().post("/a", {"file": SimpleUploadedFile("a.txt", b"text")})
    assert request.FILES

    with pytest.raises(NotSendable, match="uploaded files"):
        CODEC.encode(request)


def _changed(request, change):
    """Let a host change its own of a request, and the caller's become the same."""
    data, known = CODEC.encode_tracked((request,), where=("request",))
    (copy,), host = CODEC.decode_tracked(data)
    change(copy)
    changes = host.changes()
    answer = CODEC.encode_known(None, host, changes, ["request"] * len(changes))
    CODEC.decode_known(answer, known)
    return bool(changes)


def test_what_is_set_on_a_request_of_starlette_is_set_at_the_caller() -> None:
    request = starlette_request()
    rows, lock, app = [1], object(), request.scope["app"]
    request.state.rows, request.state.lock, request.state.old = rows, lock, 1

    def change(copy) -> None:
        copy.state.user = "ada"
        copy.state.rows.append(2)
        del copy.state.old
        copy.scope["path_params"]["id"] = 8
        copy.tenant = "own"

    assert _changed(request, change)

    assert request.state.user == "ada"
    assert request.state.rows is rows
    assert rows == [1, 2]
    assert request.state.lock is lock
    assert not hasattr(request.state, "old")
    assert request.path_params == {"id": 8}
    assert request.app is app
    assert request.tenant == "own"


def test_a_request_that_is_only_read_is_not_changed() -> None:
    def read(copy) -> None:
        assert copy.headers["x-asker"] == "ada"
        assert copy.url.path == "/a"
        assert not hasattr(copy.state, "user")

    def read_django(copy) -> None:
        assert copy.headers["X-Asker"] == "ada"
        assert copy.GET["q"] == "1"
        assert copy.POST["title"] == "x"

    request = RequestFactory().post("/a?q=1", {"title": "x"}, headers={"X-Asker": "ada"})
    assert not _changed(request, read_django)
    _changed(starlette_request(), read)  # it gets an empty state


def test_a_session_of_starlette_travels_and_returns() -> None:
    sessions = pytest.importorskip("starlette.middleware.sessions")
    session = sessions.Session(n=1, cart=[1])
    request = starlette_request(session=session)

    def change(copy) -> None:
        assert copy.session["n"] == 1
        copy.session["n"] = 2
        copy.session["cart"].append(2)

    assert _changed(request, change)

    assert request.scope["session"] is session
    assert session == {"n": 2, "cart": [1, 2]}
    assert session.modified


def django_request():
    from django.contrib.sessions.backends.signed_cookies import SessionStore

    request = RequestFactory().get("/a")
    request.session = SessionStore()
    request.session["n"] = 1
    request.session["cart"] = [1]
    request.session.modified = False
    return request


def test_what_is_set_on_a_request_of_django_is_set_at_the_caller(monkeypatch) -> None:
    monkeypatch.setattr(
        django.conf.settings, "SESSION_ENGINE", "django.contrib.sessions.backends.signed_cookies"
    )
    request = django_request()
    cart, lock = request.session["cart"], object()
    request.lock, request.old, request.rows = lock, 1, [1]

    def change(copy) -> None:
        copy.tenant = "ada"
        copy._private = (1, 2)
        copy.rows.append(2)
        del copy.old
        copy.session["n"] += 1
        copy.session["cart"].append(2)
        copy.META["CSRF_COOKIE"] = "x"
        copy.path_info = "/b"

    assert _changed(request, change)

    assert (request.tenant, request._private, request.rows) == ("ada", (1, 2), [1, 2])
    assert request.lock is lock
    assert not hasattr(request, "old")
    assert request.session["n"] == 2
    assert request.session["cart"] is cart
    assert cart == [1, 2]
    assert request.session.modified
    assert request.META["CSRF_COOKIE"] == "x"
    assert request.path_info == "/b"


@pytest.mark.parametrize(
    "change",
    [
        lambda copy: setattr(copy, "tenant", object()),
        lambda copy: copy.META.update(lock=object()),
        lambda copy: setattr(copy, "user", object()),
    ],
    ids=["an attribute", "an item of the environ", "a user"],
)
def test_what_cannot_cross_is_refused_where_it_was_set(change) -> None:
    request = RequestFactory().get("/a")

    with pytest.raises(NotSendable, match="object"):
        _changed(request, change)

    assert not hasattr(request, "tenant")


class User:
    """As one of Django's, as far as a request asks it."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._meta = SimpleNamespace(pk=SimpleNamespace(value_to_string=lambda _user: name))


def test_a_user_changes_with_the_session_that_names_it(monkeypatch) -> None:
    auth = sys.modules.setdefault("django.contrib.auth", ModuleType("django.contrib.auth"))
    monkeypatch.setattr(
        auth, "get_user", lambda found: User(found.session["_auth_user_id"]), raising=False
    )
    monkeypatch.setattr(
        django.conf.settings, "SESSION_ENGINE", "django.contrib.sessions.backends.signed_cookies"
    )
    request = django_request()
    request.session["_auth_user_id"] = "ada"
    request.user = request._cached_user = User("ada")

    def log_in(copy) -> None:
        assert copy.user.name == "ada"
        copy.session["_auth_user_id"] = "bob"
        copy.user = User("bob")

    assert _changed(request, log_in)
    assert request.user.name == "bob"

    def rename(copy) -> None:
        copy.user.name = "Bob"

    assert _changed(request, rename)
    assert request.user.name == "Bob"


@pytest.mark.parametrize("name", ["os:system", "starlette.requests:HTTPConnection"])
def test_a_peer_cannot_have_anything_else_built(name) -> None:
    import msgspec

    from seamline.wire.marks import REQUEST

    message = msgspec.msgpack.encode((0, [name], [REQUEST, 0, b"\x90", [], [], []]))

    with pytest.raises(WireError, match="may not cross"):
        CODEC.decode(message)
