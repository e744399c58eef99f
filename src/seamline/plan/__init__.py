"""Configuration and interfaces become groups, endpoints and permissions. Pure and printable."""

from seamline.config import Limits
from seamline.plan.build import build, from_json, to_json
from seamline.plan.model import GroupPlan, Plan, ServicePlan
from seamline.plan.project import analyse_project
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
    "build",
    "from_json",
    "run_dir",
    "to_json",
]
