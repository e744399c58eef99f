"""Rows 10, 14, 17, 19: a package with mutable module state."""

import os
import uuid
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path

from law import signals
from law.context import currency, private

COUNTS: dict[str, int] = {}
NOTED: list[str] = []
note_down, forget_notes = NOTED.append, NOTED.clear
SHELVES: dict[str, int] = {}
TEXTS: dict[str, int] = {}
RECEIVED: list[tuple[str, int, int]] = []
TOKEN = uuid.uuid4().hex
_step = 1


def count(name: str) -> int:
    """Count a name up and return where it stands."""
    COUNTS[name] = COUNTS.get(name, 0) + _step
    return COUNTS[name]


def set_step(step: int) -> None:
    global _step
    _step = step


def total() -> int:
    return sum(COUNTS.values())


def reset() -> None:
    COUNTS.clear()
    RECEIVED.clear()
    forget_notes()
    shop.clear()


def note(names: list[str]) -> None:
    """Change what only a bound method under another name shows to change."""
    for name in names:
        note_down(name)


def noted() -> int:
    return len(NOTED)


def token() -> str:
    return TOKEN


def tokens(count: int) -> list[str]:
    return [TOKEN for _ in range(count)]


def dated(count: int, day: str = uuid.uuid4().hex) -> list[str]:
    return [day for _ in range(count)]


@lru_cache
def lot() -> str:
    """Draw once, and remember."""
    return uuid.uuid4().hex


@dataclass(frozen=True)
class Ticket:
    name: str

    def lot(self) -> str:
        return lot()


class Shop:
    """Keeps what it is given."""

    def __init__(self, shelves: dict[str, int]) -> None:
        self.shelves = shelves

    def put(self, name: str, count: int) -> None:
        self.shelves[name] = count

    def clear(self) -> None:
        self.shelves.clear()


shop = Shop(SHELVES)


def stock(names: list[str]) -> None:
    for name in names:
        shop.put(name, 1)


def shelves() -> int:
    return len(SHELVES)


def by_text(names: list[str]) -> None:
    for name in names:
        globals()["TEXTS"][name] = 2


def texts() -> int:
    return len(TEXTS)


class Meter:
    """Its methods read the module's state: they run on the host or nowhere."""

    def __init__(self, name: str) -> None:
        self.name = name

    def value(self) -> int:
        return COUNTS[self.name]


@signals.paid.connect
def on_paid(sender: str, *, amount: int) -> int:
    """A receiver: its body runs where this package lives."""
    RECEIVED.append((sender, amount, os.getpid()))
    return amount * 2


def received() -> list[tuple[str, int, int]]:
    return list(RECEIVED)


def pay(amount: int) -> list[int]:
    """Send the signal from here."""
    COUNTS["sent"] = COUNTS.get("sent", 0) + 1
    return [answer for _, answer in signals.paid.send("state", amount=amount)]


def context() -> tuple[str, str]:
    """Return the carried and the private context variable as this side sees them."""
    COUNTS["context"] = 1
    return currency.get(), private.get()


def change_currency(name: str) -> str:
    COUNTS["context"] = 1
    before = currency.get()
    currency.set(name)
    return before


def fail_with_counts() -> None:
    raise LookupError("no such name", COUNTS)


def all_counts() -> dict[str, int]:
    """Return the very object that this module keeps."""
    return COUNTS


@cache
def size(path: str) -> int:
    """Return the size of a file when it was first asked for; `law.upkeep` clears it."""
    return len(Path(path).read_text())


def sizes(paths: list[str]) -> list[int]:
    """Return the sizes of files, by what is remembered of each."""
    return [size(path) for path in paths]


class Gauge:
    def __init__(self) -> None:
        self.height = 0

    def rise(self) -> None:
        self.height += 1


GAUGE = Gauge()
LEVEL = GAUGE


def rise(times: int) -> None:
    for _ in range(times):
        GAUGE.rise()


def level() -> int:
    """Read under a second name what the methods of the object change."""
    return LEVEL.height
