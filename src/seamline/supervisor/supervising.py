"""An event loop for a supervisor."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from seamline.supervisor.run import Supervisor
from seamline.supervisor.signals import leave_signals


def supervise(make: Callable[[], Supervisor]) -> int:
    """Run a supervisor in an event loop of its own; returns its exit status."""

    async def live() -> int:
        threads = ThreadPoolExecutor(initializer=leave_signals)
        asyncio.get_running_loop().set_default_executor(threads)
        return await make().run()

    return asyncio.run(live())
