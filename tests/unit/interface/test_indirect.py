"""Calls that name no function: of what local names, tables, attributes and results hold."""

from collections.abc import Callable

import pytest
from tests.unit.interface.conftest import Reading

Read = Callable[..., Reading]

#: In no service: notes into a list that the web reads.
NOTING = """
LOG = []

def note(value, *rest):
    LOG.append(value)
    return 1

def quiet(value):
    return 1

class Noter:
    def note(self, value=1, *rest):
        LOG.append(value)
        return 1
    @staticmethod
    def plain(value):
        LOG.append(value)
    @classmethod
    def of(cls, value):
        LOG.append(value)
        return cls()
    def quiet(self, value=1):
        return 1

class Maker(Noter):
    def __init__(self):
        LOG.append(1)

class Other:
    def note(self, value=1):
        return 1

def made(): return Noter()
def twice():
    found = made()
    return found
def typed(): return Box().inner
def several():
    yield Noter()

class Box:
    def __init__(self, given: Noter = None):
        self.inner = Noter()
        self.given = given
        self.all = {"a": Noter()}
        self.first, self.second = Noter(), Other()
    def get(self): return self.inner
    def itself(self): return self

HANDLERS = {"int": note, "none": quiet}
QUIET = {"none": quiet}
LISTED = [note]
KINDS = (Maker, Other)
NOTER, OTHER = Noter(), Other()
CALL = NOTER.note
"""
USING = """
import functools
from functools import partial, reduce
from operator import methodcaller
from app import noting
from app.noting import *

def use(values, name, box: Box, noters: list[Noter], by: dict[str, Noter]):
    for value in values:
        print(value)
    noter = Noter()
    {body}
"""
WEB = "from app.noting import LOG\n\ndef show():\n    LOG.clear()\n    return str(LOG)\n"


def use_of(read: Read, body: str) -> tuple[str, ...]:
    files = {"app/__init__.py": "", "app/noting.py": NOTING, "app/web.py": WEB}
    reading = read({**files, "app/using.py": USING.format(body=body)}, "app.using")
    function = reading.functions["app.using.use"]
    guesses = "as far as names of methods say" in function.reason
    return ("guess",) if guesses else function.touches


@pytest.mark.parametrize(
    "body",
    [
        *("call = noter.note; call(1)", "call = Noter().note; call(1)", "call = note; call(1)"),
        *(
            "call = noter.plain; call(1)",
            "call = Noter.of; call(1)",
            "call = Noter.note; call(noter)",
        ),
        *("table = {'n': noter.note}; table['n'](1)", "[noter.note][0](1)", "HANDLERS[name](1)"),
        *("HANDLERS.get(name)(1)", "noting.HANDLERS[name](1)", "LISTED[0](1)", "KINDS[0]()"),
        *("for call in HANDLERS.values(): call(1)", "for key, call in HANDLERS.items(): call(1)"),
        *("for call in LISTED: call(1)", "[call(1) for call in LISTED]", "noting.CALL(1)"),
        *(
            "map(noter.note, values)",
            "sorted(values, key=Noter().note)",
            "filter(noter.note, values)",
        ),
        *(
            "reduce(noter.note, values)",
            "partial(noter.note, 1)()",
            "functools.partial(note, 1)()",
        ),
        *(
            "getattr(noter, 'note')(1)",
            "getattr(made(), 'note', None)(1)",
            "getattr(noting, 'made')().note()",
        ),
        *(
            "made().note(1)",
            "twice().note(1)",
            "typed().note(1)",
            "Noter.of(1)",
            "box.get().note()",
        ),
        *(
            "box.inner.note(1)",
            "box.given.note(1)",
            "box.itself().inner.note(1)",
            "box.first.note(1)",
        ),
        *("methodcaller('note', 1)(noter)", "call = methodcaller('note'); call(made())"),
        *("box.all['a'].note(1)", "noters[0].note(1)", "by['a'].note(1)", "by.get('a').note(1)"),
        *(
            "other, _ = Noter(), 1; other.note(1)",
            "pair = (Noter(), 1); other, _ = pair; other.note(1)",
        ),
        *(
            "for kind in (Noter, Other): kind().note(1)",
            "for kind in KINDS: kind()",
            "NOTER.note(1)",
        ),
        *(
            "for kind in Noter.__subclasses__() + [Other]: kind()",
            "for one in several(): one.note(1)",
        ),
        *(
            "[one.note(1) for one in noters]",
            "(noter if name else 1).note(1)",
            "type(noter)().note()",
        ),
        *(
            "(Noter() or 1).note(1)",
            "max(noters).note(1)",
            "next(iter(noters)).note()",
        ),
    ],
)
def test_a_call_of_what_an_expression_visibly_is_is_followed(read: Read, body: str) -> None:
    assert use_of(read, body) == ("app.noting:LOG",)


@pytest.mark.parametrize(
    "body",
    [
        *(
            "call = noter.quiet; call(1)",
            "QUIET[name](1)",
            "map(noter.quiet, values)",
            "OTHER.note(1)",
        ),
        *(
            "getattr(noter, 'quiet')(1)",
            "made().quiet(1)",
            "box.inner.quiet(1)",
            "made()",
            "KINDS[0]",
        ),
        *(
            "HANDLERS.get(name)",
            "len(LISTED)",
            "box.inner",
            "NOTER",
            "call = Other().note; call(1)",
        ),
        *("for kind in (Other,): kind().note(1)", "_, other = 1, Other(); other.note(1)"),
    ],
)
def test_what_is_not_called_or_touches_nothing_is_nothing(read: Read, body: str) -> None:
    assert use_of(read, body) == ()


@pytest.mark.parametrize("body", ["getattr(noter, name)(1)", "getattr(Noter(), 'no' + name)(1)"])
def test_a_method_of_a_computed_name_is_guessed_at(read: Read, body: str) -> None:
    assert use_of(read, body) == ("guess",)


def test_a_prefix_of_a_computed_name_rules_methods_out(read: Read) -> None:
    assert use_of(read, "getattr(noter, f'quie{name}')(1)") == ()


CHANGING = """
from operator import methodcaller

class Filler:
    def __init__(self, rows): self.rows = rows
    def fill(self, into): into.append(1)
    def grow(self): self.rows.append(1)

def fill(into): into.append(1)

TABLE = {"fill": fill}

def made(): return Filler([])

def change(values, into: list, filler: Filler, name):
    for value in values:
        print(value)
    BODY
"""


@pytest.mark.parametrize(
    ("body", "changed"),
    [
        ("call = made().fill; call(into)", "into"),
        ("TABLE[name](into)", "into"),
        ("call = methodcaller('grow'); call(filler)", "filler"),
        ("call = filler.grow; call()", "filler"),
        ("list(map(filler.grow, ()))", "filler"),
    ],
)
def test_what_is_called_so_changes_for_the_caller(read: Read, body: str, changed: str) -> None:
    reading = read({"app.py": CHANGING.replace("BODY", body)}, "app")

    assert changed in reading.functions["app.change"].mutates
