"""One process's life: loads the application, serves it, answers calls, drains, leaves."""

from typing import TYPE_CHECKING, Final

from seamline.late import late
from seamline.worker.forking import (
    LENGTH,
    ZYGOTE_VARIABLE,
    Answer,
    Check,
    Fork,
    Forkable,
    Forked,
    Load,
    NotNow,
    Preload,
    Refused,
)
from seamline.worker.report import (
    DEBUGGER_HOOK,
    FDS_VARIABLE,
    HANDS_OFF,
    MAX_LINE_BYTES,
    Adopt,
    Align,
    Aligned,
    Beat,
    Begin,
    Bye,
    Drain,
    Draining,
    Failed,
    Files,
    Give,
    Handover,
    Hello,
    Identity,
    Listener,
    Order,
    Prepared,
    Ready,
    Release,
    Report,
    Resize,
    Take,
    Tell,
    WarningFilter,
    Which,
    decode_report,
    encode,
    is_own_variable,
)

if TYPE_CHECKING:
    from seamline.worker.lastcalls import shared_clock
    from seamline.worker.seams import Process

__all__ = [
    "DEBUGGER_HOOK",
    "FDS_VARIABLE",
    "HANDS_OFF",
    "LENGTH",
    "MAX_LINE_BYTES",
    "ZYGOTE_VARIABLE",
    "Adopt",
    "Align",
    "Aligned",
    "Answer",
    "Beat",
    "Begin",
    "Bye",
    "Check",
    "Drain",
    "Draining",
    "Failed",
    "Files",
    "Fork",
    "Forkable",
    "Forked",
    "Give",
    "Handover",
    "Hello",
    "Identity",
    "Listener",
    "Load",
    "NotNow",
    "Order",
    "Preload",
    "Prepared",
    "Process",
    "Ready",
    "Refused",
    "Release",
    "Report",
    "Resize",
    "Take",
    "Tell",
    "WarningFilter",
    "Which",
    "decode_report",
    "encode",
    "is_own_variable",
    "shared_clock",
]

# What makes and answers calls: the supervisor does neither.
_LATE: Final = {
    "Process": "seamline.worker.seams",
    "shared_clock": "seamline.worker.lastcalls",
}

if not TYPE_CHECKING:
    __getattr__ = late(__name__, _LATE)
