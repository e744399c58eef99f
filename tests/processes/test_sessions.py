"""A session of SQLAlchemy that a framework ends: what a call leaves in it, and what it misses."""

import json

import pytest

pytestmark = pytest.mark.processes

TOML = """
name = "ledger"
[services.web]
http = "ledger.web:app"
[services.books]
package = "ledger.books"
"""
DATABASE = """
from flask import current_app
from sqlalchemy import create_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, scoped_session, sessionmaker

engine = create_engine("sqlite:///ledger.db")
session = scoped_session(sessionmaker(engine))


class Base(DeclarativeBase):
    pass


class Entry(Base):
    __tablename__ = "entry"
    id: Mapped[int] = mapped_column(primary_key=True)
    text: Mapped[str]


def say(text: str) -> None:
    current_app.logger.debug(text)
"""
BOOKS = """
from sqlalchemy import select, update

from ledger.database import Entry, say, session

_asked: list[str] = []


def note(text: str, how: str) -> int:
    _asked.append(text)
    say(text)
    session.add(Entry(text=text))
    if how == "flushed":
        session.flush()
    if how == "undone":
        session.rollback()
    if how == "nested":
        session.flush()
        with session.begin_nested():
            session.add(Entry(text="inner"))
    if how == "committed":
        session.commit()
    return len(_asked)


def rename(old: str, new: str, how: str) -> int:
    _asked.append(old)
    say(old)
    if how == "statement":
        session.execute(update(Entry).where(Entry.text == old).values(text=new))
    else:
        session.scalars(select(Entry).where(Entry.text == old)).one().text = new
    if how == "committed":
        session.commit()
    return len(_asked)


def tried(old: str) -> int:
    _asked.append(old)
    say(old)
    found = session.scalars(select(Entry).where(Entry.text == old)).one()
    found.text = found.text
    session.flush()
    try:
        with session.begin_nested():
            session.add(Entry(text="twice"))
            session.flush()
            raise KeyError("twice")
    except KeyError:
        return found.id


def end(how: str) -> None:
    _asked.append(how)
    say(how)
    if how == "committed":
        session.commit()
    else:
        session.rollback()


def retext(number: int, text: str, how: str) -> None:
    _asked.append(text)
    say(text)
    session.get(Entry, number).text = text
    session.flush()
    session.commit() if how == "committed" else session.rollback()


def texts() -> list[str]:
    _asked.append("")
    say("texts")
    return list(session.scalars(select(Entry.text).order_by(Entry.id)))
"""
WEB = """
from flask import Flask, jsonify
from sqlalchemy import select
from sqlalchemy.orm import sessionmaker
from sqlalchemy.schema import CreateTable

from ledger import books
from ledger.database import Entry, engine, session

app = Flask(__name__)
app.teardown_appcontext(lambda error: session.remove())
with engine.begin() as connection:  # several processes import this at once
    connection.execute(CreateTable(Entry.__table__, if_not_exists=True))


@app.errorhandler(Exception)
def failed(error):
    session.rollback()
    return jsonify([type(error).__name__, str(error)])


@app.get("/note/<text>/<how>")
def note(text, how):
    books.note(text, how)
    session.commit()
    return jsonify(books.texts())


@app.get("/rename/<old>/<new>/<how>")
def rename(old, new, how):
    books.rename(old, new, how)
    session.commit()
    return jsonify(books.texts())


@app.get("/seen/<text>/<how>")
def seen(text, how):
    mine = session.scalars(select(Entry).order_by(Entry.id)).first()
    with sessionmaker(engine)() as own:
        other = own.get(Entry, mine.id)
        books.retext(mine.id, text, how)
        return jsonify([mine.text, other.text])


@app.get("/end/<text>/<how>")
def end(text, how):
    session.add(Entry(text=text))
    books.end(how)
    return jsonify([text in session.scalars(select(Entry.text)), len(session.new)])


@app.get("/tried/<old>")
def tried(old):
    books.tried(old)
    return jsonify(books.texts())


@app.get("/texts/<how>")
def texts(how):
    if how != "clean":
        session.add(Entry(text="mine"))
    if how == "flushed":
        session.flush()
    if how == "committed":
        session.commit()
    found = books.texts()
    session.rollback()
    return jsonify(found)
"""


@pytest.fixture
def ledger(project):
    """Return what starts the ledger in a layout and returns its pages."""
    package = project.root / "ledger"
    package.mkdir()
    for name, text in (("__init__", ""), ("database", DATABASE), ("books", BOOKS), ("web", WEB)):
        (package / f"{name}.py").write_text(text)
    project.write(TOML)

    def start(layout: str):
        run = project.start("--layout", layout).ready()
        return run, lambda path: json.loads(run.get(path)[1])

    return start


def test_what_a_call_commits_or_undoes_itself_is_as_in_one_process(ledger) -> None:
    for layout in ("mono", "micro"):
        run, page = ledger(layout)

        assert page("/note/a/committed")[-1:] == ["a"], layout
        assert page("/note/b/undone")[-1:] == ["a"], layout
        assert page("/tried/a")[-1:] == ["a"], layout
        assert page("/texts/clean")[-1:] == ["a"], layout
        assert page("/texts/committed")[-1:] == ["mine"], layout
        assert page("/rename/a/done/committed")[0] == "done", layout
        assert page("/rename/mine/done/committed")[-1:] == ["done"], layout
        assert run.stop() == 0


def test_what_a_call_commits_is_read_anew_by_the_session_that_its_caller_shares(ledger) -> None:
    for number, layout in enumerate(("mono", "micro")):
        run, page = ledger(layout)
        assert page(f"/note/a{number}/committed")[-1] == f"a{number}", layout
        before = page("/texts/clean")[0]

        assert page(f"/seen/new{number}/committed") == [f"new{number}", before], layout
        assert page("/seen/never/undone") == [f"new{number}", f"new{number}"], layout
        assert page(f"/end/c{number}/committed") == [True, 0], layout
        assert page("/texts/clean")[-1] == f"c{number}", layout
        assert run.stop() == 0


@pytest.mark.parametrize(
    ("path", "held"),
    [
        ("/note/b/added", "a Entry"),
        ("/note/b/flushed", "what it has flushed"),
        ("/note/b/nested", "what it has flushed"),
        ("/rename/a/b/changed", "a Entry"),
        ("/rename/a/b/statement", "a statement"),
    ],
)
def test_what_a_call_leaves_for_its_caller_to_commit_is_no_silent_loss(ledger, path, held) -> None:
    run, page = ledger("micro")
    assert page("/note/a/committed") == ["a"]

    kind, text = page(path)

    assert kind == "ContextElsewhere"
    assert f"ran and left {held} uncommitted in a session of SQLAlchemy" in text
    assert page("/texts/clean") == ["a"]
    assert run.stop() == 0


@pytest.mark.parametrize("how", ["added", "flushed"])
def test_what_a_caller_has_not_committed_is_not_missed_in_silence(ledger, how) -> None:
    run, page = ledger("micro")
    assert page("/note/a/committed") == ["a"]

    kind, text = page(f"/texts/{how}")

    assert kind == "ContextElsewhere"
    assert "ledger.books.texts looks into sqlite:///ledger.db" in text
    assert page("/texts/clean") == ["a"]
    assert run.stop() == 0
