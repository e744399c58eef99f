"""Django's own ``manage.py test`` over a split application: a test runner.

    manage.py test --testrunner seamline.testing.django.Runner --seamline-layout micro

It is the project's own runner (``TEST_RUNNER``), with seams open while tests run; what is
counted, run local and judged is as under pytest.
"""

import argparse
import os
import sys
from pathlib import Path
from typing import Any, Final
from unittest import TestCase

from django.conf import settings as django_settings
from django.core.management import CommandError
from django.test.runner import DiscoverRunner
from django.utils.module_loading import import_string

from seamline import config as settings
from seamline.errors import ConfigError, SeamlineError, UsageError
from seamline.plan import DJANGO_TESTS_VARIABLE
from seamline.testing.looking import Test
from seamline.testing.session import SplitSession
from seamline.testing.swallowed import Noticing
from seamline.testing.tally import Tally

_NAME: Final = f"{__name__}.Runner"
_EXPECTING: Final = "seamline_errors"


def _own_runner() -> Any:
    """Return the runner that the project's settings name."""
    name = django_settings.TEST_RUNNER
    return DiscoverRunner if name == _NAME else import_string(name)


class Runner(_own_runner()):  # type: ignore[misc]  # which class it is, the project says
    """Runs the tests of a project with its services in processes of their own."""

    def __init__(
        self,
        *arguments: Any,
        seamline_layout: str = "micro",
        seamline_config: str | None = None,
        seamline_strict: bool = False,
        seamline_report: str | None = None,
        **options: Any,
    ) -> None:
        """Take the options of ``manage.py test``. Raises CommandError for what cannot be."""
        super().__init__(*arguments, **options)
        if self.parallel > 1:
            raise CommandError(
                "tests over seams run in one process: leave --parallel out. With pytest-django, "
                "pytest -n runs them in several",
                returncode=2,
            )
        self._layout = seamline_layout
        self._report = None if seamline_report is None else Path(seamline_report)
        self._session = SplitSession(
            _loaded(seamline_layout, seamline_config),
            seamline_layout,
            {DJANGO_TESTS_VARIABLE: "true" if self.debug_mode else "false"},
        )
        self._tally = Tally(is_strict=seamline_strict, expecting=f'@tag("{_EXPECTING}")')
        self._noticing = Noticing(self._session, self._tally)

    @classmethod
    def add_arguments(cls, parser: argparse.ArgumentParser) -> None:
        """Add the options that pytest has, too."""
        super().add_arguments(parser)
        parser.add_argument("--seamline-layout", default="micro", metavar="NAME")
        parser.add_argument("--seamline-config", metavar="PATH")
        parser.add_argument("--seamline-strict", action="store_true")
        parser.add_argument("--seamline-report", metavar="FILE")

    def run_tests(self, test_labels: Any, **options: Any) -> int:
        """Run the tests; return how many failed, verdicts about the seams among them."""
        chosen = (test_labels, self.tags, self.exclude_tags, self.test_name_patterns)
        self._tally.is_partial = any(chosen)
        self._noticing.begin()
        try:
            failed = int(super().run_tests(test_labels, **options))
        except SeamlineError as exc:
            raise CommandError(f"{exc} [{exc.code}]", returncode=2) from exc
        finally:
            self._noticing.end()
            self._session.stop()
        return self._judged(failed)

    def setup_test_environment(self, **options: Any) -> None:
        """Begin to start the hosts, before the tests are imported."""
        super().setup_test_environment(**options)
        self._session.start()
        self._tally.describe(self._session.analysis, self._session.services)

    def build_suite(self, *arguments: Any, **options: Any) -> Any:
        """Import the tests; then every seam must stand, and every host run."""
        suite = super().build_suite(*arguments, **options)
        self._session.finish_collection()
        self._noticing.collected()
        return suite

    def run_suite(self, suite: Any, **options: Any) -> Any:
        """Run the tests, and count what went over the seams."""
        result = super().run_suite(suite, **options)
        self._tally.is_partial |= result.shouldStop
        self._noticing.count()
        return result

    def get_test_runner_kwargs(self) -> dict[str, Any]:
        """Return what the unittest runner is made with: a result that tells of each test."""
        given = super().get_test_runner_kwargs()
        base = given.get("resultclass") or self.test_runner.resultclass
        given["resultclass"] = _watched(base, self._session, self._noticing)
        return dict(given)

    def _judged(self, failed: int) -> int:
        lines = [f"seamline: layout {self._layout}", *self._tally.lines(every=self.verbosity > 1)]
        if self._layout == "mono":
            lines.append("one process; nothing is hooked")
        if self._tally.says_nothing and self._tally.is_partial:
            lines.append("no call went over a seam in these tests")
        verdicts = self._tally.verdicts()
        sys.stderr.write("\n".join([*lines, *verdicts]) + "\n")
        failed += bool(verdicts)
        if self._report is not None:
            self._report.write_bytes(self._tally.to_json(self._layout, int(failed > 0)) + b"\n")
        return failed


def _watched(base: Any, session: SplitSession, noticing: Noticing) -> Any:
    """Return a class of results that tells a session of each test."""

    class Result(base):  # type: ignore[misc]  # whichever the project's runner has
        """Results of tests over seams."""

        _owner = ""
        _before = session.calls_so_far()
        _has_failed = False

        def startTest(self, test: TestCase) -> None:  # noqa: N802 - unittest's name
            """Put the seams in order."""
            owner = type(test)
            name = f"{owner.__module__}.{owner.__qualname__}"
            if name != self._owner:
                # What a class and its module set up lives as long as its tests.
                session.let_go(self._owner)
                session.hold(name, self._before)
                self._owner = name
            self._has_failed = False
            noticing.begin_test()
            session.begin_test(Test(getattr(owner, _method_of(test), None), owner))
            super().startTest(test)

        def stopTest(self, test: TestCase) -> None:  # noqa: N802 - likewise
            """Put the seams in order again, and see what was swallowed."""
            super().stopTest(test)
            expected = self._has_failed or _expects_errors(test)
            if not noticing.end_test(test.id(), is_expected=expected):
                self.stop()
            self._before = session.calls_so_far()

        def addError(self, test: TestCase, err: Any) -> None:  # noqa: N802 - likewise
            """Show beside an error what the hosts printed."""
            super().addError(test, err)
            self._show(self.errors)

        def addFailure(self, test: TestCase, err: Any) -> None:  # noqa: N802 - likewise
            """Show beside a failure what the hosts printed."""
            super().addFailure(test, err)
            self._show(self.failures)

        def addExpectedFailure(self, test: TestCase, err: Any) -> None:  # noqa: N802 - likewise
            """An expected failure was no silent one either."""
            super().addExpectedFailure(test, err)
            self._has_failed = True

        def _show(self, shown: list[tuple[Any, str]]) -> None:
            self._has_failed = True
            lines = noticing.output_of_hosts()
            if lines:
                test, text = shown[-1]
                shown[-1] = test, "\n".join([text, "Captured output of hosts:", *lines, ""])

    return Result


def _method_of(test: TestCase) -> str:
    return str(getattr(test, "_testMethodName", ""))


def _expects_errors(test: TestCase) -> bool:
    """Whether a test or its class is tagged as one that provokes seam errors."""
    owners = (test, getattr(test, _method_of(test), None))
    return any(_EXPECTING in getattr(owner, "tags", ()) for owner in owners)


def _loaded(layout: str, named: str | None) -> settings.Config:
    try:
        file = _find() if named is None else Path(named)
        loaded = settings.load(file, environ=os.environ)
        loaded = loaded.with_layout(layout, "--seamline-layout")
    except UsageError as exc:
        raise CommandError(f"{exc} [{exc.code}]", returncode=2) from exc
    return loaded


def _find() -> Path:
    here = Path.cwd()
    for directory in (here, *here.parents):
        if (directory / "seamline.toml").is_file():
            return directory / "seamline.toml"
    raise ConfigError(
        f"no seamline.toml at or above {here}", remedy="name it with: --seamline-config PATH"
    )
