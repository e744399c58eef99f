"""When a process last called each function of others. Only hosts of a test session note it."""

import time
from typing import Final

from seamline.interface import Function

# The clock that all processes of a machine share, and that tools which move the clock of a test
# leave alone.
_CLOCK: Final = time.CLOCK_MONOTONIC
_read: Final = time.clock_gettime_ns


def shared_clock() -> int:
    """Return this moment in nanoseconds, to be compared with those of other processes."""
    return _read(_CLOCK)


class LastCalls:
    """Notes calls; the latest of each function counts."""

    def __init__(self) -> None:
        self._at: dict[str, dict[str, int]] = {}

    def note(self, service: str, function: Function) -> bool:
        """Note a call that is about to be made; it is never kept here."""
        self._at.setdefault(service, {})[f"{function.module}.{function.name}"] = shared_clock()
        return False

    def read(self) -> dict[str, dict[str, int]]:
        """Return the moments, by service and dotted name of the function."""
        return {service: dict(functions) for service, functions in list(self._at.items())}
