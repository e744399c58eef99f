"""Requests of Starlette: what is sent of one, and what of it may change."""

import importlib
from typing import Any, Final

from seamline.errors import ContextElsewhere
from seamline.wire.asked import MARK, REST, Partial, is_plain, packed, split, unpacked, update
from seamline.wire.marks import Refused

#: What Starlette sets on every request by itself.
_OWN: Final = frozenset(
    {
        "scope", "_receive", "_send", "_stream_consumed", "_is_disconnected", "_form", "_body",
        "_json", "_state", "_headers", "_cookies", "_query_params", "_url", "_base_url", MARK,
    }
)  # fmt: skip
#: Dicts of the scope whose items cross one by one.
_AREAS: Final = ("state", "session")
_FLAGS: Final = ("accessed", "modified")


def parts(request: Any) -> tuple[Any, ...]:
    """Return what a request is rebuilt from: scope, the names it lacks, session, body, form."""
    held = vars(request)
    plain, absent = split(_scope(request))
    form = held.get("_form")
    if form is not None and not is_plain(list(form.multi_items())):
        raise Refused(request, "its form holds uploaded files")
    body = held.get("_body")
    names = {name for name, _ in request.scope.get("headers", ())}
    if body is None and names.isdisjoint({b"content-length", b"transfer-encoding"}):
        body = b""
    pairs = None if form is None else form.multi_items()
    absent = (*absent, *held.get(MARK, {}).get("scope", ()))
    return plain, absent, _flags(request), body, pairs


def build(cls: Any, sent: tuple[Any, ...]) -> Any:
    """Return a request of these parts, without what changes of it."""
    plain, absent, flags, body, form = sent
    scope = Partial(plain, frozenset(absent), "the request's scope item")

    async def receive() -> dict[str, Any]:
        if body is None:
            raise ContextElsewhere(
                "the body of the request was not read when the call was made; "
                "await request.body() before the call"
            )
        return {"type": "http.request", "body": body, "more_body": False}

    request = cls(scope, receive)
    vars(request)[MARK] = {"scope": tuple(absent)}
    if flags is not None:
        scope["session"] = {}
        if flags:
            sessions: Any = importlib.import_module("starlette.middleware.sessions")
            scope["session"] = sessions.Session()
            vars(scope["session"]).update(zip(_FLAGS, flags, strict=True))
    if body is not None:
        request._body = body
    if form is not None:
        data: Any = importlib.import_module("starlette.datastructures")
        request._form = data.FormData(form)
    return request


def lack(request: Any, absent: tuple[str, ...]) -> None:
    """Let reading what stayed with the caller raise."""
    vars(request)[MARK]["absent"] = frozenset(absent)
    for area in _AREAS:
        names = frozenset(name.partition(":")[2] for name in absent if name.startswith(f"{area}:"))
        if names:
            what = f"the request's {area}" if area == "session" else "the request's state"
            request.scope[area] = Partial(request.scope.get(area, {}), names, what)


def held(request: Any) -> dict[str, Any]:
    """Return what of a request may change: own attributes, the areas' items, and the rest."""
    found = {f"attr:{name}": item for name, item in vars(request).items() if name not in _OWN}
    for area in _AREAS:
        items = request.scope.get(area)
        if isinstance(items, dict):
            found |= {f"{area}:{name}": x for name, x in items.items() if type(name) is str}
    plain, others = split(_scope(request))
    if MARK in vars(request):  # only what the function itself put there
        found |= {f"scope:{name}": request.scope[name] for name in others}
    found[REST] = packed((plain, _flags(request)), request)
    return found


def give(request: Any, name: str, item: Any) -> None:
    """Make one of these what it is elsewhere."""
    area, _, key = name.partition(":")
    if name == REST:
        plain, flags = unpacked(item)
        update(request.scope, split(_scope(request))[0], plain)
        if flags:
            vars(request.scope["session"]).update(zip(_FLAGS, flags, strict=True))
    elif area == "attr":
        vars(request)[key] = item
    elif area == "scope":
        request.scope[key] = item
    else:
        dict.__setitem__(request.scope.setdefault(area, {}), key, item)


def drop(request: Any, name: str) -> None:
    """Take one of these away."""
    area, _, key = name.partition(":")
    places = {"attr": vars(request), "scope": request.scope}
    dict.pop(places[area] if area in places else request.scope[area], key, None)


def _scope(request: Any) -> dict[str, Any]:
    areas = {name for name in _AREAS if isinstance(request.scope.get(name), dict)}
    return {name: item for name, item in request.scope.items() if name not in areas}


def _flags(request: Any) -> tuple[bool, ...] | None:
    """Return the flags of a session that has some, nothing of another, None without one."""
    session = request.scope.get("session")
    if not isinstance(session, dict):
        return None
    if type(session).__name__ != "Session":
        return ()
    return tuple(bool(getattr(session, name, False)) for name in _FLAGS)
