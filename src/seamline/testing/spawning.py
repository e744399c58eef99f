"""Starting the process that starts the hosts, as early as pytest can tell that it is wanted."""

import os
import subprocess
import sys
from collections.abc import Mapping

from seamline.supervisor import with_hash_seed


class Spawned:
    """A process that waits for an order on its standard input, and ends at the end of that.

    Args:
        environ: Its environment, and that of hosts.

    Attributes:
        process: With pipes for all three of its streams.
    """

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = dict(environ)
        self.process = subprocess.Popen(
            [sys.executable, "-m", "seamline.testing.supervising"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            # Apart, so that nothing is written into the middle of a mark.
            stderr=subprocess.PIPE,
            env=with_hash_seed({**environ, "PYTHONUNBUFFERED": "1"}),
            # Ctrl-C in the terminal reaches pytest alone, which still needs the hosts then.
            start_new_session=True,
        )

    def is_elsewhere(self, environ: Mapping[str, str]) -> bool:
        """Whether an environment is another one. Where modules are looked for is told later."""
        return _of_others(environ) != _of_others(self._environ)

    def end(self) -> None:
        """End it if nobody else did, and wait for it. Doing it again does nothing."""
        pipes = self.process.stdin, self.process.stdout, self.process.stderr
        for pipe in filter(None, pipes):
            pipe.close()
        self.process.wait()


def spawn() -> Spawned:
    """Start it in this process's environment."""
    return Spawned(os.environ)


def _of_others(environ: Mapping[str, str]) -> dict[str, str]:
    return {
        name: value
        for name, value in environ.items()
        if name != "PYTHONPATH" and not name.startswith("SEAMLINE_")
    }
