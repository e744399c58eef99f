"""seamline.worker.load: finding the application, and saying what is wrong with it."""

import sys
from functools import partial

import pytest

from seamline.errors import ApplicationError
from seamline.worker.load import (
    Protocol,
    Reference,
    call_setup,
    import_module,
    load_application,
    protocol_of,
)


@pytest.fixture
def write(tmp_path, monkeypatch):
    """Write a module of the project; it is forgotten after the test."""
    monkeypatch.syspath_prepend(tmp_path)
    before = set(sys.modules)

    def write(name: str, source: str) -> str:
        (tmp_path / f"{name}.py").write_text(source)
        return str(tmp_path)

    yield write
    for name in set(sys.modules) - before:
        del sys.modules[name]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("shop.web:app", Reference("shop.web", "app")),
        ("shop.web:site.wsgi", Reference("shop.web", "site.wsgi")),
        ("shop.web:create_app()", Reference("shop.web", "create_app", ((), {}))),
        (
            "shop.web:create('prod', debug=False)",
            Reference("shop.web", "create", (("prod",), {"debug": False})),
        ),
    ],
)
def test_a_reference_names_a_module_an_attribute_and_literal_arguments(text, expected) -> None:
    assert Reference.parse(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "shop.web",
        "shop web:app",
        "shop:create(open('x'))",
        "shop:a + b",
        "shop:(",
        "shop:f()()",
    ],
)
def test_anything_else_is_refused_without_being_evaluated(text) -> None:
    with pytest.raises(ApplicationError, match="does not name an application"):
        Reference.parse(text)


def test_a_factory_gets_its_literal_arguments(write) -> None:
    root = write("made", "def create(*values, **names):\n    return values, names\n")

    assert load_application("made:create(1, key='x')", root) == ((1,), {"key": "x"})


def test_the_place_of_an_error_is_the_users_innermost_line(write) -> None:
    root = write("deep", "import json\n\ndef read():\n    json.loads('{')\n\nread()\n")

    with pytest.raises(ApplicationError, match="JSONDecodeError") as caught:
        import_module("deep", root)

    assert (caught.value.file, caught.value.line) == (f"{root}/deep.py", 4)


def test_a_module_that_leaves_the_interpreter_is_an_error_of_the_application(write) -> None:
    root = write("leaves", "import sys\nsys.exit('no settings')\n")

    with pytest.raises(ApplicationError, match=r"it called sys.exit\('no settings'\)") as caught:
        import_module("leaves", root)

    assert caught.value.line == 2


@pytest.mark.parametrize(
    ("leads_to", "why", "remedy"),
    [
        # Reading it is an error, for root too.
        ("/proc/sys/vm/compact_memory", "Permission denied", "permit it: chmod u+r stock.py"),
        ("/proc/self/mem", "Input/output error", ""),
    ],
)
def test_a_source_file_that_cannot_be_read_is_named_with_what_to_do(
    write, tmp_path, leads_to, why, remedy
) -> None:
    root = write("shop", "import stock\n")
    (tmp_path / "stock.py").symlink_to(leads_to)

    with pytest.raises(ApplicationError, match=f"it cannot be read: {why}") as caught:
        import_module("shop", root)

    assert (caught.value.file, caught.value.remedy) == (f"{root}/stock.py", remedy)


def test_what_code_of_the_application_cannot_read_is_its_own_error(write, tmp_path) -> None:
    root = write("reads", "open('/proc/sys/vm/compact_memory').read()\n")

    with pytest.raises(ApplicationError, match="cannot import reads: PermissionError") as caught:
        import_module("reads", root)

    assert (caught.value.file, caught.value.line) == (f"{root}/reads.py", 1)


def test_a_misspelt_module_of_the_project_gets_a_suggestion(write, tmp_path) -> None:
    package = tmp_path / "shopping"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "settings.py").touch()
    root = write("uses", "import shopping.setings\n")

    with pytest.raises(ApplicationError, match="No module named") as caught:
        import_module("uses", root)

    assert caught.value.remedy == "did you mean 'shopping.settings'?"


def test_a_module_that_is_not_installed_names_the_interpreter(write) -> None:
    root = write("needs", "import a_package_that_is_not_installed\n")

    with pytest.raises(ApplicationError, match="No module named") as caught:
        import_module("needs", root)

    assert sys.executable in caught.value.remedy


def test_setup_is_called_once_with_its_arguments(write) -> None:
    root = write("prepared", "calls = []\ndef prepare(*values):\n    calls.append(values)\n")

    call_setup("prepared:prepare('x')", root)

    assert sys.modules["prepared"].calls == [("x",)]


def test_a_setup_that_leaves_the_interpreter_is_an_error_of_the_application(write) -> None:
    root = write("leaving", "import sys\ndef prepare():\n    sys.exit(7)\n")

    with pytest.raises(
        ApplicationError, match=r"setup leaving:prepare raised: it called sys.exit"
    ):
        call_setup("leaving:prepare", root)


def test_a_setup_that_raises_is_named(write) -> None:
    root = write("unprepared", "def prepare():\n    raise LookupError('no config')\n")

    with pytest.raises(ApplicationError, match="setup unprepared:prepare raised: LookupError"):
        call_setup("unprepared:prepare", root)


def wsgi(environ, start_response): ...


async def asgi(scope, receive, send): ...


def asgi_closure(scope, receive, send): ...


class WsgiObject:
    def __call__(self, environ, start_response): ...

    def method(self, environ, start_response): ...


class AsgiObject:
    async def __call__(self, scope, receive, send): ...


class Decorated:
    def __call__(self, *args, **kwargs): ...


@pytest.mark.parametrize(
    ("application", "expected"),
    [
        (wsgi, Protocol.WSGI),
        (WsgiObject(), Protocol.WSGI),
        (WsgiObject().method, Protocol.WSGI),
        (Decorated(), Protocol.WSGI),
        (asgi, Protocol.ASGI),
        (asgi_closure, Protocol.ASGI),
        (AsgiObject(), Protocol.ASGI),
        (partial(asgi_closure, send=None), Protocol.ASGI),
    ],
)
def test_the_protocol_is_told_from_the_signature(application, expected) -> None:
    assert protocol_of(application, "m:app") is expected


def test_frameworks_are_told_apart() -> None:
    from fastapi import FastAPI
    from flask import Flask

    assert protocol_of(Flask(__name__), "m:app") is Protocol.WSGI
    assert protocol_of(Flask(__name__).wsgi_app, "m:app") is Protocol.WSGI
    assert protocol_of(FastAPI(), "m:app") is Protocol.ASGI


def test_a_factory_without_parentheses_is_recognised() -> None:
    def create_app(): ...

    with pytest.raises(ApplicationError, match=r'write http = "m:create_app\(\)"'):
        protocol_of(create_app, "m:create_app")
