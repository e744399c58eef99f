"""fastshop.orders: made whole or not at all."""

import asyncio
from datetime import UTC, datetime
from decimal import Decimal
from uuid import UUID, uuid4

import pytest

from fastshop import catalog, orders, pricing
from fastshop.pricing import Line

pytestmark = pytest.mark.anyio


async def test_an_order_keeps_every_value_as_it_was_made() -> None:
    placed = await orders.place("ada", [Line("TE-1", 2)], notes=frozenset({"gift"}))

    again = await orders.order(placed.id)

    assert again == placed
    assert type(again.id) is UUID
    assert type(again.notes) is frozenset
    assert again.status is orders.Status.PLACED
    assert again.lines == (Line("TE-1", 2),)
    assert again.quote.total == Decimal("10.60")
    assert again.placed_at.tzinfo is UTC
    assert again.placed_at <= datetime.now(UTC)


async def test_an_order_takes_its_pieces() -> None:
    await orders.place("ada", [Line("TE-1", 2), Line("MU-1", 1)])

    assert await catalog.available("TE-1") == 8
    assert await catalog.available("MU-1") == 9


async def test_an_order_that_cannot_be_filled_takes_nothing() -> None:
    with pytest.raises(catalog.OutOfStock):
        await orders.place("ada", [Line("TE-1", 2), Line("MU-1", 11)])

    assert await catalog.available("TE-1") == 10


async def test_an_order_with_a_bad_voucher_takes_nothing() -> None:
    with pytest.raises(pricing.VoucherExpired):
        await orders.place("ada", [Line("TE-1", 2)], voucher="WINTER")

    assert await catalog.available("TE-1") == 10


async def test_somebody_elses_order_is_not_shown() -> None:
    placed = await orders.place("ada", [Line("TE-1", 1)])

    with pytest.raises(orders.UnknownOrder):
        await orders.order(placed.id, customer="bob")


async def test_history_yields_oldest_first() -> None:
    customer = f"customer {uuid4()}"
    placed = [await orders.place(customer, [Line("TE-2", 1)]) for _ in range(3)]

    assert [order async for order in orders.history(customer)] == placed


async def test_a_follower_sees_every_step_until_shipped() -> None:
    placed = await orders.place("ada", [Line("TE-1", 1)])
    steps = orders.follow(placed.id)

    seen = [await anext(steps)]
    await orders.advance(placed.id)
    seen.append(await anext(steps))
    await orders.advance(placed.id)
    seen.append(await anext(steps))

    assert seen == [orders.Status.PLACED, orders.Status.PACKED, orders.Status.SHIPPED]
    with pytest.raises(StopAsyncIteration):
        await anext(steps)


async def test_a_follower_who_leaves_is_forgotten() -> None:
    placed = await orders.place("ada", [Line("TE-1", 1)])
    steps = orders.follow(placed.id)
    await anext(steps)
    assert await orders.followers(placed.id) == 1

    await steps.aclose()

    async with asyncio.timeout(5):
        while await orders.followers(placed.id):
            await asyncio.sleep(0.001)
