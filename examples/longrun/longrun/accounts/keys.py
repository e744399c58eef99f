"""The keys that sign tokens: one JSON Web Key Set in a file that only its owner reads."""

import fcntl
import json
import os
import secrets
import time
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from jwt import PyJWK
from jwt.algorithms import OKPAlgorithm

from longrun import db

TOKEN_SECONDS: Final = 600
# A process may sign one more token with the key that another is just retiring.
_GRACE_SECONDS: Final = 60
_PUBLIC: Final = ("kty", "crv", "x", "kid", "use", "alg")


def signing_key() -> PyJWK:
    """Return the key that signs now: the first of the file."""
    return _keys()[0][1]


def verifying_keys() -> dict[str, PyJWK]:
    """Return each key that may have signed a token which is still good, by its number."""
    now = time.time()
    return {key["kid"]: made for key, made in _keys() if key.get("exp", now) >= now}


def jwks() -> dict[str, list[dict[str, str]]]:
    """Return what others need to check our tokens: the public halves."""
    good = verifying_keys()
    return {"keys": [{n: k[n] for n in _PUBLIC} for k, _ in _keys() if k["kid"] in good]}


def rotate() -> str:
    """Let a new key sign; the present one verifies until its last token has expired."""
    path = _path()
    with path.with_name(f"{path.name}.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        good = verifying_keys()
        retired = {"exp": time.time() + TOKEN_SECONDS + _GRACE_SECONDS}
        new = _new()
        mine = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
        db.keep_secret(mine, _text(new, *(retired | k for k, _ in _keys() if k["kid"] in good)))
        mine.replace(path)
    return str(new["kid"])


def _path() -> Path:
    return Path(os.environ.get("LONGRUN_TOKEN_KEYS") or db.instance_dir() / "token.keys")


def _keys() -> tuple[tuple[dict[str, Any], PyJWK], ...]:
    path = _path()
    if not path.exists():
        db.keep_secret(path, _text(_new()))
    about = path.stat()
    return _read(path, about.st_ino, about.st_mtime_ns)


@lru_cache(maxsize=4)
def _read(path: Path, _inode: int, _written: int) -> tuple[tuple[dict[str, Any], PyJWK], ...]:
    # Parsing a key costs more than signing with it. A rotation leaves another file.
    return tuple((key, PyJWK(key)) for key in json.loads(path.read_text())["keys"])


def _new() -> dict[str, Any]:
    found = OKPAlgorithm.to_jwk(Ed25519PrivateKey.generate(), as_dict=True)
    return {**found, "kid": secrets.token_hex(8), "use": "sig", "alg": "EdDSA"}


def _text(*keys: dict[str, Any]) -> str:
    return json.dumps({"keys": keys}, indent=1)
