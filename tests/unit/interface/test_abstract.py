"""Objects of abstract classes, protocols, exceptions and enumerations that change are state."""

from collections.abc import Callable

import pytest
from tests.unit.interface.conftest import Reading

Read = Callable[..., Reading]

BASE = """
import abc, enum
from abc import ABC
from typing import Protocol

class Base({base}):
    def __init__(self):
        self.log = []
    def run(self, x):
        self.log.append(x)
        return self.go(x)
    def go(self, x): raise NotImplementedError
    def text(self): return str(self.log)
"""
WORK = """
from app.base import Base

class Doubler(Base):
    def go(self, x): return 2 * x

_doubler = Doubler()

def double(x):
    return _doubler.run(x)

def doubled():
    return list(_doubler.log)
"""


@pytest.mark.parametrize(
    "base",
    [
        "",
        "ABC",
        "abc.ABC",
        "metaclass=abc.ABCMeta",
        "Protocol",
        "Exception",
        "ValueError",
        "object",
    ],
)
def test_what_methods_of_a_base_class_change_is_state(read: Read, base: str) -> None:
    files = {"app/__init__.py": "", "app/base.py": BASE.format(base=base), "app/work.py": WORK}

    reading = read(files, "app.work")

    for name in ("double", "doubled"):
        assert reading.functions[f"app.work.{name}"].touches == ("app.work:_doubler",)
        assert reading.verdict(f"app.work.{name}") == "remote"


@pytest.mark.parametrize("base", ["", "ABC", "Protocol", "Exception"])
def test_an_object_that_no_method_changes_is_a_constant(read: Read, base: str) -> None:
    source = BASE.format(base=base).replace("self.log.append(x)", "len(self.log)")
    files = {"app/__init__.py": "", "app/base.py": source, "app/work.py": WORK}

    reading = read(files, "app.work")

    assert reading.functions["app.work.double"].touches == ()


LEVELS = """
import enum

class Common(enum.Enum):
    def __init__(self, n):
        self.hits = []
    def hit(self, x):
        {change}
    def count(self): return len(self.hits)
    @property
    def text(self):
        self.known = str(self.hits)
        return self.known

class Level(Common):
    LOW = 1
    HIGH = 2

def hit(x):
    {body}

def hits():
    return list(Level.LOW.hits)
"""


@pytest.mark.parametrize(
    ("change", "body"),
    [
        ("self.hits.append(x)", "Level.LOW.hit(x)"),
        ("pass", "Level.LOW.hits.append(x)"),
        ("pass", "Level.LOW.last = x"),
    ],
)
def test_a_member_of_an_enumeration_that_changes_is_state(
    read: Read, change: str, body: str
) -> None:
    reading = read({"app.py": LEVELS.format(change=change, body=body)}, "app")

    assert reading.functions["app.hit"].touches == ("app:Level.LOW",)
    assert reading.functions["app.hits"].touches == ("app:Level.LOW",)


def test_a_member_that_nothing_changes_is_a_constant(read: Read) -> None:
    reading = read({"app.py": LEVELS.format(change="pass", body="Level.LOW.count()")}, "app")

    assert reading.functions["app.hits"].touches == ()


MADE = """
from abc import ABC, abstractmethod
from typing import Protocol

class Base({base}):
    def run(self): ...

class Service(Base):
    def __init__(self, size):
        self.size = size

    def run(self):
        return self.size

def service():
    for _ in range(1):
        pass
    return Service(1)
"""


@pytest.mark.parametrize("base", ["object", "ABC", "Protocol"])
def test_an_object_of_a_class_that_fills_in_an_abstract_one_stays_as_any_other(
    read: Read, base: str
) -> None:
    files = {"app/__init__.py": "", "app/work.py": MADE.format(base=base)}

    function = read(files, "app.work").functions["app.work.service"]

    assert function.verdict.value == "local"
    assert "its result is Service: an object with state of its own" in function.reason
