"""The log: activities, their tracks, splits and best efforts. Owns those tables.

A number that belongs to somebody else is answered as one that does not exist: `NotYours`.
"""

from longrun.activities.export import export
from longrun.activities.service import (
    active_since,
    add,
    announce,
    bests,
    delete,
    edit,
    fitness,
    get,
    in_period,
    latest,
    load,
    newest,
    splits,
    summary,
    track,
    tracks,
)

__all__ = [
    "active_since", "add", "announce", "bests", "delete", "edit", "export", "fitness", "get",
    "in_period", "latest", "load", "newest", "splits", "summary", "track", "tracks",
]  # fmt: skip
