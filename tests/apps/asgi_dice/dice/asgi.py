"""A plain ASGI callable, without a framework."""

import json

from dice import history, rolls


async def app(scope, receive, send):
    if scope["type"] != "http":
        return
    rolled = rolls.roll("3d6+1", seed=scope["path"])
    number = await history.keep(rolled)
    body = json.dumps({"rolled": rolled, "number": number}).encode()
    headers = [(b"content-type", b"application/json")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})
