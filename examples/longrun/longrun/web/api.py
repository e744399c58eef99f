"""The JSON API: the runner's own data, under the session of the browser or a personal token."""

from dataclasses import asdict
from datetime import timedelta
from typing import Any

from flask import Blueprint, Response, abort, jsonify, request

from longrun import activities
from longrun.model import Activity
from longrun.months import next_month
from longrun.web.formats import first_of_month
from longrun.web.security import login_required, me

bp = Blueprint("api", __name__, url_prefix="/api/v1")

MAX_RUNS = 200


@bp.get("/me")
@login_required
def about_me() -> Response:
    """Return who is logged in."""
    born = me().born
    return jsonify(asdict(me()) | {"born": born.isoformat() if born else None})


@bp.get("/runs")
@login_required
def runs() -> Response:
    """Return the activities of `?month=2026-03`, or the latest `?limit=`."""
    asked = request.args.get("month")
    if asked is None:
        limit = request.args.get("limit", 10, type=int)
        if not 1 <= limit <= MAX_RUNS:
            abort(400, f"limit is between 1 and {MAX_RUNS}")
        found = activities.latest(me().id, limit)
    else:
        start = first_of_month(asked)
        if start is None:
            abort(400, "a month is written like 2026-03")
        found = activities.in_period(me().id, start, next_month(start))
    return jsonify(runs=[_json(run) for run in found])


@bp.get("/runs/<int:activity_id>")
@login_required
def run(activity_id: int) -> Response:
    """Return one activity with its splits."""
    found = _json(activities.get(me().id, activity_id))
    found["splits"] = [asdict(split) for split in activities.splits(me().id, activity_id)]
    return jsonify(found)


def _json(activity: Activity) -> dict[str, Any]:
    found = asdict(activity)
    ended_at = activity.started_at + timedelta(seconds=activity.elapsed_s)
    return found | {
        "started_at": activity.started_at.isoformat(),
        "ended_at": ended_at.isoformat(timespec="seconds"),
    }
