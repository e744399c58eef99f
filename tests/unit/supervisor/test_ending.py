"""seamline.supervisor.ending: which wish to end is a second one."""

import pytest

from seamline.supervisor.ending import Ending, Leaving


@pytest.mark.parametrize(
    ("ending", "after", "is_again"),
    [
        (Ending.STOPPED, 0.0, False),
        (Ending.STOPPED, 0.1, False),
        (Ending.STOPPED, 0.5, True),
        (Ending.INTERRUPTED, 0.0, True),
    ],
)
def test_a_signal_that_comes_twice_at_once_is_meant_once_unless_somebody_typed_it(
    ending, after, is_again
) -> None:
    leaving = Leaving("shop", [], now=100.0)

    assert leaving.is_asked_again(ending, 100.0 + after) is is_again
