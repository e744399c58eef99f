"""What the readings say about tomorrow."""

from collections.abc import Sequence

from weather.stations import Reading

_made = 0


def mean(readings: Sequence[Reading]) -> float:
    global _made
    _made += 1
    total = 0.0
    for reading in readings:
        total += reading.celsius
    return total / len(readings)


def made() -> int:
    return _made
