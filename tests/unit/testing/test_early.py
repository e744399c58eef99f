"""seamline.testing.early: hosts that import while conftest.py imports the application."""

import pytest

pytestmark = pytest.mark.processes

# Each process that imports the stock leaves a file, before it goes on.
_LEAVES_A_FILE = """
    import os, pathlib
    STOCK = {"tea": 10}
    pathlib.Path(os.environ["SUITE"], f"imported-{os.getpid()}").touch()

    def left(name):
        STOCK.setdefault(name, 0)
        return STOCK[name]

    def at_import():
        STOCK.setdefault("coffee", 0)
        return COLOUR_AT_IMPORT, MASK_AT_IMPORT

    COLOUR_AT_IMPORT = os.environ.get("COLOUR")
    MASK_AT_IMPORT = os.umask(0)
    os.umask(MASK_AT_IMPORT)
"""
_CALLING = """
    def test_it():
        assert stock.left("tea") == 10
"""


# Goes on once the test process and a host have imported the stock.
_WAITING = """
    import os, pathlib, time
    from shop import stock

    deadline = time.monotonic() + 40
    while len(list(pathlib.Path(os.environ["SUITE"]).glob("imported-*"))) < 2:
        assert time.monotonic() < deadline, "no host imported the stock yet"
        time.sleep(0.01)
"""


def _write(suite, conftest, tests=_CALLING, *, package="shop.stock", stock=_LEAVES_A_FILE):
    suite.write(
        "seamline.toml",
        f"""
        name = "shop"
        [services.web]
        http = "shop.web:app"
        [services.stock]
        package = "{package}"
        """,
    )
    suite.write("shop/orders.py", "")
    suite.write("shop/stock.py", stock)
    suite.write("conftest.py", conftest)
    suite.tests(tests)


def test_hosts_import_beside_a_conftest_that_imports_the_application(suite):
    _write(suite, _WAITING)

    outcome = suite.run("micro")

    assert outcome.counts == {"passed": 1}, outcome.text
    assert outcome.calls("stock") == 1


def test_hosts_import_each_part_of_a_package_that_a_conftest_imports(suite):
    _in_a_package(suite, _WAITING, _LEAVES_A_FILE)

    outcome = suite.run("micro")

    assert outcome.counts == {"passed": 1}, outcome.text
    assert outcome.calls("stock") == 1


def test_a_part_that_hangs_in_a_host_holds_up_no_end(suite):
    hanging = f"""{_LEAVES_A_FILE}
    import sys
    if "pytest" not in sys.modules:
        import threading
        threading.Event().wait()
    """
    _in_a_package(suite, f"{_WAITING}\n    raise RuntimeError('broken')\n", hanging)

    outcome = suite.run("micro")

    assert outcome.status == 4, outcome.text
    assert "RuntimeError: broken" in outcome.text


@pytest.mark.parametrize(
    "forking",
    [
        """
        pid = os.fork()
        if pid == 0:
            import shop.web, shop.stock
            os._exit(0)
        os.waitpid(pid, 0)
        """,
        """
        import multiprocessing
        def run():
            import shop.web, shop.stock
        process = multiprocessing.get_context("fork").Process(target=run)
        process.start()
        process.join()
        """,
    ],
    ids=["fork", "multiprocessing"],
)
def test_a_child_of_conftest_that_imports_the_application_first_orders_nothing(suite, forking):
    _write(suite, f"""
        import os
        {forking}
        import shop.web, shop.stock
    """)  # fmt: skip

    outcome = suite.run("micro")

    assert outcome.counts == {"passed": 1}, outcome.text
    assert outcome.calls("stock") == 1


def _in_a_package(suite, conftest, stock):
    """Have the stock be one of the parts of a package, which does not import it itself."""
    suite.write("shop/depot/__init__.py", "")
    suite.write("shop/depot/stock.py", stock)
    _write(
        suite,
        conftest.replace("from shop import", "from shop.depot import"),
        package="shop.depot",
        stock="from shop.depot.stock import left\n",
    )


def test_what_conftest_sets_after_it_imported_the_application_reaches_hosts(suite):
    _write(
        suite,
        """
        import os
        from shop import stock
        os.environ["COLOUR"] = "red"
        os.umask(0o027)
        """,
        """
        def test_it():
            assert stock.at_import() == ("red", 0o027)
        """,
    )

    outcome = suite.run("micro")

    assert outcome.counts == {"passed": 1}, outcome.text


def test_a_conftest_that_fails_after_it_imported_the_application_leaves_no_host(suite):
    _write(suite, "from shop import stock\nraise RuntimeError('broken')\n")

    outcome = suite.run("micro")

    assert outcome.status == 4, outcome.text
    assert "RuntimeError: broken" in outcome.text


def test_an_application_that_cannot_be_split_is_told_once_and_by_the_session(suite):
    _write(suite, "from shop import stock")
    suite.write(
        "seamline.toml",
        """
        name = "shop"
        [services.web]
        http = "shop.web:app"
        [services.stock]
        package = "shop.stocks"
        """,
    )
    suite.write("conftest.py", "import shop.web")

    outcome = suite.run("micro")

    assert outcome.status == 4, outcome.text
    assert outcome.text.count("there is no package 'shop.stocks'") == 1, outcome.text


def test_tests_that_are_named_by_another_project_begin_with_its_own_hosts(suite):
    """The early guess of the configuration may be another than the one that pytest settles on."""
    _write(suite, "from shop import stock")
    suite.write("pytest.ini", "[pytest]\npythonpath = . inner\ntestpaths = inner\n")
    suite.write("inner/bakery/__init__.py", "")
    suite.write("inner/bakery/oven.py", "BAKED = []\ndef bake(name):\n    BAKED.append(name)\n")
    suite.write("inner/bakery/web.py", "from bakery import oven\ndef app(environ, start): ...\n")
    suite.write(
        "inner/seamline.toml",
        """
        name = "bakery"
        [services.web]
        http = "bakery.web:app"
        [services.oven]
        package = "bakery.oven"
        """,
    )
    suite.write(
        "inner/test_inner.py",
        """
        from bakery import web

        def test_it():
            assert web.oven.bake("bread") is None
        """,
    )

    outcome = suite.run("micro")

    assert outcome.counts == {"passed": 1}, outcome.text
    assert outcome.calls("oven") == 1


# Its state, which each process has for itself.
_REGISTRY = """
    COLOURS = []

    def add(name):
        COLOURS.append(name)
        return list(COLOURS)

    def colours():
        return list(COLOURS)
"""


def _while_collecting(*lines):
    """Return a conftest.py that does something when the tests were found."""
    body = "".join(f"        {line}\n" for line in lines)
    return f"""
    import os
    from shop import stock

    def pytest_collection_modifyitems():
{body}"""


def test_a_test_that_runs_local_may_not_miss_what_collecting_left_on_the_host(suite):
    _write(
        suite,
        _while_collecting("stock.add('red')"),
        """
        def test_it(monkeypatch):
            monkeypatch.setattr(stock, "COLOURS", ["blue"])
            assert stock.colours() == ["blue"]
        """,
        stock=_REGISTRY,
    )

    outcome = suite.run("micro")

    assert outcome.counts == {"failed": 1}, outcome.text
    assert "shop.stock.add, called earlier in the test, in a fixture" in outcome.text
    assert "[invisible-state]" in outcome.text


def test_hosts_begin_again_in_what_is_set_before_the_first_call(suite):
    _write(
        suite,
        _while_collecting("os.environ['COLOUR'] = 'red'", "assert stock.at_import()[0] == 'red'"),
        "def test_it():\n    assert stock.left('coffee') == 0\n",
    )

    outcome = suite.run("micro")

    assert outcome.counts == {"passed": 1}, outcome.text
    assert outcome.calls("stock") == 2


def test_what_collecting_left_on_the_host_outlives_what_is_set_afterwards(suite):
    _write(
        suite,
        _while_collecting("stock.add('red')", "os.environ['COLOUR'] = 'red'"),
        "def test_it():\n    assert stock.colours() == ['red']\n",
        stock=_REGISTRY,
    )

    outcome = suite.run("micro")

    assert outcome.counts == {"passed": 1}, outcome.text
