"""The polls over HTTP; wrapped, as deployed ones are."""

from starlette.applications import Starlette
from starlette.middleware.gzip import GZipMiddleware
from starlette.responses import JSONResponse, PlainTextResponse
from starlette.routing import Route

from polls import charts, votes


async def index(request):
    for choice in ("yes", "no", "yes"):
        votes.vote("lunch", choice)
    return PlainTextResponse(charts.draw(votes.result("lunch")))


async def result(request):
    return JSONResponse(votes.result(request.path_params["poll"]))


polls = Starlette(routes=[Route("/", index), Route("/polls/{poll}", result)])
app = GZipMiddleware(polls)
