"""seamline.interface.mutation: parameters a function may change, or provably does not."""

import pytest

SHOP = """
import functools, itertools, json, logging, operator, random, threading
from concurrent.futures import ThreadPoolExecutor
import unknown
from dataclasses import dataclass, field

@dataclass
class Order:
    lines: list = field(default_factory=list)
    def close(self): self.done = True
    def total(self): return len(self.lines)
    def take(self, found): found.append(1)
    def look(self, found): return found[0]

@dataclass(frozen=True)
class Price:
    amount: int

def _push(target, value): target.append(value)
def _look(target): return target[0]
def _put(target): target.append(1)
def _put_all(targets):
    for target in targets: target.append(1)
def _put_deep(named): _put_all(named['a'])
def _sort(targets): targets.sort()
LOG = logging.getLogger(__name__)
OTHER = unknown.getLogger()
CHOICES = {{'a': _put, 'b': _look}}

def f({parameter}):
    {body}
"""

RAISED = """try:
        if len(rows) > 1:
            {}
    except ValueError as error:
        {}"""


@pytest.mark.parametrize(
    "body",
    [
        "rows[0] = 1",
        "rows.name = 1",
        "del rows[0]",
        "rows += [1]",
        "rows.append(1)",
        "rows[0].append(1)",
        "rows.child.items.clear()",
        "alias = rows; alias.sort()",
        "first, *rest = rows; first.append(1)",
        "for row in rows: row.update(a=1)",
        "_push(rows, 1)",
        "_push(target=rows, value=1)",
        "_push(rows[0], 1)",
        "random.shuffle(rows)",
        "setattr(rows, 'a', 1)",
        "unknown.process(rows)",
        "rows.unknown_method()",
        "(lambda: rows.append(1))()",
        "list.append(rows, 1)",
        "add = list.append; add(rows, 1)",
        "dict.update(rows, a=1)",
        "list(map(list.append, rows, [1]))",
        "list(map(rows.append, [1]))",
        "list(map(lambda row: row.append(1), rows))",
        "sorted(rows, key=lambda row: row.pop())",
        "functools.reduce(lambda held, row: held.append(row) or held, [1], rows)",
        "list(map(_put, rows))",
        "functools.partial(_put, rows)()",
        "functools.partial(list.append, rows)(1)",
        "def put(row): row.append(1)\n    list(map(put, rows))",
        "def put(row): row.append(1)\n    put(rows)",
        "{'a': _put, 'b': _look}['a'](rows)",
        "CHOICES.get('a')(rows)",
        "threading.Thread(target=_put, args=(rows,)).start()",
        "threading.Thread(target=_put, kwargs={'target': rows}).start()",
        "given = [rows]; threading.Timer(1, _put, given).start()",
        "list(ThreadPoolExecutor(1).map(_put, [rows]))",
        "threading.Thread(target=Order().take, args=(rows,)).start()",
        "functools.reduce(operator.iadd, [[1], [2]], rows)",
        "functools.reduce(operator.ior, rows)",
        "list(map(operator.setitem, [rows], ['a'], [1]))",
        "functools.partial(operator.setitem, rows, 'a')(1)",
        "for one in map(lambda name: rows[name], ['a']): one.clear()",
        "for one in sorted(map(lambda row: row['a'], [rows])): one.clear()",
        "for one in map(rows.get, ['a']): one.clear()",
        "vars()['rows'].append(1)",
        "_put_all([rows])",
        "for one in [rows] + []: one.append(1)",
        "({'a': 1} | {'a': rows})['a'].append(1)",
        "dict(a=rows)['a'].append(1)",
        "{}.get('a', rows).append(1)",
        "for one in itertools.chain.from_iterable([[rows]]): one.append(1)",
        "_put_all([row for row in rows])",
        "_put_deep({'a': [rows]})",
        "for one in locals().values(): one.append(1)",
        "unknown.render(**locals())",
        "OTHER.warning(rows)",
        RAISED.format("raise ValueError(rows)", "error.args[0].append(1)"),
        RAISED.format("raise LookupError('no', rows)", "(_, found) = error.args; found.append(1)"),
        "add = lambda n, kept=rows: kept.append(n)\n    add(1)",
        "def add(n, *, kept=rows): kept.append(n)\n    add(1)",
        "every = []; every += [rows]\n    for one in every: one.clear()",
        "every = []; every += rows\n    for one in every: one.clear()",
    ],
)
def test_may_change_its_argument(read, body: str) -> None:
    reading = read({"shop.py": SHOP.format(parameter="rows", body=body)}, "shop")

    assert reading.functions["shop.f"].mutates == ("rows",)


@pytest.mark.parametrize(
    "body",
    [
        "return len(rows), sorted(rows), sum(rows), list(rows)",
        "return json.dumps(rows)",
        "return rows[0].strip()",
        "copy = list(rows); copy.append(1); return copy",
        "copy = dict(rows); copy['a'] = 1; return copy",
        "copy = [row for row in rows]; copy.sort(); return copy",
        "rows = []; return rows",
        "return _look(rows)",
        "return rows.get('a')",
        "return sorted(rows, key=lambda row: row[0])",
        "return list(map(_look, rows))",
        "threading.Thread(target=_look, args=(rows,)).start()",
        "return len(functools.reduce(operator.iadd, rows, []))",
        "return functools.reduce(operator.getitem, ['a'], rows)",
        "return list(map(next, rows))",
        "_sort(list(rows)); _put([rows])",
        "found = rows + [1]; found.sort(); return len(found)",
        "return len(vars()['rows'])",
        RAISED.format("raise ValueError(rows)", "return error.args[0][0]"),
        RAISED.format("return rows[0]", "error.args[0].append(1)"),
        "look = lambda n, kept=rows: kept[n]\n    return len(look(1))",
        "threading.Thread(target=Order().look, args=(rows,)).start()",
        "def look(row): return row[0]\n    return list(map(look, rows))",
        "return list(map(str.upper, rows))",
        "found = []; list.append(found, 1); return len(rows)",
        "rows -= 1; return rows",
        "return '{rows}'.format(**locals())",
        "return '{} {}'.format(*rows)",
        "LOG.warning('%s', rows)",
        RAISED.format("raise ValueError(rows)", "logging.getLogger().exception(error)"),
        "return {'rows': rows}",
        "def inner(rows): rows.append(1)",
    ],
)
def test_provably_does_not_change_its_argument(read, body: str) -> None:
    reading = read({"shop.py": SHOP.format(parameter="rows", body=body)}, "shop")

    assert reading.functions["shop.f"].mutates == ()


@pytest.mark.parametrize(
    "annotation", ["str", "int | None", "bytes", "tuple[str, ...]", "Price", "'list[str] | None'"]
)
def test_unknown_code_cannot_change_what_is_immutable(read, annotation: str) -> None:
    text = SHOP.format(parameter=f"rows: {annotation}", body="unknown.process(rows)")

    changed = read({"shop.py": text}, "shop").functions["shop.f"].mutates

    assert changed == (("rows",) if "list" in annotation else ())


def test_methods_of_the_annotated_class_decide(read) -> None:
    closing = read({"shop.py": SHOP.format(parameter="rows: Order", body="rows.close()")}, "shop")
    adding = read({"shop.py": SHOP.format(parameter="rows: Order", body="rows.total()")}, "shop")

    assert closing.functions["shop.f"].mutates == ("rows",)
    assert adding.functions["shop.f"].mutates == ()


@pytest.mark.parametrize(
    ("parameters", "change", "mutates"),
    [
        ("*rows", "rows[0].append(1)", ("rows",)),
        ("**named", "named['a'].append(1)", ("named",)),
        ("**named", "named.pop('a')", ()),
        ("**named", "named['a'] = 1", ()),
        ("row", "match row:\n        case {'a': found}: found.append(1)", ("row",)),
        ("row", "match row:\n        case [*found]: found[0].append(1)", ("row",)),
        ("row", "match row:\n        case {'a': 1, **found}: found['b'].clear()", ("row",)),
    ],
)
def test_parts_of_variadic_and_matched_arguments_are_the_callers(
    read, parameters: str, change: str, mutates: tuple[str, ...]
) -> None:
    text = f"S = []\ndef use({parameters}):\n    S.append(1)\n    {change}\n"

    reading = read({"shop.py": text}, "shop")

    assert reading.functions["shop.use"].mutates == mutates


def test_a_parameter_that_is_multiplied_in_place_may_change(read) -> None:
    found = read(
        {"shop.py": "COUNT = []\ndef twice(rows):\n    COUNT.append(1)\n    rows *= 2\n"}, "shop"
    )

    assert found.functions["shop.twice"].mutates == ("rows",)


HIDDEN = """
import itertools
from dataclasses import dataclass
from functools import partial

COUNT = []

class Visitor:
    def __init__(self, seen):
        self.seen = seen
    def visit(self):
        self.seen.append(1)

@dataclass
class Node:
    kids: list

def add(rows):
    rows.append(1)

def work(rows):
    COUNT.append(1)
    {body}
"""


@pytest.mark.parametrize(
    "body",
    [
        pytest.param("Visitor(rows).visit()", id="constructor"),
        pytest.param("Node(rows).kids.append(1)", id="dataclass"),
        pytest.param("n = Node([]); n.kids = rows; n.kids.append(1)", id="attribute"),
        pytest.param("box = {}; box['x'] = rows; box['x'].append(1)", id="subscript"),
        pytest.param("out = []; out.append(rows); out[0].append(1)", id="container"),
        pytest.param("put = rows.append; put(1)", id="bound method"),
        pytest.param("partial(rows.append, 1)()", id="partial"),
        pytest.param("getattr(rows, 'append')(1)", id="getattr"),
        pytest.param("add(*[rows])", id="star"),
        pytest.param("add(**{'rows': rows})", id="double star"),
        pytest.param("for r in filter(None, rows): r.append(1)", id="filter"),
        pytest.param("for r in itertools.chain(rows, []): r.append(1)", id="chain"),
        pytest.param("next(iter(rows)).append(1)", id="next"),
        pytest.param("max(rows).append(1)", id="max"),
    ],
)
def test_a_change_through_something_that_keeps_the_argument_is_possible(read, body: str) -> None:
    found = read({"shop.py": HIDDEN.format(body=body)}, "shop")

    assert found.functions["shop.work"].mutates == ("rows",)
