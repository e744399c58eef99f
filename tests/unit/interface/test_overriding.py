"""seamline.interface.overriding: refused methods that a library calls."""

import pytest

LIBRARY = """
class Base:
    def handle(self, one):
        self.emit(one)
    def emit(self, one):
        pass
"""
LOG = """
import lib
NOTED = []
class Handler(lib.Sub):
    def __init__(self):
        self.level = 1
    def METHOD(self, one):
        NOTED.append((self.level, one))
def noted():
    return len(NOTED)
"""


@pytest.fixture
def said(read, tmp_path_factory):
    """Return what is said of the handler's method, by its name: how grave, where, and why."""
    library = tmp_path_factory.mktemp("site")
    (library / "lib.py").write_text(f"{LIBRARY}class Sub(Base):\n    pass\n")

    def _said(method):
        files = {"app/__init__.py": "", "app/log.py": LOG.replace("METHOD", method)}
        reading = read(files, "app.log", search_path=[library])
        found = [one for one in reading.analysis.findings if one.code == "not-sendable"]
        return [(one.severity.value, one.line, "lib.Sub.emit" in one.message) for one in found]

    return _said


def test_a_refused_method_that_a_library_calls_is_a_warning_at_its_class(said):
    assert said("emit") == [("warning", 4, True)]


def test_a_refused_method_that_only_the_application_could_call_is_a_note(said):
    assert said("note") == [("info", 7, False)]
