"""What the other packages may ask of the log; `NotYours` answers who asks for another's."""

import time
import unicodedata
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict
from datetime import date, datetime, time as clock, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from sqlalchemy import Select, delete as delete_rows, func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, selectinload
from sqlalchemy.orm.interfaces import ORMOption

from longrun import accounts, db
from longrun.activities import analysis, columns, loads, store
from longrun.errors import BadFile, Duplicate, Invalid, NotYours
from longrun.languages import Words, words
from longrun.model import (
    Activity,
    ActivityChanges,
    Best,
    Fitness,
    Period,
    Recording,
    Source,
    Split,
    Sport,
    TrackPoint,
    Week,
)
from longrun.signals import account_deleted, activity_added, activity_deleted, best_broken, tell

MAX_TITLE: Final = 120
MAX_NOTES: Final = 10_000
# What was not taken at once is told in portions, and for so long in one go.
_TOLD: Final = 200
_TELLING_S: Final = 5.0
# Hour of the day where the runner lives -> what people call a run at that time.
_HOURS: Final = (
    (5, "Night %(sport)s"), (11, "Morning %(sport)s"), (14, "Lunch %(sport)s"),
    (18, "Afternoon %(sport)s"), (22, "Evening %(sport)s"), (24, "Night %(sport)s"),
)  # fmt: skip


def add(runner_id: int, rec: Recording, *, title: str = "") -> Activity:
    """Put a recording into the runner's log and announce it: `activity_added`, `best_broken`.

    Safe to repeat: the same run is kept once, also when another file tells it.

    Raises:
        Duplicate: The log has it already, as `activity_id`.
        BadFile: The recording has too few points to be an activity.
        NoSuchRunner: Nobody has this number.
    """
    if len(rec.points) < 2:
        raise BadFile("the recording has fewer than two points")
    runner = accounts.runner(runner_id)
    digest = analysis.digest(rec)
    entry = _entry(runner_id, digest, rec)
    given = (title.strip() or rec.title.strip())[:MAX_TITLE]
    entry.title = given or _default_title(rec, ZoneInfo(runner.tz), words(runner.language))
    try:
        with store.writing() as session:
            distances = [row.distance_m for row in entry.bests]
            old = _fastest(session, runner_id, ZoneInfo(runner.tz), distances)
            session.add(entry)
            session.flush()
            activity = _activity(entry)
            session.add(_news(activity.id, runner_id))
            new = _fastest(session, runner_id, ZoneInfo(runner.tz), distances)
    except IntegrityError as error:
        query = select(store.Entry.id).filter_by(runner_id=runner_id, digest=digest)
        with store.reading() as session:
            known = session.scalars(query).one_or_none()
        if known is None:
            raise
        raise Duplicate(known) from error
    announce(activity.id)
    for metres, best in old.items():
        if (now := new[metres]).activity_id == activity.id:
            tell(best_broken, "longrun.activities", runner_id=runner_id, best=now, old=best)
    return activity


def get(runner_id: int, activity_id: int) -> Activity:
    """Return one activity."""
    with store.reading() as session:
        return _activity(_mine(session, runner_id, activity_id))


def latest(runner_id: int, limit: int = 10) -> list[Activity]:
    """Return the runner's newest activities, newest first."""
    with store.reading() as session:
        entries = session.scalars(_newest(runner_id).limit(limit))
        return [_activity(entry) for entry in entries]


def in_period(runner_id: int, start: date, end: date) -> list[Activity]:
    """Return the activities from `start` up to and without `end`, newest first.

    A day is the runner's: it begins at midnight where the runner lives.
    """
    zone = ZoneInfo(accounts.runner(runner_id).tz)
    return _between(runner_id, start, end, zone)


def summary(runner_id: int, start: date, end: date) -> Period:
    """Add up the runs from `start` up to and without `end`, with every week that touches it."""
    zone = ZoneInfo(accounts.runner(runner_id).tz)
    runs = [a for a in _between(runner_id, start, end, zone) if a.sport is Sport.RUN]
    weeks = []
    monday = start - timedelta(days=start.weekday())
    while monday < end:
        following = monday + timedelta(days=7)
        inside = [a for a in runs if monday <= _day(a.started_at, zone) < following]
        weeks.append(Week(monday, len(inside), sum((a.distance_m for a in inside), 0.0)))
        monday = following
    distance_m = sum((a.distance_m for a in runs), 0.0)
    moving_s = sum((a.moving_s for a in runs), 0.0)
    climb_m = sum((a.climb_m for a in runs), 0.0)
    return Period(start, end, len(runs), distance_m, moving_s, climb_m, tuple(weeks))


def track(runner_id: int, activity_id: int, max_points: int = 1000) -> list[TrackPoint]:
    """Return the points of an activity, thinned evenly to `max_points`."""
    found = tracks(runner_id, [activity_id], max_points)
    if activity_id not in found:
        raise NotYours(activity_id)
    return found[activity_id]


def tracks(
    runner_id: int, activity_ids: Sequence[int], max_points: int = 1000
) -> dict[int, list[TrackPoint]]:
    """Return the points of several activities in one query; others' are left out."""
    query = select(store.Track).join(store.Entry, store.Entry.id == store.Track.activity_id)
    query = query.where(store.Entry.runner_id == runner_id, store.Entry.id.in_(activity_ids))
    with store.reading() as session:
        packed = {row.activity_id: row.points for row in session.scalars(query)}
    return {key: analysis.thin(columns.unpack(value), max_points) for key, value in packed.items()}


def splits(runner_id: int, activity_id: int) -> list[Split]:
    """Return the kilometres of an activity."""
    with store.reading() as session:
        rows = _mine(session, runner_id, activity_id).splits
        return [db.value_of(Split, row) for row in rows]


def bests(runner_id: int, since: date | None = None) -> list[Best]:
    """Return the runner's fastest times, shortest distance first; the older one of equals."""
    zone = ZoneInfo(accounts.runner(runner_id).tz)
    with store.reading() as session:
        found = _fastest(session, runner_id, zone, since=since)
    return [found[distance] for distance in sorted(found)]


def load(runner_id: int, activity_id: int) -> float:
    """Return what an activity asked of the runner's body, an easy hour being some 60."""
    runner = accounts.runner(runner_id)
    return loads.load(get(runner_id, activity_id), runner, _threshold(runner_id))


def fitness(runner_id: int, start: date, end: date) -> list[Fitness]:
    """Return fitness, fatigue and form at the end of each day from `start` up to without `end`."""
    runner, entry = accounts.runner(runner_id), store.Entry
    zone, threshold = ZoneInfo(runner.tz), _threshold(runner_id)
    first = start - timedelta(days=loads.WARM_UP_DAYS)
    # A year of activities is read for each dashboard: as rows, in a third of the time.
    query = _inside(runner_id, first, end, zone).with_only_columns(
        entry.started_at, entry.sport, entry.distance_m, entry.moving_s, entry.avg_hr
    )
    per_day: dict[date, float] = defaultdict(float)
    with store.reading() as session:
        rows: Any = session.execute(query)
        for run in rows:
            day = _day(run.started_at, zone)
            per_day[day] += loads.load(run, runner, threshold)
    return [day for day in loads.curve(per_day, first, end) if day.day >= start]


def newest(runner_id: int) -> int:
    """Return the number of the activity that came into the log last, or 0."""
    with store.reading() as session:
        query = select(func.max(store.Entry.id)).where(store.Entry.runner_id == runner_id)
        return session.scalars(query).one() or 0


def active_since(instant: datetime) -> list[int]:
    """Return the numbers of the runners who were active after `instant`."""
    query = select(store.Entry.runner_id).where(store.Entry.started_at > instant).distinct()
    with store.reading() as session:
        return sorted(session.scalars(query))


def edit(runner_id: int, activity_id: int, changes: ActivityChanges) -> Activity:
    """Change title, notes and sport; another sport earns or loses the best efforts.

    With another sport it is announced with `activity_added` again, as what it is now.

    Raises:
        Invalid: A value cannot be kept; nothing was changed.
    """
    title = "".join(c for c in " ".join(changes.title.split()) if unicodedata.category(c) != "Cc")
    if not 1 <= len(title) <= MAX_TITLE:
        raise Invalid("title", f"a title has 1 to {MAX_TITLE} characters")
    if len(changes.notes) > MAX_NOTES:
        raise Invalid("notes", f"notes have at most {MAX_NOTES:,} characters")
    with store.writing() as session:
        entry = _mine(session, runner_id, activity_id)
        entry.title = title
        entry.notes = changes.notes.strip()
        if entry.sport != changes.sport:
            entry.sport = changes.sport.value
            row = session.get_one(store.Track, activity_id)
            entry.bests = _best_rows(changes.sport, columns.unpack(row.points))
            session.add(_news(activity_id, runner_id))
        edited = _activity(entry)
    announce(activity_id)
    return edited


def delete(runner_id: int, activity_id: int) -> None:
    """Take an activity out of the log, and announce it with `activity_deleted`."""
    with store.writing() as session:
        entry = _mine(session, runner_id, activity_id, selectinload(store.Entry.track))
        session.delete(entry)
        session.add(_news(activity_id, runner_id, is_deleted=True))
    announce(activity_id)


def announce(activity_id: int | None = None) -> None:
    """Tell that an activity came or left, or that all did of which somebody could not hear yet.

    What happened to one is told in its order, again until it is taken.
    """
    query, untold = select(store.News).order_by(store.News.id).limit(_TOLD), set[int]()
    if activity_id is not None:
        query = query.filter_by(activity_id=activity_id)
    with store.reading() as session:
        waiting = session.scalars(query).all()
    until = time.monotonic() + _TELLING_S
    for news in waiting:
        if news.activity_id in untold or time.monotonic() > until:
            continue
        if _tell(news.runner_id, news.activity_id, is_deleted=news.is_deleted):
            with store.writing() as session:
                session.execute(delete_rows(store.News).where(store.News.id == news.id))
        else:
            untold.add(news.activity_id)


def _tell(runner_id: int, activity_id: int, *, is_deleted: bool) -> bool:
    if is_deleted:
        who = {"runner_id": runner_id, "activity_id": activity_id}
        return tell(activity_deleted, "longrun.activities", **who)
    try:
        activity = get(runner_id, activity_id)
    except NotYours:  # It left the log since; that is told next.
        return True
    return tell(activity_added, "longrun.activities", activity=activity)


def _news(activity_id: int, runner_id: int, *, is_deleted: bool = False) -> store.News:
    return store.News(activity_id=activity_id, runner_id=runner_id, is_deleted=is_deleted)


def _fastest(
    session: Session,
    runner_id: int,
    zone: ZoneInfo,
    distances: Sequence[float] | None = None,
    since: date | None = None,
) -> dict[float, Best]:
    """Return the best for each distance; only the first of each is fetched, in whole days."""
    rank = func.row_number().over(
        partition_by=store.BestRow.distance_m,
        order_by=(store.BestRow.seconds, store.Entry.started_at),
    )
    row = store.BestRow
    query = select(row.distance_m, row.seconds, row.activity_id, store.Entry.started_at, rank)
    query = query.join(store.Entry, store.Entry.id == row.activity_id)
    query = query.where(store.Entry.runner_id == runner_id)
    if distances is not None:
        query = query.where(row.distance_m.in_(distances))
    if since is not None:
        query = query.where(store.Entry.started_at >= _midnight(since, zone))
    ranked = query.subquery()
    found = session.execute(select(ranked).where(list(ranked.c)[-1] == 1))
    return {m: Best(m, s, number, _day(at, zone)) for m, s, number, at, _ in found}


@account_deleted.connect
def forget(_sender: str, runner_id: int) -> None:
    """Delete all activities of a runner whose account is gone. Safe to repeat."""
    mine = select(store.Entry.id).where(store.Entry.runner_id == runner_id)
    with store.writing() as session:
        for table in (store.Track, store.SplitRow, store.BestRow):
            session.execute(delete_rows(table).where(table.activity_id.in_(mine)))
        for table in (store.Entry, store.News):
            session.execute(delete_rows(table).where(table.runner_id == runner_id))


def _mine(session: Session, runner_id: int, activity_id: int, *options: ORMOption) -> store.Entry:
    entry = session.get(store.Entry, activity_id, options=options)
    if entry is None or entry.runner_id != runner_id:
        raise NotYours(activity_id)
    return entry


def _threshold(runner_id: int) -> float:
    """Return the metres a second that the runner can hold for about an hour."""
    row, entry = store.BestRow, store.Entry
    query = select(func.max(row.distance_m / row.seconds))
    query = query.join(entry, entry.id == row.activity_id)
    query = query.where(entry.runner_id == runner_id, row.distance_m == loads.THRESHOLD_M)
    with store.reading() as session:
        return session.scalar(query) or loads.THRESHOLD_M_PER_S


def _newest(runner_id: int) -> Select[Any]:
    query = select(store.Entry).where(store.Entry.runner_id == runner_id)
    return query.order_by(store.Entry.started_at.desc(), store.Entry.id.desc())


def _inside(runner_id: int, start: date, end: date, zone: ZoneInfo) -> Select[Any]:
    started = store.Entry.started_at
    return _newest(runner_id).where(
        started >= _midnight(start, zone), started < _midnight(end, zone)
    )


def _between(runner_id: int, start: date, end: date, zone: ZoneInfo) -> list[Activity]:
    with store.reading() as session:
        entries = session.scalars(_inside(runner_id, start, end, zone))
        return [_activity(entry) for entry in entries]


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, clock(), zone)


def _day(instant: datetime, zone: ZoneInfo) -> date:
    return instant.astimezone(zone).date()


def _default_title(rec: Recording, zone: ZoneInfo, say: Words) -> str:
    hour = rec.started_at.astimezone(zone).hour
    name = next(name for before, name in _HOURS if hour < before)
    sport = say("activity") if rec.sport is Sport.OTHER else say(rec.sport.value)
    return say(name, sport=sport)


def _entry(runner_id: int, digest: str, rec: Recording) -> store.Entry:
    points = rec.points
    return store.Entry(
        runner_id=runner_id,
        digest=digest,
        notes="",
        sport=rec.sport.value,
        started_at=rec.started_at,
        distance_m=points[-1].d,
        moving_s=analysis.moving_seconds(points),
        elapsed_s=points[-1].t - points[0].t,
        climb_m=analysis.climb(points),
        avg_hr=analysis.average_hr(points),
        max_hr=max((point.hr for point in points if point.hr is not None), default=None),
        source=rec.source.value,
        device=rec.device[:80],
        track=store.Track(points=columns.pack(points)),
        splits=[store.SplitRow(**asdict(split)) for split in analysis.splits(points)],
        bests=_best_rows(rec.sport, points),
    )


def _best_rows(sport: Sport, points: Sequence[TrackPoint]) -> list[store.BestRow]:
    efforts = analysis.best_efforts(sport, points)
    return [store.BestRow(distance_m=metres, seconds=s) for metres, s in efforts.items()]


def _activity(entry: store.Entry) -> Activity:
    return db.value_of(Activity, entry, sport=Sport(entry.sport), source=Source(entry.source))
