"""Binds sockets, starts workers, replaces dead ones, stops. Never imports the application."""

from seamline.supervisor.control import StatusRequest, StopRequest, ask
from seamline.supervisor.report import ready_block, status_table
from seamline.supervisor.run import Supervisor, run
from seamline.supervisor.status import GroupStatus, Status, WorkerStatus

__all__ = [
    "GroupStatus",
    "Status",
    "StatusRequest",
    "StopRequest",
    "Supervisor",
    "WorkerStatus",
    "ask",
    "ready_block",
    "run",
    "status_table",
]
