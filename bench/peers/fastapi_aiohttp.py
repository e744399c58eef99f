"""FastAPI called with aiohttp, results read into the dataclass with pydantic."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
from benchapp.values import Product
from pydantic import TypeAdapter

from bench.peers.caller import Peer, open_server


@asynccontextmanager
async def open_peer() -> AsyncIterator[Peer]:
    """Start the server and yield a client that keeps its connections."""
    read = TypeAdapter(Product).validate_json
    async with (
        open_server("fastapi_server") as (pid, url),
        aiohttp.ClientSession(url, raise_for_status=True) as client,
    ):

        async def product(product_id: str) -> Product:
            async with client.get(f"/products/{product_id}") as answer:
                return read(await answer.read())

        async def echo(data: bytes) -> bytes:
            async with client.post("/echo", data=data) as answer:
                return await answer.read()

        yield Peer(product, echo, host_pid=pid)
