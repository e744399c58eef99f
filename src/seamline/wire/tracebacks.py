"""Tracebacks as text, for the other process to show. Nothing here raises.

The standard library's own formatting costs half a millisecond for six frames, most of it
for the marks under a line and for asking the file system whether a source has changed.
This one shows the same frames and lines without either.
"""

import linecache
import traceback
from collections.abc import Iterator
from types import TracebackType
from typing import Final

#: A longer traceback keeps its two ends.
MAX_TRACEBACK_CHARS: Final = 32 * 1024
#: Frames shown at either end of one exception's traceback.
_MAX_FRAMES: Final = 50
#: Lines shown of a frame that repeats, before they are only counted.
_REPEATS: Final = 3
#: Exceptions of which the standard library says more than their own text: the place of a
#: syntax error, the members of a group, what else a name might have been.
_TOLD_BETTER: Final = (SyntaxError, BaseExceptionGroup, NameError, AttributeError, ImportError)
_CAUSE: Final = "\nThe above exception was the direct cause of the following exception:\n\n"
_CONTEXT: Final = "\nDuring handling of the above exception, another exception occurred:\n\n"
_HEAD: Final = "Traceback (most recent call last):\n"


def format_traceback(error: BaseException) -> str:
    """Return the traceback as text, bounded; never raises what ``error`` raises."""
    try:
        text = "".join(_format_chain(error))
    except Exception as exc:  # noqa: BLE001 - the application's __str__ or __repr__ ran
        return (
            f"{type(error).__qualname__} (its traceback cannot be printed: {type(exc).__name__})\n"
        )
    if len(text) > MAX_TRACEBACK_CHARS:
        half = MAX_TRACEBACK_CHARS // 2
        text = (
            f"{text[:half]}\n  ... {len(text) - 2 * half} characters left out ...\n{text[-half:]}"
        )
    return text if text.isascii() else text.encode("utf-8", "backslashreplace").decode()


def text_of(error: BaseException) -> str:
    """Return ``str(error)``, or its class when that fails."""
    try:
        text = str(error)
    except Exception:  # noqa: BLE001 - the application's __str__ ran
        text = type(error).__qualname__
    return text if text.isascii() else text.encode("utf-8", "backslashreplace").decode()


def _format_chain(error: BaseException) -> Iterator[str]:
    """Yield the text of an exception after that of what led to it, the oldest first."""
    links: list[tuple[BaseException, str]] = []
    seen: set[int] = set()
    following: BaseException | None = error
    joint = ""
    while following is not None and id(following) not in seen:
        links.append((following, joint))
        seen.add(id(following))
        if following.__cause__ is not None:
            following, joint = following.__cause__, _CAUSE
        elif not following.__suppress_context__:
            following, joint = following.__context__, _CONTEXT
        else:
            break
    for link, joint in reversed(links):
        if isinstance(link, BaseExceptionGroup):
            yield from traceback.format_exception(
                type(link), link, link.__traceback__, chain=False
            )
        else:
            if link.__traceback__ is not None:
                yield _HEAD
                yield from _format_frames(link.__traceback__)
            yield _format_only(link)
        yield joint


def _format_only(error: BaseException) -> str:
    """Return an exception's class, text and notes."""
    if isinstance(error, _TOLD_BETTER) or getattr(error, "__notes__", None):
        return "".join(traceback.format_exception_only(error))
    cls = type(error)
    name = cls.__qualname__
    if cls.__module__ not in {"builtins", "__main__"}:
        name = f"{cls.__module__}.{name}"
    text = str(error)
    return f"{name}: {text}\n" if text else f"{name}\n"


def _format_frames(trace: TracebackType) -> list[str]:
    """Return the lines of the frames, the innermost last."""
    lines: list[str] = []
    last: tuple[object, int] | None = None
    repeated = 0
    following: TracebackType | None = trace
    while following is not None:
        frame = following.tb_frame
        number = following.tb_lineno
        code = frame.f_code
        if (code, number) == last:
            repeated += 1
        else:
            _count_repeats(lines, repeated)
            last, repeated = (code, number), 0
        if repeated < _REPEATS:
            source = linecache.getline(code.co_filename, number, frame.f_globals).strip()
            place = f'  File "{code.co_filename}", line {number}, in {code.co_name}\n'
            lines.append(f"{place}    {source}\n" if source else place)
        following = following.tb_next
    _count_repeats(lines, repeated)
    if len(lines) > 2 * _MAX_FRAMES:
        left_out = len(lines) - 2 * _MAX_FRAMES
        lines[_MAX_FRAMES:-_MAX_FRAMES] = [f"  ... {left_out} frames left out ...\n"]
    return lines


def _count_repeats(lines: list[str], repeated: int) -> None:
    more = repeated - _REPEATS + 1
    if more > 0:
        lines.append(f"  [Previous line repeated {more} more time{'s' * (more > 1)}]\n")
