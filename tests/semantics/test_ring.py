"""Row 11: chains that come back."""

import pytest
from law import ring

import seamline


def test_a_chain_comes_back_to_where_it_began() -> None:
    assert ring.down(1) == 1
    assert ring.down(9) == 9


def test_a_chain_longer_than_the_threads_of_its_hosts_still_ends() -> None:
    assert ring.down(40) == 40


@pytest.mark.anyio
async def test_an_asynchronous_chain_comes_back() -> None:
    assert await ring.down_later(9) == 9


@pytest.mark.seamline_errors
def test_a_chain_that_is_too_deep_is_refused(refusal) -> None:
    with refusal(seamline.Deadlock, "64"):
        assert ring.down(80) == 80


@pytest.mark.seamline_errors
@pytest.mark.anyio
async def test_a_chain_that_comes_back_to_a_blocked_loop_is_refused_at_once(processes) -> None:
    expected = seamline.Deadlock if processes else RuntimeError
    with pytest.raises(expected):
        await ring.blocks()
