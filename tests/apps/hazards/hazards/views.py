"""Functions that a framework calls."""

from flask import Blueprint, Flask, request

pages = Blueprint("pages", __name__)
_visits: list[str] = []


@pages.get("/visits")
def show_visits() -> str:
    """A view that touches state."""
    _visits.append(request.path)
    return str(len(_visits))


@pages.app_template_filter("shout")
def shout(text: str) -> str:
    return text.upper()


def init_app(app: Flask) -> None:
    app.register_blueprint(pages)
    app.register_error_handler(404, not_found)


def not_found(error):
    return "nothing here", 404


def agent() -> str:
    """Reads the request of whoever calls it."""
    _visits.append("agent")
    return request.headers.get("User-Agent", "")
