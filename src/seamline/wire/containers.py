"""Containers of Python and ``collections``, both directions; exact types only."""

from collections import defaultdict, deque
from collections.abc import Callable
from typing import Any

from seamline.wire.filled import note_filled
from seamline.wire.marks import (
    CALL,
    DEFAULTDICT,
    DEQUE,
    DICT,
    DICT_NODE,
    FROZENSET,
    HAS_FROZENSETS,
    LEAVES,
    LIST,
    NATIVE,
    PENDING,
    PLAIN_TUPLE,
    READERS,
    REF,
    SET,
    STRINGS,
    TUPLE,
    WRITERS,
    Reading,
    Refused,
    Writing,
    enter,
    may_be_called,
    read,
)


def write_list(value: list[Any], w: Writing, left: int) -> Any:
    """Write a list; one of natives only takes a single step."""
    memo = w.memo
    key = id(value)
    if key in memo:
        return w.again(value)
    memo[key] = len(memo)
    if left < 1:
        w.descend(value, left)
    inner = left - 1
    native = w.native
    if native.issuperset(map(type, value)):
        return [LIST, *value]
    writers = w.writers
    return [
        LIST,
        *[x if type(x) in native else writers[type(x)](x, w, inner) for x in value],
    ]


def read_list(node: list[Any], r: Reading, left: int) -> list[Any]:
    """Read a list into the node itself."""
    if r.refs is not None:
        r.refs.append(node)
    if left < 1:
        enter(left)
    inner = left - 1
    del node[0]
    if not LEAVES.issuperset(map(type, node)):
        node[:] = [x if type(x) in LEAVES else read(x, r, inner) for x in node]
    return node


def write_tuple(value: tuple[Any, ...], w: Writing, left: int) -> Any:
    """Write a tuple; one that holds no containers needs no identity."""
    native = w.native
    if native.issuperset(map(type, value)):
        if left < 1:
            w.descend(value, left)
        return [PLAIN_TUPLE, *value]
    memo = w.memo
    key = id(value)
    if key in memo:
        return w.again(value)
    number = len(memo)
    memo[key] = -1 - number
    if left < 1:
        w.descend(value, left)
    inner = left - 1
    writers = w.writers
    node = [
        TUPLE,
        *[x if type(x) in native else writers[type(x)](x, w, inner) for x in value],
    ]
    memo[key] = number
    return node


def read_tuple(node: list[Any], r: Reading, left: int) -> tuple[Any, ...]:
    """Read a tuple that holds more than natives."""
    inner = enter(left)
    if r.refs is None:
        del node[0]
        return tuple([x if type(x) in LEAVES else read(x, r, inner) for x in node])
    number = r.reserve()
    value = tuple([read(x, r, inner) for x in node[1:]])
    r.refs[number] = value
    return value


def read_plain_tuple(node: list[Any], _r: Reading, left: int) -> tuple[Any, ...]:
    """Read a tuple of natives."""
    if not NATIVE.issuperset(map(type, node)):
        raise TypeError("a plain tuple holds something else than natives")
    if left < 1:
        enter(left)
    del node[0]
    return tuple(node)


def read_call(node: list[Any], _r: Reading, left: int) -> tuple[Any, ...]:
    """Read the arguments of a call that are natives, all of them declared."""
    if left < 2 or not NATIVE.issuperset(map(type, node)):  # noqa: PLR2004 - a tuple in a tuple
        raise TypeError("plain arguments hold something else than natives")
    return tuple(node[1:]), (), {}


def write_set(value: set[Any], w: Writing, left: int) -> Any:
    """Write a set in its own order."""
    if id(value) in w.memo:
        return w.again(value)
    w.track(value)
    inner = w.descend(value, left)
    return [SET, *[w.value(x, inner) for x in value]]


def read_set(node: list[Any], r: Reading, left: int) -> set[Any]:
    """Read a set; its members are added last when they may still be incomplete."""
    value: set[Any] = set()
    inner = enter(left)
    if r.refs is None:
        value.update([read(x, r, inner) for x in node[1:]])
        return value
    r.refs.append(value)
    members = [read(x, r, inner) for x in node[1:]]
    r.late.append(lambda: value.update(members))
    return value


def write_frozenset(value: frozenset[Any], w: Writing, left: int) -> Any:
    """Write a frozen set in its own order."""
    if id(value) in w.memo:
        return w.again(value)
    number = len(w.memo)
    w.memo[id(value)] = -1 - number
    inner = w.descend(value, left)
    if not w.native.issuperset(map(type, value)):
        w.shared |= HAS_FROZENSETS
    node = [FROZENSET, *[w.value(x, inner) for x in value]]
    w.memo[id(value)] = number
    return node


def read_frozenset(node: list[Any], r: Reading, left: int) -> frozenset[Any]:
    """Read a frozen set; its members must be complete already."""
    inner = enter(left)
    number = r.reserve()
    value = frozenset([read(x, r, inner) for x in node[1:]])
    if r.refs is not None:
        r.late.append(lambda: check_members(value))
    return r.complete(number, value)  # type: ignore[no-any-return]


def check_members(value: frozenset[Any]) -> None:
    """Refuse a frozen set whose members got another hash once they were complete."""
    if not all(member in value for member in value):
        raise ValueError("a frozen set is part of a cycle through its own members")


def write_dict(value: dict[Any, Any], w: Writing, left: int) -> Any:
    """Write a dict: as a msgpack map when every key is an exact str."""
    memo = w.memo
    key = id(value)
    if key in memo:
        return w.again(value)
    memo[key] = len(memo)
    if left < 1:
        w.descend(value, left)
    if not value:
        return value
    inner = left - 1
    if str not in w.native or not STRINGS.issuperset(map(type, value)):
        return [DICT, *flat(value.items(), w, inner)]
    native = w.native
    if native.issuperset(map(type, value.values())):
        return value
    writers = w.writers
    return {
        k: (x if type(x) in native else writers[type(x)](x, w, inner)) for k, x in value.items()
    }


def read_map(node: dict[Any, Any], r: Reading, left: int) -> dict[Any, Any]:
    """Read a msgpack map into the node itself."""
    if r.refs is not None:
        r.refs.append(node)
    if left < 1:
        enter(left)
    if not node:
        return node
    inner = left - 1
    if not STRINGS.issuperset(map(type, node)):
        raise TypeError("a map has a key that is not text")
    if not LEAVES.issuperset(map(type, node.values())):
        for k, x in node.items():
            if type(x) not in LEAVES:
                node[k] = read(x, r, inner)
    return node


def flat(items: Any, w: Writing, left: int) -> list[Any]:
    """Return keys and values, written, in one row."""
    row = []
    for k, x in items:
        row.append(w.value(k, left))
        row.append(w.value(x, left))
    return row


def pairs(row: list[Any], r: Reading, left: int) -> list[tuple[Any, Any]]:
    """Read what ``flat`` wrote."""
    if len(row) % 2:
        raise ValueError("a key has no value")
    values = [read(x, r, left) for x in row]
    return list(zip(values[::2], values[1::2], strict=True))


def fill(value: dict[Any, Any], row: list[Any], r: Reading, left: int) -> dict[Any, Any]:
    """Put what ``flat`` wrote into a mapping, last when keys may still be incomplete."""
    add = value.__setitem__
    items = pairs(row, r, left)
    if r.refs is None:
        for k, x in items:
            add(k, x)
    else:
        r.late.append(lambda: _add_all(add, items))
    return value


def _add_all(add: Callable[[Any, Any], None], items: list[tuple[Any, Any]]) -> None:
    for k, x in items:
        add(k, x)


def read_dict(node: list[Any], r: Reading, left: int) -> dict[Any, Any]:
    """Read a dict with keys of any kind."""
    value: dict[Any, Any] = {}
    if r.refs is not None:
        r.refs.append(value)
    return fill(value, node[1:], r, enter(left))


def write_defaultdict(value: defaultdict[Any, Any], w: Writing, left: int) -> Any:
    """Write a defaultdict; its factory crosses by reference."""
    if id(value) in w.memo:
        return w.again(value)
    w.track(value)
    inner = w.descend(value, left)
    factory = w.value(value.default_factory, inner)
    if not may_be_called(value.default_factory, w.table):
        raise Refused(value.default_factory)
    if factory is not None:
        note_filled()
    return [DEFAULTDICT, factory, *flat(value.items(), w, inner)]


def read_defaultdict(node: list[Any], r: Reading, left: int) -> defaultdict[Any, Any]:
    """Read a defaultdict."""
    value: defaultdict[Any, Any] = defaultdict()
    if r.refs is not None:
        r.refs.append(value)
    inner = enter(left)
    factory = read(node[1], r, inner)
    if factory is not None and not (callable(factory) and may_be_called(factory, r.table)):
        raise TypeError("a defaultdict's factory is not callable here")
    value.default_factory = factory
    fill(value, node[2:], r, inner)
    return value


def write_deque(value: deque[Any], w: Writing, left: int) -> Any:
    """Write a deque with its bound."""
    if id(value) in w.memo:
        return w.again(value)
    w.track(value)
    inner = w.descend(value, left)
    return [DEQUE, value.maxlen, *[w.value(x, inner) for x in value]]


def read_deque(node: list[Any], r: Reading, left: int) -> deque[Any]:
    """Read a deque."""
    value: deque[Any] = deque(maxlen=node[1])
    if r.refs is not None:
        r.refs.append(value)
    inner = enter(left)
    value.extend([read(x, r, inner) for x in node[2:]])
    return value


def read_reference(node: list[Any], r: Reading, _left: int) -> Any:
    """Return a value that this message held before."""
    _, number = node
    if r.refs is None or number < 0:
        raise ValueError("a reference in a message that announced none")
    value = r.refs[number]
    if value is PENDING:
        raise ValueError("an immutable value contains itself")
    return value


def refuse(value: object, _w: Writing, _left: int) -> Any:
    """Refuse a value whose type is outside the set."""
    raise Refused(value)


WRITERS.update(
    {
        list: write_list,
        tuple: write_tuple,
        set: write_set,
        frozenset: write_frozenset,
        dict: write_dict,
        defaultdict: write_defaultdict,
        deque: write_deque,
    }
)
READERS.update(
    {
        REF: read_reference,
        LIST: read_list,
        TUPLE: read_tuple,
        PLAIN_TUPLE: read_plain_tuple,
        CALL: read_call,
        SET: read_set,
        FROZENSET: read_frozenset,
        DICT: read_dict,
        DICT_NODE: read_map,
        DEFAULTDICT: read_defaultdict,
        DEQUE: read_deque,
    }
)
