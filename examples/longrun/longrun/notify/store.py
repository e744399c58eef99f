"""The tables of notify and the session on them. Private to this package."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import lru_cache

from sqlalchemy import Index, LargeBinary, String, Text
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, sessionmaker

from longrun import db


class Table(DeclarativeBase):
    """The tables of notify."""


class Outgoing(Table):
    """One mail. `message` is all of it, and empty once it is delivered: it may hold a secret."""

    __tablename__ = "outbox"
    __table_args__ = (Index("outbox_by_state", "state", "next_at"),)

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    key: Mapped[str | None] = mapped_column(String(80), unique=True)
    runner_id: Mapped[int | None] = mapped_column(index=True)
    to: Mapped[str] = mapped_column(String(300))
    subject: Mapped[str] = mapped_column(String(200))
    message: Mapped[bytes] = mapped_column(LargeBinary)
    state: Mapped[str] = mapped_column(String(8), default="waiting")
    attempts: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime]
    # Also the lease of who is sending it: until then nobody else tries.
    next_at: Mapped[datetime]
    error: Mapped[str] = mapped_column(Text, default="")


class Preference(Table):
    """What a runner chose; who chose nothing has no row."""

    __tablename__ = "mail_preference"

    runner_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    monthly_report: Mapped[bool]
    reminders: Mapped[bool]


@contextmanager
def reading() -> Iterator[Session]:
    """Open a session that only reads."""
    with db.reading(_sessions(db.database_url(), os.getpid())) as session:
        yield session


@contextmanager
def writing() -> Iterator[Session]:
    """Open a session that commits when the block ends."""
    with db.writing(_sessions(db.database_url(), os.getpid())) as session:
        yield session


@lru_cache(maxsize=4)
def _sessions(url: str, _pid: int) -> sessionmaker[Session]:
    # The process is part of the key: a forked one must not share its parent's connections.
    return db.open_sessions(url, Table.metadata)
