"""What is imported or loaded before workers are forked from it."""

import asyncio
import contextlib
import os
from collections.abc import Awaitable, Callable, Mapping, Sequence

from seamline.plan import WORKER_VARIABLE, GroupPlan
from seamline.supervisor.backoff import LONG_LIFE_SECONDS, backoff
from seamline.supervisor.ends import how_ended
from seamline.supervisor.logs import LineReader, LogStream
from seamline.supervisor.zygote import Zygote
from seamline.worker import Identity


class Preloaded:
    """What the workers of one group are forked from, where it is to be preloaded.

    Should it die, it is made anew, from the code that is there then; workers that start before
    that are executed.

    Args:
        name: Of the group.
        logs: Where its death is told.
        begin: Starts the process and has it load the application, without waiting until it has;
            returns ``None`` where nothing is to be preloaded.

    Attributes:
        zygote: What the next worker is forked from, or ``None``.
    """

    def __init__(
        self, name: str, logs: LogStream, begin: Callable[[], Awaitable[Zygote | None]]
    ) -> None:
        self.zygote: Zygote | None = None
        self._name = name
        self._logs = logs
        self._begin = begin
        self._turn = asyncio.Lock()
        self._deaths = 0
        self._begun_at = 0.0
        self._is_closed = False
        self._mending: asyncio.Task[None] | None = None

    async def load_anew(self) -> Zygote | None:
        """Have workers that start from now on be forked from the application as it is now.

        Does not wait until it is loaded.

        Returns:
            What they were forked from so far, to be closed or given to :meth:`load_as`.

        Raises:
            OSError: There is no room for another process.
        """
        async with self._turn:
            before = self.zygote
            self._deaths = 0
            await self._load()
            return before

    def load_as(self, before: Zygote | None) -> None:
        """Have workers be forked again from what they were forked from before."""
        self._end()
        self.zygote = before
        if before is not None and before.has_died:  # meanwhile
            self._mend(before)

    def close(self) -> None:
        """End what workers are forked from, which they survive, for good."""
        self._is_closed = True
        self._end()

    def _end(self) -> None:
        if self._mending is not None:
            self._mending.cancel()
        if self.zygote is not None:
            self.zygote.close()

    async def show(self) -> None:
        """Have what is still loading write where its thread is."""
        if self.zygote is not None:
            await self.zygote.show()

    async def _load(self) -> Zygote | None:
        made = await self._begin()
        if made is not None:
            made.watch(lambda code: self._died(made, code))
            if self._is_closed:
                made.close()
        self.zygote, self._begun_at = made, asyncio.get_running_loop().time()
        return made

    def _died(self, zygote: Zygote, code: int) -> None:
        self._logs.notice(
            f"the process that workers of {self._name} are forked from[{zygote.pid}] "
            f"{how_ended(code)}"
        )
        if zygote is self.zygote:
            self._mend(zygote)

    def _mend(self, dead: Zygote) -> None:
        """Begin to have another one, later if they keep dying."""
        lived = asyncio.get_running_loop().time() - self._begun_at
        self._deaths = 1 if lived > LONG_LIFE_SECONDS else self._deaths + 1
        if not self._is_closed:
            self._mending = asyncio.create_task(self._load_again(dead))

    async def _load_again(self, dead: Zygote) -> None:
        wait = backoff(self._deaths)
        self._logs.notice(f"{self._name} is loaded again in {wait:.1f} s")
        await asyncio.sleep(wait)
        async with self._turn:
            if self.zygote is not dead:  # a reload came first
                return
            made = None
            try:
                made = await self._load()
            except OSError as exc:  # out of processes, memory or descriptors: it may pass
                self._logs.notice(f"{self._name} is not loaded: {exc.strerror or exc}")
                self._mend(dead)
        if made is not None:
            with contextlib.suppress(OSError):  # late, as is said below, or closed
                await made.check()
            if made.refused and not made.has_died:
                self._logs.notice(f"{self._name} is not loaded: {made.refused}")


async def begin_load(
    group: str,
    root: str,
    environment: Mapping[str, str],
    logs: LogStream,
    *,
    log_level: str,
    seconds: float,
) -> Zygote:
    """Start the process and have it load the application. Does not wait until it has.

    Args:
        group: Name of the group.
        root: Directory of the application.
        environment: Of the group's workers.
        logs: Where the lines that are printed meanwhile go.
        log_level: Of Seamline's own lines in it.
        seconds: That a fork waits for the application, at most.

    Raises:
        OSError: There is no room for another process.
    """
    environment = {**environment, WORKER_VARIABLE: str(Identity(group, 0, 0))}
    read, written = os.pipe()
    try:
        zygote = Zygote.execute(environment, output=written)
    except BaseException:
        os.close(read)
        raise
    finally:
        os.close(written)

    def write(lines: list[bytes]) -> None:
        logs.lines(group, None, zygote.pid, "stderr", lines)

    try:
        # It ends with the process: workers have outputs of their own.
        await asyncio.get_running_loop().connect_read_pipe(
            lambda: LineReader(logs, write), os.fdopen(read, "rb", buffering=0)
        )
        await zygote.load(root, environment, log_level, seconds)
    except BaseException:
        zygote.close()
        raise
    return zygote


def common_preloads(groups: Sequence[GroupPlan]) -> list[str]:
    """Return what the workers of all these groups import, in the order of the first.

    No worker holds a library that it would not import itself, so that nothing is found
    there which is missing without a zygote.
    """
    lists = [group.preloads for group in groups]
    return [name for name in (lists or [()])[0] if all(name in one for one in lists)]
