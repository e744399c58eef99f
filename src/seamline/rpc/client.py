"""The client of one remote group: every way to call it, from threads and event loops."""

from collections.abc import AsyncGenerator, Coroutine, Generator, Iterable, Sequence
from typing import Any

from seamline.plan import Limits
from seamline.rpc.async_caller import AsyncCaller
from seamline.rpc.caller import BlockingCaller
from seamline.rpc.model import Arguments, Identity, Target
from seamline.rpc.route import Route
from seamline.transport import close_after_fork


class Client:
    """Calls functions of one group; one per process and group, for all threads and loops.

    Args:
        group: Name of the remote group.
        paths: Sockets of its workers, in the order of their slots.
        identity: Who this process is, and the run's secret.
        targets: Functions that connections should know from the start; others are added
            when they are called first, at the price of a new connection.
        limits: The run's limits.
    """

    def __init__(
        self,
        group: str,
        paths: Sequence[str],
        *,
        identity: Identity,
        targets: Iterable[Target] = (),
        limits: Limits | None = None,
    ) -> None:
        self._route = Route(group, paths, identity, limits or Limits())
        self._route.declare(targets)
        self._blocking = BlockingCaller(self._route)
        self._looped = AsyncCaller(self._route)
        close_after_fork(self)

    def declare(self, targets: Iterable[Target]) -> None:
        """Make functions known to connections that are opened from now on."""
        self._route.declare(targets)

    def connect(self, seconds: float) -> None:
        """Have every worker look up now what was declared, which imports it there.

        Blocks for so long at most. Raises nothing: what is wrong, the first call says.
        """
        self._blocking.connect(seconds)

    def resize(self, paths: Sequence[str]) -> None:
        """Call other workers of the group from now on: one for each of these sockets."""
        self._route.resize(paths)

    def call(self, target: Target, arguments: Arguments) -> Any:
        """Call a function and wait for its result, blocking this thread.

        Raises:
            SeamError: The seam failed; its class says what to do about it.
            BaseException: Whatever the function itself raised.
        """
        return self._blocking.call(target, arguments)

    def call_async(self, target: Target, arguments: Arguments) -> Coroutine[Any, Any, Any]:
        """Return the coroutine of a call. Raises as :meth:`call`.

        A cancellation is passed on; what the callee makes of it (a clean-up, a value) is
        awaited, until the deadline at most.
        """
        return self._looped.call(target, arguments)

    def stream(self, target: Target, arguments: Arguments) -> Generator[Any, Any, Any]:
        """Return the generator of a remote generator function; nothing is sent before ``next``."""
        return self._blocking.stream(target, arguments)

    def stream_async(self, target: Target, arguments: Arguments) -> AsyncGenerator[Any, Any]:
        """Return the generator of a remote asynchronous generator function."""
        return self._looped.stream(target, arguments)

    def close(self) -> None:
        """Close idle connections now, and the others when their calls have ended."""
        self._route.is_closed = True
        self._blocking.close()
        self._looped.close()

    def after_fork(self) -> None:
        """Begin anew in a forked child: every connection belongs to the parent."""
        self._route.after_fork()
        self._looped.after_fork()
