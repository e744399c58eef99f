"""Row 9: the contexts of a web framework travel where the callee's code reads them."""

import asyncio
import io
import os

import pytest
import quart
import starlette.requests
import starlette.responses
from flask import (
    Response,
    after_this_request,
    current_app,
    flash,
    g,
    get_flashed_messages,
    request,
    session,
)
from law import pages
from law.harbour import create_harbour
from law.site import Defaults, create_site, standing
from markupsafe import Markup
from werkzeug.datastructures import Accept, ETags, Headers, ImmutableMultiDict, MultiDict

import seamline


@pytest.fixture
def site():
    return create_site({"TESTING": True, "FROM_TEST": [1, {"two": 2}]})


@pytest.fixture
def asked(site):
    headers = {"X-Asker": "ada", "Cookie": "c=crumb"}
    with site.test_request_context("/shelf/b?q=42", headers=headers):
        site.preprocess_request()
        yield site


class Member:
    """As a row of a database: it cannot cross."""

    def __init__(self) -> None:
        self.allowance = 3
        self.lock = object()


def test_what_needs_nothing_of_its_host_stays_where_its_context_cannot_leave(site) -> None:
    with site.app_context():
        g.member = Member()
        assert pages.standing(1) == 4


# -- requests and responses that are arguments ------------------------------------------


def starlette_request() -> starlette.requests.Request:
    scope = {"type": "http", "method": "GET", "path": "/", "query_string": b"", "headers": []}
    return starlette.requests.Request({**scope, "state": {"rows": []}})


def test_what_is_set_on_a_request_that_was_passed_is_set_at_the_caller() -> None:
    request = starlette_request()
    rows = request.state.rows

    pages.sign(request, "user", ("ada", [1]))

    assert request.state.user == ("ada", [1])
    assert request.state.rows is rows
    assert rows == ["user"]


@pytest.mark.parametrize("kind", [Response, starlette.responses.Response])
def test_what_is_set_on_a_response_that_was_passed_is_set_at_the_caller(kind) -> None:
    response = kind("made")

    pages.stamp(response, 201, b"other")

    assert response.status_code == 201
    assert response.headers["X-Made"] == "1"
    assert response.own == [201]
    assert (response.get_data() if kind is Response else response.body) == b"other"


# -- the application --------------------------------------------------------------------


def test_a_function_that_reads_the_application_runs_where_its_package_is(site, processes) -> None:
    with site.app_context():
        assert (pages.process() != os.getpid()) == processes


def test_the_application_of_a_factory_has_the_configuration_that_the_caller_gave_it(site) -> None:
    with site.app_context():
        assert pages.setting("FROM_TEST") == [1, {"two": 2}]
        assert pages.setting("TESTING") is True


def test_a_class_of_settings_that_only_the_tests_have_is_given_to_the_factory() -> None:
    class Settings(Defaults):
        LIMIT = 7

    with create_site(settings=Settings).app_context():
        assert pages.setting("LIMIT") == 7
        assert pages.setting("CURRENCY") == "EUR"


def test_configuration_that_changes_after_the_application_was_made_is_seen(site) -> None:
    with site.app_context():
        site.config["FROM_TEST"].append("added in place")
        site.config["LATE"] = {"a": 1}
        del site.config["CURRENCY"]

        assert pages.setting("FROM_TEST")[-1] == "added in place"
        assert pages.setting("LATE") == {"a": 1}
        assert pages.setting("CURRENCY") == "unset"


def test_attributes_that_the_application_s_own_code_set_on_it_are_seen(site) -> None:
    site.motto = "plain"

    with site.app_context():
        assert pages.attribute("motto") == "plain"


def test_two_applications_are_two_in_every_process() -> None:
    first, second = create_site({"N": 1}), create_site({"N": 1})
    second.config["N"] = 2

    with first.app_context():
        assert pages.setting("N") == 1
        with second.app_context():
            assert pages.setting("N") == 2
        assert pages.setting("N") == 1


def test_an_application_at_the_top_of_a_module_is_the_hosts_own() -> None:
    with standing.app_context():
        assert pages.setting("WHERE") == "at the top of a module"


@pytest.mark.seamline_errors
def test_an_application_that_only_a_test_makes_cannot_travel(refusal) -> None:
    from flask import Flask

    with Flask("mine").app_context(), refusal(seamline.ContextElsewhere, "'mine' cannot be made"):
        pages.setting("TESTING")


@pytest.mark.seamline_errors
def test_changing_the_configuration_on_the_host_is_refused(site, processes) -> None:
    with site.app_context():
        if processes:
            with pytest.raises(seamline.ContextElsewhere, match="changed the configuration"):
                pages.set_setting("TESTING", False)


def test_extensions_are_the_applications_own(asked) -> None:
    assert pages.greeting() == "hello ada"


def test_without_a_context_there_is_none(site) -> None:
    assert pages.has_contexts() == (False, False)
    with site.app_context():
        assert pages.has_contexts() == (True, False)
    with pytest.raises(RuntimeError, match="outside of application context"):
        pages.setting("TESTING")


# -- the request ------------------------------------------------------------------------


def test_the_request_is_the_callers(asked) -> None:
    assert pages.described() == {
        "method": "GET",
        "url": "http://localhost/shelf/b?q=42",
        "query": "42",
        "header": "ada",
        "cookie": "crumb",
        "endpoint": "shelf",
        "rule": "/shelf/<name>",
        "view_args": {"name": "b"},
        "error": "NoneType",
    }


def test_a_request_that_no_rule_matches_says_so(site) -> None:
    with site.test_request_context("/nowhere"):
        assert pages.described()["error"] == "NotFound"
        assert pages.described()["rule"] is None


def test_addresses_are_built_for_the_callers_request(site) -> None:
    with site.test_request_context("/", base_url="https://shop.example/base"):
        assert pages.heading() == "/base/shelf/a%20b"


def test_a_body_can_be_read_there_and_here(site) -> None:
    with site.test_request_context("/", method="POST", data=b"raw bytes"):
        assert pages.form() == {}
        assert request.stream.read(4) == b"raw "
        assert pages.body() == b"bytes"
        assert request.stream.read() == b""
        assert pages.body() == request.get_data() == b"bytes"


def test_a_form_can_be_parsed_there_and_here(site) -> None:
    data = {"title": "x", "picture": (io.BytesIO(b"pixels"), "a.png")}
    with site.test_request_context("/", method="POST", data=data):
        assert pages.form() == {"title": "x", "picture": ("a.png", b"pixels")}
        assert request.form["title"] == "x"
        assert request.files["picture"].filename == "a.png"
        assert request.files["picture"].read() == b""
        assert pages.form()["picture"] == ("a.png", b"")
    data = {"title": "x", "picture": (io.BytesIO(b"pixels"), "a.png")}
    with site.test_request_context("/", method="POST", data=data):
        assert request.form["title"] == "x"
        assert pages.form() == {"title": "x", "picture": ("a.png", b"pixels")}


def test_json_is_parsed_there(site) -> None:
    with site.test_request_context("/", method="POST", json={"a": [1]}):
        assert pages.document() == {"a": [1]}
        assert request.get_json() == {"a": [1]}


def test_what_code_changed_in_a_parsed_body_travels_and_returns(site) -> None:
    with site.test_request_context("/", method="POST", json={"a": [1], "role": "admin"}):
        document = request.get_json()
        document["role"] = "user"

        assert pages.document() == {"a": [1], "role": "user"}
        pages.correct("role", "guest")

        assert document == request.get_json() == {"a": [1], "role": "guest"}
        assert request.get_json() is document


def test_what_code_bound_anew_of_the_request_travels_and_returns(asked) -> None:
    request.args = ImmutableMultiDict({"q": "43"})
    request.cookies = ImmutableMultiDict({"c": "cake"})
    request.method, request.remote_addr = "PUT", "9.9.9.9"
    assert request.path == "/shelf/b"

    found = pages.described()
    pages.ask_for("44")

    assert (found["query"], found["cookie"], found["method"]) == ("43", "cake", "PUT")
    assert request.args["q"] == pages.described()["query"] == "44"


def test_attributes_of_the_request_travel_and_return(asked) -> None:
    request.mark = {"by": "caller"}
    assert pages.marked() == {"by": "caller"}

    pages.mark({"by": "host"})

    assert request.mark == {"by": "host"}


@pytest.mark.seamline_errors
def test_an_item_of_the_environ_that_cannot_cross_is_refused_when_it_is_read(
    site, processes, refusal
) -> None:
    with site.test_request_context("/", environ_overrides={"app.plain": 1, "app.lock": object()}):
        assert pages.environ_item("app.plain") == 1
        with refusal(seamline.SeamError, "app.lock|cannot cross"):
            pages.environ_item("app.lock")


def test_what_is_set_in_the_environ_is_set_at_the_caller(site) -> None:
    rows, lock = [1], object()
    own = {"app.rows": rows, "app.lock": lock, "app.old": 1}
    with site.test_request_context("/", environ_overrides=own):
        pages.set_environ_item("app.new", ("a", [1]))
        pages.set_environ_item("app.old", None)
        pages.add_to_environ_item("app.rows", 2)

        assert request.environ["app.new"] == ("a", [1])
        assert "app.old" not in request.environ
        assert request.environ["app.rows"] is rows
        assert rows == [1, 2]
        assert request.environ["app.lock"] is lock


@pytest.mark.seamline_errors
@pytest.mark.parametrize(("name", "item"), [("app.lock", object()), ("HTTP_X_A", "1")])
def test_what_the_environ_of_the_caller_cannot_be_given_is_refused(
    site, refusal, name, item
) -> None:
    with site.test_request_context("/"), refusal(seamline.SeamError, "environ|cannot cross"):
        pages.set_environ_item(name, item)


@pytest.mark.seamline_errors
def test_what_should_happen_to_the_response_is_refused(asked, refusal) -> None:
    with refusal(seamline.ContextElsewhere, "after_this_request"):
        pages.later()
    after_this_request(lambda response: response)
    pages.remember("a", 1)


# -- session, g and messages ------------------------------------------------------------


def test_what_is_put_into_the_session_is_in_the_callers(asked) -> None:
    pages.remember("name", ("a", 1))

    assert session["name"] == ("a", 1)
    assert session.modified


def test_the_session_of_the_caller_is_read(asked) -> None:
    session["name"] = {"deep": [1]}

    assert pages.remembered("name") == {"deep": [1]}


def test_reading_the_session_does_not_modify_it(asked) -> None:
    pages.remembered("name")

    assert not session.modified


def test_what_is_deleted_from_the_session_is_gone(asked) -> None:
    session["name"] = 1

    pages.forget("name")

    assert "name" not in session


def test_a_list_in_the_session_that_changes_in_place_stays_the_callers_list(asked) -> None:
    session["cart"] = cart = []
    session.modified = False

    pages.add_in_place("cart", "bolt")

    assert cart == ["bolt"]
    assert session["cart"] is cart
    assert not session.modified


def test_changes_return_when_the_call_raises(asked) -> None:
    with pytest.raises(LookupError, match="key"):
        pages.remember_and_fail("key", 5)

    assert session["key"] == g.failed == 5


def test_a_session_reaches_the_cookie_of_the_response(site) -> None:
    @site.route("/remember")
    def remember():
        pages.remember("count", pages.remembered("count") or 0)
        session["count"] += 1
        return str(session["count"])

    client = site.test_client()

    assert [client.get("/remember").text for _ in range(3)] == ["1", "2", "3"]


def test_an_application_without_a_secret_has_a_session_that_cannot_be_written(site) -> None:
    site.secret_key = None
    with site.test_request_context("/"):
        assert pages.remembered("a") is None
        with pytest.raises(RuntimeError, match="session is unavailable"):
            pages.remember("a", 1)


def test_values_of_g_travel_and_return(asked) -> None:
    g.cart = cart = [1]

    pages.extend("cart", 2)
    pages.put("mine", {"a": 1})

    assert cart == [1, 2]
    assert pages.take("cart") == [1, 2]
    assert g.mine == {"a": 1}
    assert pages.take_out("mine") == {"a": 1}
    assert "mine" not in g


@pytest.mark.seamline_errors
def test_a_value_of_g_that_cannot_cross_is_refused_when_it_is_read(asked, refusal) -> None:
    g.lock = io.StringIO("here")

    assert pages.take("asker") == "ada"
    with refusal(seamline.SeamError, "'lock' is set in the process of the caller|cannot cross"):
        pages.take("lock")
    with refusal(seamline.ContextElsewhere, "'lock'"):
        pages.take_out("lock")
    g.lock = None


def test_what_never_was_in_g_raises_what_flask_raises(asked) -> None:
    g.lock = io.StringIO("here")

    with pytest.raises(AttributeError, match="nothing"):
        pages.take("nothing")


def test_a_resource_of_the_host_ends_with_the_call(asked, split) -> None:
    assert pages.open_handle() == "open"

    assert ("handle" in g) != split


def test_messages_are_flashed_across_the_seam(asked) -> None:
    flash("from here")
    pages.say("from there")

    assert pages.said() == [("message", "from here"), ("news", "from there")]
    assert get_flashed_messages(with_categories=True) == pages.said()
    assert "_flashes" not in session


# -- streams and coroutines --------------------------------------------------------------


def test_a_stream_sees_and_changes_the_contexts_at_every_step(asked) -> None:
    seen = []
    for answer in pages.steps("step"):
        seen.append((session["step"], answer))
        session["answer"] = session["step"]

    assert seen == [(0, None), (1, 0), (2, 1)]


def test_a_stream_that_is_left_ends_its_contexts(asked) -> None:
    stream = pages.steps("step")
    next(stream)
    stream.close()

    assert session["step"] == 0
    assert pages.remembered("step") == 0


def test_coroutines_take_the_contexts_along(asked) -> None:
    assert asyncio.run(pages.remember_later("later", 3)) == "ada"
    assert session["later"] == 3


def test_a_view_of_the_application_calls_over_the_seam(site) -> None:
    response = site.test_client().get("/shelf/c", headers={"X-Asker": "ada"})

    assert response.text == "/shelf/a%20bc"


# -- framework objects as arguments and results -------------------------------------------


def test_the_application_and_the_request_cross_as_references(asked) -> None:
    app, what = current_app._get_current_object(), request._get_current_object()

    assert pages.name_of(current_app) == pages.name_of(app) == "EURlaw.site"
    assert pages.asked_by(request) == pages.asked_by(what) == "ada"
    assert pages.is_current(app, what)
    assert pages.same(current_app) == app
    assert pages.same(session) == {}


@pytest.mark.seamline_errors
def test_an_application_that_is_not_the_current_one_does_not_cross(site, refusal) -> None:
    with refusal(seamline.NotSendable, "not the one that is active"):
        pages.name_of(site)


def test_views_of_the_framework_are_copied(asked) -> None:
    assert pages.heads()["x-asker"] == "ada"
    assert pages.queries().getlist("q") == ["42"]
    assert type(pages.queries()) is type(request.args)
    assert pages.same(request.headers).get("X-Asker") == "ada"
    assert pages.same(request.values)["q"] == "42"
    assert pages.same(request.accept_mimetypes).best is None
    assert pages.same(request.authorization) is None


@pytest.mark.parametrize(
    "value",
    [
        MultiDict([("a", 1), ("a", 2), ("b", [3])]),
        ImmutableMultiDict([("a", 1)]),
        Headers([("A", "1"), ("a", "2")]),
        Accept([("text/html", 1), ("*/*", 0.5)]),
        ETags(["strong"], ["weak"]),
        Markup("<b>"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_values_of_the_framework_keep_their_class(value) -> None:
    found = pages.same([value, value])

    assert type(found[0]) is type(value)
    assert found[0] is found[1]
    assert str(found[0]) == str(value)
    assert list(found[0]) == list(value)


def test_a_response_is_copied(asked) -> None:
    response = pages.answer("short and stout")

    assert response.status_code == 418
    assert response.get_data(as_text=True) == "short and stout"
    assert response.headers["X-Pot"] == "tea"
    assert response.headers.getlist("Set-Cookie") == ["pot=tea; Path=/"]
    assert isinstance(response, Response)


@pytest.mark.seamline_errors
def test_a_response_that_streams_does_not_cross(asked, refusal) -> None:
    with refusal(seamline.NotSendable, "response"):
        pages.streamed()


# -- Quart --------------------------------------------------------------------------------


@pytest.mark.anyio
async def test_quarts_contexts_travel_to_coroutines_and_back() -> None:
    harbour = create_harbour(CURRENCY="NOK")
    async with harbour.test_request_context("/berth/x?q=1", method="POST", data=b"fish"):
        quart.g.seen = seen = ["first"]

        assert await pages.ship("name", "nautilus") == {
            "currency": "NOK",
            "query": "1",
            "rule": "/berth/<name>",
            "body": b"fish",
            "url": "/berth/a",
        }
        assert quart.session["name"] == "nautilus"
        assert quart.g.seen == ["first", "name"]
        assert seen == ["first"]
        assert pages.captain() == "nautilus"
        assert quart.g.captain == "nemo"
        assert await quart.request.get_data() == b"fish"


@pytest.mark.anyio
async def test_a_form_of_quarts_is_parsed_there_and_here() -> None:
    harbour = create_harbour()
    form = {"a": "1", "b": "2"}
    async with harbour.test_request_context("/", method="POST", form=form):
        assert await pages.cargo() == form
        assert (await quart.request.form).to_dict() == form
        assert await pages.cargo() == form


@pytest.mark.anyio
async def test_a_stream_changes_quarts_session_at_every_step() -> None:
    async with create_harbour().test_request_context("/"):
        seen = []
        async for answer in pages.fleet("step"):
            seen.append((quart.session["step"], answer))
            quart.session["answer"] = quart.session["step"]

    assert seen == [(0, None), (1, 0), (2, 1)]
