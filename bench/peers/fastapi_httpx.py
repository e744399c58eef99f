"""FastAPI called with httpx, results read into the dataclass with pydantic."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
from benchapp.values import Product
from pydantic import TypeAdapter

from bench.peers.caller import Peer, open_server


@asynccontextmanager
async def open_peer() -> AsyncIterator[Peer]:
    """Start the server and yield a client that keeps its connections."""
    read = TypeAdapter(Product).validate_json
    limits = httpx.Limits(max_connections=100, max_keepalive_connections=100)
    async with (
        open_server("fastapi_server") as (pid, url),
        httpx.AsyncClient(base_url=url, limits=limits, timeout=30) as client,
    ):

        async def product(product_id: str) -> Product:
            answer = await client.get(f"/products/{product_id}")
            answer.raise_for_status()
            return read(answer.content)

        async def echo(data: bytes) -> bytes:
            return (await client.post("/echo", content=data)).content

        yield Peer(product, echo, host_pid=pid)
