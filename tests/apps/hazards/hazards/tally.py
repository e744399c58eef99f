"""Belongs to no service, and keeps state that two of them use."""

TALLY: dict[str, int] = {}


def bump(name: str) -> None:
    TALLY[name] = TALLY.get(name, 0) + 1
