"""What stands for an iterator of the caller among the arguments of a call."""

import itertools
from types import AsyncGeneratorType, GeneratorType
from typing import Any, Final

from seamline.wire.marks import ITERATED, READERS, WRITERS, Reading, Writing

#: Iterators whose next step is known to be one of Python's own.
_ITERATORS: Final = frozenset(
    {
        GeneratorType, map, filter, zip, enumerate, reversed,
        *(x for x in vars(itertools).values() if isinstance(x, type)),
        *map(type, (iter([]), iter(()), iter({}), iter({}.keys()), iter({}.values()))),
        *map(type, (iter({}.items()), iter(set()), iter(range(0)), iter(""), iter(b""))),
        *map(type, (iter(bytearray()), iter(int, 1), reversed([]), reversed({}))),
    }
)  # fmt: skip


class Iterated:
    """The place of an iterator.

    Attributes:
        number: Which of the call's iterators.
        kind: ``iterator``, ``generator`` (it can be closed) or ``async generator``.
    """

    __slots__ = ("kind", "number")

    def __init__(self, number: int, kind: str) -> None:
        self.number = number
        self.kind = kind


KINDS: Final = ("iterator", "generator", "async generator")


def iterated_kind(value: object) -> str:
    """Return which kind of iterator a value is; empty when it is none that can be asked."""
    kind = type(value)
    if kind is GeneratorType:
        return "generator"
    if kind is AsyncGeneratorType:
        return "async generator"
    return "iterator" if kind in _ITERATORS else ""


def _write(value: Iterated, _w: Writing, _left: int) -> Any:
    return [ITERATED, value.number, KINDS.index(value.kind)]


def _read(node: list[Any], _r: Reading, _left: int) -> Iterated:
    _, number, kind = node
    if type(number) is not int or number < 0 or kind not in range(len(KINDS)):
        raise ValueError("an iterator of no known kind")
    return Iterated(number, KINDS[kind])


WRITERS[Iterated] = _write
READERS[ITERATED] = _read
