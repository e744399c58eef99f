"""seamline.interface.state: which module-level names are state, and which only look like it."""

import pytest

CHANGED = """
import functools, itertools, random, threading
{line}
def use(*values):
    {change}
"""


@pytest.mark.parametrize(
    ("line", "change"),
    [
        ("CACHE = {}", "CACHE[1] = 2"),
        ("CACHE = {}", "CACHE.setdefault(1, 2)"),
        ("CACHE = dict()", "del CACHE[1]"),
        ("CACHE = []", "CACHE.append(1)"),
        ("CACHE = []", "local = CACHE; local.append(1)"),
        ("CACHE = [[]]", "CACHE[0].append(1)"),
        ("CACHE = []", "local = CACHE; local += [1]"),
        ("CACHE = []", "local = CACHE; local += values"),
        ("CACHE = {'a': []}", "local = CACHE['a']; local += [1]"),
        ("CACHE = {}", "for held in CACHE.values(): held.clear()"),
        ("CACHE = [1 for _ in range(2)]", "CACHE[0] += 1"),
        ("CACHE = None", "global CACHE; CACHE = 1"),
        ("CACHE = 0", "global CACHE; CACHE += 1"),
        ("CACHE = {}", "return unknown_library.keep(CACHE)"),
        ("CACHE = random.Random(1)", "return CACHE.random()"),
        ("CACHE = itertools.count()", "return next(CACHE)"),
        ("import thirdparty\nCACHE = thirdparty.Pool()", "return CACHE.get()"),
        ("import thirdparty\nCACHE = thirdparty.load()", "CACHE.region = values"),
    ],
)
def test_what_changes_is_state(read, line: str, change: str) -> None:
    text = "import unknown_library\n" + CHANGED.format(line=line, change=change)

    reading = read({"shop.py": text}, "shop")

    assert "shop:CACHE" in reading.state
    assert reading.functions["shop.use"].touches == ("shop:CACHE",)


@pytest.mark.parametrize(
    ("line", "use"),
    [
        ("TABLE = {'a': 1}", "return TABLE['a']"),
        ("TABLE = {'a': 1}", "return sorted(TABLE.items())"),
        ("TABLE = ['a']", "return ', '.join(TABLE)"),
        ("TABLE = ('a', 'b')", "local = TABLE; local += values; return local"),
        ("import os\nTABLE = os.environ.get('T')", "local = TABLE; local += values; return local"),
        ("TABLE = {'a': 1}", "local = TABLE['a']; local += values; return local"),
        ("TABLE = ['a']", "local = list(TABLE); local += ['b']; return local"),
        ("TABLE = ['a']", "local = TABLE[:]; local += ['b']; return local"),
        ("TABLE = ('a', 'b')", "return TABLE"),
        ("TABLE = frozenset({1})", "return 1 in TABLE"),
        ("import re\nTABLE = re.compile('a')", "return TABLE.match('b')"),
        ("import logging\nTABLE = logging.getLogger(__name__)", "TABLE.info('x')"),
        ("from pathlib import Path\nTABLE = Path(__file__).parent", "return TABLE / 'x'"),
        ("from decimal import Decimal\nTABLE = Decimal('1')", "return TABLE + 1"),
        ("from contextvars import ContextVar\nTABLE = ContextVar('t')", "TABLE.set(1)"),
        ("TABLE = object()", "return values is TABLE"),
        ("import os\nTABLE = os.environ.get('T')", "return TABLE"),
        ("from collections import namedtuple\nTABLE = namedtuple('T', 'a')", "return TABLE(1)"),
        ("from typing import TypeVar\nTABLE = TypeVar('TABLE')", "return TABLE"),
        ("from flask import Flask\nTABLE = Flask(__name__)", "return TABLE.name"),
        ("from blinker import Namespace\nTABLE = Namespace()", "return TABLE.signal('a')"),
        ("class A:\n    def f(self): return 1\nTABLE = A()", "return TABLE.f()"),
    ],
)
def test_constants_and_framework_objects_are_not_state(read, line: str, use: str) -> None:
    reading = read({"shop.py": CHANGED.format(line=line, change=use)}, "shop")

    assert reading.state == {}


@pytest.mark.parametrize(
    "line",
    [
        "from sqlalchemy import create_engine\nHANDLE = create_engine('sqlite://')",
        "from sqlalchemy.orm import sessionmaker as maker\nHANDLE = maker()",
        "HANDLE = threading.Lock()",
        "import sqlite3\nHANDLE = sqlite3.connect(':memory:')",
        "from concurrent.futures import ThreadPoolExecutor\nHANDLE = ThreadPoolExecutor(2)",
        "import httpx\nHANDLE = httpx.Client()",
    ],
)
def test_handles_are_resources(read, line: str) -> None:
    reading = read({"shop.py": CHANGED.format(line=line, change="return HANDLE")}, "shop")

    assert reading.state["shop:HANDLE"].resource


def test_engine_kept_in_a_cached_function_is_a_resource_but_no_name_to_take_away(read) -> None:
    reading = read(
        {
            "shop.py": """
                from functools import cache
                from sqlalchemy import create_engine

                @cache
                def _engine(url):
                    return create_engine(url)

                def total(url: str) -> int:
                    with _engine(url).connect() as connection:
                        return connection.scalar("select 1")
                """
        },
        "shop",
    )

    assert reading.functions["shop.total"].touches == ("shop:_engine",)
    assert reading.state == {}


def test_state_changed_from_another_module_is_state(read) -> None:
    reading = read(
        {
            "shop/__init__.py": "",
            "shop/settings.py": "LEVELS = {}\nname = 'a'\n",
            "shop/setup.py": """
                from shop import settings
                from shop.settings import LEVELS
                def prepare() -> None:
                    LEVELS['a'] = 1
                    settings.name = 'b'
                """,
        },
        "shop",
    )

    assert set(reading.state) == {"shop.settings:LEVELS", "shop.settings:name"}


def test_filling_a_table_while_its_module_is_imported_is_no_change(read) -> None:
    reading = read(
        {"shop.py": "TABLE = {}\nfor n in range(3):\n    TABLE[n] = n * n\n"},
        "shop",
    )

    assert reading.state == {}


@pytest.mark.parametrize(
    "method",
    [
        "def put(self, n): self.made.append(n)",
        "@classmethod\n    def put(cls, n): cls.made.append(n)",
        "@staticmethod\n    def put(n): Box.made.append(n)",
        "@classmethod\n    def put(cls, n): cls.made = [n]",
    ],
)
def test_changed_class_attributes_are_state(read, method: str) -> None:
    reading = read({"shop.py": f"class Box:\n    made = []\n    {method}\n"}, "shop")

    assert "shop:Box.made" in reading.state
    assert reading.functions["shop.Box.put"].touches == ("shop:Box.made",)


def test_attributes_that_instances_set_themselves_are_not_class_state(read) -> None:
    reading = read(
        {
            "shop.py": """
                class Box:
                    made = []
                    def __init__(self):
                        self.made = []
                    def put(self, n):
                        self.made.append(n)
                """
        },
        "shop",
    )

    assert reading.state == {}


def test_readers_and_early_binders_are_the_lines_outside(read) -> None:
    reading = read(
        {
            "stock.py": "COUNTS = {}\ndef put(n): COUNTS[n] = 1\n",
            "web.py": "import stock\n\ndef page():\n    return stock.COUNTS\n",
            "late.py": "from stock import COUNTS\n",
        },
        "stock",
    )

    state = reading.state["stock:COUNTS"]
    assert [str(place) for place in state.readers] == ["web.py:4"]
    assert [str(place) for place in state.early] == ["late.py:1"]


def test_second_name_of_state_is_state_too(read) -> None:
    text = "CACHE = {}\nALIAS = CACHE\ndef put(n):\n    ALIAS[n] = 1\n"

    reading = read({"shop.py": text}, "shop")

    assert set(reading.state) == {"shop:ALIAS", "shop:CACHE"}


@pytest.mark.parametrize("used", ["METER", "CURRENT"])
def test_a_second_name_of_an_object_that_its_methods_change_is_state_too(read, used: str) -> None:
    text = f"""
        class Meter:
            def __init__(self):
                self.count = 0
            def add(self):
                self.count += 1
        METER = Meter()
        CURRENT = METER
        def add():
            {used}.add()
        def read():
            return CURRENT.count
    """

    reading = read({"shop.py": text}, "shop")

    assert set(reading.state) == {"shop:CURRENT", "shop:METER"}
    assert reading.functions["shop.add"].touches == (f"shop:{used}",)
    assert reading.verdict("shop.read") == "remote"


def test_what_is_given_away_under_a_second_name_is_state_too(read) -> None:
    text = "CACHE = {}\nALIAS = CACHE\ndef given():\n    return ALIAS\n"

    reading = read({"shop.py": text}, "shop")

    assert set(reading.state) == {"shop:ALIAS", "shop:CACHE"}


def test_a_default_that_is_changed_is_state(read) -> None:
    text = """
        def add(item, seen=[]):
            seen.append(item)
            return len(seen)
        def collect(item, *, into=dict()):
            into[item] = 1
            return len(into)
        def fresh(item, seen=None, names=[]):
            seen = [] if seen is None else seen
            return names
    """

    reading = read({"shop.py": text}, "shop")

    assert reading.verdict("shop.add") == "remote"
    assert reading.functions["shop.add"].touches == ("shop:add.seen",)
    assert reading.functions["shop.collect"].touches == ("shop:collect.into",)
    assert reading.functions["shop.fresh"].touches == ()


def test_a_table_is_state_where_a_caller_changes_what_a_function_returns(read) -> None:
    files = {
        "shop.py": "TABLE = {'a': 1}\ndef table():\n    return TABLE\n",
        "web.py": "import shop\ndef view():\n    found = shop.table()\n    found['b'] = 2\n",
    }

    reading = read(files, "shop", "web")

    assert reading.verdict("shop.table") == "remote"
    assert reading.functions["shop.table"].aliases == ("shop:TABLE",)


@pytest.mark.parametrize(
    "body",
    [
        "seen = []\n    def inner(x):\n        seen.append(x)\n    return inner",
        "seen = {}\n    def inner(x):\n        seen[x] = 1\n    return inner",
        "n = 0\n    def inner():\n        nonlocal n\n        n += 1\n    return inner",
        "yield 1",
    ],
)
def test_a_name_for_a_function_or_generator_with_a_memory_is_state(read, body: str) -> None:
    text = f"def make():\n    {body}\nCOUNT = make()\ndef use():\n    return COUNT\n"

    assert "shop:COUNT" in read({"shop.py": text}, "shop").state


def test_a_name_for_a_function_that_remembers_nothing_is_no_state(read) -> None:
    text = """
        def make(limit):
            names = ["a", "b"]
            def inner(x):
                return x < limit and x in names
            return inner
        CHECK = make(3)
        def use(x):
            return CHECK(x)
    """

    assert read({"shop.py": text}, "shop").state == {}


def test_a_class_attribute_that_no_class_body_mentions_is_state_all_the_same(read) -> None:
    text = """
    class Config:
        def __init__(self):
            self.values = {}

        @staticmethod
        def instance():
            if not hasattr(Config, "_instance"):
                Config._instance = Config()
            return Config._instance

    def value(name):
        return [Config.instance().values[part] for part in name]
    """

    reading = read({"shop.py": text}, "shop")

    assert "shop:Config._instance" in reading.functions["shop.value"].touches


def test_a_method_called_on_a_class_is_that_class_s_and_no_other_s(read) -> None:
    text = """
    SEEN = []

    class First:
        @staticmethod
        def instance(file):
            return file.read()

    class Second:
        @staticmethod
        def instance(file):
            SEEN.append(file)

    def first(file):
        return [First.instance(part) for part in file]

    def second(file):
        return [Second.instance(part) for part in file]
    """

    reading = read({"shop.py": text}, "shop")

    assert reading.functions["shop.first"].touches == ()
    assert "touches shop:SEEN" in reading.functions["shop.second"].reason


def test_a_sentinel_that_a_changed_result_may_be_is_no_state(read) -> None:
    reading = read(
        {
            "shop.py": """
            UNSET = object()
            LIMIT = 3
            SETTINGS = {}

            def setting(name):
                value = SETTINGS.get(name, UNSET)
                if name:
                    value = UNSET
                return LIMIT if not name else value

            def prepare():
                setting("lock").add("x")
                SETTINGS.clear()
            """
        },
        "shop",
    )

    assert set(reading.state) == {"shop:SETTINGS"}


def test_asking_a_class_for_an_instance_enters_its_metaclass(read) -> None:
    reading = read(
        {
            "rates.py": """
            class Singleton(type):
                made = {}

                def __call__(cls, *args):
                    if cls not in cls.made:
                        cls.made[cls] = super().__call__(*args)
                    return cls.made[cls]

            class Converter(metaclass=Singleton):
                def __init__(self):
                    self.table = {}

            class Special(Converter):
                pass

            def convert(amount, currency):
                rates = Special().table
                return amount * rates.get(currency, 1)
            """,
            "web.py": "from rates import Converter\ndef view():\n    return Converter()\n",
        },
        "rates",
    )

    assert reading.functions["rates.convert"].touches == ("rates:Singleton.made",)
    assert reading.findings("not-sendable") == [("error", "web.py", 3)]


CACHED = {
    "shop.py": """
    from functools import cache, lru_cache
    SEEN = []

    @cache
    def size(path):
        for part in path:
            print(part)
        return len(path)

    @lru_cache(maxsize=None)
    def kept(path):
        for part in path:
            print(part)
        return len(path)

    def total(paths):
        for path in paths:
            print(path)
        return sum(size(path) for path in paths)

    def noted(paths):
        SEEN.append(1)
        return total(paths)

    def plain(paths):
        for path in paths:
            print(path)
        return [kept(path) for path in paths]
    """,
}


@pytest.mark.parametrize("elsewhere", ["size.cache_clear()", "size('a')", "print(shop)"])
def test_who_uses_a_cleared_cache_that_others_use_stays_with_its_caller(
    read, elsewhere: str
) -> None:
    text = CACHED["shop.py"] + "\n    def forget(path):\n        size.cache_clear()\n"
    web = f"import shop\nfrom shop import size\ndef view():\n    {elsewhere}\n"

    reading = read({"shop.py": text, "web.py": web}, "shop")

    alone = elsewhere == "print(shop)"
    assert reading.verdict("shop.total") == ("remote" if alone else "local")
    assert reading.verdict("shop.noted") == ("remote" if alone else "refused")
    assert reading.verdict("shop.forget") == ("remote" if alone else "local")
    assert reading.verdict("shop.plain") == "remote"
    assert "shop:size" not in reading.state


def test_a_cache_that_nothing_but_tests_clears_is_no_state(read) -> None:
    test = "import shop\ndef test_it():\n    shop.size.cache_clear()\n"

    reading = read({**CACHED, "tests/test_shop.py": test}, "shop")

    assert reading.functions["shop.total"].touches == ()


def test_super_enters_no_method_of_a_sister_class(read) -> None:
    reading = read(
        {
            "faults.py": """
            COUNT = []

            class Fault(Exception):
                def __init__(self, text):
                    self.text = text

            class Counted(Fault):
                def __init__(self, text):
                    COUNT.append(text)
                    super().__init__(text)

            class Plain(Fault):
                def __init__(self, text):
                    super().__init__(text)

            class Mixed(Plain, Counted):
                pass

            class Alone(Fault):
                def __init__(self, text):
                    super().__init__(text)

            def plain(text):
                for part in text:
                    raise Plain(part)

            def alone(text):
                for part in text:
                    raise Alone(part)
            """
        },
        "faults",
    )

    # An instance of Mixed goes on from Plain to Counted.
    assert reading.functions["faults.plain"].touches == ("faults:COUNT",)
    assert reading.functions["faults.alone"].touches == ()


@pytest.mark.parametrize(
    ("line", "cast"),
    [
        ("from typing import cast", "cast"),
        ("from typing import cast as c", "c"),
        ("import typing", "typing.cast"),
        ("import typing as t", "t.cast"),
    ],
)
def test_a_cast_is_the_value_itself(read, line: str, cast: str) -> None:
    reading = read(
        {
            "shop.py": f"""
            import flask
            {line}
            ROWS = {cast}("list[int]", [])
            request = {cast}("Any", flask.request)
            again = flask.request

            def add(rows, row):
                known = {cast}("list[int]", rows)
                for part in row:
                    known.append(part)

            def keep(row):
                {cast}(list, ROWS).append(row)

            def path(prefix):
                for part in prefix:
                    print(part)
                request.seen = prefix
                return request.path + again.path
            """
        },
        "shop",
    )

    assert "rows" in reading.functions["shop.add"].mutates
    assert reading.functions["shop.keep"].touches == ("shop:ROWS",)
    assert set(reading.state) == {"shop:ROWS"}
    assert {"flask:app", "flask:request"} <= set(reading.functions["shop.path"].contexts)


MEMO = """
from functools import lru_cache
class Settings:
    def __init__(self): self.region = "US"
    def move(self, to): self.region = to
@lru_cache
def settings(): return Settings()
@lru_cache
def table(): return {"a": 1}
def held(): return settings().region, table()["a"]
"""


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("settings", "settings().region = 'EU'"),
        ("settings", "kept = settings()\nkept.region = 'EU'"),
        ("settings", "settings().move('EU')"),
        ("settings", "def late():\n    kept = settings()\n    kept.region = 'EU'"),
        ("table", "table()['a'] = 2"),
        ("table", "def late(): table().update(a=2)"),
    ],
)
def test_the_memo_of_a_cached_function_is_state_where_something_changes_its_object(
    read, name: str, change: str
) -> None:
    web = f"from shop import settings, table\n{change}\n"

    reading = read({"shop.py": MEMO, "web.py": web}, "shop")

    assert f"shop:{name}" in reading.functions["shop.held"].touches


def test_the_memo_of_a_cached_function_that_nothing_changes_is_a_constant(read) -> None:
    web = "from shop import settings, table\nprint(settings().region, table()['a'])\n"

    reading = read({"shop.py": MEMO, "web.py": web}, "shop")

    assert reading.functions["shop.held"].touches == ()


@pytest.mark.parametrize(
    ("line", "use", "name"),
    [
        ("IT = iter([1, 2])", "return next(IT)", "IT"),
        ("IT = itertools.chain([1], [2])", "return next(IT)", "IT"),
        ("IT = zip([1], [2])", "return list(IT)", "IT"),
        ("roll = random.Random(7).random", "return roll()", "roll"),
        ("RNG = random.Random(7)\nroll = RNG.random", "return roll()", "roll"),
        ("after = iter([1]).__next__", "return after()", "after"),
        (
            "class Clock:\n    t = 0\n    def tick(self): self.t += 1\ntick = Clock().tick",
            "return tick()",
            "tick",
        ),
    ],
)
def test_an_iterator_and_a_kept_method_that_changes_its_object_are_state(
    read, line: str, use: str, name: str
) -> None:
    reading = read({"shop.py": CHANGED.format(line=line, change=use)}, "shop")

    assert f"shop:{name}" in reading.functions["shop.use"].touches


def test_a_default_that_changes_as_it_is_used_is_state(read) -> None:
    text = "import itertools\ndef count(c=itertools.count()):\n    return next(c)\n"

    reading = read({"shop.py": text}, "shop")

    assert reading.functions["shop.count"].touches == ("shop:count.c",)


SESSIONS = """
    from functools import cache, lru_cache, partial
    from sqlalchemy import create_engine
    from sqlalchemy.orm import Session, sessionmaker

    def open_sessions(url) -> sessionmaker[Session]:
        return sessionmaker(create_engine(url))

    def decorated(url):
        @lru_cache(maxsize=4)
        def made(pid):
            return open_sessions(url)
        return lambda: made(1)(), lambda: made(1).begin()

    def called(url):
        made = lru_cache(lambda: create_engine(url))
        return lambda: made().connect(), lambda: made().begin()

    def dictionary(url):
        made = {}
        def reading():
            return made.setdefault(url, Row())
        return reading, lambda: made.clear()

    def as_dictionary(url):
        made = dict()
        def put(n):
            made[n] = url
        return {"reading": made.get, "writing": put}

    def passed_on(url):
        return dictionary(url)

    def pure(url):
        @cache
        def text(n):
            return f"{url}/{n}"
        return lambda: text(1), lambda: text(2)

    def stateless(url):
        return (lambda: url + "/r"), (lambda: url + "/w")

    class Row:
        pass
"""


@pytest.mark.parametrize(
    ("factory", "kind"),
    [
        ("decorated", "resource"),
        ("called", "resource"),
        ("dictionary", "state"),
        ("as_dictionary", "state"),
        ("passed_on", "state"),
        ("pure", None),
        ("stateless", None),
    ],
)
@pytest.mark.parametrize("unpacked", [True, False], ids=["unpacked", "whole"])
def test_functions_that_share_something_are_state_under_the_names_they_are_given(
    read, factory, kind, unpacked
) -> None:
    names = "reading, writing" if unpacked else "both"
    use = "reading()" if unpacked else "both[0]()"
    source = f"""
        from app import db
        {names} = db.{factory}("sqlite://")

        def look(value):
            for part in value:
                {use}
            return [str(part) for part in value]
    """

    reading = read({"app/db.py": SESSIONS, "app/orders.py": source}, "app.orders")

    look = reading.functions["app.orders.look"]
    name = "app.orders:reading" if unpacked else "app.orders:both"
    assert look.touches == ((name,) if kind else ())
    assert look.stays is (kind is None)
    if kind:
        assert reading.state[name].resource is (kind == "resource")


PLAN = """
ROWS = [1]
LIB = unknown_library.Thing()
class Base:
    def rows(self, x): return [x]
class Plan({base}):
{method}
S = Plan()
def current(): return S
def use(x):
    {change}
    return 1
"""
APART = "    def other(self): return dict(a=1)"


@pytest.mark.parametrize("base", ["object", "Base"])
@pytest.mark.parametrize(
    "change", ["current().rows(x).append(1)", "rows = current().rows(x); rows[0] = 2"]
)
def test_an_object_without_attributes_is_not_changed_with_what_it_makes(
    read, base: str, change: str
) -> None:
    method = "    def rows(self, x): return [x]" if base == "object" else APART
    text = "import unknown_library\n" + PLAN.format(base=base, method=method, change=change)

    reading = read({"shop.py": text}, "shop")

    assert "shop:S" not in reading.state
    assert reading.verdict("shop.current") == "local"


@pytest.mark.parametrize(
    ("method", "change"),
    [
        (APART, "current().n = 1"),
        (APART, "current().q.append(1)"),
        (APART, "current().append(1)"),
        (APART, "setattr(current(), 'n', 1)"),
        ("    def me(self): return self", "current().me().n = 1"),
        ("    def same(self, x): return x", "current().rows(x)[0].append(1)"),
        ("    def lib(self): return LIB", "current().lib().n = 1"),
        ("    items = []\n    def all(self): return self.items", "current().all().append(1)"),
        ("    items = []\n    def all(self): return Plan.items", "current().all().append(1)"),
        ("    def get(self): return unknown_library.get()", "current().get().append(1)"),
        ("    def __init__(self): self.n = []", "current().rows(x).append(1)"),
        ("    def up(self): self.n = 1", "current().rows(x).append(1)"),
    ],
)
def test_any_other_object_is_changed_with_what_it_gives(read, method: str, change: str) -> None:
    text = "import unknown_library\n" + PLAN.format(base="Base", method=method, change=change)

    reading = read({"shop.py": text}, "shop")

    assert {"shop:S", "shop:LIB", "shop:Plan.items"} & reading.state.keys()
    assert reading.verdict("shop.use") == "remote"
    assert "shop" in "".join(reading.functions["shop.use"].touches)


@pytest.mark.parametrize(
    ("method", "change"),
    [
        ("    @functools.cache\n    def all(self): return []", "current().all().append(1)"),
        (
            "    @functools.cached_property\n    def all(self): return []",
            "current().all.append(1)",
        ),
        ("    @unknown_library.keep\n    def all(self): return []", "current().all().append(1)"),
        ("    def all(self): return dict(a=ROWS)", "current().all()['a'].append(1)"),
    ],
)
def test_what_a_method_kept_or_put_into_a_new_object_is_state(read, method, change) -> None:
    text = PLAN.format(base="object", method=method, change=change)

    reading = read({"shop.py": "import functools, unknown_library\n" + text}, "shop")

    assert set(reading.functions["shop.use"].touches) & {"shop:S", "shop:ROWS"}


@pytest.mark.parametrize(
    "returns",
    [
        "return [ROWS]",
        "return (ROWS,)",
        "return {0: ROWS}",
        "return dict([(0, ROWS)])",
        "return [one for one in (ROWS,)]",
        "new = []; new.append(ROWS); return new",
        "new = {}; new[0] = ROWS; return new",
        "new = {}; new.update({0: ROWS}); return new",
        "new = []; new += [ROWS]; return new",
    ],
)
@pytest.mark.parametrize(
    "change", ["given()[0].append(x)", "for one in given(): one.append(x)", "given()[0][1] = x"]
)
def test_what_a_returned_container_holds_is_changed_in_it(read, returns, change) -> None:
    text = f"""
        ROWS = []
        def given():
            {returns}
        def use(x):
            {change}
        def count():
            return len(ROWS)
    """

    reading = read({"shop.py": text}, "shop")

    assert reading.functions["shop.use"].touches == ("shop:ROWS",)
    assert reading.functions["shop.count"].touches == ("shop:ROWS",)


def test_what_a_returned_container_holds_by_a_name_is_changed_in_it(read) -> None:
    text = """
        ROWS = []
        def given():
            return dict(all=ROWS)
        def use(x):
            given()["all"].append(x)
    """

    assert read({"shop.py": text}, "shop").functions["shop.use"].touches == ("shop:ROWS",)


@pytest.mark.parametrize(
    ("returns", "handed"),
    [
        ("{'all': ROWS}", "given()['all']"),
        ("{'all': ROWS}", "given().get('all')"),
        ("[ROWS]", "given()[0]"),
        ("ROWS", "given()"),
    ],
)
def test_what_a_result_holds_is_changed_by_whom_it_is_handed_to(read, returns, handed) -> None:
    text = f"""
        ROWS = []
        def given():
            return {returns}
        def push(rows, x):
            rows.append(x)
        def use(x):
            push({handed}, x)
        def count():
            return len(ROWS)
    """

    assert read({"shop.py": text}, "shop").functions["shop.count"].touches == ("shop:ROWS",)


@pytest.mark.parametrize(
    ("holder", "use"),
    [
        ("HELD = {'cur': CUR}", "def use(x): HELD['cur'].x = x"),
        ("HELD = {'cur': CUR}", "def use(x):\n    for one in HELD.values(): one.x = x"),
        ("HELD = (CUR, 1)", "def use(x): HELD[0].x = x"),
        ("HELD = lambda x: setattr(CUR, 'x', x)", "def use(x): HELD(x)"),
        ("", "def use(x, held=CUR): held.x = x"),
    ],
)
def test_an_instance_is_changed_by_what_holds_it(read, holder, use) -> None:
    text = f"""
class Settings:
    def __init__(self): self.x = 1
CUR = Settings()
{holder}
{use}
def get():
    return CUR.x
"""

    assert read({"shop.py": text}, "shop").functions["shop.get"].touches == ("shop:CUR",)


def test_a_default_that_is_copied_before_it_is_changed_is_no_state(read) -> None:
    text = """
        import copy
        class Settings:
            def __init__(self): self.x = 1
        CUR = Settings()
        def use(x, held=CUR):
            held = copy.copy(held)
            held.x = x
            return held
        def get():
            return CUR.x
    """

    assert read({"shop.py": text}, "shop").functions["shop.get"].touches == ()


def test_an_instance_in_a_table_that_grows_is_no_state(read) -> None:
    text = """
        class Settings:
            def __init__(self): self.x = 1
        CUR = Settings()
        HELD = {"cur": CUR}
        def use(name):
            HELD[name] = Settings()
        def get():
            return CUR.x
    """

    assert read({"shop.py": text}, "shop").functions["shop.get"].touches == ()


def test_a_returned_copy_that_is_handed_on_is_no_state(read) -> None:
    text = """
        ROWS = [1, 2]
        def copied():
            return list(ROWS)
        def push(rows, x):
            rows.append(x)
        def use(x):
            push(copied(), x)
    """

    assert read({"shop.py": text}, "shop").functions["shop.use"].touches == ()


def test_a_returned_copy_that_is_changed_itself_is_no_state(read) -> None:
    text = """
        ROWS = [1, 2]
        def copied():
            return list(ROWS)
        def use(x):
            copied().append(x)
    """

    assert read({"shop.py": text}, "shop").functions["shop.use"].touches == ()


def test_what_a_method_of_an_object_without_attributes_gives_is_changed(read) -> None:
    method = "    def all(self): return ROWS"
    change = "current().all().append(1)"
    text = "import unknown_library\n" + PLAN.format(base="Base", method=method, change=change)

    reading = read({"shop.py": text}, "shop")

    assert "shop:S" not in reading.state
    assert reading.functions["shop.use"].touches == ("shop:ROWS",)
