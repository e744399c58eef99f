"""fastshop.catalog: products, stock, reservations."""

import asyncio
import inspect
from collections.abc import Awaitable, Callable
from decimal import Decimal

import pytest

from fastshop import catalog

pytestmark = pytest.mark.anyio


async def wait_until(condition: Callable[[], Awaitable[bool]]) -> None:
    """Ask until it is so; fail after five seconds."""
    async with asyncio.timeout(5):
        while not await condition():
            await asyncio.sleep(0.001)


async def test_a_product_is_a_model_with_its_exact_types() -> None:
    tea = await catalog.product("TE-1")

    assert tea == catalog.Product(
        sku="TE-1", title="Green tea", price=Decimal("4.50"), tags=("tea", "green")
    )
    assert type(tea) is catalog.Product
    assert type(tea.price) is Decimal
    assert type(tea.tags) is tuple


async def test_an_unknown_product_raises_with_number_note_and_cause() -> None:
    with pytest.raises(catalog.UnknownProduct, match="no product 'XX-9'") as caught:
        await catalog.product("XX-9")

    assert caught.value.sku == "XX-9"
    assert caught.value.__notes__ == ["the catalogue holds 3 products"]
    assert isinstance(caught.value.__cause__, KeyError)


async def test_all_missing_products_are_raised_together() -> None:
    with pytest.raises(ExceptionGroup, match="some products do not exist") as caught:
        await catalog.require(["TE-1", "XX-1", "XX-2"])

    assert [error.sku for error in caught.value.exceptions] == ["XX-1", "XX-2"]


async def test_search_takes_positional_variadic_and_keyword_arguments() -> None:
    assert list(await catalog.search()) == ["MU-1", "TE-1", "TE-2"]
    assert list(await catalog.search("tea", "tea", "green")) == ["TE-1"]
    assert list(await catalog.search("", cheaper_than=Decimal(4), limit=5)) == ["TE-2"]


async def test_a_wrong_argument_is_the_callers_type_error() -> None:
    with pytest.raises(TypeError, match="unexpected keyword argument 'colour'"):
        await catalog.search(colour="green")


async def test_export_yields_one_line_at_a_time() -> None:
    lines = [line async for line in catalog.export(separator=",")]

    assert lines == [
        "sku,title,price\n",
        "MU-1,Mug,12.00\n",
        "TE-1,Green tea,4.50\n",
        "TE-2,Black tea,3.95\n",
    ]


async def test_export_can_be_left_early() -> None:
    lines = catalog.export()

    assert await anext(lines) == "sku;title;price\n"
    await lines.aclose()

    with pytest.raises(StopAsyncIteration):
        await anext(lines)


async def test_stocktake_takes_what_is_sent_to_it() -> None:
    counting = catalog.stocktake()
    sku = await anext(counting)

    with pytest.raises(StopAsyncIteration):
        for counted in (1, 2, 3):
            assert sku in {"MU-1", "TE-1", "TE-2"}
            sku = await counting.asend(counted)

    assert [await catalog.available(sku) for sku in ("MU-1", "TE-1", "TE-2")] == [1, 2, 3]


async def test_reserved_pieces_are_gone_after_the_block() -> None:
    async with catalog.reserved("TE-1", 4) as held:
        assert held == catalog.Reservation("TE-1", 4)
        assert await catalog.available("TE-1") == 6

    assert await catalog.available("TE-1") == 6


async def test_reserved_pieces_come_back_when_the_block_raises() -> None:
    mistake = RuntimeError("changed my mind")

    with pytest.raises(RuntimeError) as caught:
        async with catalog.reserved("TE-1", 4):
            raise mistake

    assert caught.value is mistake
    assert await catalog.available("TE-1") == 10


async def test_more_than_there_is_cannot_be_reserved() -> None:
    with pytest.raises(catalog.OutOfStock, match="11 of TE-1 wanted, 10 left") as caught:
        async with catalog.reserved("TE-1", 11):
            pytest.fail("the block must not run")

    assert (caught.value.wanted, caught.value.left) == (11, 10)


async def test_a_waiting_customer_is_woken_by_the_delivery() -> None:
    waiting = asyncio.create_task(catalog.wait_for_stock("MU-1", 12))
    await wait_until(lambda: _some_wait("MU-1"))

    await catalog.restock("MU-1", 1)
    await catalog.restock("MU-1", 1)

    assert await waiting == 12


async def test_a_customer_who_gives_up_no_longer_waits() -> None:
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await catalog.wait_for_stock("MU-1", 99)

    await wait_until(lambda: _nobody_waits("MU-1"))


async def test_a_hundred_customers_at_once_get_what_there_is() -> None:
    taken = await asyncio.gather(
        *(catalog.take("TE-2", 1) for _ in range(100)), return_exceptions=True
    )

    assert taken.count(None) == 10
    assert sum(isinstance(result, catalog.OutOfStock) for result in taken) == 90


def test_functions_are_what_their_source_says() -> None:
    assert inspect.iscoroutinefunction(catalog.product)
    assert inspect.isasyncgenfunction(catalog.export)
    assert list(inspect.signature(catalog.search).parameters) == [
        "text",
        "tags",
        "limit",
        "cheaper_than",
    ]


async def _some_wait(sku: str) -> bool:
    return await catalog.waiting(sku) > 0


async def _nobody_waits(sku: str) -> bool:
    return await catalog.waiting(sku) == 0
