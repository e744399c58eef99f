"""seamline.testing.django: ``manage.py test`` over a split project."""

import json
import subprocess
import sys

import pytest
from tests.unit.testing.test_plugins import SITE

pytestmark = pytest.mark.processes

MANAGE = """
    import os, sys
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "site_settings")
    from django.core.management import execute_from_command_line
    execute_from_command_line(sys.argv)
"""

PLAIN = r"""
    import os

    SEEN = []

    def process(): return os.getpid() + len(SEEN)
    def hold(value): return len(SEEN)
    def note(): SEEN.append(1)
    def say(): os.write(1, b"words of a host\n" + b"" * len(SEEN))
"""

TESTS = """
    import os
    import threading
    from unittest import mock

    from django.test import SimpleTestCase, TestCase, override_settings, tag
    from shelves import counting, plain, words
    from shelves.models import Book

    HERE = os.getpid()

    class Remote(SimpleTestCase):
        def test_a_call(self):
            self.assertNotEqual(plain.process(), HERE)

        def test_a_patch(self):
            with mock.patch.object(plain, "SEEN", [0] * 5):
                self.assertEqual(plain.process(), HERE + 5)

        @override_settings(GREETING="bye")
        def test_a_setting(self):
            self.assertEqual(words.greeting(), ("bye", HERE))

    class Rows(TestCase):
        @classmethod
        def setUpTestData(cls):
            Book.objects.create(title="one")

        def test_a_row(self):
            self.assertEqual(counting.count(), (1, HERE))
"""

SWALLOWING = """
    import threading

    from django.test import SimpleTestCase, tag
    from shelves import plain

    class Swallowing(SimpleTestCase):
        def swallow(self):
            try:
                plain.hold(threading.Lock())
            except TypeError:
                pass

        def test_silently(self):
            self.swallow()

        @tag("seamline_errors")
        def test_on_purpose(self):
            self.swallow()

    class Holding(SimpleTestCase):
        @classmethod
        def setUpClass(cls):
            super().setUpClass()
            plain.note()

        @tag("seamline_errors")
        def test_what_the_class_did_is_not_lost(self):
            import seamline
            from unittest import mock
            with self.assertRaisesRegex(seamline.InvisibleState, "plain.note"):
                with mock.patch.object(plain, "SEEN", []):
                    plain.process()

        def test_a_failure(self):
            plain.say()
            self.fail("no")
"""


@pytest.fixture
def site(suite):
    """A project with one table and two services."""
    for name, text in SITE.items():
        suite.write(name, text.replace("DATABASE}", f"{str(suite.root / 'site.db')!r}}}"))
    (suite.root / "pytest.ini").unlink()
    suite.write("manage.py", MANAGE)
    suite.write("tests/__init__.py", "")
    suite.write("shelves/plain.py", PLAIN)
    with (suite.root / "seamline.toml").open("a") as file:
        file.write("[services.plain]\npackage = 'shelves.plain'\n")
    return suite


def managed(site, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """Run ``manage.py test`` with the runner; no process of it is left then."""
    done = subprocess.run(
        [sys.executable, "manage.py", "test", "--testrunner", "seamline.testing.django.Runner",
         *arguments],
        cwd=site.root,
        env={**site.environment, "PYTHONWARNINGS": "default"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )  # fmt: skip
    assert site.processes() == set(), done.stderr
    return done


def test_a_project_is_tested_over_its_seams_and_counted(site):
    site.write("tests/test_site.py", TESTS)

    done = managed(site, "tests", "--seamline-report", "report.json", "-v", "2")

    assert done.returncode == 0, done.stderr
    assert "Ran 4 tests" in done.stderr
    assert "plain: 1 call  (process 1)" in done.stderr
    report = json.loads((site.root / "report.json").read_text())
    causes = {test: {one["cause"] for one in found} for test, found in report["local"].items()}
    assert causes["tests.test_site.Remote.test_a_patch"] == {"patched"}
    assert "changed settings" in causes["tests.test_site.Remote.test_a_setting"]
    assert "test database" in causes["tests.test_site.Rows.test_a_row"]
    assert "tests.test_site.Remote.test_a_call" not in causes


def test_a_whole_run_in_which_a_seam_saw_no_call_fails(site):
    site.write("tests/test_site.py", TESTS)

    done = managed(site)

    assert done.returncode == 1, done.stderr
    assert "no call went over the seam to shelves, words: " in done.stderr
    assert "test database: hosts open the database that the settings name" in done.stderr


def test_swallowed_errors_and_failures_are_told_with_their_tests(site):
    site.write("tests/test_site.py", SWALLOWING)

    done = managed(site, "tests")

    assert done.returncode == 1, done.stderr
    assert "FAILED (failures=1)" in done.stderr
    assert "Swallowing.test_silently: [not-sendable]" in done.stderr
    assert "Swallowing.test_on_purpose:" not in done.stderr
    assert 'on purpose: @tag("seamline_errors")' in done.stderr
    assert "1 test refused: 1 patched" in done.stderr
    assert "words of a host" in done.stderr.partition("Captured output of hosts:")[2]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        pytest.param(["--parallel", "2"], "leave --parallel out", id="parallel"),
        pytest.param(["--seamline-layout", "mirco"], 'did you mean "micro"?', id="layout"),
        pytest.param(["--seamline-config", "no.toml"], "no.toml", id="file"),
    ],
)
def test_what_cannot_be_used_is_said_before_a_test_runs(site, arguments, says):
    site.write("tests/test_site.py", TESTS)

    done = managed(site, *arguments)

    assert done.returncode == 2, done.stderr
    assert says in done.stderr
    assert "Traceback" not in done.stderr


def test_the_projects_own_runner_stays_in_charge(site):
    site.write("tests/test_site.py", TESTS)
    site.write(
        "own.py",
        """
        from django.test.runner import DiscoverRunner
        class Own(DiscoverRunner):
            def run_suite(self, suite, **options):
                print("by our own runner")
                return super().run_suite(suite, **options)
        """,
    )
    with (site.root / "site_settings.py").open("a") as file:
        file.write("TEST_RUNNER = 'own.Own'\n")

    done = managed(site, "tests", "--seamline-layout", "mono")

    assert done.returncode != 0  # in one process the tests' own places differ
    assert "by our own runner" in done.stdout
    assert "one process; nothing is hooked" in done.stderr
