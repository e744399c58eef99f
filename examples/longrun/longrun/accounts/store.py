"""The table of accounts and the session on it. Private to this package."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import lru_cache

from sqlalchemy import String
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, sessionmaker

from longrun import db


class Table(DeclarativeBase):
    """The tables of accounts."""


class Account(Table):
    """One runner as stored."""

    __tablename__ = "account"

    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(String(254), unique=True)
    password: Mapped[str] = mapped_column(String(200))
    name: Mapped[str] = mapped_column(String(80))
    tz: Mapped[str] = mapped_column(String(64))
    units: Mapped[str] = mapped_column(String(2))
    max_hr: Mapped[int | None]
    confirmed_at: Mapped[datetime | None]
    created_at: Mapped[datetime]


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
