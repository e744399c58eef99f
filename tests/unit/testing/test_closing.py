"""seamline.testing: which tests run with a seam closed, and what is never lost by it."""

import pytest

pytestmark = pytest.mark.processes

# `prices` uses the clock, a module of the application and a library; `stock` uses none of them.
PRICES = '''
    """What things cost today."""
    import json
    import os
    import posix
    import time
    from shop import rates

    SEEN = []

    def now():
        return (time.time(), posix.getpid(), len(SEEN))

    def rate(name):
        return (rates.current(name), posix.getpid(), len(SEEN))

    def parse(text):
        return (json.loads(text), posix.getpid(), len(SEEN))

    def note(name):
        SEEN.append(name)
        return os.getpid()

    def total(count):
        return (count * rate("tea")[0], posix.getpid(), len(SEEN))

    CHOICES = {"total": total}

    def chosen(name, count):
        return (CHOICES[name](count)[0], posix.getpid(), len(SEEN))

    class Clock:
        def hour(self):
            return 1

    def hour():
        return (Clock().hour(), posix.getpid(), len(SEEN))
'''

FILES = {
    "seamline.toml": """
        name = "shop"
        [services.stock]
        package = "shop.stock"
        [services.prices]
        package = "shop.prices"
    """,
    "shop/rates.py": """
        DEFAULTS = {"tea": 2}
        LIMITS = {"most": 9}
        def current(name):
            return min(DEFAULTS[name], LIMITS["most"])
    """,
    "shop/prices.py": PRICES,
    "shop/orders.py": "def place(): return None\n",
    "shop/web.py": "",
}


@pytest.fixture
def shop(suite):
    """Packages alone, of which one uses the clock and a module of the application."""
    for name, text in FILES.items():
        suite.write(name, text)
    return suite


HEAD = """
    import json, os, sys, time
    from unittest import mock
    from shop import prices, rates

    HERE = os.getpid()
    def at_home(): return stock.process() != HERE
"""


def test_calls_take_none_of_the_values_that_a_test_puts_into_a_clock(shop):
    shop.tests(
        HEAD
        + """
    def test_time():
        with mock.patch("time.time", side_effect=[1, 2]):
            assert time.time() == 1
            assert stock.process() != HERE
            assert time.time() == 2

    def test_monotonic(monkeypatch):
        monkeypatch.setattr(time, "monotonic", iter([1, 2]).__next__)
        assert time.monotonic() == 1
        assert stock.process() != HERE
        assert time.monotonic() == 2
    """
    )

    outcome = shop.run("micro")

    assert outcome.counts == {"passed": 2}, outcome.text
    assert outcome.calls("stock") == 2


def test_what_the_packages_code_uses_is_noticed_however_it_is_replaced(shop):
    shop.tests(
        HEAD
        + """
    def test_a_library_with_mock():
        with mock.patch("time.time", return_value=5):
            assert prices.now()[:2] == (5, HERE)
        assert stock.process() != HERE

    def test_a_library_with_monkeypatch(monkeypatch):
        monkeypatch.setattr(time, "time", lambda: 6)
        assert prices.now()[:2] == (6, HERE)

    @mock.patch.object(json, "loads", lambda text: "patched")
    def test_a_decorated_test():
        assert prices.parse("1")[:2] == ("patched", HERE)

    def test_a_function_of_another_module(monkeypatch):
        monkeypatch.setattr("shop.rates.current", lambda name: 7)
        assert prices.rate("tea")[:2] == (7, HERE)

    def test_a_dictionary_of_another_module(monkeypatch):
        monkeypatch.setitem(rates.DEFAULTS, "tea", 8)
        assert prices.rate("tea")[:2] == (8, HERE)

    def test_a_dictionary_with_mock():
        with mock.patch.dict(rates.LIMITS, most=1):
            assert prices.rate("tea")[:2] == (1, HERE)

    def test_a_method(monkeypatch):
        monkeypatch.setattr(prices.Clock, "hour", lambda self: 23)
        assert prices.hour()[:2] == (23, HERE)

    def test_a_clock_that_a_tool_replaced_by_itself():
        original, time.time = time.time, lambda: 9
        try:
            assert prices.now()[:2] == (9, HERE)
        finally:
            time.time = original

    def test_a_whole_module(monkeypatch):
        monkeypatch.setitem(sys.modules, "json", mock.Mock())
        assert prices.parse("1")[1] == HERE

    def test_started_and_stopped():
        patch = mock.patch("builtins.open")
        patch.start()
        try:
            assert stock.process() == HERE
        finally:
            patch.stop()
    """
    )

    outcome = shop.run("micro", "tests/test_shop.py")

    assert outcome.counts == {"passed": 10}, outcome.text
    assert "10 tests local: 10 patched" in outcome.text


def test_what_a_library_for_tests_replaces_by_itself_is_noticed(suite):
    suite.write("seamline.toml", "[services.news]\npackage = 'shop.news'\n")
    suite.write("shop/orders.py", "")
    suite.write("shop/web.py", "")
    suite.write(
        "shop/news.py",
        """
        import os
        import posix
        import urllib.request

        SEEN = []

        def latest():
            return (str(urllib.request.urlopen("http://news.invalid/")), posix.getpid(), len(SEEN))
        """,
    )
    suite.write(
        "site-packages/doubles.py",
        """
        import urllib.request

        original = urllib.request.urlopen

        def answer(text):
            urllib.request.urlopen = lambda url: text

        def stop():
            urllib.request.urlopen = original
        """,
    )
    suite.write("pytest.ini", "[pytest]\npythonpath = . site-packages\n")
    suite.tests(
        """
        import os
        import doubles
        from shop import news

        def test_it(request):
            request.addfinalizer(doubles.stop)
            doubles.answer("good")
            assert news.latest()[:2] == ("good", os.getpid())
        """
    )

    outcome = suite.run("micro", "tests/test_shop.py")

    assert outcome.counts == {"passed": 1}, outcome.text
    assert "1 test local: 1 patched" in outcome.text


def test_what_the_packages_code_never_uses_closes_nothing(shop):
    shop.tests(
        HEAD
        + """
    import random, sqlite3
    from contextlib import closing

    def test_a_module_it_does_not_reach(monkeypatch):
        monkeypatch.setattr(random, "random", lambda: 0.5)
        monkeypatch.setattr("shop.rates.current", lambda name: 7)
        monkeypatch.setenv("COLOUR", "red")
        assert stock.process() != HERE

    def test_a_database_for_a_package_without_one():
        with closing(sqlite3.connect(":memory:")):
            assert prices.now()[1] != HERE
            assert stock.process() == HERE

    def test_something_of_the_tests_own(monkeypatch):
        class Mine:
            colour = "red"
        monkeypatch.setattr(Mine, "colour", "blue")
        monkeypatch.setitem({}, "colour", "blue")
        assert prices.now()[1] != HERE

    def test_a_patch_that_is_over():
        with mock.patch("time.time", return_value=5):
            pass
        assert prices.now()[1] != HERE
    """
    )

    outcome = shop.run("micro", "tests/test_shop.py")

    assert outcome.counts == {"passed": 4}, outcome.text
    assert "1 test local: 1 in-memory database" in outcome.text


def test_a_public_function_that_its_package_uses_itself_is_no_matter_of_the_caller_alone(shop):
    shop.tests(
        HEAD
        + """
    def test_used_within(monkeypatch):
        monkeypatch.setattr(prices, "rate", lambda name: (5, 0, 0))
        assert prices.total(2)[:2] == (10, HERE)

    def test_used_within_by_what_no_line_names(monkeypatch):
        monkeypatch.setattr(prices, "rate", lambda name: (5, 0, 0))
        assert prices.chosen("total", 2)[:2] == (10, HERE)

    def test_used_by_callers_alone(monkeypatch):
        monkeypatch.setattr(prices, "parse", lambda text: "patched")
        assert prices.parse("1") == "patched"
        assert prices.now()[1] != HERE
    """
    )

    outcome = shop.run("micro", "tests/test_shop.py")

    assert outcome.counts == {"passed": 3}, outcome.text
    assert "2 tests local: 2 patched" in outcome.text


def test_a_service_that_calls_a_patched_one_runs_local_too(shop):
    shop.write(
        "shop/orders.py",
        """
        import os
        import posix
        from shop import prices
        PLACED = []
        def cost():
            return (prices.now()[0], posix.getpid(), len(PLACED))
        """,
    )
    shop.write(
        "seamline.toml", FILES["seamline.toml"] + "[services.orders]\npackage='shop.orders'"
    )
    shop.tests(
        HEAD
        + """
    def test_through_another_service(monkeypatch):
        monkeypatch.setattr(time, "time", lambda: 6)
        assert orders.cost()[:2] == (6, HERE)

    def test_a_global_of_the_one_behind(monkeypatch):
        monkeypatch.setattr(prices, "SEEN", [1, 2, 3])
        assert orders.cost()[1] == HERE

    def test_without_a_patch():
        assert orders.cost()[1] != HERE
    """
    )

    outcome = shop.run("micro", "tests/test_shop.py")

    assert outcome.counts == {"passed": 3}, outcome.text


LOSING = (
    HEAD
    + """
    import seamline

    @pytest.fixture(scope="module")
    def noted():
        return prices.note("before")

    @pytest.mark.seamline_errors
    def test_changed_then_patched(monkeypatch):
        prices.note("x")
        monkeypatch.setattr(time, "time", lambda: 6)
        with pytest.raises(seamline.InvisibleState, match=r"time\\.time.*prices\\.note"):
            prices.now()

    def test_of_an_earlier_test_nothing_is_kept(monkeypatch):
        monkeypatch.setattr(time, "time", lambda: 6)
        assert prices.now()[:2] == (6, HERE)

    def test_read_then_patched(monkeypatch):
        assert prices.now()[1] != HERE
        monkeypatch.setattr(time, "time", lambda: 6)
        assert prices.now()[:2] == (6, HERE)

    @pytest.mark.seamline_errors
    def test_changed_by_a_fixture_of_the_module(noted, monkeypatch):
        assert noted != HERE

    @pytest.mark.seamline_errors
    def test_that_the_fixture_is_still_there_for(monkeypatch):
        monkeypatch.setattr(time, "time", lambda: 6)
        with pytest.raises(seamline.InvisibleState, match="in a fixture that it uses"):
            prices.now()

    @pytest.mark.seamline_errors
    def test_changed_then_a_global(monkeypatch):
        prices.note("x")
        with pytest.raises(seamline.InvisibleState, match=r"prices\\.SEEN.*prices\\.note"):
            monkeypatch.setattr(prices, "SEEN", [])
    """
)


def test_state_that_the_host_holds_from_the_same_test_is_never_lost_silently(shop):
    shop.tests(LOSING)

    outcome = shop.run("micro", "tests/test_shop.py")

    assert outcome.counts == {"passed": 6}, outcome.text
    assert "3 tests refused: 3 patched" in outcome.text
    assert "2 tests local: 2 patched" in outcome.text


def test_a_database_in_memory_that_a_session_holds_keeps_its_tests_local(shop):
    shop.tests(
        """
        import os, sqlite3

        @pytest.fixture(scope="session")
        def database():
            database = sqlite3.connect(":memory:")
            yield database
            database.close()

        def test_before():
            assert stock.process() != os.getpid()

        def test_holding(database):
            assert stock.process() == os.getpid()

        def test_after():
            assert stock.process() == os.getpid()
        """
    )

    outcome = shop.run("micro", "tests/test_shop.py", "-v")

    assert outcome.counts == {"passed": 3}, outcome.text
    assert "2 tests local: 2 in-memory database" in outcome.text
    assert (
        "tests/test_shop.py::test_after\n    stock: in-memory database (opened at" in outcome.text
    )


def test_strict_fails_for_tests_that_ran_local_and_a_report_names_them(shop):
    shop.tests(
        HEAD
        + """
    def test_it(monkeypatch):
        assert stock.process() != HERE
        monkeypatch.setattr(time, "time", lambda: 6)
        prices.now()
    """
    )

    outcome = shop.run(
        "micro", "tests/test_shop.py", "--seamline-strict", "--seamline-report", "report.json"
    )

    assert outcome.status == 1, outcome.text
    assert "strict: 1 test ran local" in outcome.text
    import json

    report = json.loads((shop.root / "report.json").read_text())
    assert report["exit_status"] == 1
    assert report["local"]["tests/test_shop.py::test_it"] == [
        {"service": "prices", "cause": "patched", "detail": "time.time"}
    ]
    assert report["calls"]["stock"]["total"] == 1


ORDERS = """
    import os
    import time
    SOLD = []
    def keep(name):
        SOLD.append(name)
        return os.getpid()
    def sales():
        return (time.time(), list(SOLD), os.getpid())
    def sold():
        return (list(SOLD), os.getpid())
"""
TILL = """
    from shop import orders
    PAID = []
    def pay(name):
        PAID.append(name)
        return orders.keep(name)
    def paid():
        return list(PAID)
"""
LAYOUTS = """
    name = "shop"
    [services.orders]
    package = "shop.orders"
    [services.till]
    package = "shop.till"
    [layouts.pair]
    back = ["orders", "till"]
"""

KEEPING = """
    import os, time
    import seamline
    from shop import orders, till

    HERE = os.getpid()

    @pytest.mark.seamline_errors
    def test_kept_through_another_service(monkeypatch):
        assert till.pay("tea") != HERE
        monkeypatch.setattr(time, "time", lambda: 6)
        with pytest.raises(seamline.InvisibleState, match="time.time.*(orders.keep|till.pay)"):
            orders.sales()

    def test_of_an_earlier_test_nothing_is_kept(monkeypatch):
        monkeypatch.setattr(time, "time", lambda: 6)
        assert orders.sales() == (6, [], HERE)

    def test_only_read_through_another_service(monkeypatch):
        assert till.paid() == ["tea"]
        monkeypatch.setattr(time, "time", lambda: 6)
        assert orders.sales() == (6, [], HERE)

    def test_what_uses_a_service_that_runs_here_runs_here_too(monkeypatch):
        monkeypatch.setattr(time, "time", lambda: 6)
        before = orders.sales()[1]
        assert till.pay("milk") == HERE
        assert orders.sold() == ([*before, "milk"], HERE)

    @pytest.fixture(scope="module")
    def stocked():
        return till.pay("rice")

    def test_kept_by_a_fixture_of_the_module(stocked):
        assert stocked != HERE

    @pytest.mark.seamline_errors
    def test_that_the_fixture_is_still_there_for(monkeypatch):
        monkeypatch.setattr(time, "time", lambda: 6)
        with pytest.raises(seamline.InvisibleState, match="in a fixture that it uses"):
            orders.sales()
"""


@pytest.mark.parametrize("layout", ["micro", "pair"])
def test_what_hosts_called_of_each_other_is_never_lost_silently_either(suite, layout):
    for name, text in {
        "seamline.toml": LAYOUTS, "shop/orders.py": ORDERS, "shop/till.py": TILL,
        "shop/stock.py": "", "shop/web.py": "",
    }.items():  # fmt: skip
        suite.write(name, text)
    suite.tests(KEEPING)

    outcome = suite.run(layout, "tests/test_shop.py")

    assert outcome.counts == {"passed": 6}, outcome.text
    assert "2 tests refused: 2 patched" in outcome.text


def test_a_new_name_that_hides_a_builtin_closes_until_it_is_gone(shop):
    shop.tests(
        HEAD
        + """
    def test_with_a_tool(monkeypatch):
        monkeypatch.setattr(prices, "len", lambda text: 7, raising=False)
        assert prices.now()[1] == HERE

    def test_with_mock():
        with mock.patch("shop.prices.len", return_value=7, create=True):
            assert prices.now()[1] == HERE

    def test_by_assigning():
        prices.len = lambda text: 7
        try:
            assert prices.now()[1] == HERE
        finally:
            del prices.len

    def test_after_them():
        assert prices.now()[1] != HERE
    """
    )

    outcome = shop.run("micro", "-p", "no:randomly", "tests/test_shop.py")

    assert outcome.counts == {"passed": 4}, outcome.text
    assert "3 tests local: 3 patched" in outcome.text
