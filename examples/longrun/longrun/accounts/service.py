"""What the other packages may ask about runners."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final, cast
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from longrun.accounts import store
from longrun.accounts.passwords import hash_password, is_password
from longrun.model import (
    BadCredentials,
    EmailTaken,
    Invalid,
    NoSuchRunner,
    ProfileChanges,
    Runner,
    Units,
)

MIN_PASSWORD: Final = 8
# scrypt would hash a megabyte as happily; nobody types one.
MAX_PASSWORD: Final = 256
MAX_NAME: Final = 80
# An address is proved by mail that arrives; this only catches slips of the finger.
_EMAIL: Final = re.compile(r"[^@\s\x00-\x1f]{1,64}@[^@\s\x00-\x1f.]+(\.[^@\s\x00-\x1f.]+)+")
_MAX_EMAIL: Final = 254
_HEART_RATES: Final = range(80, 251)


def register(email: str, password: str, name: str, tz: str = "UTC") -> Runner:
    """Make an account.

    Raises:
        EmailTaken: There is one with this address, in whatever case.
        Invalid: A value cannot be kept; `field` says which.
    """
    email = _clean_email(email)
    if not MIN_PASSWORD <= len(password) <= MAX_PASSWORD:
        message = f"a password has {MIN_PASSWORD} to {MAX_PASSWORD} characters"
        raise Invalid("password", message)
    name = _clean_name(name)
    _check_tz(tz)
    now = _now()
    account = store.Account(
        email=email,
        password=hash_password(password),
        name=name,
        tz=tz,
        units="km",
        # Set by the link in the confirmation mail, once there is one.
        confirmed_at=now,
        created_at=now,
    )
    try:
        with store.writing() as session:
            session.add(account)
            session.flush()
            return _runner(account)
    except IntegrityError as error:
        raise EmailTaken(email) from error


def authenticate(email: str, password: str) -> Runner:
    """Return the runner whose address and password these are.

    An unknown address takes as long as a wrong password, and gets the same answer.

    Raises:
        BadCredentials: They do not belong together.
    """
    with store.reading() as session:
        query = select(store.Account).where(store.Account.email == email.strip().lower())
        account = session.scalars(query).one_or_none()
        found = None if account is None else (_runner(account), account.password)
    too_long = len(password) > MAX_PASSWORD
    right = is_password("" if too_long else password, found[1] if found else None)
    if found is None or not right or too_long:
        raise BadCredentials
    return found[0]


def runner(runner_id: int) -> Runner:
    """Return one runner.

    Raises:
        NoSuchRunner: Nobody has this number.
    """
    with store.reading() as session:
        account = session.get(store.Account, runner_id)
        if account is None:
            raise NoSuchRunner(runner_id)
        return _runner(account)


def runners(ids: Sequence[int]) -> dict[int, Runner]:
    """Return the runners with these numbers, in one query; unknown numbers are left out."""
    with store.reading() as session:
        query = select(store.Account).where(store.Account.id.in_(ids)).order_by(store.Account.id)
        return {account.id: _runner(account) for account in session.scalars(query)}


def update_profile(runner_id: int, changes: ProfileChanges) -> Runner:
    """Set what the profile page shows.

    Raises:
        NoSuchRunner: Nobody has this number.
        Invalid: A value cannot be kept; nothing was changed.
    """
    name = _clean_name(changes.name)
    _check_tz(changes.tz)
    if changes.units not in {"km", "mi"}:
        raise Invalid("units", "distances are shown in km or mi")
    if changes.max_hr is not None and changes.max_hr not in _HEART_RATES:
        raise Invalid("max_hr", "a highest heart rate is between 80 and 250")
    with store.writing() as session:
        account = session.get(store.Account, runner_id)
        if account is None:
            raise NoSuchRunner(runner_id)
        account.name = name
        account.tz = changes.tz
        account.units = changes.units
        account.max_hr = changes.max_hr
        return _runner(account)


def _runner(account: store.Account) -> Runner:
    return Runner(
        id=account.id,
        email=account.email,
        name=account.name,
        tz=account.tz,
        units=cast("Units", account.units),
        max_hr=account.max_hr,
        confirmed=account.confirmed_at is not None,
    )


def _clean_email(email: str) -> str:
    email = email.strip().lower()
    if len(email) > _MAX_EMAIL or not _EMAIL.fullmatch(email):
        raise Invalid("email", "this does not look like an e-mail address")
    return email


def _clean_name(name: str) -> str:
    name = " ".join(name.split())
    if not 1 <= len(name) <= MAX_NAME or not name.isprintable():
        raise Invalid("name", f"a name has 1 to {MAX_NAME} characters")
    return name


def _check_tz(tz: str) -> None:
    # Looking one up takes microseconds; listing all of them reads hundreds of files. A name that
    # is a directory of zones, or leads out of theirs, has errors of its own.
    try:
        ZoneInfo(tz)
    except (LookupError, ValueError, OSError) as error:
        raise Invalid("tz", f"{tz!r} is not a time zone, such as Europe/Paris") from error


def _now() -> datetime:
    # SQLite keeps no zone: every instant in the tables is UTC without one.
    return datetime.now(UTC).replace(tzinfo=None)
