"""A worker that leaves while it is called: whatever it did not begin, its successor does."""

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from seamline.rpc import Identity, Server, server


def successor_of(host: Any) -> Server:
    return Server(host.resolve, identity=Identity("run", "b.0", host.server._identity.secret))


def test_a_call_to_a_worker_that_is_gone_unheard_is_made_by_its_successor(
    start_host: Any, connect: Any, args: Any, run: Any
) -> None:
    async def f() -> str:
        return "answered"

    first = start_host()
    client = connect(first)
    target = first.offer(f)
    second = successor_of(first)

    async def call() -> str:
        await client.call_async(target, args())
        first.do(second.start(first._sock))
        first.do(first.server.drain(10))  # this loop stands still, and has not heard
        return await client.call_async(target, args())

    assert run(call()) == "answered"
    first.server = second


def test_a_call_that_arrives_while_the_worker_closes_is_made_by_its_successor(
    start_host: Any, connect: Any, args: Any, run: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def f() -> str:
        return "answered"

    monkeypatch.setattr(server, "LINGER_SECONDS", 0.0)
    first = start_host()
    client = connect(first)
    target = first.offer(f)
    about_to_close, goes_on = threading.Event(), threading.Event()
    second = successor_of(first)

    close = first.server.close

    def close_late() -> None:
        about_to_close.set()
        goes_on.wait(10)
        close()

    monkeypatch.setattr(first.server, "close", close_late)

    async def call() -> str:
        await client.call_async(target, args())
        first.do(second.start(first._sock))
        draining = asyncio.run_coroutine_threadsafe(first.server.drain(10), first.loop)
        about_to_close.wait(10)  # this loop stands still, and has not heard
        calling = asyncio.ensure_future(client.call_async(target, args()))
        await asyncio.sleep(0)
        goes_on.set()
        answer = await calling
        await asyncio.wrap_future(draining)
        return answer

    assert run(call()) == "answered"
    first.server = second


def test_a_stream_that_is_held_is_finished_by_the_worker_that_leaves(
    start_host: Any, connect: Any, args: Any
) -> None:
    def numbers(n: int) -> Iterator[int]:
        yield from range(n)

    first = start_host()
    client = connect(first)
    target = first.offer(numbers)
    second = successor_of(first)
    stream = client.stream(target, args(4))
    assert next(stream) == 0
    first.do(second.start(first._sock))

    draining = asyncio.run_coroutine_threadsafe(first.server.drain(10), first.loop)
    while not first.server.stats()["draining"]:
        first.do(asyncio.sleep(0))

    assert list(client.stream(target, args(2))) == [0, 1]  # a new one: the successor's
    assert not draining.done()
    assert list(stream) == [1, 2, 3]
    assert draining.result(10)
    first.server = second


def test_an_asynchronous_stream_that_is_held_is_finished_by_the_worker_that_leaves(
    start_host: Any, connect: Any, args: Any, run: Any
) -> None:
    async def numbers(n: int) -> AsyncIterator[int]:
        for i in range(n):
            yield i

    first = start_host()
    client = connect(first)
    target = first.offer(numbers)
    second = successor_of(first)

    async def streams() -> list[list[int]]:
        stream = client.stream_async(target, args(4))
        got = [await anext(stream)]
        first.do(second.start(first._sock))
        draining = asyncio.run_coroutine_threadsafe(first.server.drain(10), first.loop)
        while not first.server.stats()["draining"]:
            first.do(asyncio.sleep(0))
        other = [item async for item in client.stream_async(target, args(2))]
        assert not draining.done()
        got += [item async for item in stream]
        assert await asyncio.wrap_future(draining)
        return [got, other]

    assert run(streams()) == [[0, 1, 2, 3], [0, 1]]
    first.server = second
