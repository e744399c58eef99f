"""Fixtures that write a project and run commands on it in this process."""

import os
import textwrap
from dataclasses import dataclass

import pytest

from seamline.cli import main


@dataclass
class Ran:
    """What one command did."""

    status: int
    out: str
    err: str


@pytest.fixture(autouse=True)
def plain_terminal(monkeypatch):
    """Keep the tester's own settings out."""
    for name in ("NO_COLOR", "FORCE_COLOR", "TERM", "COLUMNS", *os.environ):
        if name in {"NO_COLOR", "FORCE_COLOR", "TERM", "COLUMNS"} or name.startswith("SEAMLINE_"):
            monkeypatch.delenv(name, raising=False)


@pytest.fixture
def seamline(capsys):
    """Run one command line, and return its status and what it printed."""

    def run(*argv):
        status = main([str(word) for word in argv])
        captured = capsys.readouterr()
        return Ran(status, captured.out, captured.err)

    return run


@pytest.fixture
def project(tmp_path, monkeypatch):
    """Write files below an empty directory, which becomes the current one."""
    monkeypatch.chdir(tmp_path)

    def write(files):
        for name, text in files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(textwrap.dedent(text).lstrip("\n"), encoding="utf-8")
        return tmp_path

    return write


SHOP = {
    "seamline.toml": """
        name = "shop"
        [services.web]
        http = "shop.web:app"
        [services.stock]
        package = "shop.stock"
        [services.prices]
        package = "shop.prices"
        [layouts.split]
        front = ["web", "prices"]
        back = { services = ["stock"], workers = 2 }
        """,
    "shop/__init__.py": "",
    "shop/web.py": """
        from shop import prices, stock

        def app(environ, start_response):
            stock.take("tea")
            start_response("200 OK", [])
            return [str(prices.quote("tea")).encode()]
        """,
    "shop/stock.py": """
        import threading

        _left: dict[str, int] = {"tea": 3}

        def left(name: str) -> int:
            return _left[name]

        def take(name: str, count: int = 1) -> int:
            _left[name] -= count
            return _left[name]

        def guarded(lock: threading.Lock, name: str) -> int:
            with lock:
                return _left[name]

        def _forget() -> None:
            _left.clear()
        """,
    "shop/prices.py": """
        def quote(name: str) -> int:
            return len(name)
        """,
}


@pytest.fixture
def shop(project):
    """Write a small shop: a web service, a package with state and one without."""
    return project(SHOP)
