"""A forked child must not share its parent's connections: two readers corrupt both.

The child closes its own copies of the descriptors. It never shuts a socket down and never
touches the event loop: both would reach the parent's side.
"""

import os
import weakref
from typing import Protocol


class Inherited(Protocol):
    """Something that holds descriptors a child must not use."""

    def after_fork(self) -> None:
        """Close this process's copies of the descriptors, sending nothing."""


_holders: "weakref.WeakSet[Inherited]" = weakref.WeakSet()


def close_after_fork(holder: Inherited) -> None:
    """Have ``holder.after_fork()`` called in every child forked while the holder lives."""
    _holders.add(holder)


def _close_all() -> None:
    for holder in list(_holders):
        holder.after_fork()


os.register_at_fork(after_in_child=_close_all)
