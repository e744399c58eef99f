"""What is known of libraries by name: resources, framework objects, what makes and registers."""

import sys
from functools import cache
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
    "tempfile.TemporaryFile",
    "tempfile.NamedTemporaryFile",
    "tempfile.SpooledTemporaryFile",
    "tempfile.TemporaryDirectory",
    "logging.FileHandler",
    "logging.StreamHandler",
    "logging.handlers.",
    "smtplib.",
    "peewee.",
    "tinydb.",
    "databases.Database",
)

# Of what these modules make, these are no handles but plain values.
VALUES: Final = frozenset(
    {
        "socket.getdefaulttimeout", "socket.gethostname", "socket.getfqdn",
        "socket.gethostbyname", "socket.inet_ntoa", "socket.inet_aton", "threading.active_count",
        "threading.get_ident", "threading.get_native_id", "multiprocessing.cpu_count",
    }
)  # fmt: skip

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
    "io.StringIO",
    "io.BytesIO",
    "io.TextIOWrapper",
    "io.BufferedRandom",
    "csv.writer",
    "csv.reader",
    "csv.DictWriter",
    "csv.DictReader",
    "zlib.compressobj",
    "zlib.decompressobj",
    "bz2.BZ2Compressor",
    "bz2.BZ2Decompressor",
    "lzma.LZMACompressor",
    "lzma.LZMADecompressor",
    "http.cookies.",
    "contextlib.ExitStack",
    "contextlib.AsyncExitStack",
    "graphlib.TopologicalSorter",
    "shlex.shlex",
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

#: Decorators that keep the answers of a function.
CACHES: Final = ("functools.lru_cache", "functools.cache", "cachetools.cached")

# Calls whose result changes as it is read.
ITERATORS: Final = (
    "builtins.iter", "builtins.enumerate", "builtins.zip", "builtins.map", "builtins.filter",
    "builtins.reversed", "itertools.",
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


def named(dotted: str, table: tuple[str, ...]) -> bool:
    """Whether a dotted name is in a table; an entry ending in ``.`` or ``_`` is a prefix."""
    entries, prefixes = _read(table)
    return dotted in entries or dotted.startswith(prefixes)


@cache
def _read(table: tuple[str, ...]) -> tuple[frozenset[str], tuple[str, ...]]:
    """Return the entries of a table, and what else in it begins with; a few dozen are asked."""
    whole = frozenset(entry for entry in table if entry[-1] not in "._")
    return whole, tuple(f"{entry}." if entry in whole else entry for entry in table)


def is_stdlib(dotted: str) -> bool:
    """Whether a dotted name belongs to the standard library or the built-ins."""
    return dotted.partition(".")[0] in sys.stdlib_module_names
