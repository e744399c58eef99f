"""How processes end, and why they do not start, in words."""

import signal
from collections.abc import Iterable

from seamline.errors import StartError


def how_ended(code: int | None) -> str:
    """Say how a process ended: ``was killed by SIGKILL``.

    Args:
        code: As in :class:`subprocess.Popen`; ``None`` while it lives.
    """
    if code is None:
        return "is alive"
    if code < 0:
        return f"was killed by {signal.Signals(-code).name}"
    return f"exited with status {code}"


def why_not_started(exc: OSError) -> str:
    """Say why a process could not be made: ``Permission denied: '/usr/bin/python3'``."""
    said = exc.strerror or str(exc)
    return f"{said}: {exc.filename!r}" if exc.filename else said


def raise_first(outcomes: Iterable[object]) -> None:
    """Raise the first error among the outcomes of starts, if there is one.

    Raises:
        StartError: A process could not be made: out of descriptors, memory or processes, or an
            interpreter that cannot be executed.
    """
    for outcome in outcomes:
        if isinstance(outcome, OSError) and not isinstance(outcome, TimeoutError):
            why = why_not_started(outcome)
            raise StartError(f"a worker could not be started: {why}") from outcome
        if isinstance(outcome, BaseException):
            raise outcome
