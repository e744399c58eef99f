"""What of a plan stays as it is while a run goes on."""

from collections.abc import Mapping

import msgspec

from seamline.errors import UsageError
from seamline.plan import Plan

#: For what only a new start can do.
NEW_START = "seamline stop, then seamline run"


def check_fixed(before: Plan, after: Plan, remedy: str = NEW_START) -> None:
    """Look whether a run of one plan can go on by another.

    Raises:
        UsageError: It says what only a new start can do.
    """
    wanted = _fixed(after)
    for what, value in _fixed(before).items():
        if wanted[what] != value:
            raise UsageError(
                f"{what} changed since the run was started, which takes a new start",
                remedy=remedy,
            )


def as_scaled(plan: Plan, first: Mapping[str, int], scaled: Mapping[str, int]) -> Plan:
    """Return a plan with the numbers of workers that were asked for since the start.

    Args:
        plan: As it was read.
        first: What it said at the start, by group: where it says another number now, that counts.
        scaled: What was asked for.
    """
    groups = []
    for group in plan.groups:
        count = scaled.get(group.name)
        if count is not None and group.workers == first[group.name]:
            group = msgspec.structs.replace(group, workers=count)  # noqa: PLW2901
        groups.append(group)
    return msgspec.structs.replace(plan, groups=tuple(groups))


def _fixed(plan: Plan) -> dict[str, object]:
    """Return what belongs to sockets and slots, which outlive every worker."""
    return {
        "the name": plan.name,
        "the place of the project": (plan.root, plan.run_dir),
        "socket_mode": plan.socket_mode,
        "the layout": [(group.name, group.services) for group in plan.groups],
        "the number of workers": [group.workers for group in plan.groups],
        "a service": [(one.name, bool(one.http), bool(one.command)) for one in plan.services],
        "an address": [(one.bind, one.path) for one in plan.services],
    }
