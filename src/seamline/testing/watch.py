"""Watches a test session over a layout, and judges it at its end. Loaded only with a layout."""

from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

from seamline.errors import SeamlineError
from seamline.testing.looking import Test
from seamline.testing.session import SplitSession
from seamline.testing.swallowed import Noticing
from seamline.testing.tally import Tally


def test_of(item: pytest.Item) -> Test:
    """Return what there is to read of a test: its function, its class, its fixtures."""
    info = getattr(item, "_fixtureinfo", None)
    fixtures = [
        definition.func
        for definitions in getattr(info, "name2fixturedefs", {}).values()
        for definition in definitions
    ]
    return Test(getattr(item, "function", None), getattr(item, "cls", None), tuple(fixtures))


def is_partial(config: pytest.Config) -> bool:
    """Whether the command line asks for less than whole directories of tests."""
    chosen = [one for one in config.args if not Path(config.invocation_params.dir, one).is_dir()]
    options = ("keyword", "markexpr", "lf", "stepwise", "deselect", "ignore", "ignore_glob")
    return bool(chosen) or any(config.getoption(name, None) for name in options)


class Summary:
    """Prints a tally at the end of a session and fails the session by it.

    In the controller of xdist it is all there is: the workers have the seams.
    """

    def __init__(self, config: pytest.Config, layout: str) -> None:
        self.tally = Tally(is_strict=config.getoption("--seamline-strict"))
        self._layout = layout
        named = config.getoption("--seamline-report")
        self._report = None if named is None else config.invocation_params.dir / named
        # Workers of xdist tell their controller.
        self._is_judge = not hasattr(config, "workerinput")

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """Take in what a worker of xdist saw; one that crashed tells nothing."""
        told = getattr(node, "workeroutput", {}).get("seamline")
        if told is None:
            self.tally.is_partial = True
        else:
            self.tally.add(Tally.from_plain(told))

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        """Fail a session whose tests passed over seams that were not tested."""
        self.tally.is_partial |= bool(session.shouldfail or session.shouldstop)
        if exitstatus == pytest.ExitCode.OK and self.tally.verdicts():
            session.exitstatus = pytest.ExitCode.TESTS_FAILED
        if self._report is not None and self._is_judge:
            self._report.write_bytes(
                self.tally.to_json(self._layout, int(session.exitstatus)) + b"\n"
            )

    def pytest_report_header(self) -> str:
        """Name the layout."""
        return f"seamline: layout {self._layout}"

    def pytest_terminal_summary(self, terminalreporter: Any, exitstatus: int) -> None:
        """Print what went over the seams."""
        terminalreporter.section(f"seamline: layout {self._layout}")
        if self._layout == "mono":
            terminalreporter.line("one process; nothing is hooked")
        for line in self.tally.lines(every=terminalreporter.verbosity > 0):
            terminalreporter.line(line)
        if self.tally.says_nothing and self.tally.is_partial:
            terminalreporter.line("no call went over a seam in these tests", yellow=True)
        judged = {pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED}
        for line in self.tally.verdicts() if exitstatus in judged else self.tally.trouble:
            terminalreporter.line(line, red=True)


class Watch:
    """Holds the split application of one test process, from its start to its end."""

    def __init__(self, config: pytest.Config, session: SplitSession, tally: Tally) -> None:
        self._config = config
        self._session = session
        self._tally = tally
        self._tally.is_partial = is_partial(config)
        self._noticing = Noticing(session, tally)
        self._has_failed = False

    # -- the session -------------------------------------------------------------------

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionstart(self) -> None:
        """Begin to start the hosts before anything of the application is imported."""
        self._noticing.begin()
        try:
            self._session.start()
        except SeamlineError as exc:
            self._session.stop()
            self._refuse(exc)
        self._tally.describe(self._session.analysis, self._session.services)

    def pytest_deselected(self) -> None:
        """Tests were left out."""
        self._tally.is_partial = True

    def _refuse(self, exc: SeamlineError) -> None:
        """End the session; in a worker of xdist, whose errors nobody sees, by its controller."""
        if not hasattr(self._config, "workeroutput"):
            raise pytest.UsageError(f"{exc} [{exc.code}]") from exc
        self._tally.trouble.append(f"{exc} [{exc.code}]")

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """The application is imported now, so every seam must stand, and every host run."""
        try:
            self._session.finish_collection()
            self._noticing.collected()
        except SeamlineError as exc:
            self._refuse(exc)
        if self._tally.trouble:
            session.shouldfail = "the hosts of the tests did not start"

    @pytest.hookimpl(wrapper=True, trylast=True)
    def pytest_runtestloop(self) -> Generator[None, object, object]:
        """End the hosts with the last test: pytest-cov then takes what they measured together."""
        try:
            result = yield
        except (KeyboardInterrupt, pytest.exit.Exception):
            raise
        except BaseException:  # stopped early, by -x for one
            self._finish()
            raise
        self._finish()
        return result

    def _finish(self) -> None:
        self._noticing.count()
        self._session.stop()

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(
        self, fixturedef: pytest.FixtureDef[Any]
    ) -> Generator[None, object, object]:
        """Keep in mind what fixtures that outlive their test call while they are set up."""
        if fixturedef.scope == "function":
            return (yield)
        with self._session.fixture(fixturedef):
            return (yield)

    def pytest_fixture_post_finalizer(self, fixturedef: pytest.FixtureDef[Any]) -> None:
        """Forget a fixture that is torn down."""
        self._session.let_go(fixturedef)

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self) -> None:
        """Hand what was counted to the controller of xdist, if there is one."""
        workeroutput = getattr(self._config, "workeroutput", None)
        if workeroutput is not None:
            workeroutput["seamline"] = self._tally.to_plain()

    @pytest.hookimpl(tryfirst=True)
    def pytest_unconfigure(self) -> None:
        """Leave nothing behind, however the session came to its end."""
        self._session.stop()
        self._noticing.end()

    # -- one test ----------------------------------------------------------------------

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, object, object]:
        """Put the seams in order before and after a test with its fixtures."""
        self._noticing.begin_test()
        self._has_failed = False
        self._session.begin_test(test_of(item))
        try:
            return (yield)
        finally:
            self._end(item)

    def _end(self, item: pytest.Item) -> None:
        expected = item.get_closest_marker("seamline_errors") is not None
        if not self._noticing.end_test(item.nodeid, is_expected=expected or self._has_failed):
            item.session.shouldfail = "the hosts of the tests are gone"

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Show beside a failure what the hosts printed."""
        report = yield
        # An expected failure was no silent one either.
        self._has_failed |= report.failed or hasattr(report, "wasxfail")
        if report.failed:
            lines = self._noticing.output_of_hosts()
            if lines:
                report.sections.append(("Captured output of hosts", "\n".join(lines)))
        return report
