"""Operators and statements call special methods: what these do, the function does."""

from collections.abc import Callable

import pytest
from tests.unit.interface.conftest import Reading

Read = Callable[..., Reading]

#: In no service: each method notes into a list that the web reads.
NOTING = """
from enum import Enum

LOG = []

class Base:
    def __add__(self, other): LOG.append(1); return self
    def __radd__(self, other): LOG.append(1)
    def __neg__(self): LOG.append(1)
    def __eq__(self, other): LOG.append(1); return True
    def __lt__(self, other): LOG.append(1)
    def __hash__(self): LOG.append(1); return 1
    def __contains__(self, key): LOG.append(1)
    def __getitem__(self, key): LOG.append(1)
    def __setitem__(self, key, value): LOG.append(1)
    def __delitem__(self, key): LOG.append(1)
    def __enter__(self): LOG.append(1)
    def __exit__(self, *error): pass
    async def __aenter__(self): LOG.append(1)
    async def __aexit__(self, *error): pass
    def __aiter__(self): LOG.append(1); return self
    def __iter__(self): LOG.append(1); return iter(())
    def __next__(self): LOG.append(1)
    def __await__(self): LOG.append(1)
    def __call__(self, *values): LOG.append(1)
    def __bool__(self): LOG.append(1); return True
    def __len__(self): LOG.append(1); return 1
    def __str__(self): LOG.append(1)
    def __repr__(self): LOG.append(1)
    def __format__(self, spec): LOG.append(1)
    def __int__(self): LOG.append(1)
    def __fspath__(self): LOG.append(1)
    @property
    def name(self): return 1
    @name.setter
    def name(self, value): LOG.append(1)
    def quiet(self): return 1

class Thing(Base):
    pass

class Named:
    kept = 1
    def __getattr__(self, name): LOG.append(1)
    def __setattr__(self, name, value): LOG.append(1)
    def __delattr__(self, name): LOG.append(1)

class Field:
    def __get__(self, instance, owner): LOG.append(1)
    def __set__(self, instance, value): LOG.append(1)

class Row:
    field = Field()

class Parent:
    def __init_subclass__(cls): LOG.append(1)

class Answer(Enum):
    GOOD = 1
    def __call__(self): LOG.append(1)

class Quiet:
    def __add__(self, other): return 1
    def __iter__(self): return iter(())

class Counted(dict):
    def __missing__(self, key): LOG.append(1)

THING = Thing()
ALL = {"a": Thing()}
"""
USING = """
import asyncio
import functools
from app import noting
from app.noting import ALL, THING, Answer, Counted, Named, Parent, Quiet, Row, Thing

def made():
    return Thing()

def typed() -> "Thing | None":
    return None

class Holder:
    def __init__(self, thing: Thing, items: list[Thing]):
        self.thing = thing
        self.items = items
        self.own = noting.Thing()

def use(values, many: list[Thing], *, given: Thing, holder: Holder):
    for value in values:
        print(value)
    a = Thing()
    {body}

async def wait(values):
    for value in values:
        print(value)
    a = Thing()
    {awaited}
"""
WEB = "from app.noting import LOG\n\ndef show():\n    LOG.clear()\n    return str(LOG)\n"


def reading_of(read: Read, body: str, awaited: str = "pass") -> Reading:
    files = {"app/__init__.py": "", "app/noting.py": NOTING, "app/web.py": WEB}
    using = USING.format(body=body, awaited=awaited)
    return read({**files, "app/using.py": using}, "app.using")


@pytest.mark.parametrize(
    "body",
    [
        *("a + 1", "1 + a", "a += 1", "-a", "a == 1", "1 != a", "a < 1", "1 > a", "1 in a"),
        *(
            "a[1]",
            "a[1] = 2",
            "a[1] += 2",
            "del a[1]",
            "(a[1], b) = values",
            "[a[0] for a in many]",
        ),
        *(
            "with a: pass",
            "for b in a: pass",
            "[b for b in a]",
            "b, c = a",
            "print(*a)",
            "yield from a",
        ),
        *("a(1)", "if a: pass", "while a: pass", "not a", "a and 1", "1 if a else 2", "assert a"),
        *("f'{a}'", "f'{a!r}'", "str(a)", "repr(a)", "'%s' % a", "'{}'.format(a)", "format(a)"),
        *(
            "len(a)",
            "bool(a)",
            "hash(a)",
            "iter(a)",
            "next(a)",
            "list(a)",
            "sum(a)",
            "sorted([a])",
        ),
        *("int(a)", "open(a)", "{a: 1}", "{a}", "values[a]", "print(a)", "list(map(print, a))"),
        *("a.name = 1", "any(a)", "any([a])", "max([a])", "(a, 1)[0] + 1", "'%s %s' % (1, a)"),
        *("b = Named(); b.x", "b = Named(); b.x = 1", "b = Named(); del b.x"),
        *(
            "getattr(Named(), 'x', 1)",
            "setattr(Named(), 'x', 1)",
            "Row().field",
            "Row().field = 1",
        ),
        *("type('Child', (Parent,), {})", "class Child(Parent): pass", "Answer.GOOD()"),
        *("Answer(1)()", "Answer['GOOD']()", "Counted()[1]", "THING + 1", "noting.THING(1)"),
        *("ALL['a'](1)", "ALL.get(1)(1)", "given + 1", "typed() + 1", "made() + 1", "many[0] + 1"),
        *("for b in many: b + 1", "holder.thing + 1", "holder.items[0] + 1", "holder.own(1)"),
        *("(lambda b: a + b)", "b = a; b + 1", "b = {'a': a}; b['a'] + 1", "(Quiet() and a) + 1"),
        *("[b] = [a]; b + 1", "b, c = Thing(), 1; b + 1", "a + 1 + 2", "1 + (2 + a)"),
    ],
)
def test_a_special_method_is_entered_where_an_expression_calls_it(read: Read, body: str) -> None:
    reading = reading_of(read, body)

    assert reading.functions["app.using.use"].touches == ("app.noting:LOG",)


@pytest.mark.parametrize(
    "awaited",
    ["async with a: pass", "async for b in a: pass", "[b async for b in a]", "await a"],
)
def test_asynchronous_special_methods_are_entered(read: Read, awaited: str) -> None:
    reading = reading_of(read, "pass", awaited)

    assert reading.functions["app.using.wait"].touches == ("app.noting:LOG",)


@pytest.mark.parametrize(
    "body",
    [
        *("Quiet() + 1", "list(Quiet())", "len(values)", "values + 1", "1 in values", "many[0]"),
        *("for b in many: pass", "len(many)", "if many: pass", "a.quiet()", "a.name", "Thing"),
        *("Named().kept", "Row.__name__", "many == 1", "values[0] + 1", "f'{values}'", "ALL['a']"),
        *("holder.thing", "holder.items", "holder.own", "Answer.GOOD", "id(a)", "a is None"),
    ],
)
def test_what_a_class_does_not_define_is_nothing(read: Read, body: str) -> None:
    reading = reading_of(read, body)

    assert reading.functions["app.using.use"].touches == ()


CHANGING = """
from dataclasses import dataclass

class Adder:
    def __add__(self, into): into.append(1)
    def __getitem__(self, into): into.append(1)
    def __contains__(self, into): into.append(1)
    def __call__(self, *, into): into.append(1)

@dataclass
class Page:
    hits: list
    def __len__(self): self.hits.append(1); return 1
    def __iter__(self): self.hits.append(1); return iter(())
    def __eq__(self, other): self.hits.append(1); return True
    def __format__(self, spec): self.hits.append(1); return ""
    def __getattr__(self, name): self.hits.append(1)
    def __enter__(self): self.hits.append(1)
    def __exit__(self, *error): pass

def change(page: Page, into: list, values):
    for value in values:
        print(value)
    {body}
"""


@pytest.mark.parametrize(
    ("body", "changed"),
    [
        *[(f"Adder(){use}", "into") for use in (" + into", "[into]", "(into=into)")],
        ("into in Adder()", "into"),
        *[(use, "page") for use in ("len(page)", "list(page)", "page == 1", "f'{page}'")],
        *[(use, "page") for use in ("page.other", "getattr(page, 'other')", "if page: pass")],
        *[(use, "page") for use in ("with page: pass", "for x in page: pass")],
    ],
)
def test_what_special_methods_change_is_changed_for_the_caller(
    read: Read, body: str, changed: str
) -> None:
    reading = read({"app.py": CHANGING.format(body=body)}, "app")

    assert reading.functions["app.change"].mutates == (changed,)


@pytest.mark.parametrize("body", ["page.hits", "page is None", "Adder()", "str(into)", "not into"])
def test_what_no_special_method_changes_stays_as_it_is(read: Read, body: str) -> None:
    reading = read({"app.py": CHANGING.format(body=body)}, "app")

    assert reading.functions["app.change"].mutates == ()


def test_contexts_that_special_methods_read_travel(read: Read) -> None:
    source = """
from enum import Enum
from flask import jsonify, session

class Answer(Enum):
    GOOD = "Good."
    def __call__(self, **data): return jsonify(text=self.value, **data)

class Greeting:
    def __str__(self): return f"Hello {session['name']}"

def answer(rows):
    for row in rows: print(row)
    return Answer.GOOD(rows=len(rows))

def greet(rows):
    for row in rows: print(row)
    return f"{Greeting()}!"
"""
    reading = read({"app.py": source}, "app")

    assert reading.functions["app.answer"].contexts == ("flask:app",)
    assert reading.functions["app.greet"].contexts == ("flask:app", "flask:session")


def test_what_special_methods_look_up_is_reached(read: Read) -> None:
    settings = "RATE = 5\n"
    money = "from app import settings\n\nclass Money:\n"
    money += "    def __mul__(self, other): return other * settings.RATE\n"
    source = "from app.money import Money\n\ndef price(money: Money, rows):\n"
    source += "    for row in rows: print(row)\n    return money * 2\n"
    files = {"app/__init__.py": "", "app/settings.py": settings, "app/money.py": money}

    reading = read({**files, "app/work.py": source}, "app.work")

    assert "app.settings.RATE" in (reading.functions["app.work.price"].reaches or ())
