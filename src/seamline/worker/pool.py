"""Threads that answer requests and calls: whether they have come to a standstill.

A worker whose threads are all stuck still beats, since its event loop is well, and still takes
requests that nobody will answer.
"""

from seamline.worker.http import Application, Message, Receive, Scope, Send


class Pool:
    """Stands before a WSGI application and counts what moves in its threads.

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
    def is_full(self) -> bool:
        """Whether every thread is busy and a request waits for one."""
        return self._inside > self._threads

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or pass on what is none."""
        if scope["type"] != "http":
            await self._application(scope, receive, send)
            return

        async def sent(message: Message) -> None:
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
