"""seamline.seam.strays: functions without a definition raise where their state is elsewhere."""

import importlib

import pytest

from seamline.errors import ApplicationError, NotSendable
from seamline.interface import Verdict

SOURCE = """
CACHE = {"n": 1}
first = lambda: CACHE["n"]
exec("def made(): return len(CACHE)")
Box = type("Box", (), {"look": lambda self: [c for c in CACHE]})
TABLE = {"late": lambda: (lambda: CACHE)()}
double = lambda n: n * 2
attribute = lambda it: it.CACHE
def put():
    CACHE["m"] = 1
    return first()
"""


@pytest.fixture(params=[False, True], ids=["processes", "local"])
def strays(application, request):
    app = application({"__init__": SOURCE}, state={"CACHE": ""})
    module = app.load()
    app.seams(local=request.param).install()
    return app, module


@pytest.mark.parametrize(
    "call",
    [
        lambda m: m.first(),
        lambda m: m.made(),
        lambda m: m.Box().look(),
        lambda m: m.TABLE["late"](),
    ],
    ids=["lambda", "exec", "type", "nested"],
)
def test_a_function_nothing_can_name_is_refused_where_its_state_is_elsewhere(strays, call):
    app, module = strays

    with pytest.raises(NotSendable, match=rf"touches {app.package}:CACHE"):
        call(module)


def test_others_run_where_they_are_called(strays):
    _, module = strays

    assert module.double(2) == 4
    assert module.attribute(type("It", (), {"CACHE": 5})) == 5


def test_the_host_s_own_code_calls_them(application):
    app = application({"__init__": SOURCE}, state={"CACHE": ""})
    module = app.load()
    app.seams(local=True).install()

    assert module.put() == 1


@pytest.mark.parametrize("name", ["named", "nameless"])
def test_what_a_decorator_makes_for_a_module_that_is_imported_later_is_refused(application, name):
    app = application(
        {
            "__init__": """
                LIMITS = [2]
                def named(function):
                    def within(text):
                        try:
                            return function(text)[: LIMITS[0]]
                        except NameError:
                            return "a stale answer"
                    return within
                def nameless(function):
                    return lambda text: function(text)[: LIMITS[0]]
            """,
            "inner": "",
        },
        state={"LIMITS": ""},
        verdicts={"named.<locals>.within": Verdict.REFUSED},
        others={
            "later": f"from PACKAGE import {name} as limited, inner\n"
            "@limited\ndef first(text): return text\n"
        },
    )
    app.load()
    app.seams().install()

    later = importlib.import_module("later")

    with pytest.raises(NotSendable, match=rf"{app.package}\.{name}\.<locals>"):
        later.first("abc")
    app.opened[0].close_all()
    assert later.first("abc") == "ab"


def test_closing_gives_them_back(strays):
    app, module = strays

    app.opened[0].close_all()

    assert (module.first(), module.made()) == (1, 1)


def test_source_that_was_changed_after_it_was_read_is_refused_and_never_run(application):
    app = application({"__init__": SOURCE}, state={"CACHE": ""})
    file = app.root / app.package / "__init__.py"
    file.write_text(f"# This is new.\n{file.read_text()}")
    module = app.load()

    seams = app.seams()
    told = rf"{app.package}\.put is at another line than when this run was planned"
    with pytest.raises(ApplicationError, match=told) as caught:
        seams.install()

    assert caught.value.remedy.endswith("seamline reload")
    with pytest.raises(ApplicationError, match=told):
        seams.verify()
    with pytest.raises(NotSendable, match=r"when this run was planned.*seamline reload"):
        module.put()


def test_a_process_cannot_import_what_was_changed_after_it_was_read(application):
    app = application({"__init__": SOURCE}, state={"CACHE": ""})
    file = app.root / app.package / "__init__.py"
    app.seams().install()
    file.write_text(f"# This is new.\n{file.read_text()}")

    with pytest.raises(ApplicationError, match="when this run was planned"):
        app.load()


def test_one_of_two_definitions_is_not_taken_for_a_changed_one(application):
    source = "if len('x') == {0}:\n    def f(): return 1\nelse:\n    def f(): return 2\n"
    for number in (1, 2):
        app = application({"__init__": source.format(number)})
        app.load()
        app.seams().install()
        app.opened[-1].verify()


def test_nor_is_one_that_the_interface_leaves_out(application):
    source = "S = [1]\ndef _f():\n    return S\n\ndef _f():\n    return 1\n"
    app = application({"__init__": source}, state={"S": ""})
    app.load()

    app.seams().install()

    app.opened[-1].verify()
