"""Starting the process that starts the hosts, as early as pytest can tell that it is wanted."""

import contextlib
import os
import resource
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from seamline.supervisor import with_hash_seed

#: A line that ends the process, also while a forked child holds the other end of its input.
END: Final = b"\n"
# It imports, and hears of its end only after that.
_END_SECONDS: Final = 1.0
_INHERITED: Final = ("Umask:", "SigIgn:", "Cpus_allowed:", "Groups:")


class Spawned:
    """A process that waits for an order on its standard input, and ends at the end of that.

    Args:
        environ: Its environment, and that of hosts.

    Attributes:
        process: With pipes for all three of its streams.
    """

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = _of_others(environ)
        self._inherited = _inherited()
        self.process = subprocess.Popen(  # noqa: S603 - a number is all that varies
            [sys.executable, "-m", "seamline.testing.supervising", str(os.getpid())],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            # Apart, so that nothing is written into the middle of a mark.
            stderr=subprocess.PIPE,
            env=with_hash_seed({**environ, "PYTHONUNBUFFERED": "1"}),
            # Ctrl-C in the terminal reaches pytest alone, which still needs the hosts then.
            start_new_session=True,
        )

    def is_elsewhere(self, environ: Mapping[str, str]) -> bool:
        """Whether one that is started now would be another: its environment, its umask, limits.

        Where modules are looked for is told later.
        """
        return _of_others(environ) != self._environ or _inherited() != self._inherited

    def tell_end(self) -> None:
        """Have it end, and take no more orders. Doing it again does nothing."""
        assert self.process.stdin is not None
        if not self.process.stdin.closed:
            with contextlib.suppress(BrokenPipeError):  # it ended already
                self.process.stdin.write(END)
            with contextlib.suppress(BrokenPipeError):
                self.process.stdin.close()

    def end(self) -> None:
        """End it if nobody else did, and wait for it. Doing it again does nothing."""
        self.tell_end()
        for pipe in filter(None, (self.process.stdout, self.process.stderr)):
            pipe.close()
        try:
            self.process.wait(_END_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def _of_others(environ: Mapping[str, str]) -> dict[str, str]:
    return {
        name: value
        for name, value in environ.items()
        if name != "PYTHONPATH" and not name.startswith("SEAMLINE_")
    }


def _inherited() -> tuple[object, ...]:
    """Return what else a process hands down to those that it starts."""
    status = Path("/proc/self/status").read_text().splitlines()
    limits = {getattr(resource, name) for name in dir(resource) if name.startswith("RLIMIT_")}
    return (
        [line for line in status if line.startswith(_INHERITED)],
        [(limit, resource.getrlimit(limit)) for limit in sorted(limits)],
        os.getpriority(os.PRIO_PROCESS, 0),
    )
