"""Binds sockets, starts workers, replaces dead ones, stops. Never imports the application."""

from typing import TYPE_CHECKING, Final

from seamline.late import late
from seamline.supervisor.hashing import with_hash_seed

if TYPE_CHECKING:
    from seamline.supervisor.control import (
        AlignedReply,
        AlignRequest,
        StatusRequest,
        StopRequest,
        align,
        ask,
        change,
    )
    from seamline.supervisor.development import (
        Development,
        can_watch,
        configuration_of,
        for_development,
        has_terminal,
        watch_files,
        with_debugger,
    )
    from seamline.supervisor.inherited import Inherited, without_passed
    from seamline.supervisor.kept import Line
    from seamline.supervisor.notify import Notifier, without_notices
    from seamline.supervisor.past import Past
    from seamline.supervisor.reloads import (
        Change,
        DrainRequest,
        NotReloaded,
        Reloaded,
        ReloadRequest,
        RestartRequest,
        ScaleRequest,
        unknown_group,
    )
    from seamline.supervisor.report import duration, ready_block, shown_path, status_table
    from seamline.supervisor.run import Supervisor
    from seamline.supervisor.rundir import is_live, last_run, live_run
    from seamline.supervisor.status import ChangeStatus, GroupStatus, Status, WorkerStatus
    from seamline.supervisor.store import Store
    from seamline.supervisor.supervising import supervise
    from seamline.supervisor.takeover import Takeover
    from seamline.supervisor.zygote import ForkedProcess, Zygote

__all__ = [
    "AlignRequest",
    "AlignedReply",
    "Change",
    "ChangeStatus",
    "Development",
    "DrainRequest",
    "ForkedProcess",
    "GroupStatus",
    "Inherited",
    "Line",
    "NotReloaded",
    "Notifier",
    "Past",
    "ReloadRequest",
    "Reloaded",
    "RestartRequest",
    "ScaleRequest",
    "Status",
    "StatusRequest",
    "StopRequest",
    "Store",
    "Supervisor",
    "Takeover",
    "WorkerStatus",
    "Zygote",
    "align",
    "ask",
    "can_watch",
    "change",
    "configuration_of",
    "duration",
    "for_development",
    "has_terminal",
    "is_live",
    "last_run",
    "live_run",
    "ready_block",
    "shown_path",
    "status_table",
    "supervise",
    "unknown_group",
    "watch_files",
    "with_debugger",
    "with_hash_seed",
    "without_notices",
    "without_passed",
]

# Each process needs a part: one that supervises, one that asks, one that will be a supervisor.
_LATE: Final = {
    "without_passed": "seamline.supervisor.inherited",
    "without_notices": "seamline.supervisor.notify",
    "Notifier": "seamline.supervisor.notify",
    "Inherited": "seamline.supervisor.inherited",
    "AlignRequest": "seamline.supervisor.control",
    "AlignedReply": "seamline.supervisor.control",
    "Change": "seamline.supervisor.reloads",
    "ChangeStatus": "seamline.supervisor.status",
    "Development": "seamline.supervisor.development",
    "DrainRequest": "seamline.supervisor.reloads",
    "ForkedProcess": "seamline.supervisor.zygote",
    "GroupStatus": "seamline.supervisor.status",
    "Line": "seamline.supervisor.kept",
    "NotReloaded": "seamline.supervisor.reloads",
    "Past": "seamline.supervisor.past",
    "ReloadRequest": "seamline.supervisor.reloads",
    "Reloaded": "seamline.supervisor.reloads",
    "RestartRequest": "seamline.supervisor.reloads",
    "ScaleRequest": "seamline.supervisor.reloads",
    "Status": "seamline.supervisor.status",
    "StatusRequest": "seamline.supervisor.control",
    "StopRequest": "seamline.supervisor.control",
    "Supervisor": "seamline.supervisor.run",
    "Store": "seamline.supervisor.store",
    "Takeover": "seamline.supervisor.takeover",
    "WorkerStatus": "seamline.supervisor.status",
    "Zygote": "seamline.supervisor.zygote",
    "align": "seamline.supervisor.control",
    "ask": "seamline.supervisor.control",
    "change": "seamline.supervisor.control",
    "duration": "seamline.supervisor.report",
    "is_live": "seamline.supervisor.rundir",
    "last_run": "seamline.supervisor.rundir",
    "live_run": "seamline.supervisor.rundir",
    "can_watch": "seamline.supervisor.development",
    "configuration_of": "seamline.supervisor.development",
    "for_development": "seamline.supervisor.development",
    "has_terminal": "seamline.supervisor.development",
    "ready_block": "seamline.supervisor.report",
    "shown_path": "seamline.supervisor.report",
    "status_table": "seamline.supervisor.report",
    "supervise": "seamline.supervisor.supervising",
    "unknown_group": "seamline.supervisor.reloads",
    "watch_files": "seamline.supervisor.development",
    "with_debugger": "seamline.supervisor.development",
}

if not TYPE_CHECKING:
    __getattr__ = late(__name__, _LATE)
