"""One process's life: loads the application, serves it, answers calls, drains, leaves."""

from seamline.worker.alignment import is_own_variable
from seamline.worker.report import (
    FDS_VARIABLE,
    MAX_LINE_BYTES,
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
    WarningFilter,
    decode_report,
    encode,
)
from seamline.worker.seams import Process

__all__ = [
    "FDS_VARIABLE",
    "MAX_LINE_BYTES",
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
    "WarningFilter",
    "decode_report",
    "encode",
    "is_own_variable",
]
