"""seamline.testing.plugin: the session's options, its counts and its judgement."""

import subprocess
import sys

import pytest

from seamline.testing import plugin

pytestmark = pytest.mark.processes

# Calls of both seams: 3 of stock, one of which orders makes, and 1 of orders.
BOTH = """
    def test_the_stock_shrinks():
        assert stock.left("tea") == 10
        assert stock.take("tea", 2) == 8

    def test_an_order_takes_from_the_stock():
        assert orders.place("tea", 1) == 7
"""

SWALLOWING = """
    import threading
    import seamline

    def swallow():
        try:
            stock.hold(threading.Lock())
        except TypeError:
            pass

    def test_both():
        assert orders.place("tea", 1) == 9
"""


def test_without_the_option_nothing_of_seamline_is_loaded_but_the_plugin():
    program = (
        "import sys, seamline.testing.plugin;"
        "print(sorted(m for m in sys.modules if m.startswith(('seamline', 'msgspec', 'asyncio'))))"
    )

    loaded = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    ).stdout

    assert loaded.strip() == str(["seamline", "seamline.testing", "seamline.testing.plugin"])


def test_a_pytest_that_is_too_old_is_told(monkeypatch, pytestconfig):
    monkeypatch.delattr(pytest, "FixtureDef")
    monkeypatch.setattr(pytestconfig.option, "seamline_layout", "micro")

    with pytest.raises(pytest.UsageError, match=r"needs pytest 8 .* -m pip install"):
        plugin.pytest_configure(pytestconfig)


@pytest.mark.parametrize("layout", ["local", "micro", "pair"])
def test_the_calls_of_each_seam_are_counted_whoever_makes_them(outcome_of, layout):
    outcome = outcome_of(layout, BOTH, "-q")

    assert outcome.status == 0, outcome.text
    assert outcome.counts == {"passed": 2}
    assert outcome.calls("stock") == 3
    if layout == "pair":
        assert "\norders:" not in outcome.text
        assert "(left 1 · take 2)" in outcome.text or "(take 2 · left 1)" in outcome.text
    else:
        assert outcome.calls("orders") == 1


@pytest.mark.parametrize("layout", [None, "mono"])
def test_the_whole_application_has_no_seams_to_judge(outcome_of, layout):
    outcome = outcome_of(
        layout, "def test_nothing(seamline_layout): assert seamline_layout == 'mono'"
    )

    assert outcome.status == 0
    assert ("nothing is hooked" in outcome.text) == (layout == "mono")


def test_a_full_run_in_which_a_seam_saw_no_call_fails(outcome_of):
    outcome = outcome_of("local", 'def test_tea(): assert stock.left("tea") == 10')

    assert outcome.status == 1
    assert outcome.counts == {"passed": 1}
    assert "the run fails because no test made a call to orders: these tests" in outcome.text
    assert "take [services.orders] out of seamline.toml until something does" in outcome.text


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param(["-k", "tea"], id="chosen by name"),
        pytest.param(["-m", "not slow"], id="chosen by mark"),
        pytest.param(["tests/test_shop.py"], id="one file"),
        pytest.param(["tests/test_shop.py::test_tea"], id="one test"),
        pytest.param(["--deselect", "tests/test_shop.py::test_cake"], id="deselected"),
        pytest.param(["--ignore", "tests/other"], id="ignored"),
    ],
)
def test_a_part_of_the_tests_need_not_use_every_seam(suite, arguments):
    suite.tests("""
        def test_tea():
            assert stock.left("tea") == 10

        def test_cake():
            assert stock.left("tea") == 10
    """)

    assert suite.run("local", "-o", "markers=slow", *arguments).status == 0


def test_a_run_that_stopped_early_is_not_judged_by_its_seams(outcome_of):
    outcome = outcome_of("local", "def test_fails(): assert stock.left('tea') == 0", "-x")

    assert outcome.status == 1
    assert "no test made a call" not in outcome.text


@pytest.mark.parametrize(
    ("body", "where"),
    [
        pytest.param("def test_it(): swallow()", "test_it", id="by the application"),
        pytest.param(
            "def test_it():\n        with pytest.raises(TypeError): stock.hold(threading.Lock())",
            "test_it",
            id="expected without the mark",
        ),
        pytest.param(
            "@pytest.fixture\n    def tidy():\n        yield\n        swallow()\n\n"
            "    def test_it(tidy): pass",
            "test_it",
            id="while tearing down",
        ),
        pytest.param(
            "def test_it():\n        thread = threading.Thread(target=swallow)\n"
            "        thread.start()\n        thread.join()",
            "test_it",
            id="in a thread",
        ),
    ],
)
def test_a_seam_error_that_no_test_failed_for_fails_the_run(outcome_of, body, where):
    outcome = outcome_of("local", SWALLOWING + "\n    " + body)

    assert outcome.status == 1, outcome.text
    assert outcome.counts == {"passed": 2}
    assert f"test_shop.py::{where}: [not-sendable]" in outcome.text
    assert "@pytest.mark.seamline_errors" in outcome.text


@pytest.mark.parametrize(
    ("mark", "status"),
    [
        pytest.param("seamline_errors", 0, id="marked"),
        pytest.param("xfail(raises=TypeError)", 0, id="expected to fail"),
    ],
)
def test_an_error_that_is_accounted_for_is_none_that_was_swallowed(outcome_of, mark, status):
    outcome = outcome_of(
        "local",
        SWALLOWING
        + f"""
    @pytest.mark.{mark}
    def test_it():
        swallow() if "errors" in "{mark}" else stock.hold(threading.Lock())
    """,
    )

    assert outcome.status == status, outcome.text


def test_the_error_of_a_test_that_failed_is_not_reported_twice(outcome_of):
    outcome = outcome_of("local", SWALLOWING + "\n    def test_it(): stock.hold(threading.Lock())")

    assert outcome.counts == {"passed": 1, "failed": 1}
    assert "swallowed" not in outcome.text


def test_an_error_that_a_host_swallowed_is_found(outcome_of):
    outcome = outcome_of(
        "micro",
        """
        def test_quietly():
            assert orders.place_quietly() == "nothing"

        def test_stock():
            assert stock.left("tea") == 10
        """,
    )

    assert outcome.status == 1, outcome.text
    assert "test_shop.py::test_quietly: [not-sendable] in a host" in outcome.text
    assert "test_stock:" not in outcome.text


@pytest.mark.parametrize(
    ("files", "arguments", "says"),
    [
        pytest.param({}, ["--seamline-layout", "mirco"], 'did you mean "micro"?', id="layout"),
        pytest.param(
            {}, ["--seamline-layout="], "--seamline-layout: there is no layout ''", id="empty"
        ),
        pytest.param(
            {"seamline.toml": "name = "},
            ["--seamline-layout", "local"],
            r"seamline.toml:1",
            id="unreadable",
        ),
        pytest.param(
            {},
            ["--seamline-layout", "local", "--seamline-config", "no.toml"],
            "no.toml",
            id="file",
        ),
        pytest.param(
            {"shop/stock.py": "def left(name): return 1\nimport nowhere_to_be_found\n"},
            ["--seamline-layout", "micro"],
            "shop/stock.py:2",
            id="an application a host cannot import",
        ),
        pytest.param(
            {"shop/orders.py": "def place(:\n"},
            ["--seamline-layout", "micro"],
            "shop/orders.py:1",
            id="an application that cannot be parsed",
        ),
    ],
)
def test_what_cannot_be_used_is_said_before_a_test_runs(suite, files, arguments, says):
    suite.write("tests/test_nothing.py", "def test_nothing(): pass")
    for name, text in files.items():
        suite.write(name, text)

    outcome = suite.run(None, *arguments)

    assert outcome.status == 4, outcome.text
    assert says in outcome.text
    assert "Traceback" not in outcome.text
    assert outcome.counts == {}


PACKAGES_ALONE = """
    name = "shop"
    [services.stock]
    package = "shop.stock"
    [services.orders]
    package = "shop.orders"
    [layouts.one]
    tests = ["stock", "orders"]
"""


@pytest.mark.parametrize(("layout", "places"), [("micro", 3), ("local", 1), ("one", 2)])
def test_without_an_http_service_the_tests_process_hosts_nothing(suite, layout, places):
    suite.write("seamline.toml", PACKAGES_ALONE)
    suite.tests(
        f"""
        import os

        def test_places():
            places = {{os.getpid(), stock.process(), orders.process()}}
            assert len(places) == {places}
        """
    )
    suite.write(
        "shop/orders.py", "import os\nP = []\ndef process(): return os.getpid() if P == [] else P"
    )

    outcome = suite.run(layout)

    assert outcome.status == 0, outcome.text
    assert outcome.counts == {"passed": 1}
    assert (outcome.calls("stock"), outcome.calls("orders")) == (1, 1)


STOCK_ALONE = """
    name = "shop"
    [services.stock]
    package = "shop.stock"
    [layouts.one]
    back = { services = ["stock"], max_age = "1s", max_requests = 1 }
"""


def test_hosts_of_tests_are_not_replaced_for_their_age_or_what_they_answered(suite):
    suite.write("seamline.toml", STOCK_ALONE)
    suite.tests(
        """
        import time

        def test_state_stays():
            before, until = stock.process(), time.monotonic() + 4
            while time.monotonic() < until:
                assert stock.process() == before
        """
    )

    outcome = suite.run("one")

    assert outcome.status == 0, outcome.text
    assert outcome.counts == {"passed": 1}


@pytest.mark.parametrize("arguments", [["--co", "-q"], ["-h"], ["--markers"]])
def test_asking_about_tests_starts_no_host(suite, arguments):
    suite.tests("def test_tea(): pass")

    outcome = suite.run("micro", "-p", "no:cacheprovider", *arguments)

    assert outcome.status == 0
    assert "seamline: layout" not in outcome.text.splitlines()[-1]


def test_processes_of_xdist_have_hosts_of_their_own_and_are_judged_together(suite):
    suite.tests('def test_tea(): assert stock.take("tea") == 9', "tests/test_a.py")
    suite.tests('def test_order(): assert orders.place("tea", 1) == 9', "tests/test_b.py")

    outcome = suite.run("micro", "-n", "2", "--dist", "loadfile")

    assert outcome.status == 0, outcome.text
    assert outcome.counts == {"passed": 2}
    assert (outcome.calls("stock"), outcome.calls("orders")) == (2, 1)


def test_processes_of_xdist_tell_of_idle_seams_and_swallowed_errors(outcome_of):
    outcome = outcome_of(
        "local",
        SWALLOWING.replace('orders.place("tea", 1)', 'stock.take("tea", 1)')
        + "\n    def test_it(): swallow()",
        "-n",
        "2",
    )

    assert outcome.status == 1, outcome.text
    assert "no test made a call to orders" in outcome.text
    assert "test_it: [not-sendable]" in outcome.text


READING = """
    import pytest
    from shop.stock import STOCK

    def test_that_reads_through_the_module():
        assert stock.take("tea") == stock.STOCK["tea"]

    def test_that_reads_what_it_imported():
        assert stock.left("tea") == STOCK["tea"]

    @pytest.fixture
    def emptied():
        before = dict(stock.STOCK)
        stock.STOCK.clear()
        yield
        stock.STOCK.update(before)

    def test_that_uses_a_fixture_that_reads(emptied):
        with pytest.raises(KeyError):
            stock.left("tea")

    def test_that_reads_nothing():
        assert stock.left("tea") == 10
        assert orders.place("tea", 1) == 9
"""


def test_a_test_that_reads_a_package_s_state_runs_beside_it_and_is_counted(outcome_of):
    outcome = outcome_of("micro", READING, "-q", "-v", "-p", "no:randomly")

    assert outcome.status == 0, outcome.text
    assert outcome.counts == {"passed": 4}
    assert "3 tests local: 3 reads state" in outcome.prose
    assert "test_that_reads_nothing" not in outcome.text.partition("reads state:")[2]
    assert outcome.calls("stock") == 2
