"""The package's front door, whose names are imported when they are first asked for."""

import subprocess
import sys

import pytest

import seamline.supervisor

_LOOK = """
import sys, types
import seamline.supervisor as door
getattr(door, sys.argv[1])
print([name for name in door.__all__ if isinstance(getattr(door, name), types.ModuleType)])
"""


@pytest.mark.parametrize("first", seamline.supervisor.__all__)
def test_a_name_is_never_hidden_by_the_module_that_another_name_comes_from(first):
    # A module that is imported becomes an attribute of its package.
    look = [sys.executable, "-c", _LOOK, first]
    done = subprocess.run(look, capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
