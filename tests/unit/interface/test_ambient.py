"""Settings of the interpreter and of libraries: who sets and who reads them run together."""

from collections.abc import Callable

import pytest
from tests.unit.interface.conftest import Reading

Read = Callable[..., Reading]
IMPORTS = "import builtins, json, logging, os, socket, sys, tempfile\nimport decimal\n"
IMPORTS += "from os import environ\nfrom decimal import Decimal\nfrom PIL import Image\n"


def judged(read: Read, source: str) -> list[str]:
    """Return the verdicts on ``put`` and ``get`` of a package."""
    reading = read({"app/__init__.py": "", "app/own.py": IMPORTS + source}, "app.own")
    return [reading.verdict(f"app.own.{name}") for name in ("put", "get")]


@pytest.mark.parametrize(
    ("put", "get"),
    [
        ("os.environ['A'] = 'b'", "os.environ.get('A')"),
        ("os.environ.update(A='b')", "os.environ['A']"),
        ("environ.setdefault('A', 'b')", "'A' in os.environ"),
        ("Image.MAX_IMAGE_PIXELS = 5", "Image.MAX_IMAGE_PIXELS"),
        ("tempfile.tempdir = '/var/tmp'", "tempfile.tempdir"),
        ("tempfile.template += 'x'", "tempfile.template"),
        ("json.JSONEncoder.item_separator = ';'", "json.JSONEncoder.item_separator"),
        ("sys.path.append('x')", "'x' in sys.path"),
        ("setattr(json, 'x', 1)", "getattr(json, 'x', None)"),
        ("builtins.x = 1", "getattr(builtins, 'x', None)"),
        ("socket.setdefaulttimeout(1)", "socket.getdefaulttimeout()"),
        ("decimal.getcontext().prec = 5", "total(Decimal(1))"),
    ],
)
def test_what_sets_and_what_reads_a_setting_run_where_the_package_does(
    read: Read, put: str, get: str
) -> None:
    source = f"def total(a): return a\ndef put(): {put}\ndef get(): return {get}\n"

    assert judged(read, source) == ["remote", "remote"]


def test_what_computes_in_a_context_that_its_package_sets_runs_there(read: Read) -> None:
    source = "def get(a: Decimal, b: Decimal): return a / b\n"

    assert judged(read, f"{source}def put(): pass\n") == ["local", "local"]
    assert judged(read, f"{source}def put(): decimal.getcontext().prec = 5\n")[1] == "remote"


def test_a_function_that_changes_a_setting_does_not_stay_with_its_caller(read: Read) -> None:
    source = "def put(value): os.environ['A'] = value\n"

    reading = read({"app/__init__.py": "", "app/own.py": IMPORTS + source}, "app.own")

    put = reading.functions["app.own.put"]
    assert not put.stays
    assert put.reason == (
        "changes os.environ, which every process has its own of: runs where its service runs"
    )


def test_a_setting_that_nothing_in_the_package_changes_is_no_matter(read: Read) -> None:
    source = "def put(): return Image.MAX_IMAGE_PIXELS\ndef get(): return os.environ.get('A')\n"
    source += "os.environ.setdefault('B', 'c')\n"

    assert judged(read, source) == ["local", "local"]
