import asyncio

import pytest

from dice import history, rolls


def test_the_same_seed_rolls_the_same():
    assert rolls.roll("2d6", seed="a") == rolls.roll("2d6", seed="a")
    assert rolls.rolled() >= 4


def test_what_is_no_dice_is_refused():
    with pytest.raises(rolls.BadDice, match="six"):
        rolls.roll("six", seed="a")


def test_the_last_roll_is_remembered():
    async def session():
        await history.keep([1, 2])
        return await history.last()

    assert asyncio.run(session()) == [1, 2]
