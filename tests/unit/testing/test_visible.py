"""seamline.testing.visible: which connections no other process can see."""

import gc
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy

from seamline.testing.visible import Connections, Sessions


@pytest.fixture
def connections() -> Iterator[Connections]:
    watching = Connections(Path(__file__).parent)
    watching.watch()
    yield watching
    watching.end()


def what(connections: Connections) -> list[str]:
    return [one.what for one in connections.unseen()]


@pytest.mark.parametrize(
    ("name", "is_uri"), [(":memory:", False), ("", False), ("file:x?mode=memory", True)]
)
def test_a_database_in_memory_is_seen_until_it_is_closed(connections, name, is_uri):
    with closing(sqlite3.connect(name, uri=is_uri)):
        (unseen,) = connections.unseen()

    assert unseen.what == "in-memory database"
    assert unseen.detail.startswith("opened at test_visible.py:")
    assert what(connections) == []


def test_a_transaction_is_seen_until_it_is_committed(connections, tmp_path):
    with closing(sqlite3.connect(tmp_path / "a.db")) as database:
        database.execute("create table t (a)")
        assert what(connections) == []
        database.execute("insert into t values (1)")
        assert what(connections) == ["uncommitted transaction"]
        database.commit()
        assert what(connections) == []


def test_a_connection_that_nobody_holds_any_more_is_not_seen(connections):
    database = sqlite3.connect(":memory:")
    assert what(connections) == ["in-memory database"]

    database.close()
    del database
    gc.collect()

    assert what(connections) == []


def test_a_connection_of_another_thread_is_seen_without_an_error(connections, tmp_path):
    opened, looked = threading.Event(), threading.Event()

    def hold() -> None:
        with closing(sqlite3.connect(tmp_path / "a.db")) as database:
            database.execute("create table t (a)")
            database.execute("insert into t values (1)")
            opened.set()
            looked.wait(30)

    thread = threading.Thread(target=hold)
    thread.start()
    opened.wait(30)
    seen = what(connections)
    looked.set()
    thread.join()

    assert seen == ["uncommitted transaction"]
    assert what(connections) == []


def test_what_other_projects_and_tools_open_is_theirs(tmp_path):
    elsewhere = Connections(tmp_path)
    elsewhere.watch()

    with closing(sqlite3.connect(":memory:")):
        seen = what(elsewhere)
    elsewhere.end()

    assert seen == []


def test_a_connection_that_a_fixture_holds_is_kept_in_mind_between_tests(connections, tmp_path):
    with closing(sqlite3.connect(tmp_path / "a.db")) as database:
        connections.forget()
        database.execute("create table t (a)")
        database.execute("insert into t values (1)")

        assert what(connections) == ["uncommitted transaction"]


def test_sessions_of_sqlalchemy_are_seen_while_they_hold_what_they_wrote(connections, tmp_path):
    engine = sqlalchemy.create_engine(f"sqlite:///{tmp_path}/a.db")
    with engine.begin() as connection:
        connection.execute(sqlalchemy.text("create table t (a)"))
    assert what(connections) == []

    with engine.connect() as connection:
        connection.execute(sqlalchemy.text("select * from t")).all()
        assert what(connections) == []
        connection.execute(sqlalchemy.text("insert into t values (1)"))
        assert what(connections) == ["uncommitted transaction"]
        connection.commit()
        assert what(connections) == []
    engine.dispose()


def test_an_engine_in_memory_is_seen_for_as_long_as_its_pool_holds_it(connections):
    engine = sqlalchemy.create_engine("sqlite://")
    with engine.connect():
        assert what(connections) == ["in-memory database"]
    assert what(connections) == ["in-memory database"]

    engine.dispose()

    assert what(connections) == []


def test_a_transaction_that_another_thread_is_about_to_end_is_not_the_callers(
    connections, tmp_path
):
    begun, may_end = threading.Event(), threading.Event()

    def write():
        with closing(sqlite3.connect(tmp_path / "a.db")) as database:
            database.execute("create table t (a)")
            database.execute("insert into t values (1)")
            begun.set()
            may_end.wait(30)
            database.commit()

    thread = threading.Thread(target=write)
    thread.start()
    begun.wait(30)
    threading.Timer(0.1, may_end.set).start()

    assert what(connections) == []
    thread.join()


def test_what_a_session_has_not_written_yet_is_seen_until_it_is(tmp_path):
    from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

    class Base(DeclarativeBase):
        pass

    class User(Base):
        __tablename__ = "user"
        id: Mapped[int] = mapped_column(primary_key=True)

    engine = sqlalchemy.create_engine(f"sqlite:///{tmp_path}/a.db")
    Base.metadata.create_all(engine)
    sessions = Sessions()
    sessions.begin_test()  # those that other tests of this process left are theirs
    with Session(sqlalchemy.create_engine("sqlite://")) as other:
        other.add(User())
        assert list(sessions.unseen()) == []
    with Session(engine) as session:
        assert list(sessions.unseen()) == []
        session.add(User())
        (unseen,) = sessions.unseen()
        session.flush()
        assert list(sessions.unseen()) == []
        user = session.get(User, 1)
        user.id = 1
        assert list(sessions.unseen()) == []
        session.delete(user)
        assert [one.what for one in sessions.unseen()] == ["uncommitted transaction"]
        sessions.begin_test()
        assert list(sessions.unseen()) == []
    assert unseen.detail == "a session holds User, not written yet"
    engine.dispose()
