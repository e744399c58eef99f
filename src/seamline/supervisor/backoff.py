"""How long a slot waits before its next worker is started."""

import random
from collections.abc import Callable
from typing import Final

# Waits before something is started again: doubled with each death, reset by a long life.
FIRST_BACKOFF_SECONDS: Final = 0.1
LAST_BACKOFF_SECONDS: Final = 30.0
# So many starts in a row wait no longer than the first, as systemd's ``StartLimitBurst`` has it.
_BURST: Final = 5
#: What lived longer than this begins to count its deaths anew, ready or not.
LONG_LIFE_SECONDS: Final = 60.0
# A worker that was ready for as long as it took to start does so, too, but not before this.
_LEAST_SERVICE_SECONDS: Final = 1.0


def is_long_life(started_at: float, ready_at: float | None, now: float) -> bool:
    """Whether what dies now lived for long enough to be started again without waiting longer.

    A worker that is killed now and then served meanwhile, so its slot is not to stay empty for
    longer each time. At least half of the time it is in service, so starting it costs less.

    Args:
        started_at: When it was started, in seconds of a clock.
        ready_at: When it began to serve; None if it never did, or nobody knows, as of a command.
        now: When it died.
    """
    if now - started_at > LONG_LIFE_SECONDS:
        return True
    if ready_at is None:
        return False
    return now - ready_at > max(ready_at - started_at, _LEAST_SERVICE_SECONDS)


def restart_delay(deaths: int) -> float:
    """Return the seconds to wait with a worker after that many of its slot died in a row.

    A few deaths in a row, as by whatever kills workers for their memory, leave no slot empty for
    long; a slot whose workers keep dying waits longer and longer.
    """
    return backoff(max(deaths - _BURST + 1, 1))


def backoff(deaths: int, jitter: Callable[[], float] = random.random) -> float:
    """Return the seconds to wait after that many deaths in a row, spread by up to a quarter.

    The spread keeps slots that died together from starting together for ever.
    """
    # 2**16 is past the last step; larger powers would only be slow to compute.
    whole = min(FIRST_BACKOFF_SECONDS * 2 ** min(deaths - 1, 16), LAST_BACKOFF_SECONDS)
    return float(whole * (1 - 0.25 * jitter()))
