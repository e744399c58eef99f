"""Requests of Starlette and Django as arguments: rebuilt on the other side from plain values.

What of one cannot cross stays behind, and raises when it is read there.
"""

import importlib
import io
import sys
from collections.abc import Callable
from typing import Any, Final

import msgspec

from seamline.errors import ContextElsewhere
from seamline.wire.marks import NATIVE, READERS, REQUEST, Reading, Refused, Writer, Writing
from seamline.wire.views import name_of

_STARLETTE: Final = "starlette.requests:Request"
_DJANGO: Final = "django.core.handlers.wsgi:WSGIRequest"
#: What Django sets on every request by itself.
_OF_DJANGO: Final = frozenset(
    {
        "COOKIES", "FILES", "GET", "META", "POST", "_body", "_files", "_messages", "_post",
        "_read_started", "_stream", "_upload_handlers", "content_params", "content_type",
        "encoding", "environ", "headers", "method", "path", "path_info", "resolver_match",
        "session", "user", "auser", "_cached_user", "_acached_user", "_current_scheme_host",
        "_post_parse_error", "accepted_types", "_dont_enforce_csrf_checks",
    }
)  # fmt: skip


class Partial(dict[Any, Any]):
    """A dict of which some items stayed with the caller: reading one of those is an error."""

    def __init__(self, items: dict[Any, Any], absent: frozenset[Any], what: str) -> None:
        super().__init__(items)
        self._absent = absent
        self._what = what

    def __missing__(self, key: Any) -> Any:
        if key in self._absent:
            raise refusal(self._what, key)
        raise KeyError(key)

    def get(self, key: Any, default: Any = None) -> Any:
        """Return an item; raise for one that stayed with the caller."""
        return self[key] if key in self or key in self._absent else default


def refusal(what: str, name: object) -> ContextElsewhere:
    """Return the error for reading a part that stayed with the caller."""
    return ContextElsewhere(
        f"{what} {name!r} is set in the process of the caller and cannot cross the seam, and the "
        "code that runs here reads it. Pass the values you need from it as an argument"
    )


def request_writer(cls: Any) -> Writer | None:
    """Return the writer of a request that can be rebuilt, or None."""
    parts = _PARTS.get(name_of(cls))
    if parts is None:
        return None

    def write(value: Any, w: Writing, left: int) -> Any:
        if id(value) in w.memo:
            return w.again(value)
        w.track(value)
        w.descend(value, left)
        return [REQUEST, w.name(name_of(cls)), _packed(parts(value), value)]

    return write


def _read_request(node: list[Any], r: Reading, _left: int) -> Any:
    name = r.name(node[1])
    module, _, path = name.partition(":")
    cls = getattr(sys.modules.get(module), path, None) if name in _BUILDERS else None
    if cls is None:
        raise TypeError(f"a request of {name} may not cross this seam")
    number = r.reserve()
    parts = _value(msgspec.msgpack.decode(node[2]))
    return r.complete(number, _BUILDERS[name](cls, parts))


def is_plain(value: Any, left: int = 20) -> bool:
    """Whether a value is made of natives, tuples, lists and dicts only."""
    kind = type(value)
    if kind in NATIVE:
        return True
    if left and (kind is tuple or kind is list):
        return all(is_plain(item, left - 1) for item in value)
    if left and kind is dict:
        return all(
            type(name) is str and is_plain(item, left - 1) for name, item in dict.items(value)
        )
    return False


def split(values: dict[str, Any]) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Return the plain items, and the names of the others."""
    plain = {name: value for name, value in values.items() if is_plain(value)}
    return plain, tuple(name for name in values if name not in plain)


# A message of its own: its containers are nobody else's, so they need no identity.


def _packed(parts: tuple[Any, ...], request: Any) -> bytes:
    try:
        return msgspec.msgpack.encode(_node(parts))
    except (OverflowError, UnicodeEncodeError) as error:
        raise Refused(request, f"a value of it does not fit: {error}") from error


def _node(value: Any) -> Any:
    kind = type(value)
    if kind is tuple or kind is list:
        return [kind is tuple, *map(_node, value)]
    if kind is dict:
        return {name: _node(item) for name, item in value.items()}
    return value


def _value(node: Any, left: int = 24) -> Any:
    if type(node) is list and left:
        items = [_value(item, left - 1) for item in node[1:]]
        return tuple(items) if node[0] else items
    if type(node) is dict and left:
        return {name: _value(item, left - 1) for name, item in node.items()}
    if type(node) not in NATIVE:
        raise TypeError("a request holds something else than plain values")
    return node


# -- Starlette ----------------------------------------------------------------------------


def _starlette_parts(request: Any) -> tuple[Any, ...]:
    held = vars(request)
    scope = dict(request.scope)
    state, state_absent = split(scope.pop("state", None) or {})
    plain, absent = split(scope)
    form = held.get("_form")
    if form is not None and not is_plain(list(form.multi_items())):
        raise Refused(request, "its form holds uploaded files")
    body = held.get("_body")
    names = {name for name, _ in request.scope.get("headers", ())}
    if body is None and names.isdisjoint({b"content-length", b"transfer-encoding"}):
        body = b""
    pairs = None if form is None else form.multi_items()
    return plain, absent, state, state_absent, body, pairs


def _starlette_request(cls: Any, parts: tuple[Any, ...]) -> Any:
    plain, absent, state, state_absent, body, form = parts
    what = "the request's state" if state_absent else ""
    plain["state"] = Partial(state, frozenset(state_absent), what) if state_absent else state
    scope = Partial(plain, frozenset(absent), "the request's scope item")

    async def receive() -> dict[str, Any]:
        if body is None:
            raise ContextElsewhere(
                "the body of the request was not read when the call was made; "
                "await request.body() before the call"
            )
        return {"type": "http.request", "body": body, "more_body": False}

    request = cls(scope, receive)
    if body is not None:
        request._body = body
    if form is not None:
        data: Any = importlib.import_module("starlette.datastructures")
        request._form = data.FormData(form)
    return request


# -- Django -------------------------------------------------------------------------------


def _django_parts(request: Any) -> tuple[Any, ...]:
    environ = {
        name: value
        for name, value in request.environ.items()
        if type(value) in NATIVE or name == "wsgi.version"
    }
    held = {name: value for name, value in vars(request).items() if name not in _OF_DJANGO}
    plain, absent = split({name: value for name, value in held.items() if name[:1] != "_"})
    session = getattr(request, "session", None)
    values = None
    if session is not None:
        values = (session.session_key, dict(session.items()), session.modified)
        if not is_plain(values):
            raise Refused(request, "its session holds a value that cannot cross")
    body, form = _django_body(request)
    return environ, plain, absent, values, "user" in vars(request), body, form


def _django_body(request: Any) -> tuple[bytes | None, list[Any] | None]:
    held = vars(request)
    if "_body" not in held and held.get("_read_started") and "_post" in held:
        if request.FILES:
            raise Refused(request, "its form holds uploaded files")
        return None, [(name, list(values)) for name, values in request.POST.lists()]
    return request.body, None


def _django_request(cls: Any, parts: tuple[Any, ...]) -> Any:
    environ, plain, absent, session, has_user, body, form = parts
    stream = io.BytesIO(body or b"")
    request = _guarded(cls, absent)({**environ, "wsgi.input": stream, "wsgi.errors": sys.stderr})
    if form is not None:
        http: Any = importlib.import_module("django.http")
        request._post = http.QueryDict(mutable=True)  # noqa: SLF001 - where the class keeps it
        for name, values in form:
            request._post.setlist(name, values)  # noqa: SLF001
        request._files = {}  # noqa: SLF001
    if session is not None:
        settings: Any = importlib.import_module("django.conf").settings
        engine: Any = importlib.import_module(settings.SESSION_ENGINE)
        request.session = engine.SessionStore(session[0])
        request.session._session_cache = session[1]  # noqa: SLF001 - what it would load
        request.session.modified = session[2]
    if has_user:
        auth: Any = importlib.import_module("django.contrib.auth")
        functional: Any = importlib.import_module("django.utils.functional")
        request.user = functional.SimpleLazyObject(lambda: auth.get_user(request))
    vars(request).update(plain)
    return request


def _guarded(cls: Any, absent: tuple[str, ...]) -> Any:
    """Return the class, or one whose absent attributes raise."""
    if not absent:
        return cls

    def __getattr__(_self: Any, name: str) -> Any:  # noqa: N807 - a method of the class below
        if name in absent:
            raise refusal("the request's attribute", name)
        raise AttributeError(name)

    return type(cls.__name__, (cls,), {"__getattr__": __getattr__, "__module__": cls.__module__})


_PARTS: Final[dict[str, Callable[[Any], tuple[Any, ...]]]] = {
    _STARLETTE: _starlette_parts,
    _DJANGO: _django_parts,
}
_BUILDERS: Final[dict[str, Callable[[Any, tuple[Any, ...]], Any]]] = {
    _STARLETTE: _starlette_request,
    _DJANGO: _django_request,
}
READERS[REQUEST] = _read_request
