"""Binds sockets, starts workers, replaces dead ones, stops. Never imports the application."""

from seamline.supervisor.control import (
    AlignedReply,
    AlignRequest,
    StatusRequest,
    StopRequest,
    align,
    ask,
)
from seamline.supervisor.report import ready_block, status_table
from seamline.supervisor.run import Supervisor, run
from seamline.supervisor.status import GroupStatus, Status, WorkerStatus
from seamline.supervisor.zygote import Zygote, with_hash_seed

__all__ = [
    "AlignRequest",
    "AlignedReply",
    "GroupStatus",
    "Status",
    "StatusRequest",
    "StopRequest",
    "Supervisor",
    "WorkerStatus",
    "Zygote",
    "align",
    "ask",
    "ready_block",
    "run",
    "status_table",
    "with_hash_seed",
]
