"""A Flask application: made by a factory, whose configuration tests choose."""

from collections.abc import Mapping
from typing import Any

from flask import Flask, g, request

from law import pages


class Greeter:
    """An extension of the application's own."""

    def init_app(self, app: Flask) -> None:
        """Keep what it needs where extensions do."""
        app.extensions["greeter"] = self
        app.config.setdefault("GREETING", "hello")


class Defaults:
    """Configuration as a class."""

    CURRENCY = "EUR"


def create_site(config: Mapping[str, Any] | None = None, settings: type = Defaults) -> Flask:
    """Return a new application."""
    app = Flask(__name__)
    app.secret_key = "not a secret"
    app.config.from_object(settings)
    app.config.update(config or {})
    Greeter().init_app(app)

    @app.before_request
    def note_who_asks() -> None:
        g.asker = request.headers.get("X-Asker", "nobody")

    @app.route("/shelf/<name>")
    def shelf(name: str) -> str:
        return pages.heading() + name

    @app.teardown_appcontext
    def end(_error: BaseException | None) -> None:
        handle = g.pop("handle", None)
        if handle is not None:
            handle.close()

    return app


standing = Flask("law.standing")
standing.config["WHERE"] = "at the top of a module"
