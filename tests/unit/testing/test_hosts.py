"""seamline.testing: what hosts see of a test, what is said when they cannot, and their end."""

import re
import signal

import pytest

pytestmark = pytest.mark.processes


def test_hosts_see_environment_and_directory_as_the_test_set_them_up(outcome_of):
    outcome = outcome_of(
        "pair",
        """
        import os, sys, threading

        def test_a_variable_that_is_set(monkeypatch):
            monkeypatch.setenv("COLOUR", "red")
            assert stock.variable("COLOUR") == "red"

        def test_a_variable_that_was_undone():
            assert stock.variable("COLOUR") is None

        def test_a_variable_that_is_removed(monkeypatch):
            assert stock.variable("SUITE")
            monkeypatch.delenv("SUITE")
            assert stock.variable("SUITE") is None

        def test_the_directory(monkeypatch, tmp_path):
            monkeypatch.chdir(tmp_path)
            assert stock.directory() == str(tmp_path)

        def test_from_another_thread(monkeypatch):
            seen = []
            def look():
                os.environ["COLOUR"] = "blue"
                seen.append(stock.variable("COLOUR"))
            monkeypatch.setenv("COLOUR", "green")
            thread = threading.Thread(target=look)
            thread.start()
            thread.join()
            assert seen == ["blue"]

        def test_the_groups_own_variables_win(monkeypatch):
            monkeypatch.setenv("SHOP_REGION", "south")
            assert stock.variable("SHOP_REGION") == "north"

        def test_what_a_process_needs_for_itself_stays(monkeypatch):
            before = stock.variable("PYTHONPATH"), stock.variable("SEAMLINE_WORKER")
            monkeypatch.setenv("PYTHONPATH", "/nowhere")
            assert (stock.variable("PYTHONPATH"), stock.variable("SEAMLINE_WORKER")) == before
            assert before[1].startswith("back.0.")

        def test_code_that_asks_whether_it_is_tested_is_told():
            assert "test_shop.py" in stock.variable("PYTEST_CURRENT_TEST")

        def test_modules_are_searched_in_the_same_places():
            assert stock.search_path()[: len(sys.path)] == sys.path
        """,
    )

    assert outcome.counts == {"passed": 9}, outcome.text
    assert outcome.status == 0, outcome.text


def test_warnings_that_are_errors_in_the_tests_are_raised_by_hosts(suite):
    suite.write(
        "shop/stock.py",
        """
        import os
        import warnings

        STOCK = {"tea": 10}

        def old():
            STOCK["tea"] -= 1
            warnings.warn("use new", DeprecationWarning, stacklevel=2)
            return os.getpid()
        """,
    )
    suite.write("shop/web.py", "app = None")
    suite.write("shop/orders.py", "")
    suite.write("seamline.toml", "[services.stock]\npackage = 'shop.stock'")
    suite.tests(
        """
        import os

        def test_an_error_of_the_settings():
            with pytest.raises(DeprecationWarning, match="use new"):
                stock.old()

        @pytest.mark.filterwarnings("ignore:use new")
        def test_ignored_by_a_mark():
            assert stock.old() != os.getpid()
        """
    )

    outcome = suite.run("micro")

    assert outcome.counts == {"passed": 2}, outcome.text
    assert outcome.status == 0, outcome.text


def test_a_host_that_died_is_replaced_and_sees_what_the_test_set_up_meanwhile(outcome_of):
    outcome = outcome_of(
        "pair",
        """
        import seamline

        @pytest.mark.seamline_errors
        def test_it(monkeypatch, tmp_path):
            monkeypatch.setenv("COLOUR", "red")
            before = stock.process()
            with pytest.raises(seamline.OutcomeUnknown):
                stock.die()
            monkeypatch.setenv("SIZE", "large")
            assert stock.variable("COLOUR") == "red"
            assert stock.variable("SIZE") == "large"
            assert stock.process() != before

        def test_the_next_one():
            assert stock.variable("COLOUR") is None
            assert stock.left("tea") == 10
        """,
    )

    assert outcome.counts == {"passed": 2}, outcome.text
    assert outcome.status == 0
    assert outcome.calls("stock") == 7


def test_a_test_that_hosts_cannot_see_runs_local_and_is_counted_by_cause(outcome_of):
    outcome = outcome_of(
        "pair",
        """
        import os, sqlite3
        from contextlib import closing

        def test_memory():
            with closing(sqlite3.connect(":memory:")):
                assert stock.process() == os.getpid()

        def test_uncommitted(tmp_path):
            with closing(sqlite3.connect(tmp_path / "a.db")) as database:
                database.execute("create table t (a)")
                database.execute("insert into t values (1)")
                assert stock.process() == os.getpid()

        def test_committed(tmp_path):
            with closing(sqlite3.connect(tmp_path / "a.db")) as database:
                database.execute("create table t (a)")
                database.execute("insert into t values (1)")
                database.commit()
                assert stock.process() != os.getpid()
                assert stock.count_rows(str(tmp_path / "a.db")) == 1
        """,
    )

    assert outcome.counts == {"passed": 3}, outcome.text
    text = outcome.text
    assert "2 tests local: 1 in-memory database, 1 uncommitted transaction" in text
    assert "in-memory database: tests/test_shop.py::test_memory" in text
    assert outcome.calls("stock") == 2


PATCHING = """
    import shop.stock
    from unittest import mock

    HOST = {host}

    def test_before():
        assert stock.take("tea", 1) == 9

    def test_a_constant(monkeypatch):
        monkeypatch.setattr(stock, "LIMIT", 100)
        assert orders is not None
        with pytest.raises(ValueError, match="at most 100"):
            stock.take("tea", 101)

    def test_a_private_function():
        with mock.patch("shop.stock._bonus", return_value=50):
            with pytest.raises(ValueError, match="at most 55"):
                stock.take("tea", 101)

    def test_state(monkeypatch):
        monkeypatch.setattr("shop.stock.STOCK", {{"cake": 3}})
        assert stock.left("cake") == 3

    def test_an_imported_module():
        with mock.patch.object(stock, "os") as fake:
            fake.getcwd.return_value = "/patched"
            assert stock.directory() == "/patched"

    def test_a_public_function(monkeypatch):
        monkeypatch.setattr(stock, "left", lambda name: 77)
        assert stock.left("tea") == 77
        assert (stock.process() != __import__("os").getpid()) is HOST

    def test_after():
        assert stock.take("tea", 1) == 8
        assert (stock.process() != __import__("os").getpid()) is HOST
"""


@pytest.mark.parametrize("layout", [None, "local", "pair"])
def test_a_patched_global_closes_its_seam_for_that_test_alone(outcome_of, layout):
    outcome = outcome_of(layout, PATCHING.format(host=layout == "pair"), "tests/test_shop.py")

    assert outcome.counts == {"passed": 7}, outcome.text
    assert outcome.status == 0, outcome.text
    if layout == "pair":
        assert "4 tests local: 4 patched" in outcome.text
        assert "  patched: tests/test_shop.py::test_a_constant" in outcome.text
    else:
        assert "local: " not in outcome.text


def test_a_patched_function_concerns_only_the_calls_that_would_run_it(suite):
    suite.tests(
        """
        import os

        @pytest.fixture(autouse=True)
        def patched(monkeypatch):
            monkeypatch.setattr("shop.stock._bonus", lambda: 5)

        def test_none_of_them():
            assert stock.left("tea") == 10
            assert stock.process() != os.getpid()

        def test_one_of_them():
            assert stock.process() != os.getpid()
            assert stock.take("tea", 9) == 1
            assert stock.process() == os.getpid()

        def test_none_of_them_again():
            assert stock.left("tea") == 10
            assert stock.process() != os.getpid()
        """
    )

    outcome = suite.run("pair", "tests/test_shop.py")

    assert outcome.counts == {"passed": 3}, outcome.text
    assert "1 test local: 1 patched" in outcome.text


def test_a_patch_that_lasts_for_a_module_keeps_its_seam_closed_as_long(suite):
    suite.tests(
        """
        import os

        @pytest.fixture(scope="module", autouse=True)
        def patched():
            with pytest.MonkeyPatch.context() as patches:
                patches.setattr(stock, "LIMIT", 0)
                yield

        @pytest.mark.parametrize("number", [1, 2])
        def test_it(number):
            with pytest.raises(ValueError, match="at most 0"):
                stock.take("tea")
        """,
        "tests/test_a.py",
    )
    suite.tests(
        """
        import os

        def test_later():
            assert stock.take("tea") == 9
            assert stock.process() != os.getpid()
        """,
        "tests/test_b.py",
    )

    outcome = suite.run("pair")

    assert outcome.counts == {"passed": 3}, outcome.text
    assert "2 tests local: 2 patched" in outcome.text


def test_the_application_itself_may_not_assign_what_lives_elsewhere(suite):
    suite.write("shop/orders.py", "from shop import stock\ndef raise_limit(): stock.LIMIT = 9\n")
    suite.tests(
        """
        import seamline

        @pytest.mark.seamline_errors
        def test_it():
            stock.left("tea")
            with pytest.raises(seamline.StateElsewhere, match="LIMIT"):
                orders.raise_limit()
        """
    )

    outcome = suite.run("pair")

    assert outcome.counts == {"passed": 1}, outcome.text


def test_a_failure_shows_what_hosts_printed_for_that_test_and_no_other(outcome_of):
    outcome = outcome_of(
        "pair",
        """
        def test_before():
            stock.say("earlier words")

        def test_it():
            stock.say("words")
            assert False
        """,
    )

    assert outcome.counts == {"passed": 1, "failed": 1}
    shown = outcome.text.partition("Captured output of hosts")[2]
    assert re.search(r"^back\.0\[\d+\] \| words, 1, past Python$", shown, re.MULTILINE)
    assert "Captured stdout call" in outcome.text
    assert "\nwords of 1\n" in outcome.text
    assert "earlier words" not in outcome.text


WAITING = """
    import os, pathlib, signal, sys, threading

    def test_it():
        stock.left("tea")
        pathlib.Path("running").touch()
        threading.Event().wait()
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_however_the_test_process_ends_no_host_is_left(suite, number):
    suite.tests(WAITING.replace("threading.Event().wait()", f"os.kill(os.getpid(), {number:d})"))

    process = suite.start("--seamline-layout", "pair")
    process.communicate(timeout=50)

    assert process.returncode != 0
    suite.wait_until_nothing_runs()


def test_a_forked_child_that_outlives_the_test_process_keeps_no_host(suite):
    suite.tests("""
        import os, signal

        def test_it():
            stock.left("tea")
            if os.fork() == 0:
                signal.pause()
            os.kill(os.getpid(), signal.SIGKILL)
        """)

    process = suite.start("--seamline-layout", "pair")
    # The child holds the output open, so it is not read to its end.
    process.wait(timeout=50)
    process.stdout.close()

    # The child itself is the test's own to end.
    suite.wait_until_left(1)


def test_an_error_of_pytest_itself_leaves_no_host(suite):
    suite.write("conftest.py", "def pytest_runtest_logfinish(): raise RuntimeError('broken')")
    suite.tests('def test_it(): assert stock.left("tea") == 10')

    assert suite.run("pair").status == 3


@pytest.mark.parametrize("layout", ["micro", "beside"])
def test_no_command_works_beside_the_tests(suite, layout):
    toml = suite.root / "seamline.toml"
    command = '[services.worker]\ncommand = ["python", "worker.py"]\n'
    pair = toml.read_text().replace("[layouts.pair]", f"{command}[layouts.beside]", 1)
    toml.write_text(
        pair.partition("[layouts.headless]")[0].replace('"stock"]', '"stock", "worker"]')
    )
    suite.write(
        "worker.py", "import pathlib, signal\npathlib.Path('worked').touch()\nsignal.pause()"
    )
    suite.tests(
        """
        def test_it_is_alone(request):
            assert orders.place("tea", 1) == stock.left("tea") == 9
            assert not (request.config.rootpath / "worked").exists()
        """
    )

    outcome = suite.run(layout)

    assert outcome.counts == {"passed": 1}, outcome.text
    assert not (suite.root / "worked").exists()


def test_hosts_import_what_is_called_as_it_was_when_the_tests_were_collected(suite):
    suite.write("seamline.toml", "[services.prices]\npackage = 'shop.prices'")
    suite.write("shop/prices/__init__.py", "")
    suite.write(
        "shop/prices/rates.py",
        """
        import os
        import posix

        RATE = os.environ.get("RATE", "1")

        def rate():
            return RATE, posix.getpid()
        """,
    )
    suite.tests(
        """
        import os
        from shop.prices.rates import rate

        def test_a_setting_that_was_read_while_importing(monkeypatch):
            monkeypatch.setenv("RATE", "9")
            found, pid = rate()
            assert found == "1"
            assert pid != os.getpid()
        """
    )

    outcome = suite.run("micro")

    assert outcome.counts == {"passed": 1}, outcome.text
    assert outcome.status == 0, outcome.text


def test_a_part_of_a_package_that_cannot_be_imported_is_left_to_the_package(suite):
    suite.write("seamline.toml", "[services.data]\npackage = 'shop.data'")
    suite.write(
        "shop/data/__init__.py",
        """
        import os
        import posix

        try:
            from shop.data import fast
        except ImportError:
            fast = None

        def find():
            return fast, posix.getpid()
        """,
    )
    suite.write("shop/data/fast.py", "import no_such_library\n")
    suite.tests(
        """
        import os
        from shop import data

        def test_without_it():
            found, pid = data.find()
            assert found is None
            assert pid != os.getpid()
        """
    )

    outcome = suite.run("micro")

    assert outcome.counts == {"passed": 1}, outcome.text
    assert outcome.status == 0, outcome.text
