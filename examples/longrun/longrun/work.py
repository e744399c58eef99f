"""Does what the tables say is to be done, until it is told to stop: `python -m longrun.work`."""

import logging
import os
import select
import signal
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

from longrun import accounts, activities, jobs, notify


def clean_up(_now: datetime) -> None:
    """Delete accounts that nobody confirmed, and what is left of deleted ones."""
    accounts.purge()


# How often each is looked at, in seconds; one that had something to do is asked again at once.
TASKS: Final[tuple[tuple[float, Callable[[datetime], object]], ...]] = (
    (1, jobs.step),
    (5, notify.flush_outbox),
    # What somebody could not hear of when it happened.
    (5, lambda _now: accounts.announce()),
    (5, lambda _now: activities.announce()),
    (600, jobs.monthly_reports),
    (600, jobs.remind_workouts),
    (3600, clean_up),
)
_log = logging.getLogger(__name__)


def work() -> None:
    """Work until SIGINT or SIGTERM. Nothing is lost by a harder end, it only comes later."""
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(message)s")
    # Whatever is done when a signal comes is finished; waiting ends at once.
    told, tell = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
    signal.set_wakeup_fd(tell)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: None)
    _log.info("working; what is to be done is in the database")
    due = [0.0] * len(TASKS)
    while not select.select([told], [], [], max(0, min(due) - time.monotonic()))[0]:
        for index, (seconds, task) in enumerate(TASKS):
            if due[index] <= time.monotonic():
                due[index] = time.monotonic() + seconds
                try:
                    due[index] -= seconds if task(datetime.now(UTC)) else 0
                # The outermost loop: what failed is still in the tables, its turn comes again.
                except Exception:  # noqa: BLE001 - logged, every time
                    _log.exception("this will be tried again")


if __name__ == "__main__":
    work()
