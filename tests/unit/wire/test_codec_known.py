"""Changes of what both ends hold: any graph, any change, ends as in one process."""

import copy
import random
from array import array
from collections import OrderedDict, defaultdict, deque
from dataclasses import dataclass, field
from typing import Any, ClassVar

import attrs
import msgspec
import numpy as np
import pydantic
import pytest
from hypothesis import given, strategies as st

from seamline.errors import MutatedArgument, NotSendable, WireError
from seamline.wire import Codec, TypeTable, Unrestorable


@dataclass
class Node:
    name: str
    tags: list[str] = field(default_factory=list)
    other: Any = None


@dataclass(slots=True)
class Slotted:
    left: Any = None
    right: Any = None


@attrs.define
class Defined:
    left: Any = None


class Struct(msgspec.Struct):
    left: Any = None


class Model(pydantic.BaseModel):
    left: Any = None


class Rows(list[Any]):
    """A list with attributes."""


class Table(dict[Any, Any]):
    """A dict with attributes."""


@dataclass(unsafe_hash=True)
class Key:
    number: int


CODEC = Codec(TypeTable([__name__]))
MAKERS = (
    list, dict, deque, OrderedDict, Rows, Table, Slotted, Defined, Struct, Model,
    lambda: defaultdict(list), lambda: Node("n"), lambda: Node("x", other=None), set,
    lambda: bytearray(b"ab"), lambda: array("i", [1]), lambda: ValueError("v"),
)  # fmt: skip
LEAVES = (None, True, 1, 2**70, 1.5, "text", b"bytes", "\ud800", (1, 2), frozenset({1}))


def send(value: Any) -> tuple[Any, Any, Any]:
    """Return what the host has of a value, and what each end knows."""
    data, mine = CODEC.encode_tracked((value,), where=("value",))
    (there,), theirs = CODEC.decode_tracked(data)
    return there, mine, theirs


def answer(result: Any, mine: Any, theirs: Any) -> Any:
    """Return what the caller gets for a result, its objects changed."""
    changes = theirs.changes()
    names = ["value"] * len(changes)
    return CODEC.decode_known(CODEC.encode_known(result, theirs, changes, names), mine)


def build(rng: random.Random, size: int) -> list[Any]:
    """Return objects that hold each other at random; the first is a list of all of them."""
    objects: list[Any] = [rng.choice(MAKERS)() for _ in range(size)]
    for value in objects:
        for _ in range(rng.randrange(3)):
            put(value, rng, objects)
    return [objects, *objects]


def put(value: Any, rng: random.Random, objects: list[Any]) -> None:  # noqa: C901, PLR0912
    """Change one object in one of the ways its kind allows."""
    item = rng.choice([rng.choice(LEAVES), rng.choice(objects), (rng.choice(objects), 1)])
    number = rng.randrange(4)
    match value:
        case list() | deque():
            if number == 0 and value:
                del value[rng.randrange(len(value))]
            elif number == 1 and value:
                value[rng.randrange(len(value))] = item
            else:
                value.insert(rng.randrange(len(value) + 1), item)
        case dict():
            if number == 0 and value:
                value.pop(rng.choice(list(value)))
            else:
                value[rng.choice(["a", 2, (3, 4), None])] = item
        case set():
            value ^= {rng.choice([1, "a", (2, 3)])}
        case bytearray():
            value.append(number)
        case array():
            value.append(number)
        case BaseException():
            value.args = (*value.args, item)
        case Slotted() if number == 0 and hasattr(value, "left"):
            del value.left
        case Node() if number == 0:
            vars(value).pop("other", None)
        case Slotted() | Defined() | Struct() | Model():
            value.left = item
        case Node():
            value.tags = [*value.tags, "tag"]
            value.other = item
    if isinstance(value, Rows | Table | Node):
        setattr(value, rng.choice(["extra", "more"]), item)


def change(objects: list[Any], rng: random.Random) -> Any:
    """Change objects that are all in the first; return one of them, or something new."""
    known = list(objects)
    for _ in range(rng.randrange(8)):
        if rng.random() < 0.3:
            known.append(rng.choice(MAKERS)())
        put(rng.choice(known), rng, known)
    return rng.choice([rng.choice(known), [rng.choice(known)], 5])


class Mapping:
    """Compares two graphs; every object of the one has one counterpart in the other."""

    def __init__(self, pairs: list[tuple[Any, Any]]) -> None:
        self.forth = {id(a): b for a, b in pairs}
        self.back = {id(b): a for a, b in pairs}
        self.seen: set[int] = set()

    def same(self, a: Any, b: Any) -> None:
        assert type(a) is type(b)
        if isinstance(a, int | str | bytes | float | type(None) | frozenset | type):
            assert a == b
            return
        if not isinstance(a, tuple):
            assert self.forth.setdefault(id(a), b) is b
            assert self.back.setdefault(id(b), a) is a
        if id(a) in self.seen:
            return
        self.seen.add(id(a))
        for x, y in zip(self.parts(a), self.parts(b), strict=True):
            self.same(x, y)

    @staticmethod
    def parts(value: Any) -> list[Any]:
        parts: list[Any] = []
        if isinstance(value, dict):
            parts += [x for pair in value.items() for x in pair]
        elif isinstance(value, set):
            parts += sorted(value, key=repr)
        elif isinstance(value, list | tuple | deque | array):
            parts += value
        elif isinstance(value, bytearray):
            parts.append(bytes(value))
        elif isinstance(value, BaseException):
            parts.append(value.args)
        for name in ("left", "right"):
            if name in getattr(type(value), "__slots__", ()) or isinstance(value, Struct):
                parts.append(getattr(value, name, "unset"))
        found = getattr(value, "__dict__", {})
        return [*parts, *[x for pair in found.items() for x in pair]]


@given(st.integers(0, 2**32), st.integers(1, 12), st.integers(1, 3))
def test_any_change_of_any_graph_ends_as_in_one_process(seed: int, size: int, steps: int) -> None:
    mine = build(random.Random(seed), size)
    whole = build(random.Random(seed), size)
    pairs = list(zip(mine, whole, strict=True))
    there, known, theirs = send(mine)

    for step in range(steps):
        expected = change(whole, random.Random(seed + step))
        result = answer(change(there, random.Random(seed + step)), known, theirs)
        comparison = Mapping(pairs)
        comparison.same(mine, whole)
        comparison.same(result, expected)
        for objects in (mine, whole):
            objects[0][:] = objects[1:]
        CODEC.decode_known(CODEC.encode_known(None, known, known.changes(), ["x"]), theirs)


def test_a_set_of_keys_whose_hash_changed_holds_them_by_their_new_one() -> None:
    key = Key(1)
    value = [key, {key}]
    there, mine, theirs = send(value)
    there[1].clear()
    there[0].number = 2
    there[1].add(there[0])
    there[1].add(Key(3))

    answer(None, mine, theirs)

    assert value[0] is key
    assert value[1] == {Key(2), Key(3)}
    assert key in value[1]


def test_an_array_changes_in_its_own_memory() -> None:
    value = np.arange(6).reshape(2, 3)
    row = value[0]
    there, mine, theirs = send(value)
    there[0, 1] = 9

    answer(None, mine, theirs)

    assert row.tolist() == [0, 9, 2]


@pytest.mark.parametrize(
    ("value", "spoil"),
    [
        (np.zeros(3), lambda value: value.resize(5, refcheck=False)),
        (Slotted(), lambda value: object.__setattr__(value, "__class__", SlottedToo)),
    ],
    ids=["shape", "class"],
)
def test_a_change_of_form_is_refused(value: Any, spoil: Any) -> None:
    there, mine, theirs = send(value)
    spoil(there)

    with pytest.raises(Exception, match=r"another form|SlottedToo"):
        answer(None, mine, theirs)


class SlottedToo(Slotted):
    __slots__ = ()


def test_a_refusal_says_whether_the_change_or_the_result_cannot_cross() -> None:
    there, _, theirs = send([1])

    with pytest.raises(NotSendable, match=r"result is a .*generator"):
        CODEC.encode_known((x for x in ()), theirs, [], [])
    there.append(x for x in ())
    with pytest.raises(NotSendable, match=r"argument rows\[1\] is a .*generator"):
        CODEC.encode_known(None, theirs, theirs.changes(), ["rows"])


def test_an_object_that_changed_here_too_is_left_alone() -> None:
    value = [[1], [2]]
    there, mine, theirs = send(value)
    there[0].append(3)
    there[1].append(3)
    value[1].append(4)

    with pytest.raises(MutatedArgument, match="and here while it ran"):
        answer(None, mine, theirs)
    assert value == [[1], [2, 4]]


# -- a hostile host ---------------------------------------------------------------------------


def hostile(changes: Any, value: Any = None, names: Any = ()) -> bytes:
    return msgspec.msgpack.encode((1, names, (changes, value)))


#: (values,) is object 0, the list 1, the dict 2, the slotted record 3, the bytes 4, the node 5
@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xc1",
        hostile(5),
        hostile([5]),
        hostile([[1]]),
        hostile([[1, [], [], []]]),
        hostile([[-1, [], [], [], []]]),
        hostile([[99, [], [], [], []]]),
        hostile([["1", [], [], [], []]]),
        hostile([[0, [], [], [], []]]),
        hostile([[1, [9], [], ["name"], [1]]]),
        hostile([[1, [9], [], [], [1]]]),
        hostile([[1, [[0, 99]], [], [], []]]),
        hostile([[1, [9], [], [], []], [2, ["odd"], [], [], []]]),
        hostile([[1, [9], [], [], []], [2, [[0, 1], 1], [], [], []]]),
        hostile([[1, [9], [], [], []], [3, [], [], ["absent"], [1]]]),
        hostile([[1, [9], [], [], []], [3, [5], [], [], []]]),
        hostile([[1, [9], [], [], []], [4, ["text"], [], [], []]]),
        hostile([[1, [9], [], [], []], [4, [], [], [], []]]),
        hostile([[1, [9], [], [], []], [5, [], [], [7], [1]]]),
        hostile([[1, [9], [], [], []]], [0, 99]),
        hostile([[1, [9], [], [], []]], [16, 0, 1], ["os:system"]),
        hostile([[1, [9], [], [], []]], [255]),
    ],
)
def test_a_hostile_answer_is_refused_and_changes_nothing(data: bytes) -> None:
    value = [{"a": 1}, Slotted(), bytearray(b"x"), Node("n")]
    before = copy.deepcopy(value)
    _, mine, _ = send(value)

    with pytest.raises(WireError):
        CODEC.decode_known(data, mine)
    assert value == before


def test_a_form_that_an_object_cannot_take_is_refused_and_changes_nothing() -> None:
    value = [deque([1], 3)]
    _, mine, _ = send(value)

    with pytest.raises(MutatedArgument, match="another form"):
        CODEC.decode_known(hostile([[1, [9], [], [], []], [2, [2], [5], [], []]]), mine)
    assert value == [deque([1], 3)]


ROW = np.arange(6)


@pytest.mark.parametrize(
    "values",
    [
        pytest.param([ROW, ROW[2:]], id="an array and a view"),
        pytest.param([ROW[:4], ROW[2:]], id="views that overlap"),
        pytest.param([memoryview(ROW), ROW], id="a memoryview and its array"),
        pytest.param([data := bytearray(4), memoryview(data)[1:]], id="a bytearray and a view"),
    ],
)
def test_values_over_one_memory_are_refused_where_they_may_change(values):
    with pytest.raises(NotSendable, match="shares its memory"):
        send(values)
    assert len(CODEC.decode(CODEC.encode(values))) == 2


@pytest.mark.parametrize(
    "values",
    [
        pytest.param([ROW[:3], ROW[3:]], id="views apart"),
        pytest.param([ROW, ROW], id="one array twice"),
        pytest.param([memoryview(b"ab"), memoryview(b"ab")], id="of what cannot change"),
    ],
)
def test_values_that_share_no_memory_are_sent(values):
    assert len(send(values)[0]) == 2


class Form:
    """A library's, which keeps on its classes what it works out, as WTForms does."""

    _fields: ClassVar[list[int] | None] = None


Form.__module__ = "some_library"


class Marked(Form):
    mark = 0
    _number = 0
    marks: ClassVar[list[int]] = []


class Mapped:
    """What a library puts on a class, as a mapper does."""

    def __get__(self, instance: Any, owner: type) -> Any:
        return self


Mapped.__module__ = "some_mapper"


@pytest.mark.parametrize(
    "spoil",
    [
        lambda: setattr(Marked, "mark", 1),
        lambda: setattr(Marked, "_number", 1),
        lambda: setattr(Marked, "more", len),
        lambda: Marked.marks.append(1),
    ],
    ids=["value", "private", "new", "held"],
)
def test_what_is_set_on_a_class_is_not_lost(spoil: Any, monkeypatch: Any) -> None:
    for name in ("mark", "_number", "more"):
        monkeypatch.setattr(Marked, name, 0, raising=False)
    monkeypatch.delattr(Marked, "more")
    monkeypatch.setattr(Marked, "marks", [])
    there, _, theirs = send([Marked, {"a": Marked}])
    assert there == [Marked, {"a": Marked}]
    assert not theirs.changes()
    spoil()

    with pytest.raises(Unrestorable, match="Marked is each process's own"):
        theirs.changes()


def test_what_a_library_puts_on_a_class_is_its_own(monkeypatch: Any) -> None:
    there, mine, theirs = send([Marked])
    monkeypatch.setattr(Marked, "rows", Mapped(), raising=False)
    monkeypatch.setattr(Marked, "_fields", [1], raising=False)

    assert answer(there, mine, theirs)[0] is Marked
