"""What leaves by mail, and everything at once: preferences, the outbox, the export."""

from flask import Blueprint, Response, abort, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from longrun import activities, notify
from longrun.model import MailPreferences
from longrun.web.security import login_required, me

bp = Blueprint("mail", __name__)


@bp.post("/profile/mail")
@login_required
def prefer() -> AnyResponse:
    """Keep which mails the runner wants."""
    chosen = MailPreferences("monthly_report" in request.form, "reminders" in request.form)
    notify.set_preferences(me().id, chosen)
    flash("Your choice is saved.")
    return redirect(url_for("people.profile"))


@bp.get("/profile/export.zip")
@login_required
def export() -> Response:
    """Give everything back that the log knows."""
    response = Response(activities.export(me().id), content_type="application/zip")
    response.headers["Content-Disposition"] = 'attachment; filename="longrun.zip"'
    return response


@bp.get("/admin/outbox")
@login_required
def outbox() -> str:
    """Show what became of the mails, to those who look after this installation."""
    if not me().is_admin:
        abort(403)
    return render_template("outbox.html", mails=notify.outbox(200), server=notify.has_server())
