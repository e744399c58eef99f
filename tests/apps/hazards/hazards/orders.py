"""Changes its arguments, and counts in a module that belongs to nobody."""

from dataclasses import dataclass, field

from hazards import tally


@dataclass
class Order:
    lines: list[str] = field(default_factory=list)
    done: bool = False


def close(order: Order) -> None:
    """Changes its argument."""
    order.done = True


def fill(order: Order, lines: list[str]) -> int:
    """Changes an argument through another function."""
    _extend(order.lines, lines)
    return len(order.lines)


def _extend(target: list[str], lines: list[str]) -> None:
    target.extend(lines)


def label(order: Order) -> str:
    """Changes nothing."""
    tally.bump("orders")
    return ", ".join(sorted(order.lines))
