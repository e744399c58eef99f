"""The pytest plugin: the application's own tests, over the split application.

``pytest --seamline-layout NAME`` runs every test as it is; only what the application's
packages call of each other goes over seams. Without the option nothing is imported, hooked
or changed.
"""

from __future__ import annotations

import logging
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest

if TYPE_CHECKING:
    from collections.abc import Generator

    from seamline.testing.session import SplitSession

_MARKER: Final = (
    "seamline_errors: the test provokes seam errors on purpose, so that they do not fail the run"
)
_SESSION: Final = pytest.StashKey["_Watch"]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add ``--seamline-layout`` and ``--seamline-config``."""
    group = parser.getgroup("seamline", "seamline: the same tests over a split application")
    group.addoption(
        "--seamline-layout",
        metavar="NAME",
        help="run the application in this layout: mono, local, micro or one of seamline.toml",
    )
    group.addoption(
        "--seamline-config",
        metavar="PATH",
        help="the seamline.toml to use; default: the one at or above the tests",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker and, in a process that runs tests, the layout's watch."""
    config.addinivalue_line("markers", _MARKER)
    layout = config.getoption("--seamline-layout")
    is_controller = bool(config.getoption("numprocesses", None)) and not hasattr(
        config, "workerinput"
    )
    if layout is None or is_controller or config.getoption("--collect-only"):
        return
    watch = _Watch(config, _session(config, layout))
    config.stash[_SESSION] = watch
    config.pluginmanager.register(watch, "seamline-watch")


@pytest.fixture(scope="session")
def seamline_layout(request: pytest.FixtureRequest) -> str:
    """The layout the tests run in: ``mono`` when nothing else was asked for."""
    return str(request.config.getoption("--seamline-layout") or "mono")


def _session(config: pytest.Config, layout: str) -> SplitSession:
    from seamline import config as settings  # only a run that asks for a layout pays for it
    from seamline.errors import UsageError
    from seamline.testing.session import SplitSession

    try:
        file = _find_file(config)
        loaded = settings.load(file, environ=os.environ, overrides={"layout": layout})
        loaded.layout_named(layout)
        return SplitSession(loaded, layout)
    except UsageError as exc:
        raise pytest.UsageError(f"{exc} [{exc.code}]") from exc


def _find_file(config: pytest.Config) -> Path:
    from seamline.errors import ConfigError

    named = config.getoption("--seamline-config")
    if named is not None:
        return Path(named).absolute()
    given = [Path(arg.partition("::")[0]) for arg in config.args]
    start = next((path for path in given if path.exists()), config.invocation_params.dir)
    start = start.absolute()
    for directory in (start, *start.parents):
        if (directory / "seamline.toml").is_file():
            return directory / "seamline.toml"
    raise ConfigError(
        f"no seamline.toml at or above {start}", remedy="name it with: --seamline-config PATH"
    )


class _Messages(logging.Handler):
    """Keeps what was logged of seam errors while one test ran."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.texts: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.texts.append(record.getMessage())


class _Watch:
    """Watches one test session over a layout, and judges it at its end."""

    def __init__(self, config: pytest.Config, session: SplitSession) -> None:
        self._config = config
        self._session = session
        self._messages = _Messages()
        self._errors_before: dict[str, int] = {}
        self._host_lines_before = 0
        self._swallowed: list[str] = []
        self._local: dict[str, list[str]] = {}
        self._is_partial = _is_partial(config)
        self._answered: dict[str, int] = {}
        self._verdicts: list[str] = []

    # -- the session -------------------------------------------------------------------

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionstart(self) -> None:
        from seamline.errors import SeamlineError

        logging.getLogger("seamline.rpc").addHandler(self._messages)
        try:
            self._session.start()
        except SeamlineError as exc:
            self._session.stop()
            raise pytest.UsageError(f"{exc} [{exc.code}]") from exc

    def pytest_deselected(self) -> None:
        self._is_partial = True

    def pytest_collection_finish(self) -> None:
        """The application is imported now, so every seam must stand."""
        self._session.verify()

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        if exitstatus in {pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED}:
            self._answered = self._session.answered()
            self._judge()
        self._session.stop()
        logging.getLogger("seamline.rpc").removeHandler(self._messages)
        if self._verdicts and exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED
        workeroutput = getattr(self._config, "workeroutput", None)
        if workeroutput is not None:
            workeroutput["seamline"] = self._answered

    def _judge(self) -> None:
        if self._swallowed:
            self._verdicts.append(
                "seam errors were raised in tests that passed, so the application swallowed them:"
            )
            self._verdicts += [f"  {line}" for line in self._swallowed]
        idle = [name for name in self._session.services if not self._answered.get(name)]
        if idle and not self._is_partial:
            self._verdicts.append(
                f"no test made a call to {', '.join(idle)}: these tests say nothing about "
                "that seam"
            )

    # -- one test ----------------------------------------------------------------------

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, object, object]:
        self._messages.texts.clear()
        self._host_lines_before = len(self._session.host_lines)
        self._errors_before = self._session.seam_errors()
        self._session.begin_test()
        try:
            return (yield)
        finally:
            for cause in self._causes():
                self._local.setdefault(cause, []).append(item.nodeid)
            self._session.end_test()

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        report = yield
        if report.failed:
            lines = self._session.host_lines[self._host_lines_before :]
            if lines:
                report.sections.append(("Captured output of hosts", "\n".join(lines)))
        elif call.when == "call" and report.passed:
            self._notice_swallowed(item)
        return report

    def _notice_swallowed(self, item: pytest.Item) -> None:
        if item.get_closest_marker("seamline_errors") is not None:
            return
        errors = self._session.seam_errors()
        before = self._errors_before
        grown = {code for code, count in errors.items() if count > before.get(code, 0)}
        if grown:
            what = self._messages.texts or [f"[{code}] in a host" for code in sorted(grown)]
            self._swallowed += [f"{item.nodeid}: {text}" for text in what]

    def _causes(self) -> list[str]:
        patched = [f"patched {service}" for service in sorted(self._session.patched)]
        return patched + sorted({one.what for one in self._session.unseen})

    # -- what is printed ---------------------------------------------------------------

    def pytest_report_header(self) -> str:
        return f"seamline: layout {self._session.layout}"

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        terminalreporter.section(f"seamline: layout {self._session.layout}")
        if not self._session.is_split:
            terminalreporter.line("one process; nothing is hooked")
        for service in self._session.services:
            functions = self._session.calls().get(service, {})
            total = self._answered.get(service, 0)
            shown = " · ".join(
                f"{name.rpartition('.')[2]} {count}"
                for name, count in sorted(functions.items(), key=lambda pair: -pair[1])
                if count
            )
            elsewhere = total - sum(functions.values())
            if elsewhere > 0:
                shown += f" · from other hosts {elsewhere}"
            terminalreporter.line(f"{service}: {total} calls  ({shown or 'none'})")
        for cause, tests in self._local.items():
            terminalreporter.line(f"{len(tests)} tests with {cause}: {', '.join(tests[:3])}")
        for line in self._verdicts:
            terminalreporter.line(line, red=True)


def _is_partial(config: pytest.Config) -> bool:
    """Whether the command line asked for less than whole directories of tests."""
    chosen = [argument for argument in config.args if not Path(argument).is_dir()]
    options = ("keyword", "markexpr", "lf", "failedfirst", "stepwise", "maxfail")
    return bool(chosen) or any(config.getoption(name, None) for name in options)
