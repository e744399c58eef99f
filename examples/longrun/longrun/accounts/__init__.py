"""Who the runners are. The only package that sees a password or its hash.

An account is confirmed as soon as it is made: mail that confirms the address has its place in
`register`, and `Runner.confirmed` is what the other packages will look at.
"""

from longrun.accounts.service import (
    authenticate,
    register,
    runner,
    runners,
    update_profile,
)

__all__ = ["authenticate", "register", "runner", "runners", "update_profile"]
