"""Products by their number."""

from collections.abc import AsyncIterator, Sequence
from decimal import Decimal

from pydantic import BaseModel, ConfigDict, Field

from fastshop.catalog.store import Row, rows


class UnknownProduct(LookupError):
    """There is no product of that number."""

    def __init__(self, sku: str) -> None:
        super().__init__(f"no product {sku!r}")
        self.sku = sku


class Product(BaseModel):
    """One product as customers see it."""

    model_config = ConfigDict(frozen=True)

    sku: str = Field(pattern=r"^[A-Z]{2}-\d+$")
    title: str
    price: Decimal
    tags: tuple[str, ...] = ()


async def load(products: Sequence[Product], *, stock: int = 0) -> int:
    """Replace the whole catalogue; every product starts with the same stock."""
    rows.clear()
    for item in products:
        await add(item, stock=stock)
    return len(rows)


async def add(item: Product, *, stock: int = 0) -> None:
    """Add or replace one product."""
    rows[item.sku] = Row(item.title, item.price, list(item.tags), stock)


async def product(sku: str) -> Product:
    """Return one product. Raises UnknownProduct."""
    try:
        row = rows[sku]
    except KeyError as missing:
        error = UnknownProduct(sku)
        error.add_note(f"the catalogue holds {len(rows)} products")
        raise error from missing
    return Product(sku=sku, title=row.title, price=row.price, tags=tuple(row.tags))


async def require(skus: Sequence[str]) -> list[Product]:
    """Return the products in the order asked for. Raises all that is missing at once."""
    found: list[Product] = []
    missing: list[UnknownProduct] = []
    for sku in skus:
        try:
            found.append(await product(sku))
        except UnknownProduct as error:
            missing.append(error)
    if missing:
        raise ExceptionGroup("some products do not exist", missing)
    return found


async def search(
    text: str = "", /, *tags: str, limit: int = 20, cheaper_than: Decimal | None = None
) -> dict[str, Product]:
    """Find products by a part of their title and by all of the tags."""
    hits = {
        sku: await product(sku)
        for sku, row in sorted(rows.items())
        if text.lower() in row.title.lower()
        and set(tags) <= set(row.tags)
        and (cheaper_than is None or row.price < cheaper_than)
    }
    return dict(list(hits.items())[:limit])


async def export(*, separator: str = ";") -> AsyncIterator[str]:
    """Yield the catalogue as lines of CSV, one product at a time."""
    yield separator.join(("sku", "title", "price")) + "\n"
    for sku, row in sorted(rows.items()):
        yield separator.join((sku, row.title, str(row.price))) + "\n"
