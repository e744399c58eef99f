"""How much of a product is there, and who holds it."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from fastshop.catalog.products import UnknownProduct
from fastshop.catalog.store import Row, rows


class OutOfStock(Exception):
    """Fewer pieces are left than were asked for."""

    def __init__(self, sku: str, wanted: int, left: int) -> None:
        super().__init__(f"{wanted} of {sku} wanted, {left} left")
        self.sku = sku
        self.wanted = wanted
        self.left = left


@dataclass(frozen=True, slots=True)
class Reservation:
    """Pieces set aside while an order is being made."""

    sku: str
    quantity: int


def _row(sku: str) -> Row:
    if sku not in rows:
        raise UnknownProduct(sku)
    return rows[sku]


async def available(sku: str) -> int:
    """Return how many pieces nobody holds."""
    return _row(sku).stock


async def restock(sku: str, quantity: int) -> int:
    """Add pieces and wake whoever waits for them; return how many there are now."""
    row = _row(sku)
    row.stock += quantity
    for waiter in row.waiters:
        waiter.set()
    return row.stock


async def take(sku: str, quantity: int) -> None:
    """Take pieces out for good. Raises OutOfStock."""
    row = _row(sku)
    if row.stock < quantity:
        raise OutOfStock(sku, quantity, row.stock)
    row.stock -= quantity


@asynccontextmanager
async def reserved(sku: str, quantity: int) -> AsyncIterator[Reservation]:
    """Hold pieces while the block runs; they go back when it raises."""
    await take(sku, quantity)
    try:
        yield Reservation(sku, quantity)
    except BaseException:
        await restock(sku, quantity)
        raise


async def wait_for_stock(sku: str, quantity: int) -> int:
    """Return once there are that many pieces."""
    row = _row(sku)
    while row.stock < quantity:
        arrived = asyncio.Event()
        row.waiters.append(arrived)
        try:
            await arrived.wait()
        finally:
            row.waiters.remove(arrived)
    return row.stock


async def waiting(sku: str) -> int:
    """Return how many callers wait for the product."""
    return len(_row(sku).waiters)


async def stocktake() -> AsyncGenerator[str, int]:
    """Yield each product's number; what is sent back is what was counted."""
    for sku, row in sorted(rows.items()):
        row.stock = yield sku
