"""Tables that remember answers by key, as ``functools.cache`` does, and tables that do more."""

import re

import pytest

REMEMBERING = {
    "not in": "if n not in TABLE:\n    TABLE[n] = n.upper()\nreturn TABLE[n]",
    "in": "if n in TABLE:\n    return TABLE[n]\nmade = TABLE[n] = n.upper()\nreturn made",
    "get, is None": (
        "found = TABLE.get(n)\nif found is None:\n    found = n.upper()\n    TABLE[n] = found\n"
        "return found"
    ),
    "get, not": "x = TABLE.get(n, None)\nif not x:\n    x = TABLE[n] = n.upper()\nreturn x",
    "get, found": (
        "x = TABLE.get(n)\nif x is not None:\n    return x\nTABLE[n] = x = n.upper()\nreturn x"
    ),
    "except": (
        "try:\n    return TABLE[n]\nexcept KeyError:\n    TABLE[n] = n.upper()\nreturn TABLE[n]"
    ),
    "a key": "key = (n, m)\nif key not in TABLE:\n    TABLE[key] = n.join(m)\nreturn TABLE[key]",
    "a lock": (
        "with LOCK:\n    if n not in TABLE:\n        TABLE[n] = n.upper()\n    return TABLE[n]"
    ),
    "a test before": (
        "if isinstance(n, str):\n    if n not in TABLE:\n        TABLE[n] = n.upper()\n"
        "    return TABLE[n]\nraise TypeError(n)"
    ),
    "of a library": "if n not in TABLE:\n    TABLE[n] = XPath(n)\nreturn TABLE[n]",
    "a function": "if n not in TABLE:\n    TABLE[n] = said(n)\nreturn TABLE[n]",
}
MORE = {
    "first or later": "if n in TABLE:\n    return True\nTABLE[n] = n.upper()\nreturn False",
    "once": "if n not in TABLE:\n    TABLE[n] = n.upper()\n    print(n)",
    "refusing": "if n in TABLE:\n    raise KeyError(n)\nTABLE[n] = n.upper()\nreturn TABLE[n]",
    "replaced": "TABLE[n] = n.upper()\nreturn TABLE[n]",
    "counted": "if n not in TABLE:\n    TABLE[n] = 0\nTABLE[n] += 1\nreturn TABLE[n]",
    "part of the key": "if n not in TABLE:\n    TABLE[n] = n.join(m)\nreturn TABLE[n]",
    "another key": "if n not in TABLE:\n    TABLE[m] = n.upper()\nreturn TABLE[n]",
    "a key made anew": (
        "n = n.lower()\nif n not in TABLE:\n    TABLE[n] = n.upper()\nreturn TABLE[n]"
    ),
    "a list": "if n not in TABLE:\n    TABLE[n] = [n]\nreturn TABLE[n]",
    "an object": "if n not in TABLE:\n    TABLE[n] = n()\nreturn TABLE[n]",
    "what the caller has": "if n not in TABLE:\n    TABLE[n] = n\nreturn TABLE[n]",
    "what the module has": "if n not in TABLE:\n    TABLE[n] = KEPT\nreturn TABLE[n]",
    "what is not said": "if n not in TABLE:\n    TABLE[n] = unsaid(n)\nreturn TABLE[n]",
    "an item": "if n not in TABLE:\n    x, _ = said(n)\n    TABLE[n] = x\nreturn TABLE[n]",
    "the moment": "if n not in TABLE:\n    TABLE[n] = str(time.time())\nreturn TABLE[n]",
    "the moment, two calls away": "if n not in TABLE:\n    TABLE[n] = token(n)\nreturn TABLE[n]",
    "the request": "if n not in TABLE:\n    TABLE[n] = request.path.upper()\nreturn TABLE[n]",
    "sometimes": (
        "if n not in TABLE:\n    if n == '':\n        return 0\n    TABLE[n] = n.upper()\n"
        "return TABLE[n]"
    ),
    "given away": "if n not in TABLE:\n    TABLE[n] = n.upper()\nreturn TABLE",
    "forgotten": "if n not in TABLE:\n    TABLE[n] = n.upper()\nreturn TABLE.pop(n)",
}
HEAD = """
import threading, time
from flask import request
from lxml.etree import XPath
TABLE = {}
LOCK = threading.Lock()
KEPT = []
def said(n) -> str:
    return str(n)
def token(n) -> str:
    return of_now() + n
def of_now():
    return str(time.time())
def unsaid(n):
    return n.anything()
"""


def _source(body: str, more: str = "") -> str:
    arguments = "n, m" if re.search(r"\bm\b", body) else "n"
    lines = "".join(f"    {line}\n" for line in body.splitlines())
    return f"{HEAD}def answer({arguments}):\n{lines}{more}"


@pytest.mark.parametrize("body", REMEMBERING.values(), ids=REMEMBERING)
def test_a_table_that_only_remembers_answers_is_no_state(read, body: str) -> None:
    assert "lib:TABLE" not in read({"lib.py": _source(body)}, "lib").state


@pytest.mark.parametrize("body", MORE.values(), ids=MORE)
def test_a_table_that_does_more_than_remembering_is_state(read, body: str) -> None:
    assert "lib:TABLE" in read({"lib.py": _source(body)}, "lib").state


@pytest.mark.parametrize(
    ("more", "other"),
    [
        ("def count():\n    return len(TABLE)\n", ""),
        ("def has(n):\n    return n in TABLE\n", ""),
        ("TABLE['a'] = 'b'\n", ""),
        ("", "import lib\ndef forget():\n    lib.TABLE.clear()\n"),
        ("", "from lib import TABLE\ndef known():\n    return list(TABLE)\n"),
    ],
)
def test_a_table_that_others_look_into_is_state(read, more: str, other: str) -> None:
    lib = _source(REMEMBERING["not in"], more)

    assert "lib:TABLE" in read({"lib.py": lib, "web.py": other}, "lib").state


def test_a_table_that_a_test_looks_into_is_state(read) -> None:
    tests = "import lib\ndef test_it():\n    lib.answer('a')\n    assert len(lib.TABLE) == 1\n"
    files = {"lib.py": _source(REMEMBERING["not in"]), "tests/test_lib.py": tests}

    assert "lib:TABLE" in read(files, "lib").state


CLOCK = "import datetime\nclass Clock:\n"
OF_CLOCK = {
    "a method": ("    def now(self): return str(datetime.datetime.now())\n", "now()"),
    "a property": ("    @property\n    def day(self): return str(datetime.date.today())\n", "day"),
    "a method that calls another": (
        """    def now(self): return self.of()
    def of(self): return str(datetime.datetime.now())
""",
        "now()",
    ),
}


@pytest.mark.parametrize(("methods", "asks"), OF_CLOCK.values(), ids=OF_CLOCK)
def test_a_table_of_what_an_object_says_of_the_moment_is_state(read, methods, asks) -> None:
    body = f"    if n not in TABLE:\n        TABLE[n] = f'{{n}} {{CLOCK.{asks}}}'\n"
    body += "    return TABLE[n]\n"
    lib = f"{CLOCK}{methods}CLOCK = Clock()\nTABLE = {{}}\ndef answer(n):\n{body}"

    assert "lib:TABLE" in read({"lib.py": lib}, "lib").state
    plain = lib.replace(f"CLOCK.{asks}", "len(n)")
    assert "lib:TABLE" not in read({"lib.py": plain}, "lib").state
