"""What one process has seen of one function, and how it becomes facts that can be written."""

from collections.abc import Callable
from typing import Any, Final

from seamline.errors import NotSendable
from seamline.lock import Seen, bounded
from seamline.observe.types import class_name, type_name
from seamline.wire import Codec

# Stand-ins that tests put in the place of the real thing say nothing about what crosses.
_STAND_INS: Final = ("unittest.mock", "mock.mock")


class Notes:
    """The facts about one function in one process. Sets only grow; counts are exact.

    Attributes:
        name: Dotted name of the function.
        calls, at_import: As in :class:`seamline.lock.Seen`.
        is_new: Whether something was learned since the notes were last written.
    """

    def __init__(self, name: str, codec: Callable[[], Codec]) -> None:
        self.name = name
        self._codec = codec
        self.forget()

    def forget(self) -> None:
        """Start anew, as a forked child does: its parent tells what it saw itself."""
        self.calls = 0
        self.at_import = 0
        self.is_new = False
        self._sets: dict[str, set[str]] = {}
        self._types: dict[str, set[str]] = {}
        self._stays: dict[str, set[str]] = {}
        self._bytes = {"bytes_in": 0, "bytes_out": 0}

    def learn(self, fact: str, name: str) -> None:
        """Take note of one name in one of the lists of :class:`seamline.lock.Seen`."""
        known = self._sets.setdefault(fact, set())
        if name not in known:
            known.add(name)
            self.is_new = True

    def learn_size(self, fact: str, size: int) -> None:
        """Take note of the size of arguments or of a result, rounded up to a power of two."""
        rounded = 1 << max(size - 1, 0).bit_length()
        if rounded > self._bytes[fact]:
            self._bytes[fact] = rounded
            self.is_new = True

    def learn_value(self, fact: str, name: str, value: object) -> bytes | None:
        """Take note of the type of a value and whether it could cross.

        Args:
            fact: ``parameters``, ``result`` or ``yields``.
            name: The parameter, or ``return``.
            value: The value.

        Returns:
            What it would be on the wire, or None when it could not cross.
        """
        if type(value).__module__.startswith(_STAND_INS):
            return None
        key = name if fact == "parameters" else fact
        if fact == "parameters":
            self._learn_of(self._types, name, type_name(value))
        else:
            self.learn(fact, type_name(value))
        try:
            return self._codec().encode(value, where=key)
        except NotSendable as refused:
            kind = _written(refused.kind) or class_name(type(value))
            if not kind.startswith(_STAND_INS):
                self._learn_of(self._stays, name, kind)
            return None

    def encoded(self, name: str, value: object) -> bytes | None:
        """Return what a value would be on the wire, or None when it could not cross."""
        try:
            return self._codec().encode(value, where=name)
        except NotSendable:
            return None

    def seen(self) -> Seen:
        """Return the facts so far. Other threads may go on adding to them."""
        sets = {name: bounded(tuple(known)) for name, known in tuple(self._sets.items())}
        parameters, stays = (
            {name: bounded(tuple(known)) for name, known in tuple(table.items())}
            for table in (self._types, self._stays)
        )
        values: dict[str, Any] = {**sets, **self._bytes}
        return Seen(
            calls=self.calls,
            at_import=self.at_import,
            parameters=parameters,
            stays=stays,
            **values,
        )

    def _learn_of(self, table: dict[str, set[str]], name: str, found: str) -> None:
        known = table.setdefault(name, set())
        if found not in known:
            known.add(found)
            self.is_new = True


def _written(kind: str) -> str:
    """Return the name of a class as :func:`class_name` writes it."""
    names = {"builtins.function": "function", "builtins.module": "module"}
    return names.get(kind, kind.removeprefix("builtins."))
