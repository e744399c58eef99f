"""In a host of tests: what code warns of, logs and prints in a call is told to its caller."""

import logging
import logging.handlers
import sys
import traceback
import warnings
from collections.abc import Mapping
from typing import Any, Final, TextIO, TypeGuard

from seamline.rpc import WRITTEN, Hearing, file_of, handlers_of
from seamline.wire import Logged, Printed, Spoken, Warned

_OWN: Final = frozenset({"seamline", "uvicorn"})
_OF_RECORDS: Final = frozenset(vars(logging.makeLogRecord({})))
_NATIVE: Final = (str, int, float, bool, type(None))
# What msgpack holds as a number.
_LARGEST: Final = 2**63
# Handlers that send a record away: nothing in this process sees that they did.
_OUT: Final = (
    logging.handlers.SocketHandler,
    logging.handlers.SysLogHandler,
    logging.handlers.SMTPHandler,
    logging.handlers.HTTPHandler,
)
# Standard output and error before their text was told.
_STREAMS: Final[list[Any]] = [sys.__stdout__, sys.__stderr__]


def listen() -> None:
    """Begin, for as long as this process lives. Doing it again does nothing."""
    if Hearing.is_on:
        return
    Hearing.is_on = True
    call_handlers = logging.Logger.callHandlers
    show = warnings.showwarning

    def tell_handlers(logger: logging.Logger, record: logging.LogRecord) -> None:
        if record.name.partition(".")[0] in _OWN:
            call_handlers(logger, record)
            return
        before: tuple[str, ...] = getattr(record, WRITTEN, ())
        own = [
            handler
            for handler in handlers_of(logger)
            if record.levelno >= handler.level
            and file_of(handler) not in before
            and not _says_again(handler)
        ]
        files = (*before, *filter(None, map(file_of, own)))
        if not Hearing.hear(_logged(record, files)):
            call_handlers(logger, record)
            return
        for handler in own:
            handler.handle(record)

    def tell_warning(message: Any, category: Any, filename: str, lineno: int, *rest: Any) -> None:
        if not Hearing.hear(_warned(message, category, filename, lineno)):
            show(message, category, filename, lineno, *rest)

    logging.Logger.callHandlers = tell_handlers  # type: ignore[method-assign, assignment]
    warnings.showwarning = tell_warning  # type: ignore[assignment]
    for name, is_error in (("stdout", False), ("stderr", True)):
        _STREAMS.append(getattr(sys, name))
        setattr(sys, name, _Telling(getattr(sys, name), is_error=is_error))


def _says_again(handler: logging.Handler) -> bool:
    """Whether a handler shows a record to people, as the same one of the tests' process does.

    What code of the application may read, a list or a file, gets its records here.
    """
    name = type(handler).__module__
    if name.partition(".")[0] in _OWN or name == "django.utils.log" or isinstance(handler, _OUT):
        return True
    if not isinstance(handler, logging.StreamHandler):
        return False
    # basicConfig() in a call adds a handler here, and none to the tests' process under pytest.
    told = (sys.stdout, sys.stderr) if handler in logging.root.handlers else ()
    return any(handler.stream is stream for stream in (*told, *_STREAMS))


class _Telling:
    """Standard output or error: what a call writes is its caller's."""

    def __init__(self, stream: TextIO, *, is_error: bool) -> None:
        self._stream = stream
        self._is_error = is_error

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        """Write as the stream does."""
        if type(text) is str and Hearing.hear(Printed(text, self._is_error)):
            return len(text)
        return self._stream.write(text)

    def writelines(self, lines: list[str]) -> None:
        """Write as the stream does."""
        for line in lines:
            self.write(line)


def _logged(record: logging.LogRecord, written: tuple[str, ...]) -> Logged:
    message = record.msg if type(record.msg) is str else str(record.msg)
    arguments: tuple[Spoken, ...] | dict[str, Spoken] | None = None
    if type(record.args) is tuple and all(map(_is_native, record.args)):
        arguments = tuple(value for value in record.args if _is_native(value))
    elif type(record.args) is dict and len(_natives(record.args)) == len(record.args):
        arguments = _natives(record.args)
    elif record.args:
        message = record.getMessage()  # they would be others there
    error = record.exc_text or ""
    if record.exc_info and not error:
        error = "".join(traceback.format_exception(*record.exc_info)).rstrip("\n")
    own = {name: value for name, value in vars(record).items() if name not in _OF_RECORDS}
    return Logged(
        record.name,
        record.levelno,
        message,
        arguments,
        record.pathname,
        record.lineno,
        record.funcName or "",
        error,
        _natives(own),
        written,
    )


def _warned(message: Any, category: Any, filename: str, lineno: int) -> Warned:
    given = message.args if isinstance(message, Warning) else (message,)
    kind = type(message) if isinstance(message, Warning) else category
    bases = [base for base in kind.__mro__ if issubclass(base, Warning)]
    return Warned(
        tuple(f"{base.__module__}:{base.__qualname__}" for base in bases),
        tuple(value if _is_native(value) else str(value) for value in given),
        filename,
        lineno,
        _above(filename, lineno),
        _natives(vars(message)) if isinstance(message, Warning) else {},
    )


def _above(filename: str, lineno: int) -> int:
    """Return how far above its call a warning's place is, or -1 for a place of the host's."""
    frame = sys._getframe(2)  # noqa: SLF001 - where the warning is shown
    above = -1
    is_in_application = False
    while frame.f_back is not None:
        frame = frame.f_back
        top = str(frame.f_globals.get("__name__", "")).partition(".")[0]
        is_in_application |= top not in _OWN and top != "warnings"
        if above >= 0 or (is_in_application and top in _OWN):
            above += 1
        if (frame.f_code.co_filename, frame.f_lineno) == (filename, lineno):
            return above
    return -1 if filename.endswith(".py") else 0


def _is_native(value: object) -> TypeGuard[Spoken]:
    return type(value) in _NATIVE and not (type(value) is int and abs(value) >= _LARGEST)


def _natives(values: Mapping[Any, object]) -> dict[str, Spoken]:
    """Return those that can be sent."""
    return {
        name: value for name, value in values.items() if type(name) is str and _is_native(value)
    }
