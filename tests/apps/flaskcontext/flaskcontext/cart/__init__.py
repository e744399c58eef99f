"""The cart of whoever asks."""

import os

from flask import current_app, flash, g, session, url_for

_added: list[str] = []


def add(item: str) -> None:
    _added.append(item)
    held = session.setdefault("cart", [])
    if len(held) >= current_app.config["LIMIT"]:
        flash("full")
        return
    held.append(item)
    session.modified = True


def items() -> list[str]:
    _added.append("?")
    return [*session.get("cart", [])]


def total() -> str:
    _added.append("?")
    rate = current_app.extensions["rates"][g.currency]
    return f"{len(session.get('cart', [])) * rate} {g.currency}"


def address(item: str) -> str:
    _added.append("?")
    return url_for("add", item=item, _external=True)


def process() -> int:
    _added.append("?")
    return os.getpid()
