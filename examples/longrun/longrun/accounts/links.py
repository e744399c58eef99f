"""Links in mails: a random token, good once, for one purpose and for a while."""

import secrets
import time
from datetime import timedelta
from typing import Final, Literal

from sqlalchemy import ColumnElement, delete, func, select, update
from sqlalchemy.orm import Session

from longrun.accounts import store
from longrun.errors import BadLink
from longrun.model import Runner
from longrun.signals import reset_requested, tell, user_registered

Purpose = Literal["confirm", "reset"]

_GOOD_FOR: Final = {"confirm": timedelta(days=2), "reset": timedelta(hours=1)}
_SIGNALS: Final = {"confirm": user_registered, "reset": reset_requested}
# What was not taken at once is told in portions.
_TOLD: Final = 20
# So many mails somebody can have sent to an address that may be another's.
MAX_LINKS: Final = 5
# An answer takes as long as it takes to put a mail into the outbox of another process.
ANSWER_SECONDS: Final = 0.1


def make(session: Session, runner_id: int, purpose: Purpose) -> None:
    """Make a new link, which is to be announced."""
    token, until = secrets.token_urlsafe(32), store.now() + _GOOD_FOR[purpose]
    row = {
        "untold": token,
        "digest": store.digest(token),
        "runner_id": runner_id,
        "expires_at": until,
    }
    session.add(store.Link(purpose=purpose, **row))


def spend(token: str, purpose: Purpose, **changes: str) -> Runner:
    """Change the account whose link this is, and confirm it: its owner reads the mail.

    The link and its like are good no more. Raises `BadLink` where this one was not.
    """
    with store.writing() as session:
        link = session.get(store.Link, store.digest(token), with_for_update=True)
        if link is None or link.purpose != purpose or link.expires_at <= store.now():
            raise BadLink
        account = store.account(session, link.runner_id)
        account.confirmed_at = account.confirmed_at or store.now()
        for name, value in changes.items():
            setattr(account, name, value)
        session.execute(delete(store.Link).where(*_like(account, purpose)))
        if purpose == "reset":  # whoever knew the old password may have made some
            session.execute(delete(store.ApiToken).filter_by(runner_id=account.id))
        return account.as_runner()


def announce(runner_id: int | None = None) -> None:
    """Tell of the links of a runner, or of all, that whoever sends mail did not take yet."""
    link = store.Link
    query = select(link).where(link.untold.is_not(None), link.expires_at > store.now())
    query = query if runner_id is None else query.filter_by(runner_id=runner_id)
    with store.reading() as session:
        waiting = [
            (
                row.digest,
                row.purpose,
                row.untold,
                store.account(session, row.runner_id).as_runner(),
            )
            for row in session.scalars(query.order_by(link.expires_at).limit(_TOLD))
        ]
    for digest, purpose, token, runner in waiting:
        if tell(_SIGNALS[purpose], "longrun.accounts", runner=runner, token=token):
            with store.writing() as session:
                session.execute(update(link).filter_by(digest=digest).values(untold=None))


def request(email: str, purpose: Purpose) -> None:
    """Announce a new link, if the account with this address has a use for one.

    Neither the answer nor the time that it takes tells whether there is such an account.
    """
    answer_at = time.monotonic() + ANSWER_SECONDS
    made = None
    with store.writing() as session:
        account = store.find(session, email)
        if account is not None and (purpose == "reset" or account.confirmed_at is None):
            good = *_like(account, purpose), store.Link.expires_at > store.now()
            if session.scalars(select(func.count()).where(*good)).one() < MAX_LINKS:
                made = account.id
                make(session, made, purpose)
    if made:
        announce(made)
    time.sleep(max(0.0, answer_at - time.monotonic()))


def _like(account: store.Account, purpose: Purpose) -> tuple[ColumnElement[bool], ...]:
    return store.Link.runner_id == account.id, store.Link.purpose == purpose
