"""The environment of a group's workers."""

from collections.abc import Mapping
from typing import Final

from seamline.plan.model import GroupPlan

# What finds programs, libraries and languages, and holds no secret.
_HARMLESS: Final = frozenset(
    {"PATH", "HOME", "USER", "LOGNAME", "LANG", "LANGUAGE", "TZ", "VIRTUAL_ENV", "TMPDIR"}
)
_HARMLESS_STARTS: Final = ("LC_", "PYTHON", "SEAMLINE_")


def environment_of(group: GroupPlan, common: Mapping[str, str]) -> dict[str, str]:
    """Return it: what all have and the group's own; in a sandbox, of the former what is harmless.

    Addresses of databases and keys are in variables more often than in files.
    """
    if group.sandbox:
        common = {
            name: value
            for name, value in common.items()
            if name in _HARMLESS or name.startswith(_HARMLESS_STARTS)
        }
    return {**common, **group.env}
