"""What a helper gives back of its arguments, and what becomes of it."""

from collections.abc import Callable

import pytest
from tests.unit.interface.conftest import Reading

Read = Callable[..., Reading]

HELPERS = """
from contextlib import contextmanager
from functools import reduce
from operator import getitem

COUNT = []

def section(settings, name, default=None):
    found = settings.get(name)
    return default if found is None else found

def same(*values, **more):
    return values[0] if values else more["only"]

def find(node, name):
    for key, child in node.items():
        if key == name:
            return child
        found = find(child, name)
        if found is not None:
            return found
    return None

def walk(node):
    yield node
    for child in node.values():
        yield from walk(child)

def each(nodes):
    yield from nodes

@contextmanager
def opened(settings, name):
    yield settings[name]

def indirect(settings):
    return section(default=settings, settings={}, name="a")

def name_of(settings) -> str:
    return settings["name"]

class Shelf:
    def pick(self, rows):
        return rows[0]
    @classmethod
    def first(cls, rows):
        return rows[0]
    @staticmethod
    def last(rows):
        return rows[-1]
    def mark(self, rows):
        COUNT.append(1)
        self.pick(rows)["n"] = 1
"""

WAYS = [
    pytest.param("reduce(getitem, ['a', 'deep'], into)['n'] = 1", id="reduce"),
    pytest.param("reduce(lambda node, name: node[name], ['a'], into).clear()", id="reduce lambda"),
    pytest.param("section(into, 'a')['n'] = 1", id="part"),
    pytest.param("part = section(name='a', settings=into); part['n'] = 1", id="keywords"),
    pytest.param("same(into)['n'] = 1", id="variadic"),
    pytest.param("same(*[into])['n'] = 1", id="star"),
    pytest.param("same(only=into)['n'] = 1", id="double star"),
    pytest.param("find(into, 'deep').clear()", id="recursion"),
    pytest.param("for node in walk(into): node['seen'] = 1", id="generator"),
    pytest.param("for node in each(into): node['seen'] = 1", id="yield from"),
    pytest.param("with opened(into, 'a') as part: part['n'] = 1", id="context manager"),
    pytest.param("indirect(into)['n'] = 1", id="of another"),
    pytest.param("Shelf().pick(into)['n'] = 1", id="method"),
    pytest.param("Shelf.first(into)['n'] = 1", id="class method"),
    pytest.param("Shelf.last(into)['n'] = 1", id="static method"),
]


@pytest.mark.parametrize("way", WAYS)
def test_what_a_helper_gives_back_of_an_argument_is_changed_with_it(read: Read, way: str) -> None:
    source = f"{HELPERS}\ndef use(into):\n    COUNT.append(1)\n    {way}\n"

    reading = read({"shop.py": source}, "shop")

    assert reading.functions["shop.use"].mutates == ("into",)
    assert reading.functions["shop.Shelf.mark"].mutates == ("rows",)


@pytest.mark.parametrize("way", WAYS)
def test_what_a_helper_gives_back_of_a_constant_makes_it_state(read: Read, way: str) -> None:
    change = way.replace("into", "TABLE")
    source = f"{HELPERS}\nTABLE = {{'a': {{'n': 0}}}}\n\ndef use():\n    {change}\n"
    source += "\ndef read():\n    return TABLE['a']['n']\n"

    reading = read({"shop.py": source}, "shop")

    assert "shop:TABLE" in reading.state
    assert reading.functions["shop.read"].touches == ("shop:TABLE",)


@pytest.mark.parametrize(
    "way",
    [
        pytest.param("x = section({}, 'a'); x['n'] = 1", id="other argument"),
        pytest.param("rows = list(walk(into)); rows.append(1)", id="new list"),
        pytest.param("text = name_of(into); text += 'x'", id="text"),
        pytest.param("print(section(into, 'a'))", id="only read"),
    ],
)
def test_what_is_not_of_an_argument_does_not_change_it(read: Read, way: str) -> None:
    source = f"{HELPERS}\ndef use(into):\n    COUNT.append(1)\n    {way}\n"

    assert read({"shop.py": source}, "shop").functions["shop.use"].mutates == ()


@pytest.mark.parametrize("value", ["section(TABLE, 'a')", "find(TABLE, 'a')", "same(TABLE)"])
def test_state_that_a_helper_gives_back_is_shared(read: Read, value: str) -> None:
    source = f"{HELPERS}\nTABLE = {{'a': {{}}}}\n\ndef use():\n    return {value}\n"
    source += "\ndef put(key):\n    TABLE[key] = {}\n"

    assert read({"shop.py": source}, "shop").functions["shop.use"].aliases == ("shop:TABLE",)


def test_what_is_yielded_from_state_is_shared(read: Read) -> None:
    source = "ROWS = []\n\ndef add():\n    ROWS.append({})\n\ndef every():\n    yield from ROWS\n"

    assert read({"shop.py": source}, "shop").functions["shop.every"].aliases == ("shop:ROWS",)


STORE = """
_users = {}
_rows = []
_last = None

class User:
    def __init__(self, name):
        self.name = name

class Store:
    def __init__(self):
        self.users = {}
        self.last = None
    def create(self, name):
        user = User(name)
        self.users[name] = user
        return user
    def find(self, name):
        for user in self.users.values():
            if user.name == name:
                return user

STORE = Store()

def keep(user, *, where=_rows):
    _users[user.name] = user

def add_to(rows, name):
    row = {}
    rows.append(row)
    return row

def clear():
    _users.clear()
    _rows.clear()

def use(name):
    global _last
"""


@pytest.mark.parametrize(
    ("body", "state"),
    [
        ("user = User(name); _users[name] = user; return user", "_users"),
        ("_users[name] = user = User(name); return user", "_users"),
        ("row = {}; _rows.append(row); return row", "_rows"),
        ("row = {}; _rows.insert(0, row); return 1, row", "_rows"),
        ("_rows.append(row := {}); return {'row': row}", "_rows"),
        ("row = {}; _users.setdefault(name, row); return row", "_users"),
        ("row = {}; _users.update({name: row}); return row if name else None", "_users"),
        ("row = {}; rows = _rows; rows.append(row); return row", "_rows"),
        ("row = {}; STORE.last = row; return row", "STORE"),
        ("row = {}; STORE.users[name] = row; yield row", "STORE"),
        ("row = {}; _last = row; return row", "_last"),
        ("user = User(name); keep(user=user); return user", "_users"),
        ("user = User(name); keep(user); return user", "_users"),
        ("return add_to(_rows, name)", "_rows"),
        ("return STORE.create(name)", "STORE"),
        ("return STORE.find(name)", "STORE"),
    ],
)
def test_what_a_function_has_just_put_into_state_is_shared(
    read: Read, body: str, state: str
) -> None:
    reading = read({"shop.py": f"{STORE}\n    {body}\n"}, "shop")

    assert reading.functions["shop.use"].aliases == (f"shop:{state}",)


@pytest.mark.parametrize(
    "body",
    [
        pytest.param("user = User(name); _users[name] = 1; return user", id="something else"),
        pytest.param("n = len(name); _users[name] = n; return n", id="number"),
        pytest.param("key = f'{name}!'; _users[key] = {}; return key", id="text"),
        pytest.param("row = {}; _rows.append(row); return dict(row)", id="copy"),
        pytest.param("row = {}; _rows.append(row.copy()); return row", id="copy put"),
        pytest.param("row = {}; out = list(_rows); out.append(row); return row", id="new list"),
        pytest.param("_users[name] = name; return name", id="argument"),
        pytest.param("clear(); row = {}; print(row); return row", id="not put"),
    ],
)
def test_what_is_not_put_into_state_is_not_shared(read: Read, body: str) -> None:
    # Just put: what comes back, or cannot change, is nobody else's.
    assert read({"shop.py": f"{STORE}\n    {body}\n"}, "shop").functions["shop.use"].aliases == ()


def test_what_is_put_into_an_argument_is_a_part_of_it(read: Read) -> None:
    reading = read({"shop.py": STORE + "    add_to(name, 1)['n'] = 1\n"}, "shop")

    assert "rows" in reading.functions["shop.add_to"].shares
    assert reading.functions["shop.use"].mutates == ("name",)
