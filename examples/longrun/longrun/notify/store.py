"""The tables of notify and the session on them. Private to this package."""

from datetime import datetime

from sqlalchemy import Index, LargeBinary
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from longrun import db
from longrun.db import LongText, Words


class Table(db.Tables, DeclarativeBase):
    """The tables of notify."""


class Outgoing(Table):
    """One mail. `message` is all of it, and empty once it is delivered: it may hold a secret."""

    __tablename__ = "outbox"
    __table_args__ = (Index("outbox_by_state", "state", "next_at"),)

    id: Mapped[str] = mapped_column(Words(32), primary_key=True)
    key: Mapped[str | None] = mapped_column(Words(80), unique=True)
    runner_id: Mapped[int | None] = mapped_column(index=True)
    to: Mapped[str] = mapped_column(Words(300))
    subject: Mapped[str] = mapped_column(Words(200))
    message: Mapped[bytes] = mapped_column(LargeBinary)
    state: Mapped[str] = mapped_column(Words(8), default="waiting")
    attempts: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime]
    # Also the lease of who is sending it: until then nobody else tries.
    next_at: Mapped[datetime]
    error: Mapped[str] = mapped_column(LongText, default="")


class Preference(Table):
    """What a runner chose; who chose nothing has no row."""

    __tablename__ = "mail_preference"

    runner_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    monthly_report: Mapped[bool]
    reminders: Mapped[bool]


_sessions = db.Sessions("notify")
reading, writing = _sessions.reading, _sessions.writing
