"""Accounts in the browser: register, log in, log out, profile."""

from functools import cache
from zoneinfo import available_timezones

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from longrun import accounts
from longrun.model import BadCredentials, EmailTaken, Invalid, ProfileChanges
from longrun.web.security import current_runner, log_in, log_out, login_required, me, safe_next

bp = Blueprint("people", __name__)


@bp.route("/register", methods=["GET", "POST"])
def register() -> str | Response | tuple[str, int]:
    """Make an account and log in with it."""
    if current_runner() is not None:
        return redirect("/")
    if request.method == "GET":
        return render_template("register.html", zones=_zones(), wrong={})
    form = request.form
    try:
        runner = accounts.register(
            form.get("email", ""),
            form.get("password", ""),
            form.get("name", ""),
            form.get("tz", "UTC"),
        )
    except Invalid as error:
        wrong = {error.field: error.reason}
    except EmailTaken as error:
        wrong = {"email": str(error)}
    else:
        log_in(runner)
        return redirect(url_for("pages.home"))
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
        runner = accounts.authenticate(
            request.form.get("email", ""), request.form.get("password", "")
        )
    except BadCredentials as error:
        wrong = str(error).capitalize() + "."
        return render_template("login.html", target=target, wrong=wrong), 422
    log_in(runner)
    return redirect(target)


@bp.post("/logout")
def logout() -> Response:
    """Forget who was logged in."""
    log_out()
    return redirect(url_for("pages.home"))


@bp.route("/profile", methods=["GET", "POST"])
@login_required
def profile() -> str | Response | tuple[str, int]:
    """Show and change name, time zone and units."""
    if request.method == "GET":
        return render_template("profile.html", zones=_zones(), wrong={})
    form = request.form
    try:
        changes = ProfileChanges(
            name=form.get("name", ""),
            tz=form.get("tz", ""),
            units="mi" if form.get("units") == "mi" else "km",
            max_hr=_heart_rate(form.get("max_hr", "").strip()),
        )
        accounts.update_profile(me().id, changes)
    except Invalid as error:
        wrong = {error.field: error.reason}
        return render_template("profile.html", zones=_zones(), wrong=wrong), 422
    flash("Your profile is saved.")
    return redirect(url_for("people.profile"))


@cache
def _zones() -> list[str]:
    return sorted(zone for zone in available_timezones() if "/" in zone or zone == "UTC")


def _heart_rate(text: str) -> int | None:
    if text and not (text.isascii() and text.isdecimal() and len(text) <= 3):
        raise Invalid("max_hr", "a heart rate is a whole number")
    return int(text) if text else None
