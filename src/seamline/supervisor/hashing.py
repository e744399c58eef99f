"""One hash seed for all processes of a run."""

import secrets
from collections.abc import Mapping


def with_hash_seed(environment: Mapping[str, str]) -> dict[str, str]:
    """Return it with one hash seed for a whole run: sets iterate alike in every process."""
    if environment.get("PYTHONHASHSEED", "random") != "random":
        return dict(environment)
    return {**environment, "PYTHONHASHSEED": str(secrets.randbelow(2**32 - 1) + 1)}
