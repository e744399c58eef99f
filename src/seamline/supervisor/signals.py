"""The signals that a supervisor hears, and the thread that hears them: the main one."""

import signal
from typing import Final

#: Their default is to end the process, or to stop it.
HEARD: Final = (
    signal.SIGHUP,
    signal.SIGINT,
    signal.SIGTERM,
    signal.SIGUSR1,
    signal.SIGUSR2,
    signal.SIGTTIN,
    signal.SIGTTOU,
)


def leave_signals() -> None:
    """Have the calling thread take none of them.

    What another thread takes is known to this program alone: the next one, which is executed in
    its place, would never hear of it. What waits for the main thread is kept by the kernel.
    """
    signal.pthread_sigmask(signal.SIG_BLOCK, HEARD)
