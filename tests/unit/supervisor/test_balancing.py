"""seamline.supervisor.balancing: which workers pass on how many of their clients, and to whom."""

import pytest
from hypothesis import given, strategies as st

from seamline.supervisor.balancing import Balancing, moves
from seamline.supervisor.processes import State
from seamline.worker import Beat


class Process:
    """A worker as its supervisor sees it."""

    def __init__(self, kept: int | None) -> None:
        self.state = State.READY
        self.last = Beat(kept=kept)


class Slot:
    """A place with a listening socket."""

    def __init__(self, kept: int | None) -> None:
        self.process: Process | None = Process(kept)
        self.http: list[object] = [object()]
        self.is_command = False


def balancing(*kept: int | None) -> tuple[Balancing, list[Slot]]:
    slots = [Slot(count) for count in kept]
    return Balancing(slots), slots  # type: ignore[arg-type]


def counts(orders) -> list[int]:
    return [count for takers in orders.values() for count in takers.values()]


@pytest.mark.parametrize(
    ("kept", "found"),
    [
        ([5, 5, 5, 1], [(0, 3, 1), (1, 3, 1), (2, 3, 1)]),
        ([16, 0, 0, 0], [(0, 1, 4), (0, 2, 4), (0, 3, 4)]),
        ([2, 0], [(0, 1, 1)]),
        ([6, 4, 4, 2], [(0, 3, 2)]),
        ([3, 0, 0], [(0, 1, 1), (0, 2, 1)]),
        ([1, 9], [(1, 0, 4)]),
        ([20, 17, 16, 11], [(0, 3, 4), (1, 3, 1)]),
        ([5, 4, 4, 4], []),
        ([18, 16, 16, 14], []),
        ([1, 0, 0, 0], []),
        ([1, 1, 0, 0], []),
        ([0, 0], []),
    ],
)
def test_what_is_more_than_a_worker_s_share_goes_to_those_that_have_less(kept, found) -> None:
    assert sorted(moves(kept)) == found


@given(st.lists(st.integers(0, 10_000) | st.integers(0, 5), min_size=2, max_size=64))
def test_afterwards_no_worker_has_two_more_than_another(kept) -> None:
    after = list(kept)
    for giver, taker, count in (found := moves(kept)):
        assert count > 0
        after[giver] -= count
        after[taker] += count

    is_near = max(kept) - min(kept) <= 1 or 4 * max(kept) <= 5 * min(kept) + 4
    assert bool(found) != is_near
    assert is_near or max(after) - min(after) <= 1
    assert len(found) < len(kept)
    assert {one for one, _, _ in found}.isdisjoint(one for _, one, _ in found)


def test_an_order_names_both_workers() -> None:
    balance, slots = balancing(4, 1, 1)
    fullest, *others = [slot.process for slot in slots]

    assert balance.orders(100.0) == {fullest: dict.fromkeys(others, 1)}


def test_a_group_with_a_worker_that_tells_no_number_is_left_alone() -> None:
    balance, _ = balancing(40, 0, None)

    assert balance.orders(100.0) == {}


def test_nothing_is_ordered_before_the_last_order_can_be_seen_in_what_workers_tell() -> None:
    balance, _ = balancing(4, 0)

    assert counts(balance.orders(100.0)) == [2]
    assert balance.orders(101.9) == {}
    assert counts(balance.orders(102.0)) == [2]


def test_clients_that_nobody_can_pass_on_are_left_alone_for_longer_and_longer() -> None:
    balance, slots = balancing(4, 0)
    now, pauses = 100.0, []
    for _ in range(16):
        assert counts(balance.orders(now)) == [2]
        began = now
        while not balance.orders(now + 1.99):
            now += 2
            if now - began > 200:
                pytest.fail("never again")
            if balance._not_before <= now:
                break
        pauses.append(now - began)

    assert pauses == [*[2] * 7, 60, *[2] * 7, 120]
    slots[0].process.last = Beat(kept=1)  # type: ignore[union-attr]
    balance.orders(now)
    slots[0].process.last = Beat(kept=4)  # type: ignore[union-attr]
    assert counts(balance.orders(now)) == [2]
    assert counts(balance.orders(now + 2)) == [2]


@pytest.mark.parametrize("missing", ["dead", "none", "draining", "alone"])
def test_nobody_passes_on_clients_while_a_worker_is_missing(missing) -> None:
    balance, slots = balancing(4, 0)
    if missing == "alone":
        del slots[1]
    elif missing == "none":
        slots[1].process = None
    else:
        process = slots[1].process
        assert process is not None
        process.state = State.STOPPED if missing == "dead" else State.DRAINING

    assert balance.orders(100.0) == {}


def test_commands_and_workers_without_pages_have_no_share() -> None:
    balance, slots = balancing(3, 0, 0, 0)
    slots[2].is_command = True
    slots[3].http = []

    assert counts(balance.orders(100.0)) == [1]


def test_nobody_passes_on_clients_to_a_new_worker_that_has_not_told_of_its_own() -> None:
    balance, slots = balancing(8, 8)
    assert balance.orders(100.0) == {}
    slots[1].process = Process(0)

    assert balance.orders(100.5) == {}
    assert balance.orders(102.4) == {}
    slots[1].process.last = Beat(kept=8)  # type: ignore[union-attr]
    assert balance.orders(102.6) == {}

    slots[0].process = Process(8)
    slots[1].process.last = Beat(kept=0)  # type: ignore[union-attr]
    assert balance.orders(103.0) == {}
    assert counts(balance.orders(105.1)) == [4]
