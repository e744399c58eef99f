"""The log in the browser: lists, one run, best efforts, the monthly report."""

from collections import defaultdict
from datetime import date, timedelta

from flask import Blueprint, Response, abort, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from longrun import activities, reports
from longrun.errors import Invalid
from longrun.gpx import write_file
from longrun.model import Activity, ActivityChanges, Recording, Split, Sport, TrackPoint
from longrun.months import make_report, next_month
from longrun.web.formats import decoration, first_of_month, local, today
from longrun.web.security import login_required, me

bp = Blueprint("runs", __name__)

# More points than this do not show in a drawing 760 units wide.
DRAWN_POINTS = 800
# No limit for a download.
ALL_POINTS = 1_000_000


@bp.get("/runs")
@login_required
def month() -> str:
    """List the activities of one month."""
    runner = me()
    asked = request.args.get("month")
    start = first_of_month(asked) if asked else today(runner.tz).replace(day=1)
    if start is None:
        abort(400, "A month is written like 2026-03.")
    end = next_month(start)
    return render_template(
        "runs.html",
        runs=activities.in_period(runner.id, start, end),
        period=activities.summary(runner.id, start, end),
        month=start,
        before=first_of_month(f"{start - timedelta(days=1):%Y-%m}"),
        after=end if end <= today(runner.tz) else None,
    )


@bp.get("/runs/<int:activity_id>")
@login_required
def run(activity_id: int) -> str:
    """Show one activity."""
    return _page(activity_id)


@bp.post("/runs/<int:activity_id>/edit")
@login_required
def edit(activity_id: int) -> AnyResponse | tuple[str, int]:
    """Change title, notes and sport."""
    form = request.form
    try:
        sport = Sport(form.get("sport", "run"))
    except ValueError:
        abort(400, "There is no such sport.")
    changes = ActivityChanges(form.get("title", ""), form.get("notes", ""), sport)
    try:
        activities.edit(me().id, activity_id, changes)
    except Invalid as error:
        return _page(activity_id, wrong={error.field: error.reason}), 422
    flash("Saved.")
    return redirect(url_for("runs.run", activity_id=activity_id))


@bp.post("/runs/<int:activity_id>/delete")
@login_required
def delete(activity_id: int) -> AnyResponse:
    """Take an activity out of the log."""
    activities.delete(me().id, activity_id)
    flash("The activity is deleted.")
    return redirect(url_for("runs.month"))


@bp.get("/runs/<int:activity_id>.gpx")
@login_required
def download(activity_id: int) -> Response:
    """Give the activity back as a GPX file, or as TCX where it has no positions."""
    runner = me()
    activity = activities.get(runner.id, activity_id)
    points = activities.track(runner.id, activity_id, ALL_POINTS)
    told = (activity.title, activity.device or "longrun")
    recording = Recording(activity.source, activity.sport, activity.started_at, points, *told)
    file, kind = write_file(recording)
    name = f"longrun-{activity.started_at:%Y-%m-%d}-{activity_id}.{kind}"
    return _file(file, f"application/{kind}+xml", name, inline=False)


@bp.get("/year/<int:year>")
@login_required
def year(year: int) -> str:
    """Show a year at a glance: its days, its months, what training did."""
    runner = me()
    told = (runner.units, runner.language)
    now, start = today(runner.tz), first_of_month(f"{year}-01")
    if start is None or year > now.year:
        abort(404)
    end = date(year + 1, 1, 1)
    shown = min(end, now + timedelta(days=1))
    days: dict[date, float] = defaultdict(float)
    months: dict[date, list[Activity]] = defaultdict(list)
    for run in activities.in_period(runner.id, start, end):
        day = local(run.started_at).date()
        days[day] += run.distance_m
        months[day.replace(day=1)].append(run)
    return render_template(
        "year.html",
        year=year,
        before=first_of_month(f"{year - 1}-01"),
        now=now,
        months=months,
        map=decoration("The map of days", lambda: reports.year_svg(year, days, *told)),
        fitness=decoration(
            "The fitness curve",
            lambda: reports.fitness_svg(
                activities.fitness(runner.id, start, shown), runner.language
            ),
        ),
    )


@bp.get("/bests")
@login_required
def bests() -> str:
    """Show the fastest times: ever, and of the last twelve months."""
    runner = me()
    since = today(runner.tz) - timedelta(days=365)
    recent = {best.distance_m: best for best in activities.bests(runner.id, since)}
    return render_template("bests.html", ever=activities.bests(runner.id), recent=recent)


@bp.get("/runs/<int:activity_id>.pdf")
@login_required
def document(activity_id: int) -> Response:
    """Make the report of one activity."""
    runner = me()
    run, splits, points = _told(runner.id, activity_id)
    made = reports.activity_pdf(runner, run, splits, points)
    return _file(made.pdf, "application/pdf", made.filename, inline=True)


@bp.get("/reports/<name>.pdf")
@login_required
def report(name: str) -> Response:
    """Make the report of a month."""
    start = first_of_month(name)
    if start is None:
        abort(404)
    made, _ = make_report(me(), start)
    return _file(made.pdf, "application/pdf", made.filename, inline=True)


def _told(runner_id: int, activity_id: int) -> tuple[Activity, list[Split], list[TrackPoint]]:
    return (
        activities.get(runner_id, activity_id),
        activities.splits(runner_id, activity_id),
        activities.track(runner_id, activity_id, DRAWN_POINTS),
    )


def _page(activity_id: int, wrong: dict[str, str] | None = None) -> str:
    runner = me()
    run, splits, points = _told(runner.id, activity_id)
    told = (runner.units, runner.language)
    return render_template(
        "run.html",
        run=run,
        splits=splits,
        form="GPX" if any(point.lat is not None for point in points) else "TCX",
        load=activities.load(runner.id, activity_id),
        fastest=min((s.seconds / s.distance_m for s in splits if s.seconds), default=0),
        route=decoration("The route", lambda: reports.route_svg(points, *told)),
        profile=decoration("The chart of the run", lambda: reports.profile_svg(points, *told)),
        split_chart=decoration("The chart of splits", lambda: reports.splits_svg(splits, *told)),
        sports=list(Sport),
        bests=[b for b in activities.bests(runner.id) if b.activity_id == activity_id],
        wrong=wrong or {},
    )


def _file(data: bytes, kind: str, name: str, *, inline: bool) -> Response:
    response = Response(data, content_type=kind)
    place = "inline" if inline else "attachment"
    response.headers["Content-Disposition"] = f'{place}; filename="{name}"'
    return response
