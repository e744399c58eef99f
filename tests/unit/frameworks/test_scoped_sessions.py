"""seamline.frameworks.scoped_sessions: what callers do with the sessions that they share."""

import contextvars

import pytest
from sqlalchemy import Column, Integer, String, create_engine, text
from sqlalchemy.orm import declarative_base, scoped_session, scoping, sessionmaker

from seamline.errors import WireError
from seamline.frameworks import scoped_sessions, sqlalchemy_sessions
from seamline.wire import Codec, TypeTable

Base = declarative_base()


class Entry(Base):
    __tablename__ = "entry"
    id = Column(Integer, primary_key=True)
    text = Column(String)


@pytest.fixture
def engine(tmp_path):
    scoped_sessions.watch(scoping)
    sqlalchemy_sessions.watch(scoping)
    found = create_engine(f"sqlite:///{tmp_path}/shop.db")
    Base.metadata.create_all(found)
    with found.begin() as connection:
        connection.execute(text("insert into entry values (1, 'old')"))
    yield found
    found.dispose()
    sqlalchemy_sessions.unwatch()
    scoped_sessions.unwatch()


@pytest.fixture
def contexts():
    return sqlalchemy_sessions.SessionContexts(Codec(TypeTable(())))


def call(contexts, function):
    """Return what a host tells of a function that ran there."""

    def run():
        visit = contexts.enter(contexts.pack(), "shop.rename")
        function()
        return visit.changes()

    return contextvars.Context().run(run)


def rename(engine, word, end):
    """Return a function that changes the row in a shared session of its own, and ends it."""
    shared = scoped_session(sessionmaker(engine))

    def run():
        shared.get(Entry, 1).text = word
        shared.flush()
        getattr(shared, end)()
        shared.remove()

    return run


def change(engine, word):
    with engine.begin() as connection:
        connection.execute(text(f"update entry set text = '{word}'"))


@pytest.mark.parametrize(("end", "word"), [("commit", "new"), ("rollback", "meanwhile")])
def test_a_shared_session_of_the_callers_ends_as_the_hosts_did(
    engine, contexts, end, word
) -> None:
    shared = scoped_session(sessionmaker(engine))
    mine = shared.get(Entry, 1)
    assert mine.text == "old"
    change(engine, "meanwhile")

    told = call(contexts, rename(engine, "new", end))
    assert mine.text == "old"
    contexts.apply(told)

    assert mine.text == word


def test_what_sessions_keep_when_they_commit_and_sessions_of_ones_own_stay(
    engine, contexts
) -> None:
    keeping = scoped_session(sessionmaker(engine, expire_on_commit=False))
    own = sessionmaker(engine)()
    held = [keeping.get(Entry, 1), own.get(Entry, 1)]

    contexts.apply(call(contexts, rename(engine, "new", "commit")))

    assert [one.text for one in held] == ["old", "old"]


def test_what_ends_no_shared_session_tells_nothing(engine, contexts) -> None:
    def own() -> None:
        with sessionmaker(engine)() as session:
            session.get(Entry, 1).text = "new"
            session.commit()

    def nested() -> None:
        with scoped_session(sessionmaker(engine))() as session, session.begin_nested():
            session.get(Entry, 1)

    assert call(contexts, own) is None
    assert call(contexts, nested) is None


def test_a_registry_of_another_database_is_left_alone(engine, contexts, tmp_path) -> None:
    other = create_engine(f"sqlite:///{tmp_path}/other.db")
    Base.metadata.create_all(other)
    shared = scoped_session(sessionmaker(other))
    shared.add(Entry(id=2, text="mine"))

    told = call(contexts, rename(engine, "new", "commit"))
    contexts.apply(told)

    assert told is not None
    assert len(shared.new) == 1
    other.dispose()


def test_what_a_function_further_away_ended_is_told_to_each_caller(engine, contexts) -> None:
    told = call(contexts, rename(engine, "new", "commit"))

    assert call(contexts, lambda: contexts.apply(told)) == told


def test_a_peer_that_tells_something_else_is_refused(contexts) -> None:
    codec = Codec(TypeTable(()))
    for wrong in (1, (("a", ("drop",)),), (("a",),)):
        with pytest.raises(WireError, match="what became of sessions"):
            contexts.apply(codec.encode(wrong, where="x"))
