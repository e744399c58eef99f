"""One process's life: loads the application, serves it, answers calls, drains, leaves."""

from typing import TYPE_CHECKING, Final

from seamline.late import late
from seamline.worker.forking import LENGTH, ZYGOTE_VARIABLE, Answer, Fork, Forked, Load, Preload
from seamline.worker.report import (
    FDS_VARIABLE,
    MAX_LINE_BYTES,
    Adopt,
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
    Release,
    Report,
    Resize,
    Tell,
    WarningFilter,
    decode_report,
    encode,
    is_own_variable,
)

if TYPE_CHECKING:
    from seamline.worker.seams import Process

__all__ = [
    "FDS_VARIABLE",
    "LENGTH",
    "MAX_LINE_BYTES",
    "ZYGOTE_VARIABLE",
    "Adopt",
    "Align",
    "Aligned",
    "Answer",
    "Beat",
    "Bye",
    "Drain",
    "Draining",
    "Failed",
    "Fork",
    "Forked",
    "Handover",
    "Hello",
    "Identity",
    "Listener",
    "Load",
    "Order",
    "Preload",
    "Process",
    "Ready",
    "Release",
    "Report",
    "Resize",
    "Tell",
    "WarningFilter",
    "decode_report",
    "encode",
    "is_own_variable",
]

# What makes and answers calls: the supervisor does neither.
_LATE: Final = {
    "Process": "seamline.worker.seams",
}

if not TYPE_CHECKING:
    __getattr__ = late(__name__, _LATE)
