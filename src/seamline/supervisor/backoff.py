"""How long a slot waits before its next worker is started."""

import random
from collections.abc import Callable
from typing import Final

# Waits before a slot's worker is started again: doubled with each death, reset by a long life.
FIRST_BACKOFF_SECONDS: Final = 0.1
LAST_BACKOFF_SECONDS: Final = 30.0
#: Whatever lived longer than this begins to count its deaths anew.
LONG_LIFE_SECONDS: Final = 60.0


def backoff(deaths: int, jitter: Callable[[], float] = random.random) -> float:
    """Return the seconds to wait after that many deaths in a row, spread by up to a quarter.

    The spread keeps slots that died together from starting together for ever.
    """
    # 2**16 is past the last step; larger powers would only be slow to compute.
    whole = min(FIRST_BACKOFF_SECONDS * 2 ** min(deaths - 1, 16), LAST_BACKOFF_SECONDS)
    return float(whole * (1 - 0.25 * jitter()))
