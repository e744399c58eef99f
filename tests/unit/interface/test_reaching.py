"""seamline.interface.reaching: what one function looks up, directly or through others."""

from collections.abc import Callable

import pytest
from tests.unit.interface.conftest import Reading

Read = Callable[..., Reading]

MODELS = """
from django.db import models

class Note(models.Model):
    LIMIT = 3

class Plain:
    def __init__(self, text):
        self.text = text
    def __len__(self):
        return measure(self.text)

def measure(text):
    import unicodedata
    return unicodedata.normalize("NFC", text)
"""


def _reaches(read: Read, body: str) -> tuple[str, ...] | None:
    source = f"import re, time\nfrom shop.models import Note, Plain, measure\n{body}\n"
    files = {"shop/__init__.py": "", "shop/models.py": MODELS, "shop/work.py": source}
    return read(files, "shop.work").functions["shop.work.work"].reaches


def test_names_of_the_application_and_of_libraries_are_found_through_calls(read: Read) -> None:
    reaches = _reaches(
        read, "def work(text):\n    for part in text:\n        measure(re.sub('a', part, text))"
    )

    assert reaches is not None
    assert {"re.sub", "shop.models.measure", "unicodedata.normalize"} <= set(reaches)
    assert "time" not in reaches


def test_a_constant_of_a_model_reaches_no_database(read: Read) -> None:
    reaches = _reaches(read, "def work(text):\n    return [Note.LIMIT for _ in text]")

    assert reaches == ("shop.models.Note.LIMIT", "shop.work.Note")


@pytest.mark.parametrize(
    "body",
    [
        pytest.param("return len([Note() for _ in text])", id="made"),
        pytest.param("return [Note.objects.get(id=n).id for n in text]", id="inherited"),
        pytest.param("return [lookup(Note, n) for n in text]", id="passed on"),
    ],
)
def test_what_a_class_got_from_a_library_is_reached_with_it(read: Read, body: str) -> None:
    reaches = _reaches(read, f"from django.shortcuts import lookup\ndef work(text):\n    {body}")

    assert reaches is not None
    assert "django.db.models.Model" in reaches


def test_special_methods_of_what_is_made_are_reached(read: Read) -> None:
    reaches = _reaches(read, "def work(text):\n    return [len(Plain(part)) for part in text]")

    assert reaches is not None
    assert "unicodedata.normalize" in reaches


@pytest.mark.parametrize(
    "body",
    [
        pytest.param("HANDLERS = {}\ndef work(text):\n    return HANDLERS[text]()", id="table"),
        pytest.param("def work(text, call=len):\n    return call(text)", id="parameter"),
        pytest.param(
            "from blinker import signal\nSAVED = signal('a')\n"
            "def work(text):\n    return [SAVED.send(part) for part in text]",
            id="signal",
        ),
    ],
)
def test_a_call_of_code_that_no_line_names_says_that_not_all_is_known(
    read: Read, body: str
) -> None:
    source = f"{body}\n"

    found = read({"shop/__init__.py": "", "shop/work.py": source}, "shop.work")

    function = found.functions["shop.work.work"]
    assert function.reaches is None


LOOKED_UP = {
    "shop/__init__.py": "from shop.clock import ticks\n",
    "shop/clock.py": """
from datetime import datetime
from time import time as raw
import shop.names as n

class Api:
    base = 1
    def get(self):
        self.base
        return n.base()

api = Api()
get = api.get

def ticks():
    return 1

def year():
    return datetime.now().year

now = year
""",
    "shop/names.py": "def base():\n    return 1\n",
}


@pytest.mark.parametrize(
    ("expression", "names"),
    [
        pytest.param("clock.year()", {"shop.clock.datetime"}, id="imported there"),
        pytest.param("clock.raw()", {"shop.clock.raw", "time.time"}, id="imported as"),
        pytest.param("clock.now()", {"shop.clock.now", "shop.clock.year"}, id="renamed"),
        pytest.param("clock.get()", {"shop.clock.get", "shop.clock.n"}, id="renamed method"),
        pytest.param("clock.n.base()", {"shop.clock.n", "shop.names.base"}, id="on the way"),
        pytest.param("clock.api.get()", {"shop.clock.Api.base"}, id="class, by a method"),
        pytest.param("clock.api.base", {"shop.clock.Api.base"}, id="class, by an instance"),
        pytest.param("shop.ticks()", {"shop.ticks", "shop.clock.ticks"}, id="re-exported"),
        pytest.param("len(part)", {"shop.work.len"}, id="built in"),
    ],
)
def test_names_are_looked_up_where_they_are_written(
    read: Read, expression: str, names: set[str]
) -> None:
    body = (
        f"import shop\nfrom shop import clock\ndef work(text):\n    for part in text: {expression}"
    )
    files = LOOKED_UP | {"shop/work.py": f"{body}\n"}

    reaches = read(files, "shop.work").functions["shop.work.work"].reaches

    assert reaches is not None
    assert names <= set(reaches)
    assert "shop.work.part" not in reaches


def test_an_import_inside_a_function_looks_its_name_up(read: Read) -> None:
    body = "def work(text):\n    from shop import ticks\n    return [ticks() for _ in text]\n"

    reaches = read(LOOKED_UP | {"shop/work.py": body}, "shop.work").functions["shop.work.work"]

    assert "shop.ticks" in (reaches.reaches or ())


def test_what_a_module_makes_and_calls_by_a_name_is_not_known(read: Read) -> None:
    body = (
        "import functools\npart = functools.partial(len)\ndef work(text):\n    return part(text)\n"
    )

    found = read({"shop/__init__.py": "", "shop/work.py": body}, "shop.work")

    assert found.functions["shop.work.work"].reaches is None


@pytest.mark.parametrize("name", ["flaskg.user", "context.user", "app.flaskg.user"])
def test_what_a_name_of_the_application_stands_for_is_looked_up(read: Read, name: str) -> None:
    body = "import app\nfrom app import context, flaskg\n"
    body += f"def work(texts):\n    return [{name}.name for _ in texts]\n"
    names = "from flask import g\nflaskg = g\ncontext = flaskg\n"

    found = read({"app/__init__.py": names, "app/work.py": body}, "app.work")

    assert "flask.g.user.name" in (found.functions["app.work.work"].reaches or ())
