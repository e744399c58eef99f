"""What code of a host says while it runs is said again by its caller, in tests.

Elsewhere nobody listens, and a call pays one look at a flag.
"""

import logging
import sys
import threading
import warnings
from collections.abc import Iterator
from contextvars import ContextVar
from types import FrameType
from typing import Any, Final, TypeAlias

from seamline.errors import WireError
from seamline.rpc.recording import is_ours
from seamline.rpc.travel import split_meta, with_meta
from seamline.wire import FLAG_META, Cut, Heard, Logged, Printed, Warned, escape, unescape

_Answer: TypeAlias = tuple[int, int, bytes]

# A loop that logs is cut off here: a test looks at a few, and the answer must stay small.
MOST_HEARD: Final = 1_000
MOST_CHARS: Final = 500_000


class Hearing:
    """Whether this process tells its callers, and what it has to tell in the current call."""

    is_on = False
    _now: ContextVar["Told | None"] = ContextVar("seamline.heard", default=None)

    @classmethod
    def begin(cls) -> "Told | None":
        """Begin to listen to one call, whose context is the current one."""
        told = Told() if cls.is_on else None
        cls._now.set(told)
        return told

    @classmethod
    def resume(cls, told: "Told") -> None:
        """Go on listening, in the next step of a stream."""
        cls._now.set(told)

    @classmethod
    def hear(cls, said: Heard) -> bool:
        """Keep something for the caller of the current call; False when it stays here."""
        told = cls._now.get()
        return told is not None and told.add(said)


class Told:
    """What was said in one call and is not sent yet.

    Attributes:
        is_over: Whether the call was answered: what its tasks say after that stays here.
    """

    __slots__ = ("_chars", "_count", "_is_cut", "_lock", "_printed", "_said", "is_over")

    def __init__(self) -> None:
        self._said: list[Heard] = []
        # What the last of it is made of when that is text: its pieces, and whether it is an error.
        self._printed: tuple[list[str], bool] | None = None
        self._count = 0
        self._chars = 0
        self._is_cut = False
        # Threads of the call share it; one that is collecting garbage may print in between.
        self._lock = threading.RLock()
        self.is_over = False

    def add(self, said: Heard) -> bool:
        """Add it, up to the limits of one call; after the first that is too much, nothing."""
        with self._lock:
            if self.is_over or self._is_cut:
                return False
            is_more = type(said) is Printed and self._goes_on(said)
            self._chars += sum(map(len, _texts(said)))
            self._is_cut = self._chars > MOST_CHARS or self._count + (not is_more) > MOST_HEARD
            if self._is_cut:
                self._put_text()
                self._said.append(Cut())
                return False
            if type(said) is Printed and self._printed is not None and is_more:
                self._printed[0].append(said.text)
                return True
            self._count += 1
            self._put_text()
            if type(said) is Printed:
                self._printed = [said.text], said.is_error
            else:
                self._said.append(said)
            return True

    def _goes_on(self, said: Printed) -> bool:
        return self._printed is not None and self._printed[1] == said.is_error

    def _put_text(self) -> None:
        if self._printed is not None:
            pieces, is_error = self._printed
            self._printed = None
            self._said.append(Printed("".join(pieces), is_error))

    def put_before(self, answer: _Answer) -> _Answer:
        """Return an answer with what was said since the last one."""
        with self._lock:
            self._put_text()
            said, self._said = tuple(self._said), []
        if not said:
            return answer
        kind, flags, body = answer
        meta, rest = split_meta(flags, body)
        try:
            body = with_meta((), meta.carry, rest, meta.contexts, said)
        except UnicodeEncodeError:
            said = tuple(map(escape, said))
            body = with_meta((), meta.carry, rest, meta.contexts, said)
        return kind, flags | FLAG_META, body


def say_again(said: tuple[Heard, ...]) -> None:
    """Warn, log and print in this process what the host of a call did, in its order.

    Raises:
        Warning: One is an error here.
        WireError: There is more than a host may send.
    """
    if len(said) > MOST_HEARD + (type(unescape(said[-1])) is Cut):
        raise WireError(f"the host of a call sent {len(said)} warnings and log records")
    for one in map(unescape, said):
        if type(one) is Warned:
            _warn(one)
        elif type(one) is Logged:
            _log(one)
        elif type(one) is Printed:
            (sys.stderr if one.is_error else sys.stdout).write(one.text)
        elif type(one) is Cut:
            _warn(Warned(("builtins:RuntimeWarning",), (_CUT,), "", 0, 0))


_CUT: Final = (
    f"the host of this call warned, logged or printed more than a call tells its tests "
    f"({MOST_HEARD:,} in number, {MOST_CHARS:,} characters); the rest is not seen here"
)


def _warn(said: Warned) -> None:
    category = next(filter(None, map(_category, said.categories)), UserWarning)
    warning = category.__new__(category, *said.arguments)
    vars(warning).update(said.attributes)
    place = (said.file, said.line, *_space_of(said.file))
    if said.above >= 0:
        frame = _calling(said.above)
        name = str(frame.f_globals.get("__name__", ""))
        place = (frame.f_code.co_filename, frame.f_lineno, name, frame.f_globals)
    file, line, module, space = place
    # As Python does it: "default" shows one of each place, which its module keeps account of.
    registry = None if space is None else space.setdefault("__warningregistry__", {})
    warnings.warn_explicit(warning, None, file, line, module, registry)


def _category(name: str) -> type[Warning] | None:
    """Return a class of warnings that is loaded here; nothing is imported for a peer."""
    module, _, path = name.partition(":")
    found: Any = sys.modules.get(module)
    for part in path.split("."):
        found = getattr(found, "__dict__", {}).get(part)
    return found if isinstance(found, type) and issubclass(found, Warning) else None


def _space_of(file: str) -> tuple[str, dict[str, Any] | None]:
    """Return name and namespace of the module that a file was loaded as, if it was."""
    for name, module in list(sys.modules.items()):
        if getattr(module, "__file__", None) == file:
            return name, vars(module)
    return file.removesuffix(".py"), None


def _calling(above: int) -> FrameType:
    """Return the frame that makes the call, or one so far above it."""
    frame = sys._getframe(1)  # noqa: SLF001 - the only way that costs no traceback
    while frame.f_back is not None and (is_ours(frame.f_code) or above):
        above -= 0 if is_ours(frame.f_code) else 1
        frame = frame.f_back
    return frame


def _log(said: Logged) -> None:
    logger = logging.getLogger(said.logger)
    given = said.arguments or ()
    record = logger.makeRecord(
        said.logger,
        said.level,
        said.file,
        said.line,
        said.message,
        (given,) if isinstance(given, dict) else given,
        None,
        said.function,
        {name: value for name, value in said.extra.items() if name not in _OF_RECORDS},
    )
    record.exc_text = said.error or None
    if not said.written or Hearing.is_on:
        # In a host, whoever tells its callers knows by this what is written.
        vars(record)[WRITTEN] = said.written
        logger.handle(record)  # whatever the level is here: the host had it logged
    elif not logger.disabled and logger.filter(record):
        written = frozenset(said.written)
        for handler in handlers_of(logger):
            if record.levelno >= handler.level and file_of(handler) not in written:
                handler.handle(record)


WRITTEN: Final = "_seamline_written"


def handlers_of(logger: logging.Logger) -> Iterator[logging.Handler]:
    """Yield the handlers that a logger gives its records to."""
    above: logging.Logger | None = logger
    while above is not None:
        yield from above.handlers
        above = above.parent if above.propagate else None


def file_of(handler: logging.Handler) -> str | None:
    """Return the file that a handler writes to, or None."""
    return handler.baseFilename if isinstance(handler, logging.FileHandler) else None


_OF_RECORDS: Final = frozenset(
    {*vars(logging.makeLogRecord({})), "message", "asctime"}
)  # fmt: skip


def _texts(said: Heard) -> list[str]:
    match said:
        case Printed():
            return [said.text]
        case Warned():
            given = map(str, (*said.arguments, *said.attributes.values()))
            return [*said.categories, *said.attributes, *given]
        case Logged():
            put_in: Any = said.arguments or ()
            names = put_in if isinstance(put_in, dict) else ()
            values = put_in.values() if isinstance(put_in, dict) else put_in
            given = map(str, (*values, *said.extra.values()))
            return [said.message, said.error, *said.extra, *names, *said.written, *given]
        case _:
            return []
