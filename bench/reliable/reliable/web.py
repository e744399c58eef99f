"""The asynchronous pages."""

import asyncio

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

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


app = Starlette(routes=[Route("/plain/{token}", plain), Route("/call/{token}", call)])
