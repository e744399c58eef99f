"""What the other packages may ask about runners."""

import hmac
import re
from collections.abc import Sequence
from dataclasses import fields, replace
from datetime import date
from typing import Final
from zoneinfo import ZoneInfo

from sqlalchemy import delete, exists, func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from longrun.accounts import links, store
from longrun.accounts.passwords import hash_password, is_password
from longrun.errors import BadCredentials, EmailTaken, Invalid, NoSuchRunner, NotConfirmed
from longrun.languages import LANGUAGES
from longrun.model import ProfileChanges, Runner
from longrun.signals import account_deleted, tell

MIN_PASSWORD: Final = 8
# scrypt would hash a megabyte as happily; nobody types one.
MAX_PASSWORD: Final = 256
MAX_NAME: Final = 80
# An address is proved by mail that arrives; this only catches slips of the finger.
# What a header has a meaning for is in no address of a runner: lists, comments, encoded words.
_EMAIL: Final = re.compile(r"[^@\s<>()\[\],;:\\\"]{1,64}@[\w-]+(\.[\w-]+)+")
_MAX_EMAIL: Final = 254
# A number of the profile -> what it is, the least and the most that can be.
_RANGES: Final = {
    "max_hr": ("a highest heart rate", 80, 250),
    "rest_hr": ("a resting heart rate", 25, 120),
    "weight_kg": ("a weight in kilograms", 20, 300),
}


def register(
    email: str,
    password: str,
    name: str,
    tz: str = "UTC",
    language: str = "en",
    *,
    confirmed: bool = False,
) -> Runner:
    """Make an account and announce it with `user_registered`.

    An address that is `confirmed` already needs no link: nothing is announced.

    Raises:
        EmailTaken: There is one with this address, in whatever case.
        Invalid: A value cannot be kept; `field` says which.
    """
    email = _clean_email(email)
    _check_password(password)
    name = clean_name(name)
    _check_tz(tz)
    _check_language(language)
    now = store.now()
    account = store.Account(
        email=email,
        password=hash_password(password),
        name=name,
        tz=tz,
        units="km",
        language=language,
        confirmed_at=now if confirmed else None,
        created_at=now,
    )
    try:
        with store.writing() as session:
            session.add(account)
            session.flush()
            # SQLite hands the last number out again: nobody may come into what another one left.
            if session.get(store.Departure, account.id):
                newest = select(func.max(store.Departure.runner_id))
                account.id = session.scalars(newest).one() + 1
                session.flush()
            made = account.as_runner()
            if not confirmed:
                links.make(session, made.id, "confirm")
    except IntegrityError as error:
        raise EmailTaken(email) from error
    links.announce(made.id)
    return made


def confirm(token: str) -> Runner:
    """Let the runner log in who got this token by mail, or raise `BadLink`."""
    return links.spend(token, "confirm")


def request_confirmation(email: str) -> None:
    """Announce a new link with `user_registered`, if this address waits for one."""
    links.request(email, "confirm")


def request_reset(email: str) -> None:
    """Announce a link to a new password with `reset_requested`, if somebody has this address."""
    links.request(email, "reset")


def set_password(token: str, password: str) -> Runner:
    """Change the password of the runner who got this token by mail, which confirms the address.

    Sessions that were begun with the old one end, and personal tokens are good no more.

    Raises:
        Invalid: The password cannot be kept; the token is still good.
        BadLink: The token was used already, is too old, or never was one.
    """
    _check_password(password)
    return links.spend(token, "reset", password=hash_password(password))


def vouch(email: str, *, admin: bool = False) -> Runner:
    """Confirm an address without a mail, as whoever runs this installation may."""
    with store.writing() as session:
        account = store.find(session, email)
        if account is None:
            raise Invalid("email", f"nobody has the address {email}")
        account.confirmed_at = account.confirmed_at or store.now()
        account.is_admin = account.is_admin or admin
        return account.as_runner()


def authenticate(email: str, password: str) -> Runner:
    """Return the runner whose address and password these are.

    An unknown address takes as long as a wrong password, and gets the same answer.

    Raises:
        BadCredentials: They do not belong together.
        NotConfirmed: They do, but the address is not confirmed.
    """
    return begin_session(email, password)[0]


def begin_session(email: str, password: str) -> tuple[Runner, str]:
    """Return a runner as `authenticate` does, and the key that a session of theirs carries.

    The key is of the password that was given: should that change meanwhile, it is good no more.
    """
    with store.reading() as session:
        account = store.find(session, email)
        found = None if account is None else (account.as_runner(), account.password)
    if not _is_password(password, found[1] if found else None) or found is None:
        raise BadCredentials
    if not found[0].confirmed:
        raise NotConfirmed
    return found[0], _session_key(found[1])


def runner(runner_id: int) -> Runner:
    """Return one runner.

    Raises:
        NoSuchRunner: Nobody has this number.
    """
    with store.reading() as session:
        return store.account(session, runner_id).as_runner()


def in_session(runner_id: int, key: str) -> Runner:
    """Return the runner of a session.

    Raises:
        NoSuchRunner: Nobody has this number, or the password was changed since it began.
    """
    with store.reading() as session:
        return account_in(session, runner_id, key).as_runner()


def account_in(session: Session, runner_id: int, key: str) -> store.Account:
    """Return the account of a runner's session; raise `NoSuchRunner` where `in_session` does."""
    account = store.account(session, runner_id)
    if not hmac.compare_digest(_session_key(account.password).encode(), key.encode()):
        raise NoSuchRunner(runner_id)
    return account


def _session_key(hashed: str) -> str:
    return store.digest(hashed)[:32]


def runners(ids: Sequence[int] | None = None) -> dict[int, Runner]:
    """Return the runners with these numbers that exist, or all of them, in one query."""
    query = select(store.Account).order_by(store.Account.id)
    with store.reading() as session:
        some = query if ids is None else query.where(store.Account.id.in_(ids))
        return {account.id: account.as_runner() for account in session.scalars(some)}


def update_profile(runner_id: int, changes: ProfileChanges) -> Runner:
    """Set what the profile page shows.

    Raises:
        NoSuchRunner: Nobody has this number.
        Invalid: A value cannot be kept; nothing was changed.
    """
    changes = replace(changes, name=clean_name(changes.name))
    _check(changes)
    with store.writing() as session:
        account = store.account(session, runner_id)
        for field in fields(changes):
            setattr(account, field.name, getattr(changes, field.name))
        return account.as_runner()


def delete_account(runner_id: int, password: str) -> None:
    """Delete an account with its links and tokens, and announce it with `account_deleted`.

    It is gone even when somebody cannot hear of it just now: `announce` tells them again.

    Raises:
        NoSuchRunner: Nobody has this number.
        BadCredentials: The password is wrong; nothing was deleted.
    """
    with store.reading() as session:
        hashed = store.account(session, runner_id).password
    if not _is_password(password, hashed):
        raise BadCredentials
    with store.writing() as session:
        _remove(session, runner_id)
    _tell_departures()


def purge() -> None:
    """Delete what nobody confirmed in time, and tell of departures that were not taken yet."""
    with store.writing() as session:
        session.execute(delete(store.Link).where(store.Link.expires_at <= store.now()))
        query = select(store.Account.id).where(
            store.Account.confirmed_at.is_(None),
            ~exists().where(store.Link.runner_id == store.Account.id),
        )
        for runner_id in session.scalars(query).all():
            _remove(session, runner_id)
    _tell_departures()


def announce() -> None:
    """Tell of links and departures again that somebody could not hear of at their time."""
    links.announce()
    _tell_departures()


def _remove(session: Session, runner_id: int) -> None:
    session.execute(delete(store.Account).where(store.Account.id == runner_id))
    session.merge(store.Departure(runner_id=runner_id, taken=False))


def _tell_departures() -> None:
    query = select(store.Departure.runner_id).where(store.Departure.taken.is_(False))
    with store.reading() as session:
        waiting = session.scalars(query).all()
    for runner_id in waiting:
        if tell(account_deleted, "longrun.accounts", runner_id=runner_id):
            with store.writing() as session:
                session.get_one(store.Departure, runner_id).taken = True


def _is_password(password: str, hashed: str | None) -> bool:
    too_long = len(password) > MAX_PASSWORD
    return is_password("" if too_long else password, hashed) and not too_long


def _check_password(password: str) -> None:
    if not MIN_PASSWORD <= len(password) <= MAX_PASSWORD:
        raise Invalid("password", f"a password has {MIN_PASSWORD} to {MAX_PASSWORD} characters")


def _check(changes: ProfileChanges) -> None:
    _check_tz(changes.tz)
    _check_language(changes.language)
    if changes.units not in {"km", "mi"}:
        raise Invalid("units", "distances are shown in km or mi")
    if changes.sex not in {None, "f", "m"}:
        raise Invalid("sex", "this is f, m or left open")
    for field, (what, least, most) in _RANGES.items():
        value = getattr(changes, field)
        if value is not None and not least <= value <= most:
            raise Invalid(field, f"{what} is between {least} and {most}")
    if changes.max_hr and changes.rest_hr and changes.rest_hr >= changes.max_hr:
        raise Invalid("rest_hr", "a resting heart rate is below the highest")
    if changes.born and not date(1900, 1, 1) <= changes.born <= store.now().date():
        raise Invalid("born", "nobody who runs was born then")


def _clean_email(email: str) -> str:
    email = email.strip().lower()
    is_plain = email.isprintable() and "=?" not in email and len(email) <= _MAX_EMAIL
    if not is_plain or not _EMAIL.fullmatch(email):
        raise Invalid("email", "this does not look like an e-mail address")
    return email


def clean_name(name: str) -> str:
    """Return a name with single spaces, or raise `Invalid`."""
    name = " ".join(name.split())
    if not 1 <= len(name) <= MAX_NAME or not name.isprintable():
        raise Invalid("name", f"a name has 1 to {MAX_NAME} characters")
    return name


def _check_language(language: str) -> None:
    if language not in LANGUAGES:
        raise Invalid("language", "nobody speaks this language here")


def _check_tz(tz: str) -> None:
    # Looking one up takes microseconds; listing all of them reads hundreds of files. A name that
    # is a directory of zones, or leads out of theirs, has errors of its own.
    try:
        ZoneInfo(tz)
    except (LookupError, ValueError, OSError) as error:
        raise Invalid("tz", f"{tz!r} is not a time zone, such as Europe/Paris") from error
