"""Accounts in the browser: register, log in, log out, profile."""

from collections.abc import Callable, Mapping
from dataclasses import fields
from datetime import date
from functools import cache
from typing import TypeVar, cast
from zoneinfo import available_timezones

from flask import Blueprint, abort, flash, redirect, render_template, request, session, url_for
from flask_babel import get_locale
from werkzeug.wrappers import Response

from longrun import accounts, notify
from longrun.errors import BadCredentials, EmailTaken, Invalid, NoSuchRunner, NotConfirmed
from longrun.languages import LANGUAGES
from longrun.model import ProfileChanges, Sex
from longrun.web.formats import decimal, decoration
from longrun.web.security import current_runner, log_in, log_out, login_required, me, safe_next

T = TypeVar("T")
bp = Blueprint("people", __name__)


@bp.route("/register", methods=["GET", "POST"])
def register() -> str | Response | tuple[str, int]:
    """Make an account, which is confirmed by mail."""
    if current_runner() is not None:
        return redirect("/")
    if request.method == "GET":
        return render_template("register.html", zones=_zones(), wrong={})
    form = request.form
    try:
        accounts.register(
            form.get("email", ""),
            form.get("password", ""),
            form.get("name", ""),
            form.get("tz", "UTC"),
            str(get_locale()),
        )
    except Invalid as error:
        wrong = {error.field: error.reason}
    except EmailTaken as error:
        wrong = {"email": str(error)}
    else:
        return redirect(url_for("letters.check_mail"))
    return render_template("register.html", zones=_zones(), wrong=wrong), 422


@bp.route("/login", methods=["GET", "POST"])
def login() -> str | Response | tuple[str, int]:
    """Log in and go on to the page that asked for it."""
    target = safe_next(request.values.get("next"))
    if current_runner() is not None:
        return redirect(target)
    if request.method == "GET":
        return render_template("login.html", target=target, wrong=None)
    try:
        runner, key = accounts.begin_session(
            request.form.get("email", ""), request.form.get("password", "")
        )
    except BadCredentials as error:
        wrong = str(error).capitalize() + "."
        return render_template("login.html", target=target, wrong=wrong), 422
    except NotConfirmed as error:
        flash(f"{str(error).capitalize()}.")
        return redirect(url_for("letters.check_mail"))
    log_in(runner, key)
    return redirect(target)


@bp.post("/logout")
def logout() -> Response:
    """Forget who was logged in."""
    log_out()
    return redirect(url_for("pages.home"))


@bp.post("/language")
def speak() -> Response:
    """Change the language of every page, from the foot of one."""
    language, runner = request.form.get("language", ""), current_runner()
    if language not in LANGUAGES:
        abort(400, "This language is not spoken here.")
    if runner:
        kept = {field.name: getattr(runner, field.name) for field in fields(ProfileChanges)}
        accounts.update_profile(runner.id, ProfileChanges(**kept | {"language": language}))
    # Not in the session: a form of another site comes without it, and would begin a new one.
    answer = redirect(safe_next(request.form.get("next")))
    answer.set_cookie("language", language, 365 * 86_400, httponly=True, samesite="Lax")
    return answer


@bp.route("/profile", methods=["GET", "POST"])
@login_required
def profile() -> str | Response | tuple[str, int]:
    """Show and change name, time zone, units and what training is reckoned from."""
    if request.method == "GET":
        return _profile()
    form = request.form
    try:
        changes = ProfileChanges(
            name=form.get("name", ""),
            tz=form.get("tz", ""),
            units="mi" if form.get("units") == "mi" else "km",
            max_hr=_heart_rate("max_hr"),
            rest_hr=_heart_rate("rest_hr"),
            born=_read("born", date.fromisoformat, "a day is written like 1990-03-31"),
            sex=cast("Sex", form["sex"]) if form.get("sex") else None,
            weight_kg=_read("weight_kg", decimal, "a weight is a number"),
            language=form.get("language", me().language),
        )
        accounts.update_profile(me().id, changes)
    except Invalid as error:
        return _profile(wrong={error.field: error.reason}), 422
    flash("Your profile is saved.")
    return redirect(url_for("people.profile"))


@bp.post("/profile/tokens")
@login_required
def create_token() -> str | tuple[str, int]:
    """Make a personal token; this page is the only one that ever shows it."""
    name = request.form.get("token", "")
    try:
        return _profile(fresh=accounts.create_token(me().id, name, key=session["key"]))
    except NoSuchRunner:
        abort(401)
    except Invalid as error:
        return _profile(wrong={"token": error.reason}), 422


@bp.post("/profile/tokens/<int:token_id>/revoke")
@login_required
def revoke_token(token_id: int) -> Response:
    """Make a personal token worthless."""
    accounts.revoke_token(me().id, token_id)
    flash("The token is worthless now.")
    return redirect(url_for("people.profile"))


@bp.get("/profile/tokens")
def tokens() -> Response:
    """Lead back to the profile whoever asks for the address of the form again."""
    return redirect(url_for("people.profile"))


def _profile(*, wrong: Mapping[str, str] | None = None, fresh: str = "") -> str:
    return render_template(
        "profile.html",
        zones=_zones(),
        wrong=wrong or {},
        tokens=accounts.tokens(me().id),
        fresh=fresh,
        mail=decoration("Your choice of mails", _mail, "notify"),
    )


def _mail() -> str:
    return render_template("_mail.html", wanted=notify.preferences(me().id))


@cache
def _zones() -> list[str]:
    return sorted(zone for zone in available_timezones() if "/" in zone or zone == "UTC")


def _heart_rate(field: str) -> int | None:
    text = request.form.get(field, "").strip()
    if text and not (text.isascii() and text.isdecimal() and len(text) <= 3):
        raise Invalid(field, "a heart rate is a whole number")
    return int(text) if text else None


def _read(field: str, parse: Callable[[str], T], mistake: str) -> T | None:
    text = request.form.get(field, "").strip()
    try:
        return parse(text) if text else None
    except ValueError as error:
        raise Invalid(field, mistake) from error
