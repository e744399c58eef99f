"""Rows 10, 14, 17, 19: a package with mutable module state."""

import os
from functools import cache
from pathlib import Path

from law import signals
from law.context import currency, private

COUNTS: dict[str, int] = {}
RECEIVED: list[tuple[str, int, int]] = []
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
