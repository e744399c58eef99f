"""Rows 5 to 8: colours, deadlines, generators, held frames."""

import asyncio
import contextlib
import os
import time
from collections.abc import AsyncIterator, Iterator
from typing import Any

KEPT: list[Any] = []
LOG: list[str] = []


def log() -> list[str]:
    """Return what happened here since the last call."""
    taken = list(LOG)
    LOG.clear()
    return taken


def double(number: int) -> int:
    LOG.append(f"double {number}")
    return number * 2


async def double_later(number: int) -> int:
    await asyncio.sleep(0)
    LOG.append(f"double_later {number}")
    return number * 2


def countdown(start: int) -> Iterator[int]:
    LOG.append("start")
    try:
        while start:
            LOG.append(f"yield {start}")
            yield start
            start -= 1
    finally:
        LOG.append("closed")
    return 99  # type: ignore[return-value]


def conversation() -> Iterator[str]:
    """Answer what is sent; survive what is thrown, but for KeyError."""
    LOG.append("talk")
    answer = "hello"
    while True:
        try:
            heard = yield answer
            answer = f"heard {heard}"
        except ValueError as exc:
            answer = f"caught {exc}"


async def countdown_later(start: int) -> AsyncIterator[int]:
    LOG.append("start")
    try:
        while start:
            await asyncio.sleep(0)
            yield start
            start -= 1
    finally:
        LOG.append("closed")


@contextlib.contextmanager
def held(name: str) -> Iterator[str]:
    LOG.append(f"enter {name}")
    try:
        yield f"{name} {os.getpid()}"
    except LookupError:
        LOG.append("swallowed")
    finally:
        LOG.append(f"leave {name}")


@contextlib.asynccontextmanager
async def held_later(name: str) -> AsyncIterator[str]:
    LOG.append(f"enter {name}")
    try:
        yield name
    finally:
        await asyncio.sleep(0)
        LOG.append(f"leave {name}")


def sleep(seconds: float) -> str:
    LOG.append("sleep")
    time.sleep(seconds)
    return "slept"


async def sleep_later(seconds: float) -> str:
    LOG.append("sleep_later")
    try:
        await asyncio.sleep(seconds)
    except asyncio.CancelledError:
        LOG.append("cancelled")
        raise
    return "slept"


async def stubborn() -> str:
    """Answer a cancellation with a value."""
    LOG.append("stubborn")
    try:
        await asyncio.sleep(60)
    except asyncio.CancelledError:
        return "would not"
    return "slept"


async def cancels_itself() -> None:
    LOG.append("cancels_itself")
    raise asyncio.CancelledError


def take_two(items: Iterator[Any]) -> list[Any]:
    """Ask for two items and no more."""
    LOG.append("take two")
    return [next(items), next(items)]


async def take_two_later(items: AsyncIterator[Any]) -> list[Any]:
    LOG.append("take two")
    return [await anext(items), await anext(items)]


def doubled(items: Iterator[int]) -> Iterator[int]:
    LOG.append("doubled")
    for item in items:
        yield 2 * item


def keep(items: Iterator[Any]) -> None:
    """Keep an iterator for later."""
    KEPT.append(items)


def kept() -> Any:
    return next(KEPT.pop())
