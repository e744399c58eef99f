"""The package that is called: the same product, asked for in either colour."""

import os

from benchapp.values import Product, make_product

_served_by = {"pid": os.getpid()}


async def product_async(product_id: str) -> Product:
    """Return one product from a coroutine."""
    return make_product(product_id)


def product(product_id: str) -> Product:
    """Return one product from a plain function."""
    return make_product(product_id)


async def echo_async(data: bytes) -> bytes:
    """Return what was sent, from a coroutine."""
    return data


def echo(data: bytes) -> bytes:
    """Return what was sent, from a plain function."""
    return data


def host_pid() -> int:
    """Return the process that runs this package's functions."""
    return _served_by["pid"]
