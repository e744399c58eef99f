"""Children that nobody waits for: orphans of workers become the supervisor's."""

import os
from typing import Final

#: Pids of the children of this process that somebody waits for.
awaited: Final[set[int]] = set()


def reap_orphans() -> None:
    """Wait for children that have ended, until one is found that somebody waits for."""
    while True:
        try:
            # Only looked at: one that is awaited must still be there then.
            ended = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        except ChildProcessError:
            return
        if ended is None or ended.si_pid in awaited:
            return
        os.waitpid(ended.si_pid, 0)
