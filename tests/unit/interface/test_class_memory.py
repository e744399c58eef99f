"""What class methods of libraries keep in classes of the application."""

from collections.abc import Callable
from pathlib import Path

import pytest
from tests.unit.interface.conftest import Reading

Read = Callable[..., Reading]

LIBRARY = """
class Base:
    _instance = None

    @classmethod
    def _above(cls):
        for each in cls.mro():
            yield each

    @classmethod
    def instance(cls, **options):
        if cls._instance is None:
            made = cls(**options)
            for each in cls._above():
                each._instance = made
        return cls._instance

    @classmethod
    def initialized(cls):
        return hasattr(cls, "_instance")

    @classmethod
    def ready(cls):
        return cls.initialized()

    @classmethod
    def made(cls, text):
        made = cls()
        made.text = text
        return made

    @classmethod
    def title(cls):
        return cls.__name__

class Single(Base):
    pass
"""
FILES = {
    "app/__init__.py": "",
    "app/keys.py": """
from library import Single

class Keeper(Single):
    @classmethod
    def own(cls):
        return 1

def use(names):
    for name in names:
        print(name)
    return Keeper.{method}
""",
}


@pytest.fixture
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("site")
    (path / "library.py").write_text(LIBRARY)
    return path


def _read(read: Read, library: Path, method: str) -> Reading:
    web = "from app import keys\n\ndef start():\n    keys.Keeper.instance(text='x')\n"
    files = {name: text.replace("{method}", method) for name, text in FILES.items()}
    return read({**files, "app/web.py": web}, "app.keys", search_path=[library])


@pytest.mark.parametrize("method", ["instance().text", "initialized()", "ready()"])
def test_what_a_librarys_class_method_keeps_is_state(
    read: Read, library: Path, method: str
) -> None:
    reading = _read(read, library, method)

    assert reading.functions["app.keys.use"].touches == ("app.keys:Keeper._instance",)
    assert reading.findings("state-elsewhere") == [("error", "app/web.py", 4)]


@pytest.mark.parametrize("method", ["made('x').text", "title()", "own()", "mro()"])
def test_a_class_method_that_keeps_nothing_touches_nothing(
    read: Read, library: Path, method: str
) -> None:
    assert _read(read, library, method).functions["app.keys.use"].touches == ()


def test_a_singleton_of_a_library_without_source_is_state(read: Read) -> None:
    files = {name: text.replace("{method}", "instance()") for name, text in FILES.items()}

    reading = read(files, "app.keys")

    assert reading.functions["app.keys.use"].touches == ("app.keys:Keeper.instance",)
