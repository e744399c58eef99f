"""Settings that the import of a module changes in its process, and that another one needs."""

from collections.abc import Callable

import pytest
from tests.unit.interface.conftest import Reading

Read = Callable[..., Reading]

LIB = "import decimal, json, locale, os, socket, urllib.request\nfrom decimal import Decimal\n"
NEEDS = {
    "a decimal context": ("decimal.getcontext().prec = 6", "return Decimal(key) / 3"),
    "a time limit": ("socket.setdefaulttimeout(5)", "return urllib.request.urlopen(key).read()"),
    "a language": ("locale.setlocale(locale.LC_ALL, 'de_DE')", "return locale.currency(key)"),
    "an entry": ("os.environ['KEY'] = '1'", "return os.environ['KEY']"),
    "one of several": (
        "os.environ.update({'KEY': '1', 'OTHER': '2'}, MORE='3')",
        "return os.environ['KEY']",
    ),
    "one that is not named": (
        "os.environ.update({'OTHER': '2', **dict(KEY='1')})",
        "return os.environ['KEY']",
    ),
    "a file of settings": ("import dotenv; dotenv.load_dotenv()", "return os.getenv('KEY')"),
    "what encodes": ("json.JSONEncoder.default = str", "return json.dumps(key)"),
    "a place": ("os.chdir('/')", "return open('x').read()"),
}
NEEDS_NOTHING = {
    "another entry": ("os.environ['KEY'] = '1'", "return os.environ['OTHER']"),
    "other entries": ("os.environ.update({'KEY': '1'}, MORE='3')", "return os.environ['OTHER']"),
    "what tells of it": ("import logging; logging.basicConfig()", "logging.info(key)"),
    "what Django is told": (
        "os.environ['DJANGO_SETTINGS_MODULE'] = 's'",
        "return dict(os.environ)",
    ),
    "another library": ("socket.setdefaulttimeout(5)", "return Decimal(key) / 3"),
    "where modules are": ("import sys; sys.path.insert(0, '.')", "return json.dumps(key)"),
}


def _files(sets: str, needs: str) -> dict[str, str]:
    # A file is opened so that the function costs more than its sending.
    return {
        "lib.py": f"{LIB}def ask(key):\n    open('/dev/null').read()\n    {needs}\n",
        "web.py": f"{LIB}import lib\n{sets}\ndef page():\n    return lib.ask(1)\n",
    }


@pytest.mark.parametrize(("sets", "needs"), NEEDS.values(), ids=NEEDS)
def test_check_warns_where_a_host_does_not_import_what_sets_it(
    read: Read, sets: str, needs: str
) -> None:
    reading = read(_files(sets, needs), "lib", entry_modules={"web": "web"})

    assert reading.findings("state-elsewhere") == [("warning", "web.py", 4)]


@pytest.mark.parametrize(("sets", "needs"), NEEDS_NOTHING.values(), ids=NEEDS_NOTHING)
def test_what_a_host_does_not_depend_on_is_no_matter(read: Read, sets: str, needs: str) -> None:
    files = _files(sets, needs.replace("logging", "__import__('logging')"))

    reading = read(files, "lib", entry_modules={"web": "web"})

    assert reading.findings("state-elsewhere") == []


def test_check_warns_of_what_a_package_reads_while_it_is_imported(read: Read) -> None:
    files = _files("os.environ['KEY'] = '1'", "return KEY")
    files["lib.py"] += "KEY = os.environ['KEY']\n"

    reading = read(files, "lib", entry_modules={"web": "web"})

    assert reading.findings("state-elsewhere") == [("warning", "web.py", 4)]


def test_check_warns_of_what_a_factory_sets_when_it_makes_the_application(read: Read) -> None:
    files = _files("", "return os.getenv('KEY')")
    files["web.py"] += (
        "import flask\ndef set_up():\n    os.environ.setdefault('KEY', '1')\n"
        "def make():\n    set_up()\n    return flask.Flask(__name__)\n"
    )

    reading = read(files, "lib", entry_modules={"web": "web"})

    assert reading.findings("state-elsewhere") == [("warning", "web.py", 9)]


def test_check_warns_where_what_a_package_sets_is_needed_by_others(read: Read) -> None:
    files = _files("decimal.getcontext()", "return decimal.getcontext()")
    files["lib.py"] += "decimal.getcontext().prec = 6\n"

    reading = read(files, "lib", entry_modules={"web": "web"})

    assert reading.findings("state-elsewhere") == [("warning", "lib.py", 6)]


@pytest.mark.parametrize(
    ("files", "package"),
    [
        ({"lib.py": f"import setup\n{LIB}"}, "lib"),
        ({"lib.py": f"{LIB}decimal.getcontext().prec = 6\n"}, "lib"),
        ({"shop/__init__.py": "import setup\n", "shop/lib.py": LIB, "lib.py": ""}, "shop.lib"),
    ],
    ids=["imports it, too", "sets it itself", "through the package above"],
)
def test_a_host_that_has_it_set_is_not_warned_of(
    read: Read, files: dict[str, str], package: str
) -> None:
    ask = "def ask(key):\n    open('/dev/null').read()\n    return Decimal(key) / 3\n"
    home = f"{package.replace('.', '/')}.py"
    written = {
        **files,
        home: files[home] + ask,
        "setup.py": "import decimal\ndecimal.getcontext().prec = 6\n",
        "web.py": f"import setup\nimport {package}\ndef page():\n    return {package}.ask(1)\n",
    }

    reading = read(written, package, entry_modules={"web": "web"})

    assert reading.findings("state-elsewhere") == []


def test_the_warning_names_what_needs_it(read: Read) -> None:
    reading = read(_files(*NEEDS["a time limit"]), "lib", entry_modules={"web": "web"})

    (found,) = (f for f in reading.analysis.findings if f.code == "state-elsewhere")
    assert found.message == (
        "importing web changes its process with socket.setdefaulttimeout() (web.py:4): "
        "processes of lib (lib.py:3) may need that, too, and do not import it"
    )


@pytest.mark.parametrize(
    "program",
    ["os.environ.setdefault('KEY', '1')", "begin()"],
    ids=["itself", "by a function"],
)
def test_what_a_module_does_only_as_the_program_is_not_done_by_its_import(
    read: Read, program: str
) -> None:
    begin = "def begin():\n    os.environ['KEY'] = '1'\n"
    guarded = f"{begin}if __name__ == '__main__':\n    {program}\n"
    files = _files(guarded, "return os.environ['KEY']")

    assert not read(files, "lib", entry_modules={"web": "web"}).findings("state-elsewhere")


def test_what_an_import_does_beside_being_the_program_counts(read: Read) -> None:
    sets = "if __name__ == '__main__':\n    pass\nelse:\n    os.environ['KEY'] = '1'\n"
    files = _files(sets, "return os.environ['KEY']")

    reading = read(files, "lib", entry_modules={"web": "web"})

    assert reading.findings("state-elsewhere") == [("warning", "web.py", 7)]
