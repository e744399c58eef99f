"""The HTTP service; importing it imports the whole application, as a web factory does."""

from collections.abc import Iterable
from typing import Any

from law import flow, life, pages, ring, state, turn, values

PARTS = (flow, life, pages, ring, state, turn, values)


def app(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    """Answer ``/`` with the number of orders counted."""
    start_response("200 OK", [("content-type", "text/plain")])
    return [str(state.total()).encode()]
