"""Uses every other module in the way that cannot work across processes."""

import io

from hazards import callables, files, ledger, letters, orders, plugins, rates, stock, streams
from hazards.stock import COUNTS

letters.define("welcome", "Hello {name}")  # a call while importing


def book(amount: int) -> None:
    with ledger.sessions() as session:
        ledger.enter(session, amount)
        session.commit()


def newest_amount() -> int:
    entry = ledger.newest()
    return 0 if entry is None else entry.amount


def shouted() -> list[str]:
    return callables.each(str.upper)


def upload(data: bytes) -> int:
    return files.measure("upload", io.BytesIO(data))


def added() -> int:
    return streams.add_up(number for number in range(3))


def in_stock(sku: str) -> int:
    return COUNTS[sku] + stock.COUNTS[sku]


def shelves() -> list[str]:
    return stock.shelf("front")


def finished() -> bool:
    order = orders.Order(["tea"])
    orders.close(order)
    return order.done


async def welcome(name: str) -> str:
    return letters.render("welcome", name=name)


def refreshed() -> float:
    rates.rate.cache_clear()
    return rates.rate("EUR")


def renamed() -> str:
    return plugins.renamed("front")
