"""What the other packages may ask of races and plans, and what is done when runs are announced."""

import re
import secrets
from dataclasses import asdict, replace
from datetime import date, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from sqlalchemy import Select, delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from longrun import accounts, activities, signals
from longrun.errors import Invalid, NoSuchRace
from longrun.model import Activity, Goal, Plan, Race, Sport, Workout, WorkoutKind
from longrun.training.daniels import strongest
from longrun.training.planning import make_plan
from longrun.training.store import CALENDAR, ENTRY, RACE, WORKOUT, reading, writing

_DAY: Final = timedelta(days=1)
_MAX_TEXT: Final = 120
# A link that a browser follows: never javascript:.
_URL: Final = re.compile(r"https?://[^\s<>\"\x00-\x1f]{1,490}", re.IGNORECASE)
# Less of a planned run than this was another run.
_ENOUGH: Final = 0.6


def add_race(  # noqa: PLR0917
    by: int, name: str, on: date, distance_m: float, location: str = "", url: str = ""
) -> Race:
    """Put up a race for all runners to see, and announce it with `race_added`.

    Raises:
        Invalid: A value cannot be kept; `field` says which.
        NoSuchRunner: Nobody has the number `by`.
    """
    name, location, url = " ".join(name.split()), " ".join(location.split()), url.strip()
    ahead = (on - _today(by)).days
    for field, fine, reason in (
        ("name", 1 <= len(name) <= _MAX_TEXT, f"a name has 1 to {_MAX_TEXT} characters"),
        ("on", ahead >= 0, "this day is over"),
        ("on", ahead <= 730, "a race is at most two years ahead"),
        ("distance_m", 1000 <= distance_m <= 200_000, "a race has 1 to 200 km"),
        ("location", len(location) <= _MAX_TEXT, f"a place has at most {_MAX_TEXT} characters"),
        ("url", not url or _URL.fullmatch(url), "an address begins with https:// or http://"),
    ):
        if not fine:
            raise Invalid(field, reason)
    fields = (name, on, float(distance_m), location, url, by)
    same = select(RACE).where(RACE.c.on == on, RACE.c.distance_m == distance_m)
    if name.casefold() in {race.name.casefold() for race in _races(same)}:
        raise Invalid("name", "this race is up already")
    with writing() as session:
        # All but the number, which the database gives.
        row = dict(zip(RACE.columns.keys()[1:], fields, strict=True))
        number = session.scalar(insert(RACE).returning(RACE.c.id), row)
    signals.tell(signals.race_added, "longrun.training", race=Race(number, *fields))
    return Race(number, *fields)


def withdraw(runner_id: int, race_id: int) -> None:
    """Take away a race that a runner put up by mistake, and the runner's own plan for it.

    Raises:
        NoSuchRace: None has this number.
        Invalid: Somebody else put it up, or trains for it.
    """
    if race(race_id).added_by != runner_id:
        raise Invalid("race", "somebody else put up this race")
    mine = plan(runner_id, race_id)
    try:
        with writing() as session:
            for table in (WORKOUT, ENTRY):
                session.execute(delete(table).filter_by(runner_id=runner_id, race_id=race_id))
            session.execute(delete(RACE).filter_by(id=race_id))
    except IntegrityError as error:  # rows of others refer to it
        raise Invalid("race", "others train for this race") from error
    if mine:
        _announce(runner_id, Plan(mine.race, mine.goal, ()))


def race(race_id: int) -> Race:
    """Return one race, or raise `NoSuchRace`."""
    for found in _races(select(RACE).where(RACE.c.id == race_id)):
        return found
    raise NoSuchRace(race_id)


def races(after: date, limit: int = 50) -> list[Race]:
    """Return everybody's races on this day and later, soonest first."""
    return _races(select(RACE).where(RACE.c.on >= after).limit(limit))


def entered(runner_id: int, after: date) -> list[Race]:
    """Return the races that a runner trains for, on this day and later, soonest first."""
    query = select(RACE).join(ENTRY).where(ENTRY.c.runner_id == runner_id, RACE.c.on >= after)
    return _races(query)


def enter(runner_id: int, race_id: int, goal: Goal) -> Plan:
    """Plan the way to a race, or plan it anew for another goal; announced with `plan_changed`.

    Days that are over and runs that are done stay as they are.

    Raises:
        NoSuchRace: None has this number.
        PlanTooShort: The race is too soon.
        Invalid: The race cannot be run, or the goal not be planned for.
    """
    today, wanted = _today(runner_id), race(race_id)
    if wanted.on < today:
        raise Invalid("race", "this race is over")
    if any(other.on == wanted.on and other != wanted for other in entered(runner_id, today)):
        raise Invalid("race", "you run another race on this day")
    recent = activities.summary(runner_id, today - 28 * _DAY, today)
    best = strongest(activities.bests(runner_id, today - 365 * _DAY))
    made = make_plan(today, wanted, goal, recent, best)
    mine = {"runner_id": runner_id, "race_id": race_id}
    terms = {"target_s": goal.target_s, "max_hours": goal.max_hours}
    with writing() as session:
        since = session.scalar(select(ENTRY.c.since).filter_by(**mine)) or today
        days = "".join(str(day) for day in sorted(goal.days))
        session.execute(delete(ENTRY).filter_by(**mine))
        session.execute(insert(ENTRY), mine | terms | {"since": since, "days": days})
        undone = delete(WORKOUT).filter_by(**mine, done_by=None)
        session.execute(undone.where(WORKOUT.c.on >= today))
        kept = set(session.scalars(select(WORKOUT.c.on).filter_by(**mine)))
        rows = [mine | _row(workout) for workout in made if workout.on not in kept]
        # On race day, with the race run, there is nothing left to plan.
        if rows:
            session.execute(insert(WORKOUT), rows)
    for activity in activities.in_period(runner_id, today, today + _DAY):
        match(runner_id, activity)
    return _announce(runner_id, plan(runner_id, race_id) or Plan(wanted, goal, ()))


def leave(runner_id: int, race_id: int) -> None:
    """Forget a runner's plan for a race, which others keep; announced with `plan_changed`."""
    found = plan(runner_id, race_id)
    if found is None:
        return
    with writing() as session:
        for table in (WORKOUT, ENTRY):
            session.execute(delete(table).filter_by(runner_id=runner_id, race_id=race_id))
    _announce(runner_id, Plan(found.race, found.goal, ()))


def plan(runner_id: int, race_id: int) -> Plan | None:
    """Return the whole way to a race, or None if the runner does not train for it.

    Raises:
        NoSuchRace: None has this number.
    """
    found, mine = race(race_id), {"runner_id": runner_id, "race_id": race_id}
    with reading() as session:
        entry = session.execute(select(ENTRY).filter_by(**mine)).one_or_none()
        if entry is None:
            return None
        goal = Goal(entry.target_s, frozenset(map(int, entry.days)), entry.max_hours)
        rows = session.execute(select(WORKOUT).filter_by(**mine).order_by(WORKOUT.c.on))
        return Plan(found, goal, tuple(_workout(row) for row in rows))


def schedule(runner_id: int, start: date, end: date) -> list[Workout]:
    """Return what is planned from `start` up to and without `end`, whatever the race."""
    query = _shown(runner_id).where(WORKOUT.c.on >= start, WORKOUT.c.on < end)
    with reading() as session:
        return [_workout(row) for row in session.execute(query.order_by(WORKOUT.c.on))]


def match(runner_id: int, activity: Activity) -> Workout | None:
    """Tick the planned run that an activity was, and return it. Safe to repeat.

    It is one of the same day where the runner lives, or one that was missed the day before; none
    if the activity was no run, or is none any more.
    """
    if activity.sport is not Sport.RUN:
        _untick("", runner_id, activity.id)
        return None
    day = activity.started_at.astimezone(ZoneInfo(accounts.runner(runner_id).tz)).date()
    row = WORKOUT.c
    late = (row.on == day - _DAY) & (row.kind != WorkoutKind.RACE)
    fits = row.done_by.is_(None) & (row.distance_m * _ENOUGH <= activity.distance_m)
    query = _shown(runner_id).where((row.on == day) | late, fits | (row.done_by == activity.id))
    query = query.order_by(row.done_by.is_(None), row.on.desc()).limit(1)
    with writing() as session:
        found = session.execute(query.with_for_update(of=WORKOUT)).one_or_none()
        if found is None:
            return None
        ticked = update(WORKOUT).filter_by(runner_id=runner_id, race_id=found.race_id, on=found.on)
        session.execute(ticked.values(done_by=activity.id))
    return replace(_workout(found), done_by=activity.id)


def calendar_key(runner_id: int, *, renew: bool = False) -> str:
    """Return what the address of a runner's calendar is made of; a new one ends the old one."""
    with writing() as session:
        key = session.scalar(select(CALENDAR.c.key).filter_by(runner_id=runner_id))
        if key and not renew:
            return str(key)
        key = secrets.token_hex(16)
        session.execute(delete(CALENDAR).filter_by(runner_id=runner_id))
        session.execute(insert(CALENDAR), {"runner_id": runner_id, "key": key})
    return key


@signals.activity_added.connect
def _on_added(_sender: str, activity: Activity) -> None:
    match(activity.runner_id, activity)


@signals.activity_deleted.connect
def _untick(_sender: str, runner_id: int, activity_id: int) -> None:
    with writing() as session:
        ticked = update(WORKOUT).filter_by(runner_id=runner_id, done_by=activity_id)
        session.execute(ticked.values(done_by=None))


@signals.account_deleted.connect
def _on_account_deleted(_sender: str, runner_id: int) -> None:
    with writing() as session:
        for table in (WORKOUT, ENTRY, CALENDAR):
            session.execute(delete(table).filter_by(runner_id=runner_id))
        session.execute(update(RACE).filter_by(added_by=runner_id).values(added_by=None))


def _today(runner_id: int) -> date:
    return datetime.now(ZoneInfo(accounts.runner(runner_id).tz)).date()


def _announce(runner_id: int, changed: Plan) -> Plan:
    signals.tell(signals.plan_changed, "longrun.training", runner_id=runner_id, plan=changed)
    return changed


def _shown(runner_id: int) -> Select[Any]:
    """Select what a day has of the plan for the first race ahead that was entered by then."""
    ahead = RACE.alias()
    first = select(func.min(ahead.c.on)).select_from(ENTRY.join(ahead)).correlate(WORKOUT)
    first = first.where(ENTRY.c.runner_id == runner_id, ENTRY.c.since <= WORKOUT.c.on)
    first = first.where(ahead.c.on >= WORKOUT.c.on)
    query = select(WORKOUT).join(RACE).where(WORKOUT.c.runner_id == runner_id)
    return query.where(RACE.c.on == first.scalar_subquery())


def _races(query: Select[Any]) -> list[Race]:
    with reading() as session:
        return [Race(*row) for row in session.execute(query.order_by(RACE.c.on, RACE.c.id))]


def _row(workout: Workout) -> dict[str, Any]:
    fields = asdict(workout)
    pace_from, pace_to = fields.pop("pace_s_per_km")
    return fields | {"pace_from": pace_from, "pace_to": pace_to}


def _workout(row: Any) -> Workout:
    race_id, on, kind, distance_m, hard_m, pace_from, pace_to, text, done_by, _ = row
    return Workout(race_id, on, kind, distance_m, hard_m, (pace_from, pace_to), text, done_by)
