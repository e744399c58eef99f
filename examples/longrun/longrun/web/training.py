"""Races and plans: pages, the calendar that programs subscribe to, the JSON API of both."""

import hmac
import re
from collections.abc import Mapping
from dataclasses import asdict
from datetime import date, timedelta
from itertools import groupby
from typing import Any, Final

from flask import (
    Blueprint,
    Response,
    abort,
    current_app,
    flash,
    jsonify,
    redirect,
    render_template,
    request,
    url_for,
)
from itsdangerous import BadSignature, URLSafeSerializer
from werkzeug.wrappers import Response as AnyResponse

from longrun import accounts, activities, training
from longrun.errors import Invalid, NoSuchRunner, PlanTooShort
from longrun.model import Best, Goal, Race, Workout
from longrun.units import UNIT_M
from longrun.web.formats import decimal, say, today
from longrun.web.security import current_runner, login_required, me, scope_required

bp = Blueprint("training", __name__)

DISTANCES: Final = (5000, 10_000, 21_097.5, 42_195)
_TIME: Final = re.compile(r"(?:(\d{1,2}):)?(\d{1,2}):(\d\d)")


@bp.app_template_global()
def days_to(day: date) -> str:
    """Return how far off a day is."""
    days = (day - today(me().tz)).days
    near = {0: "today", 1: "tomorrow"}
    return say().said(near.get(days, f"in {days} days" if days > 0 else "over"))


@bp.get("/races")
@login_required
def races() -> str:
    """List what all runners put up."""
    day, mine = today(me().tz), {race.id for race in training.entered(me().id, today(me().tz))}
    return render_template("races.html", races=training.races(day), mine=mine, today=day)


@bp.route("/races/new", methods=["GET", "POST"])
@login_required
def new() -> str | AnyResponse | tuple[str, int]:
    """Put up a race."""
    wrong: dict[str, str] = {}
    if request.method == "POST":
        form, unit = request.form.to_dict(), UNIT_M[me().units] if request.form.get("other") else 1
        try:
            metres = _number(form.get("other") or form.get("distance", ""), "distance_m") * unit
            race = _add({**form, "distance_m": metres})
        except Invalid as error:
            wrong = {error.field: error.reason}
        else:
            return redirect(url_for("training.race", race_id=race.id))
    page = render_template("race_new.html", distances=DISTANCES, wrong=wrong)
    return page, 422 if wrong else 200


@bp.route("/races/<int:race_id>", methods=["GET", "POST"])
@login_required
def race(race_id: int) -> str | AnyResponse | tuple[str, int]:
    """Show a race; train for it, or for another goal."""
    wrong: dict[str, str] = {}
    if request.method == "POST":
        try:
            training.enter(me().id, race_id, _goal(request.form))
        except PlanTooShort as error:
            wrong = {"race": str(error)}
        except Invalid as error:
            wrong = {error.field: error.reason}
        else:
            flash("Your plan is made.")
            return redirect(url_for("training.plan"))
    found, best, day = training.race(race_id), _best(), today(me().tz)
    page = render_template(
        "race.html",
        race=found,
        plan=training.plan(me().id, race_id),
        predicted=training.predict(best, found.distance_m) if best else None,
        days_to_go=(found.on - day).days,
        is_mine=found.added_by == me().id,
        wrong=wrong,
    )
    return page, 422 if wrong else 200


@bp.post("/races/<int:race_id>/leave")
@login_required
def leave(race_id: int) -> AnyResponse:
    """Forget the plan for a race."""
    training.leave(me().id, race_id)
    flash("You no longer train for this race.")
    return redirect(url_for("training.race", race_id=race_id))


@bp.post("/races/<int:race_id>/withdraw")
@login_required
def withdraw(race_id: int) -> AnyResponse:
    """Take away a race that was put up by mistake."""
    try:
        training.withdraw(me().id, race_id)
    except Invalid as error:
        flash(f"{error.reason.capitalize()}.")
        return redirect(url_for("training.race", race_id=race_id))
    flash("The race is gone.")
    return redirect(url_for("training.races"))


@bp.get("/plan")
@login_required
def plan() -> str:
    """Show every week of the plan: done, missed, to do."""
    day, best = today(me().tz), _best()
    planned = training.schedule(me().id, date.min, date.max)
    by_week = groupby(planned, key=lambda run: run.on - timedelta(days=run.on.weekday()))
    weeks = [(monday, list(runs)) for monday, runs in by_week]
    key = _signer().dumps([me().id, training.calendar_key(me().id)])
    return render_template(
        "plan.html",
        past=[week for week in weeks if week[0] + timedelta(weeks=1) <= day],
        ahead=[week for week in weeks if week[0] + timedelta(weeks=1) > day],
        races=training.entered(me().id, day),
        paces=asdict(training.paces(training.vdot(best))) if best else {},
        today=day,
        calendar=url_for("training.calendar", key=key, _external=True),
    )


@bp.get("/plan.ics")
def calendar() -> Response:
    """Give the plan to whoever has the address: a calendar program has no session."""
    try:
        runner_id, key = _signer().loads(request.args.get("key", ""))
        known = training.calendar_key(accounts.runner(runner_id).id)
    except (BadSignature, NoSuchRunner):
        abort(404)
    if not hmac.compare_digest(key, known):
        abort(404)
    return Response(training.ics(runner_id), content_type="text/calendar; charset=utf-8")


@bp.post("/plan/calendar")
@login_required
def renew() -> AnyResponse:
    """Make a new address of the calendar; the old one answers nobody any more."""
    training.calendar_key(me().id, renew=True)
    flash("The calendar has a new address.")
    return redirect(url_for("training.plan"))


@bp.get("/api/v1/races")
@scope_required("races:read")
def api_races() -> Response:
    """Return the races of all runners on the day `?after=` and later."""
    runner = current_runner()
    now = today(runner.tz if runner else "UTC")
    after = _day(request.args.get("after", f"{now}"), "after")
    return jsonify(races=[_json(race) for race in training.races(after)])


@bp.post("/api/v1/races")
@login_required
def api_add_race() -> tuple[Response, int]:
    """Put up a race: `name`, `on`, `distance_m`, perhaps `location` and `url`."""
    asked = request.get_json()
    if not isinstance(asked, dict):
        abort(400, "a race is a JSON object")
    return jsonify(_json(_add(asked))), 201


@bp.get("/api/v1/plan")
@login_required
def api_plan() -> Response:
    """Return what is planned from `?start=`, or today, up to and without `?end=`."""
    start = _day(request.args.get("start", f"{today(me().tz)}"), "start")
    end = _day(request.args.get("end", f"{date.max}"), "end")
    return jsonify(workouts=[_json(run) for run in training.schedule(me().id, start, end)])


def _add(fields: Mapping[str, Any]) -> Race:
    text = {name: fields.get(name, "") for name in ("name", "on", "location", "url")}
    for name, value in text.items():
        if not isinstance(value, str):
            raise Invalid(name, f"{name} is a text")
    metres = fields.get("distance_m")
    if isinstance(metres, bool) or not isinstance(metres, int | float):
        raise Invalid("distance_m", "distance_m is a number of metres")
    on = _day(text["on"], "on")
    return training.add_race(me().id, text["name"], on, metres, text["location"], text["url"])


def _goal(form: Any) -> Goal:
    target = form.get("target_s", "").strip()
    parts = _TIME.fullmatch(target)
    if target and not parts:
        raise Invalid("target_s", "a time is written like 1:45:00 or 25:00")
    hours, minutes, seconds = (int(part or 0) for part in parts.groups()) if parts else (0, 0, 0)
    days = frozenset(int(day) for day in form.getlist("days") if day in set("0123456"))
    hours_a_week = _number(form.get("max_hours", ""), "max_hours")
    return Goal(hours * 3600 + minutes * 60 + seconds or None, days, hours_a_week)


def _best() -> Best | None:
    since = today(me().tz) - timedelta(days=365)
    return training.strongest(activities.bests(me().id, since))


def _number(text: str, field: str) -> float:
    try:
        return decimal(text)
    except ValueError:
        raise Invalid(field, "this is not a number") from None


def _day(text: str, field: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise Invalid(field, "a day is written like 2026-03-29") from None


def _signer() -> URLSafeSerializer:
    return URLSafeSerializer(current_app.config["SECRET_KEY"], salt="calendar")


def _json(value: Race | Workout) -> dict[str, Any]:
    return asdict(value) | {"on": value.on.isoformat()}
