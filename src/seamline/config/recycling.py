"""When a group's workers are replaced though nothing is wrong: limits that an operator sets."""

from typing import Final

from seamline.config.reader import Table
from seamline.config.values import Recycle

KEYS: Final = ("max_requests", "max_requests_jitter", "max_rss", "max_age")
_MOST_REQUESTS: Final = 2**31 - 1
_LEAST_BYTES: Final = 1024 * 1024
# A TiB: above it a slip is likelier than such a worker.
_MOST_BYTES: Final = 2**40
_LONGEST_SECONDS: Final = 365 * 24 * 3600.0


def read_recycle(table: Table, *, has_workers: bool) -> Recycle:
    """Read the limits of one group.

    Args:
        table: Of the group.
        has_workers: Whether anything but commands runs in it.

    Raises:
        ConfigError: One cannot be used.
    """
    named = [key for key in KEYS if key in table]
    if named and not has_workers:
        raise table.refuse(
            f"`{named[0]}` is for workers, and this group has commands only",
            named[0],
            remedy="remove the line",
            key=True,
        )
    if "max_requests_jitter" in table and "max_requests" not in table:
        raise table.refuse(
            "`max_requests_jitter` spreads `max_requests`, which is not there",
            "max_requests_jitter",
            remedy="add max_requests, or remove the line",
            key=True,
        )
    return Recycle(
        max_requests=_count(table, "max_requests"),
        max_requests_jitter=_count(table, "max_requests_jitter"),
        max_rss=table.size("max_rss", lowest=_LEAST_BYTES, highest=_MOST_BYTES),
        max_age=table.duration("max_age", highest=_LONGEST_SECONDS),
    )


def _count(table: Table, key: str) -> int:
    return table.count(key, 1, highest=_MOST_REQUESTS) if key in table else 0
