"""The tables of training and the session on them. Private to this package.

The columns are the fields of the values, in their order: a row is a value's arguments.
"""

from sqlalchemy import Column, Date, Enum, Float, ForeignKey, Integer, MetaData, Table

from longrun import db
from longrun.db import Words
from longrun.model import WorkoutKind

_TABLES = MetaData()
RACE = Table(
    "race",
    _TABLES,
    Column("id", Integer, primary_key=True),
    Column("name", Words(120), nullable=False),
    Column("on", Date, nullable=False, index=True),
    Column("distance_m", Float, nullable=False),
    Column("location", Words(120), nullable=False),
    Column("url", Words(500), nullable=False),
    Column("added_by", Integer),
)
ENTRY = Table(
    "race_entry",
    _TABLES,
    Column("runner_id", Integer, primary_key=True),
    Column("race_id", ForeignKey("race.id"), primary_key=True),
    # Days before this one belong to the plans of then.
    Column("since", Date, nullable=False),
    Column("target_s", Float),
    # Weekdays as digits, 0 is Monday.
    Column("days", Words(7), nullable=False),
    Column("max_hours", Float, nullable=False),
)
WORKOUT = Table(
    "race_workout",
    _TABLES,
    Column("race_id", ForeignKey("race.id"), primary_key=True),
    Column("on", Date, primary_key=True),
    Column("kind", Enum(WorkoutKind, native_enum=False, length=16), nullable=False),
    Column("distance_m", Float, nullable=False),
    Column("hard_m", Float, nullable=False),
    Column("pace_from", Float, nullable=False),
    Column("pace_to", Float, nullable=False),
    Column("text", Words(200), nullable=False),
    Column("done_by", Integer),
    Column("runner_id", Integer, primary_key=True, index=True),
)
# What the address of a runner's calendar is made of, until it is renewed.
CALENDAR = Table(
    "race_calendar",
    _TABLES,
    Column("runner_id", Integer, primary_key=True),
    Column("key", Words(32), nullable=False),
)


_sessions = db.Sessions("training")
reading, writing = _sessions.reading, _sessions.writing
