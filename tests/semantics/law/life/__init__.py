"""Rows 5, 12 and 16: the process around the code, and its end."""

import logging
import os
import signal
import sys
import warnings
from pathlib import Path

_SEEN: list[str] = []


def note(what: str) -> int:
    """Take note where this package lives; returns how much was noted."""
    _SEEN.append(what)
    return len(_SEEN)


#: Made while importing: it runs where it is made.
FIRST = note("import")


def noted() -> list[str]:
    return list(_SEEN)


def process() -> int:
    _SEEN.append("process")
    return os.getpid()


def surroundings() -> dict[str, object]:
    """Return what a process has around its code."""
    _SEEN.append("surroundings")
    return {
        "directory": str(Path.cwd()),
        "path": [entry for entry in sys.path if entry],
        "hash": hash("a text"),
        "recursion": sys.getrecursionlimit(),
        "umask": _umask(),
        "variable": os.environ.get("LAW_VARIABLE"),
    }


def _umask() -> int:
    mask = os.umask(0o077)
    os.umask(mask)
    return mask


def end() -> None:
    """End this process at once, as a crash does."""
    _SEEN.append("end")
    os.kill(os.getpid(), signal.SIGKILL)


def end_once(mark: Path) -> str:
    """End this process, but not when it was ended before: it may be called again."""
    _SEEN.append("end_once")
    if not mark.exists():
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return "survived"


def speaks(what: str) -> int:
    """Log, warn and print where this package lives."""
    _SEEN.append(what)
    logging.getLogger("law").info("logged %s", what, extra={"shelf": 3})
    warnings.warn(f"warned of {what}", FutureWarning, stacklevel=2)
    sys.stdout.write(f"printed {what}\n")
    return len(_SEEN)
