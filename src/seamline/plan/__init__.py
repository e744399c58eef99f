"""Configuration and interfaces become groups, endpoints and permissions. Pure and printable."""

from seamline.config import Limits
from seamline.plan.build import build, from_json, to_json
from seamline.plan.locking import lock_path, read_lock, relearned, with_verdicts
from seamline.plan.model import GroupPlan, Plan, ServicePlan
from seamline.plan.project import analyse_project, analyse_with, read_project
from seamline.plan.rundir import (
    CONTROL_SOCKET,
    DJANGO_TESTS_VARIABLE,
    PLAN_FILE,
    RUN_VARIABLE,
    SECRET_FILE,
    WORKER_VARIABLE,
    run_dir,
)

__all__ = [
    "CONTROL_SOCKET",
    "DJANGO_TESTS_VARIABLE",
    "PLAN_FILE",
    "RUN_VARIABLE",
    "SECRET_FILE",
    "WORKER_VARIABLE",
    "GroupPlan",
    "Limits",
    "Plan",
    "ServicePlan",
    "analyse_project",
    "analyse_with",
    "build",
    "from_json",
    "lock_path",
    "read_lock",
    "read_project",
    "relearned",
    "run_dir",
    "to_json",
    "with_verdicts",
]
