"""What is known of types by name: which values stay, cross, stream, or cannot change."""

from typing import Final

from seamline.interface.stdlib_types import GIVING_STAYING, STAYING

# Types whose values stay in their process, with how a reader would call them.
UNSENDABLE: Final = {
    "sqlalchemy.orm.Session": "a database session",
    "sqlalchemy.orm.session.Session": "a database session",
    "sqlalchemy.orm.scoped_session": "a database session",
    "sqlalchemy.orm.sessionmaker": "a factory of database sessions",
    "sqlalchemy.orm.Query": "a database query",
    "sqlalchemy.ext.asyncio.AsyncSession": "a database session",
    "sqlalchemy.ext.asyncio.AsyncEngine": "a database engine",
    "sqlalchemy.ext.asyncio.AsyncConnection": "a database connection",
    "sqlalchemy.ext.asyncio.async_sessionmaker": "a factory of database sessions",
    "sqlalchemy.Engine": "a database engine",
    "sqlalchemy.engine.Engine": "a database engine",
    "sqlalchemy.engine.base.Engine": "a database engine",
    "sqlalchemy.Connection": "a database connection",
    "sqlalchemy.engine.Connection": "a database connection",
    "sqlalchemy.engine.Result": "a database cursor",
    "sqlmodel.Session": "a database session",
    "sqlite3.Connection": "a database connection",
    "sqlite3.Cursor": "a database cursor",
    "django.http.HttpRequest": "a request",
    "django.http.HttpResponse": "a response",
    "django.http.request.HttpRequest": "a request",
    "django.http.response.HttpResponse": "a response",
    "django.db.models.QuerySet": "a database query",
    "django.db.models.query.QuerySet": "a database query",
    "flask.Flask": "an application object",
    "flask.Blueprint": "a framework object",
    "flask.Request": "a request",
    "flask.Response": "a response",
    "flask.wrappers.Request": "a request",
    "flask.wrappers.Response": "a response",
    "quart.Quart": "an application object",
    "fastapi.FastAPI": "an application object",
    "fastapi.APIRouter": "a framework object",
    "fastapi.Request": "a request",
    "fastapi.Response": "a response",
    "fastapi.WebSocket": "a connection",
    "fastapi.UploadFile": "an open file",
    "fastapi.BackgroundTasks": "a framework object",
    "starlette.applications.Starlette": "an application object",
    "starlette.requests.Request": "a request",
    "starlette.responses.Response": "a response",
    "starlette.websockets.WebSocket": "a connection",
    "starlette.datastructures.UploadFile": "an open file",
    "sanic.Sanic": "an application object",
    "werkzeug.wrappers.Request": "a request",
    "werkzeug.wrappers.Response": "a response",
    "werkzeug.Request": "a request",
    "werkzeug.Response": "a response",
    "werkzeug.datastructures.FileStorage": "an open file",
    "aiohttp.web.Request": "a request",
    "aiohttp.ClientSession": "a connection",
    "requests.Session": "a connection",
    "httpx.Client": "a connection",
    "httpx.AsyncClient": "a connection",
    "socket.socket": "a socket",
    "ssl.SSLContext": "a TLS context",
    "typing.IO": "an open file",
    "typing.TextIO": "an open file",
    "typing.BinaryIO": "an open file",
    "io.IOBase": "an open file",
    "io.RawIOBase": "an open file",
    "io.BufferedIOBase": "an open file",
    "io.TextIOBase": "an open file",
    "io.TextIOWrapper": "an open file",
    "io.BufferedReader": "an open file",
    "io.BufferedWriter": "an open file",
    "io.BytesIO": "an open file",
    "io.StringIO": "an open file",
    "typing.Callable": "a callable",
    "collections.abc.Callable": "a callable",
    "types.FunctionType": "a callable",
    "types.ModuleType": "a module",
    "types.FrameType": "a frame",
    "types.TracebackType": "a traceback",
    "threading.Lock": "a lock",
    "threading.RLock": "a lock",
    "threading.Thread": "a thread",
    "threading.Event": "a thread's event",
    "threading.Condition": "a lock",
    "asyncio.Lock": "a lock",
    "asyncio.Event": "an event of one event loop",
    "asyncio.Task": "a task of one event loop",
    "asyncio.Future": "a future of one event loop",
    "asyncio.Queue": "a queue of one event loop",
    "asyncio.AbstractEventLoop": "an event loop",
    "concurrent.futures.Executor": "a pool of threads",
    "concurrent.futures.ThreadPoolExecutor": "a pool of threads",
    "concurrent.futures.Future": "a future",
    "subprocess.Popen": "a process",
    "queue.Queue": "a queue of one process",
    "logging.Logger": "a logger",
    "re.Match": "a match of a regular expression",
    "xml.etree.ElementTree.Element": "an element of XML",
    "xml.etree.ElementTree.ElementTree": "a tree of XML",
    "lxml.etree._Element": "an element of XML",
    "lxml.etree.ElementBase": "an element of XML",
    "lxml.etree._ElementTree": "a tree of XML",
    "lxml.etree.XPath": "a compiled XPath",
    "lxml.html.HtmlElement": "an element of HTML",
    "lxml.objectify.ObjectifiedElement": "an element of XML",
    "weakref.ref": "a weak reference",
    "contextlib.ExitStack": "a stack of open contexts",
    "jinja2.Environment": "a template environment",
    "fpdf.FPDF": "a document under construction",
}

#: What Django's queries are made of, and what its methods and operators make of it.
PARTS_OF_QUERIES: Final = frozenset(
    f"django.db.models.{place}{name}"
    for home, names in (
        ("query_utils", "Q"),
        ("query", "Prefetch"),
        (
            "expressions",
            "F Case Exists ExpressionWrapper Func OuterRef Subquery Value When Window",
        ),
    )
    for place in ("", f"{home}.")
    for name in names.split()
)
UNSENDABLE.update(STAYING)
#: Of libraries that are written in C, or make them in functions of which source says nothing.
_OF_LIBRARIES: Final = {
    "PIL.Image.Image": "an image",
    "frozenlist.FrozenList": "a list of a library",
    "msgspec.json.Decoder": "a coder of JSON",
    "msgspec.json.Encoder": "a coder of JSON",
    "msgspec.msgpack.Decoder": "a coder of MessagePack",
    "msgspec.msgpack.Encoder": "a coder of MessagePack",
    "multidict.CIMultiDict": "a dictionary of a library",
    "multidict.MultiDict": "a dictionary of a library",
    "parse.Parser": "a parser of texts",
    "parse.Result": "a result of a parser",
    "regex.Match": "a match of a regular expression",
    "regex.Pattern": "a compiled regular expression",
    "yarl.URL": "an address of a library",
}
UNSENDABLE.update(_OF_LIBRARIES)
UNSENDABLE.update(dict.fromkeys(PARTS_OF_QUERIES, "a part of a query"))

# Calls whose result is of one of these types, which the call does not say.
GIVING: Final = {
    **GIVING_STAYING,
    **{f"re.{name}": "re.Match" for name in ("match", "search", "fullmatch")},
    **{
        f"xml.etree.ElementTree.{name}": "xml.etree.ElementTree.Element"
        for name in ("SubElement", "XML", "fromstring", "fromstringlist")
    },
    "xml.etree.ElementTree.parse": "xml.etree.ElementTree.ElementTree",
    **{
        f"lxml.etree.{name}": "lxml.etree._Element"
        for name in ("Element", "SubElement", "XML", "HTML", "fromstring", "fromstringlist")
    },
    "lxml.etree.parse": "lxml.etree._ElementTree",
    **{f"PIL.Image.{name}": "PIL.Image.Image" for name in ("new", "open", "fromarray", "merge")},
    **{f"regex.{name}": "regex.Match" for name in ("match", "search", "fullmatch")},
    "regex.compile": "regex.Pattern",
    **{f"parse.{name}": "parse.Result" for name in ("parse", "search")},
    "parse.compile": "parse.Parser",
    **{
        f"lxml.html.{name}": "lxml.html.HtmlElement"
        for name in ("fromstring", "document_fromstring", "fragment_fromstring")
    },
}

# Of these, what crosses nevertheless: by reference, or as a copy if it does not stream.
CROSSING: Final = frozenset(
    {
        "flask.Request", "flask.wrappers.Request", "flask.Response", "flask.wrappers.Response",
        "quart.Request", "quart.Response", "werkzeug.wrappers.Response", "werkzeug.Response",
        "django.http.HttpResponse", "django.http.response.HttpResponse", "fastapi.Response",
        "starlette.responses.Response", "starlette.requests.Request", "fastapi.Request",
        "django.http.HttpRequest", "django.http.request.HttpRequest",
    }
)  # fmt: skip

# Calls whose result is a framework's response.
RESPONSES: Final = (
    "flask.make_response", "flask.jsonify", "flask.redirect", "flask.send_file",
    "flask.send_from_directory", "quart.make_response", "quart.jsonify", "quart.redirect",
    "werkzeug.utils.redirect", "django.http.", "django.shortcuts.render",
    "django.shortcuts.redirect", "starlette.responses.", "fastapi.responses.",
    "aiohttp.web.json_response",
)  # fmt: skip

# Those of them whose body is a file or a generator of the host.
STREAMED: Final = (
    "flask.send_file", "flask.send_from_directory", "django.http.FileResponse",
    "django.http.StreamingHttpResponse", "starlette.responses.FileResponse",
    "starlette.responses.StreamingResponse", "fastapi.responses.FileResponse",
    "fastapi.responses.StreamingResponse", "aiohttp.",
)  # fmt: skip

# Methods of resources that hand out another one.
HANDING_OUT: Final = frozenset(
    {
        "__aenter__", "__enter__", "accept", "begin", "connect", "connection", "cursor", "detach",
        "dup", "getconn", "imap", "imap_unordered", "makefile", "session", "submit",
    }
)  # fmt: skip

# A generator of the caller cannot be an argument; as a result it streams.
GENERATORS: Final = frozenset(
    f"{module}.{name}"
    for module in ("typing", "collections.abc")
    for name in (
        "Iterator", "Generator", "AsyncIterator", "AsyncGenerator", "AsyncIterable", "Awaitable",
        "Coroutine",
    )
)  # fmt: skip

# Those that a host can ask for items; the loop of an asynchronous function would stand still
# for a plain one.
PULLED: Final = frozenset({"Iterator", "Generator"})

PULLED_LATER: Final = frozenset({"AsyncIterator", "AsyncGenerator", "AsyncIterable"})

IMMUTABLE: Final = frozenset(
    f"builtins.{name}"
    for name in (
        "str", "int", "float", "bool", "bytes", "complex", "None", "range", "slice", "type",
    )
) | {
    "datetime.date", "datetime.datetime", "datetime.time", "datetime.timedelta", "datetime.tzinfo",
    "datetime.timezone", "zoneinfo.ZoneInfo", "decimal.Decimal", "fractions.Fraction",
    "uuid.UUID", "pathlib.Path", "pathlib.PurePath", "pathlib.PosixPath", "re.Pattern",
    "typing.Literal", "typing.LiteralString", "typing.Hashable", "ipaddress.IPv4Address",
    "typing.Type", "types.EllipsisType", "numbers.Number", "os.PathLike", "typing.AnyStr",
}  # fmt: skip

# Generic types that change nothing themselves; immutable when what they hold is.
HOLDERS: Final = frozenset(
    {"builtins.tuple", "builtins.frozenset", "types.MappingProxyType", "types.UnionType"}
    | {
        f"typing.{name}"
        for name in ("Optional", "Union", "Final", "ClassVar", "Annotated", "Tuple", "FrozenSet")
    }
    | {
        f"{module}.{name}"
        for module in ("typing", "collections.abc")
        for name in ("Sequence", "Mapping", "Iterable", "Collection", "Set", "AbstractSet")
    }
)

VALUE_DECORATORS: Final = frozenset(
    {
        "dataclasses.dataclass", "attr.s", "attr.attrs", "attr.define", "attr.mutable",
        "attrs.define", "attrs.mutable", "attr.dataclass", "pydantic.dataclasses.dataclass",
        "attr.frozen", "attrs.frozen", "attr.ib",
    }
)  # fmt: skip

VALUE_BASES: Final = (
    "enum.", "typing.NamedTuple", "typing.TypedDict", "typing_extensions.TypedDict",
    "typing_extensions.NamedTuple", "msgspec.Struct", "pydantic.BaseModel", "pydantic.RootModel",
    "pydantic.generics.GenericModel", "pydantic_settings.BaseSettings",
)  # fmt: skip

MODEL_BASES: Final = (
    "sqlalchemy.orm.DeclarativeBase", "sqlalchemy.orm.declarative_base",
    "sqlalchemy.ext.declarative.declarative_base", "sqlalchemy.orm.MappedAsDataclass",
    "flask_sqlalchemy.", "django.db.models.Model", "django.contrib.auth.models.", "peewee.Model",
    "mongoengine.Document", "tortoise.models.Model",
)  # fmt: skip
