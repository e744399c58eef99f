"""The pytest plugin: the application's own tests, over the split application.

``pytest --seamline-layout NAME`` runs every test as it is; only what the application's
packages call of each other goes over seams. Without the option nothing is imported, hooked
or changed.
"""

from __future__ import annotations

from typing import Final

import pytest

_MARKER: Final = (
    "seamline_errors: the test provokes seam errors on purpose, so that they do not fail the run"
)


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


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker and, if a layout is asked for, what watches over it."""
    config.addinivalue_line("markers", _MARKER)
    layout = config.getoption("--seamline-layout")
    if layout is None or config.getoption("--collect-only"):
        return
    # Only a run that asks for a layout pays for what follows.
    from seamline.testing.session import SplitSession
    from seamline.testing.watch import Summary, Watch, load_config, variables_of

    loaded = load_config(config, layout)
    summary = Summary(config, layout)
    config.pluginmanager.register(summary, "seamline-summary")
    # The controller of xdist runs no tests: each of its workers has hosts of its own.
    is_worker = hasattr(config, "workerinput")
    if is_worker or config.getoption("dist", "no") == "no":
        watch = Watch(config, SplitSession(loaded, layout, variables_of(config)), summary.tally)
        config.pluginmanager.register(watch, "seamline-watch")


@pytest.fixture(scope="session")
def seamline_layout(request: pytest.FixtureRequest) -> str:
    """The layout the tests run in: ``mono`` when nothing else was asked for."""
    return str(request.config.getoption("--seamline-layout") or "mono")
