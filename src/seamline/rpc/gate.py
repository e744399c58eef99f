"""A bound on how many synchronous calls one worker runs at a time, first come, first served."""

import threading
import time
from collections import deque
from collections.abc import Callable


class Gate:
    """Lets ``limit`` threads in at a time and ``queue`` more wait.

    A plain lock instead of a Condition: passing a free gate costs 0.2 us instead of 2.

    Attributes:
        moves: How many have left.
    """

    def __init__(
        self, limit: int, queue: int, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._limit = limit
        self._queue = queue
        self._clock = clock
        self._lock = threading.Lock()
        self._inside = 0
        self.moves = 0
        self._waiting: deque[threading.Lock] = deque()

    @property
    def inside(self) -> int:
        """How many are inside."""
        return self._inside

    @property
    def is_full(self) -> bool:
        """Whether nobody else is let in, and somebody waits."""
        return bool(self._waiting) and self._inside >= self._limit

    @property
    def waiting(self) -> int:
        """How many wait."""
        return len(self._waiting)

    def enter(self, deadline: float | None, *, at_once: bool = False) -> bool:
        """Enter, waiting until ``deadline`` at most; return False when it passed.

        Args:
            deadline: Instant of the gate's clock.
            at_once: Go in beyond the limit: someone inside waits for this call.

        Raises:
            OverflowError: The queue is full.
        """
        with self._lock:
            if at_once or (self._inside < self._limit and not self._waiting):
                self._inside += 1
                return True
            if len(self._waiting) >= self._queue:
                raise OverflowError
            turn = threading.Lock()
            turn.acquire()
            self._waiting.append(turn)
        if turn.acquire(timeout=-1 if deadline is None else max(deadline - self._clock(), 0)):
            return True
        with self._lock:
            if turn in self._waiting:
                self._waiting.remove(turn)
                return False
        # Our turn came while we gave up: it is ours, and whoever is next must not wait for it.
        self.leave()
        return False

    def leave(self) -> None:
        """Let the next one in."""
        with self._lock:
            self.moves += 1
            if self._waiting and self._inside <= self._limit:
                self._waiting.popleft().release()
            else:
                self._inside -= 1
