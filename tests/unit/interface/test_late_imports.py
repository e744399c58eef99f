"""Functions that import modules of the application for what those register."""

from collections.abc import Callable

import pytest
from tests.unit.interface.conftest import Reading

Read = Callable[..., Reading]

REGISTRY = """
HANDLERS = {}
KINDS = []

def register(name):
    def note(function):
        HANDLERS[name] = function
        return function
    return note

class Base:
    def __init_subclass__(cls):
        KINDS.append(cls)
"""
PLUGIN = (
    "from app.registry import register\n\n@register('pdf')\ndef draw(text):\n    return text\n"
)
KIND = "from app.registry import Base\n\nclass Pdf(Base):\n    pass\n"
WEB = """
from app import plugins, registry

def index():
    return [*registry.HANDLERS, *registry.KINDS]
"""
FILES = {
    "app/__init__.py": "",
    "app/registry.py": REGISTRY,
    "app/web.py": WEB,
    "app/plugins/__init__.py": "",
}


def _loading(statement: str) -> str:
    return f"def load(names):\n    for name in names:\n        {statement}\n"


@pytest.mark.parametrize(
    ("plugin", "touched"),
    [
        (PLUGIN, "app.registry:HANDLERS"),
        ("from app.plugins import other\n", "app.registry:HANDLERS"),
        ("from app.registry import HANDLERS\n\nHANDLERS['pdf'] = str\n", "app.registry:HANDLERS"),
        (KIND, "app.registry:KINDS"),
    ],
)
@pytest.mark.parametrize("statement", ["from app.plugins import pdf", "import app.plugins.pdf"])
def test_a_function_changes_what_the_modules_change_that_it_imports(
    read: Read, plugin: str, touched: str, statement: str
) -> None:
    reading = read(
        {
            **FILES,
            "app/plugins/pdf.py": plugin,
            "app/plugins/other.py": PLUGIN,
            "app/plugins/loading.py": _loading(statement),
        },
        "app.plugins",
    )

    load = reading.functions["app.plugins.loading.load"]
    assert (load.verdict.value, load.touches, load.changes) == ("local", (touched,), (touched,))
    assert "stays with its caller" in load.reason


@pytest.mark.parametrize(
    ("plugin", "web"),
    [
        pytest.param("import json\n\ndef draw():\n    return 1\n", WEB, id="registers nothing"),
        pytest.param(PLUGIN, WEB + "\nimport app.plugins.pdf\n", id="imported anyway"),
        pytest.param("ROWS = []\nROWS.append(1)\n", WEB, id="changes its own"),
    ],
)
def test_an_import_that_changes_nothing_is_nothing(read: Read, plugin: str, web: str) -> None:
    source = _loading("from app.plugins import pdf")
    files = {**FILES, "app/plugins/pdf.py": plugin, "app/plugins/loading.py": source}

    reading = read({**files, "app/web.py": web}, "app.plugins")

    assert reading.functions["app.plugins.loading.load"].touches == ()
