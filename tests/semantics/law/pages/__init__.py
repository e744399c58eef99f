"""What code that a request runs reads and changes of the framework's contexts."""

import io
import os
from collections.abc import AsyncIterator, Iterator
from typing import Any

import flask
import quart
import starlette.responses
from flask import (
    after_this_request,
    current_app,
    flash,
    g,
    get_flashed_messages,
    request,
    session,
    url_for,
)
from werkzeug.datastructures import ImmutableMultiDict

_calls: list[str] = []


def _call(what: str) -> None:
    _calls.append(what)


def process() -> int:
    """Return the process that answers, when it is asked inside an application context."""
    _call("process")
    return os.getpid() if current_app.name else 0


def setting(name: str) -> Any:
    """Return a value of the configuration."""
    _call("setting")
    return current_app.config.get(name, "unset")


def set_setting(name: str, value: object) -> None:
    """Change the configuration."""
    _call("set_setting")
    current_app.config[name] = value


def sign(asked: Any, name: str, item: object) -> None:
    """Note who asks on a request of Starlette."""
    _call("sign")
    setattr(asked.state, name, item)
    asked.state.rows.append(name)


def stamp(response: Any, status: int, content: bytes) -> None:
    """Make an answer another one, of Werkzeug or Starlette."""
    _call("stamp")
    response.status_code = status
    response.headers["X-Made"] = "1"
    response.own = [status]
    if isinstance(response, starlette.responses.Response):
        response.body = content
    else:
        response.set_data(content)


def standing(count: int) -> int:
    """Say how much who asks may take; nothing of it is this package's own."""
    for _ in range(count):
        pass
    return count + _allowance()


def _allowance() -> int:
    return int(g.member.allowance)


def attribute(name: str) -> Any:
    """Return an attribute that the application's own code set on it."""
    _call("attribute")
    return getattr(current_app, name, "unset")


def greeting() -> str:
    """Ask an extension of the application."""
    _call("greeting")
    assert "greeter" in current_app.extensions
    return f"{current_app.config['GREETING']} {g.asker}"


def described() -> dict[str, Any]:
    """Say what the request is, without its body."""
    _call("described")
    return {
        "method": request.method,
        "url": request.url,
        "query": request.args.get("q"),
        "header": request.headers.get("X-Asker"),
        "cookie": request.cookies.get("c"),
        "endpoint": request.endpoint,
        "rule": None if request.url_rule is None else request.url_rule.rule,
        "view_args": request.view_args,
        "error": type(request.routing_exception).__name__,
    }


def environ_item(name: str) -> Any:
    """Return an item of the environ."""
    _call("environ_item")
    return request.environ[name]


def set_environ_item(name: str, item: object) -> None:
    """Set an item of the environ, or take it away."""
    _call("set_environ_item")
    if item is None:
        del request.environ[name]
    else:
        request.environ[name] = item


def add_to_environ_item(name: str, item: object) -> None:
    """Change an item of the environ in place."""
    _call("add_to_environ_item")
    request.environ[name].append(item)


def body() -> bytes:
    """Return the body of the request."""
    _call("body")
    return request.get_data()


def form() -> dict[str, Any]:
    """Return what a form holds, files with their content."""
    _call("form")
    return {
        **request.form.to_dict(),
        **{name: (file.filename, file.read()) for name, file in request.files.items()},
    }


def document() -> Any:
    """Return the request's JSON."""
    _call("document")
    return request.get_json()


def heading() -> str:
    """Return an address inside the application."""
    _call("heading")
    return url_for("shelf", name="a b")


def remember(key: str, value: object) -> None:
    """Put a value into the session."""
    _call("remember")
    session[key] = value


def remembered(key: str) -> Any:
    """Return a value of the session."""
    _call("remembered")
    return session.get(key)


def forget(key: str) -> None:
    """Take a value out of the session."""
    _call("forget")
    del session[key]


def add_in_place(key: str, value: object) -> None:
    """Change a list in the session, which does not notice."""
    _call("add_in_place")
    session[key].append(value)


def remember_and_fail(key: str, value: object) -> None:
    """Change session and g, then raise."""
    _call("remember_and_fail")
    session[key] = value
    g.failed = value
    raise LookupError(key)


def put(name: str, value: object) -> None:
    """Set a value of g."""
    _call("put")
    setattr(g, name, value)


def take(name: str) -> Any:
    """Return a value of g."""
    _call("take")
    return getattr(g, name)


def take_out(name: str) -> Any:
    """Remove a value from g."""
    _call("take_out")
    return g.pop(name)


def extend(name: str, value: object) -> None:
    """Change a list in g."""
    _call("extend")
    getattr(g, name).append(value)


def open_handle() -> str:
    """Keep a resource in g, which the application closes at its end."""
    _call("open_handle")
    g.handle = io.StringIO("open")
    return str(g.handle.read())


def say(message: str) -> None:
    """Flash a message."""
    _call("say")
    flash(message, "news")


def said() -> list[Any]:
    """Return the flashed messages, which are then gone."""
    _call("said")
    return list(get_flashed_messages(with_categories=True))


def mark(value: object) -> None:
    """Set an attribute of the request."""
    _call("mark")
    request.mark = value  # type: ignore[attr-defined]


def correct(name: str, value: object) -> None:
    """Change what was parsed of the body of the request."""
    _call("correct")
    request.get_json()[name] = value


def ask_for(query: str) -> None:
    """Bind the arguments of the request anew."""
    _call("ask_for")
    request.args = ImmutableMultiDict({"q": query})  # type: ignore[misc]


def marked() -> Any:
    """Return an attribute of the request."""
    _call("marked")
    return request.mark  # type: ignore[attr-defined]


def later() -> None:
    """Register what the answer of the request should go through."""
    _call("later")
    after_this_request(lambda response: response)


def has_contexts() -> tuple[bool, bool]:
    """Say which contexts there are."""
    _call("has_contexts")
    return flask.has_app_context(), flask.has_request_context()


def steps(key: str) -> Iterator[Any]:
    """Change the session between steps."""
    _call("steps")
    for number in range(3):
        session[key] = number
        yield session.get("answer")


async def remember_later(key: str, value: object) -> str:
    """Put a value into the session, asynchronously."""
    _call("remember_later")
    session[key] = value
    return str(g.asker)


def name_of(app: Any) -> str:
    """Use an application that is passed."""
    _call("name_of")
    return str(app.config["CURRENCY"]) + app.name


def asked_by(what: Any) -> str:
    """Use a request that is passed."""
    _call("asked_by")
    return str(what.headers["X-Asker"])


def is_current(app: Any, what: Any) -> bool:
    """Say whether these are the objects of the running contexts."""
    _call("is_current")
    return bool(app == current_app and what == request)


def same(value: Any) -> Any:
    """Return what came."""
    _call("same")
    return value


def heads() -> Any:
    """Return the headers of the request."""
    _call("heads")
    return request.headers


def queries() -> Any:
    """Return the arguments of the request."""
    _call("queries")
    return request.args


def answer(text: str) -> flask.Response:
    """Return a response."""
    _call("answer")
    response = flask.make_response(text, 418, {"X-Pot": "tea"})
    response.set_cookie("pot", "tea")
    return response


def streamed() -> flask.Response:
    """Return a response that is made while it is sent."""
    _call("streamed")
    return flask.Response(iter(["a", "b"]))


async def ship(key: str, value: object) -> dict[str, Any]:
    """Read and change the contexts of a Quart application."""
    _call("ship")
    quart.session[key] = value
    quart.g.seen = [*quart.g.seen, key]
    return {
        "currency": quart.current_app.config["CURRENCY"],
        "query": quart.request.args["q"],
        "rule": str(quart.request.url_rule),
        "body": await quart.request.get_data(),
        "url": quart.url_for("berth", name="a"),
    }


async def cargo() -> dict[str, Any]:
    """Return a form of a Quart application."""
    _call("cargo")
    return (await quart.request.form).to_dict()


def captain() -> str:
    """Read a context of a Quart application without waiting."""
    _call("captain")
    quart.g.captain = "nemo"
    return str(quart.session["name"])


async def fleet(key: str) -> AsyncIterator[Any]:
    """Change the session of a Quart application between steps."""
    _call("fleet")
    for number in range(3):
        quart.session[key] = number
        yield quart.session.get("answer")
