"""What code of a host says while it runs is said again by its caller, in tests.

Elsewhere nobody listens, and a call pays one look at a flag.
"""

import logging
import sys
import warnings
from contextvars import ContextVar
from types import FrameType
from typing import Any, Final, TypeAlias

from seamline.errors import WireError
from seamline.rpc.recording import is_ours
from seamline.rpc.travel import split_meta, with_meta
from seamline.wire import FLAG_META, Heard, Logged, Printed, Warned

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

    __slots__ = ("_chars", "_count", "_said", "is_over")

    def __init__(self) -> None:
        self._said: list[Heard] = []
        self._count = 0
        self._chars = 0
        self.is_over = False

    def add(self, said: Heard) -> bool:
        """Add it, up to the limits of one call."""
        size = sum(len(part) for part in _texts(said))
        if self.is_over or self._count == MOST_HEARD or self._chars + size > MOST_CHARS:
            return False
        self._count += 1
        self._chars += size
        last = self._said[-1] if self._said else None
        if type(said) is Printed and type(last) is Printed and said.is_error == last.is_error:
            self._said[-1] = Printed(last.text + said.text, said.is_error)
        else:
            self._said.append(said)
        return True

    def put_before(self, answer: _Answer) -> _Answer:
        """Return an answer with what was said since the last one."""
        if not self._said:
            return answer
        kind, flags, body = answer
        meta, rest = split_meta(flags, body)
        said, self._said = tuple(self._said), []
        return kind, flags | FLAG_META, with_meta((), meta.carry, rest, meta.contexts, said)


def say_again(said: tuple[Heard, ...]) -> None:
    """Warn, log and print in this process what the host of a call did, in its order.

    Raises:
        Warning: One is an error here.
        WireError: There is more than a host may send.
    """
    if len(said) > MOST_HEARD:
        raise WireError(f"the host of a call sent {len(said)} warnings and log records")
    for one in said:
        if type(one) is Warned:
            _warn(one)
        elif type(one) is Logged:
            _log(one)
        elif type(one) is Printed:
            (sys.stderr if one.is_error else sys.stdout).write(one.text)


def _warn(said: Warned) -> None:
    category = next(filter(None, map(_category, said.categories)), UserWarning)
    warning = category.__new__(category, *said.arguments)
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
    if not logger.isEnabledFor(said.level):
        return
    record = logger.makeRecord(
        said.logger,
        said.level,
        said.file,
        said.line,
        said.message,
        said.arguments or (),
        None,
        said.function,
        {name: value for name, value in said.extra.items() if name not in _OF_RECORDS},
    )
    record.exc_text = said.error or None
    logger.handle(record)


_OF_RECORDS: Final = frozenset(
    {*vars(logging.makeLogRecord({})), "message", "asctime"}
)  # fmt: skip


def _texts(said: Heard) -> list[str]:
    match said:
        case Printed():
            return [said.text]
        case Warned():
            return [*said.categories, *map(str, said.arguments)]
        case Logged():
            given = map(str, (*(said.arguments or ()), *said.extra.values()))
            return [said.message, said.error, *said.extra, *given]
