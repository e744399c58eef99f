"""How a run ends, and its last words."""

import signal
from collections.abc import Sequence
from enum import Enum
from typing import Final

from seamline.supervisor.group import Group

# timeout(1) and many a service manager signal the process and then its group: meant once.
_ONCE_SECONDS: Final = 0.2


class Ending(Enum):
    """Why a run ends, with the exit status of ``seamline run``."""

    STOPPED = 0
    INTERRUPTED = 130
    UNREAD = 141  # what a shell shows for a program whose pipe was closed


class Leaving:
    """What is counted from when the end is asked for until everything has ended.

    Args:
        name: Of the application.
        groups: The run's own list.
        now: Loop's time.
    """

    def __init__(self, name: str, groups: Sequence[Group], now: float) -> None:
        self._name = name
        self._since = now
        self._processes = [
            process
            for group in groups
            for slot in group.slots
            for process in slot.processes
            if process.has_started and process.returncode is None
        ]

    def is_asked_again(self, ending: Ending, now: float) -> bool:
        """Whether another wish to end is one more, and not the first that came twice."""
        return ending is not Ending.STOPPED or now - self._since > _ONCE_SECONDS

    def last_words(self, now: float) -> str:
        """Say how many have ended, in what time, and what was lost by that."""
        count, given_up = len(self._processes), sum(one.given_up for one in self._processes)
        killed = sum(one.returncode == -signal.SIGKILL for one in self._processes)
        workers = f"{count} worker{'' if count == 1 else 's'}"
        words = [f"{self._name} stopped: {workers} in {now - self._since:.1f} s"]
        if given_up:
            words.append(f"requests and calls given up unanswered: {given_up}")
        if killed:
            words.append(f"{killed} killed")
        return "; ".join(words)
