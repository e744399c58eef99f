"""How an owner of tables opens its database. Nothing is kept here: each owner keeps its engine."""

import fcntl
import os
import secrets
import sqlite3
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import fields
from pathlib import Path
from typing import Any, Final, TypeVar

from sqlalchemy import Connection, Engine, MetaData, create_engine, event, inspect, make_url
from sqlalchemy.orm import Session, sessionmaker
from sqlalchemy.pool import NullPool
from sqlalchemy.schema import CreateColumn, CreateIndex, CreateTable

Value = TypeVar("Value")
# A writer waits this long for another process's transaction; ours last milliseconds.
BUSY_SECONDS: Final = 15


def instance_dir() -> Path:
    """Return where this installation's files are: `LONGRUN_INSTANCE`, or ./instance."""
    return Path(os.environ.get("LONGRUN_INSTANCE", "instance")).absolute()


def keep_secret(path: Path, secret: str) -> None:
    """Write a file that only its owner reads, unless it is there.

    Of several processes that start at once one makes it, and none reads half of it.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    mine = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    mine.touch(mode=0o600)
    mine.write_text(secret)
    with suppress(FileExistsError):
        path.hardlink_to(mine)
    mine.unlink()


def database_url() -> str:
    """Return where the tables are: `LONGRUN_DATABASE`, or a file in the instance directory."""
    return os.environ.get("LONGRUN_DATABASE") or f"sqlite:///{instance_dir() / 'longrun.db'}"


class Sessions:
    """The sessions on the tables of one package, which keeps this object."""

    def __init__(self, metadata: MetaData) -> None:
        self._metadata = metadata
        self._made: dict[tuple[str, int], sessionmaker[Session]] = {}

    def reading(self) -> AbstractContextManager[Session]:
        """Open a session that only reads."""
        return reading(self._here())

    def writing(self) -> AbstractContextManager[Session]:
        """Open a session that commits when the block ends."""
        return writing(self._here())

    def _here(self) -> sessionmaker[Session]:
        # The process is part of the key: a forked one must not share its parent's connections.
        key = (database_url(), os.getpid())
        if key not in self._made:
            self._made[key] = open_sessions(key[0], self._metadata)
        return self._made[key]


def value_of(kind: type[Value], row: object, **other: Any) -> Value:
    """Return the value whose fields are the row's columns of the same names, but for `other`."""
    names = [f.name for f in fields(kind) if f.name not in other]  # type: ignore[arg-type]
    return kind(**{name: getattr(row, name) for name in names}, **other)


def open_sessions(url: str, metadata: MetaData) -> sessionmaker[Session]:
    """Open the database at `url` and create the tables of `metadata` that are missing."""
    if make_url(url).get_backend_name() != "sqlite":
        engine = create_engine(url, pool_pre_ping=True)
        with engine.begin() as connection:
            metadata.create_all(connection)
            _add_columns(connection, metadata)
        return sessionmaker(engine)
    # Opening a SQLite file costs microseconds, and a connection that is not kept cannot be
    # inherited by a forked process or outlive its file.
    engine = create_engine(url, poolclass=NullPool)
    event.listen(engine, "connect", _set_up)
    event.listen(engine, "begin", _begin)
    _create_tables(engine, metadata)
    return sessionmaker(engine)


@contextmanager
def reading(sessions: sessionmaker[Session]) -> Iterator[Session]:
    """Open a session that sees one state of the database and changes nothing."""
    with sessions() as session:
        yield session


@contextmanager
def writing(sessions: sessionmaker[Session]) -> Iterator[Session]:
    """Open a session that commits when the block ends and takes everything back when it raises."""
    with sessions.begin() as session:
        session.connection(execution_options={"writes": True})
        yield session


def _set_up(connection: sqlite3.Connection, _record: object) -> None:
    # The driver would begin transactions late and only for some statements; _begin says when.
    connection.isolation_level = None
    connection.execute(f"PRAGMA busy_timeout = {BUSY_SECONDS * 1000}")
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA synchronous = NORMAL")


def _begin(connection: Connection) -> None:
    # A transaction that reads first and writes later fails at once when somebody wrote in between,
    # whatever the timeout. Taking the write lock at the start waits instead.
    writes = connection.get_execution_options().get("writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _create_tables(engine: Engine, metadata: MetaData) -> None:
    path = Path(engine.url.database or "")
    path.parent.mkdir(parents=True, exist_ok=True)
    # Two processes that turn a new file to write-ahead logging at once get "database is locked"
    # without waiting, so the first use goes one by one.
    with path.with_name(f"{path.name}.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        raw = sqlite3.connect(path, timeout=BUSY_SECONDS)
        try:
            raw.execute("PRAGMA journal_mode = WAL")
        finally:
            raw.close()
        with engine.connect() as connection, connection.execution_options(writes=True).begin():
            for table in metadata.sorted_tables:
                connection.execute(CreateTable(table, if_not_exists=True))
                for index in sorted(table.indexes, key=lambda index: str(index.name)):
                    connection.execute(CreateIndex(index, if_not_exists=True))
            _add_columns(connection, metadata)


def _add_columns(connection: Connection, metadata: MetaData) -> None:
    # What a database of an older version lacks: each such column may be empty or has a default.
    there = inspect(connection)
    for table in metadata.sorted_tables:
        names = {column["name"] for column in there.get_columns(table.name)}
        for column in table.columns:
            if column.name not in names:
                made = CreateColumn(column).compile(dialect=connection.dialect)
                connection.exec_driver_sql(f"ALTER TABLE {table.name} ADD COLUMN {made}")
