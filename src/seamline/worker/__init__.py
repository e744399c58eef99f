"""One process's life: loads the application, serves it, answers calls, drains, leaves."""

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

from seamline.worker.forking import LENGTH, ZYGOTE_VARIABLE, Answer, Fork, Forked, Preload
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
    "Order",
    "Preload",
    "Process",
    "Ready",
    "Report",
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


def __getattr__(name: str) -> Any:
    if name in _LATE:
        return getattr(import_module(_LATE[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
