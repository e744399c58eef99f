"""seamline.worker.pool: when threads count as stuck, and what waits for a body."""

import asyncio

import pytest
from a2wsgi import WSGIMiddleware

from seamline.worker.pool import Pool, Standstill


class Threads:
    """An application of which each request goes on when it is told to."""

    def __init__(self) -> None:
        self.may_go_on = asyncio.Event()
        self.received: list[str] = []

    async def __call__(self, scope, receive, send) -> None:
        if scope["path"] == "/read":
            self.received.append((await receive())["type"])
        await self.may_go_on.wait()
        await send({"type": "http.response.start", "status": 200, "headers": []})


async def no_message() -> dict[str, str]:
    return {"type": "http.request"}


async def nowhere(_message) -> None:
    pass


def test_pool_is_full_when_a_request_waits_and_moves_when_one_ends() -> None:
    async def scenario() -> None:
        threads = Threads()
        pool = Pool(threads, 2)
        scope = {"type": "http", "path": "/"}
        seen = []
        asked = []
        for _ in range(3):
            asked.append(asyncio.ensure_future(pool(scope, no_message, nowhere)))
            await asyncio.sleep(0)
            seen.append((pool.is_full, pool.moves))
        threads.may_go_on.set()
        await asyncio.gather(*asked)

        assert seen == [(False, 0), (False, 0), (True, 0)]
        assert (pool.is_full, pool.moves) == (False, 6)

    asyncio.run(scenario())


def test_request_that_receives_its_body_moves() -> None:
    async def scenario() -> None:
        threads = Threads()
        pool = Pool(threads, 1)
        asked = asyncio.ensure_future(pool({"type": "http", "path": "/read"}, no_message, nowhere))
        await asyncio.sleep(0)

        assert (threads.received, pool.moves) == (["http.request"], 1)
        threads.may_go_on.set()
        await asked

    asyncio.run(scenario())


def test_standstill_counts_from_the_last_move_while_it_is_full() -> None:
    standstill = Standstill()

    def look(moves: int, is_full: bool, now: float) -> float:
        return standstill.seconds(moves, is_full=is_full, now=now)

    assert look(5, True, 10.0) == 0
    assert look(5, True, 13.0) == 3
    assert look(6, True, 14.0) == 0
    assert look(6, True, 20.0) == 6
    assert look(6, False, 21.0) == 0
    assert look(6, False, 25.0) == 0
    assert look(6, True, 26.0) == 1


SCOPE = {
    "type": "http", "http_version": "1.1", "method": "GET", "scheme": "http", "path": "/",
    "raw_path": b"/", "query_string": b"", "root_path": "", "headers": [],
    "server": ("bench", 80), "client": None,
}  # fmt: skip


async def asked(application) -> list[dict]:
    """Return what a WSGI application sends, behind its adapter and the pool."""
    sent: list[dict] = []

    async def send(message) -> None:
        sent.append(message)

    async def receive() -> dict:
        return {"type": "http.request", "body": b"", "more_body": False}

    await Pool(WSGIMiddleware(application, workers=1), 1)(SCOPE, receive, send)
    return sent


def test_application_that_fails_before_the_first_part_of_a_body_has_sent_nothing() -> None:
    def application(environ, start_response):
        start_response("200 OK", [])
        raise RuntimeError("early")
        yield b"never"

    sent: list[dict] = []

    async def scenario() -> None:
        sent.extend(await asked(application))

    with pytest.raises(RuntimeError, match="early"):
        asyncio.run(scenario())
    assert sent == []


@pytest.mark.parametrize("parts", [[], [b"a"], [b"a", b"b"], [b"", b"c"]])
def test_head_goes_before_the_first_part_and_once(parts) -> None:
    def application(environ, start_response):
        start_response("201 Created", [("x-kind", "part")])
        yield from parts

    sent = asyncio.run(asked(application))

    assert [one["type"] for one in sent] == [
        "http.response.start", *["http.response.body"] * (len(sent) - 1),
    ]  # fmt: skip
    assert sent[0]["status"] == 201
    assert b"".join(one["body"] for one in sent[1:]) == b"".join(parts)
    assert not sent[-1].get("more_body", False)
