"""The client process of one peer: measures when it is told to, for as long as it is told.

Run as ``python -m bench.peers.caller NAME``. Reads seconds, one number a line, and answers
each with one line of JSON.
"""

import asyncio
import importlib
import json
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, field
from typing import Any

import uvloop
from benchapp.measure import EXPECTED, measure_async


@dataclass(frozen=True, slots=True)
class Peer:
    """One running peer.

    Attributes:
        product: Asks for one product.
        echo: Sends bytes and returns what came back.
        host_pid: Process that answers, or ``None`` when it is this one.
        expected: What *product* must return.
    """

    product: Callable[[str], Awaitable[object]]
    echo: Callable[[bytes], Awaitable[object]]
    host_pid: int | None
    expected: object = field(default_factory=lambda: EXPECTED)


@asynccontextmanager
async def open_server(module: str) -> AsyncIterator[tuple[int, str]]:
    """Start ``python -m bench.peers.MODULE`` and yield its pid and the address it printed."""
    server = await asyncio.create_subprocess_exec(
        sys.executable, "-m", f"bench.peers.{module}", stdout=asyncio.subprocess.PIPE
    )
    try:
        line = await server.stdout.readline()
        if not line:
            raise RuntimeError(f"bench.peers.{module} did not start; its error is above")
        yield server.pid, line.decode().strip()
    finally:
        if server.returncode is None:
            server.terminate()
        await server.wait()


async def _serve_visits(name: str) -> None:
    loop = asyncio.get_running_loop()
    peer_module: Any = importlib.import_module(f"bench.peers.{name}")
    async with peer_module.open_peer() as peer:
        while line := await loop.run_in_executor(None, sys.stdin.readline):
            visit = await measure_async(
                peer.product,
                peer.echo,
                host_pid=peer.host_pid,
                seconds=float(line),
                expected=peer.expected,
            )
            print(json.dumps(asdict(visit)), flush=True)


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve_visits(sys.argv[1]))
