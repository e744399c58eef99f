"""Takes and returns what belongs to a database connection."""

from sqlalchemy import create_engine, select, text
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, sessionmaker

engine = create_engine("sqlite://")
sessions = sessionmaker(engine)


class Table(DeclarativeBase):
    pass


class Entry(Table):
    __tablename__ = "entry"
    id: Mapped[int] = mapped_column(primary_key=True)
    amount: Mapped[int]


def prepare() -> None:
    Table.metadata.create_all(engine)


def total() -> int:
    with sessions() as session:
        return sum(session.scalars(select(Entry.amount)))


def enter(session: Session, amount: int) -> None:
    """Takes a session, and touches the engine."""
    prepare()
    session.add(Entry(amount=amount))


def newest() -> Entry | None:
    """Returns a row."""
    with sessions() as session:
        return session.scalars(select(Entry).order_by(Entry.id.desc())).first()


def connect():
    """Returns a session, and no annotation says so."""
    return Session(engine)


def version(connection):
    """Takes a connection, and no annotation says so; touches nothing of this module."""
    return connection.execute(text("select sqlite_version()")).scalar()
