"""Every seam error that reaches the application is counted and logged, once."""

import logging
import sys
import weakref
from collections import Counter
from contextvars import ContextVar
from pathlib import Path
from types import CodeType
from typing import Final

from seamline.errors import SeamError
from seamline.rpc.model import Stay

_log = logging.getLogger("seamline.rpc")
_counts: Counter[str] = Counter()
_stays: Counter[str] = Counter()
# Beside the errors, not on them: an attribute would cross the next seam with the error.
_seen: weakref.WeakSet[SeamError] = weakref.WeakSet()
# Where their codes are written, once somebody asked for it, and those that could not be.
_files: list[Path] = []
_untold: Counter[str] = Counter()
_OURS: Final = f"{Path(__file__).resolve().parent.parent}/"

#: Errors raised while serving one request; the worker sets a list and reads it afterwards.
request_errors: ContextVar[list[SeamError] | None] = ContextVar(
    "seamline.request_errors", default=None
)


def record(error: SeamError) -> None:
    """Count an error that is about to be raised to the application, and log its call site.

    The second call for the same object does nothing, so every layer may record.
    """
    if error in _seen:
        return
    _seen.add(error)
    _counts[error.code] += 1
    errors = request_errors.get()
    if errors is not None:
        errors.append(error)
    _write([error.code])
    _log.warning("[%s] %s (called at %s)", error.code, error, call_site())


def write_codes(file: Path) -> None:
    """Have the code of each error, also of those so far, be a line at the end of a file.

    Several processes may write to one file. Doing it again writes what could not be written.
    """
    is_new = file not in _files
    if is_new:
        _files[:] = [file]
    _write(list(_counts.elements()) if is_new else [])


def untold() -> dict[str, int]:
    """Return how many errors could not be written to the file, by code."""
    return dict(_untold)


def _write(codes: list[str]) -> None:
    codes += _untold.elements()
    if not codes or not _files:
        return
    try:
        # Opened each time: applications may close or take any descriptor. Errors are rare.
        with _files[0].open("a") as opened:
            opened.write("".join(f"{code}\n" for code in codes))
    except OSError:  # the disk or the table of descriptors is full: told when it is asked for
        _untold.clear()
        _untold.update(codes)
    else:
        _untold.clear()


def record_stay(name: str, stay: Stay) -> None:
    """Count a call that stayed with its caller, and say so the first time for each function."""
    _stays[name] += 1
    if _stays[name] == 1:
        _log.info("%s runs with its caller at %s: %s", name, call_site(), stay)


def stayed() -> dict[str, int]:
    """Return how many calls stayed with their callers, by function."""
    return dict(_stays)


def recorded() -> dict[str, int]:
    """Return how many seam errors this process has raised, by code."""
    return dict(_counts)


def call_site() -> str:
    """Return ``file:line`` of the innermost frame outside Seamline."""
    frame = sys._getframe(1)  # noqa: SLF001 - the only way that costs no traceback
    while frame.f_back is not None and is_ours(frame.f_code):
        frame = frame.f_back
    return f"{frame.f_code.co_filename}:{frame.f_lineno}"


def is_ours(code: CodeType) -> bool:
    """Whether a frame is Seamline's: its own file, or a client half, which names the user's."""
    return code.co_filename.startswith(_OURS) or any(
        getattr(const, "is_client_half", False) for const in code.co_consts
    )
