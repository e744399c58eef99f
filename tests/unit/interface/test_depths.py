"""seamline.interface.depths: what lies in a piece of state so deep that nothing is known of it."""

from collections.abc import Callable

import pytest
from tests.unit.interface.conftest import Reading

SOURCE = """
from copy import deepcopy
from dataclasses import asdict
TREE = {}
ROWS = []
def grow(name):
    TREE[name] = []
    ROWS.append({"n": name, "of": []})
def pick(text):
"""

INSIDE = [
    *(
        "return sorted(TREE)",
        "return list(TREE.keys())",
        "return {*TREE}",
        "return next(iter(TREE))",
    ),
    *("return max(TREE, key=len)", "return [name for name in TREE]"),
    "return [name for name, row in TREE.items() if row]",
    "return {name: len(row) for name, row in TREE.items()}",
    "return {name: list(row) for name, row in TREE.items()}",
    "found = []\n    for name in TREE:\n        found.append(name)\n    return found",
    "found = {}\n    for name, row in TREE.items():\n        found[name] = 1\n    return found",
    *("return [row['n'] for row in ROWS]", "return ROWS[0]['n']", "return [*map(len, ROWS)]"),
    *("return [dict(row) for row in ROWS]", "return [row.copy() for row in ROWS]"),
    *("return [{**row} for row in ROWS]", "return [deepcopy(row) for row in ROWS]"),
    "return len(ROWS), max(TREE, default=0)",
    "row = ROWS[0]\n    return row.get(text), row['n'].upper()",
]
SHARED = [
    *("return TREE[text]", "return TREE.get(text)", "return list(TREE.values())", "return TREE"),
    *("return dict(TREE)", "return {**TREE}", "return TREE.copy()", "return sorted(TREE.items())"),
    "return [row for name, row in TREE.items() if row]",
    "return [pair for pair in TREE.items()]",
    *(
        "return ROWS[0]",
        "return [*ROWS]",
        "return ROWS[1:]",
        "return max(ROWS)",
    ),
    "return [row if row['n'] else len(TREE) for row in ROWS]",
    "found = []\n    for row in ROWS:\n        found.append(row)\n    return found",
    "found = {}\n    for row in ROWS:\n        found.get(1).append(row)\n    return found",
    "found = ROWS\n    found += [1]\n    return found[0]",
]


@pytest.mark.parametrize("body", INSIDE)
def test_of_keys_and_of_what_lies_deeper_check_knows_no_harm(
    read: Callable[..., Reading], body: str
) -> None:
    files = {"app/__init__.py": "", "app/shop.py": f"{SOURCE}    {body}\n"}
    files["app/web.py"] = "from app import shop\ndef view():\n    return shop.pick('a')\n"

    found = read(files, "app.shop")

    assert {severity for severity, _, _ in found.findings("aliased-state")} <= {"info"}


@pytest.mark.parametrize("body", SHARED)
def test_of_what_the_state_holds_check_tells(read: Callable[..., Reading], body: str) -> None:
    source = f"{SOURCE}    {body}\n"
    files = {"app/__init__.py": "", "app/shop.py": source}
    files["app/web.py"] = "from app import shop\ndef view():\n    return shop.pick('a')\n"

    found = read(files, "app.shop")

    severities = {severity for severity, _, _ in found.findings("aliased-state")}
    assert severities & {"error", "warning"}
