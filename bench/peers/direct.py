"""A call inside one process: what a monolith pays."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from benchapp import catalog

from bench.peers.caller import Peer


@asynccontextmanager
async def open_peer() -> AsyncIterator[Peer]:
    """Yield the application's own functions."""
    yield Peer(catalog.product_async, catalog.echo_async, host_pid=None)
