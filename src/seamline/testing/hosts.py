"""The other processes of a layout, started for one test session.

They are started by a supervisor in a process of its own, which ends them when the test
process closes its end of the pipe, however it comes to its end.
"""

import asyncio
import contextlib
import os
import subprocess
import sys
import threading
from collections.abc import Mapping
from typing import Final

import msgspec

from seamline.errors import SeamlineError, StartError
from seamline.plan import Plan
from seamline.supervisor import AlignedReply, AlignRequest, Supervisor, align

_READY: Final = "hosts are ready"
# Lines of the hosts' output that are kept to be shown beside a failed test.
_KEPT_LINES: Final = 2_000
_STOP_SECONDS: Final = 20.0


class _Order(msgspec.Struct, frozen=True):
    """What the supervisor's process is told on its standard input."""

    plan: Plan
    absent: str


class Hosts:
    """The groups of a plan that the test process does not hold. Close with :meth:`stop`.

    Attributes:
        lines: What they printed, newest last.
    """

    def __init__(self, plan: Plan, *, absent: str) -> None:
        self.lines: list[str] = []
        self._plan = plan
        self._absent = absent
        self._process: subprocess.Popen[bytes] | None = None
        self._ready = threading.Event()
        self._reader: threading.Thread | None = None

    def start(self, environ: Mapping[str, str]) -> None:
        """Start them; returns when each is ready.

        Args:
            environ: The environment they start in.

        Raises:
            StartError: One did not become ready; its words are in the message.
        """
        self._process = subprocess.Popen(
            [sys.executable, "-m", "seamline.testing.hosts"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env={**environ, "PYTHONUNBUFFERED": "1"},
            # Ctrl-C in the terminal reaches pytest alone, which still needs the hosts then.
            start_new_session=True,
        )
        self._reader = threading.Thread(target=self._read, name="seamline-hosts", daemon=True)
        self._reader.start()
        assert self._process.stdin is not None
        self._process.stdin.write(msgspec.json.encode(_Order(self._plan, self._absent)) + b"\n")
        self._process.stdin.flush()
        self._ready.wait()
        if self._process.poll() is not None or _READY not in self.lines:
            self.stop()
            raise StartError("the test's hosts did not start:\n" + "\n".join(self.lines[-40:]))

    def align(self, environ: dict[str, str] | None, cwd: str | None) -> AlignedReply:
        """Have every host take over environment and working directory; ask what they saw.

        Raises:
            NotRunning: The hosts are gone.
        """
        return align(self._plan.run_dir, AlignRequest(environ, cwd))

    def stop(self) -> None:
        """End them all and wait for it."""
        if self._process is None:
            return
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            self._process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if self._reader is not None:
            self._reader.join(_STOP_SECONDS)
        if self._process.stdout is not None:
            self._process.stdout.close()
        self._process = None

    def _read(self) -> None:
        assert self._process is not None
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self.lines.append(line.decode(errors="replace").rstrip("\n"))
            del self.lines[:-_KEPT_LINES]
            if self.lines[-1] == _READY:
                self._ready.set()
        self._ready.set()


def main() -> int:
    """Supervise the hosts until standard input ends."""
    order = msgspec.json.decode(sys.stdin.buffer.readline(), type=_Order)
    try:
        return asyncio.run(_supervise(order))
    except SeamlineError as exc:
        print(f"{exc} [{exc.code}]", flush=True)  # noqa: T201 - what Hosts.start raises with
        return exc.exit_status


async def _supervise(order: _Order) -> int:
    def announce() -> None:
        print(_READY, flush=True)  # noqa: T201 - the test process waits for this line

    supervisor = Supervisor(
        order.plan,
        os.environ,
        log_level="warning",
        absent=order.absent,
        on_ready=announce,
    )
    loop = asyncio.get_running_loop()

    def wait_for_the_end() -> None:
        # The test process closes its end of the pipe, or is gone: either way it is over.
        # Read without a buffer, whose lock this thread would hold when the process ends.
        while os.read(0, 1):
            pass
        with contextlib.suppress(RuntimeError):  # the loop ended first
            loop.call_soon_threadsafe(supervisor.stop)

    threading.Thread(target=wait_for_the_end, daemon=True).start()
    return await supervisor.run()


if __name__ == "__main__":
    sys.exit(main())
