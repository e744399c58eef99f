"""The parts of what travels: guarded names, settings, changes applied in place."""

import copy
import threading
from dataclasses import dataclass

import flask
import pytest
from flask.ctx import _AppCtxGlobals
from hypothesis import given, strategies

from seamline.errors import ContextElsewhere, WireError
from seamline.frameworks.applications import Applications
from seamline.frameworks.flask_contexts import FlaskContexts
from seamline.frameworks.guards import guard, loosen, names_absent
from seamline.frameworks.namespaces import check_needs, needs_of
from seamline.frameworks.overlay import Overlay
from seamline.frameworks.restoring import merged
from seamline.wire import Codec, Partial, TypeTable

CODEC = Codec(TypeTable([]))
VALUES = strategies.recursive(
    strategies.none() | strategies.integers() | strategies.text(max_size=3),
    lambda inner: (
        strategies.lists(inner, max_size=4)
        | strategies.dictionaries(strategies.text(max_size=2), inner, max_size=4)
        | strategies.tuples(inner, inner)
    ),
    max_leaves=12,
)


@dataclass
class Record:
    """An object of which somebody else holds a reference."""

    items: list[int]


@given(own=VALUES, new=VALUES)
def test_what_is_merged_equals_what_came(own, new) -> None:
    expected = copy.deepcopy(new)

    found = merged(own, new)

    assert found == expected
    assert type(found) is type(expected)


@given(value=VALUES)
def test_what_did_not_change_keeps_its_identity(value) -> None:
    assert merged(value, copy.deepcopy(value)) is value


def test_containers_and_objects_that_changed_keep_their_identity() -> None:
    inner, record = [1], Record([1])
    own = {"a": inner, "b": record, "gone": 1}

    assert merged(own, {"a": [1, 2], "b": Record([3]), "new": 4}) is own
    assert own == {"a": [1, 2], "b": Record([3]), "new": 4}
    assert own["a"] is inner
    assert own["b"] is record


def test_names_that_stayed_with_the_caller_raise_until_they_are_set() -> None:
    g = _AppCtxGlobals()
    g.here = 1
    guard(g, frozenset({"lock", "db"}), "g's attribute")

    assert g.here == 1
    assert list(g) == ["here"]
    assert "nothing" not in g
    with pytest.raises(AttributeError, match="nothing"):
        g.nothing  # noqa: B018
    for read in (
        lambda: g.lock,
        lambda: g.get("lock"),
        lambda: g.pop("lock", None),
        lambda: getattr(g, "lock", None),
        lambda: g.setdefault("lock", 1),
        lambda: "lock" in g,
    ):
        with pytest.raises(ContextElsewhere, match="g's attribute 'lock'"):
            read()
    g.lock = 2
    assert g.lock == g.get("lock") == 2
    assert names_absent(g) == {"db"}
    loosen(g)
    assert g.pop("db", None) is None
    assert "db" not in g


def test_what_a_function_needs_by_name_is_known_before_it_is_sent() -> None:
    needs = needs_of("flask", ("flask.g.user.valid", "flask.g", "flask.request.old", "os.g.x"))
    g = ({}, ("db", "user"))

    assert needs == {"g.user", "request.old"}
    check_needs(needs, g=({}, ("db",)), request=None)
    with pytest.raises(ContextElsewhere, match=r"flask\.g's attribute 'user'"):
        check_needs(needs, g=g, request=({}, ("user",)))


def test_items_that_stayed_with_the_caller_raise() -> None:
    environ = Partial({"a": 1}, frozenset({"lock"}), "the item")

    assert environ["a"] == environ.get("a") == 1
    assert environ.get("nothing") is None
    for read in (lambda: environ["lock"], lambda: environ.get("lock")):
        with pytest.raises(ContextElsewhere, match="the item 'lock'"):
            read()


def test_settings_are_encoded_again_only_when_they_changed() -> None:
    app, overlay = flask.Flask("x"), Overlay(CODEC)
    first = overlay.pack(app)

    assert overlay.pack(app) is first
    app.config["A"] = 1
    second = overlay.pack(app)
    assert second != first
    app.config["B"] = [1]
    third = overlay.pack(app)
    app.config["B"].append(2)
    assert overlay.pack(app) != third


def test_what_can_never_cross_is_tried_once_and_looked_at_again_when_it_is_replaced() -> None:
    app, overlay = flask.Flask("x"), Overlay(CODEC)
    app.config["HELD"] = app.store = threading.Lock()  # type: ignore[attr-defined]
    app.config["LIST"] = [threading.Lock()]
    app.config["OTHER"] = Overlay(CODEC)
    first = overlay.pack(app)

    assert overlay.pack(app) == first
    app.config["LIST"].clear()  # what holds something that cannot cross may lose it
    second = overlay.pack(app)
    assert second != first
    app.config["HELD"] = 1
    third = overlay.pack(app)
    assert third != second
    del app.config["LIST"]
    fourth = overlay.pack(app)
    assert fourth != third
    assert overlay.pack(app) is fourth  # nothing is left that can change unseen
    app.config["OTHER"] = None
    assert overlay.pack(app) != fourth


def test_a_setting_that_cannot_cross_comes_and_goes_and_equal_ones_differ_in_type() -> None:
    app, overlay = flask.Flask("x"), Overlay(CODEC)
    lock = app.config["LOCK"] = threading.Lock()
    app.config["RATE"] = 1
    seen = {overlay.pack(app), overlay.pack(app)}
    assert len(seen) == 1

    del app.config["LOCK"]
    without = overlay.pack(app)
    assert without not in seen
    app.config["LOCK"] = lock
    assert overlay.pack(app) in seen
    for equal in (True, 1.0):
        app.config["RATE"] = equal
        changed = overlay.pack(app)
        assert changed not in seen
        seen.add(changed)


def test_settings_that_a_call_changed_are_refused() -> None:
    app, overlay = flask.Flask("x"), Overlay(CODEC)
    before = overlay.pack(app)
    overlay.check(app, before, "shop.pages.show")
    app.config["TESTING"] = True

    with pytest.raises(ContextElsewhere, match=r"shop\.pages\.show ran and changed the conf"):
        overlay.check(app, before, "shop.pages.show")


def test_settings_that_cannot_cross_are_left_to_the_hosts_own() -> None:
    near, far, overlay = flask.Flask("x"), flask.Flask("x"), Overlay(CODEC)
    near.config.update(LOCK=open, A=1, SAME=True)
    far.config.update(LOCK="its own", GONE=1, SAME=1)
    near.extra = {"a": 1}

    overlay.apply(far, overlay.pack(near))

    assert far.config["LOCK"] == "its own"
    assert far.config["A"] == 1
    assert far.config["SAME"] is True
    assert "GONE" not in far.config
    assert far.extra == {"a": 1}


@given(data=strategies.binary(max_size=40) | VALUES.map(CODEC.encode))
def test_bytes_that_are_no_contexts_are_the_peers_fault(data) -> None:
    contexts = FlaskContexts(
        frozenset({"app", "g"}), CODEC, Applications([], CODEC), Overlay(CODEC)
    )

    with pytest.raises(WireError):
        contexts.enter(data, "shop.f")
