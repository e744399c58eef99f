"""Orders: made whole or not at all, and followed until they are shipped."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from itertools import count
from uuid import UUID, uuid4

from fastshop import catalog, pricing

_placed: dict[UUID, "Order"] = {}
_watchers: dict[UUID, list[asyncio.Queue["Status"]]] = {}
_numbers = count(1)


class Status(StrEnum):
    """Where an order stands."""

    PLACED = "placed"
    PACKED = "packed"
    SHIPPED = "shipped"


class UnknownOrder(LookupError):
    """There is no such order, or it is somebody else's."""


@dataclass(frozen=True, slots=True)
class Order:
    """One order; changed only by being replaced."""

    id: UUID
    number: int
    customer: str
    lines: tuple[pricing.Line, ...]
    quote: pricing.Quote
    placed_at: datetime
    status: Status = Status.PLACED
    notes: frozenset[str] = field(default_factory=frozenset)


async def place(
    customer: str,
    lines: Sequence[pricing.Line],
    *,
    voucher: str | None = None,
    notes: frozenset[str] = frozenset(),
) -> Order:
    """Place an order. When anything fails, no stock is gone.

    Raises catalog.UnknownProduct, catalog.OutOfStock, and what vouchers raise.
    """
    async with AsyncExitStack() as holds:
        for line in lines:
            await holds.enter_async_context(catalog.reserved(line.sku, line.quantity))
        quote = await pricing.quote(lines, voucher=voucher)
        order = Order(
            uuid4(), next(_numbers), customer, tuple(lines), quote, datetime.now(UTC), notes=notes
        )
        _placed[order.id] = order
    return order


async def order(order_id: UUID, *, customer: str | None = None) -> Order:
    """Return one order. Raises UnknownOrder."""
    found = _placed.get(order_id)
    if found is None or customer not in (None, found.customer):
        raise UnknownOrder(order_id)
    return Order(
        found.id,
        found.number,
        found.customer,
        found.lines,
        found.quote,
        found.placed_at,
        found.status,
        found.notes,
    )


async def history(customer: str) -> AsyncIterator[Order]:
    """Yield the customer's orders, oldest first."""
    for order_id in sorted(_placed, key=lambda key: _placed[key].number):
        if _placed[order_id].customer == customer:
            yield await order(order_id)


async def advance(order_id: UUID) -> Status:
    """Move an order one step on and tell whoever follows it."""
    now = await order(order_id)
    status = Status.PACKED if now.status is Status.PLACED else Status.SHIPPED
    _placed[order_id] = Order(
        now.id, now.number, now.customer, now.lines, now.quote, now.placed_at, status, now.notes
    )
    for watcher in _watchers.get(order_id, []):
        watcher.put_nowait(status)
    return status


async def follow(order_id: UUID) -> AsyncIterator[Status]:
    """Yield the order's status now, then every change, until it is shipped."""
    status = (await order(order_id)).status
    changes: asyncio.Queue[Status] = asyncio.Queue()
    _watchers.setdefault(order_id, []).append(changes)
    try:
        yield status
        while status is not Status.SHIPPED:
            status = await changes.get()
            yield status
    finally:
        _watchers[order_id].remove(changes)


async def followers(order_id: UUID) -> int:
    """Return how many follow an order just now."""
    return len(_watchers.get(order_id, []))
