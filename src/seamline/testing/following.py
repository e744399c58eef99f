"""Hosts begin in what surrounds the test process, and follow it from call to call."""

import os
import threading
from collections.abc import Mapping

from seamline.testing.hosts import Hosts
from seamline.testing.surroundings import Surroundings, raw_environment


class Following:
    """Has hosts be in the surroundings of the test process.

    Args:
        hosts: That are to follow.
        variables: Added to their environment.
    """

    def __init__(self, hosts: Hosts, variables: Mapping[str, str]) -> None:
        self._hosts = hosts
        self._variables = dict(variables)
        self._aligned: Surroundings | None = None
        self._raw_environ: dict[bytes, bytes] | None = None
        self._aligning = threading.Lock()

    def begin(self) -> None:
        """Have what hosts are started from get ready, in what surrounds the process now."""
        self._hosts.begin(self._environ())

    def begin_again(self) -> None:
        """Begin to start the hosts, which have ended, in what surrounds the process now."""
        self._aligned = self._raw_environ = None
        self._hosts.start_again(self._environ())

    def has_moved(self) -> bool:
        """Whether hosts that begin now would begin with another environment, umask or limit."""
        return self._hosts.are_elsewhere({**os.environ, **self._variables})

    def align(self) -> None:
        """Have every host take over what is another now.

        Raises:
            StartError: The hosts are gone.
        """
        raw = raw_environment()
        if (
            raw == self._raw_environ
            and raw is not None
            and self._aligned is not None
            and self._aligned[1:] == Surroundings.read_rest()
        ):
            return
        with self._aligning:
            now = Surroundings.read()
            if now != self._aligned:
                self._hosts.align(now)
                self._aligned = now
            self._raw_environ = raw

    def _environ(self) -> dict[str, str]:
        # Hosts have another working directory than the tests.
        path = os.pathsep.join(map(os.path.abspath, Surroundings.read().path))
        return {**os.environ, **self._variables, "PYTHONPATH": path}
