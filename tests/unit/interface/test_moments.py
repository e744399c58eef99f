"""seamline.interface.moments: values that every process makes for itself while importing."""

import pytest

MADE = """
import os, random, secrets, tempfile, time, uuid
from datetime import date, datetime
from functools import lru_cache
{line}
def use() -> str:
    for _ in range(3):
        print(VALUE)
    return str(VALUE)
"""


@pytest.mark.parametrize(
    "line",
    [
        "VALUE = uuid.uuid4()",
        "VALUE = uuid.uuid4().hex",
        "VALUE = secrets.token_hex()",
        "VALUE = random.random()",
        "VALUE = time.time()",
        "VALUE = os.getpid()",
        "VALUE = datetime.now()",
        "VALUE = date.today().year",
        "VALUE = tempfile.mkdtemp()",
        "VALUE = f'run-{os.getpid()}'",
        "VALUE = 'run-' + str(uuid.uuid4())",
        "VALUE = [uuid.uuid4() for _ in range(3)]",
        "FIRST = uuid.uuid4()\nVALUE = str(FIRST)",
        "def make():\n    token = secrets.token_hex()\n    return 'a' + token\nVALUE = make()",
        "def make():\n    from uuid import uuid4\n    return uuid4()\nVALUE = make()",
        "def dressed(text):\n    return '<' + text + '>'\nVALUE = dressed(secrets.token_hex())",
    ],
)
def test_what_importing_makes_by_chance_or_time_is_read_on_its_host(read, line: str) -> None:
    reading = read({"shop.py": MADE.format(line=line)}, "shop")

    assert "shop:VALUE" in reading.state
    assert "shop:VALUE" in reading.functions["shop.use"].touches
    assert not reading.functions["shop.use"].stays


@pytest.mark.parametrize(
    "line",
    [
        "VALUE = object()",
        "VALUE = os.environ.get('TOKEN')",
        "VALUE = uuid.uuid5(uuid.NAMESPACE_DNS, 'shop')",
        "VALUE = tempfile.gettempdir()",
        "VALUE = uuid.uuid4",
        "VALUE = lambda: uuid.uuid4()",
        "VALUE = len(secrets.token_hex())",
        "VALUE = date.today() == date(2026, 1, 1)",
        "import logging\nVALUE = logging.getLogger(f'run-{os.getpid()}')",
        "def make():\n    start = time.time()\n    return 'a'\nVALUE = make()",
        "def make(given):\n    return given or secrets.token_hex()\nVALUE = make('x')",
        "from flask import Flask\nVALUE = Flask(secrets.token_hex())",
    ],
)
def test_what_is_the_same_everywhere_or_made_by_a_library_is_not(read, line: str) -> None:
    reading = read({"shop.py": MADE.format(line=line)}, "shop")

    assert reading.state == {}


def test_defaults_and_class_attributes_made_by_chance_are_state(read) -> None:
    source = """
import secrets, time
class Settings:
    secret = secrets.token_hex()
def secret() -> str:
    return Settings.secret
def dated(at=time.time()) -> float:
    return at
"""
    reading = read({"shop.py": source}, "shop")

    assert reading.functions["shop.secret"].touches == ("shop:Settings.secret",)
    assert reading.functions["shop.dated"].touches == ("shop:dated.at",)
    assert reading.verdict("shop.secret") == reading.verdict("shop.dated") == "remote"


@pytest.mark.parametrize(
    ("answer", "verdict"), [("uuid.uuid4().hex", "refused"), ("name.upper()", "local")]
)
def test_memo_of_an_answer_by_chance_belongs_to_its_host(read, answer: str, verdict: str) -> None:
    source = f"""
import uuid
from functools import lru_cache
@lru_cache
def _lot(name: str) -> str:
    return {answer}
class Till:
    def __init__(self): self.open = True
    def lot(self): return _lot("a")
"""
    reading = read({"shop.py": source}, "shop")
    lot = reading.functions.get("shop.Till.lot")

    assert (lot.verdict.value if lot else "local") == verdict


PARTS = {
    "shop/__init__.py": "",
    "shop/settings.py": """
        import os, secrets
        from dataclasses import dataclass
        from datetime import datetime
        SECRET = os.environ.get("SECRET") or secrets.token_hex()
        @dataclass
        class Event:
            at: datetime = datetime.now()
        """,
    "shop/one.py": "from shop import settings\ndef f(): return settings.SECRET\n",
    "shop/two.py": "from shop import settings\ndef f(): return settings.SECRET\n",
}


def test_what_differs_sometimes_or_in_a_part_is_only_told(read) -> None:
    reading = read(PARTS, "shop.one", "shop.two")

    assert reading.findings("import-value") == [
        ("warning", "shop/settings.py", 5),
        ("warning", "shop/settings.py", 8),
    ]
    assert reading.state == {}


def test_nothing_is_told_where_one_process_imports_it(read) -> None:
    groups = {"one": "all", "two": "all"}

    assert read(PARTS, "shop.one", "shop.two", groups=groups).findings("import-value") == []
