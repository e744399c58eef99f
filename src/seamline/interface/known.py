"""What is known of libraries by name: resources, framework objects, values and their types."""

import sys
from typing import Final

# Results that hold a handle of their process: a connection, a lock, a pool of threads.
RESOURCES: Final = (
    "sqlalchemy.create_engine",
    "sqlalchemy.engine.create_engine",
    "sqlalchemy.engine_from_config",
    "sqlalchemy.create_mock_engine",
    "sqlalchemy.ext.asyncio.",
    "sqlalchemy.orm.sessionmaker",
    "sqlalchemy.orm.scoped_session",
    "sqlalchemy.orm.Session",
    "sqlalchemy.orm.session.",
    "sqlalchemy.pool.",
    "sqlmodel.create_engine",
    "sqlmodel.Session",
    "sqlite3.connect",
    "psycopg",
    "psycopg2",
    "psycopg_pool",
    "asyncpg",
    "aiosqlite",
    "aiomysql",
    "pymysql",
    "MySQLdb",
    "mysql.connector",
    "pymongo",
    "motor",
    "redis",
    "aioredis",
    "pymemcache",
    "elasticsearch",
    "boto3",
    "kombu",
    "pika",
    "requests.Session",
    "requests.session",
    "httpx.Client",
    "httpx.AsyncClient",
    "aiohttp.ClientSession",
    "threading.",
    "multiprocessing.",
    "concurrent.futures.",
    "asyncio.Lock",
    "asyncio.Event",
    "asyncio.Condition",
    "asyncio.Semaphore",
    "asyncio.BoundedSemaphore",
    "anyio.Lock",
    "socket.",
    "ssl.",
    "selectors.",
    "subprocess.Popen",
    "shelve.open",
    "dbm.open",
    "builtins.open",
    "io.open",
    "tempfile.",
    "logging.FileHandler",
    "logging.StreamHandler",
    "logging.handlers.",
    "smtplib.",
    "peewee.",
    "tinydb.",
    "databases.Database",
)

# Objects that every process builds for itself while importing: neither constants nor state.
FRAMEWORK: Final = (
    "flask.",
    "flask_",
    "quart.",
    "quart_",
    "fastapi.",
    "fastapi_",
    "starlette.",
    "starlette_",
    "sanic.",
    "litestar.",
    "falcon.",
    "bottle.",
    "aiohttp.web.",
    "django.",
    "rest_framework.",
    "werkzeug.",
    "jinja2.",
    "mako.",
    "markupsafe.",
    "celery.",
    "huey.",
    "dramatiq.",
    "rq.",
    "apscheduler.",
    "typer.",
    "click.",
    "blinker.",
    "pluggy.",
    "sqlalchemy.MetaData",
    "sqlalchemy.Table",
    "sqlalchemy.Column",
    "sqlalchemy.orm.declarative_base",
    "sqlalchemy.orm.registry",
    "sqlalchemy.ext.declarative.declarative_base",
    "sqlalchemy.schema.",
    "sqlalchemy.",
    "sqlmodel.",
    "marshmallow.",
    "wtforms.",
    "graphene.",
    "strawberry.",
    "passlib.",
    "itsdangerous.",
    "authlib.",
    "environ.",
    "decouple.",
    "dynaconf.",
    "pydantic.",
    "pydantic_settings.",
    "msgspec.",
    "attr.",
    "attrs.",
    "babel.",
    "numpy.",
    "structlog.",
    "loguru.",
    "opentelemetry.",
    "prometheus_client.",
    "sentry_sdk.",
    "bleach.",
    "markdown.",
    "fastapi_users.",
)

# Of the standard library only these make objects that change.
CHANGING: Final = (
    "itertools.count",
    "itertools.cycle",
    "random.Random",
    "random.SystemRandom",
    "queue.",
    "sched.",
    "http.cookiejar.",
    "configparser.",
    "collections.ChainMap",
    "weakref.",
    "asyncio.Queue",
    "array.array",
    "types.SimpleNamespace",
    "http.client.",
    "urllib.request.",
    "xmlrpc.",
    "imaplib.",
    "ftplib.",
    "builtins.iter",
)

# What these parts of the standard library return is theirs, never an object of the
# application that was put in before (as by queues, iterators and context variables).
MAKERS: Final = tuple(
    f"{module}."
    for module in (
        "re", "sqlite3", "datetime", "time", "zoneinfo", "calendar", "math", "cmath", "decimal",
        "fractions", "statistics", "os", "pathlib", "shutil", "glob", "fnmatch", "tempfile",
        "io", "gzip", "bz2", "lzma", "zlib", "zipfile", "tarfile", "hashlib", "hmac", "secrets",
        "base64", "binascii", "struct", "uuid", "ipaddress", "urllib", "http", "html", "email",
        "mimetypes", "csv", "string", "textwrap", "unicodedata", "difflib", "locale", "socket",
        "ssl", "select", "subprocess", "logging", "platform", "smtplib", "json", "tomllib",
    )
)  # fmt: skip

CONTAINERS: Final = frozenset(
    {
        "builtins.dict",
        "builtins.list",
        "builtins.set",
        "builtins.bytearray",
        "collections.defaultdict",
        "collections.deque",
        "collections.Counter",
        "collections.OrderedDict",
        "weakref.WeakValueDictionary",
        "weakref.WeakKeyDictionary",
        "weakref.WeakSet",
        "array.array",
        "json.loads",
        "json.load",
        "tomllib.load",
        "tomllib.loads",
        "copy.deepcopy",
        "copy.copy",
    }
)

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
    "weakref.ref": "a weak reference",
    "contextlib.ExitStack": "a stack of open contexts",
    "jinja2.Environment": "a template environment",
    "fpdf.FPDF": "a document under construction",
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

# Names of methods that only files and connections have, for parameters without annotation.
HANDLE_METHODS: Final = {
    "read": "an open file",
    "readline": "an open file",
    "readlines": "an open file",
    "seek": "an open file",
    "fileno": "an open file",
    "write": "an open file",
    "writelines": "an open file",
    "execute": "a database connection",
    "executemany": "a database connection",
    "commit": "a database connection",
    "rollback": "a database connection",
    "query": "a database session",
    "scalars": "a database session",
    "flush": "a database session",
    "sendall": "a socket",
    "recv": "a socket",
    "acquire": "a lock",
    "app_context": "an application object",
}

REGISTERING: Final = frozenset(
    {
        "route", "before_request", "after_request", "teardown_request", "teardown_appcontext",
        "before_first_request", "before_app_request", "after_app_request", "errorhandler",
        "app_errorhandler", "context_processor", "app_context_processor", "template_filter",
        "template_global", "template_test", "app_template_filter", "app_template_global",
        "app_template_test", "url_value_preprocessor", "url_defaults", "shell_context_processor",
        "teardown_app_request", "user_loader", "request_loader", "unauthorized_handler",
        "needs_refresh_handler", "exception_handler", "on_event", "before_serving",
        "after_serving", "api_route", "websocket_route", "add_url_rule", "add_api_route",
        "register_error_handler", "add_template_filter", "add_template_global", "add_url_rules",
        "add_exception_handler", "add_event_handler", "add_route", "add_websocket_route",
        "cli.command", "record", "record_once", "verify_password", "verify_token",
        "add_template_test", "app_url_defaults",
    }
)  # fmt: skip
# Registering only on what is known to be a framework's object.
REGISTERING_ON_FRAMEWORK: Final = frozenset(
    {
        "get", "post", "put", "patch", "delete", "head", "options", "websocket", "middleware",
        "command", "group", "callback", "filter", "simple_tag", "inclusion_tag", "register",
        "tag", "connect", "connect_via", "add_command", "listens_for", "handler", "error",
    }
)  # fmt: skip
# Functions that register what they decorate or take.
REGISTRARS: Final = (
    "click.command",
    "click.group",
    "flask.cli.with_appcontext",
    "typer.",
    "fastapi.Depends",
    "fastapi.Security",
    "fastapi.params.Depends",
    "starlette.routing.",
    "django.urls.path",
    "django.urls.re_path",
    "django.conf.urls.url",
    "django.dispatch.receiver",
    "django.contrib.admin.",
    "sqlalchemy.event.listens_for",
    "sqlalchemy.event.listen",
    "sqlalchemy.orm.validates",
    "sqlalchemy.ext.hybrid.",
    "pydantic.field_validator",
    "pydantic.model_validator",
    "pydantic.validator",
    "pytest.fixture",
    "atexit.register",
    "signal.signal",
)

# Signals of the frameworks themselves; those of the application are not in their modules.
FRAMEWORK_SIGNALS: Final = ("flask.", "django.", "quart.", "sqlalchemy.")

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


def named(dotted: str, table: tuple[str, ...]) -> bool:
    """Whether a dotted name is in a table; an entry ending in ``.`` or ``_`` is a prefix."""
    return any(
        dotted.startswith(entry)
        if entry[-1] in "._"
        else dotted == entry or dotted.startswith(entry + ".")
        for entry in table
    )


def is_stdlib(dotted: str) -> bool:
    """Whether a dotted name belongs to the standard library or the built-ins."""
    return dotted.partition(".")[0] in sys.stdlib_module_names
