"""The rows behind the catalogue, kept in memory by the process that owns them."""

import asyncio
from dataclasses import dataclass, field
from decimal import Decimal


@dataclass
class Row:
    title: str
    price: Decimal
    tags: list[str]
    stock: int = 0
    waiters: list[asyncio.Event] = field(default_factory=list)


rows: dict[str, Row] = {}
