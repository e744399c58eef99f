"""A page that does nothing."""

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route


async def quick(request: Request) -> PlainTextResponse:
    """Answer a token."""
    return PlainTextResponse(request.path_params["token"])


app = Starlette(routes=[Route("/quick/{token}", quick)])
