"""Rolls that anyone can check: the seed decides."""

import random
import re

_rolled = 0


class BadDice(ValueError):
    """Not what dice look like."""


def roll(dice: str, seed: str) -> list[int]:
    global _rolled
    match = re.fullmatch(r"(\d+)d(\d+)(?:\+(\d+))?", dice)
    if match is None:
        raise BadDice(dice)
    chance = random.Random(seed)
    count, sides, plus = (int(part or 0) for part in match.groups())
    values = []
    for _ in range(count):
        values.append(chance.randint(1, sides) + plus)
    _rolled += count
    return values


def rolled() -> int:
    return _rolled
