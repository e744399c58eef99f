"""The law of the seam, tested by the same bodies in every layout.

Plain ``pytest`` runs them in one process; with ``--seamline-layout`` they run over seams.
"""

import contextlib
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

Refusal = Callable[..., AbstractContextManager[object]]


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def split(seamline_layout: str) -> bool:
    """Whether there is a seam between the test and the package."""
    return seamline_layout != "mono"


@pytest.fixture
def processes(seamline_layout: str) -> bool:
    """Whether the package is in another process than the test."""
    return seamline_layout not in {"mono", "local"}


@pytest.fixture
def refusal(split: bool) -> Refusal:
    """Expect this seam error where there is a seam, and none where there is not."""

    def expect(error: type[Exception], match: str) -> AbstractContextManager[object]:
        return pytest.raises(error, match=match) if split else contextlib.nullcontext()

    return expect


@pytest.fixture(autouse=True)
def _empty_host() -> None:
    from law import flow, state

    flow.log()
    state.set_step(1)
    state.reset()
