"""Results that another function makes, and defaults that no call uses."""

from collections.abc import Callable

import pytest
from tests.unit.interface.conftest import Reading

Read = Callable[..., Reading]

STORES = """
class Store:
    def __init__(self, path):
        self.path = path
        self.cache = {}
    @classmethod
    def open(cls, path, **options):
        return cls(path, **options)
    @classmethod
    def again(cls, path):
        store = cls.open(path)
        return store
    @classmethod
    def size(cls, path):
        return len(path)
    def names(self):
        self.cache["x"] = 1
        return sorted(self.cache)

class Special(Store):
    pass

class Point(tuple):
    @classmethod
    def of(cls, path):
        return cls(path)

def made(path):
    for _ in path:
        pass
    return Store(path)

async def soon(path):
    return made(path)

def each(path):
    yield Store(path)
"""
SOURCE = """
from shop import stores
from shop.stores import Special, Store

{kind} use(path):
    for _ in path:
        pass
    {body}
"""


def _reading(read: Read, kind: str, body: str) -> Reading:
    files = {"shop/__init__.py": "", "shop/stores.py": STORES}
    return read({**files, "shop/fs.py": SOURCE.format(kind=kind, body=body)}, "shop.fs")


@pytest.mark.parametrize(
    ("kind", "body", "made"),
    [
        ("def", "store = Store.open(path); return store", "Store"),
        ("def", "return Store.again(path)", "Store"),
        ("def", "return Special.open(path)", "Special"),
        ("def", "store = stores.made(path); return store", "Store"),
        ("async def", "return await stores.soon(path)", "Store"),
    ],
)
def test_what_another_function_makes_is_a_result_as_what_the_function_makes(
    read: Read, kind: str, body: str, made: str
) -> None:
    use = _reading(read, kind, body).functions["shop.fs.use"]

    assert use.verdict.value == "local"
    assert f"its result is {made}" in use.reason


@pytest.mark.parametrize(
    "body",
    [
        "return Store.size(path)",
        "return stores.made(path).names()",
        "return stores.Point.of(path)",
        "return len(list(stores.each(path)))",
    ],
)
def test_what_is_taken_of_what_another_function_makes_crosses(read: Read, body: str) -> None:
    assert _reading(read, "def", body).verdict("shop.fs.use") == "remote"


EXPAND = """
def _expand(rows, existing={{}}):
    for row in rows:
        yield existing.pop(row, row)

def use(rows):
    for row in rows:
        pass
    {body}
"""


@pytest.mark.parametrize(
    ("body", "touched"),
    [
        ("return sum(_expand(rows, {}))", ()),
        ("return sum(_expand(rows, existing={1: 2}))", ()),
        ("return sum(_expand(rows))", ("shop:_expand.existing",)),
        ("return sum(_expand(rows, {})) + sum(_expand(rows))", ("shop:_expand.existing",)),
        ("return sum(_expand(*rows))", ("shop:_expand.existing",)),
        ("return [*map(_expand, rows)], _expand(rows, {})", ("shop:_expand.existing",)),
    ],
)
def test_a_default_is_used_where_a_call_leaves_its_parameter_out(
    read: Read, body: str, touched: tuple[str, ...]
) -> None:
    reading = read({"shop.py": EXPAND.format(body=body)}, "shop")

    assert reading.functions["shop.use"].touches == touched
    assert tuple(reading.state) == touched


def test_a_default_of_a_public_function_is_used_by_whoever_calls_it(read: Read) -> None:
    text = EXPAND.format(body="return sum(_expand(rows, {}))").replace("_expand", "expand")

    assert read({"shop.py": text}, "shop").functions["shop.expand"].touches == (
        "shop:expand.existing",
    )


@pytest.mark.parametrize(
    "body",
    [
        "ET.Element(name)",
        "ET.fromstring(name)",
        "ET.SubElement(ET.XML(name), 'a')",
        "ET.parse(name)",
    ],
)
def test_what_is_made_of_xml_stays_with_the_caller(read: Read, body: str) -> None:
    source = (
        "from xml.etree import ElementTree as ET\n"
        f"def given(name):\n    for _ in name:\n        pass\n    return {body}\n"
        f"def text(name):\n    for _ in name:\n        pass\n    return ET.tostring({body})\n"
        "def said(name) -> ET.Element:\n    for _ in name:\n        pass\n    return other(name)\n"
    )

    found = read({"shop/__init__.py": "", "shop/stock.py": source}, "shop.stock")

    verdicts = {
        name: found.functions[f"shop.stock.{name}"].verdict.value
        for name in ("given", "text", "said")
    }
    assert verdicts == {"given": "local", "text": "remote", "said": "local"}


@pytest.mark.parametrize(
    "body",
    ["etree.fromstring(name)", "html.fromstring(name)", "etree.parse(name)", "etree.XPath(name)"],
)
def test_what_lxml_makes_stays_with_the_caller(read: Read, body: str) -> None:
    source = (
        "from lxml import etree, html\nOne = etree.ElementBase | etree._Element\n"
        f"def given(name):\n    for _ in name:\n        pass\n    return {body}\n"
        "def said(name: One) -> str:\n    for _ in name:\n        pass\n    return other(name)\n"
    )

    found = read({"shop/__init__.py": "", "shop/stock.py": source}, "shop.stock")

    assert found.verdict("shop.stock.given") == found.verdict("shop.stock.said") == "local"


KEYS = """
import abc

class Key(abc.ABC):
    @abc.abstractmethod
    def sign(self, data): ...

class Sealed:
    def __init__(self):
        self.inside = 1

def make():
    ...
"""


@pytest.mark.parametrize(
    ("fields", "verdict"),
    [
        ("    key: Key\n", "local"),
        ("    name: str\n    every: list[Sealed]\n", "local"),
        ("    inner: 'Inner'\n", "local"),
        ("    own: Plain\n", "local"),
        ("    key: Key | None\n", "remote"),
        ("    key: Key = None\n", "remote"),
        ("    name: str\n    at: Path\n", "remote"),
        ("    done: Callable[[], None]\n", "remote"),
        ("    own: Plain = Plain()\n", "local"),
        ("    own: Plain = PLAIN\n", "local"),
        ("    own: Plain = field(default_factory=Plain)\n", "local"),
        ("    own: Plain = field(default_factory=lambda: Plain())\n", "local"),
        ("    own: Plain = field(default_factory=plain)\n", "local"),
        ("    own: Plain = field(repr=False)\n", "local"),
        ("    own: Any = field(default_factory=threading.Lock)\n", "local"),
        ("    own: Plain = field(default=None)\n", "remote"),
        ("    own: list[Plain] = field(default_factory=list)\n", "remote"),
        ("    own: ClassVar[Plain] = Plain()\n", "remote"),
        ("    own: Plain = SEALED\n", "remote"),
    ],
)
def test_a_record_with_what_cannot_cross_stays_with_its_caller(
    read, tmp_path_factory: pytest.TempPathFactory, fields: str, verdict: str
) -> None:
    library = tmp_path_factory.mktemp("site")
    (library / "kit.py").write_text(KEYS)
    source = (
        "import kit, threading\nfrom kit import Key, Sealed\n"
        "from dataclasses import dataclass, field\nfrom typing import Any, ClassVar\n"
        "from pathlib import Path\nfrom collections.abc import Callable\n"
        "class Plain:\n    def __init__(self): self.n = 1\n"
        "PLAIN = Plain()\nSEALED = None\ndef plain(): return Plain()\n"
        "@dataclass\nclass Inner:\n    key: Key\n"
        f"@dataclass\nclass Pair:\n{fields}\n"
        "def pair(names) -> Pair:\n    for _ in names:\n        kit.make()\n"
        "    return kit.make()\n"
    )

    reading = read({"shop.py": source}, "shop", search_path=[library])

    assert reading.verdict("shop.pair") == verdict


def test_a_record_that_is_made_where_it_is_returned_is_looked_into(read) -> None:
    source = (
        "from dataclasses import dataclass\nclass Plain:\n    def __init__(self): self.n = 1\n"
        "@dataclass\nclass Pair:\n    name: str\n    own: Plain = Plain()\n"
        "def pair(names):\n    for _ in names:\n        pass\n    return Pair(name='x')\n"
    )

    found = read({"shop.py": source}, "shop").functions["shop.pair"]

    assert found.verdict.value == "local"
    assert "its result holds Plain (Pair.own): an object with state of its own" in found.reason


LIBRARY = """
class Tool:
    options = {}
    def __init__(self, **given):
        self.set_up(given)
    def set_up(self, given): ...

class Counter:
    def __init__(self):
        self.counts = {}

class Text(str): ...

class Made(metaclass=Special): ...
"""
OF_BASES = {
    "a base that sets nothing": ("class One(kit.Tool): ...", "local"),
    "a base that has values": ("class One(kit.Counter): ...", "local"),
    "a base of a framework": ("import markdown\nclass One(markdown.Tool): ...", "local"),
    "no base": ("class One:\n    def name(self): ...", "local"),
    "a kind of text": ("class One(kit.Text): ...", "remote"),
    "a base that a metaclass makes": ("class One(kit.Made): ...", "remote"),
    "a base that nobody can read": ("import gone\nclass One(gone.Tool): ...", "remote"),
    "one that its class hands out": (
        "ONE = (1,)\nclass One:\n    def __new__(cls): return ONE",
        "remote",
    ),
}


@pytest.mark.parametrize(("source", "verdict"), OF_BASES.values(), ids=OF_BASES)
def test_a_new_object_without_values_stays_as_one_with_values_does(
    read: Read, tmp_path_factory: pytest.TempPathFactory, source: str, verdict: str
) -> None:
    libraries = tmp_path_factory.mktemp("libraries")
    for name in ("kit.py", "markdown.py"):
        (libraries / name).write_text(LIBRARY)
    files = {
        "app/lib.py": f"import kit\n{source}\ndef make(path):\n    open(path)\n    return One()\n"
    }

    reading = read(files, "app.lib", search_path=[libraries])

    assert reading.verdict("app.lib.make") == verdict, reading.functions["app.lib.make"].reason


CLASSES = {
    "itself": ("return kit.Counter", "local"),
    "in a pair": ("return kit.Counter, path", "local"),
    "in a dictionary": ("return {path: Known}", "local"),
    "in a list of pairs": ("return [(Known, path)]", "local"),
    "called": ("return [Known().size(), path]", "remote"),
    "a name of its own": ("Known = len(path)\n    return [Known]", "remote"),
    "an exception": ("return [kit.TooMuchError]", "remote"),
    "one of Python's": ("return [dict, datetime.date]", "remote"),
    "a class of the application's": ("return [Own]", "remote"),
}


@pytest.mark.parametrize(("body", "verdict"), CLASSES.values(), ids=CLASSES)
def test_a_class_of_a_library_stays(
    read: Read, tmp_path_factory: pytest.TempPathFactory, body: str, verdict: str
) -> None:
    libraries = tmp_path_factory.mktemp("libraries")
    (libraries / "kit.py").write_text(f"{LIBRARY}class TooMuchError(Exception): ...\n")
    head = "import datetime, kit\nfrom kit import Counter as Known\nclass Own: ...\n"
    source = f"{head}def make(path):\n    open(path)\n    {body}\n"

    reading = read({"app/lib.py": source}, "app.lib", search_path=[libraries])

    assert reading.verdict("app.lib.make") == verdict, reading.functions["app.lib.make"].reason


def test_what_a_method_of_a_new_object_gives_is_not_that_object(read: Read) -> None:
    source = "class Two:\n    def size(self): return 1\n"
    source += "def make(path):\n    open(path)\n    return (Two().size(), path)\n"

    assert read({"lib.py": source}, "lib").verdict("lib.make") == "remote"


@pytest.mark.parametrize(
    ("base", "reason"),
    [
        ("collections.OrderedDict", "is read"),
        ("collections.UserList", "is read"),
        ("types.SimpleNamespace", "is read"),
        ("decimal.Decimal", "an object with what its class of the standard library holds"),
        ("collections.abc.Sized", "a new object of a class without fields"),
    ],
)
def test_what_a_new_object_has_of_the_standard_library(read, base: str, reason: str) -> None:
    lib = (
        f"import collections.abc, decimal, types\nROWS = []\nclass Own({base}): ...\n"
        "def get():\n    ROWS.append(1)\n    return Own()\n"
    )
    found = read({"lib.py": lib, "web.py": "import lib\ndef see():\n    lib.get()\n"}, "lib")
    verdict = found.functions["lib.get"]

    assert verdict.verdict.value == ("remote" if reason == "is read" else "refused")
    assert reason in verdict.reason or verdict.verdict.value == "remote"
