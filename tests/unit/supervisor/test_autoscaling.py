"""seamline.supervisor.autoscaling: when a group gets another number of workers."""

import itertools

from hypothesis import given, settings, strategies as st

from seamline.supervisor.autoscaling import Judge, Sample


def run(
    bounds: tuple[int, int], loads, workers: int, waits: int = 0
) -> list[tuple[int, int, str]]:
    """Look once a second at a load, which workers share; return what was decided when."""
    decided = []
    judge = Judge()
    for second, load in enumerate(loads):
        sample = Sample(float(second), min(load / workers, 1.0), waits)
        wanted, why = judge.decide(sample, workers, *bounds)
        if wanted != workers:
            decided.append((second, wanted, why))
            workers = wanted
            judge.changed()
    return decided


def test_a_load_that_leaves_nothing_gets_another_worker_within_three_seconds() -> None:
    decided = run((1, 4), [0.0] * 60 + [4.0] * 3, workers=1)

    assert decided == [(61, 2, "100 % busy")]


def test_connections_that_wait_get_another_worker_of_workers_that_are_not_idle() -> None:
    assert run((1, 4), [0.5] * 3, workers=1, waits=5) == [
        (1, 2, "connections wait to be accepted, now 5")
    ]
    assert run((1, 4), [0.1] * 3, workers=1, waits=5) == []


def test_a_single_busy_second_changes_nothing() -> None:
    assert run((1, 4), ([0.0] * 20 + [1.0]) * 30, workers=1) == []


def test_a_steady_load_above_two_thirds_gets_another_worker_after_ten_seconds() -> None:
    assert run((1, 4), [0.8] * 30, workers=1) == [(10, 2, "80 % busy in 10 s")]


def test_many_workers_grow_by_a_quarter_and_never_beyond_the_most() -> None:
    decided = run((1, 12), [100.0] * 60, workers=8)

    assert [wanted for _, wanted, _ in decided] == [10, 12]


def test_a_quiet_group_loses_a_worker_after_each_five_minutes() -> None:
    decided = run((1, 4), [0.12] * 1300, workers=4)

    assert [wanted for _, wanted, _ in decided] == [3, 2, 1]
    assert decided[0][0] >= 298
    assert decided[0][2] == "3 % busy in 300 s"


def test_no_worker_is_taken_away_that_the_others_would_miss() -> None:
    # Two that are busy for less than a third, and one alone would be for more than half.
    assert run((1, 4), [0.56] * 3000, workers=2) == []


def test_a_connection_that_waits_now_and_then_keeps_no_worker() -> None:
    judge, workers = Judge(), 3
    for second in range(400):
        sample = Sample(float(second), 0.05, int(second % 10 == 0))
        workers, _ = judge.decide(sample, workers, 1, 4)

    assert workers < 3


@settings(deadline=None)
@given(load=st.floats(0, 8), workers=st.integers(1, 8), least=st.integers(1, 4))
def test_a_constant_load_never_goes_back_and_forth(load, workers, least) -> None:
    decided = run((least, 8), [load] * 1200, max(workers, least))

    counts = [max(workers, least), *(wanted for _, wanted, _ in decided)]
    steps = [after - before for before, after in itertools.pairwise(counts)]
    assert all(step > 0 for step in steps) or all(step < 0 for step in steps)
    assert all(least <= count <= 8 for count in counts)
