"""Requests of Django (WSGI): what is sent of one, and what of it may change."""

import functools
import importlib
import io
import sys
from collections.abc import Callable, Iterator
from typing import Any, Final

from seamline.wire.asked import MARK, REST, is_plain, packed, refusal, split, unpacked, update
from seamline.wire.marks import NATIVE, Refused

#: What Django sets on every request by itself.
_OWN: Final = frozenset(
    {
        "COOKIES", "FILES", "GET", "META", "POST", "_body", "_files", "_messages", "_post",
        "_read_started", "_stream", "_upload_handlers", "content_params", "content_type",
        "encoding", "environ", "headers", "method", "path", "path_info", "resolver_match",
        "session", "user", "auser", "_cached_user", "_acached_user", "_current_scheme_host",
        "_post_parse_error", "accepted_types", "_dont_enforce_csrf_checks", MARK,
    }
)  # fmt: skip
#: Of these, what code assigns, as plain values.
_ASSIGNED: Final = ("method", "path", "path_info", "content_type", "_dont_enforce_csrf_checks")
_USER: Final = "user:"
#: Where Django's own session says who is logged in.
_LOGGED_IN: Final = "_auth_user_id"


def parts(request: Any) -> tuple[Any, ...]:
    """Return what a request is rebuilt from: environ, session, whether it has a user, body."""
    session = getattr(request, "session", None)
    values, was_accessed = None, getattr(session, "accessed", False)
    if session is not None:
        if not hasattr(session, "session_key"):
            raise Refused(request, "its session is none of Django's")
        values = (session.session_key, session.modified)
        if not is_plain(dict(session.items())):
            raise Refused(request, "its session holds a value that cannot cross")
    body, form = _body(request)
    own = vars(request)
    if "user" in own and not _is_of_session(own["user"], session):
        raise Refused(request, "its user is another than the one that its session names")
    if session is not None:
        session.accessed = was_accessed  # an answer that depends on it says so (Vary: Cookie)
    has = (own.get("resolver_match") is not None, "_messages" in own)
    return _environ(request)[0], values, "user" in own, body, form, has


def _is_of_session(user: Any, session: Any) -> bool:
    """Whether a user is the one that the host will find by the session."""
    functional: Any = importlib.import_module("django.utils.functional")
    if type(user) is functional.SimpleLazyObject:
        own = vars(user)
        is_of_django = own["_setupfunc"].__module__ == "django.contrib.auth.middleware"
        if own["_wrapped"] is functional.empty and is_of_django:
            return True
    return session is not None and _names(session.get(_LOGGED_IN), user)


def _names(key: object, user: Any) -> bool:
    """Whether what a session holds of who is logged in is of a user, or of nobody."""
    meta = getattr(user, "_meta", None)
    theirs = None if meta is None else meta.pk.value_to_string(user)
    return bool(getattr(user, "is_anonymous", False) if key is None else key == theirs)


def _environ(request: Any) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Return the plain items of the environ, and the names of those that no server put there."""
    environ = request.environ
    plain = {n: x for n, x in environ.items() if type(x) in NATIVE or n == "wsgi.version"}
    return plain, tuple(n for n in environ if n not in plain and not n.startswith("wsgi."))


def _body(request: Any) -> tuple[bytes | None, list[Any] | None]:
    own = vars(request)
    if "_body" not in own and own.get("_read_started") and "_post" in own:
        if request.FILES:
            raise Refused(request, "its form holds uploaded files")
        return None, [(name, list(values)) for name, values in request.POST.lists()]
    if "_body" not in own and own.get("_read_started"):
        raise Refused(request, "its body was read as a stream")
    errors: Any = importlib.import_module("django.core.exceptions")
    try:
        return request.body, None
    except errors.RequestDataTooBig:
        raise Refused(request, "its body is larger than DATA_UPLOAD_MAX_MEMORY_SIZE") from None


def build(cls: Any, sent: tuple[Any, ...]) -> Any:
    """Return a request of these parts, without what changes of it."""
    environ, session, has_user, body, form, (has_match, has_messages) = sent
    stream = io.BytesIO(body or b"")
    request = cls({**environ, "wsgi.input": stream, "wsgi.errors": sys.stderr})
    mark: dict[str, Any] = {}
    if form is not None:
        http: Any = importlib.import_module("django.http")
        request._post = http.QueryDict(mutable=True)
        for name, values in form:
            request._post.setlist(name, values)
        request._files = {}
    if session is not None:
        settings: Any = importlib.import_module("django.conf").settings
        engine: Any = importlib.import_module(settings.SESSION_ENGINE)
        request.session = mark["session"] = engine.SessionStore(session[0])
        request.session._session_cache = {}  # noqa: SLF001 - what it would load
        request.session.modified = session[1]
    if has_user:
        request.user = mark["user"] = _lazy(_loader(request, mark))
    if has_match:
        request.resolver_match = _lazy(functools.partial(_match, request))
    if has_messages:
        request._messages = _Messages()
    vars(request)[MARK] = mark
    return request


class _Messages:
    """Stands for the messages of a request, which are with its caller."""

    def __getattr__(self, _name: str) -> Any:
        raise refusal("the request's attribute", "_messages")

    def __iter__(self) -> Iterator[Any]:
        raise refusal("the request's attribute", "_messages")

    def __len__(self) -> int:
        raise refusal("the request's attribute", "_messages")


def _lazy(load: Callable[[], Any]) -> Any:
    functional: Any = importlib.import_module("django.utils.functional")
    return functional.SimpleLazyObject(load)


def _match(request: Any) -> Any:
    """Return what routing finds here, where the addresses are the same."""
    urls: Any = importlib.import_module("django.urls")
    return urls.resolve(request.path_info, getattr(request, "urlconf", None))


def _loader(request: Any, mark: dict[str, Any]) -> Callable[[], Any]:
    auth: Any = importlib.import_module("django.contrib.auth")

    def load() -> Any:
        user = auth.get_user(request)
        mark["loaded"] = (user, _attributes(user))
        return user

    return load


def _attributes(user: Any) -> dict[str, Any]:
    """Return the columns of a user and what code set on it, without what it remembers itself."""
    kind = type(user)
    return {
        name: item
        for name, item in vars(user).items()
        if name[:1] != "_" and type(getattr(kind, name, None)).__name__ != "cached_property"
    }


def lack(request: Any, absent: tuple[str, ...]) -> None:
    """Let reading what stayed with the caller raise."""
    vars(request)[MARK]["absent"] = frozenset(absent)


def held(request: Any) -> dict[str, Any]:
    """Return what of a request may change: own attributes, session, user, and the rest."""
    own = vars(request)
    found = {f"attr:{name}": item for name, item in own.items() if name not in _OWN}
    found |= {f"attr:{name}": own[name] for name in _parsed_anew(request)}
    session = own.get("session")
    flags = None
    if session is not None:
        items = getattr(session, "_session_cache", {})
        found |= {f"session:{name}": x for name, x in items.items() if type(name) is str}
        if hasattr(session, "session_key"):
            flags = (session.session_key, session.modified, session.accessed)
    plain, others = _environ(request)
    mark = own.get(MARK)
    if mark is not None:  # only what the function itself put there
        found |= {f"environ:{name}": request.environ[name] for name in others}
        found |= _user(own, mark)
        if session is not None and "session" not in mark:
            found["attr:session"] = session
    assigned = split({name: own[name] for name in _ASSIGNED if name in own})[0]
    found[REST] = packed((plain, assigned, flags), request)
    return found


def _parsed_anew(request: Any) -> Iterator[str]:
    """Yield the attributes of what was parsed that are not what parsing it gives, by now."""
    own = vars(request)
    http: Any = importlib.import_module("django.http")
    if "GET" in own:
        query = request.environ.get("QUERY_STRING", "").encode("latin-1")
        if own["GET"] != http.QueryDict(query, encoding=request.encoding):
            yield "GET"
    if "COOKIES" in own:
        text = request.environ.get("HTTP_COOKIE", "").encode("latin-1").decode(errors="replace")
        if own["COOKIES"] != http.parse_cookie(text):
            yield "COOKIES"
    if "_post" in own and type(own.get("_body")) is bytes:
        is_form = request.content_type == "application/x-www-form-urlencoded"
        body = own["_body"] if is_form else b""
        if own["_post"] != http.QueryDict(body, encoding=request.encoding):
            yield "_post"


def _user(own: dict[str, Any], mark: dict[str, Any]) -> dict[str, Any]:
    """Return what was set on the user, or another user: whom the session names, or an object."""
    user = own.get("user")
    if user is mark.get("user"):
        user, before = mark.get("loaded", (None, {}))
        after = {} if user is None else _attributes(user)
        return {
            _USER + name: value
            for name, value in after.items()
            if name not in before or before[name] != value
        }
    session = own.get("session")
    key = getattr(session, "_session_cache", {}).get(_LOGGED_IN)
    return {_USER: None} if session is not None and _names(key, user) else {"attr:user": user}


def give(request: Any, name: str, item: Any) -> None:
    """Make one of these what it is elsewhere."""
    area, _, key = name.partition(":")
    if name == REST:
        _give_rest(request, *unpacked(item))
    elif name == _USER:  # whom the session names now
        vars(request).pop("_cached_user", None)
        request.user = _lazy(_loader(request, {}))
    elif area == "user":
        setattr(request.user, key, item)
    elif area == "session":
        request.session._session[key] = item  # noqa: SLF001 - through no method that sets flags
    elif area == "environ":
        request.environ[key] = item
    else:
        vars(request)[key] = item


def _give_rest(
    request: Any, environ: dict[str, Any], assigned: dict[str, Any], flags: Any
) -> None:
    update(request.environ, _environ(request)[0], environ)
    update(vars(request), {}, assigned)
    if flags is not None:
        session = request.session
        # The key by its own name: the other is read-only.
        session._session_key, session.modified, session.accessed = flags  # noqa: SLF001


def drop(request: Any, name: str) -> None:
    """Take one of these away."""
    area, _, key = name.partition(":")
    places = {"attr": vars(request), "environ": request.environ}
    if area == "session":
        places[area] = request.session._session  # noqa: SLF001 - as above
    places[area].pop(key, None)
