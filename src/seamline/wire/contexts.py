"""What a web framework binds to the running request crosses as a reference, never as a value.

``current_app``, ``request``, ``session`` and ``g``, passed as arguments, are the proxies of
the same name on the other side, where the caller's contexts have come along.
"""

import sys
from contextvars import ContextVar
from typing import Any, Final

from seamline.wire.marks import CONTEXT, READERS, Reading, Refused, Writer, Writing

_NAMES: Final = ("current_app", "request", "session", "g", "websocket")
_FRAMEWORKS: Final = ("flask", "quart")
_REFERENCES: Final = frozenset(f"{top}:{name}" for top in _FRAMEWORKS for name in _NAMES)
#: Classes whose instances are such objects: module prefix and name.
_CLASSES: Final = frozenset(
    {
        ("flask.app", "Flask"), ("flask.wrappers", "Request"), ("flask.ctx", "_AppCtxGlobals"),
        ("flask.sessions", "SessionMixin"), ("quart.app", "Quart"),
        ("quart.wrappers.request", "Request"), ("quart.wrappers.websocket", "Websocket"),
        ("quart.sessions", "SessionMixin"),
    }
)  # fmt: skip
#: Whether what was written since somebody looked mentions such an object.
_mentioned: ContextVar[bool] = ContextVar("seamline.mentioned", default=False)


def take_mentioned() -> bool:
    """Return whether anything written since the last time mentions a context's object."""
    if not _mentioned.get():
        return False
    _mentioned.set(False)
    return True


def context_writer(cls: Any) -> Writer | None:
    """Return the writer of proxies, and of what the frameworks' own stand for; or None."""
    if cls.__name__ == "LocalProxy" and cls.__module__ == "werkzeug.local":
        return _write_proxy
    if any(
        (owner.__module__, owner.__name__) in _CLASSES
        or (owner.__name__ == "LocalProxy" and owner.__module__ == "werkzeug.local")
        for owner in cls.__mro__
    ):
        return _write_proxy if hasattr(cls, "_get_current_object") else _write_object
    return None


def _write_proxy(value: Any, w: Writing, left: int) -> Any:
    try:
        found = object.__getattribute__(value, "_get_current_object")()
    except RuntimeError as error:
        raise Refused(value, "it is bound to nothing where the call is made") from error
    name = _reference_to(found)
    return w.value(found, left) if name is None else _mention(name, w)


def _write_object(value: Any, w: Writing, _left: int) -> Any:
    name = _reference_to(value)
    if name is None:
        raise Refused(value, "it is not the one that is active where the call is made")
    return _mention(name, w)


def _mention(name: str, w: Writing) -> Any:
    _mentioned.set(True)
    return [CONTEXT, w.name(name)]


def _reference_to(value: Any) -> str | None:
    """Return the name of the proxy that stands for an object now."""
    for top in _FRAMEWORKS:
        framework = sys.modules.get(top)
        for name in _NAMES if framework is not None else ():
            proxy: Any = getattr(framework, name, None)
            try:
                if proxy is not None and proxy._get_current_object() is value:  # noqa: SLF001
                    return f"{top}:{name}"
            except RuntimeError:  # outside of such a context
                continue
    return None


def _read_context(node: list[Any], r: Reading, _left: int) -> Any:
    name = r.name(node[1])
    top, _, attribute = name.partition(":")
    found = getattr(sys.modules.get(top), attribute, None) if name in _REFERENCES else None
    if found is None:
        raise TypeError(f"{name} is no object of a context here")
    return found


READERS[CONTEXT] = _read_context
