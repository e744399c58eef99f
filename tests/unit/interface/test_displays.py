"""Constants that were taken for state, since another object under another key was changed."""

from collections.abc import Callable

import pytest
from tests.unit.interface.conftest import Reading

Read = Callable[..., Reading]

SOURCE = """
DEFAULT = "http://example.org/84"
STORAGE = DEFAULT
THIRD = STORAGE
ROWS = [1]
LIMITS = {}

def use(name, key):
    for _ in name:
        pass
"""


@pytest.mark.parametrize(
    "body",
    [
        "found = {'crs': DEFAULT}; found['axes'] = ['x']; found['axes'].append('y')",
        "found = {'crs': ROWS, 'axes': []}; found['axes'].append('y')",
        "found = {'crs': LIMITS, 'axes': {}}; found['axes']['x'] = 1",
        "found = {'crs': ROWS}; found['axes'] = []; found['axes'].append('y'); return found",
        "found = {'n': 1}; found['n'] = found['n'] + 1; found['n'] = abs(found['n'])",
        "found = [STORAGE]; found[0].append(1)",
        "found = [THIRD]; found[0].append(1)",
    ],
)
def test_a_constant_is_none_the_less_one(read: Read, body: str) -> None:
    reading = read({"shop.py": f"{SOURCE}    {body}\n"}, "shop")

    assert reading.functions["shop.use"].touches == ()
    assert not reading.state


@pytest.mark.parametrize(
    "body",
    [
        "found = {'rows': ROWS}; found['rows'].append(1)",
        "found = {'rows': ROWS, **name}; found['rows'].append(1)",
        "found = {}; found['rows'] = ROWS; found['rows'].append(1)",
        "found = {'rows': []}; found['rows'] = ROWS; found['rows'].append(1)",
        "found = {'x': ROWS}; found['y'] = found['x']; found['y'].append(1)",
        "found = {'x': ROWS}; found[key] = 1; found[key].append(1)",
        "found = {'rows': ROWS, 'y': []}; found[key].append(1)",
        "found = {'rows': {'deep': ROWS}}; found['rows']['deep'].append(1)",
        "found = {'x': ROWS} if name else {'x': []}; found['x'].append(1)",
    ],
)
def test_what_is_changed_under_its_own_key_is_state(read: Read, body: str) -> None:
    reading = read({"shop.py": f"{SOURCE}    {body}\n"}, "shop")

    assert reading.functions["shop.use"].touches == ("shop:ROWS",)
