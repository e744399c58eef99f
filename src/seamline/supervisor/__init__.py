"""Binds sockets, starts workers, replaces dead ones, stops. Never imports the application."""

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

from seamline.supervisor.hashing import with_hash_seed

if TYPE_CHECKING:
    from seamline.supervisor.control import (
        AlignedReply,
        AlignRequest,
        StatusRequest,
        StopRequest,
        align,
        ask,
    )
    from seamline.supervisor.report import ready_block, status_table
    from seamline.supervisor.status import GroupStatus, Status, WorkerStatus
    from seamline.supervisor.supervisor import Supervisor, run
    from seamline.supervisor.zygote import ForkedProcess, Zygote

__all__ = [
    "AlignRequest",
    "AlignedReply",
    "ForkedProcess",
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

# Each process needs a part: one that supervises, one that asks, one that will be a supervisor.
_LATE: Final = {
    "AlignRequest": "seamline.supervisor.control",
    "AlignedReply": "seamline.supervisor.control",
    "ForkedProcess": "seamline.supervisor.zygote",
    "GroupStatus": "seamline.supervisor.status",
    "Status": "seamline.supervisor.status",
    "StatusRequest": "seamline.supervisor.control",
    "StopRequest": "seamline.supervisor.control",
    "Supervisor": "seamline.supervisor.supervisor",
    "WorkerStatus": "seamline.supervisor.status",
    "Zygote": "seamline.supervisor.zygote",
    "align": "seamline.supervisor.control",
    "ask": "seamline.supervisor.control",
    "ready_block": "seamline.supervisor.report",
    "run": "seamline.supervisor.supervisor",
    "status_table": "seamline.supervisor.report",
}


def __getattr__(name: str) -> Any:
    if name in _LATE:
        return getattr(import_module(_LATE[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
