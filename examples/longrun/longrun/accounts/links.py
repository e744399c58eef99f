"""Links in mails: a random token, good once, for one purpose and for a while."""

import secrets
import time
from datetime import timedelta
from typing import Final, Literal

from blinker import NamedSignal
from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from longrun.accounts import store
from longrun.model import BadLink
from longrun.signals import tell

Purpose = Literal["confirm", "reset"]

_GOOD_FOR: Final = {"confirm": timedelta(days=2), "reset": timedelta(hours=1)}
# So many mails somebody can have sent to an address that may be another's.
MAX_LINKS: Final = 5
# An answer takes as long as it takes to put a mail into the outbox of another process.
ANSWER_SECONDS: Final = 0.1


def make(session: Session, runner_id: int, purpose: Purpose) -> str:
    """Return the token of a new link."""
    token = secrets.token_urlsafe(32)
    expires_at = store.now() + _GOOD_FOR[purpose]
    session.add(
        store.Link(
            digest=store.digest(token), runner_id=runner_id, purpose=purpose, expires_at=expires_at
        )
    )
    return token


def spend(session: Session, token: str, purpose: Purpose) -> store.Account:
    """Return whose link this is; it and its like are good no more once the session commits."""
    link = session.get(store.Link, store.digest(token), with_for_update=True)
    if link is None or link.purpose != purpose or link.expires_at <= store.now():
        raise BadLink
    same = store.Link.runner_id == link.runner_id, store.Link.purpose == purpose
    account = session.get_one(store.Account, link.runner_id)
    session.execute(delete(store.Link).where(*same))
    return account


def request(email: str, purpose: Purpose, signal: NamedSignal) -> None:
    """Announce a new link, if the account with this address has a use for one."""
    answer_at = time.monotonic() + ANSWER_SECONDS
    made = None
    with store.writing() as session:
        account = store.find(session, email)
        if account is not None and (purpose == "reset" or account.confirmed_at is None):
            same = store.Link.runner_id == account.id, store.Link.purpose == purpose
            count = select(func.count()).where(*same, store.Link.expires_at > store.now())
            if session.scalars(count).one() < MAX_LINKS:
                made = account.as_runner(), make(session, account.id, purpose)
    if made:
        tell(signal, "longrun.accounts", runner=made[0], token=made[1])
    time.sleep(max(0.0, answer_at - time.monotonic()))
