"""Where running code stands: its deadline, the calls it is part of, whether it was cancelled.

The event loop, the thread and the chain of processes are read from here; nothing is sent.
"""

import asyncio
import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from time import monotonic  # as it is now: what a test puts into `time` is not for us
from typing import Final, TypeAlias

#: ``(worker, whether its event loop stands still until this call is answered)``
Hop: TypeAlias = tuple[str, bool]


def _never() -> bool:
    return False


class Situation:
    """What a call inherits from the code that makes it.

    Attributes:
        deadline: ``time.monotonic()`` instant, or ``None`` when nothing set one.
        chain: The calls being served, outermost first: the workers that wait for us.
        is_cancelled: Whether the caller of the call being served gave it up.
    """

    __slots__ = ("chain", "deadline", "is_cancelled")

    def __init__(
        self,
        deadline: float | None = None,
        chain: tuple[Hop, ...] = (),
        is_cancelled: Callable[[], bool] = _never,
    ) -> None:
        self.deadline = deadline
        self.chain = chain
        self.is_cancelled = is_cancelled


_NOWHERE: Final = Situation()
current: ContextVar[Situation] = ContextVar("seamline.situation", default=_NOWHERE)


@contextmanager
def deadline(seconds: float) -> Iterator[None]:
    """Give every call made inside the block at most ``seconds`` from now, all together.

    It can shorten what is left of an inherited deadline, never lengthen it. Calls that run
    out of it raise :class:`~seamline.errors.DeadlineExceeded`.
    """
    outer = current.get()
    instant = monotonic() + seconds
    if outer.deadline is not None:
        instant = min(instant, outer.deadline)
    token = current.set(Situation(instant, outer.chain, outer.is_cancelled))
    try:
        yield
    finally:
        current.reset(token)


def remaining() -> float:
    """Return the seconds left to the running code, ``inf`` when nothing set a deadline."""
    instant = current.get().deadline
    return math.inf if instant is None else instant - monotonic()


def cancelled() -> bool:
    """Return whether whoever called the running code gave up waiting for it.

    A long synchronous function may look at it between steps; asynchronous ones are
    cancelled as usual.
    """
    situation = current.get()
    if situation.deadline is not None and monotonic() >= situation.deadline:
        return True
    return situation.is_cancelled()


def is_on_loop() -> bool:
    """Return whether this thread runs an event loop, which a blocking call would stop."""
    return asyncio._get_running_loop() is not None  # noqa: SLF001 - the C function behind the public one, which raises for the common case
