"""One process's life: loads the application, serves it, answers calls, drains, leaves."""

from seamline.worker.entry import PLAN_FILE, SECRET_FILE
from seamline.worker.report import (
    FDS_VARIABLE,
    MAX_LINE_BYTES,
    RUN_VARIABLE,
    WORKER_VARIABLE,
    Beat,
    Bye,
    Drain,
    Draining,
    Failed,
    Handover,
    Hello,
    Identity,
    Listener,
    Ready,
    Report,
    decode_report,
    encode,
)

__all__ = [
    "FDS_VARIABLE",
    "MAX_LINE_BYTES",
    "PLAN_FILE",
    "RUN_VARIABLE",
    "SECRET_FILE",
    "WORKER_VARIABLE",
    "Beat",
    "Bye",
    "Drain",
    "Draining",
    "Failed",
    "Handover",
    "Hello",
    "Identity",
    "Listener",
    "Ready",
    "Report",
    "decode_report",
    "encode",
]
