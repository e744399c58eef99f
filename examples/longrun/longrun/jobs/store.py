"""The tables of jobs and the session on them. Private to this package."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from longrun import db
from longrun.db import Words


class Table(db.Tables, DeclarativeBase):
    """The tables of jobs."""


class Job(Table):
    """One upload. Its files are in the directory `place`, named by their number."""

    __tablename__ = "import_job"

    id: Mapped[int] = mapped_column(primary_key=True)
    runner_id: Mapped[int] = mapped_column(index=True)
    place: Mapped[str] = mapped_column(Words(32))
    created_at: Mapped[datetime]
    # When it was last worked on: the others have their turn first.
    worked_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
    listed: Mapped[bool] = mapped_column(default=False)
    # Activities with higher numbers did not exist when it began.
    after_id: Mapped[int] = mapped_column(default=0)


class File(Table):
    """One file of a job, or one member of an archive: its place in the directory of the ZIP."""

    __tablename__ = "import_file"
    __table_args__ = (Index("import_file_by_outcome", "job_id", "outcome"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    job_id: Mapped[int] = mapped_column(ForeignKey("import_job.id", ondelete="CASCADE"))
    upload: Mapped[int]
    member: Mapped[int | None]
    name: Mapped[str] = mapped_column(Words(120))
    title: Mapped[str] = mapped_column(Words(120), default="")
    # Of the archive's table; empty where the file itself says it.
    sport: Mapped[str] = mapped_column(Words(8), default="")
    outcome: Mapped[str] = mapped_column(Words(9), default="waiting")
    attempts: Mapped[int] = mapped_column(default=0)
    retry_at: Mapped[datetime]
    activity_id: Mapped[int | None]
    reason: Mapped[str] = mapped_column(Words(200), default="")


class Attendance(Table):
    """When somebody last looked for work."""

    __tablename__ = "job_attendance"

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime]


_sessions = db.Sessions("jobs")
reading, writing = _sessions.reading, _sessions.writing
