"""Instances of subclasses of builtin types: the builtin's content, then their own state."""

import dataclasses
from collections import OrderedDict, defaultdict, deque
from collections.abc import Callable, Iterable
from typing import Any, Final

from seamline.wire.classes import Shape, slots_of
from seamline.wire.containers import check_members, flat, pairs
from seamline.wire.filled import is_filled, note_filled
from seamline.wire.marks import (
    DERIVED,
    HAS_FROZENSETS,
    READERS,
    Reader,
    Reading,
    Refused,
    Writer,
    Writing,
    enter,
    may_be_called,
    read,
)


@dataclasses.dataclass(frozen=True, slots=True)
class Origin:
    """A builtin type whose subclasses cross.

    Attributes:
        content: The items that travel, from an instance, by the builtin's own methods.
        fill: Puts them back into an empty instance, or None for an immutable type.
    """

    kind: Any
    content: Callable[[Any], Iterable[Any]]
    fill: Callable[[Any, list[Any]], Any] | None = None
    is_mapping: bool = False


def _fill_defaultdict(value: Any, items: list[Any]) -> None:
    for key, item in items:
        dict.__setitem__(value, key, item)


def _fill_ordered(value: Any, items: list[Any]) -> None:
    for key, item in items:
        OrderedDict.__setitem__(value, key, item)


#: The more specific first.
ORIGINS: Final = (
    Origin(OrderedDict, OrderedDict.items, _fill_ordered, is_mapping=True),
    Origin(dict, dict.items, _fill_defaultdict, is_mapping=True),
    Origin(list, list.__iter__, list.extend),
    Origin(deque, deque.__iter__, deque.extend),
    Origin(set, set.__iter__, set.update),
    Origin(bytearray, lambda v: [bytes(memoryview(v))], lambda v, i: bytearray.extend(v, *i)),
    Origin(str, lambda v: [str.__str__(v)]),
    Origin(int, lambda v: [int.__int__(v)]),
    Origin(float, lambda v: [float.__float__(v)]),
    Origin(complex, lambda v: [complex.__complex__(v)]),
    Origin(bytes, lambda v: [bytes.__getitem__(v, slice(None))]),
    Origin(tuple, tuple.__iter__),
    Origin(frozenset, frozenset.__iter__),
)
#: ``time.struct_time`` and its like: tuples of C, which have fields beside their items.
_RECORD: Final = Origin(tuple, lambda v: _fields_of(*v.__reduce__()[1]))
#: Containers, and a subclass of each that has nothing more.
_BARE: Final[dict[type, type]] = {
    kind: type("Plain", (kind,), {}) for kind in (OrderedDict, dict, list, set)
}
#: What makes, copies or ends an instance in a way of its class's own: it may register it, say.
_OWN_WAYS: Final = frozenset(
    {
        "__copy__", "__deepcopy__", "__del__", "__getnewargs__", "__getnewargs_ex__",
        "__getstate__", "__init__", "__new__", "__reduce__", "__reduce_ex__", "__setstate__",
    }
)  # fmt: skip
#: Of these the items are the content itself; of the others there is one item, the value.
_COLLECTIONS: Final = (tuple, frozenset)


def _fields_of(items: tuple[Any, ...], others: dict[str, Any]) -> list[Any]:
    return [*items, *others.values()]


def origin_of(cls: type) -> Origin | None:
    """Return the builtin type that a class derives its content from, if any."""
    if issubclass(cls, tuple) and isinstance(vars(cls).get("n_sequence_fields"), int):
        return _RECORD
    return next((origin for origin in ORIGINS if issubclass(cls, origin.kind)), None)


def is_bare(cls: type) -> bool:
    """Whether the items are all that instances of a container's subclass have.

    So it is where its classes make nothing else: no slots, no metaclass, no way of their own to
    make or copy an instance.
    """
    origin = origin_of(cls)
    if origin is None or type(cls) is not type or issubclass(cls, defaultdict):
        return False
    plain = _BARE.get(origin.kind)
    if plain is None or cls.__basicsize__ > plain.__basicsize__ or slots_of(cls):
        return False
    owners = [owner for owner in cls.__mro__ if owner not in {*_BARE, object}]
    return all(_OWN_WAYS.isdisjoint(vars(owner)) for owner in owners)


def shape_of_derived(cls: type, origin: Origin) -> Shape:
    """Return where the state beside the content lives."""
    make: Any = cls.__new__ if origin is _RECORD else origin.kind.__new__
    return Shape(
        cls,
        (),
        {
            name: slot
            for name, slot in slots_of(cls).items()
            if slot.__objclass__ is not defaultdict and origin is not _RECORD
        },
        getattr(cls, "__dictoffset__", 0) != 0,
        lambda *content: make(cls, *content),
    )


def derived_writer(shape: Shape, origin: Origin, entry: str) -> Writer:
    """Return the writer of such a class."""
    is_mapping = origin.is_mapping

    def write(value: Any, w: Writing, left: int) -> Any:
        if id(value) in w.memo:
            return w.again(value)
        number = len(w.memo)
        w.memo[id(value)] = number if origin.fill else -1 - number
        inner = w.descend(value, left)
        at = w.name(entry)
        if origin.kind is frozenset:
            w.shared |= HAS_FROZENSETS
        elif is_mapping and is_filled(value):
            note_filled()
        settings = [w.value(x, inner) for x in settings_of(value)]
        if not all(may_be_called(x, w.table) for x in settings_of(value)):
            raise Refused(value, "its factory is a class of a library")
        content = origin.content(value)
        items = flat(content, w, inner) if is_mapping else [w.value(x, inner) for x in content]
        w.memo[id(value)] = number
        names = []
        state = []
        for name, item in shape.state(value):
            if type(name) is not str:
                raise Refused(value, f"its __dict__ has a key that is not text: {name!r}")
            names.append(w.value(name, inner))
            state.append(w.value(item, inner))
        return [DERIVED, at, settings, items, names, state]

    return write


def settings_of(value: Any) -> list[Any]:
    """Return what a collection was made with beside its items."""
    if isinstance(value, defaultdict):
        return [value.default_factory]
    if isinstance(value, deque):
        return [value.maxlen]
    return []


def configure(value: Any, settings: list[Any]) -> None:
    """Put back what ``settings_of`` returned."""
    if isinstance(value, defaultdict):
        (factory,) = settings
        if factory is not None and not callable(factory):
            raise TypeError("a defaultdict's factory is not callable")
        value.default_factory = factory
    elif isinstance(value, deque):
        deque.__init__(value, (), *settings)


def derived_reader(shape: Shape, origin: Origin) -> Reader:
    """Return the reader of such a class."""

    def read_instance(node: list[Any], r: Reading, left: int) -> Any:
        _, _, settings, items, names, state = node
        inner = enter(left)
        if origin.fill:
            value = shape.blank()
            if r.refs is not None:
                r.refs.append(value)
            made = [read(x, r, inner) for x in settings]
            if not all(may_be_called(x, r.table) for x in made):
                raise TypeError("a factory is no class of this seam")
            configure(value, made)
            _fill(origin, value, _content(origin, items, r, inner), r)
        else:
            number = r.reserve()
            content = _content(origin, items, r, inner)
            value = r.complete(number, _make(shape, origin, content, r))
        for name, item in zip(names, state, strict=True):
            shape.put(value, read(name, r, inner), read(item, r, inner))
        return value

    return read_instance


def _content(origin: Origin, items: list[Any], r: Reading, left: int) -> list[Any]:
    return pairs(items, r, left) if origin.is_mapping else [read(x, r, left) for x in items]


def _fill(origin: Origin, value: Any, content: list[Any], r: Reading) -> None:
    """Fill a mutable instance, last where its members may still be incomplete."""
    fill = origin.fill
    if fill is None:
        return
    if r.refs is not None and origin.kind in {dict, OrderedDict, set}:
        r.late.append(lambda: fill(value, content))
    else:
        fill(value, content)


def _make(shape: Shape, origin: Origin, content: list[Any], r: Reading) -> Any:
    """Make an immutable instance of its content."""
    if origin.kind not in _COLLECTIONS:
        (single,) = content
        if type(single) is not origin.kind:
            raise TypeError(f"the content of {shape.cls.__qualname__} is something else")
        return shape.blank(single)
    value = shape.blank(content)
    if origin.kind is frozenset and r.refs is not None:
        r.late.append(lambda: check_members(value))
    return value


def read_derived(node: list[Any], r: Reading, left: int) -> Any:
    """Read an instance of a subclass of a builtin type."""
    return r.layout(node[1]).loose(node, r, left)


READERS[DERIVED] = read_derived
