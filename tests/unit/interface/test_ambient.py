"""Settings of the interpreter and of libraries: who sets and who reads them run together.

What sets one up for others runs with its caller.
"""

from collections.abc import Callable

import pytest
from tests.unit.interface.conftest import Reading

Read = Callable[..., Reading]
IMPORTS = "import builtins, json, logging, os, socket, sys, tempfile\nimport decimal\n"
IMPORTS += "from os import environ\nfrom decimal import Decimal\nfrom PIL import Image\n"


def judged(read: Read, source: str) -> list[str]:
    """Return the verdicts on ``put`` and ``get`` of a package."""
    reading = read({"app/__init__.py": "", "app/own.py": IMPORTS + source}, "app.own")
    return [reading.verdict(f"app.own.{name}") for name in ("put", "get")]


@pytest.mark.parametrize(
    ("put", "get"),
    [
        ("os.environ['A'] = 'b'", "os.environ.get('A')"),
        ("os.environ.update(A='b')", "os.environ['A']"),
        ("environ.setdefault('A', 'b')", "'A' in os.environ"),
        ("Image.MAX_IMAGE_PIXELS = 5", "Image.MAX_IMAGE_PIXELS"),
        ("tempfile.tempdir = '/var/tmp'", "tempfile.tempdir"),
        ("tempfile.template += 'x'", "tempfile.template"),
        ("json.JSONEncoder.item_separator = ';'", "json.JSONEncoder.item_separator"),
        ("sys.path.append('x')", "'x' in sys.path"),
        ("setattr(json, 'x', 1)", "getattr(json, 'x', None)"),
        ("builtins.x = 1", "getattr(builtins, 'x', None)"),
        ("socket.setdefaulttimeout(1)", "socket.getdefaulttimeout()"),
        ("decimal.getcontext().prec = 5", "total(Decimal(1))"),
    ],
)
def test_what_sets_and_what_reads_a_setting_run_where_the_package_does(
    read: Read, put: str, get: str
) -> None:
    source = f"def total(a): return a\ndef put(): {put}\ndef get(): return {get}\n"

    assert judged(read, source) == ["remote", "remote"]


def test_what_computes_in_a_context_that_its_package_sets_runs_there(read: Read) -> None:
    source = "def get(a: Decimal, b: Decimal): return a / b\n"

    assert judged(read, f"{source}def put(): pass\n") == ["local", "local"]
    assert judged(read, f"{source}def put(): decimal.getcontext().prec = 5\n")[1] == "remote"


def test_a_function_that_changes_a_setting_does_not_stay_with_its_caller(read: Read) -> None:
    source = "def put(value): os.environ['A'] = value\ndef get(): return os.getenv('A')\n"

    reading = read({"app/__init__.py": "", "app/own.py": IMPORTS + source}, "app.own")

    put = reading.functions["app.own.put"]
    assert not put.stays
    assert put.reason == (
        "changes os.environ, which every process has its own of: runs where its service runs"
    )


def test_a_setting_that_nothing_in_the_package_changes_is_no_matter(read: Read) -> None:
    source = "def put(): return Image.MAX_IMAGE_PIXELS\ndef get(): return os.environ.get('A')\n"
    source += "os.environ.setdefault('B', 'c')\n"

    assert judged(read, source) == ["local", "local"]


SETS_UP = {
    "a setter": "locale.setlocale(locale.LC_ALL, 'C')",
    "the directory": "os.chdir('/')",
    "an item": "os.environ['A'] = 'b'",
    "a file of settings": "dotenv.load_dotenv('shop.env')",
    "a list": "sys.path.insert(0, 'x')",
    "a hook": "sys.excepthook = other",
    "a class of a library": "json.JSONEncoder.default = other",
    "an adapter": "sqlite3.register_adapter(int, str)",
    "an abstract class": "numbers.Number.register(str)",
    "logging": "logging.config.dictConfig({})",
    "a logger": "logging.getLogger('shop').setLevel('DEBUG')",
    "a logger of its module": "LOG.addHandler(None)",
    "a logger of its own": "log = logging.getLogger()\n    log.handlers = []",
    "another handler": "LOG.addHandler(None)\n    LOG.removeHandler(other)",
    "another item": "os.environ['A'] = 'b'\n    os.environ.pop('B', None)",
    "the current thread": "threading.current_thread().name = 'x'",
    "through another": "inner()",
    "no answer": "os.environ['A'] = 'b'\n    return None",
    "its own word": "os.environ['A'] = 'b'\n    return True",
    "the logger": "log = logging.getLogger('shop')\n    log.setLevel(5)\n    return log",
}
HEAD = """\
import json, locale, logging.config, numbers, os, signal, sqlite3, sys, threading, warnings
import hashlib
import dotenv
import pydantic_settings
class Settings(pydantic_settings.BaseSettings):
    a: str
LOG = logging.getLogger('shop')
def other(x): return hashlib.md5(x)
def inner(): os.environ['A'] = 'b'
"""


def _split(put: str, more: str = "", web: str = "pass") -> dict[str, str]:
    """Return an application whose web process calls a function that does something."""
    return {
        "lib.py": f"{HEAD}def put():\n    {put}\n{more}",
        "web.py": f"import lib, logging, os\ndef page():\n    lib.put()\n    {web}\n",
    }


@pytest.mark.parametrize("put", SETS_UP.values(), ids=SETS_UP)
def test_what_sets_up_its_process_runs_with_its_caller(read: Read, put: str) -> None:
    reading = read(_split(put), "lib", entry_modules={"web": "web"})

    found = reading.functions["lib.put"]
    assert (found.verdict.value, found.reason.startswith("changes ")) == ("local", True)
    assert found.reason.endswith("which its caller may need, and touches no state of the host")
    assert reading.verdict("lib.other") == "remote"
    assert not reading.findings("state-elsewhere")


@pytest.mark.parametrize(
    "put",
    [
        "os.environ['A'] = 'b'\n    return hashlib.md5(b'')",
        "with warnings.catch_warnings():\n        warnings.simplefilter('error')",
        "old = os.getcwd()\n    os.chdir('/')\n    other(b'')\n    os.chdir(old)",
        "os.environ['A'] = 'b'\n    try: other(b'')\n    finally:\n        os.environ['A'] = ''",
        "os.environ['A'] = 'b'\n    other(b'')\n    del os.environ['A']",
        "sys.path.insert(0, 'x')\n    other(b'')\n    sys.path.pop(0)",
        "handler = signal.signal(2, other)\n    signal.signal(2, handler)",
        "os.environ.get('A')\n    other(b'')",
        "logging.getLogger('shop').info('x')",
        "warnings.warn('x')",
    ],
)
def test_what_answers_puts_back_or_only_reads_is_remote_as_ever(read: Read, put: str) -> None:
    reading = read(_split(put), "lib", entry_modules={"web": "web"})

    assert reading.verdict("lib.put") == "remote"
    assert not reading.findings("state-elsewhere")


@pytest.mark.parametrize(
    ("put", "get", "verdict"),
    [
        ("os.environ['A'] = 'b'", "os.environ.get('A')", "remote"),
        ("os.environ['A'] = 'b'", "dict(os.environ)", "remote"),
        ("os.environ['A'] = 'b'", "os.environ.get(name)", "remote"),
        ("os.environ.update(name)", "os.environ.get('B')", "remote"),
        ("os.environ['A'] = 'b'", "os.getenv('B'), 'C' in os.environ", "local"),
        ("os.environ.setdefault('A', 'b')", "os.environ.get('B', os.environ['C'])", "local"),
        ("os.environ['A'] = 'b'", "os.path.expandvars('$A')", "remote"),
        ("dotenv.load_dotenv()", "os.environ.get('B')", "remote"),
        ("dotenv.load_dotenv()", "Settings(a=name).a", "remote"),
        ("locale.setlocale(0, 'C')", "name.strftime('%B')", "remote"),
        ("LOG.setLevel(5)", "LOG.level", "remote"),
        ("LOG.setLevel(5)", "LOG.info('x')", "local"),
        ("json.JSONEncoder.default = other", "json.dumps(name)", "remote"),
    ],
)
def test_what_sets_up_the_host_stays_there(read: Read, put: str, get: str, verdict: str) -> None:
    reading = read(
        _split(put, f"def get(name):\n    return {get}\n"), "lib", entry_modules={"web": "web"}
    )

    assert (reading.verdict("lib.put"), reading.verdict("lib.get")) == (verdict, "remote")
