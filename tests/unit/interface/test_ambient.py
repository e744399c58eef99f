"""Settings of the interpreter and of libraries: who sets and who reads them run together.

What sets one up for others runs with its caller.
"""

from collections.abc import Callable

import pytest
from tests.unit.interface.conftest import Reading

from seamline.interface import PackageService

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
}
HEAD = """\
import json, locale, logging.config, numbers, os, signal, sqlite3, sys, threading, warnings
import hashlib
import dotenv
import pydantic_settings
class Settings(pydantic_settings.BaseSettings):
    a: str
LOG = logging.getLogger('shop')
def other(x): return hashlib.md5(x).digest()
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


def test_what_sets_up_a_logger_and_returns_it_runs_with_its_caller(read: Read) -> None:
    put = "log = logging.getLogger('shop')\n    log.setLevel(5)\n    return log"

    reading = read(_split(put), "lib", entry_modules={"web": "web"})

    assert reading.verdict("lib.put") == "local"
    assert not reading.findings("state-elsewhere")


@pytest.mark.parametrize(
    "put",
    [
        "os.environ['A'] = 'b'\n    return hashlib.md5(b'').digest()",
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
        ("os.environ.update(LOG)", "os.environ.get('B')", "remote"),
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


@pytest.mark.parametrize(
    ("put", "get", "web", "severities"),
    [
        ("os.environ['A'] = 'b'", "os.getenv('A')", "os.environ['A']", ["warning"]),
        ("os.environ['A'] = 'b'", "os.getenv('A')", "os.environ['B']", []),
        ("os.environ['A'] = 'b'", "os.getenv('A')", "other()", []),
        ("SEEN.append(1); os.environ['A'] = 'b'", "1", "os.environ['A']", ["warning"]),
        ("SEEN.append(1); logging.basicConfig()", "1", "pass", ["warning"]),
        ("os.environ['A'] = 'b'; return other('')", "1", "os.environ['A']", ["warning"]),
        ("SEEN.append(1); locale.setlocale(0, 'C')", "1", "pass", ["warning"]),
        ("os.environ['A'] = 'b'", "1", "os.environ['A']", []),
    ],
)
def test_check_tells_who_lacks_what_is_set_on_a_host(
    read: Read, put: str, get: str, web: str, severities: list[str]
) -> None:
    more = f"SEEN = []\ndef get():\n    return {get}\n"

    reading = read(_split(put, more, web), "lib", entry_modules={"web": "web"})

    assert [one[0] for one in reading.findings("state-elsewhere")] == severities


@pytest.mark.parametrize(
    ("imports", "does", "severities"),
    [
        ("import logging", "logging.warning('x')", ["warning"]),
        ("import logging\nLOG = logging.getLogger()", "LOG.info('x')", ["warning"]),
        ("import logging\nlogging.basicConfig()", "logging.warning('x')", []),
        ("import lib\nlib.put()\nimport logging", "logging.warning('x')", []),
        ("import flask, logging\napp = flask.Flask('x')", "flask.g.x = logging.info('x')", []),
        ("import math", "math.sin(1)", []),
    ],
)
def test_check_tells_which_hosts_lack_what_their_caller_sets(
    read: Read, imports: str, does: str, severities: list[str]
) -> None:
    files = _split("logging.basicConfig()", web="import jobs; jobs.run()")
    files["jobs.py"] = f"{imports}\ndef run():\n    {does}\n"

    reading = read(files, "lib", "jobs", entry_modules={"web": "web"})

    assert [one[0] for one in reading.findings("state-elsewhere")] == severities
    assert reading.verdict("lib.put") == "local"


def test_check_tells_of_a_web_process_that_lacks_what_a_host_sets_for_itself(read: Read) -> None:
    files = _split("os.environ['A'] = 'b'")
    files["web.py"] = "import jobs, os\ndef page():\n    jobs.run()\n    return os.environ['A']\n"
    files["jobs.py"] = "import lib\nSEEN = []\ndef run():\n    SEEN.append(1)\n    lib.put()\n"

    reading = read(files, "lib", "jobs", entry_modules={"web": "web"})

    (found,) = [one for one in reading.analysis.findings if one.code == "state-elsewhere"]
    assert found.message == (
        "lib.put changes os.environ of its process (lib.py:11), that of its caller: processes of "
        "web (web.py:2) need it, too, and do not have it"
    )


def test_what_is_listed_as_local_is_told_no_more(read: Read) -> None:
    files = _split("logging.basicConfig()", "def run():\n    LOG.info('x')\n", "lib.run()")
    listed = [PackageService(service="lib", package="lib", local=("put",))]

    reading = read(files, "lib", entry_modules={"web": "web"})
    silenced = read(files, "lib", services=listed, entry_modules={"web": "web"})

    assert [one[0] for one in reading.findings("state-elsewhere")] == ["warning"]
    assert silenced.findings("state-elsewhere") == []
