"""What is on the shelves. Nothing is annotated, so only a run shows what crosses."""

import functools
from dataclasses import dataclass

_shelves = {"nails": 4, "paint": 2}
_rules = []


class Unknown(Exception):
    pass


@dataclass
class Report:
    lines: list

    def query(self, column):
        return len(self.lines)


def left(name, token="default-s3cret"):
    if name not in _shelves:
        raise Unknown(name)
    return _shelves[name]


def shelves():
    """The very dict: a caller that changes it changes the stock."""
    return _shelves


def save(conn, name):
    """State of the module, and the caller's connection: it can be at neither side alone."""
    conn.execute("insert into moved values (?, ?)", (name, _shelves[name]))
    return True


def count_rows(conn):
    return conn.execute("select count(*) from moved").fetchone()[0]


def total(rows):
    """Source guesses a database here, by the name of the method; it is a report."""
    return rows.query("price") + len(_shelves)


def pin(note):
    """Takes a value of a class that this package knows nothing of."""
    return f"{note.text} {len(_shelves)}"


def fill(order):
    order["filled"] = [name for name in order["names"] if name in _shelves]
    for extra in ("checked", "weighed"):
        order.setdefault(extra, True)
    return order


def matching(accept):
    return [name for name in sorted(_shelves) if accept(name)]


def write_report(file):
    for name in sorted(_shelves):
        file.write(name)
    return len(_shelves)


def each(limit):
    for name in sorted(_shelves)[:limit]:
        yield name, _shelves[name]


async def reserve(name, count=1):
    _shelves[name] -= count
    return _shelves[name]


async def watch(names):
    for name in names:
        yield _shelves.get(name, 0)


def rule(text):
    """Called while ``depot.front`` is imported, and never again."""
    _rules.append(text)
    return len(_rules)


def priced(function):
    @functools.wraps(function)
    def wrapper(*args, **kwargs):
        return function(*args, tax=0.2, **kwargs)

    return wrapper


@priced
def price(name, count, tax):
    return round(_shelves[name] * count * (1 + tax), 2)


def ask_back(name):
    from depot import orders

    return orders.open_for(name), _shelves[name]


def never(name):
    return _shelves[name]
