"""Connections that last, for ``./run bench reliability``: WebSockets, and what a stop waits for.

``websocket``: clients talk over WebSockets while every worker is replaced. Each is told to come
again (close 1012, "service restart") and is let in again at once. ``stop``: SIGTERM while one
request has ten seconds to go, a WebSocket is open and a connection is kept alive, both idle: the
request is answered, and the end comes with it.
"""

import asyncio
import signal
import time
from collections import Counter
from contextlib import AbstractAsyncContextManager
from typing import Any

from websockets.asyncio.client import connect, unix_connect
from websockets.exceptions import ConnectionClosed, WebSocketException

from bench.load import Address

FAULTS = ("websocket", "stop")
#: What a stop may take: ``graceful_timeout`` of the application, and a second.
GRACEFUL_SECONDS = 20
_SPARE_SECONDS = 1
_PAUSE_SECONDS = 0.02
_SERVICE_RESTART = 1012
_COLUMNS = (
    "clients",
    "rounds",
    "opened",
    "refused",
    "closed 1012",
    "closed otherwise",
    "messages",
)
_TALK = ("clients", "rounds", "opened", "refused", "restarts", "others", "messages")
_STOP_COLUMNS = (
    "request s",
    "stopped after s",
    "answered",
    "WebSocket closed",
    "connection closed",
)
_STOP = ("request_seconds", "stopped_seconds", "status", "close_code", "kept_closed")


def _open(address: Address) -> Any:
    if isinstance(address, str):
        return unix_connect(address, "ws://localhost/echo")
    return connect(f"ws://{address[0]}:{address[1]}/echo")


async def _talk(
    address: Address, counts: Counter[str], enough: asyncio.Event, changed: asyncio.Event
) -> None:
    """Talk until it is enough, on one WebSocket after the other."""
    while not enough.is_set():
        try:
            websocket = await _open(address)
        except (OSError, WebSocketException):
            counts["refused"] += 1
            continue
        counts["opened"] += 1
        changed.set()
        try:
            async with websocket:
                while not enough.is_set():
                    text = str(counts["messages"])
                    await websocket.send(text)
                    if await websocket.recv() != text:
                        counts["wrong"] += 1
                    counts["messages"] += 1
                    await asyncio.sleep(_PAUSE_SECONDS)
        except ConnectionClosed as exc:
            code = exc.rcvd.code if exc.rcvd is not None else None
            counts["restarts" if code == _SERVICE_RESTART else "others"] += 1


async def measure_websockets(
    started: AbstractAsyncContextManager[Any], kind: str, clients: int, rounds: int
) -> dict[str, Any]:
    """Reload so many times while clients talk; return one row."""
    counts: Counter[str] = Counter()
    enough, changed = asyncio.Event(), asyncio.Event()
    async with started as run:
        address = await run.address()
        talking = asyncio.gather(
            *(_talk(address, counts, enough, changed) for _ in range(clients))
        )
        try:
            for number in range(rounds):
                while counts["opened"] - counts["restarts"] - counts["others"] < clients:
                    changed.clear()
                    await changed.wait()
                await run.do("reload", number)
        finally:
            enough.set()
            await talking
    names = ("opened", "refused", "restarts", "others", "wrong", "messages")
    return {
        "server": "seamline",
        "fault": "websocket",
        "socket": kind,
        "clients": clients,
        "rounds": rounds,
        **{name: counts[name] for name in names},
    }


async def measure_stop(
    started: AbstractAsyncContextManager[Any], kind: str, seconds: float
) -> dict[str, Any]:
    """Stop while a request has so long to go; return one row."""
    async with started as run:
        address = await run.address()
        websocket = await _open(address)
        await websocket.send("hello")
        await websocket.recv()
        kept, kept_writer = await _ask(address, "/plain/kept")
        assert await _status(kept) == 200
        slow, slow_writer = await _ask(address, f"/slow/{seconds}")
        await asyncio.wait_for(_wait_running(run), 30)
        began = time.perf_counter()
        run.process.send_signal(signal.SIGTERM)
        status = await _status(slow)
        await asyncio.wait_for(websocket.wait_closed(), 60)
        ended_with = await asyncio.wait_for(kept.read(), 60)
        await run.process.wait()
        stopped = time.perf_counter() - began
        for writer in (kept_writer, slow_writer):
            writer.close()
    return {
        "server": "seamline",
        "fault": "stop",
        "socket": kind,
        "request_seconds": seconds,
        "stopped_seconds": round(stopped, 2),
        "status": status,
        "close_code": websocket.close_code,
        "kept_closed": "yes" if ended_with == b"" else "no",
    }


async def _wait_running(run: Any) -> None:
    """Wait until the slow request is being answered."""
    while not any(
        worker["in_flight"]
        for group in (await run.command("status"))["groups"]
        for worker in group["workers"]
    ):
        continue


async def _ask(address: Address, path: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    if isinstance(address, str):
        reader, writer = await asyncio.open_unix_connection(address)
    else:
        reader, writer = await asyncio.open_connection(*address)
    writer.write(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
    return reader, writer


async def _status(reader: asyncio.StreamReader) -> int:
    """Read an answer whole and return its status."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
    length = int(head.partition("content-length: ")[2].partition("\r\n")[0])
    await reader.readexactly(length)
    return int(head.split()[1])


def is_bad(row: dict[str, Any]) -> bool:
    """Whether a client was sent away otherwise than it should be, or a stop was too slow."""
    if row["fault"] == "websocket":
        return bool(row["refused"] or row["others"] or row["wrong"] or not row["restarts"])
    return (
        row["status"] != 200
        or row["close_code"] != _SERVICE_RESTART
        or row["kept_closed"] != "yes"
        or row["stopped_seconds"] > GRACEFUL_SECONDS + _SPARE_SECONDS
    )


def tables(rows: list[dict[str, Any]]) -> list[str]:
    """Return the rows as tables of Markdown."""
    talks = [
        [f"websocket, {row['socket']}", *(row[name] for name in _TALK)]
        for row in rows
        if row["fault"] == "websocket"
    ]
    stops = [
        [f"stop, {row['socket']}", *(row[name] for name in _STOP)]
        for row in rows
        if row["fault"] == "stop"
    ]
    return [
        _table(titles, lines)
        for titles, lines in ((_COLUMNS, talks), (_STOP_COLUMNS, stops))
        if lines
    ]


def _table(titles: tuple[str, ...], rows: list[list[Any]]) -> str:
    lines = [f"| fault | {' | '.join(titles)} |", "|---" + "|---:" * len(titles) + "|"]
    lines += [f"| {' | '.join(map(str, row))} |" for row in rows]
    return "\n".join(lines)
