"""Words for what cannot cross: what it is, where it was found, and what to do instead.

Classes are recognised by the name of their module; nothing is imported for it.
"""

import enum
import sys
import types
from collections import defaultdict, deque
from collections.abc import Callable, ItemsView, Iterator, KeysView, Sequence, ValuesView
from datetime import datetime, time
from typing import Any, Final

from seamline.errors import NotSendable
from seamline.wire.classes import declared_fields, slots_of
from seamline.wire.derived import origin_of
from seamline.wire.marks import Refused
from seamline.wire.types import HEAP_TYPE, is_installed, look_up

#: A path longer than this is cut: a refusal deep inside a long chain stays readable.
_MAX_PATH_CHARS: Final = 160

_ORM: Final = (
    "send its primary key and load it on the other side, or send a dataclass of its columns"
)
_SESSION: Final = (
    "a database session or connection belongs to the process that opened it; open one on the "
    "other side"
)
_REQUEST: Final = (
    "a request belongs to the process that serves it; pass the values you need from it"
)
_RESPONSE: Final = "return the data and build the response in the process that serves the request"
_FILE: Final = "send its content or its path; an open file belongs to one process"
_LOCK: Final = (
    "a lock works inside one process only; keep it in the module that owns what it guards"
)
_SOCKET: Final = "an open connection belongs to one process; open it on the other side"
_CODE: Final = "a function of a module can be passed by name; this one has none"
_LOCAL: Final = "or list the function that is called in services.NAME.local"
_TASK: Final = "await it first and send its result"
_LAZY: Final = (
    "send a list of what it yields; an iterator that is itself an argument of a function of its "
    "colour is asked for its items while the call runs, and a called generator streams"
)
_MODULE: Final = "import the module on the other side"
_CLASS: Final = "pass the values themselves, " + _LOCAL
_PLAIN: Final = "make its class a dataclass, or send the values you need from it"
_FINALIZED: Final = "send the values you need from it, and let its own process end it"
_VALUES: Final = "send the values you need from it; its class is not the application's to change"
_QUEUE: Final = (
    "send a list of what it holds; a queue is in one process, and some in one event loop"
)
_ROW: Final = "send a tuple or a dict of the row: tuple(row), dict(row)"
_STATEMENT: Final = "build it on the other side, and pass the values it depends on"
_UPLOAD: Final = (
    "send what it holds, its bytes and its name; the file itself belongs to one process"
)
_INSIDE: Final = "define its class at the top of a module"
_OUTSIDE: Final = (
    "name its class in the annotations of the function that is called, or define it in one of "
    "the application's packages"
)

#: Module prefix, class name (or None for any) -> remedy. The first match counts.
_BY_NAME: Final[tuple[tuple[str, str | None, str], ...]] = (
    ("sqlalchemy.orm", "Session", _SESSION),
    ("sqlalchemy.orm", "scoped_session", _SESSION),
    ("sqlalchemy.ext.asyncio", None, _SESSION),
    ("flask_sqlalchemy.session", None, _SESSION),
    (
        "sqlalchemy.engine.row",
        None,
        "send a tuple or a dict of the row: tuple(row), dict(row._mapping)",
    ),
    (
        "sqlalchemy.engine.url",
        None,
        "send its text: url.render_as_string(hide_password=False)",
    ),
    ("sqlalchemy.engine", None, _SESSION),
    ("sqlalchemy.sql", None, _STATEMENT),
    ("sqlalchemy.orm.query", None, "send what the query returns, as a list of plain values"),
    ("sqlalchemy", None, _SESSION),
    ("sqlite3", "Row", _ROW),
    ("sqlite3", None, _SESSION),
    ("psycopg", None, _SESSION),
    ("psycopg2", None, _SESSION),
    ("asyncpg", None, _SESSION),
    ("redis", None, _SESSION),
    ("pymongo", None, _SESSION),
    ("django.db.models.query", None, "send list(queryset.values()) or the primary keys"),
    ("django.db.models", None, "make it where the query is, from the values you pass"),
    ("django.db", None, _SESSION),
    ("django.core.handlers", None, _REQUEST),
    ("django.http.request", None, _REQUEST),
    ("django.http.response", None, _RESPONSE),
    ("starlette.requests", None, _REQUEST),
    ("starlette.responses", None, _RESPONSE),
    ("starlette.websockets", None, _REQUEST),
    ("flask.wrappers", "Request", _REQUEST),
    ("flask.wrappers", "Response", _RESPONSE),
    ("werkzeug.wrappers.request", None, _REQUEST),
    ("werkzeug.wrappers.response", None, _RESPONSE),
    ("werkzeug.local", None, "pass the values you need from the proxied object"),
    (
        "flask.app",
        None,
        "use current_app on the other side; an application belongs to its process",
    ),
    ("werkzeug.datastructures", "FileStorage", _UPLOAD),
    ("starlette.datastructures", "UploadFile", _UPLOAD),
    ("django.core.files", None, _UPLOAD),
    ("werkzeug.datastructures", None, "send it as a dict or a list: to_dict(), getlist()"),
    (
        "seamline.rpc.pulling",
        None,
        "an iterator of the caller gives its items while the call runs; return a list of them",
    ),
    ("_io", None, _FILE),
    ("tempfile", None, _FILE),
    ("_thread", None, _LOCK),
    ("threading", None, _LOCK),
    ("asyncio.locks", None, _LOCK),
    ("multiprocessing", None, _LOCK),
    ("_contextvars", None, "name the variable in `carry` of seamline.toml, or pass its value"),
    ("_socket", None, _SOCKET),
    ("socket", None, _SOCKET),
    ("ssl", None, _SOCKET),
    ("asyncio.queues", None, _QUEUE),
    ("queue", None, _QUEUE),
    ("_queue", None, _QUEUE),
    ("_asyncio", None, _TASK),
    ("asyncio", None, _TASK),
    ("concurrent.futures", None, _TASK),
    ("functools", "partial", f"call it and send the result, {_LOCAL}"),
    ("operator", None, f"call it and send the result, {_LOCAL}"),
    ("builtins", "mappingproxy", "send a dict of it: dict(value)"),
    ("re", "Match", "send what it found: match.group(), match.groupdict(), match.span()"),
    ("_hashlib", None, "send its digest: digest(), hexdigest()"),
    ("_random", None, "send a number that seeds it, or the numbers it gives"),
    ("email", None, "send its bytes, as_bytes(), and parse them on the other side"),
    ("xml.etree", None, "send its text, xml.etree.ElementTree.tostring(), and parse it there"),
    ("lxml.etree", "XPath", "send the text it was compiled from"),
    ("lxml", None, "send its text, lxml.etree.tostring(), and parse it there"),
    ("pytz", None, "use zoneinfo.ZoneInfo, which crosses by its key"),
    ("dateutil.tz", None, "use zoneinfo.ZoneInfo, which crosses by its key"),
    ("logging", "Logger", "get it by its name on the other side"),
)
_BY_TYPE: Final[tuple[tuple[tuple[type, ...], str], ...]] = (
    ((types.ModuleType,), _MODULE),
    ((types.CoroutineType,), _TASK),
    ((types.GeneratorType, types.AsyncGeneratorType, map, filter, zip), _LAZY),
    ((types.MethodType, types.FunctionType, types.BuiltinFunctionType), f"{_CODE}; {_LOCAL}"),
    ((type,), _CLASS),
    ((KeysView, ValuesView, ItemsView), "send a list of it: list(value)"),
)


def explain(refused: Refused, root: object, where: str | Sequence[str]) -> NotSendable:
    """Return the error of a refused value: its path, its type, why, and the remedy."""
    value = refused.value
    found = _search(root, value, where)
    path = "" if found is None else shorten(found)
    place = path if isinstance(where, str) else f"argument {path}"
    if not path:  # in something whose parts are not looked through
        place = f"something in {name_of(where)}"
    why = f" ({refused.why})" if refused.why else ""
    return NotSendable(
        f"{place} is {describe(value)}, which cannot cross the seam{why}; {remedy(value)}",
        path=path,
        kind=f"{type(value).__module__}.{type(value).__qualname__}",
    )


def describe(value: object) -> str:
    """Return what a value is, never what it holds."""
    if isinstance(value, type):
        return f"the class {value.__module__}.{value.__qualname__}"
    if type(value) is types.ModuleType:
        return f"the module {value.__name__}"
    if type(value) in {types.FunctionType, types.BuiltinFunctionType, types.MethodType}:
        module = getattr(value, "__module__", None) or "builtins"
        name = getattr(value, "__qualname__", "?")
        return f"the {type(value).__name__} {module}.{name}"
    cls = type(value)
    return f"a {cls.__module__}.{cls.__qualname__}"


def remedy(value: object) -> str:
    """Return one sentence on what to send instead."""
    cls = type(value)
    if hasattr(cls, "_sa_class_manager") or (hasattr(cls, "_meta") and hasattr(cls, "objects")):
        return _ORM
    by_type = (words for kinds, words in _BY_TYPE if isinstance(value, kinds))
    found = next(by_type, None) or words_for(cls)
    return found or (_LAZY if isinstance(value, Iterator) else _by_form(cls))


def words_for(cls: type) -> str | None:
    """Return the remedy for a class that is refused by its name, or None."""
    by_name = (
        words
        for owner in cls.__mro__[:-1]
        for prefix, name, words in _BY_NAME
        if name in {None, owner.__name__} and _is_in(owner.__module__ or "", prefix)
    )
    return next(by_name, None)


def _by_form(cls: type) -> str:
    """Return the remedy for a class that only its definition says something about."""
    if hasattr(cls, "__del__"):
        return _FINALIZED
    if "<locals>" in cls.__qualname__ and (declared_fields(cls) or issubclass(cls, enum.Enum)):
        return _INSIDE
    can_be_named = look_up(cls.__module__ or "", cls.__qualname__) is cls
    if declared_fields(cls) is not None or origin_of(cls) or issubclass(cls, enum.Enum):
        return _OUTSIDE if can_be_named or not _is_of_library(cls) else _VALUES
    return _VALUES if _is_of_library(cls) else _PLAIN


def _is_of_library(cls: type) -> bool:
    """Whether a class is the standard library's or one that was installed."""
    module = cls.__module__ or ""  # None of some that C code makes
    if module.partition(".")[0] in sys.stdlib_module_names or not cls.__flags__ & HEAP_TYPE:
        return cls is not object
    return is_installed(module)


def _is_in(module: str, prefix: str) -> bool:
    return module == prefix or module.startswith(f"{prefix}.")


def name_of(where: str | Sequence[str]) -> str:
    """Return what to call the whole of a message."""
    return where if isinstance(where, str) else "the arguments"


def shorten(path: str) -> str:
    """Return a path that fits a message."""
    if len(path) <= _MAX_PATH_CHARS:
        return path
    half = _MAX_PATH_CHARS // 2
    return f"{path[:half]}...{path[-half:]}"


def find_path(root: Any, target: object, where: str | Sequence[str]) -> str:
    """Return where in a message a value was found, like ``rows[3].author``."""
    found = _search(root, target, where)
    return name_of(where) if found is None else found


def _search(root: Any, target: object, where: str | Sequence[str]) -> str | None:
    seen: set[int] = set()
    todo: list[tuple[str, Any]] = [(name, x) for name, x in reversed(list(starts(root, where)))]
    while todo:
        path, value = todo.pop()
        if value is target:
            return path
        if id(value) not in seen:
            seen.add(id(value))
            todo.extend(reversed([(path + step, child) for step, child in children(value)]))
    return None


def starts(root: Any, where: str | Sequence[str]) -> Iterator[tuple[str, Any]]:
    """Yield the parts of a message that have names of their own.

    The arguments of a call are a tuple of declared ones, further positional ones and
    keywords, or just a tuple of the declared ones.
    """
    if isinstance(where, str) or not isinstance(root, tuple):
        yield name_of(where), root
        return
    values, extra, keywords = root, (), {}
    if [type(part) for part in root] == [tuple, tuple, dict] and len(root[0]) <= len(where):
        values, extra, keywords = root
    for number, value in enumerate(values):
        yield (where[number] if number < len(where) else f"*args[{number - len(where)}]"), value
    for number, value in enumerate(extra):
        yield f"*args[{number}]", value
    for name, value in keywords.items():
        yield str(name), value


def children(value: Any) -> Iterator[tuple[str, Any]]:
    """Yield the parts of a value and the step that leads to each."""
    for kinds, parts in _PARTS:
        if issubclass(type(value), kinds):  # a proxy may say that it is one
            yield from parts(value)
            break
    if issubclass(type(value), defaultdict) and type(value.default_factory) is types.FunctionType:
        yield ".default_factory", value.default_factory
    if not isinstance(value, type | types.ModuleType | types.FunctionType):
        yield from attributes(value)


def _dict_parts(value: dict[Any, Any]) -> Iterator[tuple[str, Any]]:
    for key, item in dict.items(value):
        yield f"[{key_text(key)}]", item
        if type(key) is not str:
            yield f" (key {key_text(key)})", key


def _tuple_parts(value: Any) -> Iterator[tuple[str, Any]]:
    names = getattr(value, "_fields", None)
    for number, item in enumerate(tuple.__iter__(value)):
        yield f".{names[number]}" if names else f"[{number}]", item


#: The parts of each kind of container; attributes are every object's.
_PARTS: Final[tuple[tuple[Any, Callable[[Any], Iterator[tuple[str, Any]]]], ...]] = (
    (dict, _dict_parts),
    (tuple, _tuple_parts),
    (list | deque, lambda value: ((f"[{number}]", item) for number, item in enumerate(value))),
    (set | frozenset, lambda value: ((" (a member)", item) for item in value)),
    (slice, lambda v: ((f".{name}", getattr(v, name)) for name in ("start", "stop", "step"))),
    (BaseException, lambda value: iter([(".args", value.args)])),
    ((datetime, time), lambda value: iter([(".tzinfo", value.tzinfo)])),
)


def attributes(value: Any) -> Iterator[tuple[str, Any]]:
    """Yield the attributes an object holds itself; runs none of its code."""
    held = getattr(value, "__dict__", None)
    if type(held) is dict:
        yield from ((f".{name}", item) for name, item in held.items())
    for name, slot in slots_of(type(value)).items():
        try:
            yield f".{name}", slot.__get__(value)
        except (AttributeError, TypeError):
            continue  # never set


def key_text(key: object) -> str:
    """Return a dict's key for a path: short, and never a user's ``__repr__``."""
    if type(key) in {str, int, bool, float, type(None), bytes}:
        text = repr(key)
        return text if len(text) <= 40 else f"{text[:37]}..."  # noqa: PLR2004 - readable
    return type(key).__qualname__
