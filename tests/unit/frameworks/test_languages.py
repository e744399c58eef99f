"""What Flask-Babel remembers in ``g`` is said as plain values and remembered again."""

from types import SimpleNamespace
from zoneinfo import ZoneInfo

import flask
import flask_babel
import pytest

from seamline.frameworks.languages import NAME, is_told, remember, told
from seamline.frameworks.namespaces import namespace_part, own_of, update_namespace
from seamline.wire import Codec, TypeTable

CODEC = Codec(TypeTable([]))


@pytest.fixture
def app():
    made = flask.Flask("languages")
    flask_babel.Babel(
        made, locale_selector=lambda: "de_CH", timezone_selector=lambda: "Asia/Tokyo"
    )
    return made


def asked() -> tuple[str, str]:
    assert flask_babel.gettext("Hello") == "Hello"
    return str(flask_babel.get_locale()), str(flask_babel.get_timezone())


def crossed(values, absent=frozenset()):
    return CODEC.decode(CODEC.encode(namespace_part(values, absent, CODEC)))


def test_what_the_caller_asked_for_is_the_same_elsewhere(app) -> None:
    with app.test_request_context(), flask_babel.force_locale("fr"):
        before = asked()
        part = crossed(own_of(flask.g))
    with app.test_request_context():
        update_namespace(flask.g, {}, part)

        assert asked() == before == ("fr", "Asia/Tokyo")
        flask_babel.refresh()
        assert asked() == ("fr", "Asia/Tokyo")  # still forced


def test_what_did_not_change_stays_the_same_object(app) -> None:
    with app.test_request_context():
        asked()
        own, locale = flask.g.get(NAME), flask_babel.get_locale()
        update_namespace(flask.g, own_of(flask.g), crossed(own_of(flask.g)))

        assert flask.g.get(NAME) is own
        assert flask_babel.get_locale() is locale


def test_another_language_is_made_in_the_callers_own_memory(app) -> None:
    with app.test_request_context():
        asked()
        own = flask.g.get(NAME)
        with flask_babel.force_locale("fr"):
            part = crossed(own_of(flask.g))
        update_namespace(flask.g, own_of(flask.g), part)

        assert flask.g.get(NAME) is own
        assert str(flask_babel.get_locale()) == "fr"


def test_none_and_what_was_never_asked_are_told_apart() -> None:
    for one in (SimpleNamespace(babel_locale=None), SimpleNamespace()):
        assert remember(None, told(one)) == one


def test_a_memory_that_says_more_is_not_told(app) -> None:
    with app.test_request_context():
        flask_babel.Domain(domain="other").as_default()

        assert namespace_part(own_of(flask.g), frozenset(), CODEC)[1] == (NAME,)
    assert not is_told(told(SimpleNamespace(zone=ZoneInfo("UTC"))))
