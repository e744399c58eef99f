"""Numbers of books."""

from dataclasses import dataclass

_checked: dict[str, bool] = {}


@dataclass(frozen=True)
class Book:
    number: str
    title: str


def check(number: str) -> bool:
    digits = [int(c) for c in number if c.isdigit()]
    total = 0
    for place, digit in enumerate(digits):
        total += digit * (3 if place % 2 else 1)
    _checked[number] = len(digits) == 13 and total % 10 == 0
    return _checked[number]
