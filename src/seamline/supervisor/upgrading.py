"""SIGUSR2: the supervisor executes its own command anew, and the run goes on meanwhile.

The process stays, with its number, its children and its descriptors; the program is another one.
It finds the run as it was left (:mod:`seamline.supervisor.takeover`) and replaces every worker
as a reload does. Before that a child tries whether the command could start.
"""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from typing import Final

import msgspec

from seamline.errors import StartError
from seamline.supervisor.estate import Estate
from seamline.supervisor.operations import Operations
from seamline.supervisor.reaping import awaited
from seamline.supervisor.signals import HEARD
from seamline.supervisor.takeover import TAKEOVER_VARIABLE, Takeover

# A signal that has arrived is heard two turns of the loop later.
_TURNS: Final = 3
# Of what a command that cannot start says, so much is shown.
_MOST_SHOWN: Final = 8192


class Upgrading(Operations):
    """Has the next supervisor take over.

    Attributes:
        estate: What it takes over, once the run has begun.
    """

    estate: Estate | None = None
    _upgrade_asked: asyncio.Task[None] | None = None
    _is_put_off = False

    def ask_upgrade(self) -> None:
        """Execute the command anew; one more that waits for its turn is enough."""
        if self._upgrade_asked is None:
            self._upgrade_asked = self._spawn(self._upgrade_asked_for())

    async def _upgrade_asked_for(self) -> None:
        self._is_put_off = True
        while self._is_put_off:
            self._is_put_off = False
            async with self._turn:
                await self._try(self._upgrade, "upgrade")
        self._upgrade_asked = None

    async def _upgrade(self) -> None:
        """Never returns when all is well: this program ends with it."""
        self._check_up()
        estate = self.estate
        assert estate is not None
        self._logs.notice("upgrade: looking whether the command can start anew")
        await self._check_start(estate)
        self._give_way(estate)
        before = None
        try:
            await estate.settle()
            # No other thread takes any, so they wait for the next program.
            before = signal.pthread_sigmask(signal.SIG_BLOCK, HEARD)
            for _ in range(_TURNS):
                await asyncio.sleep(0)
            self._check_up()
            self._give_way(estate)
            self._logs.notice("upgrade: executing the command anew; workers serve on")
            estate.flush()
            left = estate.describe(self._plan, self._first, self._scaled)
            _execute(msgspec.structs.replace(left, is_trial=False))
        finally:  # only when it failed
            if before is not None:
                signal.pthread_sigmask(signal.SIG_SETMASK, before)
            await estate.go_on()

    def _give_way(self, estate: Estate) -> None:
        """Raise when something else was asked for, which nobody would do any more."""
        others = self._tasks - {self._upgrade_asked}
        if others or estate.is_wanted:
            self._is_put_off = True
            raise StartError("something else was asked for meanwhile; that is done first")

    async def _check_start(self, estate: Estate) -> None:
        """Have a child read the configuration and what would be left, as the next one will.

        Raises:
            StartError: It cannot; what it said is in the log.
        """
        descriptor = estate.describe(self._plan, self._first, self._scaled).write()
        try:
            child = subprocess.Popen(  # noqa: ASYNC220, S603 - this very command; not waited for
                _command(),
                env={**os.environ, TAKEOVER_VARIABLE: str(descriptor)},
                pass_fds=(descriptor,),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
            )
        except OSError as exc:
            raise StartError(f"{sys.executable} cannot be executed: {exc.strerror}") from exc
        finally:
            os.close(descriptor)
        awaited.add(child.pid)
        said: asyncio.Future[tuple[bytes, bytes]] | None = None
        try:
            said = asyncio.ensure_future(asyncio.to_thread(child.communicate))
            await self._wait(said, seconds=self._plan.startup_timeout)
            is_late = not said.done()
        finally:
            child.kill()  # does nothing to one that has ended
            if said is not None:
                _, text = await said
            awaited.discard(child.pid)
        if is_late or child.returncode:
            self._logs.block(text[-_MOST_SHOWN:].decode(errors="replace").rstrip())
            how = "was not done in time" if is_late else f"exited with status {child.returncode}"
            raise StartError(f"the command cannot be started anew: it {how}")


def _command() -> list[str]:
    """Return how this program was started."""
    return [sys.executable, *sys.orig_argv[1:]]


def _execute(left: Takeover, execute: Callable[..., object] = os.execve) -> None:
    """Become the command again, with what it is to take over.

    Raises:
        StartError: It cannot be executed.
    """
    inherited = [*left.descriptors(), left.write()]
    for descriptor in inherited:
        os.set_inheritable(descriptor, True)
    environment = {**os.environ, TAKEOVER_VARIABLE: str(inherited[-1])}
    try:
        execute(sys.executable, _command(), environment)
    except OSError as exc:
        raise StartError(f"{sys.executable} cannot be executed: {exc.strerror}") from exc
    finally:  # only when it failed
        for descriptor in inherited:
            os.set_inheritable(descriptor, False)
        os.close(inherited[-1])
