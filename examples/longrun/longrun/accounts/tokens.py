"""Tokens for programs: a runner's own, and short ones for clients in their own name (OAuth 2)."""

import hmac
import os
import re
import secrets
import time
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Final

import jwt
from jwt.types import Options
from sqlalchemy import delete, func, select

from longrun.accounts import keys, store
from longrun.accounts.service import account_in, clean_name
from longrun.errors import Invalid, TokenRefused
from longrun.model import AccessToken, ApiToken, Claims, Runner

MAX_TOKENS: Final = 20
# What a header may hold; ours have some 400 characters.
_MAX_LENGTH: Final = 4096
_MAX_LIST: Final = 400
_REQUIRED: Final[Options] = {"require": ["exp", "iat", "iss", "aud", "sub", "scope"]}
# What goes into a URL, a header and a list as it is.
_WORD: Final = re.compile(r"[\w.:~-]{1,80}", re.ASCII)


def create_token(runner_id: int, name: str, *, key: str | None = None) -> str:
    """Return a new personal token, which is told this once.

    Args:
        runner_id: Whose it is.
        name: What its owner calls it.
        key: That of the session in which it is asked for; a new password that overtakes the
            request ends both.

    Raises:
        Invalid: The name cannot be kept, or there are too many tokens.
        NoSuchRunner: Nobody has this number, or the password was changed.
    """
    token = f"lr_{secrets.token_urlsafe(32)}"
    row = {"name": clean_name(name), "digest": store.digest(token), "created_at": store.now()}
    count = select(func.count()).where(store.ApiToken.runner_id == runner_id)
    with store.writing() as session:
        owner = (
            store.account(session, runner_id)
            if key is None
            else account_in(session, runner_id, key)
        )
        if session.scalars(count).one() >= MAX_TOKENS:
            raise Invalid("token", f"nobody needs more than {MAX_TOKENS} tokens: revoke one")
        session.add(store.ApiToken(runner_id=owner.id, **row))
    return token


def tokens(runner_id: int) -> list[ApiToken]:
    """Return a runner's personal tokens, oldest first; what they are made of is not kept."""
    query = select(store.ApiToken).where(store.ApiToken.runner_id == runner_id)
    with store.reading() as session:
        return [
            ApiToken(row.id, row.name, row.created_at)
            for row in session.scalars(query.order_by(store.ApiToken.id))
        ]


def revoke_token(runner_id: int, token_id: int) -> None:
    """Make one of the runner's own personal tokens worthless; others' stay."""
    mine = store.ApiToken.id == token_id, store.ApiToken.runner_id == runner_id
    with store.writing() as session:
        session.execute(delete(store.ApiToken).where(*mine))


def token_owner(token: str) -> Runner:
    """Return the runner who made a personal token, or raise `TokenRefused`."""
    known = store.ApiToken.digest == store.digest(token)
    with store.reading() as session:
        query = select(store.Account).join(store.ApiToken).where(known)
        account = session.scalars(query).one_or_none()
        if account is None:
            raise TokenRefused("invalid_token", "there is no such token")
        return account.as_runner()


def add_client(client_id: str, audiences: Iterable[str], scopes: Iterable[str]) -> str:
    """Register a program, or anew, and return its secret, which is told this once."""
    secret = secrets.token_urlsafe(32)
    lists = [" ".join(sorted(set(words))) for words in (audiences, scopes)]
    for word in (client_id, *lists[0].split(" "), *lists[1].split()):
        if not _WORD.fullmatch(word) or ":" in client_id:
            raise Invalid("client", f"{word!r} is not a name of letters, digits and . : ~ - _")
    if max(map(len, lists)) > _MAX_LIST:
        raise Invalid("client", f"audiences or scopes have more than {_MAX_LIST} characters")
    row = {"digest": store.digest(secret), "audiences": lists[0], "scopes": lists[1]}
    with store.writing() as session:
        session.merge(store.Client(id=client_id, **row))
    return secret


def issue_token(
    client_id: str, client_secret: str, audience: str = "", scope: str = ""
) -> AccessToken:
    """Return a signed token for what the client may do at the audience.

    Left empty, the audience is the only one the client has, the scope all that it may do.

    Raises:
        TokenRefused: `invalid_client`, which never says whether the client or the secret is
            wrong, `invalid_target` or `invalid_scope`.
    """
    with store.reading() as session:
        client = session.get(store.Client, client_id)
    # An unknown client costs the same comparison.
    known = client.digest if client else store.digest("")
    if not hmac.compare_digest(known, store.digest(client_secret)) or client is None:
        raise TokenRefused("invalid_client", "client or secret is wrong")
    audience = audience or client.audiences
    if audience not in client.audiences.split():
        raise TokenRefused("invalid_target", "this client may not speak to that audience")
    granted = sorted(set((scope or client.scopes).split()))
    if not set(granted) <= set(client.scopes.split()):
        raise TokenRefused("invalid_scope", "this client may not ask for that scope")
    now, key = int(time.time()), keys.signing_key()
    claims = {"iss": _issuer(), "sub": client_id, "client_id": client_id, "aud": audience}
    claims |= {"scope": " ".join(granted), "jti": secrets.token_hex(16)}
    times = {"iat": now, "exp": now + keys.TOKEN_SECONDS}
    token = jwt.encode(claims | times, key, "EdDSA", {"kid": key.key_id, "typ": "at+jwt"})
    return AccessToken(token, keys.TOKEN_SECONDS, " ".join(granted))


def verify_token(token: str, audience: str, scope: str | None = None) -> Claims:
    """Return what a client's token says, if we signed it for this audience.

    Raises:
        TokenRefused: `invalid_token`, or `insufficient_scope` if it is good, but not for `scope`.
    """
    try:
        token = token[:_MAX_LENGTH]
        key = keys.verifying_keys()[jwt.get_unverified_header(token)["kid"]]
        found = jwt.decode(
            token, key, ["EdDSA"], audience=audience, issuer=_issuer(), options=_REQUIRED
        )
    except (jwt.InvalidTokenError, KeyError) as error:
        raise TokenRefused("invalid_token", "this token is not good here, or no more") from error
    scopes = frozenset(found["scope"].split())
    if scope is not None and scope not in scopes:
        raise TokenRefused("insufficient_scope", f"this token is not good for {scope}")
    return Claims(found["sub"], audience, scopes, datetime.fromtimestamp(found["exp"], UTC))


def _issuer() -> str:
    return os.environ.get("LONGRUN_URL", "http://127.0.0.1:5000").rstrip("/")
