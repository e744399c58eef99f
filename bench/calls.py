"""Start every variant once, visit them in turns, keep what each visit measured.

Turns (A B C, A B C) rather than blocks (A A, B B): what else the machine does falls on all
variants alike, and the medians of the rounds can be compared.
"""

import asyncio
import http.client
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

BENCH = Path(__file__).parent
APP = BENCH / "app"
SEAMLINE = str(Path(sys.executable).with_name("seamline"))
START_SECONDS = 90  # a limit, not a wait: a busy machine takes its time

COLOURS = {
    "seamline async -> async": ("async", "async"),
    "seamline sync -> sync": ("sync", "sync"),
    "seamline async -> sync": ("async", "sync"),
    "seamline sync -> async": ("sync", "async"),
}
PEERS = {
    "direct call": "direct",
    "raw uvloop echo": "raw_echo",
    "FastAPI + aiohttp": "fastapi_aiohttp",
    "FastAPI + httpx": "fastapi_httpx",
    "grpc.aio": "grpc_aio",
}
PINGPONG = "C ping-pong, two cores"
NAMES = (*list(PEERS)[:2], PINGPONG, *COLOURS, *list(PEERS)[2:])

Numbers = dict[str, float]
Visitor = Callable[[float], Awaitable[Numbers]]


class UnixConnection(http.client.HTTPConnection):
    """HTTP over a Unix socket."""

    def __init__(self, path: str, *, timeout: float) -> None:
        super().__init__("bench", timeout=timeout)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


def environment() -> dict[str, str]:
    """Return this process's environment with the measured application importable."""
    return os.environ | {"PYTHONPATH": os.pathsep.join((str(APP), str(BENCH.parent)))}


@asynccontextmanager
async def _open_peer(module: str) -> AsyncIterator[Visitor]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bench.peers.caller", module,
        env=environment(),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip

    async def visit(seconds: float) -> Numbers:
        process.stdin.write(f"{seconds}\n".encode())
        line = await process.stdout.readline()
        if not line:
            raise RuntimeError(f"peer {module} ended; its error is above")
        return json.loads(line)

    try:
        yield visit
    finally:
        process.stdin.close()
        await process.wait()


@asynccontextmanager
async def _open_pingpong() -> AsyncIterator[Visitor]:
    with tempfile.TemporaryDirectory() as directory:
        program = f"{directory}/pingpong"
        compiler = await asyncio.create_subprocess_exec(
            "cc", "-O2", "-o", program, str(BENCH / "pingpong.c")
        )
        if await compiler.wait():
            raise RuntimeError("bench/pingpong.c does not compile; the compiler's error is above")

        async def visit(seconds: float) -> Numbers:
            process = await asyncio.create_subprocess_exec(
                program, str(seconds), stdout=asyncio.subprocess.PIPE
            )
            output, _ = await process.communicate()
            p50, p99, cpu = map(float, output.split())
            return {"p50_us": p50, "p99_us": p99, "caller_cpu_us": cpu}

        yield visit


def _wait_until_ready(process: asyncio.subprocess.Process, environ: dict[str, str]) -> None:
    end = time.monotonic() + START_SECONDS
    status = [SEAMLINE, "-C", str(APP), "status", "--exit-code"]
    while process.returncode is None and time.monotonic() < end:
        if subprocess.run(status, env=environ, capture_output=True, check=False).returncode == 0:
            return
    raise RuntimeError("seamline run did not become ready; what it says is above")


@asynccontextmanager
async def _open_seamline() -> AsyncIterator[Callable[[str, str, float], Awaitable[Numbers]]]:
    with tempfile.TemporaryDirectory() as directory:
        path = f"{directory}/web.sock"
        # A run directory of its own: the bench does not meet another run of the same clone.
        environ = os.environ | {"XDG_RUNTIME_DIR": directory}
        process = await asyncio.create_subprocess_exec(
            SEAMLINE, "-C", str(APP),
            "run", "--layout", "micro", "--bind", f"unix:{path}",
            env=environ,
            stdout=sys.stderr,
        )  # fmt: skip

        def ask(caller: str, host: str, seconds: float) -> Numbers:
            connection = UnixConnection(path, timeout=seconds + START_SECONDS)
            connection.request("GET", f"/visit?caller={caller}&host={host}&seconds={seconds}")
            answer = connection.getresponse()
            body = answer.read()
            connection.close()
            if answer.status != http.client.OK:
                raise RuntimeError(f"seamline answered {answer.status}: {body[:500]!r}")
            return json.loads(body)

        async def visit(caller: str, host: str, seconds: float) -> Numbers:
            return await asyncio.to_thread(ask, caller, host, seconds)

        try:
            await asyncio.to_thread(_wait_until_ready, process, environ)
            yield visit
        finally:
            if process.returncode is None:
                process.terminate()
            await process.wait()


async def _open(names: list[str], stack: AsyncExitStack) -> dict[str, Visitor]:
    visitors: dict[str, Visitor] = {}
    for name in names:
        if name in PEERS:
            visitors[name] = await stack.enter_async_context(_open_peer(PEERS[name]))
        elif name == PINGPONG and shutil.which("cc"):
            visitors[name] = await stack.enter_async_context(_open_pingpong())
    if colours := [name for name in names if name in COLOURS]:
        seamline = await stack.enter_async_context(_open_seamline())
        for name in colours:
            caller, host = COLOURS[name]
            visitors[name] = lambda seconds, c=caller, h=host: seamline(c, h, seconds)
    return {name: visitors[name] for name in names if name in visitors}


async def measure(names: list[str], *, rounds: int, seconds: float) -> dict[str, list[Numbers]]:
    """Visit the variants in turns.

    Args:
        names: Variants, of :data:`NAMES`. The ping-pong is left out where there is no ``cc``.
        rounds: Visits to each.
        seconds: Length of one visit.

    Returns:
        For each variant, one dictionary of numbers a round.
    """
    async with AsyncExitStack() as stack:
        visitors = await _open(names, stack)
        results: dict[str, list[Numbers]] = {name: [] for name in visitors}
        for number in range(1, rounds + 1):
            for name, visit in visitors.items():
                print(f"round {number} of {rounds}: {name}", file=sys.stderr)
                results[name].append(await visit(seconds))
    return results
