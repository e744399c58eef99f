"""The table of accounts and the session on it. Private to this package."""

import hashlib
from datetime import UTC, date, datetime

from sqlalchemy import ForeignKey, false, select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from longrun import db
from longrun.db import Words
from longrun.errors import NoSuchRunner
from longrun.model import Runner


class Table(db.Tables, DeclarativeBase):
    """The tables of accounts."""


class Account(Table):
    """One runner as stored."""

    __tablename__ = "account"

    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(Words(254), unique=True)
    password: Mapped[str] = mapped_column(Words(200))
    name: Mapped[str] = mapped_column(Words(80))
    tz: Mapped[str] = mapped_column(Words(64))
    units: Mapped[str] = mapped_column(Words(2))
    max_hr: Mapped[int | None]
    confirmed_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    is_admin: Mapped[bool] = mapped_column(default=False, server_default=false())
    rest_hr: Mapped[int | None]
    born: Mapped[date | None]
    sex: Mapped[str | None] = mapped_column(Words(1))
    weight_kg: Mapped[float | None]
    language: Mapped[str] = mapped_column(Words(8), default="en", server_default="en")

    def as_runner(self) -> Runner:
        """Return what the other packages may see: no hash."""
        return db.value_of(Runner, self, confirmed=self.confirmed_at is not None)


class Link(Table):
    """What a link in a mail is good for; only the SHA-256 of its token is kept."""

    __tablename__ = "account_link"

    digest: Mapped[str] = mapped_column(Words(64), primary_key=True)
    runner_id: Mapped[int] = mapped_column(
        ForeignKey("account.id", ondelete="CASCADE"), index=True
    )
    purpose: Mapped[str] = mapped_column(Words(8))
    expires_at: Mapped[datetime]
    # The token itself, until whoever sends the mail has taken it.
    untold: Mapped[str | None] = mapped_column(Words(64))


class Departure(Table):
    """An account that was deleted; `taken` once all who keep rows of it have deleted them."""

    __tablename__ = "account_departure"

    runner_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    taken: Mapped[bool] = mapped_column(default=False)


class ApiToken(Table):
    """A runner's personal token; only its SHA-256 is kept."""

    __tablename__ = "account_token"

    id: Mapped[int] = mapped_column(primary_key=True)
    runner_id: Mapped[int] = mapped_column(
        ForeignKey("account.id", ondelete="CASCADE"), index=True
    )
    name: Mapped[str] = mapped_column(Words(80))
    digest: Mapped[str] = mapped_column(Words(64), unique=True)
    created_at: Mapped[datetime]


class Client(Table):
    """A program that asks for tokens in its own name; lists are words with spaces between."""

    __tablename__ = "account_client"

    id: Mapped[str] = mapped_column(Words(80), primary_key=True)
    digest: Mapped[str] = mapped_column(Words(64))
    audiences: Mapped[str] = mapped_column(Words(400))
    scopes: Mapped[str] = mapped_column(Words(400))


def now() -> datetime:
    """Return the instant it is."""
    return datetime.now(UTC)


def digest(token: str) -> str:
    """Return what is kept of a token, which is random and long: a plain hash tells nothing."""
    return hashlib.sha256(token.encode()).hexdigest()


def account(session: Session, runner_id: int) -> Account:
    """Return the account with this number, or raise `NoSuchRunner`."""
    found = session.get(Account, runner_id)
    if found is None:
        raise NoSuchRunner(runner_id)
    return found


def find(session: Session, email: str) -> Account | None:
    """Return the account with this address, in whatever case."""
    query = select(Account).where(Account.email == email.strip().lower())
    return session.scalars(query).one_or_none()


_sessions = db.Sessions("accounts")
reading, writing = _sessions.reading, _sessions.writing
