"""Objects of libraries that are all plain values: headers, forms, responses, addresses, shells.

The names below are all that a peer can name of a library. Of a framework only what is loaded
is found, but for modules of plain data, which are loaded when a value of theirs arrives, by
their names here.
"""

import functools
import sys
from contextvars import ContextVar
from types import SimpleNamespace
from typing import Any, Final

from seamline.wire.classes import Shape, loose_writer, shape_of, slots_of
from seamline.wire.filled import is_filled_object, note_filled
from seamline.wire.libraries import load_library
from seamline.wire.marks import LIST, LOOSE, PLAIN_TUPLE, Refused, Writer, Writing

_ADDRESSES: Final = frozenset(
    {
        "AmqpDsn", "AnyHttpUrl", "AnyUrl", "AnyWebsocketUrl", "ClickHouseDsn", "CockroachDsn",
        "FileUrl", "FtpUrl", "HttpUrl", "KafkaDsn", "MariaDBDsn", "MongoDsn", "MySQLDsn",
        "NameEmail", "NatsDsn", "PostgresDsn", "RedisDsn", "SnowflakeDsn", "WebsocketUrl",
    }
)  # fmt: skip
_SECRETS: Final = frozenset(
    {"ByteSize", "PaymentCardNumber", "Secret", "SecretBytes", "SecretStr"}
)
_SHELLS: Final = frozenset({"ChainMap", "UserDict", "UserList", "UserString"})
#: Package -> classes whose state is all plain values. What is none in one instance (a
#: generator as a response's body, a callback) is refused where it is found.
_VALUES: Final[dict[str, frozenset[str]]] = {
    "werkzeug.datastructures": frozenset(
        {
            "Accept", "Authorization", "CharsetAccept", "CombinedMultiDict", "ContentRange",
            "ContentSecurityPolicy", "ETags", "EnvironHeaders", "HeaderSet", "Headers", "IfRange",
            "ImmutableDict", "ImmutableList", "ImmutableMultiDict",
            "ImmutableOrderedMultiDict", "ImmutableTypeConversionDict", "LanguageAccept",
            "MIMEAccept", "MultiDict", "OrderedMultiDict", "Range", "RequestCacheControl",
            "ResponseCacheControl", "TypeConversionDict", "WWWAuthenticate",
        }
    ),
    "werkzeug.user_agent": frozenset({"UserAgent"}),
    "werkzeug.useragents": frozenset({"UserAgent"}),
    "werkzeug.wrappers": frozenset({"Response"}),
    "flask.wrappers": frozenset({"Response"}),
    "quart.wrappers": frozenset({"Response"}),
    "quart.wrappers.response": frozenset({"DataBody"}),
    "markupsafe": frozenset({"Markup"}),
    "django.http.request": frozenset({"HttpHeaders", "QueryDict"}),
    "django.utils.datastructures": frozenset(
        {"CaseInsensitiveMapping", "ImmutableList", "MultiValueDict", "OrderedSet"}
    ),
    "django.utils.safestring": frozenset({"SafeString"}),
    "django.http.response": frozenset(
        {
            "HttpResponse", "HttpResponseBadRequest", "HttpResponseForbidden", "HttpResponseGone",
            "HttpResponseNotAllowed", "HttpResponseNotFound", "HttpResponseNotModified",
            "HttpResponsePermanentRedirect", "HttpResponseRedirect", "HttpResponseServerError",
            "JsonResponse", "ResponseHeaders",
        }
    ),
    "http.cookies": frozenset({"Morsel", "SimpleCookie"}),
    "collections": _SHELLS,
    "types": frozenset({"SimpleNamespace"}),
    "subprocess": frozenset({"CompletedProcess"}),
    "starlette.datastructures": frozenset(
        {
            "Address", "CommaSeparatedStrings", "FormData", "Headers", "ImmutableMultiDict",
            "MultiDict", "MutableHeaders", "QueryParams", "Secret", "State", "URL", "URLPath",
        }
    ),
    "starlette.responses": frozenset(
        {"HTMLResponse", "JSONResponse", "PlainTextResponse", "RedirectResponse", "Response"}
    ),
    "rest_framework.exceptions": frozenset({"ErrorDetail"}),
    "pydantic.networks": _ADDRESSES,
    "pydantic.v1.networks": _ADDRESSES,
    "pydantic.types": _SECRETS,
    "pydantic.v1.types": _SECRETS,
    "pydantic.color": frozenset({"Color", "RGBA"}),
    "pydantic.error_wrappers": frozenset({"ErrorWrapper"}),
    "pydantic.v1.error_wrappers": frozenset({"ErrorWrapper"}),
}  # fmt: skip
#: Those that are loaded where a value of theirs arrives.
_LOADED: Final = frozenset(
    {
        "django.http.request", "django.utils.datastructures", "django.utils.safestring",
        "http.cookies", "markupsafe", "pydantic.networks", "pydantic.types",
        "starlette.datastructures", "werkzeug.datastructures", "werkzeug.user_agent",
    }
)  # fmt: skip
#: Those that cross as what their own ``__reduce__`` makes of them: without the serializer.
_REDUCED: Final = frozenset(
    {
        "rest_framework.utils.serializer_helpers:ReturnDict",
        "rest_framework.utils.serializer_helpers:ReturnList",
    }
)
#: Texts that are worked out when they are read: they cross as the text they are now.
_LAZY: Final = frozenset(
    {
        "django.utils.functional:__proxy__",
        "flask_babel.speaklater:LazyString",
        "quart_babel.speaklater:LazyString",
        "speaklater:_LazyString",
    }
)
#: Whether what was written since somebody looked holds such a text.
_said: ContextVar[bool] = ContextVar("seamline.said", default=False)


def take_said() -> bool:
    """Return whether anything written since the last time is a text that was worked out now."""
    if not _said.get():
        return False
    _said.set(False)
    return True


def is_view(name: str) -> bool:
    """Whether ``module:class`` names such a value."""
    return bool(_package_of(name))


def _package_of(name: str) -> str:
    """Return the package above under which such a value stands, or an empty text."""
    module, _, path = name.partition(":")
    while module and path not in _VALUES.get(module, ()):
        module = module.rpartition(".")[0]
    return module


def loaded_view(name: str) -> Any:
    """Return the module that such a value's class is of, or None where it is not to be loaded.

    Raises:
        NotSendable: It is, and is not installed here.
    """
    package = _package_of(name)
    if package in _LOADED:
        load_library(package)  # which loads what is in it, by no name of a peer's
    return sys.modules.get(name.partition(":")[0])


def is_view_class(cls: type) -> bool:
    """Whether a class is one of these or derives from one."""
    return any(is_view(name_of(owner)) for owner in cls.__mro__)


def name_of(cls: type) -> str:
    """Return ``module:qualified name`` of a class."""
    return f"{cls.__module__}:{cls.__qualname__}"


def view_writer(cls: Any) -> Writer | None:
    """Return the writer of a value that crosses as another one, or None."""
    if name_of(cls) in _LAZY or f"{cls.__module__}:{cls.__name__}" in _LAZY:
        return _write_lazy
    if name_of(cls) in _REDUCED:
        return _write_reduced
    if cls.__name__ == "EnvironHeaders" and is_view(name_of(cls)):
        plain = next(owner for owner in cls.__mro__ if owner.__name__ == "Headers")
        return _environ_writer(f"{name_of(plain)}|")
    return None


def object_writer(cls: Any, entry: str) -> Writer:
    """Return the writer of an object that is its ``__dict__``."""
    loosely = loose_writer(object_shape(cls), entry)
    fills = is_filled_object(cls)

    def write(value: Any, w: Writing, left: int) -> Any:
        if fills:
            note_filled()
        return w.again(value) if id(value) in w.memo else loosely(value, w, left)

    return write


def object_shape(cls: Any) -> Shape:
    """Return where the state of such an object lives."""
    if issubclass(cls, SimpleNamespace):  # of C: ``object`` makes none, and its dict is a slot
        slots = {name: slot for name, slot in slots_of(cls).items() if name != "__dict__"}
        return Shape(cls, (), slots, True, functools.partial(SimpleNamespace.__new__, cls))
    return shape_of(cls, ())


def _environ_writer(entry: str) -> Writer:
    """Return the writer of headers that are a view of an environ: a copy without it."""

    def write(value: Any, w: Writing, left: int) -> Any:
        if id(value) in w.memo:
            return w.again(value)
        w.track(value)
        w.descend(value, left)
        at = w.name(entry)
        # Nobody else holds the list, but it takes a number where it is read; no id is negative.
        w.memo[~id(value)] = len(w.memo)
        kept = getattr(w, "kept", None)  # of a message whose objects are tracked
        if kept is not None:
            kept[~id(value)] = []
        return [LOOSE, at, ["_list"], [[LIST, *([PLAIN_TUPLE, *pair] for pair in value.items())]]]

    return write


def _write_reduced(value: Any, w: Writing, left: int) -> Any:
    if getattr(w, "kept", None) is not None:  # what changes in it would not be in the value
        raise Refused(value, "it holds its serializer; send a dict or a list made of it")
    _, (plain,) = value.__reduce__()
    w.keep(plain)  # nobody else holds it
    return w.value(plain, left)


def _write_lazy(value: Any, w: Writing, left: int) -> Any:
    cast = getattr(value, "_proxy____cast", None)
    text = str(value) if cast is None else cast()
    if type(text) not in w.native and not isinstance(text, str):
        raise Refused(value, "it is worked out when it is read, and is no text")
    _said.set(True)
    return w.value(text, left) if type(text) is not str else w.value(str(text), left)
