"""Clients that count: every request is answered as it should be, or is lost, with the reason."""

import asyncio
import itertools
import random
import re
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import h11

ANSWER_SECONDS = 60.0  # a limit, not a wait
_THINK_SECONDS = 0.05
MODES = ("close", "keep", "think")
#: A TCP host and port, or the path of a Unix socket.
Address = tuple[str, int] | str


@dataclass
class Tally:
    """What became of the requests of all clients."""

    answered: list[str] = field(default_factory=list)
    lost: Counter[str] = field(default_factory=Counter)
    lost_paths: Counter[str] = field(default_factory=Counter)
    seconds: list[float] = field(default_factory=list)
    connections: int = 0

    @property
    def requests(self) -> int:
        """How many were made."""
        return len(self.answered) + self.lost.total()


class Client:
    """One client with at most one connection.

    Args:
        address: Where to connect to.
        mode: ``close`` takes a new connection for each request, ``keep`` keeps it,
            ``think`` keeps it and waits up to 50 ms between requests.
        paths: Asked in turns; a token is put behind each, which the answer must be.
        tally: Where the outcome is counted.
    """

    def __init__(
        self, address: Address, mode: str, paths: Sequence[str], name: str, tally: Tally
    ) -> None:
        self._address = address
        self._mode = mode
        self._paths = itertools.cycle(paths)
        self._tokens = (f"{name}-{number}" for number in itertools.count())
        self._tally = tally
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None
        self._http = h11.Connection(h11.CLIENT)

    async def run(self, enough: asyncio.Event) -> None:
        """Ask until it is enough."""
        while not enough.is_set():
            path, token = next(self._paths), next(self._tokens)
            started = time.perf_counter()
            try:
                async with asyncio.timeout(ANSWER_SECONDS):
                    await self._ask(path + token, token)
            except (OSError, ValueError, h11.ProtocolError) as exc:
                self._tally.lost[f"{type(exc).__name__}: {exc}"] += 1
                self._tally.lost_paths[path] += 1
                self._close()
            else:
                self._tally.answered.append(token)
                self._tally.seconds.append(time.perf_counter() - started)
            if self._mode == "think":
                await asyncio.sleep(random.random() * _THINK_SECONDS)
        self._close()

    async def _ask(self, path: str, token: str) -> None:
        # What any client looks at before it uses a connection again.
        if self._reader is not None and self._reader.at_eof():
            self._close()
        if self._writer is None:
            await self._connect()
        headers = [("Host", "bench"), *([("Connection", "close")] * (self._mode == "close"))]
        request = h11.Request(method="GET", target=path, headers=headers)
        self._writer.write(self._http.send(request) + self._http.send(h11.EndOfMessage()))
        status, body = await self._answer()
        if status != 200:
            code = re.search(rb'"code": "([a-z-]+)"', body)
            raise ValueError(f"status {status}" + (f", {code[1].decode()}" if code else ""))
        if body != token.encode():
            raise ValueError("the answer to another request")
        if self._http.our_state is h11.DONE and self._http.their_state is h11.DONE:
            self._http.start_next_cycle()
        else:
            self._close()

    async def _answer(self) -> tuple[int, bytes]:
        status, body = 0, b""
        while True:
            event = self._http.next_event()
            if event is h11.NEED_DATA:
                data = await self._reader.read(65536)
                if not data and not status:
                    raise ConnectionError("the connection was closed before the answer")
                self._http.receive_data(data)
            elif isinstance(event, h11.Response):
                status = event.status_code
            elif isinstance(event, h11.Data):
                body += bytes(event.data)
            elif isinstance(event, h11.EndOfMessage):
                return status, body
            else:
                raise ConnectionError(f"{event!r} instead of the answer")

    async def _connect(self) -> None:
        if isinstance(self._address, str):
            opened = await asyncio.open_unix_connection(self._address)
        else:
            opened = await asyncio.open_connection(*self._address)
        self._reader, self._writer = opened
        self._http = h11.Connection(h11.CLIENT)
        self._tally.connections += 1

    def _close(self) -> None:
        if self._writer is not None:
            self._writer.close()
        self._reader = self._writer = None
