"""The room over HTTP."""

from aiohttp import web

from chat import filters, rooms


async def index(request: web.Request) -> web.Response:
    number = await rooms.say("hall", filters.clean("what the heck <b>is</b> this"))
    return web.json_response({"number": number, "said": await rooms.heard("hall")})


def create_app() -> web.Application:
    app = web.Application()
    app.router.add_get("/", index)
    return app
