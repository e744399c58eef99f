"""A worker process for the fault tests: serves a socket until it is killed.

Usage: rpc_worker.py SOCKET WORKER SECRET
"""

import asyncio
import os
import sys
import time
from pathlib import Path

from seamline.interface import Kind
from seamline.rpc import Hosted, Identity, Server
from seamline.transport import listen
from seamline.wire import Codec, TypeTable

CODEC = Codec(TypeTable([]))


def pid() -> int:
    return os.getpid()


async def pid_async() -> int:
    return os.getpid()


def hang(mark: str) -> None:
    Path(mark).touch()
    time.sleep(600)


async def hang_async(mark: str) -> None:
    Path(mark).touch()  # noqa: ASYNC240 - nothing else runs here
    await asyncio.Event().wait()


def once(mark: str) -> int:
    """Hang in the first process that runs it, answer in the second."""
    try:
        Path(mark).touch(exist_ok=False)
    except FileExistsError:
        return os.getpid()
    time.sleep(600)
    return 0


async def once_async(mark: str) -> int:
    try:
        Path(mark).touch(exist_ok=False)  # noqa: ASYNC240 - nothing else runs here
    except FileExistsError:
        return os.getpid()
    await asyncio.Event().wait()
    return 0


def numbers(mark: str) -> object:
    Path(mark).touch()
    yield from range(1000)


def memory() -> int:
    """Resident KiB."""
    return (
        int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") // 1024
    )


KINDS = {
    "pid": Kind.SYNC,
    "pid_async": Kind.ASYNC,
    "hang": Kind.SYNC,
    "hang_async": Kind.ASYNC,
    "once": Kind.SYNC,
    "once_async": Kind.ASYNC,
    "numbers": Kind.GENERATOR,
    "memory": Kind.SYNC,
}


def resolve(address: str) -> Hosted:
    name = address.partition(":")[2].partition("@")[0]
    return Hosted(globals()[name], KINDS[name], "f", CODEC)


async def main(path: str, worker: str, secret: str) -> None:
    server = Server(resolve, identity=Identity("run", worker, bytes.fromhex(secret)))
    await server.start(listen(path))
    print("ready", flush=True)  # noqa: T201 - the test waits for it
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
