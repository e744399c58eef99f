"""Receivers that a test connects to signals of the application, or takes off them.

A host has the receivers that importing connected. What it sends does not reach one that only the
test's process has, so whoever may send such a signal stays here until it is as it was.
"""

import sys
from collections.abc import Callable, Collection, Iterator
from types import ModuleType
from typing import Any, Final

from seamline.testing.causes import Replaced

# The classes that signals of the two libraries are instances of.
_SIGNALS: Final = frozenset({("blinker.base", "Signal"), ("django.dispatch.dispatcher", "Signal")})
_State = tuple[frozenset[object], bool]


class Listening:
    """What listens to the signals that modules name, in one test process.

    Args:
        is_application: Whether a module, by its name, is the application's.
    """

    def __init__(self, is_application: Callable[[str], bool]) -> None:
        self._is_application = is_application
        self._first: dict[Replaced, tuple[Any, _State]] = {}
        self._is_collected = False

    def begin(self) -> None:
        """Take who listens now for who listens on hosts."""
        self._is_collected = True
        self.imported(list(sys.modules))

    def imported(self, loaded: Collection[str]) -> None:
        """Take note of the signals of modules that were executed."""
        if not self._is_collected:
            return
        for module in filter(self._is_application, loaded):
            found = sys.modules.get(module)
            space = vars(found) if isinstance(found, ModuleType) else {}
            for name, value in list(space.items()):
                if _is_signal(value):
                    self._first.setdefault(Replaced(module, name), (value, _state(value)))

    def active(self) -> Iterator[Replaced]:
        """Yield the signals that others listen to now."""
        for one, (signal, first) in list(self._first.items()):  # another thread may import
            if _state(signal) != first:
                yield one


def _is_signal(value: object) -> bool:
    kinds = type(value).__mro__  # not isinstance: proxies of frameworks would run code
    return any((kind.__module__, kind.__name__) in _SIGNALS for kind in kinds)


def _state(signal: Any) -> _State:
    """Return what tells one set of receivers from another, and whether the signal is muted."""
    receivers = list(signal.receivers)
    if not isinstance(signal.receivers, dict):  # Django: rows that begin with what names one
        return frozenset(row[0] for row in receivers), False
    senders = getattr(signal, "_by_receiver", {})
    heard = ((receiver, frozenset(senders.get(receiver, ()))) for receiver in receivers)
    return frozenset(heard), bool(getattr(signal, "is_muted", False))
