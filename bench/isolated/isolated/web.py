"""The pages: what ordinary ones do (a query, a template), and one that asks for a document."""

import sqlite3
import threading

from flask import Flask, render_template_string

from isolated import papers

_ROWS = 20
_TEMPLATE = "{% for name, distance in runs %}<li>{{ name }}: {{ distance }} km</li>{% endfor %}"
_own = threading.local()
app = Flask(__name__)


def _database() -> sqlite3.Connection:
    if not hasattr(_own, "database"):
        _own.database = sqlite3.connect(":memory:")
        _own.database.execute("create table runs (name text, distance real)")
        runs = [(f"run {number}", number / 3) for number in range(500)]
        _own.database.executemany("insert into runs values (?, ?)", runs)
    return _own.database


@app.get("/quick/<token>")
def quick(token: str) -> str:
    """Answer a token, having read and rendered a list."""
    rows = _database().execute(
        "select name, round(distance, 1) from runs order by distance desc limit ?", (_ROWS,)
    )
    render_template_string(_TEMPLATE, runs=rows.fetchall())
    return token


@app.get("/paper/<token>")
def paper(token: str) -> str:
    """Answer a token, having had a document made."""
    if not papers.render(token).startswith(b"%PDF"):
        raise ValueError("the document is none")
    return token
