"""The pytest plugin: the application's own tests, over the split application.

``pytest --seamline-layout NAME`` runs every test as it is; only what the application's
packages call of each other goes over seams. Without the option nothing is imported, hooked
or changed.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Final

import pytest

if TYPE_CHECKING:
    from collections.abc import Generator

    from seamline.testing.early import Early

_MARKER: Final = (
    "seamline_errors: the test provokes seam errors on purpose, so that they do not fail the run"
)
_EARLY: Final[pytest.StashKey[Early]] = pytest.StashKey()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add ``--seamline-layout`` and what belongs to it."""
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

    group.addoption(
        "--seamline-strict",
        action="store_true",
        help="fail for every warning: tests that ran local, what check finds, idle seams",
    )
    group.addoption(
        "--seamline-report",
        metavar="FILE",
        help="write what went over the seams, and what did not, to FILE as JSON",
    )


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_load_initial_conftests(
    early_config: pytest.Config,
) -> Generator[None, object, object]:
    """Begin to start hosts while pytest loads what may load the application."""
    options = early_config.known_args_namespace
    is_controller = (
        getattr(options, "numprocesses", None) or getattr(options, "dist", "no") != "no"
    )
    layout = getattr(options, "seamline_layout", None)
    if layout in {None, "mono", "local"} or options.collectonly or is_controller:
        return (yield)
    from seamline.testing.early import Early

    early_config.stash[_EARLY] = early = Early(early_config)
    early_config.add_cleanup(early.end)
    early.watch()
    try:
        return (yield)
    finally:
        early.spawn()


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker and, if a layout is asked for, what watches over it."""
    config.addinivalue_line("markers", _MARKER)
    layout = config.getoption("--seamline-layout")
    if layout is None:
        return
    if not hasattr(pytest, "FixtureDef"):
        raise pytest.UsageError(
            "--seamline-layout needs pytest 8 or newer, and this is pytest "
            f"{pytest.__version__}: {sys.executable} -m pip install 'pytest>=8'"
        )
    # Only a run that asks for a layout pays for what follows.
    from seamline.testing.options import load_config, variables_of

    loaded = load_config(config, config.option, config.args)
    if config.getoption("--collect-only"):
        return
    from seamline.testing.session import SplitSession
    from seamline.testing.watch import Summary, Watch

    summary = Summary(config, layout)
    config.pluginmanager.register(summary, "seamline-summary")
    # The controller of xdist runs no tests: each of its workers has hosts of its own.
    is_worker = hasattr(config, "workerinput")
    if is_worker or config.getoption("dist", "no") == "no":
        early, variables = config.stash.get(_EARLY, None), variables_of(config)
        session = (
            SplitSession(loaded, layout, variables)
            if early is None
            else early.session(loaded, variables)
        )
        watch = Watch(config, session, summary.tally)
        config.pluginmanager.register(watch, "seamline-watch")


@pytest.fixture(scope="session")
def seamline_layout(request: pytest.FixtureRequest) -> str:
    """The layout the tests run in: ``mono`` when nothing else was asked for."""
    return str(request.config.getoption("--seamline-layout") or "mono")
