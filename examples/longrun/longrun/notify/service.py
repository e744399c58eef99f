"""What the other packages may ask of the mail, and what this one hears from them."""

import logging
import time
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from smtplib import SMTPException, SMTPRecipientsRefused
from typing import Final
from uuid import uuid4

from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError

from longrun.languages import words
from longrun.model import Attachment, Mail, MailPreferences, Runner
from longrun.notify import delivery, store
from longrun.signals import account_deleted, reset_requested, user_registered

LEASE: Final = timedelta(minutes=5)
FIRST_PAUSE: Final = timedelta(minutes=1)
LONGEST_PAUSE: Final = timedelta(hours=6)
GIVEN_UP_AFTER: Final = timedelta(days=3)
# Seconds in one go; whoever flushes comes again.
_FLUSH_S: Final = 10.0
_log = logging.getLogger(__name__)


def send(
    to: str,
    subject: str,
    text: str,
    attachments: Sequence[Attachment] = (),
    key: str | None = None,
    *,
    runner_id: int | None = None,
) -> str:
    """Put a mail into the outbox and return its number.

    Args:
        to: One address.
        subject: What is no part of one line is left out.
        text: Plain text.
        attachments: Files that go with it.
        key: Names what the mail is about: the first mail with a key is kept, and is the answer
            to every later one.
        runner_id: Whose account the mail goes with when it is deleted.

    Raises:
        Invalid: This is no address that mail can be sent to.
    """
    number, now = uuid4().hex, datetime.now(UTC)
    mail = store.Outgoing(
        id=number,
        key=key,
        runner_id=runner_id,
        to=to,
        subject=delivery.one_line(subject),
        message=delivery.write(number, to, subject, text, attachments, at=now),
        created_at=now,
        next_at=now,
    )
    try:
        with store.writing() as session:
            session.add(mail)
    except IntegrityError:
        with store.reading() as session:
            return session.scalars(select(store.Outgoing.id).filter_by(key=key)).one()
    if not delivery.server():
        flush_outbox(now)
    return number


def has_server() -> bool:
    """Tell whether mails are sent (`LONGRUN_SMTP`), or only written to the instance directory."""
    return bool(delivery.server())


def knows(key: str) -> bool:
    """Tell whether a mail with this key was ever put into the outbox."""
    with store.reading() as session:
        return session.scalars(select(store.Outgoing.id).filter_by(key=key)).first() is not None


def outbox(limit: int = 50) -> list[Mail]:
    """Return the latest mails, newest first."""
    row = store.Outgoing
    columns = (
        row.to,
        row.subject,
        row.state,
        row.attempts,
        row.error,
        row.created_at,
        row.next_at,
    )
    query = select(*columns).order_by(row.created_at.desc()).limit(limit)
    with store.reading() as session:
        return [Mail(*row) for row in session.execute(query)]


def preferences(runner_id: int) -> MailPreferences:
    """Return what a runner chose, or everything."""
    with store.reading() as session:
        row = session.get(store.Preference, runner_id)
        return MailPreferences(row.monthly_report, row.reminders) if row else MailPreferences()


def set_preferences(runner_id: int, chosen: MailPreferences) -> None:
    """Keep what a runner chose."""
    with store.writing() as session:
        session.merge(store.Preference(runner_id=runner_id, **asdict(chosen)))


def flush_outbox(now: datetime) -> int:
    """Deliver the mails whose time has come, some at a time; return how many left.

    Without `LONGRUN_SMTP` each is written to the instance directory instead, as mail/NUMBER.eml.
    Any number of processes may do this at once. A mail that failed is tried again after a minute,
    two, four, up to six hours, and given up after three days.
    """
    left = 0
    until = time.monotonic() + _FLUSH_S
    while time.monotonic() < until:
        claimed = _claim(now)
        if claimed is None:
            break
        number, to, message = claimed
        try:
            delivery.deliver(number, to, message)
        except (OSError, ValueError) as error:
            _log.warning("mail %s was not delivered: %s", number, error)
            _settle(number, now, error)
            if not isinstance(error, SMTPException | ValueError):
                break  # The server is away for the others, too.
        else:
            left += 1
            _settle(number, now)
    return left


def _claim(now: datetime) -> tuple[str, str, bytes] | None:
    mail = store.Outgoing
    query = select(mail).where(mail.state == "waiting", mail.next_at <= now)
    query = query.order_by(mail.next_at, mail.created_at).limit(1)
    with store.writing() as session:
        row = session.scalars(query.with_for_update(skip_locked=True)).first()
        if row is None:
            return None
        row.next_at = now + LEASE
        row.attempts += 1
        return row.id, row.to, row.message


def _settle(number: str, now: datetime, error: Exception | None = None) -> None:
    with store.writing() as session:
        row = session.get(store.Outgoing, number)
        if row is None:  # Its account is deleted, and the mail with it.
            return
        pause = min(FIRST_PAUSE * 2 ** min(row.attempts - 1, 16), LONGEST_PAUSE)
        row.error = f"{type(error).__name__}: {error}"[:500] if error else ""
        if error is None:
            row.state = "sent" if delivery.server() else "filed"
        elif _is_final(error) or now + pause > row.created_at + GIVEN_UP_AFTER:
            row.state = "given up"
        else:
            row.next_at = now + pause
            return
        row.message = b""


def _is_final(error: Exception) -> bool:
    """Tell whether trying again is of no use: the server knows no such address, or we cannot."""
    if isinstance(error, SMTPRecipientsRefused):
        return all(500 <= code < 600 for code, _ in error.recipients.values())
    return isinstance(error, ValueError)


@user_registered.connect
def _on_registered(_sender: object, *, runner: Runner, token: str) -> None:
    say = words(runner.language)
    text = say(
        "Hello %(name)s,\n\nopen this page to confirm your address:\n\n%(link)s\n\n"
        "If you did not register at longrun, do nothing: nobody gets in with your address.\n",
        name=runner.name,
        link=delivery.link(f"/confirm/{token}"),
    )
    _send_link(runner, token, say("Confirm your e-mail address"), text)


@reset_requested.connect
def _on_reset(_sender: object, *, runner: Runner, token: str) -> None:
    say = words(runner.language)
    text = say(
        "Hello %(name)s,\n\nchoose a new password here:\n\n%(link)s\n\n"
        "If you did not ask for it, do nothing: your password stays as it is.\n",
        name=runner.name,
        link=delivery.link(f"/reset/{token}"),
    )
    _send_link(runner, token, say("A new password for longrun"), text)


def _send_link(runner: Runner, token: str, subject: str, text: str) -> None:
    # It may be announced again; the outbox keeps no secret longer than it has to.
    key = f"link:{runner.id}:{sha256(token.encode()).hexdigest()[:32]}"
    send(runner.email, subject, text, key=key, runner_id=runner.id)


@account_deleted.connect
def _on_deleted(_sender: object, *, runner_id: int) -> None:
    with store.writing() as session:
        for table in (store.Outgoing, store.Preference):
            session.execute(delete(table).where(table.runner_id == runner_id))
