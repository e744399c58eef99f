"""Functions that set attributes on classes which they are given."""

import pytest

LIB = """
import hashlib
from app.models import Row
SEEN = []
def mark(cls, x):
    {needs}
    cls.x = x
def said(kind: type[Row], x: int) -> None:
    {needs}
    setattr(kind, "x", x)
def given(one, x):
    {needs}
    del one.x
def other(one, x):
    {needs}
    one.x = x
def looked(kind: type[Row], x: int) -> int:
    {needs}
    kind.rows.update(a=x)
    return kind.x
"""
FREE = "hashlib.md5(b'')\n    for i in (1, 2): hashlib.md5(b'')"
HOSTED = "SEEN.append(x)"


def _files(needs: str) -> dict[str, str]:
    return {
        "app/models.py": "class Row:\n    x = 0\n    rows = {}\n",
        "app/lib.py": LIB.format(needs=needs),
        "app/web.py": "from app import lib\nfrom app.models import Row\ndef page():\n"
        "    lib.given(Row, 1)\n    return lib.said(Row, 2)\n",
    }


@pytest.mark.parametrize("name", ["mark", "said", "given"])
def test_what_sets_something_on_a_class_runs_with_its_caller(read, name: str) -> None:
    reading = read(_files(FREE), "app.lib")

    assert reading.verdict(f"app.lib.{name}") == "local"
    assert "is a class: what is set on it" in reading.functions[f"app.lib.{name}"].reason


def test_it_is_refused_where_it_needs_its_host_and_says_that_it_takes_a_class(read) -> None:
    reading = read(_files(HOSTED), "app.lib")

    assert {name: one.verdict.value for name, one in reading.functions.items()} == {
        "app.lib.mark": "remote",
        "app.lib.said": "refused",
        "app.lib.given": "remote",
        "app.lib.other": "remote",
        "app.lib.looked": "remote",
    }
    assert reading.findings("not-sendable") == [("error", "app/web.py", 5)]


@pytest.mark.parametrize("name", ["other", "looked"])
def test_what_sets_nothing_on_a_class_for_certain_is_remote(read, name: str) -> None:
    assert read(_files(FREE), "app.lib").verdict(f"app.lib.{name}") == "remote"


@pytest.mark.parametrize("name", ["mark", "said", "given", "other"])
def test_changes_of_what_may_be_a_class_are_looked_for(read, name: str) -> None:
    reading = read(_files(HOSTED), "app.lib")

    assert reading.functions[f"app.lib.{name}"].mutates
