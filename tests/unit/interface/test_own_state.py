"""Ways to change one's own state that the source shows: who reads it runs where it is changed."""

from collections.abc import Callable

import pytest
from tests.unit.interface.conftest import Reading

Read = Callable[..., Reading]


def touched(read: Read, source: str) -> list[tuple[str, ...]]:
    """Return what ``put`` and ``get`` of a package touch, after ``app.own:``."""
    reading = read({"app/__init__.py": "", "app/own.py": source}, "app.own")
    put, get = (reading.functions[f"app.own.{name}"] for name in ("put", "get"))
    assert put.touches == put.changes, put
    return [tuple(t.removeprefix("app.own:") for t in each.touches) for each in (put, get)]


CLASS = "class S:\n    n = 0\n    items = []\n"


@pytest.mark.parametrize(
    ("body", "attribute"),
    [
        ("    def up(self): self.__class__.n += 1\ndef put(): S().up()\n", "n"),
        ("    def up(self): __class__.n += 1\ndef put(): S().up()\n", "n"),
        ("    def __init__(self):\n        cls = self.__class__\n        cls.n += 1\ndef put(): S()\n", "n"),
        ("_s = S()\ndef put(): _s.__class__.n += 1\n", "n"),
        ("_s = S()\ndef put(): type(_s).n += 1\n", "n"),
        ("def up(s: S): type(s).n += 1\ndef put(): up(S())\n", "n"),
        ("def up(s: 'S'): s.__class__.n += 1\ndef put(): up(S())\n", "n"),
        ("def put(): S.__dict__['items'].append(1)\n", "items"),
        ("def put(): vars(S)['items'].append(1)\n", "items"),
        ("def put(): vars(S).get('items').append(1)\n", "items"),
    ],
)  # fmt: skip
def test_the_class_of_an_object_is_the_class(read: Read, body: str, attribute: str) -> None:
    for get in (f"S.{attribute}", f"S.__dict__['{attribute}']"):
        source = f"{CLASS}{body}def get(): return len(str({get}))\n"

        assert touched(read, source) == [(f"S.{attribute}",), (f"S.{attribute}",)]
