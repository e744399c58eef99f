"""Threads that answer requests and calls: how busy they are, and whether they stand still.

A worker whose threads are all stuck still beats, since its event loop is well, and still takes
requests that nobody will answer.
"""

import time
from collections.abc import Callable
from typing import Final

from seamline.worker.http import Application, Message, Receive, Scope, Send

# A share of less time than this is one of chance.
_SHORTEST_SECONDS: Final = 0.5


class Pool:
    """Stands before a WSGI application, counts what moves in its threads, and holds heads back.

    Args:
        application: The application behind its adapter, which runs one request in a thread.
        threads: How many the adapter has.

    Attributes:
        moves: Grows when a request ends, or sends or receives a part of its body.
    """

    def __init__(self, application: Application, threads: int) -> None:
        self._application = application
        self._threads = threads
        self._inside = 0
        self.moves = 0

    @property
    def busy(self) -> float:
        """Share of the threads that work, 0 to 1."""
        return min(self._inside / self._threads, 1.0)

    @property
    def is_full(self) -> bool:
        """Whether every thread is busy and a request waits for one."""
        return self._inside > self._threads

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or pass on what is none."""
        if scope["type"] != "http":
            await self._application(scope, receive, send)
            return

        held: Message | None = None

        async def sent(message: Message) -> None:
            # PEP 3333: the head waits for the first part of the body, and an application that
            # fails before that has sent nothing.
            nonlocal held
            if message["type"] == "http.response.start":
                held = message
            else:
                if held is not None:
                    start, held = held, None
                    await send(start)
                await send(message)
            self.moves += 1

        async def received() -> Message:
            message = await receive()
            self.moves += 1
            return message

        self._inside += 1
        try:
            await self._application(scope, received, sent)
        finally:
            self._inside -= 1
            self.moves += 1


class Standstill:
    """How long nothing has moved in threads that are all busy while somebody waits for one."""

    def __init__(self) -> None:
        self._moves = -1
        self._since = 0.0

    def seconds(self, moves: int, *, is_full: bool, now: float) -> float:
        """Look again, and return since when it has been so; 0 when it is not."""
        if moves != self._moves or not is_full:
            self._moves, self._since = moves, now
        return now - self._since


class Busyness:
    """What share of what a process can do it does.

    Args:
        spent: Returns the processor seconds of the process so far.
        now: Returns the seconds of a clock.
    """

    def __init__(
        self,
        spent: Callable[[], float] = time.process_time,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._spent = spent
        self._now = now
        self._before = (spent(), now())
        self._share = 0.0

    def share(self, threads: float) -> float:
        """Return it, 0 to 1: of one processor since the last look, or of threads if more.

        Args:
            threads: Share of the threads that work now.
        """
        spent, now = self._spent(), self._now()
        if now - self._before[1] >= _SHORTEST_SECONDS:
            self._share = (spent - self._before[0]) / (now - self._before[1])
            self._before = (spent, now)
        return min(max(self._share, threads), 1.0)
