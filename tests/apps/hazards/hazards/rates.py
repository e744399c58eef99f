"""Keeps a cache in each process."""

from functools import lru_cache


@lru_cache
def rate(currency: str) -> float:
    return sum(map(ord, currency)) / 100


def forget() -> None:
    rate.cache_clear()
