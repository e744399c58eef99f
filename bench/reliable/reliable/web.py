"""The asynchronous pages."""

import asyncio

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket

from reliable import ledger
from reliable.notes import note, open_notes

_SECONDS = 0.01
_file = open_notes("requests")


async def plain(request: Request) -> PlainTextResponse:
    """Answer after a while."""
    await asyncio.sleep(_SECONDS)
    note(_file, request.path_params["token"])
    return PlainTextResponse(request.path_params["token"])


async def call(request: Request) -> PlainTextResponse:
    """Answer what the ledger answers."""
    note(_file, request.path_params["token"])
    return PlainTextResponse(await ledger.enter_async(request.path_params["token"]))


async def look(request: Request) -> PlainTextResponse:
    """Answer what the ledger answers, however often it is asked."""
    note(_file, request.path_params["token"])
    return PlainTextResponse(await ledger.look_async(request.path_params["token"]))


async def slow(request: Request) -> PlainTextResponse:
    """Answer after so many seconds."""
    await asyncio.sleep(request.path_params["seconds"])
    return PlainTextResponse("slow")


async def echo(websocket: WebSocket) -> None:
    """Send back what comes, until the other side leaves."""
    await websocket.accept()
    async for text in websocket.iter_text():
        await websocket.send_text(text)


app = Starlette(
    routes=[
        Route("/plain/{token}", plain),
        Route("/call/{token}", call),
        Route("/look/{token}", look),
        Route("/slow/{seconds:float}", slow),
        WebSocketRoute("/echo", echo),
    ]
)
