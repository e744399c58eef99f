"""How a run ends."""

from enum import Enum


class Ending(Enum):
    """Why a run ends, with the exit status of ``seamline run``."""

    STOPPED = 0
    INTERRUPTED = 130
    UNREAD = 141  # what a shell shows for a program whose pipe was closed
