"""The package that is called: the same product, asked for in either colour.

It counts what it echoes, so it has state, and its functions run where that state is.
"""

import os

from benchapp.values import Product, make_product

_echoed = {"times": 0, "bytes": 0}


async def product_async(product_id: str) -> Product:
    """Return one product from a coroutine."""
    return make_product(product_id)


def product(product_id: str) -> Product:
    """Return one product from a plain function."""
    return make_product(product_id)


async def echo_async(data: bytes) -> bytes:
    """Return what was sent, from a coroutine."""
    return echo(data)


def echo(data: bytes) -> bytes:
    """Return what was sent, from a plain function."""
    _echoed["times"] += 1
    _echoed["bytes"] += len(data)
    return data


def host_pid() -> int:
    """Return the process that keeps this package's state."""
    _echoed["times"] += 1
    return os.getpid()
