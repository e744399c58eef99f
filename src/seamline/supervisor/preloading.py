"""What is imported or loaded before workers are forked from it."""

import asyncio
import os
from collections.abc import Awaitable, Callable, Mapping, Sequence

from seamline.plan import WORKER_VARIABLE, GroupPlan
from seamline.supervisor.logs import LineReader, LogStream
from seamline.supervisor.zygote import Zygote
from seamline.worker import Identity


class Preloaded:
    """What the workers of one group are forked from, where it is to be preloaded.

    Args:
        begin: Starts the process and has it load the application, without waiting until it has;
            returns ``None`` where nothing is to be preloaded.

    Attributes:
        zygote: What the next worker is forked from, or ``None``.
    """

    def __init__(self, begin: Callable[[], Awaitable[Zygote | None]]) -> None:
        self.zygote: Zygote | None = None
        self._begin = begin

    async def load_anew(self) -> Zygote | None:
        """Have workers that start from now on be forked from the application as it is now.

        Does not wait until it is loaded.

        Returns:
            What they were forked from so far, to be closed or given to :meth:`load_as`.

        Raises:
            OSError: There is no room for another process.
        """
        before = self.zygote
        self.zygote = await self._begin()
        return before

    def load_as(self, before: Zygote | None) -> None:
        """Have workers be forked again from what they were forked from before."""
        self.close()
        self.zygote = before

    def close(self) -> None:
        """End what workers are forked from, which they survive."""
        if self.zygote is not None:
            self.zygote.close()

    async def show(self) -> None:
        """Have what is still loading write where its thread is."""
        if self.zygote is not None:
            await self.zygote.show()


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
