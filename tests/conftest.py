"""What the suites that drive the reference application from outside begin with."""

import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

# A shell starts what runs in its background deaf to Ctrl-C, and so would be whatever tests start.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture
def longrun(tmp_path: Path) -> Iterator[Any]:
    """longrun, not started yet. At the end of a test none of its processes is left."""
    from tests.reference import longrun_in  # no other suite waits for what it imports

    with longrun_in(tmp_path) as made:
        yield made


@pytest.fixture
def visit() -> Iterator[Any]:
    """Open a new browser on a site."""
    from tests.reference import visitors

    with visitors() as open_visitor:
        yield open_visitor
