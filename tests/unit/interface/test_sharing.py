"""seamline.interface.sharing: arguments that a result may be, or hold parts of."""

import pytest

SHOP = """
import copy, json
from dataclasses import dataclass

@dataclass
class Order:
    lines: list

class _Box: pass
def _same(value): return value
def _fresh(value) -> str: return value
def _again(value, n): return _again(value, n - 1) if n else value

def f({parameter}):
    {body}
"""


@pytest.mark.parametrize(
    "body",
    [
        "return rows",
        "return rows[0]",
        "return rows.lines",
        "return rows or []",
        "return [rows]",
        "return {'rows': rows}, 1",
        "return sorted(rows)",
        "return [row for row in rows]",
        "found = rows; return found",
        "yield rows",
        "for row in rows: yield row",
        "return _same(rows)",
        "return _again(rows, 3)",
        "found = _same(rows); return found",
        "return Order(rows)",
        "return Order(lines=[rows])",
        "found = []\n    for row in rows: found.append(row)\n    return found",
        "found = {}; found['a'] = rows[0]; return found",
        "found = {}\n    for row in rows: found[row.name] = row\n    return found",
        "found = _Box(); found.rows = rows; return found",
        "found = {}; found['a'], found['b'] = rows[0], 1; return found",
        "found = []; found += [rows[0]]; return found",
        "found = {}; found |= {'a': rows[0]}; return found",
    ],
)
def test_a_result_may_share_the_argument(read, body: str) -> None:
    reading = read({"shop.py": SHOP.format(parameter="rows", body=body)}, "shop")

    assert reading.functions["shop.f"].shares == ("rows",)


@pytest.mark.parametrize(
    ("parameter", "body"),
    [
        ("rows", "return len(rows)"),
        ("rows", "return json.dumps(rows)"),
        ("rows", "return _fresh(rows)"),
        ("rows", "print(rows)"),
        ("rows", "return [1, 2]"),
        ("rows", "found = {}; found['a'] = len(rows); return found"),
        ("rows", "found = 0\n    for row in rows: found += row.price\n    return found"),
        ("rows: str", "return rows"),
        ("rows: list[str]", "return sorted(rows)"),
        ("rows: list[str]", "return rows[0]"),
    ],
)
def test_a_result_shares_nothing_that_can_change(read, parameter: str, body: str) -> None:
    reading = read({"shop.py": SHOP.format(parameter=parameter, body=body)}, "shop")

    assert reading.functions["shop.f"].shares == ()


def test_the_annotation_of_a_result_that_cannot_change_is_believed(read) -> None:
    text = SHOP.format(parameter="rows", body="pass").replace("def f(rows)", "def f(rows) -> int")

    reading = read({"shop.py": text.replace("pass", "return rows")}, "shop")

    assert reading.functions["shop.f"].shares == ()
