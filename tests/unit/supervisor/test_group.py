"""seamline.supervisor.group: how long a slot waits for its next worker."""

import pytest

from seamline.supervisor.backoff import backoff


def test_waits_double_up_to_half_a_minute() -> None:
    waits = [backoff(deaths, jitter=lambda: 0.0) for deaths in range(1, 12)]

    assert waits == pytest.approx([0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 12.8, 25.6, 30, 30])


def test_waits_are_spread_by_at_most_a_quarter() -> None:
    assert backoff(4, jitter=lambda: 1.0) == pytest.approx(0.6)


def test_a_worker_that_died_a_million_times_still_gets_a_finite_wait() -> None:
    assert backoff(10**6, jitter=lambda: 0.0) == 30.0
