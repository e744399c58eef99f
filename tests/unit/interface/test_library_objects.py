"""Functions that return objects of libraries of which source says nothing."""

import pytest

LIB = """
import hashlib
import frozenlist, msgspec, multidict, parse, regex, yarl
from PIL import Image
SEEN = []
def free(x):
    for one in x: hashlib.md5(b"")
    return {made}
def hosted(x):
    SEEN.append(x)
    return {made}
def plain(x):
    for one in x: hashlib.md5(b"")
    return str({made})
"""
MADE = (
    "regex.match('a', x)", "regex.compile(x)", "parse.parse('a{b}', x)", "parse.compile(x)",
    "multidict.CIMultiDict(a=x)", "frozenlist.FrozenList(x)", "yarl.URL(x)",
    "msgspec.json.Encoder()", "Image.new('RGB', (1, 1))", "Image.open(x)",
)  # fmt: skip


@pytest.mark.parametrize("made", MADE)
def test_an_object_of_such_a_library_stays_where_its_caller_is(read, made: str) -> None:
    web = "from app import lib\ndef page(x):\n    return lib.free(x), lib.plain(x)\n"
    reading = read({"app/lib.py": LIB.replace("{made}", made), "app/web.py": web}, "app.lib")

    assert reading.verdict("app.lib.free") == "local"
    assert reading.verdict("app.lib.hosted") == "refused"
    assert reading.verdict("app.lib.plain") == "remote"
