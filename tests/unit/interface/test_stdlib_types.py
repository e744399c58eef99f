"""Classes of the standard library whose objects never cross."""

import importlib
import pydoc
from collections.abc import Callable

import pytest
from tests.unit.interface.conftest import Reading

from seamline.interface.stdlib_types import GIVING_NAMELESS, GIVING_STAYING, STAYING
from seamline.interface.typenames import UNSENDABLE
from seamline.wire.containers import refuse
from seamline.wire.kinds import Plans
from seamline.wire.references import write_singleton
from seamline.wire.types import TypeTable

Read = Callable[..., Reading]
HEAD = "import argparse, ast, email, inspect, zipfile, logging, hashlib, itertools, pathlib\n"
HEAD += "import gzip, os, sys\nfrom email.message import EmailMessage\n"
RESULTS = {
    "a tree": "(text: str) -> ast.Module: return ast.parse('; '.join(sorted(text)))",
    "a part of a tree": "(text: str) -> 'list[ast.stmt]': return ast.parse(sorted(text)[0]).body",
    "frames": "(text: str) -> list[inspect.FrameInfo]: return sorted(inspect.stack())",
    "a message": "(text: str) -> EmailMessage | None: return make(sorted(text))",
    "an archive": "(text): return zipfile.ZipFile(sorted(text)[0])",
    "a tree, not annotated": "(text): return ast.parse('; '.join(sorted(text)))",
    "a logger": "(text): sorted(text); return logging.getLogger(text)",
    "a logger, named": "(text): log = logging.getLogger(sorted(text)[0]); return log",
    "a logger below": "(text): return logging.getLogger(sorted(text)[0]).getChild('b')",
    "a hash": "(text): return hashlib.sha256(repr(sorted(text)).encode())",
    "an iterator": "(text): return map(str.strip, sorted(text))",
    "pairs": "(text): return zip(sorted(text), text)",
    "one after the other": "(text): return itertools.chain(sorted(text), text)",
    "numbers": "(text): return itertools.count(sorted(text)[0])",
    "an open file": "(text): return pathlib.Path(sorted(text)[0]).open()",
    "another open file": "(text): sorted(text); return gzip.open(text)",
    "the environment": "(text): sorted(text); return os.environ",
    "the output": "(text): sorted(text); return sys.stdout",
    "a module": "(text): sorted(text); return inspect.getmodule(text)",
    "a tree that is given": "(tree: ast.AST) -> str: return ast.unparse(sorted(tree)[0])",
}

VALUES = {
    "a list of an iterator": "return list(map(str.strip, sorted(text)))",
    "pairs in a dict": "return dict(zip(sorted(text), text))",
    "a text of an iterator": "return ''.join(filter(None, sorted(text)))",
    "an item of an iterator": "return next(iter(sorted(text)), None)",
    "what a file holds": "return pathlib.Path(sorted(text)[0]).open().read()",
    "a digest": "return hashlib.sha256(repr(sorted(text)).encode()).hexdigest()",
    "a setting": "sorted(text); return os.environ.get(text)",
    "a setting by its key": "sorted(text); return os.environ[text]",
    "all settings": "sorted(text); return dict(os.environ)",
    "a level": "sorted(text); return logging.getLogger(text).level",
    "whether it logs": "sorted(text); return logging.getLogger(text).isEnabledFor(10)",
    "an encoding": "sorted(text); return sys.stdout.encoding",
}


@pytest.mark.parametrize("does", VALUES.values(), ids=VALUES)
def test_what_is_made_of_such_an_object_crosses(read: Read, does: str) -> None:
    files = {"lib.py": f"{HEAD}def use(text):\n    for _ in text: {does}\n"}

    assert read(files, "lib").verdict("lib.use") == "remote"


@pytest.mark.parametrize("does", RESULTS.values(), ids=RESULTS)
def test_what_takes_or_gives_such_an_object_stays_with_its_caller(read: Read, does: str) -> None:
    make = "def make(words):\n    return next(iter(words), None)\n"
    files = {"lib.py": f"{HEAD}{make}def use{does}\n", "web.py": "import lib\nlib.use('a')\n"}

    reading = read(files, "lib")

    assert reading.verdict("lib.use") == "local"


def test_what_needs_its_host_as_well_is_refused(read: Read) -> None:
    does = "def use(text: str) -> ast.Module:\n    SEEN.append(text)\n    return ast.parse(text)\n"
    files = {
        "lib.py": f"{HEAD}SEEN = []\n{does}",
        "web.py": "import lib\ndef page():\n    return lib.use('a')\n",
    }

    reading = read(files, "lib")

    assert reading.verdict("lib.use") == "refused"
    assert (
        "its result is Module: a syntax tree cannot cross" in reading.functions["lib.use"].reason
    )


def test_values_of_the_standard_library_cross(read: Read) -> None:
    does = "def use(text: str) -> ParseResult:\n    return urlparse('/'.join(sorted(text)))\n"
    files = {"lib.py": f"from urllib.parse import ParseResult, urlparse\n{does}"}

    assert read(files, "lib").verdict("lib.use") == "remote"


def test_no_such_object_can_be_written() -> None:
    assert [name for name in STAYING if _can_be_written(name)] == []


def _can_be_written(name: str) -> bool:
    module, _, attribute = name.rpartition(".")
    cls = getattr(importlib.import_module(module), attribute)

    def gives() -> None: ...

    gives.__annotations__ = {"return": cls}
    writer = Plans(TypeTable([], [gives])).writers[cls]
    stays = writer in (refuse, write_singleton) or writer.__name__.startswith("_refuse")
    # Of these, what they hold cannot be written.
    return not stays and name not in ("inspect.FrameInfo", "traceback.StackSummary")


def test_what_calls_give_is_known() -> None:
    assert set(GIVING_STAYING.values()) <= UNSENDABLE.keys()


def test_what_gives_such_an_object_exists() -> None:
    of_result = {"logging.getLogger.getChild"}

    assert [
        name
        for name in (*GIVING_STAYING, *GIVING_NAMELESS)
        if pydoc.locate(name) is None and name not in of_result
    ] == []
