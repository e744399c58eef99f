"""Module state, and results that are parts of it."""

COUNTS: dict[str, int] = {}
SHELVES: dict[str, list[str]] = {}
UNITS = {"kg": 1000, "g": 1}
_opened = False


class Box:
    """Counts itself on the class."""

    made: list[str] = []

    def __init__(self, label: str) -> None:
        self.label = label
        self.made.append(label)


def put(sku: str, count: int) -> int:
    COUNTS[sku] = COUNTS.get(sku, 0) + count
    return COUNTS[sku]


def counts() -> dict[str, int]:
    """Returns the state itself."""
    return COUNTS


def shelf(name: str) -> list[str]:
    """Returns a part of the state that can be changed."""
    return SHELVES.setdefault(name, [])


def count(sku: str) -> int:
    """Returns a part of the state that cannot be changed."""
    return COUNTS[sku]


def open_shop() -> None:
    global _opened
    _opened = True


def in_grams(amount: int, unit: str) -> int:
    """Reads a table that nothing changes."""
    for name, grams in UNITS.items():
        if name == unit:
            return amount * grams
    raise ValueError(unit)
