"""The application object: settings, blueprints, answers to errors."""

import os
import secrets
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any, Final

import click
from flask import (
    Flask,
    Response,
    current_app,
    g,
    jsonify,
    redirect,
    render_template,
    request,
    url_for,
)
from werkzeug.exceptions import HTTPException
from werkzeug.routing import IntegerConverter
from werkzeug.wrappers import Response as AnyResponse

from longrun import db
from longrun.errors import Invalid, LongrunError, NoSuchRace, NotYours, TokenRefused
from longrun.web import (
    admin,
    api,
    commands,
    formats,
    letters,
    mail,
    oauth,
    pages,
    people,
    runs,
    security,
    training,
    uploads,
)

# Twenty long runs in one go, and the photographs in a bulk export.
MAX_UPLOAD_BYTES: Final = 64 * 1024 * 1024
MAX_ARCHIVE_BYTES: Final = 1024 * 1024 * 1024
_POLICY: Final = (
    "default-src 'self'; img-src 'self' data:; object-src 'none'; "
    "frame-ancestors 'none'; base-uri 'none'; form-action 'self'"
)


def create_app(config: Mapping[str, Any] | None = None) -> Flask:
    """Make the application; `config` overrides its settings."""
    app = Flask(__name__, instance_path=str(db.instance_dir()))
    app.config.update(
        SESSION_COOKIE_NAME="longrun",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        # Set this behind HTTPS; a browser drops a Secure cookie on plain http://localhost.
        SESSION_COOKIE_SECURE=os.environ.get("LONGRUN_HTTPS") == "1",
        MAX_CONTENT_LENGTH=MAX_UPLOAD_BYTES,
        MAX_ARCHIVE_LENGTH=MAX_ARCHIVE_BYTES,
    )
    app.config.update(config or {})
    if not app.config.get("SECRET_KEY"):
        app.config["SECRET_KEY"] = _secret_key(db.instance_dir())
    # PostgreSQL counts to there; what is higher is nobody's number anywhere.
    app.url_map.converters["int"] = partial(IntegerConverter, max=2**31 - 1)
    for area in (
        pages,
        people,
        letters,
        uploads,
        runs,
        training,
        api,
        oauth,
        admin,
        mail,
        commands,
    ):
        app.register_blueprint(area.bp)
    formats.init_app(app)
    security.init_app(app)
    app.register_error_handler(HTTPException, _answer_http)
    app.register_error_handler(LongrunError, _answer_ours)
    app.register_error_handler(ConnectionError, _answer_missing)
    app.register_error_handler(TimeoutError, _answer_missing)
    app.after_request(_protect)
    app.cli.add_command(_demo)
    app.cli.add_command(_work)
    return app


def _secret_key(directory: Path) -> str:
    """Return the key that signs sessions: `LONGRUN_SECRET_KEY`, or one made at the first start."""
    given = os.environ.get("LONGRUN_SECRET_KEY")
    if given:
        return given
    path = directory / "secret.key"
    if not path.exists():
        db.keep_secret(path, secrets.token_hex(32))
    return path.read_text()


def _answer_http(error: HTTPException) -> AnyResponse | tuple[str | Response, int]:
    code = error.code or 500
    if error.response is not None or code < 400:
        return error.get_response()
    if request.path.startswith("/api/"):
        body = jsonify(code=code, message=error.name, description=error.description)
        return body, code
    if code == 401:
        # What was sent is not sent again after the login, so its page has to be one to look at.
        back = request.full_path.rstrip("?") if request.method in {"GET", "HEAD"} else None
        return redirect(url_for("people.login", next=back))
    page = render_template("error.html", code=code, name=error.name, text=error.description)
    return page, code


def _answer_ours(error: LongrunError) -> AnyResponse | tuple[str | Response, int]:
    code = {NotYours: 404, NoSuchRace: 404, TokenRefused: 401}.get(type(error), 400)
    if request.path.startswith("/api/"):
        field = {"field": error.field} if isinstance(error, Invalid) else {}
        answer = jsonify(code=code, message=error.code, description=str(error), **field)
        if isinstance(error, TokenRefused):
            answer.headers["WWW-Authenticate"] = f'Bearer error="{error.error}"'
        return answer, code
    name = "Not found" if code == 404 else "That did not work"
    return render_template("error.html", code=code, name=name, text=str(error)), code


def _answer_missing(error: Exception) -> tuple[str | Response, int, dict[str, str]]:
    """Say which part the page cannot do without; the log says why it is away."""
    current_app.logger.warning("%s %s failed: %s", request.method, request.path, error)
    code, part = 504 if isinstance(error, TimeoutError) else 503, formats.missing_part(error)
    does = formats.PARTS[part]
    text = f"The part of longrun that {does} cannot be reached just now. Try it again in a moment."
    if request.method not in {"GET", "HEAD"}:
        text = (
            f"The part of longrun that {does} cannot be reached just now. "
            "What you sent may have been taken: look before you send it again."
        )
    retry = {"Retry-After": "5"}
    if request.path.startswith("/api/"):
        body = jsonify(code=code, message="part-missing", description=text, part=part)
        return body, code, retry
    # The page has a place for who is asking, which may be what nobody can tell.
    g.setdefault("runner", None)
    name = "A part is missing"
    page = render_template("error.html", code=code, name=name, text=text)
    return page, code, retry


def _protect(response: Response) -> Response:
    response.headers.setdefault("Content-Security-Policy", _POLICY)
    response.headers.setdefault("X-Content-Type-Options", "nosniff")
    response.headers.setdefault("Referrer-Policy", "same-origin")
    if request.endpoint != "static":
        response.headers.setdefault("Cache-Control", "private, no-cache")
    return response


@click.command("demo")
@click.option("--directory", type=click.Path(path_type=Path), help="Where the files are left.")
def _demo(directory: Path | None) -> None:
    """Fill the log of demo@example.com with a year of made-up runs."""
    # Only this command needs the generator.
    from longrun import demo

    click.echo(demo.fill(directory or db.instance_dir() / "demo"))


@click.command("work")
def _work() -> None:
    """Import what was uploaded and send what is due, until Ctrl-C."""
    # Only this command works in the background.
    from longrun.work import work

    work()
