"""Configuration and interfaces become groups, endpoints and permissions. Pure and printable."""

from typing import TYPE_CHECKING, Final

from seamline.config import Limits
from seamline.late import late
from seamline.plan.environment import environment_of
from seamline.plan.model import GroupPlan, Plan, ServicePlan, from_json, to_json
from seamline.plan.rundir import (
    CONTROL_SOCKET,
    DJANGO_TESTS_VARIABLE,
    ERRORS_FILE,
    PLAN_FILE,
    RUN_VARIABLE,
    SECRET_FILE,
    TERMINAL_SOCKET,
    TURN_FILE,
    WORKER_VARIABLE,
    passed_over,
    run_dir,
    run_dirs,
)

if TYPE_CHECKING:
    from seamline.plan.locking import lock_path, read_lock, relearned, with_verdicts
    from seamline.plan.planning import build
    from seamline.plan.project import analyse_project, analyse_with, read_project

__all__ = [
    "CONTROL_SOCKET",
    "DJANGO_TESTS_VARIABLE",
    "ERRORS_FILE",
    "PLAN_FILE",
    "RUN_VARIABLE",
    "SECRET_FILE",
    "TERMINAL_SOCKET",
    "TURN_FILE",
    "WORKER_VARIABLE",
    "GroupPlan",
    "Limits",
    "Plan",
    "ServicePlan",
    "analyse_project",
    "analyse_with",
    "build",
    "environment_of",
    "from_json",
    "lock_path",
    "passed_over",
    "read_lock",
    "read_project",
    "relearned",
    "run_dir",
    "run_dirs",
    "to_json",
    "with_verdicts",
]

# What makes a plan: a process that follows one has no use for it.
_LATE: Final = {
    "lock_path": "seamline.plan.locking",
    "read_lock": "seamline.plan.locking",
    "relearned": "seamline.plan.locking",
    "with_verdicts": "seamline.plan.locking",
    "build": "seamline.plan.planning",
    "analyse_project": "seamline.plan.project",
    "analyse_with": "seamline.plan.project",
    "read_project": "seamline.plan.project",
}

if not TYPE_CHECKING:
    __getattr__ = late(__name__, _LATE)
