"""seamline.interface.kept and lookups: state that is changed or found out of plain sight."""

import pytest

KEPT = """
import functools, threading, sys
from concurrent.futures import ThreadPoolExecutor
HELD = []
N = 0
pool = ThreadPoolExecutor(1)
{before}
def change(x: str) -> None:
    {change}

def read() -> int:
    return {read}
"""
STORE = """class Store:
    def __init__(self, data):
        self.data = data
    def put(self, x):
        self.data.append(x)
store = Store(HELD)"""
PUSHER = """class Pusher:
    def __init__(self, data):
        self.push = data.append
    def put(self, x):
        self.push(x)
pusher = Pusher(HELD)"""
WORK = """class Work(threading.Thread):
    def run(self):
        HELD.append(1)"""


@pytest.mark.parametrize(
    ("before", "change"),
    [
        pytest.param("push = HELD.append", "push(x)", id="a bound method"),
        pytest.param("alias = HELD", "alias.append(x)", id="an alias"),
        pytest.param("alias = HELD\npush = alias.append", "push(x)", id="of an alias"),
        pytest.param(STORE, "store.put(x)", id="an object"),
        pytest.param(PUSHER, "pusher.put(x)", id="an object with the bound method"),
        pytest.param("push = functools.partial(HELD.append)", "push(x)", id="partial"),
        pytest.param(
            "def put(q, x): q.append(x)\npush = functools.partial(put, HELD)",
            "push(x)",
            id="partial of a function",
        ),
        pytest.param("push = lambda x: HELD.append(x)", "push(x)", id="a lambda"),
        pytest.param("both = (HELD, 1)", "both[0].append(x)", id="in a tuple"),
        pytest.param("both = {'a': HELD}", "both['a'].append(x)", id="in a dictionary"),
        pytest.param("class A:\n    push = HELD.append", "A.push(x)", id="in a class"),
        pytest.param(
            "import thirdparty\nstore = thirdparty.Store(HELD)", "store.put(x)", id="a library's"
        ),
        pytest.param("", "push = HELD.append; push(x)", id="a local name"),
        pytest.param("", "list(map(HELD.append, x))", id="an argument"),
        pytest.param("", "pool.submit(HELD.append, x)", id="an executor"),
        pytest.param("", "threading.Thread(target=HELD.append, args=(x,)).start()", id="a thread"),
        pytest.param(
            "def put(q): q.append(1)",
            "threading.Thread(target=put, args=(HELD,)).start()",
            id="a thread's function",
        ),
        pytest.param(WORK, "Work().start()", id="a thread of one's own"),
        pytest.param("", "globals()['HELD'].append(x)", id="globals"),
        pytest.param("", "globals().get('HELD').append(x)", id="globals().get"),
        pytest.param("", "vars(sys.modules[__name__])['HELD'].append(x)", id="vars"),
        pytest.param("", "sys.modules[__name__].__dict__['HELD'].append(x)", id="__dict__"),
        pytest.param("", "getattr(sys.modules[__name__], 'HELD').append(x)", id="getattr"),
        pytest.param("", "getattr(sys.modules[__name__], x).append(x)", id="a computed name"),
    ],
)
def test_what_is_changed_out_of_plain_sight_is_state(read, before: str, change: str) -> None:
    source = KEPT.format(before=before, change=change, read="len(HELD)")

    reading = read({"shop.py": source}, "shop")

    assert "shop:HELD" in reading.state
    assert reading.functions["shop.read"].touches == ("shop:HELD",)
    assert reading.functions["shop.change"].touches
    assert reading.verdict("shop.read") == reading.verdict("shop.change") == "remote"


@pytest.mark.parametrize(
    "change",
    [
        "globals()['N'] = 1",
        "globals()['N'] += 1",
        "globals().update(N=1)",
        "globals().update({'N': 1})",
        "setattr(sys.modules[__name__], 'N', 1)",
        "sys.modules[__name__].N = 1",
        "vars(sys.modules[__name__])['N'] = 1",
        "globals()[x] = 1",
        "setattr(sys.modules[__name__], x, 1)",
        "exec(x, globals())",
    ],
)
def test_a_name_that_is_bound_by_its_text_is_state(read, change: str) -> None:
    reading = read({"shop.py": KEPT.format(before="", change=change, read="N")}, "shop")

    assert "shop:N" in reading.state
    assert reading.verdict("shop.read") == reading.verdict("shop.change") == "remote"


def test_what_holds_changing_state_is_taken_from_other_packages_with_it(read) -> None:
    reading = read(
        {
            "shop/__init__.py": "",
            "shop/stock.py": "HELD = []\npush = HELD.append\n",
            "shop/web.py": "from shop.stock import push\ndef view(x): push(x)\n",
        },
        "shop.stock",
    )

    assert reading.findings("state-elsewhere") == [
        ("error", "shop/web.py", 1),
        ("error", "shop/web.py", 2),
    ]


@pytest.mark.parametrize(
    ("before", "change", "result"),
    [
        pytest.param("SIZE = len(HELD)", "return None", "SIZE", id="a plain result"),
        pytest.param("SIZE = sorted(HELD)", "return None", "len(SIZE)", id="a copy"),
        pytest.param(
            "import thirdparty\nTABLE = ['a']\nstore = thirdparty.Store(TABLE)",
            "store.put(x)",
            "len(TABLE)",
            id="a table that a library is given",
        ),
        pytest.param("alias = HELD", "return None", "len(alias)", id="an alias, unchanged"),
        pytest.param(
            "class Show:\n"
            "    def __init__(self, data): self.data = data; self.n = 0\n"
            "    def size(self): self.n += 1; return len(self.data)\n"
            "show = Show(HELD)",
            "show.size()",
            "len(HELD)",
            id="an object that only reads it",
        ),
        pytest.param("HELD.append(1)", "return None", "len(HELD)", id="built while importing"),
        pytest.param(
            "def __getattr__(name): globals()[name] = 1; return 1",
            "return None",
            "N",
            id="a module that remembers what it was asked",
        ),
        pytest.param(
            "import shop.crud", "shop.crud.update(x)", "len(HELD)", id="a function called update"
        ),
    ],
)
def test_what_nothing_changes_is_no_state(read, before: str, change: str, result: str) -> None:
    source = KEPT.format(before=before, change=change, read=result)

    reading = read(
        {"shop/__init__.py": source, "shop/crud.py": "def update(x): return x\n"}, "shop"
    )

    assert reading.functions["shop.read"].touches == ()


def test_a_computed_name_touches_only_what_it_can_be(read) -> None:
    source = """
import sys
do_count = []
other = []
def change(name): getattr(sys.modules[__name__], f"do_{name}").append(1)
def keep(x): other.append(x)
"""
    reading = read({"shop.py": source}, "shop")

    assert reading.functions["shop.change"].touches == ("shop:do_count",)
