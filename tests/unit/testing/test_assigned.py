"""seamline.testing.assigned: what tests assign by themselves where no service is."""

import argparse
import dis
import gc
import importlib
import sys
import textwrap
import typing
import weakref
from pathlib import Path
from types import ModuleType
from unittest import mock

import pytest

from seamline.testing.assigned import Assignments
from seamline.testing.stores import Stores, all_codes, arguments_of, compiled

pytestmark = pytest.mark.processes

FILES = {
    "seamline.toml": """
        name = "shop"
        [services.stock]
        package = "shop.stock"
        [services.prices]
        package = "shop.prices"
    """,
    "shop/settings.py": """
        import json

        class Limits:
            most = 9
            def __init__(self):
                self.least = 1
                self.table = {"tea": 2}
                self._step = 1
            @property
            def step(self):
                return self._step
            @step.setter
            def step(self, value):
                self._step = value

        class Slotted:
            __slots__ = ("colour",)
            def __init__(self):
                self.colour = "red"

        class Keeping:
            def __init__(self):
                vars(self)["kept"] = {}
            def __setattr__(self, name, value):
                self.kept[name] = value
            def __getattr__(self, name):
                return vars(self)["kept"].get(name)

        class App:
            def __init__(self):
                self.limits = Limits()

        DEBUG = False
        app = App()
        slotted = Slotted()
        keeping = Keeping()
        names = ["tea"]

        def current():
            return "settings"
    """,
    "shop/prices.py": """
        import json
        import os
        import posix
        import sys
        from shop import settings

        SEEN = []
        COUNTED = []
        ROOMS = ["kitchen"]
        TREE = {"a": {"n": 1}}
        PAIR = ([1], [2])

        class Shop:
            def __init__(self):
                self.name = "k"
                self.rooms = ["k"]

        SHOP = Shop()

        def debug(): return (settings.DEBUG, posix.getpid(), len(SEEN))
        def least(): return (settings.app.limits.least, posix.getpid(), len(SEEN))
        def most(): return (settings.app.limits.most, posix.getpid(), len(SEEN))
        def extra(): return (getattr(settings.app.limits, "extra", 0), posix.getpid(), len(SEEN))
        def table(): return (settings.app.limits.table["tea"], posix.getpid(), len(SEEN))
        def step(): return (settings.app.limits.step, posix.getpid(), len(SEEN))
        def colour(): return (settings.slotted.colour, posix.getpid(), len(SEEN))
        def kept(): return (settings.keeping.kept_limit, posix.getpid(), len(SEEN))
        def names(): return (len(settings.names), posix.getpid(), len(SEEN))
        def called(): return (settings.current(), posix.getpid(), len(SEEN))
        def parsed(): return (json.loads("1"), posix.getpid(), len(SEEN))
        def count(): COUNTED.append(1)
        def words(): return (sys.argv, posix.getpid(), len(COUNTED))
        def nothing(): return (0, posix.getpid(), len(SEEN))

        def rooms(): return (len(ROOMS), posix.getpid(), len(SEEN))
        def tree(): return (TREE["a"]["n"], posix.getpid(), len(SEEN))
        def pair(): return (len(PAIR[0]), posix.getpid(), len(SEEN))
        def name(): return (SHOP.name, posix.getpid(), len(SEEN))
        def own_rooms(): return (len(SHOP.rooms), posix.getpid(), len(SEEN))
        def bells(): return (len(Clock.bells), posix.getpid(), len(SEEN))

        class Clock:
            hour = 1
            bells = [1, 2]
            def now(self):
                return self.hour

        def hour(): return (Clock().now(), posix.getpid(), len(SEEN))
    """,
    "shop/orders.py": "",
    "shop/web.py": "",
    "tests/__init__.py": "",
    "tests/helping.py": """
        def assign(where, name, value):
            setattr(where, name, value)
    """,
}


@pytest.fixture
def shop(suite):
    """A package that reads a module of settings, which belongs to no service."""
    for name, text in FILES.items():
        suite.write(name, text)
    return suite


HEAD = """
    import json, os, sys
    from shop import prices, settings
    HERE = os.getpid()

    @pytest.fixture(autouse=True)
    def put_back():
        yield
        settings.DEBUG = False
        settings.app.limits.least = 1
        settings.app.limits.__dict__.pop("extra", None)
        settings.Limits.most = 9
        settings.app.limits.table["tea"] = 2
        settings.app.limits.step = 1
        settings.slotted.colour = "red"
        settings.keeping.kept.clear()
        settings.names[:] = ["tea"]
"""


def test_what_a_test_assigns_without_a_tool_keeps_its_calls_here(shop):
    shop.tests(
        HEAD
        + """
    def test_a_name_of_a_module():
        settings.DEBUG = True
        assert prices.debug()[:2] == (True, HERE)

    def test_an_attribute_of_an_object_within_another():
        settings.app.limits.least = 4
        assert prices.least()[:2] == (4, HERE)

    def test_an_attribute_of_a_class():
        settings.Limits.most = 5
        assert prices.most()[:2] == (5, HERE)

    def test_an_attribute_that_was_not_there():
        settings.app.limits.extra = 6
        assert prices.extra()[:2] == (6, HERE)

    def test_an_item_of_a_table():
        settings.app.limits.table["tea"] = 7
        assert prices.table()[:2] == (7, HERE)

    def test_a_property():
        settings.app.limits.step = 8
        assert prices.step()[:2] == (8, HERE)

    def test_a_slot():
        settings.slotted.colour = "blue"
        assert prices.colour()[:2] == ("blue", HERE)

    def test_what_a_class_keeps_elsewhere():
        settings.keeping.kept_limit = 3
        assert prices.kept()[:2] == (3, HERE)

    def test_an_item_of_a_list():
        settings.names.append("cake")
        assert prices.names()[:2] == (2, HERE)

    def test_a_name_given_as_a_text():
        from tests import helping
        helping.assign(settings, "DEBUG", True)
        assert prices.debug()[:2] == (True, HERE)

    def test_a_function_of_a_module():
        before, settings.current = settings.current, lambda: "other"
        try:
            assert prices.called()[:2] == ("other", HERE)
        finally:
            settings.current = before

    def test_an_attribute_of_a_class_of_the_package():
        prices.Clock.hour = 5
        try:
            assert prices.hour()[:2] == (5, HERE)
        finally:
            prices.Clock.hour = 1

    def test_a_method_of_a_class_of_the_package():
        before = prices.Clock.now
        prices.Clock.now = lambda self: 7
        try:
            assert prices.hour()[:2] == (7, HERE)
        finally:
            prices.Clock.now = before

    def test_an_item_of_a_list_of_the_package():
        prices.ROOMS.append("hall")
        try:
            assert prices.rooms()[:2] == (2, HERE)
        finally:
            prices.ROOMS.pop()

    def test_an_item_of_a_list_of_a_class_of_the_package():
        prices.Clock.bells.append(3)
        try:
            assert prices.bells()[:2] == (3, HERE)
        finally:
            prices.Clock.bells.pop()

    def test_a_function_of_a_library():
        before, json.loads = json.loads, lambda text: 9
        try:
            assert prices.parsed()[:2] == (9, HERE)
        finally:
            json.loads = before
    """
    )

    outcome = shop.run("micro", "tests/test_shop.py", "-v")

    assert outcome.counts == {"passed": 16}, outcome.text
    assert "16 tests local: 16 assigned" in outcome.text
    assert "prices: assigned (shop.settings.app.limits.least)" in outcome.text


def test_what_a_test_changes_deep_in_a_package_elsewhere_keeps_its_calls_here(shop):
    shop.tests(
        HEAD
        + """
    def test_an_item_of_a_table_in_a_table():
        prices.TREE["a"]["n"] = 2
        try:
            assert prices.tree()[:2] == (2, HERE)
        finally:
            prices.TREE["a"]["n"] = 1

    def test_an_item_of_a_list_in_a_tuple():
        prices.PAIR[0].append(2)
        try:
            assert prices.pair()[:2] == (2, HERE)
        finally:
            prices.PAIR[0].pop()

    def test_an_attribute_of_an_object():
        prices.SHOP.name = "x"
        try:
            assert prices.name()[:2] == ("x", HERE)
        finally:
            prices.SHOP.name = "k"

    def test_a_list_of_an_object():
        prices.SHOP.rooms.append("x")
        try:
            assert prices.own_rooms()[:2] == (2, HERE)
        finally:
            prices.SHOP.rooms.pop()

    def test_all_is_put_back():
        for ask in (prices.tree, prices.pair, prices.name, prices.own_rooms):
            assert ask()[1] != HERE
    """
    )

    outcome = shop.run("micro", "tests/test_shop.py", "-v")

    assert outcome.counts == {"passed": 5}, outcome.text
    assert "4 tests local: 4 assigned" in outcome.text


def test_what_was_put_back_or_never_matters_closes_nothing(shop):
    shop.tests(
        HEAD
        + """
    def test_put_back():
        settings.DEBUG = True
        settings.DEBUG = False
        assert prices.debug()[1] != HERE

    def test_a_patch_is_counted_as_one(monkeypatch):
        limits = settings.Limits()
        limits.least = 4
        monkeypatch.setattr(settings.app, "limits", limits)
        monkeypatch.setattr(settings, "DEBUG", True)
        assert (prices.least()[0], prices.debug()[0]) == (4, True)

    def test_the_words_of_the_command_matter_to_who_reads_them():
        words = list(sys.argv)
        sys.argv = ["shop", "sell"]
        assert prices.parsed()[1] != HERE
        assert prices.words() == (["shop", "sell"], HERE, 0)
        sys.argv = words

    def test_a_copy_that_was_put_back_is_what_was_there():
        assert prices.words()[1] != HERE

    def test_a_list_of_the_package_that_was_put_back():
        prices.ROOMS.append("hall")
        prices.ROOMS.remove("hall")
        assert prices.rooms()[1] != HERE

    def test_of_no_matter_to_the_function():
        settings.DEBUG = True
        assert prices.nothing()[1] != HERE
        assert stock.process() != HERE

    def test_an_object_of_the_tests_own():
        class Mine:
            pass
        mine = Mine()
        mine.DEBUG = mine.least = 5
        assert prices.debug()[1] != HERE
        assert prices.least()[1] != HERE
    """
    )

    outcome = shop.run("micro", "tests/test_shop.py")

    assert outcome.counts == {"passed": 7}, outcome.text
    assert "2 tests local: 1 assigned, 1 patched\n" in outcome.text


def test_what_a_conftest_assigns_while_it_is_imported_is_noticed_all_session(shop):
    shop.write("tests/conftest.py", "from shop import settings\nsettings.DEBUG = True\n")
    shop.tests(
        """
        import os
        from shop import prices

        def test_it():
            assert prices.debug()[:2] == (True, os.getpid())
        """
    )

    outcome = shop.run("micro", "tests/test_shop.py")

    assert outcome.counts == {"passed": 1}, outcome.text
    assert "1 test local: 1 assigned" in outcome.text


def test_what_earlier_calls_left_on_the_host_is_not_lost_by_an_assignment(shop):
    shop.write(
        "shop/prices.py",
        textwrap.dedent(FILES["shop/prices.py"]) + "def note(): SEEN.append(1)\n",
    )
    shop.tests(
        HEAD
        + """
    import seamline

    @pytest.mark.seamline_errors
    def test_it():
        prices.note()
        settings.DEBUG = True
        with pytest.raises(seamline.InvisibleState, match=r"assigned \\(shop.settings.DEBUG\\)"):
            prices.debug()
    """
    )

    outcome = shop.run("micro", "tests/test_shop.py")

    assert outcome.counts == {"passed": 1}, outcome.text


def test_names_are_read_from_compiled_source(tmp_path: Path):
    file = tmp_path / "test_it.py"
    file.write_text(
        "import shop.settings\n"
        "def test(config):\n"
        "    config.limit = 3\n"
        "    del config.other\n"
        "    class Inner:\n"
        "        def method(self): setattr(self, 'by_name', 1)\n"
        "def read(config):\n"
        "    return config.only_read\n"
    )

    stores = Stores.of(compiled(file))

    assert {"limit", "other", "by_name"} <= stores.attributes
    assert "only_read" not in stores.attributes
    assert "config" in stores.beside
    assert "settings" in stores.mentioned


def test_a_file_that_cannot_be_compiled_stores_nothing(tmp_path: Path):
    (tmp_path / "broken.py").write_text("def (:\n")

    assert compiled(tmp_path / "broken.py") is None


def test_a_name_that_only_the_module_it_is_looked_up_in_holds_is_seen(shop):
    shop.write(
        "shop/clock.py",
        """
        from datetime import datetime
        def year(): return datetime.now().year
        now = year
        """,
    )
    shop.write(
        "shop/prices.py",
        """
        import os
        import posix
        from shop import clock
        def year(): return (clock.year(), posix.getpid())
        def now(): return (clock.now(), posix.getpid())
        """,
    )
    shop.tests(
        """
    import os
    from unittest import mock
    from shop import clock, prices

    HERE = os.getpid()

    class Frozen:
        year = 2001
        @classmethod
        def now(cls): return cls

    def test_nothing_is_replaced():
        assert prices.year()[1] != HERE

    def test_a_patch(monkeypatch):
        monkeypatch.setattr(clock, "datetime", Frozen)
        assert prices.year() == (2001, HERE)

    def test_a_mock():
        with mock.patch("shop.clock.datetime", Frozen):
            assert prices.year() == (2001, HERE)

    def test_another_name_of_a_function():
        with mock.patch("shop.clock.now", lambda: 5):
            assert prices.now() == (5, HERE)

    def test_an_assignment():
        before, clock.datetime = clock.datetime, Frozen
        try:
            assert prices.year() == (2001, HERE)
        finally:
            clock.datetime = before
    """
    )

    outcome = shop.run("micro", "tests/test_shop.py")

    assert outcome.counts == {"passed": 5}, outcome.text
    assert "4 tests local: 3 patched, 1 assigned" in outcome.text


def test_what_a_fixture_or_a_helper_hides_the_name_of_is_seen(shop):
    shop.tests(
        """
    import contextlib
    import os
    import pytest
    from shop import prices, settings

    HERE = os.getpid()

    @pytest.fixture
    def conf():
        return settings.app.limits

    @pytest.fixture
    def rows():
        return settings.app.limits.table

    @contextlib.contextmanager
    def override(what, **values):
        before = {name: getattr(what, name) for name in values}
        for name, value in values.items():
            setattr(what, name, value)
        yield
        for name, value in before.items():
            setattr(what, name, value)

    def test_nothing_is_assigned():
        assert prices.debug()[1] != HERE
        assert prices.most()[1] != HERE

    def test_a_name_of_a_module_by_keyword():
        with override(settings, DEBUG=True):
            assert prices.debug()[:2] == (True, HERE)
        assert prices.debug()[1] != HERE

    def test_an_attribute_that_the_class_has(conf):
        conf.most = 4
        assert prices.most()[:2] == (4, HERE)
        del conf.most
        assert prices.most()[1] != HERE

    def test_an_item(rows):
        rows["tea"] = 7
        assert prices.table()[:2] == (7, HERE)
        rows["tea"] = 2
        assert prices.table()[1] != HERE
    """
    )

    outcome = shop.run("micro", "tests/test_shop.py", "-v")

    assert outcome.counts == {"passed": 4}, outcome.text
    assert "3 tests local: 3 assigned" in outcome.text


def test_texts_are_names_of_attributes_only_where_something_assigns_by_them():
    by_text = "def put(what, **new):\n    [setattr(what, name, new[name]) for name in new]\n"
    call = "put(settings, DEBUG=True)\n"
    patch = "def test(monkeypatch):\n    monkeypatch.setattr(settings, 'least', 1)\n"

    found = [
        Stores.of(compile(text, "t", "exec")) for text in (by_text + call, call, patch + call)
    ]

    assert ["DEBUG" in stores.attributes for stores in found] == [True, False, False]


@pytest.fixture
def own_modules():
    """Leave no module behind that a test imports: others ask whether theirs was imported."""
    with mock.patch.dict(sys.modules):
        yield


@pytest.mark.usefixtures("own_modules")
def test_a_submodule_that_is_imported_later_is_no_assignment(tmp_path, monkeypatch):
    (tmp_path / "shop").mkdir()
    for name in ("__init__", "query", "other"):
        (tmp_path / f"shop/{name}.py").write_text("")
    (tmp_path / "test_shop.py").write_text(
        "import shop\ndef test(case):\n    case.query = case.other = shop\n"
    )
    for name in ("shop", "shop.query", "shop.other"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    monkeypatch.syspath_prepend(tmp_path)
    watched = Assignments({"shop"}, tmp_path, {"shop", "shop.query"}.__contains__)
    package = importlib.import_module("shop")
    watched.imported({"shop"})
    importlib.import_module("shop.query").__class__ = type("Sealed", (ModuleType,), {})
    monkeypatch.setitem(sys.modules, "test_shop", importlib.import_module("test_shop"))
    watched.begin()

    assert not list(watched.active("anybody", lambda *_: True))
    package.other = 1
    assert list(watched.active("anybody", lambda *_: True)) == [("shop", "other")]


@pytest.mark.usefixtures("own_modules")
def test_what_a_module_held_that_is_imported_again_is_compared_no_more(tmp_path, monkeypatch):
    (tmp_path / "settings.py").write_text("limit = 1\nnames = []\n")
    (tmp_path / "test_limit.py").write_text("import settings\nsettings.limit = 2\n")
    monkeypatch.syspath_prepend(tmp_path)
    watched = Assignments({"settings"}, tmp_path, {"settings"}.__contains__)
    importlib.import_module("settings")
    watched.imported({"settings"})
    monkeypatch.setitem(sys.modules, "test_limit", importlib.import_module("test_limit"))
    watched.begin()
    assert list(watched.active("anybody", lambda *_: True)) == [("settings", "limit")]

    monkeypatch.delitem(sys.modules, "settings")
    older = []
    for _ in range(3):
        again = importlib.import_module("settings")
        older.append(weakref.ref(again))
        watched.imported({"settings"})
        assert not list(watched.active("anybody", lambda *_: True))
        del sys.modules["settings"]

    sys.modules["settings"] = again
    again.limit = 3
    assert list(watched.active("anybody", lambda *_: True)) == [("settings", "limit")]
    gc.collect()
    # A session that does this in every test holds none of them.
    assert [one() is again for one in older] == [False, False, True]
    assert older[0]() is older[1]() is None


@pytest.mark.usefixtures("own_modules")
def test_what_another_module_holds_later_concerns_who_looks_it_up_there(tmp_path, monkeypatch):
    (tmp_path / "settings.py").write_text(
        "class Limits:\n    def __init__(self):\n        self.least = self.most = 1\n"
        "limits = Limits()\n"
    )
    (tmp_path / "later.py").write_text("from settings import limits\n")
    (tmp_path / "test_limits.py").write_text(
        "from settings import limits\ndef test():\n    limits.most = 2\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    names = {"settings", "later"}
    watched = Assignments(names, tmp_path, names.__contains__)
    settings = importlib.import_module("settings")
    watched.imported({"settings"})
    monkeypatch.setitem(sys.modules, "test_limits", importlib.import_module("test_limits"))
    watched.begin()
    settings.limits.most = 2
    looks_up = {("settings", "limits"), ("settings", "limits.least"), ("later", "limits.most")}

    def active():
        return list(watched.active("somebody", lambda *one: one in looks_up))

    assert active() == []
    importlib.import_module("later")
    watched.imported({"later"})
    assert active() == [("later", "limits.most")]


def test_the_arguments_of_operations_are_those_that_dis_reads():
    wide = "\n".join(f"a.name{number} = {number}" for number in range(600))
    codes = [*all_codes(compile(wide, "wide", "exec"))]
    for module in (argparse, dis, typing):
        codes += all_codes(compile(Path(module.__file__).read_bytes(), "module", "exec"))
    stored = frozenset({dis.opmap["STORE_ATTR"]})

    for code in codes:
        read = [one.arg for one in dis.get_instructions(code) if one.opname == "STORE_ATTR"]
        assert list(arguments_of(code, stored)) == read
