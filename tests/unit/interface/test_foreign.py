"""seamline.interface.foreign: whether objects of other people's libraries can change."""

import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.unit.interface.conftest import Reading

from seamline.interface.foreign import Foreign

LIBRARY = {
    "lib/__init__.py": "from .detect import Detector, Counter as Tally\nfrom .far import Far\n",
    "lib/detect.py": """
        import threading
        from .parts import Part

        class Detector(object):
            def __init__(self):
                self.cookie = 1
            def name(self, data):
                found = {}
                found["a"] = data
                return found.get(self.cookie)
            def __del__(self):
                self.cookie = None

        class Counter:
            def __init__(self):
                self.counts = {}
            def count(self, key):
                self.counts[key] = 1

        class Adding:
            def __init__(self):
                self.items = []
            def put(self, item):
                self.items.append(item)

        class Inheriting(Counter):
            pass

        class OfPart(Part):
            pass

        class OfUnknown(threading.local):
            pass
        """,
    "lib/parts.py": "class Part:\n    def again(self):\n        self.seen = True\n",
    "lib/broken.py": "class Broken(:\n",
}


@pytest.fixture
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("libraries")
    for name, text in LIBRARY.items():
        (directory / name).parent.mkdir(exist_ok=True)
        (directory / name).write_text(textwrap.dedent(text))
    (directory / "native.so").write_bytes(b"")
    return directory


@pytest.fixture
def foreign(library: Path) -> Foreign:
    return Foreign([library])


def test_a_class_whose_methods_change_nothing_makes_constants(foreign: Foreign) -> None:
    assert not foreign.may_change("lib.detect.Detector")
    assert not foreign.may_change("lib.Detector")


@pytest.mark.parametrize(
    "name",
    [
        "lib.detect.Counter",
        "lib.Tally",
        "lib.detect.Adding",
        "lib.detect.Inheriting",
        "lib.detect.OfPart",
        "lib.detect.OfUnknown",
        "lib.Far",
        "lib.broken.Broken",
        "lib.Missing",
        "native.Thing",
        "nowhere.Thing",
    ],
)
def test_what_changes_and_what_no_source_is_found_of_may_change(
    foreign: Foreign, name: str
) -> None:
    assert foreign.may_change(name)


def test_a_library_is_installed_as_package_module_or_extension(foreign: Foreign) -> None:
    assert foreign.is_installed("lib.detect.Counter")
    assert foreign.is_installed("native.Thing")
    assert not foreign.is_installed("nowhere.Thing")


MAKING = """
    from abc import ABCMeta

    class Post:
        def __init__(self, text):
            self.text = text

    class Base(metaclass=ABCMeta): pass

    class Specifier(Base):
        def __init__(self, text):
            self.text = text

    class Odd(metaclass=type(Base)):
        def __init__(self):
            self.text = ""

    def loads(text, *, strict=False):
        if strict:
            return Post(text.strip())
        return Post(text)

    def perhaps(text):
        return Post(text) if text else None

    def either(text):
        if text:
            return Post(text)
        return Specifier(text)
"""


def test_a_function_of_a_library_makes_what_all_its_returns_make(library: Path) -> None:
    (library / "lib" / "making.py").write_text(textwrap.dedent(MAKING))
    foreign = Foreign([library])

    assert foreign.class_made("lib.making.loads") == "lib.making.Post"
    assert foreign.class_made("lib.making.perhaps") == ""
    assert foreign.class_made("lib.making.either") == ""


def test_the_metaclass_of_abstract_classes_changes_nothing_about_attributes(library: Path) -> None:
    (library / "lib" / "making.py").write_text(textwrap.dedent(MAKING))
    foreign = Foreign([library])

    assert foreign.is_object("lib.making.Specifier")
    assert not foreign.is_object("lib.making.Odd")


OPTIONAL = """
try:
    import {library}
    tool = {library}.{cls}()
except ImportError:
    tool = None

def keep(file):
    return tool.name(file.read()) if tool else None
"""


@pytest.mark.parametrize(
    ("made", "verdict"),
    [("lib.Detector", "local"), ("lib.Tally", "refused"), ("absent.Tool", "local")],
)
def test_an_object_of_a_library_is_state_only_where_it_can_change(
    read: Callable[..., Reading], library: Path, made: str, verdict: str
) -> None:
    top, _, cls = made.partition(".")
    source = OPTIONAL.format(library=top, cls=cls)

    found = read({"shop/__init__.py": source}, "shop", search_path=[library])

    assert found.verdict("shop.keep") == verdict


OBJECTS = {
    "kit/__init__.py": "from .parts import Component\nfrom .values import Point, Rows\n",
    "kit/parts.py": """
        import typing as t
        from abc import ABC
        from collections import abc
        from collections.abc import Hashable, Mapping
        from .values import Titled

        class Base(object):
            def __init__(self, group):
                self.group = group

        class Component(Base):
            def name(self):
                return self.group

        class Empty(ABC):
            def name(self):
                return ""

        class Marked(Titled):
            pass

        class Table(Base, Mapping[Hashable, "Base"]):
            def __init__(self):
                self.rows = {}

        class Series(abc.Sequence, t.Generic[T]):
            def __init__(self):
                self.rows = []

        class Named(Mapping):
            pass

        class OfUnknown(elsewhere.Thing):
            def __init__(self):
                self.value = 1
        """,
    "kit/values.py": """
        from dataclasses import dataclass
        from enum import Enum

        @dataclass
        class Point:
            x: int

        @dataclass
        class Titled:
            title: str
            def __init__(self, title):
                self.title = title

        class Colour(Enum):
            RED = 1
            def __init__(self, value):
                self.shade = value

        class Broken(Exception):
            def __init__(self, why):
                self.why = why

        class Rows(dict):
            def __init__(self, name):
                self.name = name
        """,
}

VALUES = {
    "babel/__init__.py": "from babel.core import Locale, Pair, Name, Wrong\n",
    "babel/core.py": """
        from dataclasses import dataclass

        class Base:
            def __init__(self):
                self.table = {}

        class Locale(Base):
            @classmethod
            def parse(cls, text) -> "Locale":
                return cls()

            @classmethod
            def known(cls) -> list:
                return []

        @dataclass
        class Pair:
            a: int

        class Name(str):
            def __init__(self, text):
                self.text = text

        class Wrong(Exception):
            def __init__(self):
                self.code = 1
        """,
}


@pytest.fixture
def kit(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("kit")
    for name, text in OBJECTS.items():
        (directory / name).parent.mkdir(exist_ok=True)
        (directory / name).write_text(textwrap.dedent(text))
    return directory


@pytest.mark.parametrize(
    "name",
    ["kit.Component", *(f"kit.parts.{name}" for name in ("Component", "Base", "Table", "Series"))],
)
def test_a_class_that_sets_attributes_of_its_own_makes_objects(kit: Path, name: str) -> None:
    assert Foreign([kit]).is_object(name)


@pytest.mark.parametrize(
    "name",
    [
        *("kit.Point", "kit.values.Colour", "kit.values.Broken", "kit.values.Rows"),
        *("kit.parts.Empty", "kit.parts.Marked", "kit.parts.OfUnknown", "kit.Missing", "no.Thing"),
        "kit.parts.Named",
    ],
)
def test_what_may_cross_and_what_is_not_known_is_no_such_object(kit: Path, name: str) -> None:
    assert not Foreign([kit]).is_object(name)


def test_a_kind_of_dictionary_with_attributes_is_told_apart(kit: Path) -> None:
    assert Foreign([kit]).is_extended("kit.Rows")
    assert not Foreign([kit]).is_extended("kit.values.Colour")


def test_a_function_of_library_objects_stays_or_is_refused(
    read: Callable[..., Reading], kit: Path
) -> None:
    source = """
        from typing import List
        import kit

        SEEN = {}

        def parse(text: str) -> List[kit.Component]:
            return [kit.Component(line) for line in text.splitlines() if line and line != "#"]

        def remember(part: kit.Component) -> str:
            SEEN[part.name()] = 1
            return part.name()

        def keys(rows: kit.Rows) -> list:
            return [key for key in rows if key and key != "#"]

        def count(rows: kit.Rows) -> int:
            SEEN["rows"] = len(rows)
            return len(rows)

        def moved(point: kit.Point, by: int) -> kit.Point:
            SEEN["moved"] = by
            return kit.Point(point.x + by)
        """
    reading = read({"shop.py": source}, "shop", search_path=[kit])

    assert reading.verdict("shop.parse") == "local"
    assert "an object of a library" in reading.functions["shop.parse"].reason
    assert reading.verdict("shop.remember") == "refused"
    assert reading.verdict("shop.moved") == "remote"
    assert reading.verdict("shop.keys") == "local"
    assert reading.verdict("shop.count") == "remote"


@pytest.mark.parametrize(
    ("called", "is_kept"),
    [
        ("babel.Locale", True),
        ("babel.core.Locale.parse", True),
        ("babel.Locale.known", False),
        ("babel.Pair", False),
        ("babel.Name", False),
        ("babel.Wrong", False),
        ("babel.missing", False),
        ("io.BytesIO", False),
        ("flask.Flask", False),
    ],
)
def test_a_plain_object_of_a_library_stays_where_it_was_made(
    tmp_path: Path, called: str, is_kept: bool
) -> None:
    for name, text in VALUES.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(textwrap.dedent(text))

    foreign = Foreign([tmp_path])
    assert foreign.is_object(foreign.class_made(called)) is is_kept


def test_a_function_that_returns_an_object_of_a_library_runs_with_its_caller(
    tmp_path_factory: pytest.TempPathFactory, read: Callable[..., Reading]
) -> None:
    installed = tmp_path_factory.mktemp("installed")
    for name, text in VALUES.items():
        (installed / name).parent.mkdir(exist_ok=True)
        (installed / name).write_text(textwrap.dedent(text))

    reading = read(
        {
            "shop.py": """
            import babel
            from babel import Locale
            SEEN = []

            def by_code(code):
                return Locale.parse(code)

            def declared(code) -> Locale:
                for part in code:
                    print(part)
                return babel.core.Locale.parse(code)

            def names(code):
                return sorted(Locale.parse(code).table for _ in code)

            def noted(code):
                SEEN.append(code)
                return Locale.parse(code)
            """
        },
        "shop",
        search_path=[installed],
    )

    assert reading.verdict("shop.by_code") == "local"
    assert reading.verdict("shop.declared") == "local"
    assert reading.verdict("shop.names") == "remote"
    assert reading.verdict("shop.noted") == "refused"
