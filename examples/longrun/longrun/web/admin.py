"""What only administrators see."""

from flask import Blueprint, render_template

from longrun import accounts
from longrun.web.security import admin_required

bp = Blueprint("admin", __name__, url_prefix="/admin")


@bp.get("/users")
@admin_required
def users() -> str:
    """List all runners."""
    return render_template("users.html", users=accounts.runners().values())
