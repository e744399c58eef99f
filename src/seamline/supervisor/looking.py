"""Looking at a run again and again, whatever a look comes upon."""

import asyncio
import traceback
from collections.abc import Callable
from typing import Final, NoReturn, Protocol

from seamline.supervisor.logs import LogStream

_LOOK_SECONDS: Final = 0.5


class Look(Protocol):
    """One look."""

    def __call__(self, now: float, *, was_paused: bool) -> None:
        """Look.

        Args:
            now: The loop's time.
            was_paused: Whether this process stood still since the look before.
        """


async def look_regularly(look: Look, live: Callable[[], None], logs: LogStream) -> NoReturn:
    """Look twice a second until cancelled.

    Args:
        look: What may raise: it is written into the log, and looked again.
        live: Called each time before.
        logs: Where it is written.
    """
    loop = asyncio.get_running_loop()
    looked, wrong = loop.time(), ""
    while True:
        await asyncio.sleep(_LOOK_SECONDS)
        live()
        now = loop.time()
        try:
            look(now, was_paused=now - looked >= 2 * _LOOK_SECONDS)
        except Exception:  # noqa: BLE001 - the run goes on, and is looked after
            before, wrong = wrong, traceback.format_exc()
            if wrong != before:
                logs.block(wrong.rstrip())
        looked = now
