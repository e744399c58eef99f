"""The log: activities, their tracks, splits and best efforts. Owns those tables.

A number that belongs to somebody else is answered as one that does not exist: `NotYours`.
"""

from longrun.activities.service import (
    add,
    bests,
    delete,
    edit,
    fitness,
    get,
    in_period,
    latest,
    load,
    splits,
    summary,
    track,
    tracks,
)

__all__ = [
    "add", "bests", "delete", "edit", "fitness", "get", "in_period", "latest", "load", "splits",
    "summary", "track", "tracks",
]  # fmt: skip
