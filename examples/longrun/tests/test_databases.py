"""Where longrun keeps its tables: their versions, and what differs between databases."""

import os
import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from importlib import import_module
from pathlib import Path
from threading import Barrier

import longrun_files as files
import pytest
import sqlalchemy
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from longrun.errors import BadCredentials, Invalid
from longrun.model import Goal, Runner
from longrun.training.store import RACE
from longrun_databases import OWNERS
from sqlalchemy import func, insert, select

from conftest import PASSWORD, Browser, Sql
from longrun import accounts, activities, db, training

FIRST = Path(__file__).parent / "first_version.sql"


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[db.Sessions]:
    """Sessions on a file that nobody else has open."""
    monkeypatch.setenv("LONGRUN_DATABASE", f"sqlite:///{tmp_path}/own.db")
    sessions = db.Sessions("training")
    yield sessions
    sessions.close()


@pytest.fixture
def old(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A database that the first longrun left, with a runner and a run."""
    path = tmp_path / "old.db"
    connection = sqlite3.connect(path)
    connection.executescript(FIRST.read_text())
    connection.close()
    monkeypatch.setenv("LONGRUN_DATABASE", f"sqlite:///{path}")
    return path


def test_a_database_of_the_first_version_is_brought_up_to_date_without_loss(old: Path) -> None:
    runner = accounts.vouch("old@example.com")
    (run,) = activities.latest(runner.id)

    assert (runner.name, runner.tz, runner.is_admin, runner.born) == (
        "Old", "Europe/Paris", False, None,
    )  # fmt: skip
    assert accounts.authenticate("old@example.com", PASSWORD) == runner
    assert (run.title, run.distance_m, run.started_at) == ("of then", 5000, files.STARTED_AT)
    points = activities.track(runner.id, run.id, 10_000)
    assert [point.t for point in points] == [point.t for point in files.recording().points]
    assert round(points[-1].d) == run.distance_m
    assert [best.distance_m for best in activities.bests(runner.id)] == [1000, 1609.344, 5000]
    assert len(activities.splits(runner.id, run.id)) == 5
    assert accounts.token_owner(accounts.create_token(runner.id, "watch")) == runner
    assert training.races(date(2026, 1, 1)) == []


def test_without_a_url_each_package_has_a_file_of_its_own(
    own_place: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("LONGRUN_DATABASE")
    runner = accounts.register("own@example.com", PASSWORD, "Own", confirmed=True)
    activities.add(runner.id, files.recording())

    for owner, table in (("accounts", "account"), ("activities", "activity")):
        connection = sqlite3.connect(tmp_path / "instance" / f"{owner}.db")
        names = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        made = {name for (name,) in names if not name.startswith("sqlite_")}
        connection.close()
        assert table in made
        assert all(name.startswith((table, f"{owner}_version")) for name in made)


def test_whoever_began_with_one_file_for_all_packages_keeps_it(
    old: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("LONGRUN_DATABASE")
    (tmp_path / "instance").mkdir()
    old.rename(tmp_path / "instance" / "longrun.db")

    assert accounts.vouch("old@example.com").name == "Old"
    assert not list((tmp_path / "instance").glob("accounts.db*"))


def test_a_database_that_noted_no_versions_but_has_all_tables_keeps_them(
    ann: Runner, sql: Sql, database: str
) -> None:
    for owner in OWNERS:
        sql(f"DROP TABLE {owner}_version")
        db.open_engine(database, owner).dispose()

    assert sql("SELECT version_num FROM accounts_version") == [("0002",)]
    assert accounts.runner(ann.id) == ann


def test_a_database_of_a_later_version_is_left_alone(sql: Sql, database: str) -> None:
    sql("UPDATE accounts_version SET version_num = '9999'")

    with pytest.raises(RuntimeError, match=r"at accounts 9999.*install the version"):
        db.open_engine(database, "accounts")

    assert sql("SELECT version_num FROM accounts_version") == [("9999",)]


@pytest.mark.parametrize("owner", OWNERS)
def test_migrations_make_what_the_package_works_with_and_nothing_else(
    owner: str, tmp_path: Path
) -> None:
    engine = db.open_engine(f"sqlite:///{tmp_path}/one.db", owner)
    store = import_module(f"longrun.{owner}.store")
    tables = store.RACE.metadata if owner == "training" else store.Table.metadata

    with engine.connect() as connection:
        options = {"version_table": f"{owner}_version", "compare_type": True}
        context = MigrationContext.configure(connection, opts=options)
        assert compare_metadata(context, tables) == []


def test_those_who_open_a_new_database_at_once_make_its_tables_once(
    tmp_path: Path, sql: Sql, database: str
) -> None:
    for owner in OWNERS:
        url = f"sqlite:///{tmp_path}/new.db" if database.startswith("sqlite") else database
        with ThreadPoolExecutor(4) as pool:
            opened = list(pool.map(lambda owner, url=url: db.open_engine(url, owner), [owner] * 4))
        for engine in opened:
            assert sqlalchemy.inspect(engine).has_table(f"{owner}_version")
            engine.dispose()


def test_text_with_nul_is_kept_without_it(ann: Runner) -> None:
    added = activities.add(ann.id, files.recording(), title="up\0hill")

    assert activities.get(ann.id, added.id).title == "uphill"
    with pytest.raises(BadCredentials):
        accounts.authenticate("nobody\0@example.com", PASSWORD)


@pytest.mark.parametrize("number", [2**31, 2**63, 10**30])
@pytest.mark.parametrize("page", ["/runs/{}", "/races/{}", "/imports/{}", "/api/v1/runs/{}"])
def test_a_number_that_no_database_counts_to_is_not_found(
    at_home: Browser, page: str, number: int
) -> None:
    assert at_home.get(page.format(number)).status_code == 404


def test_what_one_writer_read_stays_true_until_it_is_done(ann: Runner) -> None:
    with ThreadPoolExecutor(8) as pool:
        keys = set(pool.map(training.calendar_key, [ann.id] * 8))

    assert len(keys) == 1


def test_two_who_enter_one_race_at_once_leave_one_plan(ann: Runner) -> None:
    on = datetime.now(UTC).date() + timedelta(weeks=20)
    race = training.add_race(ann.id, "Lake run", on, 10_000)
    goal = Goal(None, frozenset(range(7)), 8)

    with ThreadPoolExecutor(2) as pool:
        plans = list(pool.map(training.enter, [ann.id] * 2, [race.id] * 2, [goal] * 2))

    assert plans[0] == plans[1] == training.plan(ann.id, race.id)


def test_a_client_with_more_scopes_than_are_kept_is_refused() -> None:
    with pytest.raises(Invalid, match="400 characters"):
        accounts.add_client("screen", ["longrun"], [f"scope:{number}" for number in range(60)])


def test_what_is_written_is_not_waited_for_until_it_is_in_the_file_itself(
    own: db.Sessions, tmp_path: Path
) -> None:
    with own.writing() as session:
        session.execute(sqlalchemy.text("DELETE FROM race"))

    # The last connection that closes would have written it back and removed it.
    assert (tmp_path / "own.db-wal").exists()


def test_writers_of_one_process_take_turns_before_they_ask_the_database(
    own: db.Sessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_up = db._set_up  # noqa: SLF001 - what a connection is told

    def impatient(connection: sqlite3.Connection, record: object) -> None:
        set_up(connection, record)
        connection.execute("PRAGMA busy_timeout = 0")  # who meets another writer is refused

    monkeypatch.setattr(db, "_set_up", impatient)

    at_once = Barrier(8)

    def write(thread: int) -> None:
        at_once.wait()
        for number in range(20):
            row = {"name": f"{thread} {number}", "on": date(2026, 1, 1), "distance_m": 1.0}
            with own.writing() as session:
                session.execute(insert(RACE).values(**row, location="", url=""))

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(write, range(8)))

    with own.reading() as session:
        assert session.scalar(select(func.count(RACE.c.id))) == 8 * 20


def test_a_writer_that_does_not_end_is_not_waited_for_without_an_end(
    own: db.Sessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(db, "BUSY_SECONDS", 0.01)

    with own.writing(), pytest.raises(TimeoutError), own.writing():
        pass

    with own.writing() as session:
        assert session.scalar(select(func.count(RACE.c.id))) == 0


def test_a_fork_neither_uses_nor_closes_what_its_parent_opened(
    own: db.Sessions, tmp_path: Path
) -> None:
    with own.reading() as session:
        session.execute(sqlalchemy.text("SELECT 1"))

    child = os.fork()
    if child == 0:
        try:
            with own.writing() as session:
                session.execute(sqlalchemy.text("DELETE FROM race"))
        finally:
            os._exit(0 if (tmp_path / "own.db-wal").exists() else 1)
    _, status = os.waitpid(child, 0)

    assert status == 0
    with own.writing() as session:
        assert session.execute(sqlalchemy.text("PRAGMA integrity_check")).scalar() == "ok"
