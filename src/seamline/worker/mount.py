"""Several http services behind one address, told apart by the prefix of the path."""

import asyncio
from typing import Any

import uvicorn
from uvicorn.lifespan.on import LifespanOn

from seamline.worker.http import Application, Receive, Scope, Send


class Mount:
    """Sends each request to the application with the longest prefix that fits.

    Args:
        applications: By path prefix; the empty prefix takes what no other does.
    """

    def __init__(self, applications: dict[str, Application]) -> None:
        self._applications = sorted(applications.items(), key=lambda item: -len(item[0]))
        self._states: dict[str, dict[str, Any]] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Find the application of one request and let it answer."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
            return
        path = scope["path"]
        for prefix, application in self._applications:
            if path == prefix or path.startswith(prefix + "/"):
                inner = {
                    **scope,
                    "root_path": scope.get("root_path", "") + prefix,
                    "state": dict(self._states.get(prefix, {})),
                }
                await application(inner, receive, send)
                return
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1000})
            return
        headers = [(b"content-type", b"text/plain"), (b"content-length", b"9")]
        await send({"type": "http.response.start", "status": 404, "headers": headers})
        await send({"type": "http.response.body", "body": b"Not Found"})

    async def _live(self, receive: Receive, send: Send) -> None:
        """Run the start-up and shutdown of each application, as if each were alone."""
        await receive()
        lives: list[LifespanOn] = []
        for prefix, application in self._applications:
            config = uvicorn.Config(application, interface="asgi3", log_config=None)
            life = LifespanOn(config)
            await life.startup()
            if life.should_exit:
                await asyncio.gather(*(started.shutdown() for started in lives))
                message = f"the application under {prefix or '/'} failed to start"
                await send({"type": "lifespan.startup.failed", "message": message})
                return
            self._states[prefix] = life.state
            lives.append(life)
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await asyncio.gather(*(life.shutdown() for life in lives))
        await send({"type": "lifespan.shutdown.complete"})
