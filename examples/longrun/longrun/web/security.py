"""Who is asking: the session, tokens in forms, and where one may be sent after logging in."""

import functools
import hmac
import secrets
from collections.abc import Callable
from typing import Final, ParamSpec, TypeVar
from urllib.parse import urlsplit

from flask import Flask, abort, g, request, session
from markupsafe import Markup

from longrun import accounts
from longrun.model import NoSuchRunner, Runner

P = ParamSpec("P")
R = TypeVar("R")
_SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})


def init_app(app: Flask) -> None:
    """Check every form that is sent, and give the templates what they ask for."""
    app.before_request(_check_token)
    app.jinja_env.globals.update(csrf_field=csrf_field, me=current_runner)


def current_runner() -> Runner | None:
    """Return who is logged in; asked once for each request."""
    if "runner" not in g:
        g.runner = _from_session()
    return g.runner


def me() -> Runner:
    """Return who is logged in, in a view behind `login_required`."""
    runner = current_runner()
    if runner is None:
        abort(401)
    return runner


def login_required(view: Callable[P, R]) -> Callable[P, R]:
    """Let only runners who are logged in see this page."""

    @functools.wraps(view)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> R:
        me()
        return view(*args, **kwargs)

    return guarded


def log_in(runner: Runner) -> None:
    """Begin a new session: nothing of the visitor's stays in it."""
    session.clear()
    session["runner"] = runner.id
    g.runner = runner


def log_out() -> None:
    """Forget who was logged in."""
    session.clear()
    g.runner = None


def csrf_field() -> Markup:
    """Return the hidden field that every form with an effect carries."""
    token = session.setdefault("csrf", secrets.token_urlsafe(24))
    return Markup('<input type="hidden" name="csrf" value="{}">').format(token)


def safe_next(target: str | None) -> str:
    """Return where to go after logging in: a page of ours, never another site."""
    if not target or not target.startswith("/") or not target.isprintable() or "\\" in target:
        return "/"
    parts = urlsplit(target)
    return "/" if parts.scheme or parts.netloc or target.startswith("//") else target


def _from_session() -> Runner | None:
    number = session.get("runner")
    if not isinstance(number, int):
        return None
    try:
        return accounts.runner(number)
    except NoSuchRunner:
        session.clear()
        return None


def _check_token() -> None:
    # No form of another site sends JSON, and its scripts are not allowed to.
    if request.method in _SAFE or request.is_json:
        return
    known, sent = session.get("csrf", ""), request.form.get("csrf", "")
    if not known or not hmac.compare_digest(known.encode(), sent.encode()):
        abort(400, "This form is too old, or it was not ours. Load the page again and resend it.")
