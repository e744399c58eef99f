"""seamline.interface.circles: what has to be imported before a package of a circle of imports."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.unit.interface.conftest import Reading

Read = Callable[..., Reading]
# `import shop.texts` fails: by way of shop.core it would import its own name too early.
CIRCLE = {
    "shop/__init__.py": "",
    "shop/web.py": "from shop.core import Ledger",
    "shop/core/__init__.py": "from shop.texts import shown\n\nclass Ledger: ...",
    "shop/core/misc.py": "def align(text):\n    return text.strip()",
    "shop/texts.py": "from shop.core.misc import align\n\ndef shown(t):\n    return align(t)",
}


def _before(read: Read, files: dict[str, str], package: str) -> tuple[str, ...]:
    reading = read(files, package, entry_modules={"shop.web": "web"})
    return reading.interfaces[package.rpartition(".")[2]].before


def _works(root: Path, *modules: str) -> bool:
    done = subprocess.run(
        [sys.executable, "-c", "import " + ", ".join(modules)], cwd=root, capture_output=True
    )
    return done.returncode == 0


@pytest.mark.parametrize(
    "changed",
    [
        pytest.param({}, id="as it is"),
        pytest.param(
            {"shop/texts.py": "import json\ntry:\n" "    from shop.core.misc import align\n"
             "finally:\n    pass\n\ndef shown(text):\n    return align(text)"},
            id="in a block",
        ),
        pytest.param(
            {"shop/core/__init__.py": "from ..texts import *\nfrom ..texts import shown"},
            id="relative",
        ),
        pytest.param(
            {"shop/core/__init__.py": "import shop.texts as t\n\nsay = t.shown"},
            id="an attribute",
        ),
        pytest.param(
            {"shop/core/__init__.py": "from shop import texts\n\nclass A:\n    a = texts.shown"},
            id="an attribute, in a class",
        ),
        pytest.param(
            {"shop/core/__init__.py": "from .. import texts\n\ndef say(how=texts.shown): ..."},
            id="an attribute, as a default",
        ),
    ],
)  # fmt: skip
def test_a_package_that_cannot_be_imported_first_is_imported_after_another(
    read: Read, tmp_path: Path, changed: dict[str, str]
) -> None:
    assert _before(read, {**CIRCLE, **changed}, "shop.texts") == ("shop.core",)
    assert not _works(tmp_path, "shop.texts")
    assert _works(tmp_path, "shop.core", "shop.texts")


@pytest.mark.parametrize(
    "changed",
    [
        pytest.param({"shop/core/__init__.py": "import shop.texts"}, id="no name is asked for"),
        pytest.param({"shop/core/__init__.py": "from shop import texts"}, id="the module itself"),
        pytest.param(
            {"shop/core/__init__.py": "def show():\n    from shop.texts import shown"}, id="later"
        ),
        pytest.param(
            {"shop/core/__init__.py": "from shop import texts\n\ndef say():\n    texts.shown('')"},
            id="an attribute, later",
        ),
        pytest.param(
            {
                "shop/core/__init__.py": "from __future__ import annotations\n"
                "from shop import texts\n\nclass Ledger:\n    how: texts.shown"
            },
            id="an attribute, as a postponed annotation",
        ),
        pytest.param(
            {"shop/texts.py": "def shown(text):\n    return text\n\nfrom shop.core import misc"},
            id="bound by then",
        ),
        pytest.param(
            {
                "shop/core/__init__.py": "from typing import TYPE_CHECKING\n"
                "if TYPE_CHECKING:\n    from shop.texts import shown"
            },
            id="for types alone",
        ),
        pytest.param(
            {
                "shop/core/__init__.py": "from shop.texts import shown",
                "shop/texts.py": "while True:\n    shown = str\n    break\nimport shop.core",
            },
            id="bound in a loop",
        ),
        pytest.param(
            {
                "shop/core/__init__.py": "from shop.texts import shown",
                "shop/texts.py": "match 1:\n    case 1:\n        shown = str\nimport shop.core",
            },
            id="bound in a case",
        ),
        pytest.param(
            {
                "shop/core/__init__.py": "from shop.texts import shown",
                "shop/texts.py": "try:\n    import absent\nexcept ValueError:\n    pass\n"
                "except ImportError:\n    shown = str\nimport shop.core",
            },
            id="bound by a handler",
        ),
    ],
)
def test_a_package_in_a_circle_that_works_is_imported_as_it_is(
    read: Read, tmp_path: Path, changed: dict[str, str]
) -> None:
    changed.setdefault("shop/core/__init__.py", "from shop.texts import shown")
    files = {**CIRCLE, **changed, "shop/web.py": "import shop.core"}

    assert _before(read, files, "shop.texts") == ()
    assert _works(tmp_path, "shop.texts")


# What `shop.core` finds depends on who is first: nothing fails, and answers would differ.
CAUGHT = {
    "shop/core/__init__.py": "try:\n    from shop.texts import shown\n"
    "except ImportError:\n    shown = None"
}


@pytest.mark.parametrize(
    "caught",
    [
        CAUGHT["shop/core/__init__.py"],
        "import shop.texts as t\ntry:\n    shown = t.shown\nexcept Exception:\n    shown = None",
    ],
)
def test_a_package_is_imported_so_that_nobody_does_without_what_the_application_finds(
    read: Read, tmp_path: Path, caught: str
) -> None:
    files = {**CIRCLE, "shop/core/__init__.py": caught, "shop/web.py": "import shop.core"}

    assert _before(read, files, "shop.texts") == ("shop.core",)
    asked = "import shop.core; assert shop.core.shown is"
    for first, found in (("shop.core", "not None"), ("shop.texts", "None")):
        script = f"import {first}; {asked} {found}"
        subprocess.run([sys.executable, "-c", script], cwd=tmp_path, check=True)


def test_what_the_application_does_without_may_be_missing(read: Read) -> None:
    files = {**CIRCLE, **CAUGHT, "shop/web.py": "import shop.texts"}

    assert _before(read, files, "shop.texts") == ()


def test_a_handler_of_another_error_catches_nothing(read: Read, tmp_path: Path) -> None:
    caught = CAUGHT["shop/core/__init__.py"].replace("ImportError", "KeyError")
    files = {**CIRCLE, "shop/core/__init__.py": caught}

    assert _before(read, files, "shop.texts") == ("shop.core",)
    assert not _works(tmp_path, "shop.texts")


def test_so_is_what_a_module_needs_that_is_imported_with_its_first_call(
    read: Read, tmp_path: Path
) -> None:
    files = {name.replace("texts", "texts/plain"): text for name, text in CIRCLE.items()}
    files = {name: text.replace("shop.texts", "shop.texts.plain") for name, text in files.items()}

    assert _before(read, files | {"shop/texts/__init__.py": ""}, "shop.texts") == ("shop.core",)
    assert _works(tmp_path, "shop.texts")
    assert not _works(tmp_path, "shop.texts.plain")


def test_a_circle_that_nothing_can_begin_is_left_to_fail(read: Read) -> None:
    files = {
        "shop/__init__.py": "",
        "shop/one.py": "from shop.two import b\na = 1",
        "shop/two.py": "from shop.one import a\nb = 1",
    }

    assert _before(read, files, "shop.one") == ()
