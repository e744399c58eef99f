"""seamline.supervisor.group: how long a slot waits for its next worker."""

import pytest

from seamline.supervisor.backoff import backoff, is_long_life, restart_delay


def test_waits_double_up_to_half_a_minute() -> None:
    waits = [backoff(deaths, jitter=lambda: 0.0) for deaths in range(1, 12)]

    assert waits == pytest.approx([0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 12.8, 25.6, 30, 30])


def test_a_few_deaths_in_a_row_leave_no_slot_empty_for_long_and_many_do() -> None:
    waits = [restart_delay(deaths) for deaths in range(9)]

    assert waits == pytest.approx([0.0875] * 6 + [0.175, 0.35, 0.7], rel=0.15)


def test_waits_are_spread_by_at_most_a_quarter() -> None:
    assert backoff(4, jitter=lambda: 1.0) == pytest.approx(0.6)


def test_a_worker_that_died_a_million_times_still_gets_a_finite_wait() -> None:
    assert backoff(10**6, jitter=lambda: 0.0) == 30.0


@pytest.mark.parametrize(
    ("start", "service", "is_long"),
    [
        (0.5, 1.1, True),
        (0.5, 0.9, False),
        (10.0, 11.0, True),
        (10.0, 9.0, False),
        (10.0, None, False),
        (70.0, None, True),
        (59.0, 2.0, True),
    ],
)
def test_who_served_for_longer_than_its_start_took_is_started_as_after_a_first_death(
    start: float, service: float | None, is_long: bool
) -> None:
    ready_at = None if service is None else 100 + start

    assert is_long_life(100.0, ready_at, 100 + start + (service or 0)) is is_long
