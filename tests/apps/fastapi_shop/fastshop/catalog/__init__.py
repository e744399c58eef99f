"""What the shop sells, and how much of it is there."""

from fastshop.catalog.products import (
    Product,
    UnknownProduct,
    add,
    export,
    load,
    product,
    require,
    search,
)
from fastshop.catalog.stock import (
    OutOfStock,
    Reservation,
    available,
    reserved,
    restock,
    stocktake,
    take,
    wait_for_stock,
    waiting,
)

__all__ = [
    "OutOfStock",
    "Product",
    "Reservation",
    "UnknownProduct",
    "add",
    "available",
    "export",
    "load",
    "product",
    "require",
    "reserved",
    "restock",
    "search",
    "stocktake",
    "take",
    "wait_for_stock",
    "waiting",
]
