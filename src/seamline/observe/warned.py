"""Warnings of observed functions, placed where they would be without probes.

``warnings.warn(text, stacklevel=2)`` counts frames, and a probe adds some between a function and
its caller. The call is counted anew here, past those; what is said is not touched.
"""

import functools
import sys
import warnings
from types import CodeType, FrameType
from typing import Any, Final

from seamline.observe import probe as _probe
from seamline.observe.probe import Probe

_OURS: Final = _probe.__file__


def place_warnings() -> None:
    """Have ``warnings.warn`` look past probes, from now on in this process."""
    original: Any = warnings.warn

    @functools.wraps(original)
    def warn(
        message: Any, category: Any = None, stacklevel: int = 1, source: Any = None, **more: Any
    ) -> None:
        wanted = max(2 if more.get("skip_file_prefixes") else 1, stacklevel)
        prefixes = tuple(more.get("skip_file_prefixes", ()))
        level = _level(sys._getframe(), wanted, prefixes)  # noqa: SLF001 - costs no traceback
        original(message, category, stacklevel=level, source=source, **more)

    warnings.warn = warn


def _level(own: FrameType, wanted: int, prefixes: tuple[str, ...]) -> int:
    """Return the level, counted from a frame of ours, of the caller that is meant."""
    level = 1
    frame: FrameType | None = own
    while frame is not None and wanted > 0:
        frame = _outer(frame, prefixes)
        level += 1
        if frame is not None and not _is_ours(frame.f_code):
            wanted -= 1
    return level


def _outer(frame: FrameType, prefixes: tuple[str, ...]) -> FrameType | None:
    """Return the next frame outward that ``warnings`` counts."""
    outer = frame.f_back
    while outer is not None and _is_passed_over(outer.f_code.co_filename, prefixes):
        outer = outer.f_back
    return outer


def _is_passed_over(file: str, prefixes: tuple[str, ...]) -> bool:
    return ("importlib" in file and "_bootstrap" in file) or file.startswith(prefixes or ("\0",))


def _is_ours(code: CodeType) -> bool:
    """Whether code is a probe's, or stands in for a function's own."""
    return code.co_filename == _OURS or any(isinstance(const, Probe) for const in code.co_consts)
