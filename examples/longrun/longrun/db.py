"""How an owner of tables opens its database and keeps it up to date. Nothing is kept here."""

import fcntl
import os
import secrets
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import fields
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock
from typing import Any, ClassVar, Final, TypeVar
from zlib import crc32

from sqlalchemy import (
    Connection,
    DateTime,
    Dialect,
    Engine,
    String,
    Text,
    TypeDecorator,
    create_engine,
    event,
    inspect,
    make_url,
)
from sqlalchemy.orm import Session
from sqlalchemy.pool import NullPool

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


def database_url(owner: str) -> str:
    """Return where a package's tables are: `LONGRUN_DATABASE`, or a file of the package's own.

    A SQLite file has one writer at a time: so no package waits for another's. Whoever began with
    one file for all keeps it.
    """
    whole = instance_dir() / "longrun.db"
    path = whole if whole.exists() else whole.with_name(f"{owner}.db")
    return os.environ.get("LONGRUN_DATABASE") or f"sqlite:///{path}"


def value_of(kind: type[Value], row: object, **other: Any) -> Value:
    """Return the value whose fields are the row's columns of the same names, but for `other`."""
    names = [f.name for f in fields(kind) if f.name not in other]  # type: ignore[arg-type]
    return kind(**{name: getattr(row, name) for name in names}, **other)


class Instant(TypeDecorator[datetime]):
    """An instant with its zone, kept as UTC without one: SQLite knows no zones."""

    impl, cache_ok = DateTime, True

    def process_bind_param(self, value: datetime | None, _: Dialect) -> datetime | None:
        """Take an instant of any zone."""
        return value and value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, _: Dialect) -> datetime | None:
        """Return it in UTC."""
        return value and value.replace(tzinfo=UTC)


class Words(TypeDecorator[str]):
    """Text without NUL, which PostgreSQL takes for the end of it and refuses."""

    impl, cache_ok = String, True

    def process_bind_param(self, value: str | None, _: Dialect) -> str | None:
        """Leave NUL out."""
        return value and value.replace("\0", "")


class LongText(Words):
    """Text of any length."""

    impl, cache_ok = Text, True


class Tables:
    """What the tables of every package have in common; each package has its own base of them."""

    type_annotation_map: ClassVar = {datetime: Instant}


class Sessions:
    """The sessions on the tables of one package, which keeps this object."""

    def __init__(self, owner: str) -> None:
        self._owner = owner
        self._opened: tuple[str, int, Engine, sqlite3.Connection | None, Lock] | None = None
        self._opening = Lock()
        # A fork may not close what was open before, nor let it go: that closes it, too.
        self._inherited: list[object] = []

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """Open a session that sees one state of the database and changes nothing."""
        engine, _turn = self._engine()
        if engine.name == "postgresql":
            engine = engine.execution_options(isolation_level="REPEATABLE READ")
        with Session(engine) as session:
            yield session

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """Open a session that commits at the block's end and takes all back when it raises.

        The package's writers go one by one: what one has read stays true until it is done. Those
        of one process wait for each other here, since SQLite has whoever waits sleep and look
        again, longer each time.
        """
        engine, turn = self._engine()
        if not turn.acquire(timeout=BUSY_SECONDS):
            raise TimeoutError("another writer of this process does not come to an end")
        try:
            with Session(engine.execution_options(writes=True)) as session, session.begin():
                yield session
        finally:
            turn.release()

    def _engine(self) -> tuple[Engine, Lock]:
        # The process is part of the key: a forked one must not share its parent's connections.
        url, process = database_url(self._owner), os.getpid()
        with self._opening:
            if self._opened is None or self._opened[:2] != (url, process):
                self.close()
                engine = open_engine(url, self._owner)
                self._opened = (url, process, engine, _kept_open(engine), Lock())
            return self._opened[2], self._opened[4]

    def close(self) -> None:
        """Let go of what is open; whoever asks for a session next opens it again."""
        if self._opened is None:
            return
        (_, process, engine, kept, _turn), self._opened = self._opened, None
        is_ours = process == os.getpid()
        engine.dispose(close=is_ours)
        if kept is not None and is_ours:
            kept.close()
        elif kept is not None:
            self._inherited.append(kept)


def _kept_open(engine: Engine) -> sqlite3.Connection | None:
    """Open a SQLite file once more, for nobody's use.

    Whoever closes the last connection writes the log back into the file and waits for the disk,
    which takes longer than most transactions.
    """
    if engine.name != "sqlite":
        return None
    kept = sqlite3.connect(engine.url.database or "", check_same_thread=False)
    kept.execute("PRAGMA schema_version").fetchone()  # only now it has its share of the log
    return kept


def open_engine(url: str, owner: str) -> Engine:
    """Open the database at `url`, and bring the tables of the package `owner` up to date."""
    number = crc32(owner.encode())

    def take_turn(connection: Connection) -> None:
        if connection.get_execution_options().get("writes"):
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({number})")

    if make_url(url).get_backend_name() == "sqlite":
        return _open_file(url, owner)
    engine = create_engine(url, pool_pre_ping=True)
    event.listen(engine, "begin", take_turn)
    try:
        with engine.begin() as connection:
            # Owners one by one, too: Alembic's `op` is the whole process's.
            connection.exec_driver_sql("SELECT pg_advisory_xact_lock(0)")
            _upgrade(connection, owner)
    except BaseException:
        engine.dispose()
        raise
    return engine


def _open_file(url: str, owner: str) -> Engine:
    # Opening a SQLite file costs microseconds, and a connection that is not kept cannot be
    # inherited by a forked process or outlive its file.
    engine = create_engine(url, poolclass=NullPool)
    event.listen(engine, "connect", _set_up)
    event.listen(engine, "begin", _begin)
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
        with engine.execution_options(writes=True).begin() as connection:
            _upgrade(connection, owner)
    return engine


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


def _upgrade(connection: Connection, owner: str) -> None:
    """Run what the database lacks of the owner's migrations, all or nothing."""
    directory, table = Path(__file__).parent / owner / "migrations", f"{owner}_version"
    newest = max(path.stem for path in directory.glob("[0-9]*.py"))
    if inspect(connection).has_table(table):
        found = connection.exec_driver_sql(f"SELECT version_num FROM {table}")  # noqa: S608
        noted = found.scalars().all()
        if noted == [newest]:
            return
        if noted and max(noted) > newest:
            raise RuntimeError(
                f"the database is at {owner} {max(noted)}, and this longrun knows no later one "
                f"than {newest}: install the version that was used with it last, or newer"
            )
    # A fifth of a second to import, and nearly always there is nothing to do.
    from alembic.migration import MigrationContext
    from alembic.operations import Operations
    from alembic.script import ScriptDirectory

    script = ScriptDirectory(str(directory), version_locations=[str(directory)])
    options = {
        "version_table": table,
        "script": script,
        "fn": lambda revision, _context: script._upgrade_revs(newest, revision),  # noqa: SLF001
    }
    context = MigrationContext.configure(connection, opts=options)
    with Operations.context(context):
        context.run_migrations()
