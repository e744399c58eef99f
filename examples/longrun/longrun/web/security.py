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
from longrun.errors import NoSuchRunner
from longrun.model import Runner

P = ParamSpec("P")
R = TypeVar("R")
# Whom tokens of clients are made out to when they are for this API.
AUDIENCE: Final = "longrun"
_SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})


def init_app(app: Flask) -> None:
    """Check every form that is sent, and give the templates what they ask for."""
    app.before_request(_check_token)
    app.jinja_env.globals.update(csrf_field=csrf_field, me=current_runner)


def current_runner() -> Runner | None:
    """Return who is logged in; asked once for each request."""
    if "runner" not in g:
        token = _bearer()
        g.runner = _from_session() if token is None else _from_token(token)
    return g.runner


def me() -> Runner:
    """Return who is logged in, in a view behind `login_required`."""
    runner = current_runner()
    if runner is None:
        abort(403 if "scopes" in g else 401)
    return runner


def login_required(view: Callable[P, R]) -> Callable[P, R]:
    """Let only runners who are logged in see this page."""
    return _after(me, view)


def admin_required(view: Callable[P, R]) -> Callable[P, R]:
    """Let only administrators see this page."""
    return _after(lambda: me().is_admin or abort(403), view)


def scope_required(scope: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Let runners who are logged in use this, and clients whose token has the scope.

    What it answers is the same for all of them: it knows no runner.
    """
    return functools.partial(
        _after, lambda: current_runner() or scope in g.get("scopes", ()) or me()
    )


def log_in(runner: Runner, key: str) -> None:
    """Begin a new session: nothing of the visitor's stays in it."""
    session.clear()
    session["runner"], session["key"] = runner.id, key
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
    number, key = session.get("runner"), session.get("key")
    if not isinstance(number, int) or not isinstance(key, str):
        return None
    try:
        return accounts.in_session(number, key)
    except NoSuchRunner:
        session.clear()
        return None


def _after(check: Callable[[], object], view: Callable[P, R]) -> Callable[P, R]:
    @functools.wraps(view)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> R:
        check()
        return view(*args, **kwargs)

    return guarded


def _bearer() -> str | None:
    """Return the token of a program. Only the API takes one, and then knows no session."""
    given = request.authorization
    if given is None or given.type != "bearer" or not request.path.startswith("/api/"):
        return None
    return given.token or ""


def _from_token(token: str) -> Runner | None:
    if token.startswith("lr_"):
        return accounts.token_owner(token)
    # A client speaks for no runner: it gets what its scopes say, and nobody's private data.
    g.scopes = accounts.verify_token(token, AUDIENCE).scopes
    return None


def _check_token() -> None:
    # No other site can make a browser send a token or a client's secret.
    program = _bearer() is not None or request.endpoint == "oauth.token"
    # Which language a page is in harms nobody, and a form on every page would begin sessions.
    harmless = request.endpoint == "people.speak"
    # No form of another site sends JSON, and its scripts are not allowed to.
    if request.method in _SAFE or program or harmless or request.is_json:
        return
    known, sent = session.get("csrf", ""), request.form.get("csrf", "")
    if not known or not hmac.compare_digest(known.encode(), sent.encode()):
        abort(400, "This form is too old, or it was not ours. Load the page again and resend it.")
