"""Functions that use names which something in their process puts among the builtins."""

import pytest

LIB = """
import hashlib
{head}
SEEN = []
def hello(n):
    SEEN.append(n)
    return _("hello")
def shown(n):
    hashlib.md5(b"")
    for one in range(n):
        hashlib.md5(b"")
    return [{shows} for one in range(n)]
def report(n):
    hashlib.md5(b"")
    return shown(n), [shown(n) for one in range(n)]
def other(n):
    hashlib.md5(b"")
    return [_ for _ in range(n)], {{(lambda _: _)(n) for one in range(n)}}
"""
WEB = """
from app import lib
def page():
    return lib.hello(1), lib.report(2), lib.other(2), lib.shown(2)
"""
DEFINED = {
    "imported": ("from gettext import gettext as _", "_('a')"),
    "assigned": ("def _(text):\n    return text", "_('a')"),
    "by a star": ("from app.texts import *", "_('a')"),
    "by a star of a library": ("from tkinter import *", "_('a')"),
    "by a function": ("def install():\n    global _\n    _ = str", "_('a')"),
    "by its namespace": ("globals().update(_=str)", "_('a')"),
    "while importing": ("import gettext\ngettext.install('app')", "_('a')"),
    "by what it imports": ("import app.texts", "_('a')"),
    "by what it imports otherwise": ("import app.more", "_('a')"),
    "where a name is missing": ("", "WindowsError"),
    "a name of the function": ("", "(lambda _: _)(one)"),
}


def _files(head: str, shows: str) -> dict[str, str]:
    return {
        "app/__init__.py": "",
        "app/texts.py": "from gettext import gettext as _, translation\n"
        "__all__ = ['_']\ntranslation('app', fallback=True).install()\n",
        "app/more.py": "import builtins\nbuiltins._ = str\n",
        "app/lib.py": LIB.format(head=head, shows=shows),
        "app/web.py": WEB,
    }


@pytest.mark.parametrize("name", ["shown", "report"])
def test_what_uses_a_name_that_nobody_defines_runs_with_its_caller(read, name: str) -> None:
    reading = read(_files("", "_('a')"), "app.lib")

    assert reading.verdict(f"app.lib.{name}") == "local"
    assert "uses the name '_' (app/lib.py:12)" in reading.functions[f"app.lib.{name}"].reason
    assert reading.verdict("app.lib.other") == "remote"


def test_check_tells_where_it_needs_its_host(read) -> None:
    reading = read(_files("", "_('a')"), "app.lib")

    assert reading.verdict("app.lib.hello") == "remote"
    assert reading.findings("state-elsewhere") == [("warning", "app/lib.py", 5)]


@pytest.mark.parametrize("way", DEFINED)
def test_a_name_that_is_defined_somehow_is_no_matter(read, way: str) -> None:
    reading = read(_files(*DEFINED[way]), "app.lib")

    assert reading.verdict("app.lib.shown") == "remote"


def test_a_function_that_expects_a_name_to_be_missing_may_run_anywhere(read) -> None:
    lib = "import hashlib\ndef shown(n):\n    hashlib.md5(b'')\n    try:\n        return _(n)\n"
    lib += "    except NameError:\n        return n\n"
    web = "from app import lib\ndef page():\n    return lib.shown('a')\n"

    reading = read({"app/__init__.py": "", "app/lib.py": lib, "app/web.py": web}, "app.lib")

    assert reading.verdict("app.lib.shown") == "remote"
