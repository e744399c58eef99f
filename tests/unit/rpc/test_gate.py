"""``seamline.rpc.gate``: so many inside, first come, first served."""

import threading
import time

import pytest

from seamline.rpc.gate import Gate


def until_waiting(gate: Gate, count: int) -> None:
    end = time.monotonic() + 10
    while gate.waiting < count:
        assert time.monotonic() < end
        time.sleep(0)


def test_a_free_gate_lets_in_up_to_its_limit() -> None:
    gate = Gate(2, 10)

    assert gate.enter(None)
    assert gate.enter(None)
    assert gate.inside == 2
    assert not gate.enter(time.monotonic())


def test_a_gate_is_full_when_someone_waits_and_moves_when_someone_leaves() -> None:
    gate = Gate(1, 10)
    gate.enter(None)
    assert not gate.is_full
    waiting = threading.Thread(target=gate.enter, args=(None,))
    waiting.start()
    until_waiting(gate, 1)

    assert (gate.is_full, gate.moves) == (True, 0)
    gate.leave()
    waiting.join()
    assert (gate.is_full, gate.moves) == (False, 1)


def test_those_who_wait_come_in_in_order() -> None:
    gate = Gate(1, 10)
    gate.enter(None)
    order: list[int] = []

    def wait(n: int) -> None:
        assert gate.enter(time.monotonic() + 10)
        order.append(n)
        gate.leave()

    threads = []
    for n in range(5):
        threads.append(threading.Thread(target=wait, args=(n,)))
        threads[-1].start()
        until_waiting(gate, n + 1)
    gate.leave()
    for thread in threads:
        thread.join()

    assert order == [0, 1, 2, 3, 4]
    assert (gate.inside, gate.waiting) == (0, 0)


def test_who_gives_up_leaves_the_queue() -> None:
    gate = Gate(1, 10)
    gate.enter(None)

    assert not gate.enter(time.monotonic() + 0.01)
    assert gate.waiting == 0
    gate.leave()
    assert gate.enter(None)


def test_a_full_queue_turns_away() -> None:
    gate = Gate(1, 0)
    gate.enter(None)

    with pytest.raises(OverflowError):
        gate.enter(None)


def test_who_is_waited_for_inside_goes_in_beyond_the_limit_and_takes_no_ones_turn() -> None:
    gate = Gate(1, 10)
    gate.enter(None)

    assert gate.enter(None, at_once=True)
    assert gate.inside == 2
    gate.leave()
    assert not gate.enter(time.monotonic())
    gate.leave()
    assert gate.inside == 0
