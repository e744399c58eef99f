"""What only looks like state of the host, and what only may be: verdicts without false alarms."""

from collections.abc import Callable

import pytest
from tests.unit.interface.conftest import Reading

Read = Callable[..., Reading]


def _verdicts(read: Read, source: str, *, other: str = "") -> dict[str, str]:
    files = {"shop/__init__.py": "", "shop/stock/__init__.py": source, "shop/tools.py": other}
    found = read(files, "shop.stock")
    return {
        name.removeprefix("shop.stock."): function.verdict.value
        for name, function in found.functions.items()
    }


MEMO = """
import uuid
_version = None

def version():
    global _version
    {body}
    return _version

def keep(file):
    return file.read(), version()
"""


@pytest.mark.parametrize(
    "body",
    [
        pytest.param("if _version is None:\n        _version = str(1)", id="is None"),
        pytest.param(
            "if _version is None:\n        try:\n            int('1')\n"
            "        except ValueError:\n            _version = '0'\n"
            "        else:\n            _version = '1'",
            id="of a try",
        ),
        pytest.param("if not _version:\n        _version = str(1)", id="not"),
        pytest.param(
            "if _version is not None:\n        return _version\n    _version = str(1)", id="return"
        ),
    ],
)
def test_a_name_that_remembers_an_answer_is_no_state(read: Read, body: str) -> None:
    assert _verdicts(read, MEMO.format(body=body))["keep"] == "local"


@pytest.mark.parametrize(
    "body",
    [
        pytest.param("_version = str(1)", id="always"),
        pytest.param("if not _version:\n        _version = uuid.uuid4().hex", id="random"),
        pytest.param("if _version is None:\n        _version = []", id="container"),
        pytest.param("if _version is not None:\n        _version = str(1)", id="again"),
        pytest.param(
            "if _version is None:\n        _version = str(1)\n    else:\n        _version = None",
            id="forgets",
        ),
    ],
)
def test_a_name_that_may_get_another_value_is_state(read: Read, body: str) -> None:
    assert _verdicts(read, MEMO.format(body=body))["keep"] == "refused"


def test_a_name_that_remembers_what_the_first_caller_passed_is_state(read: Read) -> None:
    source = """
_limit = None

def limit(given):
    global _limit
    if _limit is None:
        _limit = str(given)
    return _limit

def keep(file):
    return file.read(), limit(3)
"""
    assert _verdicts(read, source)["keep"] == "refused"


def test_a_decorator_that_only_notes_what_it_decorates_runs_once(read: Read) -> None:
    source = """
NOTED = []

def noted(function=None, *, label=""):
    def decorate(function):
        NOTED.append((function, label))
        return function
    return decorate if function is None else decorate(function)

@noted(label="a")
def keep(file):
    for line in file.readlines():
        print(line)

def all_noted():
    return [name for name, _ in NOTED]
"""
    verdicts = _verdicts(read, source)

    assert verdicts["keep"] == "local"
    assert verdicts["all_noted"] == "remote"


def test_a_decorator_whose_wrapper_notes_each_call_touches_state_at_each_call(read: Read) -> None:
    source = """
NOTED = []

def noted(function):
    def wrapper(*args):
        NOTED.append(function)
        return function(*args)
    return wrapper

@noted
def keep(file):
    return file.read()
"""
    assert _verdicts(read, source)["keep"] == "refused"


TABLE = """
ACTIONS = {{}}

def _add(name, what):
    ACTIONS[name] = what

for _name in ("a", "b"):
    _add(_name, 1)

def keep(file):
    return ACTIONS.get(file.read())
{more}
"""


def test_a_table_that_its_own_module_builds_while_imported_is_a_constant(read: Read) -> None:
    assert _verdicts(read, TABLE.format(more=""))["keep"] == "local"


@pytest.mark.parametrize(
    ("more", "other"),
    [
        pytest.param("def later():\n    _add('c', 2)\n", "", id="added to later"),
        pytest.param("def table():\n    return ACTIONS\n", "", id="given away"),
        pytest.param("", "from shop.stock import _add\n_add('c', 2)\n", id="filled by others"),
    ],
)
def test_a_table_that_may_differ_between_processes_is_state(
    read: Read, more: str, other: str
) -> None:
    assert _verdicts(read, TABLE.format(more=more), other=other)["keep"] == "refused"


METHODS = """
import re
import sqlite3

COUNTS = {}
WORD = re.compile("a")

class Table:
    def group(self):
        COUNTS["group"] = 1
    def execute(self):
        COUNTS["execute"] = 1
"""


@pytest.mark.parametrize(
    "body",
    [
        pytest.param("return WORD.match(file.read()).group()", id="compiled"),
        pytest.param("return re.match('a', file.read()).group()", id="match"),
        pytest.param("return sqlite3.connect(file.read()).execute()", id="connection"),
    ],
)
def test_methods_of_what_the_standard_library_made_are_not_the_application_s(
    read: Read, body: str
) -> None:
    found = _verdicts(read, METHODS + f"\ndef keep(file):\n    {body}\n")

    assert found["keep"] == "local"


def test_a_value_that_went_through_the_standard_library_may_be_the_application_s(
    read: Read,
) -> None:
    source = METHODS + "\nimport copy\n\ndef keep(row):\n    return copy.copy(row).group()\n"

    found = read({"shop/__init__.py": "", "shop/stock/__init__.py": source}, "shop.stock")

    assert "may touch shop.stock:COUNTS" in found.functions["shop.stock.keep"].reason


def test_what_only_a_method_s_name_says_refuses_nothing(read: Read) -> None:
    source = METHODS + "\ndef keep(connection):\n    return connection.execute()\n"

    found = read({"shop/__init__.py": "", "shop/stock/__init__.py": source}, "shop.stock")

    function = found.functions["shop.stock.keep"]
    assert function.verdict.value == "local"
    assert "that would cross or raise" in function.reason


def test_a_guess_does_not_hide_what_is_certain(read: Read) -> None:
    source = (
        METHODS
        + """
def _touch():
    COUNTS["x"] = 1

def keep(connection):
    connection.execute()
    _touch()
"""
    )
    assert _verdicts(read, source)["keep"] == "refused"


OTHER = """
SEEN = []

def see(what):
    SEEN.append(what)
"""


def test_state_of_no_service_is_where_a_function_that_stays_runs(read: Read) -> None:
    source = "from shop.tools import see\n\ndef keep(file):\n    see(file.read())\n"

    found = read(
        {"shop/__init__.py": "", "shop/stock/__init__.py": source, "shop/tools.py": OTHER},
        "shop.stock",
    )

    function = found.functions["shop.stock.keep"]
    assert function.verdict.value == "local"
    assert "shop.tools:SEEN, which belongs to no service" in function.reason


def test_state_of_no_service_that_the_host_uses_too_refuses_what_cannot_cross(read: Read) -> None:
    source = """
from shop.tools import see

def keep(file):
    see(file.read())

def note(text):
    for part in text:
        see(part)
"""
    verdicts = _verdicts(read, source, other=OTHER)

    assert verdicts == {"keep": "refused", "note": "remote"}


def test_a_guess_leaves_the_state_of_the_package_sealed(read: Read) -> None:
    source = METHODS + "\ndef keep(connection):\n    return connection.execute()\n"

    found = read({"shop/__init__.py": "", "shop/stock/__init__.py": source}, "shop.stock")

    assert found.functions["shop.stock.keep"].touches == ()
    assert not found.findings("state-elsewhere")


CONFIG = """
class Config:
    current = None

def config():
    if Config.current is None:
        Config.current = {}
    return Config.current

def configure(name, value):
    config()[name] = value
"""
USER = "from shop.tools import config\n\ndef page():\n    return config()['title']\n"


def _with_config(read: Read, source: str, user: str = USER) -> Reading:
    files = {
        "shop/__init__.py": "",
        "shop/tools.py": CONFIG,
        "shop/web.py": user,
        "shop/stock/__init__.py": source,
    }
    return read(files, "shop.stock")


READS = """
from shop.tools import config

def paths(names):
    return [config()["root"] + name for name in names]
"""


def test_what_uses_state_that_the_rest_uses_too_stays_with_the_rest(read: Read) -> None:
    function = _with_config(read, READS).functions["shop.stock.paths"]

    assert function.verdict.value == "local"
    assert "belongs to no service and is used elsewhere, too" in function.reason


@pytest.mark.parametrize(
    ("rows", "verdict"),
    [("from django.db import models\n\nclass Row(models.Model):\n    pass\n", "local"),
     ("class Row:\n    objects = []\n\ndef add(row):\n    Row.objects.append(row)\n", "refused")],
)  # fmt: skip
def test_a_manager_of_a_model_is_what_the_callers_process_has_too(
    read: Read, rows: str, verdict: str
) -> None:
    source = "from shop.tools import config\nfrom shop.stock.rows import Row\n"
    source += "\ndef paths():\n    return [config()['root'] + str(row) for row in Row.objects]\n"
    files = {
        "shop/__init__.py": "",
        "shop/tools.py": CONFIG,
        "shop/web.py": USER,
        "shop/stock/__init__.py": source,
        "shop/stock/rows.py": rows,
    }

    assert read(files, "shop.stock").functions["shop.stock.paths"].verdict.value == verdict


def test_state_of_a_module_that_only_the_service_uses_lives_on_its_host(read: Read) -> None:
    found = _with_config(read, READS, user="def page():\n    return 'title'\n")

    assert found.functions["shop.stock.paths"].verdict.value == "remote"


def test_what_needs_the_state_of_both_is_refused_with_the_way_out(read: Read) -> None:
    source = READS + "\nSEEN = []\n\ndef note(name):\n    SEEN.append(config()['root'] + name)\n"

    found = _with_config(read, source)

    function = found.functions["shop.stock.note"]
    assert function.verdict.value == "refused"
    assert "no process has both" in function.reason
    assert any('package = "shop.tools"' in f.remedy for f in found.analysis.findings)


WRAPPER = """
import sqlalchemy

class Database:
    def __init__(self, name):
        self.engine = sqlalchemy.create_engine(name)
    def rows(self, query):
        return self.engine.execute(query)
{more}

db = Database("sqlite:///shop.db")
"""


@pytest.mark.parametrize(
    ("more", "verdict"),
    [
        pytest.param("", "remote", id="handle"),
        pytest.param("    def keep(self, x):\n        self.last = x", "local", id="state"),
    ],
)
def test_an_application_s_own_wrapper_of_a_database_is_a_handle(
    read: Read, more: str, verdict: str
) -> None:
    files = {
        "shop/__init__.py": "",
        "shop/tools.py": WRAPPER.format(more=more),
        "shop/web.py": "from shop.tools import db\n\ndef page():\n    return db.rows('a')\n",
        "shop/stock/__init__.py": (
            "from shop.tools import db\n\n"
            "def count(names):\n    return [len(db.rows(name)) for name in names]\n"
        ),
    }

    found = read(files, "shop.stock")

    assert found.functions["shop.stock.count"].verdict.value == verdict


@pytest.mark.parametrize(
    ("made", "change"),
    [
        pytest.param("{}", "register(TABLE, 'a', 1)", id="helper"),
        pytest.param("[]", "heapq.heappush(TABLE, 1)", id="library"),
        pytest.param("numpy.zeros(3)", "TABLE[1] = 2", id="made by a library"),
        pytest.param("({}, [])", "TABLE[0]['a'] = 1", id="inside a tuple"),
    ],
)
def test_what_is_changed_by_whatever_way_is_state(read: Read, made: str, change: str) -> None:
    source = f"""
import heapq
import numpy

TABLE = {made}

def register(table, name, value):
    table[name] = value

def change():
    {change}

def keep(file):
    return TABLE, file.read()
"""
    assert _verdicts(read, source)["keep"] == "refused"


HANDED = """
TABLE = {{}}

def register(table, name):
    table[name] = 1

register(TABLE, "a")

def keep(file):
    return TABLE.get(file.read())
{more}
"""


@pytest.mark.parametrize(
    ("more", "other", "verdict"),
    [
        pytest.param("", "", "local", id="while it is imported"),
        pytest.param("def late():\n    register(TABLE, 'b')\n", "", "refused", id="later"),
        pytest.param(
            "",
            "from shop.stock import TABLE, register\nregister(TABLE, 'b')\n",
            "refused",
            id="while another is imported",
        ),
    ],
)
def test_a_table_that_a_helper_fills_is_settled_when_only_its_own_import_fills_it(
    read: Read, more: str, other: str, verdict: str
) -> None:
    assert _verdicts(read, HANDED.format(more=more), other=other)["keep"] == verdict
