"""The front page: who we are, or how you are doing."""

from datetime import date, timedelta

from flask import Blueprint, render_template

from longrun import activities, reports, training
from longrun.model import Runner
from longrun.months import next_month
from longrun.web.formats import decoration, today
from longrun.web.security import current_runner

bp = Blueprint("pages", __name__)

WEEKS = 12
FITNESS_DAYS = 120


@bp.get("/")
def home() -> str:
    """Show the dashboard, or what this is to a visitor."""
    runner = current_runner()
    if runner is None:
        return render_template("landing.html")
    day = today(runner.tz)
    monday = day - timedelta(days=day.weekday())
    recent = activities.summary(
        runner.id, monday - timedelta(weeks=WEEKS - 1), monday + timedelta(weeks=1)
    )
    month = activities.summary(runner.id, day.replace(day=1), next_month(day))
    return render_template(
        "dashboard.html",
        runs=activities.latest(runner.id, 10),
        month=month,
        today=day,
        chart=decoration(
            "The chart of weeks",
            lambda: reports.weeks_svg(recent.by_week, runner.units, runner.language),
        ),
        fitness=decoration("The fitness curve", lambda: _fitness(runner, day)),
        bests=activities.bests(runner.id),
        week=decoration("Your plan", lambda: _week(runner.id, day), "training"),
    )


def _week(runner_id: int, day: date) -> str:
    return render_template(
        "_week.html",
        week=training.schedule(runner_id, day, day + timedelta(days=7)),
        races=training.entered(runner_id, day),
        today=day,
    )


def _fitness(runner: Runner, day: date) -> str:
    first, end = day - timedelta(days=FITNESS_DAYS), day + timedelta(days=1)
    return reports.fitness_svg(activities.fitness(runner.id, first, end), runner.language)


@bp.get("/healthz")
def healthz() -> tuple[str, int, dict[str, str]]:
    """Say that this process answers."""
    return "ok\n", 200, {"Content-Type": "text/plain; charset=utf-8"}
