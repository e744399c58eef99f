"""Rules without which applications of others were judged wrong, each as small as it gets."""

from collections.abc import Callable

import pytest
from tests.unit.interface.conftest import Reading

Read = Callable[..., Reading]
# A method that uses state, with the name of a function of a library.
SITES = """
SEEN = {}

class Site:
    def search(self, text):
        SEEN[text] = True
        return len(SEEN)
"""


def test_a_function_of_an_imported_library_is_no_method_of_the_application(read: Read) -> None:
    source = "import re, yaml\n\ndef year(text):\n    return bool(re.search('x', text))\n"
    source += "\ndef found(*texts):\n    return len(yaml.search(*texts))\n"

    reading = read(
        {"app/__init__.py": "", "app/sites.py": SITES, "app/text.py": source}, "app.text"
    )

    assert [one.touches for one in reading.functions.values()] == [(), ()]
    assert reading.findings("shared-state") == []


NONE = "try:\n    {}\nexcept ImportError:\n    {} = None\n"


@pytest.mark.parametrize(
    ("bound", "used"),
    [
        (NONE.format("import fast", "fast"), "fast.search(text)"),
        (NONE.format("import fast", "fast: object"), "fast.search(text)"),
        ("fast = None\nif not fast:\n    import fast\n", "fast.search(text)"),
        (NONE.format("from fast import Address", "Address"), "Address.search(text)"),
        ("from fast import Address\n", "Address.search(text)"),
        ("from fast import Address as URL\n", "URL.search(text)"),
        (NONE.format("import fast", "import slow as fast\n    other"), "fast.search(text)"),
        (
            "try:\n    import fast\nexcept ImportError:\n    from far.slow import fast\n",
            "fast.search(text)",
        ),
    ],
)
def test_a_library_that_may_be_missing_is_no_other_object(
    read: Read, bound: str, used: str
) -> None:
    source = f"{bound}\ndef count(text):\n    return len({used} or [])\n"

    reading = read({"app/__init__.py": "", "app/sites.py": SITES, "app/a.py": source}, "app.a")

    assert "names of methods" not in reading.functions["app.a.count"].reason
    assert reading.findings("shared-state") == []


@pytest.mark.parametrize(("name", "is_guess"), [("URL", False), ("FOUND", True)])
def test_a_class_of_capitals_is_known_by_its_source(
    read: Read, tmp_path_factory: pytest.TempPathFactory, name: str, is_guess: bool
) -> None:
    library = tmp_path_factory.mktemp("libraries")
    (library / "fast.py").write_text("class URL: ...\nFOUND = URL()\n")
    source = f"from fast import {name}\n\ndef count(text):\n    return {name}.search(text)\n"
    files = {"app/__init__.py": "", "app/sites.py": SITES, "app/a.py": source}

    reading = read(files, "app.a", search_path=[library])

    assert ("may touch app.sites:SEEN" in reading.functions["app.a.count"].reason) is is_guess


def test_a_module_of_the_application_that_may_be_missing_is_it(read: Read) -> None:
    source = NONE.format("from app.sites import site", "site")
    source += "\ndef count(text):\n    return site.search(text)\n"
    sites = SITES + "\nsite = Site()\n"

    reading = read({"app/__init__.py": "", "app/sites.py": sites, "app/a.py": source}, "app.a")

    assert "touches app.sites:" in reading.functions["app.a.count"].reason


FALLBACK = """
try:
    import fast as counter
except ImportError:
    from app.sites import counter

def count(text):
    return counter.search(text)
"""
REBOUND = """
import fast
from app.sites import Site

def use():
    global fast
    fast = Site()

def count(text):
    return fast.search(text)
"""


@pytest.mark.parametrize(
    "source",
    [
        FALLBACK,
        REBOUND,
        "import fast\nfast.search = print\n" + REBOUND,
        FALLBACK.replace("import fast as counter", "from fast import counter"),
        FALLBACK.replace("from app.sites", "from .sites"),
        "from fast import counter\n\ndef count(text):\n    return counter.search(text)\n",
        FALLBACK.replace("import fast as counter", "from fast import Url")
        .replace("import counter", "import counter as Url")
        .replace("counter.search", "Url.search"),
    ],
)
def test_a_name_that_may_stand_for_more_than_the_library_is_guessed_at(
    read: Read, source: str
) -> None:
    sites = SITES + "\ncounter = Site()\n"

    reading = read({"app/__init__.py": "", "app/sites.py": sites, "app/a.py": source}, "app.a")

    assert "may touch app.sites:SEEN" in reading.functions["app.a.count"].reason


@pytest.mark.parametrize(
    ("package", "is_guessed"),
    [
        pytest.param("from .api import *", False, id="a module"),
        pytest.param("from . import finder", False, id="a module that its package imports"),
        pytest.param("from .api import finder", True, id="an object of another module"),
        pytest.param("from .other import *", True, id="an object that comes with all of another"),
        pytest.param("finder = object()", True, id="an object of its own"),
        pytest.param("def finder(): ...", True, id="a function"),
    ],
)
def test_a_function_of_a_librarys_module_is_no_method_of_the_application(
    read: Read, tmp_path_factory: pytest.TempPathFactory, package: str, is_guessed: bool
) -> None:
    library = {
        "__init__.py": package,
        "api.py": "from .finder import search",
        "other.py": "finder = object()",
        "finder.py": "def search(text): ...",
    }
    site = tmp_path_factory.mktemp("site")
    (site / "lib").mkdir()
    for name, text in library.items():
        (site / "lib" / name).write_text(text)
    source = "from lib import finder\n\ndef look(text):\n    return len(finder.search(text))\n"
    files = {"app/__init__.py": "", "app/sites.py": SITES, "app/text.py": source}

    reading = read(files, "app.text", search_path=[site])

    assert bool(reading.functions["app.text.look"].touches) is is_guessed


def test_what_only_a_name_of_a_method_says_is_no_error(read: Read) -> None:
    source = "from app.sites import Site\n\ndef look(text):\n    return Site().search(text)\n"
    guessed = "def match(pattern, text):\n    return bool(pattern.search(text))\n"
    files = {"app/sites.py": SITES, "app/text.py": source, "app/names.py": guessed}

    reading = read({"app/__init__.py": "", **files}, "app.text", "app.names")

    assert reading.findings("shared-state") == [("warning", "app/sites.py", 2)]


def test_an_open_file_may_be_given_to_what_stays_with_its_caller(read: Read) -> None:
    util = "import json\n\ndef load(stream, **options):\n    return json.load(stream, **options)\n"
    caller = (
        "from app import util\n\ndef show():\n    with open('x') as s:\n        util.load(s)\n"
    )

    reading = read({"app/__init__.py": "", "app/util.py": util, "app/web.py": caller}, "app.util")

    assert reading.functions["app.util.load"].stays
    assert reading.findings("not-sendable") == []


@pytest.mark.parametrize("name", ["match", "search", "fullmatch"])
def test_a_match_of_a_regular_expression_stays_where_it_was_made(read: Read, name: str) -> None:
    given = f"import re\n\ndef slug(text):\n    return re.{name}('a', text)\n"
    used = f"import re\n\ndef size(text):\n    return len(re.{name}('a', text).group())\n"

    reading = read({"a/__init__.py": "", "a/one.py": given, "a/two.py": used}, "a.one", "a.two")

    assert reading.verdict("a.one.slug") == "local"
    assert reading.verdict("a.two.size") == "remote"


def test_a_resource_that_is_kept_in_g_stays_in_its_process(read: Read) -> None:
    source = """
import sqlite3
from flask import g

def get_db():
    if "db" not in g:
        g.db = sqlite3.connect("notes.db")
    return g.db
"""
    reading = read({"app.py": source}, "app")

    assert reading.verdict("app.get_db") != "remote"
    assert "sqlite3.connect" in reading.functions["app.get_db"].reason


ROOMS = """
import re
from collections import defaultdict
from dataclasses import dataclass, field

@dataclass
class Room:
    name: str
    hits: int = 0

@dataclass
class Found:
    rooms: list = field(default_factory=list)

ROOMS = [Room("a"), Room("b")]

def reset():
    for room in ROOMS:
        room.hits = 0

def rooms():
    {body}
"""


@pytest.mark.parametrize(
    "body",
    [
        "found = []\n    for room in ROOMS: found.append(room)\n    return found",
        "found = []; found.extend(r for r in ROOMS if re.match('', r.name)); return found",
        "found = {}\n    for room in ROOMS: found[room.name] = room\n    return found",
        "found: list = []\n    for room in ROOMS: found.append(room)\n    return sorted(found)",
        "found = Found(); found.first = ROOMS[len(re.sub('', '', ''))]; return found",
        "found = defaultdict(list)\n    for r in ROOMS: found[r.name].append(r)\n    return found",
    ],
)
def test_parts_of_state_that_a_new_object_holds_are_compared(read: Read, body: str) -> None:
    reading = read({"app.py": ROOMS.format(body=body)}, "app")

    assert reading.functions["app.rooms"].aliases == ("app:ROOMS",)
    assert [one[0] for one in reading.findings("aliased-state")] == ["warning"]


@pytest.mark.parametrize(
    "body",
    [
        "found = []\n    for room in ROOMS: found.append(Room('x'))\n    return found",
        "found = []\n    for room in ROOMS: found.append(room)\n    return len(found)",
        "Found(ROOMS); return 1",
        "return Found(ROOMS).text()",
        "seen = set()\n    for room in ROOMS: seen.add(room)\n    return {'n': 1}",
        "by = {}\n    for room in ROOMS: by[room.name] = room\n    return max(by)",
    ],
)
def test_what_holds_nothing_of_the_state_is_no_alias(read: Read, body: str) -> None:
    reading = read({"app.py": ROOMS.format(body=body)}, "app")

    assert reading.functions["app.rooms"].aliases == ()


def test_what_runs_only_as_a_program_is_not_called_while_importing(read: Read) -> None:
    cache = "ROWS = {}\n\ndef clear(name):\n    ROWS.pop(name)\n"
    script = "from app import cache\n\nif __name__ == '__main__':\n    cache.clear('a')\n"
    files = {"app/__init__.py": "", "app/cache.py": cache}

    guarded = read({**files, "fill.py": script, "app/web.py": "import fill"}, "app.cache")
    bare = read({**files, "fill.py": script.replace("==", "!=")}, "app.cache")

    assert guarded.findings("import-call") == []
    assert [one[1:] for one in bare.findings("import-call")] == [("fill.py", 4)]


TABLE = """
import re

class Method:
    def __init__(self, name):
        self.name = name
        self.pattern = re.compile(name)

class Other(Method):
    pass

METHODS = [Method("a"), Method("b")]
EACH = [Method("a"), Other("b")]
BY_NAME = {{"a": Method("a")}}
MIXED = {{"a": "text", "b": Method("b")}}

def find(name):
    re.sub("", "", name)
    {body}
"""


@pytest.mark.parametrize(
    ("body", "verdict"),
    [
        ("return METHODS[0]", "local"),
        ("return BY_NAME[name]", "local"),
        ("return next(one for one in METHODS if one.name == name)", "local"),
        ("return next((one for one in METHODS if one.name == name), None)", "local"),
        ("for one in METHODS:\n        if one.name == name: return one", "local"),
        ("return EACH[0]", "local"),
        ("return BY_NAME.get(name)", "local"),
        ("for one in BY_NAME.values():\n        if one.name == name: return one", "local"),
        ("return [one for one in METHODS if one.name == name]", "local"),
        ("return [one for one in BY_NAME if one == name]", "remote"),
        ("return MIXED.get(name)", "remote"),
        ("return METHODS[0].name", "remote"),
        ("return METHODS[1:]", "remote"),
        ("return MIXED[name]", "remote"),
        ("METHODS = [name]; return METHODS[0]", "remote"),
        ("for one in BY_NAME:\n        if one == name: return one", "remote"),
        ("for one in METHODS: pass\n    one = len(name); return one", "remote"),
        ("return next(one.name for one in METHODS)", "remote"),
        ("for one in METHODS:\n        if one.name == name: return one.name", "remote"),
    ],
)
def test_an_element_of_a_table_stays_where_its_class_cannot_cross(
    read: Read, body: str, verdict: str
) -> None:
    reading = read({"app.py": TABLE.format(body=body)}, "app")

    assert reading.verdict("app.find") == verdict


LITTLE = """
import re
from typing import Optional
{imports}

class Base{base}:
    {decorated}
    def go(self): raise NotImplementedError

class One(Base):
    def __init__(self, name):
        self.name = name
    def go(self): return self.name

class Two(One):
    pass

class Nothing(Base):
    def go(self): return 0

EACH = [One("a"), Two("b")]

def find(name) -> {result}:
    re.sub("", "", name)
    {body}
"""


@pytest.mark.parametrize("result", ["Base", "Optional[Base]", "list[Base]"])
@pytest.mark.parametrize(
    "abstract",
    [
        {"base": "", "imports": "", "decorated": ""},
        {
            "base": "(ABC)",
            "imports": "from abc import ABC, abstractmethod",
            "decorated": "@abstractmethod",
        },
    ],
    ids=["not said", "abstract"],
)
@pytest.mark.parametrize(
    ("body", "verdict"),
    [
        ("return One(name)", "local"),
        ("for one in EACH:\n        if one.name == name: return one", "local"),
        ("return [each for each in EACH if each.name == name]", "local"),
        ("if name: return Nothing()\n    return One(name)", "local"),
        ("return Nothing()", "local"),
        ("return name.other", "remote"),
    ],
)
def test_what_is_returned_says_more_than_a_class_that_others_fill_in(
    read: Read, body: str, verdict: str, abstract: dict[str, str], result: str
) -> None:
    text = LITTLE.format(body=body, result=result, **abstract)

    reading = read({"app.py": text}, "app")

    assert reading.verdict("app.find") == verdict


ENDS = """
import os, weakref
from dataclasses import dataclass

@dataclass
class Upload:
    path: str

    def __del__(self):
        os.unlink(self.path)

@dataclass
class Download:
    path: str

    def __post_init__(self):
        weakref.finalize(self, os.unlink, self.path)

@dataclass
class Path:
    path: str

_made = []

def upload(name: str) -> Upload:
    _made.append(name)
    return Upload(name)

def download(name: str):
    _made.append(name)
    return Download(name)

def size(upload: Upload) -> int:
    _made.append(upload.path)
    return len(_made)

def path(name: str) -> Path:
    _made.append(name)
    return Path(name)
"""


def test_what_ends_with_its_object_is_no_value(read: Read) -> None:
    reading = read({"app/__init__.py": "", "app/files.py": ENDS}, "app.files")

    names = ("upload", "download", "size", "path")
    assert {name: reading.verdict(f"app.files.{name}") for name in names} == {
        "upload": "refused",
        "download": "refused",
        "size": "refused",
        "path": "remote",
    }
    assert "whose end does something" in reading.functions["app.files.upload"].reason


ANALYSIS = """
class Composable:
    def __init__(self, *items):
        self.items = items

    def __or__(self, other):
        return Composable(*self.items, other)

class Tokenizer(Composable):
    pass

class Filter(Composable):
    pass
"""
TOKENS = """
from tools import Filter, Tokenizer
SEEN = []

def analyzer(text):
    made = Tokenizer(text) | Filter(text) | Filter()
    return made

def inverted(text):
    return ~Tokenizer(text)

def counted(text):
    SEEN.append(text)
    return Tokenizer(text) + Tokenizer(text)

def shown(text):
    return "%s" % Tokenizer(text) + text

def length(text):
    return len(Tokenizer(text).items) + len(text)

def same(text):
    return Tokenizer(text) == Tokenizer(text)
"""


def test_what_an_operator_makes_of_objects_of_a_library_is_one(
    read: Read, tmp_path_factory: pytest.TempPathFactory
) -> None:
    library = tmp_path_factory.mktemp("library")
    (library / "tools").mkdir()
    (library / "tools" / "__init__.py").write_text("from .inner import *\n")
    (library / "tools" / "inner.py").write_text(ANALYSIS)

    reading = read({"search.py": TOKENS}, "search", search_path=[library])

    verdicts = {name: reading.verdict(name) for name in reading.functions}
    assert verdicts == {
        "search.analyzer": "local",
        "search.inverted": "local",
        "search.counted": "remote",  # the sum may as well be a number
        "search.shown": "remote",
        "search.length": "remote",
        "search.same": "remote",
    }


ORDERS = """
import itertools, random, attr
from functools import partial
from dataclasses import dataclass, field
from pydantic import BaseModel, Field
IDS = itertools.count(1)
RNG = random.Random(7)
LAST = [0]

def following():
    LAST[0] += 1
    return LAST[0]

{cls}

class Part(Order):
    pass

def place(what):
    return str(Order(what).id)

def part(what):
    return str(Part(what).id)

def look(order: Order):
    return isinstance(order, Order) and repr(order) * 2
"""
RECORD = "@dataclass\nclass Order:\n    what: str\n    id: int = field(default_factory={})\n"
FACTORIES = [
    RECORD.format("itertools.count(1).__next__"),
    RECORD.format("lambda: next(IDS)"),
    RECORD.format("IDS.__next__"),
    RECORD.format("partial(next, IDS)"),
    RECORD.format("following"),
    RECORD.format("RNG.random"),
    "@attr.s\nclass Order:\n    what = attr.ib()\n    id = attr.ib(factory=lambda: next(IDS))\n",
    (
        "@attr.s\nclass Order:\n    what = attr.ib()\n"
        "    id = attr.ib(default=attr.Factory(itertools.count().__next__))\n"
    ),
    "class Order(BaseModel):\n    what: str\n    id: int = Field(default_factory=following)\n",
    (
        "@dataclass\nclass Order:\n    what: str\n    ids = itertools.count()\n"
        "    def __post_init__(self):\n        self.id = next(self.ids)\n"
    ),
    (
        "@dataclass\nclass Order:\n    what: str\n    ids = itertools.count()\n"
        "    def __post_init__(self):\n        self.id = next(Order.ids)\n"
    ),
]


@pytest.mark.parametrize("cls", FACTORIES)
def test_making_an_instance_that_numbers_itself_is_a_use_of_state(read: Read, cls: str) -> None:
    use = "from app import orders\n\ndef sell(what):\n    return orders.Order(what).id\n"
    source = ORDERS.format(cls=cls)

    reading = read(
        {"app/__init__.py": "", "app/orders.py": source, "app/use.py": use}, "app.orders"
    )
    errors = [f for f in reading.analysis.findings if f.severity == "error"]

    assert reading.functions["app.orders.place"].touches
    assert reading.functions["app.orders.part"].touches
    assert not reading.functions["app.orders.look"].touches
    # A function, or a method of the record, is called where it runs: one numbers them all.
    calls_back = "following" in cls or "def " in cls
    assert [(one.file, one.line) for one in errors] == [("app/use.py", 4)] * (not calls_back)


def test_a_class_of_no_service_that_numbers_itself_is_shared_state(read: Read) -> None:
    source = ORDERS.format(cls=FACTORIES[0])
    use = "from app import orders\n\ndef sell(what):\n    return orders.Order(what).id\n"
    files = {"app/__init__.py": "", "app/orders.py": source, "app/a.py": use, "app/b.py": use}

    reading = read(files, "app.a", "app.b")

    assert [severity for severity, _, _ in reading.findings("shared-state")] == ["error"]


@pytest.mark.parametrize("made", ["list", "lambda: [1]", "dict", "lambda: TABLE[0]"])
def test_a_default_that_is_made_anew_is_no_state(read: Read, made: str) -> None:
    source = "TABLE = (1, 2)\n" + ORDERS.format(cls=RECORD.format(made))

    reading = read({"app/__init__.py": "", "app/orders.py": source}, "app.orders")

    assert not reading.functions["app.orders.place"].touches


KEPT = """
import copy
ROWS = []
TABLE = {{}}

def put(key, value):
    ROWS.append({value})
    TABLE[key] = {value}

def rows():
    return {copied}
"""


@pytest.mark.parametrize(
    "copied",
    [
        *("list(ROWS)", "sorted(ROWS)", "set(ROWS)", "dict(TABLE)", "list(TABLE.values())"),
        *("ROWS.copy()", "copy.copy(ROWS)", "_deep()\n\ndef _deep():\n    return tuple(ROWS)"),
    ],
)
def test_a_copy_of_state_is_warned_of_where_what_it_holds_changes(read: Read, copied: str) -> None:
    def weight(value: str, copied: str) -> list[str]:
        source = KEPT.format(value=value, copied=copied)
        reading = read({"app.py": source}, "app")
        assert reading.functions["app.rows"].aliases  # the call itself still looks
        return [severity for severity, _, _ in reading.findings("aliased-state")]

    assert weight("value", copied) == ["info"]
    assert weight("[value]", copied) == ["error"]


@pytest.mark.parametrize("held", ["{'all': ROWS}", "[ROWS]", "list([ROWS])", "ROWS[1:]", "ROWS"])
def test_what_holds_state_itself_is_no_copy(read: Read, held: str) -> None:
    reading = read({"app.py": KEPT.format(value="value", copied=held)}, "app")

    assert [s for s, _, _ in reading.findings("aliased-state")] != ["info"]


def test_only_what_the_application_imports_is_imported_for_a_value(read: Read) -> None:
    files = {
        "app/__init__.py": "",
        "app/pkg/__init__.py": "def f() -> int:\n    from app.pkg import late\n    return 1\n",
        "app/pkg/late.py": "class Late(Exception): pass\n",
        "app/pkg/script.py": "class Script(Exception): pass\n",
        "app/pkg/__main__.py": "class Main(Exception): pass\n",
        "app/web.py": "import app.pkg.__main__\n",
        "tests/test_app.py": "import app.pkg.script\n",
    }

    reading = read(files, "app.pkg")

    assert set(reading.analysis.interfaces[0].type_modules) >= {"app.pkg.script", "app.pkg.late"}
    assert reading.analysis.interfaces[0].loadable == ("app", "app.pkg", "app.pkg.late")


HOOKS = """
LOG = []

class Base:
    def hook(self):
        raise NotImplementedError(self.hook)

    def shown(self):
        return f"<{self.hook}>"

class Child(Base):
    def hook(self):
        LOG.append(1)
"""


def test_a_method_that_is_only_named_is_not_called(read: Read) -> None:
    use = "from app.hooks import Base\n\ndef show(base: Base) -> str:\n    return base.shown()\n"
    write = "from app.hooks import Child\n\ndef put() -> None:\n    Child().hook()\n"
    files = {"app/__init__.py": "", "app/hooks.py": HOOKS, "app/a.py": use, "app/b.py": write}

    reading = read(files, "app.a", "app.b")

    assert reading.findings("shared-state") == []


@pytest.mark.parametrize(
    "body",
    [
        "return Q()",
        "found = Q()\n    for word in text.split():\n        found |= Q(a=word)\n    return found",
        "return Q(a=text) | ~Q(b=text)",
        "return F(text.strip().lower() or str(len(text))).desc(nulls_last=True)",
        "return Exists(text)",
        "from django.db.models.query_utils import Q as P\n    return P(a=text)",
    ],
)
def test_a_part_of_a_query_of_django_stays_with_its_caller(read: Read, body: str) -> None:
    source = f"from django.db.models import Exists, F, Q\ndef filters(text):\n    {body}\n"

    found = read({"shop.py": source}, "shop").functions["shop.filters"]

    assert (found.verdict, "a part of a query stays" in found.reason) == ("local", True)


@pytest.mark.parametrize(
    ("setting", "is_state"),
    [
        ("conn.client = {1: 'x'}", True),
        ("conn.client, other = {1: 'x'}, 1", True),
        ("setattr(conn, 'client', {1: 'x'})", True),
        ("setattr(conn, 'cli' + 'ent', {1: 'x'})", True),
        ("vars(conn)['client'] = {1: 'x'}", True),
        ("conn.__dict__.update(client={1: 'x'})", True),
        ("setattr(conn, 'other', {1: 'x'})", False),
        ("conn.other = {1: 'x'}", False),
    ],
)
def test_a_library_that_may_be_missing_is_state_where_another_module_fills_its_name(
    read: Read, setting: str, is_state: bool
) -> None:
    files = {
        "app/__init__.py": "",
        "app/conn.py": NONE.format("from nothere import client", "client"),
        "app/a.py": "from app import conn\n\ndef ask(n):\n    return conn.client[n]\n",
        "app/start.py": f"from app import conn\n\ndef start():\n    {setting}\n",
    }

    reading = read(files, "app")

    assert ("app.conn:client" in str(reading.functions["app.a.ask"])) is is_state
