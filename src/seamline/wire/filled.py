"""Dictionaries that a look-up fills: a ``defaultdict``, a class whose look-up may store.

No source says which parameter gets one, so a call is looked at when it is made: with such a
dictionary in its arguments, looking something up is a change, which has to come back.
"""

from collections import Counter, UserDict, defaultdict
from contextvars import ContextVar
from typing import Any, Final

#: What asks for a missing key and stores nothing.
_READING: Final = Counter.__missing__
#: Whether what was written since somebody looked holds such a dictionary.
_filled: ContextVar[bool] = ContextVar("seamline.filled", default=False)


def take_filled() -> bool:
    """Return whether anything written since the last time is filled by being looked into."""
    if not _filled.get():
        return False
    _filled.set(False)
    return True


def note_filled() -> None:
    """Note that something written is filled by being looked into."""
    _filled.set(True)


def is_filled(value: dict[Any, Any]) -> bool:
    """Whether looking a key up in an instance of a subclass may store it."""
    missing = getattr(type(value), "__missing__", None)
    if missing is defaultdict.__missing__ and isinstance(value, defaultdict):
        return value.default_factory is not None
    return (missing is not None and missing is not _READING) or _looks_up(type(value), dict)


def is_filled_object(cls: type) -> bool:
    """Whether looking a key up may store it in the ``UserDict`` that instances of a class are."""
    return issubclass(cls, UserDict) and (hasattr(cls, "__missing__") or _looks_up(cls, UserDict))


def _looks_up(cls: Any, kind: Any) -> bool:
    """Whether a class looks keys up in a way of its own, which may store what is missing."""
    return cls.__getitem__ is not kind.__getitem__ or cls.get is not kind.get
