"""The synchronous pages."""

import time

from flask import Flask

from reliable import ledger
from reliable.notes import note, open_notes

_SECONDS = 0.01
_file = open_notes("requests")
app = Flask(__name__)


@app.get("/plain/<token>")
def plain(token: str) -> str:
    """Answer after a while."""
    time.sleep(_SECONDS)
    note(_file, token)
    return token


@app.get("/call/<token>")
def call(token: str) -> str:
    """Answer what the ledger answers."""
    note(_file, token)
    return ledger.enter(token)


@app.get("/look/<token>")
def look(token: str) -> str:
    """Answer what the ledger answers, however often it is asked."""
    note(_file, token)
    return ledger.look(token)
