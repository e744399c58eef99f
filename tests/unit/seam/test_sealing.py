"""seamline.seam.sealing: module state of another process raises instead of answering stale."""

import importlib
import inspect
import operator
from pathlib import Path
from unittest import mock

import pytest

from seamline.errors import StateElsewhere
from seamline.interface import Place
from seamline.rpc import recorded
from seamline.seam.sealing import _SPECIAL

SOURCE = """
    CACHE = {}
    COUNT = 0
    LIMIT = 5
    def put(key):
        global COUNT
        COUNT += 1
        CACHE[key] = COUNT
        return dict(CACHE)
"""


@pytest.fixture(params=["processes", "local"])
def local(request):
    return request.param == "local"


@pytest.fixture
def sealed(application, local):
    app = application({"__init__": SOURCE}, state={"CACHE": "", "COUNT": ""})
    module = app.load()
    app.seams(local=local).install()
    return app, module


def test_reading_state_names_the_reader_and_the_remedy(sealed):
    app, module = sealed

    with pytest.raises(StateElsewhere) as caught:
        module.CACHE["x"]

    message = str(caught.value)
    assert message.startswith(f"{app.package}.CACHE (bound at {app.package}/__init__.py:1)")
    assert "service 'work'" in message
    assert f"{__file__}:" in message
    assert "seamline check" in message


def test_constants_and_functions_are_read_as_always(sealed):
    _, module = sealed

    assert module.LIMIT == 5
    assert module.put.__name__ == "put"
    with pytest.raises(AttributeError, match="has no attribute 'MISSING'"):
        module.MISSING  # noqa: B018


def test_importing_a_name_of_state_fails(sealed):
    app, _ = sealed

    with pytest.raises((ImportError, StateElsewhere)):
        exec(f"from {app.package} import CACHE", {})


@pytest.mark.parametrize(
    "code",
    [
        "getattr(module, 'CACHE', None)",
        "hasattr(module, 'CACHE')",
        "try:\n    from {package} import CACHE\nexcept ImportError:\n    CACHE = {{}}",
        "from {package} import CACHE as ours",
    ],
)
def test_the_application_cannot_pass_over_state_that_is_elsewhere(sealed, code):
    app, module = sealed
    own = Path(module.__file__).with_name("web.py")

    with pytest.raises(StateElsewhere) as caught:
        exec(compile(code.format(package=app.package), own, "exec"), {"module": module})

    assert not isinstance(caught.value, AttributeError)
    assert f"{own}:" in str(caught.value)


def test_tools_that_look_at_every_attribute_pass_over_it(sealed):
    _, module = sealed

    assert "CACHE" not in {name for name in ("CACHE", "put") if hasattr(module, name)}


def test_closing_puts_the_state_back(sealed):
    app, module = sealed

    app.opened[0].close_all()

    assert (module.CACHE, module.COUNT) == ({}, 0)
    assert module.put("a") == {"a": 1}
    assert type(module) is type(importlib)


@pytest.mark.parametrize("name", ["CACHE", "COUNT", "LIMIT"])
def test_assigning_data_from_outside_is_refused(sealed, name):
    app, module = sealed

    with pytest.raises(StateElsewhere, match=rf"{app.package}\.{name}.* was assigned at"):
        setattr(module, name, 7)
    with pytest.raises(StateElsewhere, match="was assigned at"):
        delattr(module, name)


def test_functions_and_submodules_may_be_assigned(sealed):
    _, module = sealed

    module.put = lambda key: key
    module.operator = operator

    assert (module.put("a"), module.operator) == ("a", operator)


def test_a_hook_may_close_the_seam_and_let_an_assignment_happen(sealed):
    app, module = sealed
    seams, written = app.opened[0], []

    def closing(write):
        written.append((write.service, write.module, write.name, write.value))
        seams.close(write.service)
        return True

    seams.on_write = closing

    module.LIMIT = 7

    assert written == [("work", app.package, "LIMIT", 7)]
    assert module.LIMIT == 7


@pytest.mark.parametrize("name", ["CACHE", "LIMIT"])
def test_patching_tools_may_patch_state_where_the_hook_allows_it(sealed, monkeypatch, name):
    app, module = sealed
    seams = app.opened[0]
    seams.on_write = lambda write: seams.close(write.service) is None

    with monkeypatch.context() as patches:
        patches.setattr(module, name, {"patched": True})
        assert getattr(module, name) == {"patched": True}
    seams.open("work")
    with mock.patch(f"{app.package}.{name}", "mocked"):
        assert getattr(module, name) == "mocked"

    assert getattr(module, name) == {"CACHE": {}, "LIMIT": 5}[name]


def test_patching_tools_are_refused_without_a_hook(sealed, monkeypatch):
    _, module = sealed

    with pytest.raises(AttributeError, match="CACHE"):
        monkeypatch.setattr(module, "CACHE", {})


def test_the_host_s_own_code_uses_its_state_in_one_process(application):
    app = application({"__init__": SOURCE}, state={"CACHE": "", "COUNT": ""})
    module = app.load()
    app.seams(local=True).install()

    assert module.put("a") == {"a": 1}
    assert module.put("b") == {"a": 1, "b": 2}


@pytest.mark.parametrize("local", [False, True], ids=["processes", "local"])
def test_a_sibling_s_name_for_the_same_object_is_sealed_too(application, local):
    app = application(
        {"__init__": "from PACKAGE.store import CACHE as everything\n", "store": "CACHE = {}\n"},
        state={"CACHE": "store"},
    )
    package = app.load()
    app.seams(local=local).install()

    with pytest.raises(StateElsewhere, match=r"store\.CACHE"):
        package.everything  # noqa: B018

    app.opened[0].close_all()
    assert package.everything is app.load("store").CACHE


def early(application, local):
    app = application(
        {"__init__": SOURCE},
        state={"CACHE": "", "COUNT": ""},
        early=(Place(file="reader.py", line=1),),
        others={"reader": "from PACKAGE import CACHE as mine, COUNT, LIMIT\n"},
    )
    reader = importlib.import_module("reader")
    app.seams(local=local).install()
    return app, reader


USES = {
    "item": lambda it: it["x"],
    "length": len,
    "truth": bool,
    "iteration": list,
    "membership": lambda it: "x" in it,
    "method": lambda it: it.get("x"),
    "comparison": lambda it: it == {},
    "union": lambda it: it | {},
    "reflected": lambda it: 1 + it,
    "text": str,
    "format": lambda it: f"{it}",
    "repr": repr,
    "hash": hash,
    "assignment": lambda it: operator.setitem(it, "x", 1),
    "attribute": lambda it: setattr(it, "x", 1),
    "call": lambda it: it(),
}


@pytest.mark.parametrize("use", USES.values(), ids=USES)
def test_any_use_of_an_early_copy_raises(application, local, use):
    app, reader = early(application, local)

    for copy in (reader.mine, reader.COUNT):
        with pytest.raises(StateElsewhere, match=rf"{app.package}\.(CACHE|COUNT)"):
            use(copy)

    assert reader.LIMIT == 5


@pytest.mark.parametrize("name", _SPECIAL)
def test_every_special_method_of_an_early_copy_raises(application, name):
    _, reader = early(application, local=False)

    with pytest.raises(StateElsewhere):
        getattr(type(reader.mine), f"__{name}__")(reader.mine)


def test_asking_an_early_copy_whether_it_is_a_wrapper_is_no_use_of_it(application, local):
    _, reader = early(application, local)
    before = recorded()

    assert inspect.unwrap(reader.mine) is reader.mine

    assert recorded() == before


def test_closing_gives_early_copies_back(application, local):
    app, reader = early(application, local)

    app.opened[0].close_all()

    assert reader.mine is app.load().CACHE
    assert reader.COUNT == 0


def test_a_copy_bound_by_a_later_import_is_replaced(application, local):
    app = application(
        {"__init__": SOURCE},
        state={"CACHE": "", "COUNT": ""},
        early=(Place(file="reader.py", line=1),),
        others={"reader": "from PACKAGE import CACHE\nSEEN = dict(CACHE)\n"},
    )
    app.load()
    app.seams(local=local).install()

    reader = importlib.import_module("reader")

    assert reader.SEEN == {}
    with pytest.raises(StateElsewhere):
        len(reader.CACHE)
    with pytest.raises(StateElsewhere):
        app.load().CACHE  # noqa: B018
