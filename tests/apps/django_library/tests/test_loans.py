import os

import pytest

from loans.services import desk, fees

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "library.settings")


def test_a_book_that_is_out_has_days_left():
    desk.lend("Persuasion", days=7)

    assert desk.days("Persuasion") == 7


def test_a_book_that_is_here_is_not_out():
    with pytest.raises(desk.NotOut, match="Walden is here"):
        desk.days("Walden")


def test_being_late_costs_more_every_day():
    assert fees.fee(16, 14) == 21
    assert fees.waive(9) == 1
