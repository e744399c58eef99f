"""The other processes of a layout, started for one test session.

They are started by a supervisor in a process of its own, which ends them when the test
process closes its end of a pipe, or ends without having done so.
"""

import _thread
import contextlib
import itertools
import threading
from collections.abc import Callable, Mapping
from typing import IO, TYPE_CHECKING, Final

import msgspec

from seamline.errors import NotRunning, StartError
from seamline.plan import Plan
from seamline.supervisor import AlignedReply, AlignRequest, align
from seamline.testing.spawning import Spawned
from seamline.testing.supervising import BEGUN, MARK, READY, Order
from seamline.testing.surroundings import Surroundings

if TYPE_CHECKING:
    import subprocess

# Lines of the hosts' output that are kept to be shown beside a failed test.
_KEPT_LINES: Final = 2_000
_STOP_SECONDS: Final = 20.0
# Standard output and standard error.
_PIPES: Final = 2
# Lines of it that are shown when it did not start or ended: the end, where the reason is.
_SHOWN_LINES: Final = 40


class Hosts:
    """The groups of a plan that the test process does not hold. Close with :meth:`stop`.

    Args:
        spawned: The process that is to start them; None has it started when it is needed.
    """

    def __init__(self, spawned: Spawned | None = None) -> None:
        self._lines: list[str] = []
        self._dropped = 0
        # How many tests began, and how many the hosts' output shows to have begun at which line.
        # Those that follow a test without a call are not counted: it had nothing printed.
        self._begun = 0
        self._was_called = True
        self._begun_at = (0, 0)
        self._heard = threading.Condition()
        self._marked = ""
        self._ended = 0
        self._marks = itertools.count(1)
        self._order: Order | None = None
        self._environ: dict[str, str] = {}
        self._spawned = spawned
        self._process: subprocess.Popen[bytes] | None = None

    def begin(self, environ: Mapping[str, str]) -> None:
        """Have what they are started from get ready, in an environment; :meth:`start` is next."""
        self._ended, self._marked = 0, ""  # they may have run before, in another environment
        self._environ = dict(environ)
        spawned, self._spawned = self._spawned, None
        if spawned is not None and spawned.is_elsewhere(environ):
            spawned.end()
            spawned = None
        self._spawned = spawned = spawned or Spawned(environ)
        self._process = spawned.process
        for pipe in filter(None, (self._process.stdout, self._process.stderr)):
            # Not by `threading`: tests that join or count the threads of their application
            # would find these.
            _thread.start_new_thread(self._read, (pipe,))

    def start(self, plan: Plan, *, absent: str, secret: bytes) -> None:
        """Begin to start them; :meth:`wait_ready` comes next.

        Args:
            plan: The plan of the run.
            absent: The test process's own group.
            secret: What every process of the run knows.
        """
        self._order = Order(plan, absent, secret, self._environ)
        self._tell(msgspec.json.encode(self._order) + b"\n")

    def are_elsewhere(self, environ: Mapping[str, str]) -> bool:
        """Whether those that are started now, in an environment, would begin with another one."""
        return self._spawned is not None and self._spawned.is_elsewhere(environ)

    def start_again(self, environ: Mapping[str, str]) -> None:
        """Begin to start them in another environment, after :meth:`stop`."""
        assert self._order is not None
        self.begin(environ)
        self._order = msgspec.structs.replace(self._order, environ=self._environ)
        self._tell(msgspec.json.encode(self._order) + b"\n")

    def _tell(self, line: bytes) -> None:
        assert self._process is not None
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError):  # it ended already: its words say why
            self._process.stdin.write(line)
            self._process.stdin.flush()

    def become_ready(self, is_over: Callable[[], bool]) -> bool:
        """Wait until each of them is ready, they ended, or it is over; return the first.

        For whoever only looks on; :meth:`wake` has it ask whether it is over.
        """
        with self._heard:
            self._heard.wait_for(
                lambda: self._marked == READY or self._ended == _PIPES or is_over()
            )
            return self._marked == READY and not is_over()

    def wake(self, finish: Callable[[], None]) -> None:
        """Have something be over for those who wait in :meth:`become_ready`."""
        with self._heard:
            finish()
            self._heard.notify_all()

    def wait_ready(self) -> None:
        """Wait until each of them is ready.

        Raises:
            StartError: One did not become ready; its words are in the message.
        """
        process = self._process
        if not self._wait_for(READY):
            self.stop()
            status = "before it began" if process is None else f"with status {process.returncode}"
            raise StartError(
                f"the hosts of the tests did not start (their supervisor ended {status}):\n"
                + self._last_words()
            )

    def align(self, now: Surroundings) -> None:
        """Have every host take over what surrounds the test process, also those to come.

        Raises:
            StartError: The hosts are gone.
        """
        self._exchange(
            AlignRequest(
                now.shown(),
                now.cwd,
                now.path,
                now.shown_filters(),
                levels=now.levels,
                disabled=now.disabled,
            )
        )

    def ask(self) -> AlignedReply:
        """Ask every host what it did so far.

        Raises:
            StartError: The hosts are gone.
        """
        return self._exchange(AlignRequest())

    def check(self) -> None:
        """Raise StartError if the hosts are gone."""
        if self._process is not None and self._ended:
            raise StartError(f"{self._end()}:\n{self._last_words()}")

    def begin_test(self) -> None:
        """Have what hosts print from the next call on be the next test's."""
        if not self._was_called:
            return
        self._was_called = False
        self._begun += 1
        if self._process is not None:  # or they did not start, and a worker of xdist goes on
            self._tell(f"{self._begun}\n".encode())

    def wait_begun(self) -> None:
        """Wait, before a call, until everything that was printed before the test is read."""
        self._was_called = True
        if self._begun_at[0] != self._begun:
            with self._heard:
                self._heard.wait_for(lambda: self._begun_at[0] == self._begun or self._ended)

    def output_of_test(self) -> list[str]:
        """Return what the hosts printed since the test began, all of it.

        Raises:
            StartError: The hosts are gone.
        """
        mark = f"{MARK}{next(self._marks)}"
        self._exchange(AlignRequest(mark=mark))
        self._wait_for(mark)
        with self._heard:
            return self._lines[max(self._begun_at[1] - self._dropped, 0) :]

    def stop(self) -> None:
        """End them all and wait for it."""
        if self._process is None:
            return
        assert self._spawned is not None
        self._spawned.tell_end()
        with self._heard:  # its output ends with it: waiting for the process itself is polling
            is_over = self._heard.wait_for(lambda: self._ended == _PIPES, _STOP_SECONDS)
        if not is_over:
            self._process.kill()
        self._process.wait()
        self._process = self._spawned = None

    def _exchange(self, request: AlignRequest) -> AlignedReply:
        assert self._order is not None
        plan = self._order.plan
        # A host that is being replaced answers once it is ready again.
        timeout = plan.startup_timeout + _STOP_SECONDS
        try:
            return align(plan.run_dir, request, timeout=timeout)
        except NotRunning as exc:
            raise StartError(f"{self._end(str(exc))}:\n{self._last_words()}") from exc

    def _end(self, reason: str = "their supervisor ends") -> str:
        ended = self._process is not None and self._process.poll()
        if ended is not None:
            reason = f"their supervisor ended with status {ended}"
        return f"the hosts of the tests are gone ({reason})"

    def _wait_for(self, mark: str) -> bool:
        """Wait until a mark was printed, or nothing more will be; return whether it was."""
        with self._heard:
            self._heard.wait_for(lambda: self._marked == mark or self._ended == _PIPES)
            return self._marked == mark

    def _last_words(self) -> str:
        with self._heard:
            words = "\n".join(self._lines[-_SHOWN_LINES:])
        return words or "they said nothing: something else ended them; run the tests again"

    def _read(self, pipe: IO[bytes]) -> None:
        with pipe:
            for line in pipe:
                self._take(line)
        with self._heard:
            self._ended += 1
            self._heard.notify_all()

    def _take(self, line: bytes) -> None:
        text = line.decode(errors="replace").rstrip("\n")
        with self._heard:
            if text.startswith(BEGUN):
                number = int(text.removeprefix(BEGUN))
                self._begun_at = (number, self._dropped + len(self._lines))
            elif text.startswith(MARK):
                self._marked = text
            else:
                self._lines.append(text)
            if len(self._lines) > _KEPT_LINES:
                del self._lines[0]
                self._dropped += 1
            self._heard.notify_all()
