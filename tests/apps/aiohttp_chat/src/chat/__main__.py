"""``python -m chat`` serves the room."""

import os

from aiohttp import web

from chat.web import create_app

web.run_app(create_app(), host="127.0.0.1", port=int(os.environ.get("PORT", "8080")))
