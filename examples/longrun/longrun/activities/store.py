"""The tables of the log and the session on them. Private to this package."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, LargeBinary, UniqueConstraint
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

from longrun import db
from longrun.db import LongText, Words


class Table(db.Tables, DeclarativeBase):
    """The tables of activities."""


class Entry(Table):
    """One activity as stored. `runner_id` is a number of another package's: no foreign key."""

    __tablename__ = "activity"
    __table_args__ = (
        UniqueConstraint("runner_id", "digest"),
        Index("activity_by_start", "runner_id", "started_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    runner_id: Mapped[int]
    digest: Mapped[str] = mapped_column(Words(32))
    title: Mapped[str] = mapped_column(Words(120))
    notes: Mapped[str] = mapped_column(LongText)
    sport: Mapped[str] = mapped_column(Words(8))
    started_at: Mapped[datetime]
    distance_m: Mapped[float]
    moving_s: Mapped[float]
    elapsed_s: Mapped[float]
    climb_m: Mapped[float]
    avg_hr: Mapped[int | None]
    max_hr: Mapped[int | None]
    source: Mapped[str] = mapped_column(Words(8))
    device: Mapped[str] = mapped_column(Words(80))

    track: Mapped["Track"] = relationship(cascade="all, delete-orphan", lazy="raise_on_sql")
    splits: Mapped[list["SplitRow"]] = relationship(
        cascade="all, delete-orphan", order_by="SplitRow.km"
    )
    bests: Mapped[list["BestRow"]] = relationship(cascade="all, delete-orphan")


class Track(Table):
    """The points of an activity, packed."""

    __tablename__ = "activity_track"

    activity_id: Mapped[int] = mapped_column(ForeignKey("activity.id"), primary_key=True)
    points: Mapped[bytes] = mapped_column(LargeBinary)


class SplitRow(Table):
    """One kilometre of an activity."""

    __tablename__ = "activity_split"

    activity_id: Mapped[int] = mapped_column(ForeignKey("activity.id"), primary_key=True)
    km: Mapped[int] = mapped_column(primary_key=True)
    distance_m: Mapped[float]
    seconds: Mapped[float]
    climb_m: Mapped[float]
    avg_hr: Mapped[int | None]


class BestRow(Table):
    """The fastest time of an activity over one distance."""

    __tablename__ = "activity_best"

    activity_id: Mapped[int] = mapped_column(ForeignKey("activity.id"), primary_key=True)
    distance_m: Mapped[float] = mapped_column(primary_key=True)
    seconds: Mapped[float]


class News(Table):
    """What is not announced to everybody yet: an activity that came into the log, or left it."""

    __tablename__ = "activity_news"

    id: Mapped[int] = mapped_column(primary_key=True)
    runner_id: Mapped[int]
    activity_id: Mapped[int] = mapped_column(index=True)
    is_deleted: Mapped[bool]


_sessions = db.Sessions("activities")
reading, writing = _sessions.reading, _sessions.writing
