"""Hashes of passwords: scrypt with a salt, its parameters kept beside it. Pure."""

import hashlib
import hmac
import os
from typing import Final

# 32 MiB and about 60 ms on a small server. OWASP lists 2**17 for one lane, which takes 128 MiB for
# each login: a club's small machine is better off with these.
LOG_N: Final = 15
R: Final = 8
P: Final = 1
_SALT_BYTES: Final = 16


def hash_password(password: str) -> str:
    """Return `scrypt$log2(n)$r$p$salt$hash`, with a new salt every time."""
    salt, log_n = os.urandom(_SALT_BYTES), _log_n()
    return f"scrypt${log_n}${R}${P}${salt.hex()}${_scrypt(password, salt, log_n, R, P).hex()}"


def is_password(password: str, hashed: str | None) -> bool:
    """Tell whether `password` made `hashed`; None takes as long as a wrong password does."""
    if hashed is None:
        _scrypt(password, bytes(_SALT_BYTES), _log_n(), R, P)
        return False
    _, log_n, r, p, salt, expected = hashed.split("$")
    found = _scrypt(password, bytes.fromhex(salt), int(log_n), int(r), int(p))
    return hmac.compare_digest(found, bytes.fromhex(expected))


def _log_n() -> int:
    # For tests, which make hundreds of accounts. A hash keeps the value that it was made with.
    return int(os.environ.get("LONGRUN_SCRYPT_LOG_N", LOG_N))


def _scrypt(password: str, salt: bytes, log_n: int, r: int, p: int) -> bytes:
    n = 2**log_n
    return hashlib.scrypt(
        password.encode(), salt=salt, n=n, r=r, p=p, maxmem=256 * n * r, dklen=32
    )
