"""Functions that change the process they run in."""

from collections.abc import Callable

import pytest
from tests.unit.interface.conftest import Reading

Read = Callable[..., Reading]
LOADING = """
import importlib, importlib.util, pkgutil, runpy
from importlib import import_module as bring
from importlib.metadata import entry_points
from werkzeug.utils import import_string
KNOWN = "app.plugins"
SEEN = []

def load(name, *paths):
    found = []
    for each in paths:
        {how}
    return len(found)

def helped(name):
    for each in range(3):
        load(name, each)
    return name * 2

def told(name):
    SEEN.append(name)
    found = []
    for each in name:
        {how}
    return len(SEEN)
"""
COMPUTED = [
    "importlib.import_module(name)",
    "importlib.import_module(f'app.{name}')",
    "__import__(name)",
    "bring(name + each)",
    "found.append(import_string(each))",
    "spec.loader.exec_module(importlib.util.module_from_spec(spec))",
    "runpy.run_module(name)",
    "found += [point.load() for point in entry_points(group=name)]",
]
USE = "from app import loading\n\ndef start(x):\n    loading.told(x)\n    loading.helped(x)\n"


def _files(how: str) -> dict[str, str]:
    loading = LOADING.format(how=how)
    return {"app/__init__.py": "", "app/loading.py": loading, "app/use.py": USE}


@pytest.mark.parametrize("how", COMPUTED)
def test_what_imports_by_a_computed_name_stays_with_its_caller(read: Read, how: str) -> None:
    reading = read(_files(how), "app.loading")

    assert reading.verdict("app.loading.load") == "local"
    assert reading.verdict("app.loading.helped") == "local"
    assert "names that are computed" in reading.functions["app.loading.helped"].reason
    assert reading.verdict("app.loading.told") == "remote"


@pytest.mark.parametrize(
    "how",
    [
        "importlib.import_module('app.plugins')",
        "importlib.import_module(KNOWN)",
        "found.append(pkgutil.get_data(name, each))",
        "found.append(importlib.util.find_spec(name))",
    ],
)
def test_other_look_ups_of_modules_run_on_their_host(read: Read, how: str) -> None:
    reading = read(_files(how), "app.loading")

    assert reading.verdict("app.loading.load") == "remote"
    assert reading.findings("state-elsewhere") == []


@pytest.mark.parametrize(
    ("how", "found"),
    [
        ("importlib.import_module(name)", [("warning", "app/loading.py", 20)]),
        ("found = importlib.import_module(name)", []),
    ],
)
def test_what_imports_for_the_effect_and_needs_its_host_is_warned_of(
    read: Read, how: str, found: list[tuple[str, str, int]]
) -> None:
    assert read(_files(how), "app.loading").findings("state-elsewhere") == found


CONNECTING = """
from blinker import signal
from django.db.models.signals import post_save
from sqlalchemy import Engine, create_engine, event

class Row:
    pass

def note(sender, **data):
    return hash(sender)

def setup(names):
    for name in names:
        {how}
    return len(names)

def asked(names):
    for name in names:
        engine = create_engine(name)
        event.listen(engine, "connect", note)
        engine.connect()
    return len(names)
"""


@pytest.mark.parametrize(
    "how",
    [
        "signal(name).connect(note)",
        "signal('saved').disconnect(note)",
        "post_save.connect(note, sender=name)",
        "post_save.connect(receiver=lambda **data: None)",
        "event.listen(Engine, 'connect', note)",
        "event.listen(Row, 'before_insert', note)",
    ],
)
def test_what_connects_to_a_signal_of_a_library_stays_with_its_caller(read, how: str) -> None:
    use = "from app import loading\n\ndef start(x):\n    loading.setup(x)\n    loading.asked(x)\n"
    files = {
        "app/__init__.py": "",
        "app/loading.py": CONNECTING.format(how=how),
        "app/use.py": use,
    }

    reading = read(files, "app.loading")

    assert reading.verdict("app.loading.setup") == "local"
    assert "connects a function to a signal" in reading.functions["app.loading.setup"].reason
    assert reading.verdict("app.loading.asked") == "remote"


KEEPING = """
import copyreg, hashlib, numbers, sqlite3
from flask import current_app
from sqlalchemy.orm import clear_mappers, registry

SEEN = []

class Row:
    pass

def setup(names):
    for name in names:
        {how}
    return len(names)

def helped(names):
    for name in names:
        setup(names)
    return len(names)

def told(names):
    for name in names:
        SEEN.append(name)
        {how}
    return len(SEEN)
"""


@pytest.mark.parametrize(
    ("how", "what"),
    [
        ("registry().map_imperatively(Row, name)", "registers Row with a library"),
        ("numbers.Number.register(Row)", "registers Row with a library"),
        ("sqlite3.register_adapter(Row, str)", "registers Row with a library"),
        ("clear_mappers()", "clears all mappers"),
        ("current_app.config[name] = 1", "changes current_app.config"),
        ("current_app.config.setdefault(name, {})", "changes current_app.config"),
        ("current_app.kept = name", "changes current_app.kept"),
    ],
)
def test_what_a_library_or_an_application_keeps_is_kept_at_the_caller(read, how, what) -> None:
    use = "from app import lib\n\ndef start(x):\n    lib.helped(x)\n    lib.told(x)\n"
    files = {"app/__init__.py": "", "app/lib.py": KEEPING.replace("{how}", how), "app/use.py": use}

    reading = read(files, "app.lib")

    assert what in reading.functions["app.lib.setup"].reason
    assert reading.verdict("app.lib.setup") == reading.verdict("app.lib.helped") == "local"
    assert reading.verdict("app.lib.told") == "remote"
    assert [kind for kind, *_ in reading.findings("state-elsewhere")] == ["warning"]


@pytest.mark.parametrize(
    "how",
    [
        "current_app.config.get(name)",
        "hashlib.md5(current_app.config[name])",
        "sqlite3.register_adapter(int, str)",
        "isinstance(name, Row)",
    ],
)
def test_what_keeps_nothing_for_others_runs_on_its_host(read, how: str) -> None:
    use = "from app import lib\n\ndef start(x):\n    lib.helped(x)\n    lib.told(x)\n"
    files = {"app/__init__.py": "", "app/lib.py": KEEPING.replace("{how}", how), "app/use.py": use}

    reading = read(files, "app.lib")

    assert reading.verdict("app.lib.setup") == "remote"
    assert reading.findings("state-elsewhere") == []
