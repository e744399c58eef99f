"""seamline.testing beside other plugins and other ways to write tests."""

import json
import subprocess
import sys

import pytest

pytestmark = pytest.mark.processes

ALONE = """
    [services.stock]
    package = "shop.stock"
"""


@pytest.fixture
def alone(suite):
    """One package, and nothing else."""
    suite.write("seamline.toml", ALONE)
    suite.write("shop/web.py", "")
    suite.write("shop/orders.py", "")
    return suite


def test_coroutines_of_tests_call_hosts_under_anyio(alone):
    alone.write(
        "shop/stock.py",
        """
        import os
        STOCK = {}
        async def process():
            STOCK["asked"] = STOCK.get("asked", 0) + 1
            return os.getpid()
        async def every(count):
            for number in range(count):
                STOCK["at"] = number
                yield number
        """,
    )
    alone.tests(
        """
        import os

        @pytest.fixture
        def anyio_backend():
            return "asyncio"

        @pytest.mark.anyio
        async def test_a_coroutine():
            assert await stock.process() != os.getpid()
            assert [n async for n in stock.every(3)] == [0, 1, 2]
        """
    )

    outcome = alone.run("micro", "-p", "anyio.pytest_plugin")

    assert outcome.status == 0, outcome.text
    assert outcome.counts == {"passed": 1}


def test_test_cases_of_unittest_have_fixtures_of_a_class_and_patches(alone):
    alone.tests(
        """
        import os, unittest
        from unittest import mock

        class TestStock(unittest.TestCase):
            @classmethod
            def setUpClass(cls):
                cls.before = stock.take("tea", 2)

            def setUp(self):
                self.patch = mock.patch.object(stock, "LIMIT", 100)

            def test_remote(self):
                self.assertEqual(stock.left("tea"), self.before)
                self.assertNotEqual(stock.process(), os.getpid())

            def test_what_the_class_did_on_the_host_is_not_lost(self):
                with self.assertRaisesRegex(Exception, "shop.stock.take"):
                    self.patch.start()

        class TestPatched(unittest.TestCase):
            @mock.patch("shop.stock._bonus", return_value=50)
            def test_local(self, bonus):
                with self.assertRaisesRegex(ValueError, "at most 55"):
                    stock.take("tea", 101)
        """
    )

    outcome = alone.run("micro")

    assert outcome.counts == {"passed": 3}, outcome.text
    assert "1 test local: 1 patched" in outcome.text


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param(["-n", "2", "-p", "pytest_randomly"], id="xdist and randomly"),
        pytest.param(["--import-mode=importlib"], id="importlib"),
        pytest.param(["--timeout=30"], id="timeout"),
    ],
)
def test_a_suite_passes_beside_other_plugins(alone, arguments):
    alone.tests(
        "import os\ndef test_a(): assert stock.process() != os.getpid()", "tests/test_a.py"
    )
    alone.tests(
        "import os\ndef test_b(): assert stock.process() != os.getpid()", "tests/test_b.py"
    )

    outcome = alone.run("micro", *arguments)

    assert outcome.status == 0, outcome.text
    assert outcome.counts == {"passed": 2}
    assert outcome.calls("stock") == 2


def test_processes_of_xdist_tell_why_their_hosts_did_not_start(alone):
    alone.write("shop/stock.py", "STOCK = {}\nimport nowhere_to_be_found\n")
    alone.write("tests/test_it.py", "def test_it(): pass")

    outcome = alone.run("micro", "-n", "1")

    assert outcome.status == 2, outcome.text
    assert "shop/stock.py:2: cannot import shop.stock" in outcome.text
    assert "INTERNALERROR" not in outcome.text


def test_lines_that_run_on_hosts_count_as_covered(alone):
    alone.tests("def test_it(): assert stock.left('tea') == 10")
    alone.write(".coveragerc", "[run]\nparallel = true\nsource = shop\npatch = subprocess\n")
    coverage = [sys.executable, "-m", "coverage"]

    def run(*arguments: str) -> str:
        done = subprocess.run(
            [*coverage, *arguments],
            cwd=alone.root,
            env={k: v for k, v in alone.environment.items() if not k.startswith("COVERAGE_")},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    run("run", "-m", "pytest", "-p", "no:anyio", "-p", "no:asyncio", "--seamline-layout", "micro")
    run("combine")
    run("json", "-o", "covered.json")
    covered = json.loads((alone.root / "covered.json").read_text())
    lines = (alone.root / "shop/stock.py").read_text().splitlines()

    executed = {
        lines[line - 1].strip() for line in covered["files"]["shop/stock.py"]["executed_lines"]
    }
    assert "return STOCK[name]" in executed
    assert "STOCK.clear()" not in executed


def test_hosts_are_started_again_in_the_environment_the_application_was_imported_in(alone):
    alone.write(
        "shop/stock.py",
        """
        import os
        COLOUR = os.environ.get("COLOUR")
        STOCK = {"tea": 1}
        def colour():
            STOCK["tea"] += 1
            return COLOUR
        """,
    )
    alone.write("tests/inner/conftest.py", "import os\nos.environ['COLOUR'] = 'red'\n")
    alone.write(
        "tests/inner/test_it.py",
        "from shop import stock\ndef test_it():\n    assert stock.colour() == 'red'\n",
    )

    outcome = alone.run("micro")

    assert outcome.status == 0, outcome.text
    assert outcome.calls("stock") == 1


def test_a_file_that_is_kept_elsewhere_splits_the_project_that_is_tested(alone, tmp_path_factory):
    elsewhere = tmp_path_factory.mktemp("elsewhere") / "seamline.toml"
    (alone.root / "seamline.toml").rename(elsewhere)
    alone.tests("import os\ndef test_it(): assert stock.process() != os.getpid()")

    outcome = alone.run("micro", "--seamline-config", str(elsewhere))

    assert outcome.status == 0, outcome.text
    assert outcome.calls("stock") == 1


def test_a_part_of_the_tests_that_makes_no_call_says_so(alone):
    alone.tests("def test_nothing(): pass")

    part = alone.run("micro", "tests/test_shop.py")
    whole = alone.run("micro")

    assert "no call went over a seam in these tests" in part.text
    assert (part.status, whole.status) == (0, 1)


def test_patches_of_the_distribution_mock_are_seen_too(alone):
    alone.write(
        "mock-5.2.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: mock\nVersion: 5.2.0\n"
    )
    alone.write("mock/__init__.py", "from mock.mock import *\n")
    alone.write(
        "mock/mock.py",
        """
        from pathlib import Path
        from unittest import mock
        exec(compile(Path(mock.__file__).read_text(), __file__, "exec"))
        """,
    )
    alone.write(
        "shop/stock.py",
        """
        import os
        STOCK = []
        def listed(path):
            STOCK.append(path)
            return os.listdir(path)
        """,
    )
    alone.tests(
        """
        def test_a_patch_that_is_imported_late():
            import mock
            with mock.patch("os.listdir", lambda path: ["patched"]):
                assert stock.listed(".") == ["patched"]

        def test_none():
            assert stock.listed(".") != ["patched"]
        """
    )

    outcome = alone.run("micro")

    assert outcome.status == 0, outcome.text
    assert outcome.counts == {"passed": 2}
    assert "1 test local: 1 patched" in outcome.text
