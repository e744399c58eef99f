"""Bytes there and back over a Unix socket with uvloop: the least a call could cost.

No values, no errors, no deadlines: a message is a length and that many bytes.
"""

import asyncio
import struct
import tempfile
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import uvloop

from bench.peers.caller import Peer, open_server

_LENGTH = struct.Struct("<I")
_MESSAGE = bytes(256)  # about what the other variants' product weighs


class EchoClient(asyncio.Protocol):
    """Pairs each answer with the oldest message that still waits for one."""

    def __init__(self) -> None:
        self._waiting: deque[asyncio.Future[bytes]] = deque()
        self._buffer = bytearray()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self._loop = asyncio.get_running_loop()

    def send(self, data: bytes) -> "asyncio.Future[bytes]":
        answer = self._loop.create_future()
        self._waiting.append(answer)
        self._transport.write(_LENGTH.pack(len(data)) + data)
        return answer

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        start, size = 0, len(self._buffer)
        while size - start >= 4:
            end = start + 4 + _LENGTH.unpack_from(self._buffer, start)[0]
            if end > size:
                break
            self._waiting.popleft().set_result(bytes(self._buffer[start + 4 : end]))
            start = end
        if start:
            del self._buffer[:start]


class EchoServer(asyncio.Protocol):
    """Returns what arrives, as it arrives."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._transport.write(data)


@asynccontextmanager
async def open_peer() -> AsyncIterator[Peer]:
    """Connect to an echo server in a process of its own."""
    async with open_server("raw_echo") as (pid, path):
        loop = asyncio.get_running_loop()
        transport, client = await loop.create_unix_connection(EchoClient, path)

        async def product(_id: str) -> bytes:
            return await client.send(_MESSAGE)

        async def echo(data: bytes) -> bytes:
            return await client.send(data)

        yield Peer(product, echo, host_pid=pid, expected=_MESSAGE)
        transport.close()


async def _serve() -> None:
    with tempfile.TemporaryDirectory() as directory:
        path = str(Path(directory) / "echo.sock")
        server = await asyncio.get_running_loop().create_unix_server(EchoServer, path)
        print(path, flush=True)
        await server.serve_forever()


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve())
