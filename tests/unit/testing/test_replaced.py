"""seamline.testing.replaced: what tests put in the place of something else, and for how long."""

import unittest
import warnings
from collections.abc import Iterator

import pytest

from seamline.testing.causes import Replaced
from seamline.testing.replaced import Replacements

WARN = Replaced("warnings", "warn")


@pytest.fixture
def replacements() -> Iterator[Replacements]:
    watching = Replacements(lambda _module: False)
    watching.watch()
    yield watching
    watching.end()


def test_who_listens_to_warnings_hears_none_of_a_host(replacements: Replacements) -> None:
    seen = []

    with pytest.warns(UserWarning, match="now"):  # noqa: PT031 - what it changes is the point
        seen.append(WARN in replacements.active())
        warnings.warn("now", stacklevel=1)
    with unittest.TestCase().assertWarns(UserWarning):
        seen.append(WARN in replacements.active())
        warnings.warn("now", stacklevel=1)
    with warnings.catch_warnings(record=True):
        seen.append(WARN in replacements.active())

    assert seen == [True, True, True]
    assert WARN not in replacements.active()


def test_filters_of_warnings_replace_nothing(replacements: Replacements) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")

        assert WARN not in replacements.active()
