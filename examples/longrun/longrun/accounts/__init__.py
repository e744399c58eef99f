"""Who the runners are, and which programs may speak for them or in their own name.

The only package that sees a password, a token or their hashes, and the keys that sign.
"""

from longrun.accounts.keys import jwks, rotate as rotate_keys
from longrun.accounts.service import (
    announce,
    authenticate,
    begin_session,
    confirm,
    delete_account,
    in_session,
    purge,
    register,
    request_confirmation,
    request_reset,
    runner,
    runners,
    set_password,
    update_profile,
    vouch,
)
from longrun.accounts.tokens import (
    add_client,
    create_token,
    issue_token,
    revoke_token,
    token_owner,
    tokens,
    verify_token,
)

__all__ = [
    "add_client", "announce", "authenticate", "begin_session", "confirm", "create_token",
    "delete_account", "in_session", "issue_token", "jwks", "purge", "register",
    "request_confirmation", "request_reset", "revoke_token", "rotate_keys", "runner", "runners",
    "set_password", "token_owner", "tokens", "update_profile", "verify_token", "vouch",
]  # fmt: skip
