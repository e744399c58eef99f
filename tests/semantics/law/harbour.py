"""A Quart application, made by a factory."""

from quart import Quart, g


def create_harbour(**config: object) -> Quart:
    """Return a new application."""
    app = Quart(__name__)
    app.secret_key = "not a secret"
    app.config.update(config)
    app.closed = []  # type: ignore[attr-defined]

    @app.route("/berth/<name>", methods=["GET", "POST"])
    async def berth(name: str) -> str:
        return name

    @app.teardown_appcontext
    async def end(_error: BaseException | None) -> None:
        g.pop("handle", None)

    return app
