"""Where the links in mails lead, the pages that ask for one, and the end of an account.

What a link does takes a button: programs that look into mails open every link.
"""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from longrun import accounts
from longrun.errors import BadCredentials, BadLink, Invalid
from longrun.web.security import log_out, login_required, me

bp = Blueprint("letters", __name__)

Answer = Response | tuple[str, int]
_EMAIL = ("email", "E-mail", "email", "email")
_PASSWORD = ("password", "Password", "password", "current-password")
_NEW_PASSWORD = ("password", "New password", "password", "new-password")


@bp.route("/confirm", methods=["GET", "POST"])
def check_mail() -> Answer:
    """Say that a mail is under way, and send it anew."""
    if request.method == "POST":
        accounts.request_confirmation(request.form.get("email", ""))
        return _go(".check_mail", "If this address waits for it, a new link is under way.")
    text = (
        "We sent you a link that confirms your address. Open it within two days, then log in. "
        "Nothing there? Look among the spam, or have the link sent anew."
    )
    return _ask("Check your mail", text, "Send the link anew", _EMAIL)


@bp.route("/confirm/<token>", methods=["GET", "POST"])
def confirm(token: str) -> Answer:
    """Confirm an address."""
    if request.method == "GET":
        return _ask("Confirm your address", "One press, and your log is yours.", "Confirm")
    try:
        accounts.confirm(token)
    except BadLink as error:
        return _go(".check_mail", f"{str(error).capitalize()}. Log in, or have a new one sent.")
    return _go("people.login", "Your address is confirmed. Log in to begin.")


@bp.route("/forgot", methods=["GET", "POST"])
def forgot() -> Answer:
    """Send a link to a new password."""
    if request.method == "POST":
        accounts.request_reset(request.form.get("email", ""))
        words = "If somebody has this address, a link to a new password is under way."
        return _go("people.login", words)
    text = "We send a link to your address. It is good for an hour."
    return _ask("A new password", text, "Send the link", _EMAIL)


@bp.route("/reset/<token>", methods=["GET", "POST"])
def reset(token: str) -> Answer:
    """Set a new password."""
    wrong = ""
    if request.method == "POST":
        try:
            accounts.set_password(token, request.form.get("password", ""))
            return _go("people.login", "Your password is changed. Log in with it.")
        except BadLink as error:
            return _go(".forgot", f"{str(error).capitalize()}. Ask for a new one.")
        except Invalid as error:
            wrong = str(error)
    text = "Eight characters or more. A sentence is easy to keep."
    return _ask("A new password", text, "Set the password", _NEW_PASSWORD, wrong)


@bp.route("/profile/delete", methods=["GET", "POST"])
@login_required
def delete_account() -> Answer:
    """Delete the runner's account, once the password proves who asks."""
    wrong = ""
    if request.method == "POST":
        try:
            accounts.delete_account(me().id, request.form.get("password", ""))
            log_out()
            return _go("pages.home", "Your account is deleted.")
        except BadCredentials:
            wrong = "this is not your password"
    text = "Your runs, plans and reports go with it. Nobody can bring them back."
    return _ask("Delete your account?", text, "Delete everything", _PASSWORD, wrong)


def _go(endpoint: str, words: str) -> Response:
    flash(words)
    return redirect(url_for(endpoint))


def _ask(
    title: str, text: str, button: str, field: tuple[str, ...] | None = None, wrong: str = ""
) -> tuple[str, int]:
    said = {"title": title, "text": text, "button": button, "asked": field, "wrong": wrong}
    return render_template("ask.html", **said), 422 if wrong else 200
