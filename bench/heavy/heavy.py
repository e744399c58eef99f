"""Some 70 MB of objects, of which a page reads none, half or all."""

import gc

from flask import Flask

_ROWS = 230_000
_rows = [
    {"number": number, "name": f"row {number}", "share": number / 7} for number in range(_ROWS)
]
app = Flask(__name__)


@app.get("/quick/<token>")
def quick(token: str) -> str:
    """Answer a token."""
    return token


@app.get("/read/<token>")
def read(token: str) -> str:
    """Answer a token, having looked at every other row and collected garbage."""
    if sum(row["share"] for row in _rows[::2]) < 0:
        raise ValueError("shares are positive")
    gc.collect()
    return token


@app.get("/collect/<token>")
def collect(token: str) -> str:
    """Answer a token, having collected garbage."""
    gc.collect()
    return token
