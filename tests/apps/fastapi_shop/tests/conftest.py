"""A shop with three products, ten pieces of each."""

from collections.abc import AsyncIterator
from decimal import Decimal

import httpx
import pytest

from fastshop import catalog
from fastshop.web import create_app

PRODUCTS = (
    catalog.Product(sku="TE-1", title="Green tea", price=Decimal("4.50"), tags=("tea", "green")),
    catalog.Product(sku="TE-2", title="Black tea", price=Decimal("3.95"), tags=("tea",)),
    catalog.Product(sku="MU-1", title="Mug", price=Decimal("12.00")),
)


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(autouse=True)
async def stock(anyio_backend: str) -> None:
    await catalog.load(PRODUCTS, stock=10)


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(create_app())
    async with httpx.AsyncClient(transport=transport, base_url="http://shop") as client:
        yield client
