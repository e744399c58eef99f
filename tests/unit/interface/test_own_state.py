"""Ways to change one's own state that the source shows: who reads it runs where it is changed."""

from collections.abc import Callable

import pytest
from tests.unit.interface.conftest import Reading

Read = Callable[..., Reading]


def touched(read: Read, source: str) -> list[tuple[str, ...]]:
    """Return what ``put`` and ``get`` of a package touch, after ``app.own:``."""
    reading = read({"app/__init__.py": "", "app/own.py": source}, "app.own")
    put, get = (reading.functions[f"app.own.{name}"] for name in ("put", "get"))
    assert put.touches == put.changes, put
    return [tuple(t.removeprefix("app.own:") for t in each.touches) for each in (put, get)]


_ALIAS = "\n        cls = self.__class__\n        cls.n += 1\n"
CLASS = "class S:\n    n = 0\n    items = []\n"


@pytest.mark.parametrize(
    ("body", "attribute"),
    [
        ("    def up(self): self.__class__.n += 1\ndef put(): S().up()\n", "n"),
        ("    def up(self): __class__.n += 1\ndef put(): S().up()\n", "n"),
        (f"    def up(self):{_ALIAS}def put(): S().up()\n", "n"),
        ("_s = S()\ndef put(): _s.__class__.n += 1\n", "n"),
        ("_s = S()\ndef put(): type(_s).n += 1\n", "n"),
        ("def up(s: S): type(s).n += 1\ndef put(): up(S())\n", "n"),
        ("def up(s: 'S'): s.__class__.n += 1\ndef put(): up(S())\n", "n"),
        ("def put(): S.__dict__['items'].append(1)\n", "items"),
        ("def put(): vars(S)['items'].append(1)\n", "items"),
        ("def put(): vars(S).get('items').append(1)\n", "items"),
    ],
)  # fmt: skip
def test_the_class_of_an_object_is_the_class(read: Read, body: str, attribute: str) -> None:
    for get in (f"S.{attribute}", f"S.__dict__['{attribute}']"):
        source = f"{CLASS}{body}def get(): return len(str({get}))\n"

        assert touched(read, source) == [(f"S.{attribute}",), (f"S.{attribute}",)]


FACTORY = "from collections import defaultdict\nimport collections, threading, typing\n"
MISSING = (
    "class D(dict):\n    def __missing__(self, key):\n        self[key] = {}\n        return {}\n"
)


@pytest.mark.parametrize(
    ("made", "used"),
    [
        ("_d = collections.defaultdict(list)", "_d[1]"),
        ("_d = defaultdict(int)", "_d[1]"),
        ("_d = defaultdict(lambda: defaultdict(int))", "_d[1][2]"),
        ("_d = {'a': defaultdict(list)}", "_d['a'][1]"),
        ("_d: typing.DefaultDict[int, list] = defaultdict(list)", "_d.__getitem__(1)"),
        ("def tree(): return defaultdict(tree)\n_d = tree()", "_d[1]"),
        ("class D(defaultdict): pass\n_d = D(list)", "_d[1]"),
        (f"{MISSING}_d = D()", "_d[1]"),
        ("_d = defaultdict(list)\ndef look(d, key): return d[key]", "look(_d, 1)"),
    ],
)
def test_reading_a_default_dictionary_fills_it(read: Read, made: str, used: str) -> None:
    source = f"{FACTORY}{made}\ndef put(): len({used})\ndef get(): return len(_d)\n"

    assert touched(read, source) == [("_d",), ("_d",)]


def test_locks_that_a_default_dictionary_makes_are_one_for_all_callers(read: Read) -> None:
    source = f"{FACTORY}_locks = defaultdict(threading.Lock)\n"
    source += "def put():\n    with _locks['k']: pass\ndef get(): _locks['k'].acquire()\n"

    assert touched(read, source) == [("_locks",), ("_locks",)]


def test_default_dictionaries_of_classes_and_instances_are_filled(read: Read) -> None:
    source = f"{FACTORY}class S:\n    d = defaultdict(list)\n"
    source += "    def __init__(self): self.e = defaultdict(list)\n"
    source += "    def look(self): return self.e[1]\n"
    source += "_s = S()\ndef put(): S.d[1], _s.look()\ndef get(): return len(S.d), len(_s.e)\n"

    assert touched(read, source) == [("S.d", "_s"), ("S.d", "_s")]


@pytest.mark.parametrize(
    "made",
    [
        "_d = defaultdict(int)",
        "_d = defaultdict(lambda: 3)",
        "_d = collections.Counter()",
        "_d = {1: []}",
    ],
)
def test_look_ups_that_nothing_can_notice_are_no_changes(read: Read, made: str) -> None:
    source = f"{FACTORY}{made}\ndef put(): _d[1]\ndef get(): return _d[1]\n"

    assert touched(read, source) == [(), ()]


LIBRARY = "import bisect, contextlib, csv, heapq, io, itertools, random, struct, weakref, zlib\n"
LIBRARY += "import xml.etree.ElementTree as ET\nfrom collections import ChainMap\n"
LIBRARY += "from http.cookies import SimpleCookie\n"


@pytest.mark.parametrize(
    ("made", "changed"),
    [
        ("io.StringIO()", "_x.write('a')"),
        ("io.BytesIO(b'abc')", "_x.read(1)"),
        ("csv.writer(io.StringIO())", "_x.writerow([1])"),
        ("zlib.compressobj()", "_x.compress(b'a')"),
        ("SimpleCookie()", "_x.load('a=1')"),
        ("contextlib.ExitStack()", "_x.callback(print)"),
        ("[]", "heapq.heappush(_x, 1)"),
        ("[]", "bisect.insort(_x, 1)"),
        ("[1, 2]", "random.Random(1).shuffle(_x)"),
        ("bytearray(4)", "struct.pack_into('i', _x, 0, 1)"),
        ("bytearray(4)", "memoryview(_x)[0:1].__setitem__(0, 1)"),
        ("bytearray(4)", "open('/dev/null', 'rb').readinto(_x)"),
        ("ET.Element('a')", "ET.SubElement(_x, 'b')"),
        ("{}", "ChainMap(_x).update(a=1)"),
    ],
)
def test_what_the_standard_library_writes_into_is_changed(
    read: Read, made: str, changed: str
) -> None:
    source = f"{LIBRARY}_x = {made}\ndef put(): {changed}\ndef get(): return str(_x)\n"

    assert touched(read, source) == [("_x",), ("_x",)]


@pytest.mark.parametrize(
    ("made", "changed"),
    [
        ("itertools.count()", "next(S.x)"),
        ("itertools.count()", "S.x.__next__()"),
        ("io.StringIO()", "csv.writer(S.x).writerow([1])"),
        ("weakref.WeakSet()", "S.x.add(S())"),
    ],
)
def test_what_changes_as_it_is_used_is_state_in_a_class_as_well(
    read: Read, made: str, changed: str
) -> None:
    source = f"{LIBRARY}class S:\n    x = {made}\n"

    found = touched(read, f"{source}def put(): {changed}\ndef get(): return str(S.x)\n")

    assert found == [("S.x",), ("S.x",)]


@pytest.mark.parametrize(
    "body",
    [
        "self.h = []\n    def add(self): heapq.heappush(self.h, 1)\ndef put(): _x.add()",
        "self.h = itertools.count()\n    def new(self): next(self.h)\ndef put(): _x.new()",
        "self.h = []\n    def rows(self): return self.h\ndef put(): _x.rows().append(1)",
    ],
)
def test_an_object_that_a_library_writes_into_through_a_method_changes(
    read: Read, body: str
) -> None:
    source = f"{LIBRARY}class S:\n    def __init__(self): {body}\n_x = S()\n"
    source += "def get(): return len(_x.h)\n"

    assert touched(read, source) == [("_x",), ("_x",)]


def test_names_bound_together_are_state_together(read: Read) -> None:
    source = "_x = _y = []\ndef put(): _x.append(1)\ndef get(): return len(_y)\n"

    assert touched(read, source) == [("_x",), ("_y",)]


FROZEN = "from dataclasses import dataclass\n@dataclass(frozen=True)\nclass S:\n    n: int = 0\n"
PLAIN = "class S:\n    n = 0\n"


@pytest.mark.parametrize("put", ["object.__setattr__(_s, 'n', 1)", "_s.__setattr__('n', 1)",
                                 "setattr(_s, 'n', 1)", "vars(_s)['n'] = 1",
                                 "vars(_s).update(n=1)", "_s.__dict__['n'] = 1",
                                 "S.n.__set__(_s, 1)", "object.__delattr__(_s, 'n')"])  # fmt: skip
@pytest.mark.parametrize("made", [FROZEN, PLAIN])
def test_an_object_is_changed_in_other_ways_than_by_assignment(
    read: Read, made: str, put: str
) -> None:
    source = f"{made}_s = S()\ndef put(): {put}\ndef get() -> int: return _s.n\n"

    assert touched(read, source)[1] == ("_s",)
    assert "_s" in touched(read, source)[0]


@pytest.mark.parametrize("put", ["object.__setattr__(self, 'n', 1)", "setattr(self, 'n', 1)",
                                 "super().__setattr__('n', 1)", "self.__setattr__('n', 1)",
                                 "vars(self)['n'] = 1", "self.__dict__.update(n=1)"])  # fmt: skip
@pytest.mark.parametrize("made", [FROZEN, PLAIN])
def test_a_method_changes_its_object_in_other_ways_than_by_assignment(
    read: Read, made: str, put: str
) -> None:
    source = f"{made}    def up(self): {put}\n_s = S()\n"
    source += "def put(): _s.up()\ndef get() -> int: return _s.n\n"

    assert touched(read, source) == [("_s",), ("_s",)]


@pytest.mark.parametrize("put", ["type.__setattr__(S, 'n', 1)", "type.__delattr__(S, 'n')"])
def test_a_class_is_changed_through_its_metaclass(read: Read, put: str) -> None:
    source = f"{PLAIN}def put(): {put}\ndef get() -> int: return S.n\n"

    assert touched(read, source) == [("S.n",), ("S.n",)]


def test_a_dictionary_of_attributes_that_instances_share_is_state(read: Read) -> None:
    source = "class Borg:\n    _all = {}\n    def __init__(self): self.__dict__ = self._all\n"
    source += "def put(): Borg().n = 1\ndef get(): return Borg().n\n"

    assert touched(read, source) == [("Borg._all",), ("Borg._all",)]


@pytest.mark.parametrize(
    "method",
    [
        "__init__(self): object.__setattr__(self, 'n', 1)",
        "__post_init__(self): object.__setattr__(self, 'n', 1)",
        "__hash__(self): object.__setattr__(self, 'n', 1)",
        "__setattr__(self, name, value): object.__setattr__(self, name, value)",
        "__setattr__(self, name, value): super().__setattr__(name, value)",
    ],
)
def test_what_only_makes_an_object_or_lets_it_be_assigned_changes_nothing(
    read: Read, method: str
) -> None:
    source = f"{FROZEN}    def {method}\n_s = S()\n"
    source += "def put() -> int: return _s.n\ndef get() -> int: return _s.n\n"

    assert touched(read, source) == [(), ()]


@pytest.mark.parametrize(
    ("put", "get"),
    [
        ("S.items.append(1)", "B.items"),
        ("B.items.append(1)", "S.items"),
        ("S().up()", "S().items"),
        ("S.up_all()", "B().items"),
        ("B.items.append(1)", "read(S())"),
    ],
)
def test_state_of_a_base_is_the_same_under_all_its_names(read: Read, put: str, get: str) -> None:
    source = "class B:\n    items = []\n    def up(self): self.items.append(1)\n"
    source += "    @classmethod\n    def up_all(cls): cls.items.append(1)\n"
    source += "class S(B):\n    def up(self): super().up()\n"
    source += f"def read(s: S): return s.items\ndef put(): {put}\ndef get(): return len({get})\n"

    assert touched(read, source) == [("B.items",), ("B.items",)]


def test_state_of_a_class_is_found_in_an_instance_that_does_not_change(read: Read) -> None:
    source = "class B:\n    n = 0\nclass S(B): pass\n_s = S()\n"
    source += "def put(): B.n += 1\ndef get(): return _s.n\n"

    assert touched(read, source) == [("B.n",), ("B.n",)]


def test_a_base_changes_what_its_subclass_has(read: Read) -> None:
    source = "class B:\n    items = []\n    def up(self): self.more.append(1)\n"
    source += "    @classmethod\n    def up_all(cls): cls.items.append(1)\n"
    source += "class S(B):\n    items = []\n    more = []\n"
    source += "def put(): S().up(), S.up_all()\ndef get(): return len(S.items), len(S.more)\n"

    put, get = touched(read, source)

    assert set(get) == {"S.items", "S.more"}
    assert "S.more" in put


@pytest.mark.parametrize("change", ["cls.rows = [*cls.rows, x]", "cls.rows.append(x)"])
def test_a_class_method_of_a_base_touches_what_its_subclass_has(read: Read, change: str) -> None:
    source = f"class B:\n    @classmethod\n    def up(cls, x):\n        {change}\n"
    source += "class S(B):\n    rows = []\nclass T(B):\n    other = 1\n"
    source += "def put(): S.up(1)\ndef get(): return list(S.rows)\n"

    put, get = touched(read, source)

    assert "S.rows" in put
    assert get == ("S.rows",)


def test_what_a_metaclass_has_is_found_in_its_classes(read: Read) -> None:
    source = "class M(type):\n    n = 0\nclass S(metaclass=M): pass\n"
    source += "def put(): M.n += 1\ndef get(): return S.n\n"

    assert touched(read, source) == [("M.n",), ("M.n",)]


@pytest.mark.parametrize(
    "base",
    [
        "class B:\n    n = 0\n    def __init_subclass__(cls): cls.n = 1\n",
        "class B:\n    n = 0\n    def __init__(self): self.n = 1\n    def up(self): self.n = 2\n",
    ],
)
def test_what_making_a_class_or_an_instance_sets_is_no_state_of_a_base(
    read: Read, base: str
) -> None:
    source = f"{base}class S(B): pass\ndef put(): return S.n\ndef get(): return S.n\n"

    assert touched(read, source) == [(), ()]


CALLED = "import contextlib, functools, operator\nimport numpy as np\n_x = []\n"
CALLED += "_push = operator.methodcaller('append', 1)\n"
CALLED += "def _first(*args): args[0].append(args[1])\n"
CALLED += "def _named(**given): given['to'].append(1)\n"
CALLED += "def _into(to, value): to.append(value)\n"


@pytest.mark.parametrize(
    "put",
    [
        "getattr(_x, 'append')(1)",
        "getattr(_x, 'app' + 'end')(1)",
        "operator.methodcaller('append', 1)(_x)",
        "_push(_x)",
        "operator.ior(_x, [1])",
        "_x.__iadd__([1])",
        "functools.reduce(lambda held, one: held.append(one), [1], _x)",
        "(lambda held: held.append(1))(_x)",
        "list(map(lambda held: held.append(1), [[]] and _x))",
        "np.add(_x, 1, out=_x)",
        "np.add(_x, 1, out=(_x,))",
        "_first(_x, 1)",
        "_named(to=_x)",
        "_named(**{'to': _x})",
        "_into(*(_x, 1))",
    ],
)
def test_a_call_changes_what_the_called_would(read: Read, put: str) -> None:
    source = f"{CALLED}def put(): {put}\ndef get(): return len(_x)\n"

    changed, got = touched(read, source)

    assert got == ("_x",)
    assert "_x" in changed


@pytest.mark.parametrize(
    "put",
    [
        "getattr(_x, 'index')(1)",
        "getattr(_x, 'cou' + 'nt')(1)",
        "operator.methodcaller('index', 1)(_x)",
        "sorted(_x, key=lambda one: one.name)",
        "functools.reduce(lambda held, one: held + [one], [1], _x)",
        "_into([], *_x)",
        "_named(other=len(_x))",
    ],
)
def test_a_call_of_what_only_reads_changes_nothing(read: Read, put: str) -> None:
    source = f"{CALLED}def put(): {put}\ndef get(): return len(_x)\n"

    assert touched(read, source) == [(), ()]


TARGETS = "import contextlib\n_x = {}\n_n = 0\n"


@pytest.mark.parametrize(
    ("put", "name"),
    [
        ("    for _x['k'] in [1]: pass\n", "_x"),
        ("    with open('f') as _x['k']: pass\n", "_x"),
        ("    [0 for _x['k'] in [1]]\n", "_x"),
        ("    global _n\n    for _n in [1]: pass\n", "_n"),
        ("    global _n\n    with contextlib.nullcontext(1) as _n: pass\n", "_n"),
        ("    global _n\n    return (_n := 1)\n", "_n"),
        ("    global _n\n    def _n(): pass\n", "_n"),
        ("    global _n\n    match 1:\n        case _n: pass\n", "_n"),
    ],
)
def test_whatever_binds_a_target_changes_it(read: Read, put: str, name: str) -> None:
    source = f"{TARGETS}def put():\n{put}\ndef get(): return str({name})\n"

    assert touched(read, source) == [(name,), (name,)]
