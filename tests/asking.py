"""What a supervisor says of itself, asked without a command.

A command computes as much as an application does to start, in every look of whoever waits for one.
"""

from pathlib import Path
from typing import Any

import msgspec

from seamline.errors import NotRunning
from seamline.supervisor import StatusRequest, ask


def status_of(runtime: Path) -> dict[str, Any] | None:
    """Return the status of what runs in an ``XDG_RUNTIME_DIR``, or None when nothing does."""
    for control in runtime.glob("seamline/*/control.sock"):
        try:
            return msgspec.to_builtins(ask(control.parent, StatusRequest()))
        except NotRunning:
            return None
    return None
