"""seamline.seam.opening: seams open and close on live function objects."""

import inspect

import pytest

from seamline.errors import NotSendable
from seamline.interface import Verdict
from seamline.seam import half_of


def test_a_call_of_an_opened_function_goes_through_the_client(application):
    app = application({"__init__": "def add(a, b=2):\n    return a + b\n"})
    module = app.load()
    seams = app.seams()

    seams.install()

    assert module.add(1) == 3
    assert app.client.calls == [f"{app.package}:add@1"]
    assert seams.counts() == {"work": {f"{app.package}.add": 1}}


def test_a_closed_seam_leaves_the_application_s_own_code_object(application):
    app = application({"__init__": "def add(a, b=2):\n    return a + b\n"})
    module = app.load()
    original = module.add.__code__
    seams = app.seams()
    seams.install()

    seams.uninstall()

    assert module.add.__code__ is original
    assert module.add(1) == 3
    assert app.client.calls == []


def test_a_function_keeps_what_the_outside_can_see(application):
    app = application({"__init__": "def add(a, /, b: int = 2, *c, d, **e) -> int:\n    'Doc.'\n"})
    module = app.load()
    signature = inspect.signature(module.add)

    app.seams().install()

    assert half_of(module.add.__code__) is not None
    assert inspect.signature(module.add) == signature
    assert (module.add.__doc__, module.add.__qualname__) == ("Doc.", "add")
    assert module.add.__code__.co_firstlineno == 1
    assert inspect.getsource(module.add).startswith("def add(a, /")


def test_a_refused_function_raises_before_anything_is_sent(application):
    app = application(
        {"__init__": "def connection():\n    return object()\n"},
        verdicts={"connection": Verdict.REFUSED},
    )
    module = app.load()
    app.seams().install()

    with pytest.raises(NotSendable, match=r"connection \(app\d+/__init__.py:1\).*test says so"):
        module.connection()

    assert app.client.calls == []


def test_a_local_function_is_left_alone(application):
    app = application(
        {"__init__": "def pure(x):\n    return x\n"}, verdicts={"pure": Verdict.LOCAL}
    )
    module = app.load()
    app.seams().install()

    assert half_of(module.pure.__code__) is None


def test_the_group_that_hosts_a_service_opens_no_seam_on_it(application):
    app = application({"__init__": "def f():\n    return 1\n"})
    module = app.load()

    app.seams(group="far").install()

    assert half_of(module.f.__code__) is None
