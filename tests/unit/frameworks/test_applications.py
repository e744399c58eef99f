"""Application objects: named by how they were made, made again by what the plan lists only."""

import gc
import io
import sys
import textwrap
import weakref

import flask
import pytest

from seamline.errors import ContextElsewhere, WireError
from seamline.frameworks.applications import MOST_BUILT, Applications, Key
from seamline.frameworks.overlay import Overlay
from seamline.frameworks.watching import Watch
from seamline.wire import Codec, TypeTable

SHOP = """
    from flask import Flask

    made = []

    class Settings:
        A = 1

    def create_app(config=None, /, *more, debug=False, **rest):
        app = Flask("shop")
        app.given = (config, more, debug, rest)
        made.append(app.given)
        return app

    def create_both():
        admin = create_app("admin")
        app = Flask("both")
        app.admin = admin
        return app

    def broken():
        raise LookupError("no database")

    def not_one():
        return object()

    def secret():
        raise AssertionError("it is not listed, and was called")

    site = Flask("site")
    """
RECIPES = [
    "shop_module:create_app()",
    "shop_module:create_both()",
    "shop_module:broken()",
    "shop_module:not_one()",
    "shop_module:site",
]


@pytest.fixture
def shop(tmp_path, monkeypatch):
    (tmp_path / "shop_module.py").write_text(textwrap.dedent(SHOP))
    monkeypatch.syspath_prepend(tmp_path)
    yield lambda: __import__("shop_module")
    sys.modules.pop("shop_module", None)


@pytest.fixture
def process():
    """Return what one more process knows, which notices how applications are made."""
    watches = []

    def start() -> Applications:
        for watch in watches:
            watch.uninstall()
        applications = Applications(RECIPES, Codec(TypeTable(["shop_module"])))
        watches.append(Watch(applications.observe))
        watches[-1].install()
        return applications

    yield start
    for watch in watches:
        watch.uninstall()


def test_a_factory_is_called_again_with_the_same_arguments(shop, process) -> None:
    near = process()
    app = shop().create_app({"a": 1}, 2, 3, debug=True, name="x")
    key = near.key_of(app)

    found = process().instance(key)

    assert found is not app
    assert found.given == app.given == ({"a": 1}, (2, 3), True, {"name": "x"})


def test_a_key_means_one_application(shop, process) -> None:
    near = process()
    one, other = shop().create_app("x"), shop().create_app("x")
    first, second = near.key_of(one), near.key_of(other)
    far = process()

    assert first != second
    assert far.instance(first) is far.instance(first)
    assert far.instance(first) is not far.instance(second)
    assert near.instance(first) is one


def test_a_key_survives_two_seams(shop, process) -> None:
    near = process()
    key = near.key_of(shop().create_app("x"))
    far = process()

    assert far.key_of(far.instance(key)) == key


def test_a_name_that_holds_an_application_names_it(shop, process) -> None:
    near = process()

    assert near.key_of(shop().site) == Key("shop_module:site")
    assert process().instance(Key("shop_module:site")) is shop().site


def test_two_applications_of_one_call_are_told_apart(shop, process) -> None:
    near = process()
    both = shop().create_both()

    assert near.key_of(both).recipe == "shop_module:create_both()"
    assert near.key_of(both.admin).recipe == "shop_module:create_app()"


def test_a_class_of_settings_crosses_with_its_plain_values(shop, process) -> None:
    near = process()

    class Testing(shop().Settings):
        B = (1,)

    key = near.key_of(shop().create_app(Testing))
    config = process().instance(key).given[0]

    assert config is not Testing
    assert config.__name__ == "Testing"
    assert (config.A, config.B) == (1, (1,))
    assert issubclass(config, shop().Settings)


def test_what_cannot_be_made_again_says_why(shop, process) -> None:
    near = process()

    with pytest.raises(ContextElsewhere, match="neither held by a module-level name"):
        near.key_of(flask.Flask("loose"))
    with pytest.raises(ContextElsewhere, match="called with what cannot cross"):
        near.key_of(shop().create_app(io.StringIO()))
    with pytest.raises(ContextElsewhere, match=r"broken.* LookupError: no database"):
        near.instance(Key("shop_module:broken()", near.key_of(shop().create_app()).arguments))
    with pytest.raises(ContextElsewhere, match="gave a object"):
        near.instance(Key("shop_module:not_one()", near.key_of(shop().create_app()).arguments))


@pytest.mark.parametrize(
    "key",
    [
        Key("shop_module:secret()"),
        Key("shop_module:made"),
        Key("shop_module:create_app"),
        Key("os:system()"),
        Key("os:abort()", b"\xc0"),
        Key("antigravity:app"),
        Key(""),
        Key("shop_module:site", b"", -1),
        Key("shop_module:create_app()", b"", 2**40),
    ],
    ids=str,
)
def test_a_peer_has_nothing_made_that_the_plan_does_not_list(shop, process, key) -> None:
    before = set(sys.modules)

    with pytest.raises(WireError, match="asked for the application"):
        process().instance(key)

    assert set(sys.modules) == before


@pytest.mark.parametrize("arguments", [b"", b"\xc0", b"\x93\x00\x90\x01", b"garbage"])
def test_a_peer_that_sends_no_arguments_has_nothing_called(shop, process, arguments) -> None:
    with pytest.raises(WireError):
        process().instance(Key("shop_module:create_app()", arguments))

    assert shop().made == []


def test_a_peer_can_have_no_more_than_so_many_kept(shop, process) -> None:
    near = process()
    arguments = near.key_of(shop().create_app()).arguments
    far = process()
    first = weakref.ref(far.instance(Key("shop_module:create_app()", arguments, 10)))

    for serial in range(11, 11 + MOST_BUILT):
        far.instance(Key("shop_module:create_app()", arguments, serial))
    gc.collect()

    assert first() is None


def test_applications_that_are_gone_are_forgotten(shop, process) -> None:
    near = process()
    app = weakref.ref(shop().create_app())
    shop().create_app()  # the latest one's frame is kept
    gc.collect()

    assert app() is None
    assert near.key_of(shop().create_app()).serial == 2


def test_frameworks_are_left_as_they_were(process) -> None:
    process()
    watched = flask.Flask.__init__
    watch = Watch(lambda _app, _frame: None)
    watch.install()
    watch.uninstall()

    assert flask.Flask.__init__ is watched


def test_calls_with_different_settings_at_once_use_two_applications(shop, process) -> None:
    near = process()
    one, other = shop().create_app("x"), flask.Flask("x")
    key, codec = near.key_of(one), Codec(TypeTable([]))
    one.config["SECRET_KEY"], other.config["SECRET_KEY"] = "a", "b"
    theirs, settings, changed = (
        Overlay(codec),
        Overlay(codec).pack(one),
        Overlay(codec).pack(other),
    )
    far = process()

    first = far.borrow(key, settings, theirs)
    again = far.borrow(key, settings, theirs)
    second = far.borrow(key, changed, theirs)

    assert first is again
    assert second is not first
    assert (first.config["SECRET_KEY"], second.config["SECRET_KEY"]) == ("a", "b")
    for app in (first, again, second):
        far.give_back(app)
    assert far.borrow(key, settings, theirs) is first


def test_one_application_at_the_top_of_a_module_has_one_configuration(shop, process) -> None:
    process()
    shop()
    far, codec = process(), Codec(TypeTable([]))
    theirs, other = Overlay(codec), flask.Flask("site")
    key = Key("shop_module:site")
    far.borrow(key, theirs.pack(shop().site), theirs)
    other.config["SECRET_KEY"] = "b"

    with pytest.raises(ContextElsewhere, match="different configurations"):
        far.borrow(key, theirs.pack(other), theirs)


def test_an_application_that_serves_here_is_not_changed_by_others(shop, process) -> None:
    near, codec = process(), Codec(TypeTable([]))
    near.is_serving = True
    app, theirs, other = shop().create_app("x"), Overlay(codec), flask.Flask("x")
    other.config["SECRET_KEY"] = "b"

    with pytest.raises(ContextElsewhere, match="another value of SECRET_KEY"):
        near.borrow(near.key_of(app), theirs.pack(other), theirs)

    assert app.config["SECRET_KEY"] is None


def test_a_name_is_the_own_application_of_a_process_that_serves(shop, process) -> None:
    far, theirs, other = process(), Overlay(Codec(TypeTable([]))), flask.Flask("site")
    far.is_serving = True
    other.config["SECRET_KEY"] = "b"

    with pytest.raises(ContextElsewhere, match="another value of SECRET_KEY"):
        far.borrow(Key("shop_module:site"), theirs.pack(other), theirs)
