"""One process's life: loads the application, serves it, answers calls, drains, leaves."""

from seamline.worker.alignment import is_own_variable
from seamline.worker.entry import PLAN_FILE, SECRET_FILE
from seamline.worker.report import (
    FDS_VARIABLE,
    MAX_LINE_BYTES,
    RUN_VARIABLE,
    WORKER_VARIABLE,
    Align,
    Aligned,
    Beat,
    Bye,
    Drain,
    Draining,
    Failed,
    Handover,
    Hello,
    Identity,
    Listener,
    Order,
    Ready,
    Report,
    decode_report,
    encode,
)
from seamline.worker.seams import Process

__all__ = [
    "FDS_VARIABLE",
    "MAX_LINE_BYTES",
    "PLAN_FILE",
    "RUN_VARIABLE",
    "SECRET_FILE",
    "WORKER_VARIABLE",
    "Align",
    "Aligned",
    "Beat",
    "Bye",
    "Drain",
    "Draining",
    "Failed",
    "Handover",
    "Hello",
    "Identity",
    "Listener",
    "Order",
    "Process",
    "Ready",
    "Report",
    "decode_report",
    "encode",
    "is_own_variable",
]
