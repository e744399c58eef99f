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

    def _said(method, more="", **others):
        files = {"app/__init__.py": "", "app/log.py": LOG.replace("METHOD", method) + more}
        files |= {f"{name}.py": text for name, text in others.items()}
        reading = read(files, "app.log", search_path=[library])
        found = [one for one in reading.analysis.findings if one.code == "not-sendable"]
        return [(one.severity.value, one.line, "lib.Sub.emit" in one.message) for one in found]

    return _said


def test_a_refused_method_that_a_library_calls_is_a_warning_at_its_class(said):
    assert said("emit") == [("warning", 4, True)]


def test_a_refused_method_that_only_the_application_could_call_is_a_note(said):
    assert said("note") == [("info", 7, False)]


MAKES = "def begin():\n    NOTED.append(Handler())\n"
HELPED = "def _make():\n    return Handler()\ndef begin():\n    NOTED.append(_make())\n"
CALLS = "from app.log import begin\ndef page():\n    begin()\n"


@pytest.mark.parametrize("makes", [MAKES, HELPED], ids=["itself", "by a helper"])
def test_a_method_whose_object_is_only_made_on_its_host_is_a_note(said, makes):
    assert said("emit", makes, web=CALLS) == [("info", 7, False)]


@pytest.mark.parametrize(
    ("more", "others"),
    [
        pytest.param("HANDLER = Handler()\n" + MAKES, {}, id="by an import"),
        pytest.param(f"{MAKES}begin()\n", {}, id="by a call while importing"),
        pytest.param(MAKES, {"web": CALLS + "page()\n"}, id="by an import elsewhere"),
        pytest.param("def make():\n    return Handler()\n", {"web": CALLS}, id="by its caller"),
        pytest.param(
            MAKES, {"web": "from app import log\ndef f():\n    log.Handler()\n"}, id="elsewhere"
        ),
        pytest.param(MAKES, {"web": f"{CALLS}CLASS = 'app.log.Handler'\n"}, id="by a text"),
        pytest.param(
            MAKES, {"web": "from app import log\nclass H(log.Handler): pass\n"}, id="sub"
        ),
        pytest.param("def _make():\n    return Handler()\n", {}, id="by what nobody calls"),
    ],
)
def test_a_method_whose_object_may_be_elsewhere_is_a_warning(said, more, others):
    assert ("warning", 4, True) in said("emit", more, **others)
