"""Compiled writers and readers of classes whose instances cross by value.

An object is its state: the declared fields, other slots, and whatever else its ``__dict__``
holds. It is rebuilt by setting that state; ``__init__``, ``__post_init__`` and
``__setstate__`` never run. One writer and one reader are generated per class, because a
loop over the fields costs three times as much.
"""

import dataclasses
import functools
from collections.abc import Callable, Iterator
from types import MemberDescriptorType
from typing import Any, Final

import msgspec

from seamline.wire.defaults import default_of
from seamline.wire.marks import (
    LOOSE,
    NAMED_TUPLE,
    NATIVE,
    OBJECT,
    READERS,
    Reader,
    Reading,
    Refused,
    Writer,
    Writing,
    enter,
    read,
)

#: attrs keeps a computed hash beside the fields; it is recomputed where it arrives.
CACHED_HASH: Final = "_attrs_cached_hash"


@dataclasses.dataclass(frozen=True, slots=True)
class Shape:
    """Where the state of a class's instances lives.

    Attributes:
        in_dict: Declared fields expected in ``__dict__``, in their order.
        slots: Names of slots and their descriptors, declared fields first.
        has_dict: Whether instances have a ``__dict__``.
        late_defaults: Fields that stand in the class until an instance sets its own.
    """

    cls: type
    in_dict: tuple[str, ...]
    slots: dict[str, Any]
    has_dict: bool
    blank: Callable[..., Any]

    @property
    def fields(self) -> tuple[str, ...]:
        """All names of the compact form, in the order in which they travel."""
        return (*self.in_dict, *self.slots)

    def put(self, value: Any, name: str, item: Any) -> None:
        """Set one piece of state, without the class's own ``__setattr__``."""
        slot = self.slots.get(name)
        if slot is not None:
            slot.__set__(value, item)
        elif self.has_dict:
            value.__dict__[name] = item
        else:
            raise TypeError(f"{self.cls.__qualname__} has no attribute {name!r}")

    def state(self, value: Any) -> Iterator[tuple[str, Any]]:
        """Yield all state that is set."""
        if self.has_dict:
            for name, item in value.__dict__.items():
                if name != CACHED_HASH:
                    yield name, item
        for name, slot in self.slots.items():
            try:
                yield name, slot.__get__(value)
            except AttributeError:
                continue  # a slot that was never set stays unset


@dataclasses.dataclass(frozen=True, slots=True)
class Layout:
    """How the objects that one name entry describes are read."""

    cls: type
    read: Reader
    loose: Reader


def slots_of(cls: type) -> dict[str, Any]:
    """Return the slots of a class and its bases by name, base classes first."""
    return {
        name: found
        for owner in reversed(cls.__mro__)
        for name, found in vars(owner).items()
        if type(found) is MemberDescriptorType and name != CACHED_HASH
    }


def declared_fields(cls: type) -> tuple[str, ...] | None:
    """Return the fields a class declares, or None for a class that is not a record."""
    if dataclasses.is_dataclass(cls):
        return tuple(
            field.name
            for field in dataclasses.fields(cls)
            if field.init or field.default is dataclasses.MISSING
        )
    attrs = cls.__dict__.get("__attrs_attrs__")
    if attrs is not None:
        return tuple(field.name for field in attrs)
    if hasattr(cls, "__pydantic_fields_set__") and hasattr(cls, "__pydantic_validator__"):
        return tuple(cls.__pydantic_fields__)  # type: ignore[attr-defined]
    if issubclass(cls, msgspec.Struct):
        return cls.__struct_fields__
    if hasattr(cls, "__attrs_attrs__"):
        # A plain subclass of an attrs class: its own attributes are in ``__dict__``.
        return tuple(field.name for field in cls.__attrs_attrs__)
    return None


def shape_of(cls: type, fields: tuple[str, ...]) -> Shape:
    """Return where the state of a record class lives.

    Raises:
        TypeError: Instances cannot be made without ``__init__``.
    """
    slots = slots_of(cls)
    named = {name: slots[name] for name in fields if name in slots}
    blank: Callable[[], Any] = functools.partial(object.__new__, cls)
    if issubclass(cls, msgspec.Struct):
        blank = _blank_struct(cls)
    blank()  # fails now rather than where the first instance arrives
    return Shape(
        cls,
        tuple(name for name in fields if name not in slots),
        named | {name: slot for name, slot in slots.items() if name not in named},
        cls.__dictoffset__ != 0,
        blank,
    )


def _blank_struct(cls: type[msgspec.Struct]) -> Callable[[], Any]:
    """Return a maker of empty Structs, which only their constructor can allocate.

    A subclass with an inert ``__post_init__`` makes one; its class is set back, and copies
    of it are the empty instances.
    """
    quiet = msgspec.defstruct(
        cls.__name__, [], bases=(cls,), namespace={"__post_init__": lambda _self: None}
    )
    # A container in it makes the garbage collector follow the copies.
    prototype = quiet(**{name: [] for name in cls.__struct_fields__})
    vars(object)["__class__"].__set__(prototype, cls)
    return prototype.__copy__  # type: ignore[attr-defined,no-any-return]


_WRITE: Final = """
def write(v, w, left):
    memo = w.memo
    key = id(v)
    if key in memo:
        return w.again(v)
    try:
{load}
    except (AttributeError, KeyError):
        return write_loosely(v, w, left)
    memo[key] = len(memo)
    if left < 1:
        w.descend(v, left)
    left -= 1
    index = w.index
    at = index.get(ENTRY)
    if at is None:
        at = index[ENTRY] = len(index)
    native = w.native
    writers = w.writers
    return [{tag}, at, {items}]
"""
_READ: Final = """
def read_object(n, r, left):
    _, _, {names} = n
    if left < 1:
        enter(left)
    left -= 1
    o = blank()
    refs = r.refs
    if refs is not None:
        refs.append(o)
{store}
    return o
"""


def compile_writer(shape: Shape, entry: str, loosely: Writer) -> Writer:
    """Generate the writer of a record class."""
    load = []
    space: dict[str, Any] = {"ENTRY": entry, "write_loosely": loosely}
    if shape.has_dict:
        load.append("d = v.__dict__")
        load.append(f"if len(d) != {len(shape.in_dict)}: raise KeyError")
    for number, name in enumerate(shape.fields):
        if name not in shape.slots:
            load.append(f"f{number} = d[{name!r}]")
        elif _is_plain(shape.cls, name, shape.slots[name]):
            load.append(f"f{number} = v.{name}")
        else:
            space[f"get{number}"] = shape.slots[name].__get__
            load.append(f"f{number} = get{number}(v)")
    count = range(len(shape.fields))
    source = _WRITE.format(
        load="\n".join(" " * 8 + line for line in load or ["pass"]),
        tag=OBJECT,
        items=", ".join(
            f"f{n} if type(f{n}) in native else writers[type(f{n})](f{n}, w, left)" for n in count
        ),
    )
    writer: Writer = _generate(source, "write", space)
    return writer


def compile_reader(shape: Shape) -> Reader:
    """Generate the reader of a record class whose fields are those of the writer."""
    store = []
    space: dict[str, Any] = {
        "NATIVE": NATIVE,
        "READERS": READERS,
        "read": read,
        "enter": enter,
        "blank": shape.blank,
    }
    if shape.in_dict:
        store.append("d = o.__dict__")
    settable = vars_of(shape.cls, "__setattr__") is vars(object)["__setattr__"]
    for number, name in enumerate(shape.fields):
        f = f"f{number}"
        # One call less than ``read`` for what is most often not a native.
        item = (
            f"{f} if type({f}) in NATIVE else READERS[{f}[0]]({f}, r, left) "
            f"if type({f}) is list else read({f}, r, left)"
        )
        if name not in shape.slots:
            store.append(f"d[{name!r}] = {item}")
        elif settable and _is_plain(shape.cls, name, shape.slots[name]):
            store.append(f"o.{name} = {item}")
        else:
            space[f"set{number}"] = shape.slots[name].__set__
            store.append(f"set{number}(o, {item})")
    if _caches_hash(shape.cls):
        store.append(f"object.__setattr__(o, {CACHED_HASH!r}, None)")
    source = _READ.format(
        names="".join(f"f{n}, " for n in range(len(shape.fields))),
        store="\n".join(" " * 4 + line for line in store),
    ).replace("_, _,  = n", "_, _ = n")
    reader: Reader = _generate(source, "read_object", space)
    return reader


def _caches_hash(cls: type) -> bool:
    return (
        hasattr(cls, "__attrs_attrs__")
        and CACHED_HASH in getattr(cls.__hash__, "__code__", _caches_hash.__code__).co_names
    )


def _generate(source: str, name: str, space: dict[str, Any]) -> Any:
    # Only names of fields, checked to be identifiers or quoted, are put into the source.
    exec(compile(source, "<seamline codec>", "exec"), space)  # noqa: S102
    return space[name]


def _is_plain(cls: type, name: str, slot: Any) -> bool:
    """Whether attribute access by name reaches exactly this slot."""
    if (
        not name.isidentifier()
        or vars_of(cls, "__getattribute__") is not vars(object)["__getattribute__"]
    ):
        return False
    return vars_of(cls, name) is slot


def vars_of(cls: type, name: str) -> Any:
    """Return a class attribute as it stands in the class, without binding it."""
    return next(vars(owner)[name] for owner in cls.__mro__ if name in vars(owner))


def loose_writer(shape: Shape, entry: str) -> Writer:
    """Return the writer for instances that have other state than their fields."""

    def write_loosely(value: Any, w: Writing, left: int) -> Any:
        w.track(value)
        inner = w.descend(value, left)
        at = w.name(entry)
        names = []
        items = []
        for name, item in shape.state(value):
            if type(name) is not str:
                raise Refused(value, f"its __dict__ has a key that is not text: {name!r}")
            names.append(w.value(name, inner))
            items.append(w.value(item, inner))
        return [LOOSE, at, names, items]

    return write_loosely


def loose_reader(shape: Shape) -> Reader:
    """Return the reader for what a loose writer wrote."""

    def read_loosely(node: list[Any], r: Reading, left: int) -> Any:
        _, _, names, items = node
        inner = enter(left)
        value = shape.blank()
        if r.refs is not None:
            r.refs.append(value)
        for name, item in zip(names, items, strict=True):
            shape.put(value, read(name, r, inner), read(item, r, inner))
        if _caches_hash(shape.cls):
            object.__setattr__(value, CACHED_HASH, None)
        return value

    return read_loosely


def foreign_reader(shape: Shape, fields: tuple[str, ...]) -> Reader:
    """Return the reader of another version's objects: by name, with defaults.

    Fields this version does not know are left out; fields the other version did not send
    take their defaults.
    """
    known = {*shape.fields, *getattr(shape.cls, "__dataclass_fields__", ())}

    def read_foreign(node: list[Any], r: Reading, left: int) -> Any:
        inner = enter(left)
        value = shape.blank()
        if r.refs is not None:
            r.refs.append(value)
        for name, item in zip(fields, node[2:], strict=True):
            found = read(item, r, inner)
            if name in known:
                shape.put(value, name, found)
        for name in shape.fields:
            if name not in fields:
                shape.put(value, name, default_of(shape.cls, name))
        return value

    return read_foreign


def named_tuple_writer(entry: str, count: int) -> Writer:
    """Return the writer of a named tuple without attributes of its own."""

    def write(value: Any, w: Writing, left: int) -> Any:
        memo = w.memo
        key = id(value)
        if key in memo:
            return w.again(value)
        if len(value) != count:
            raise Refused(value, "it has another length than its fields")
        number = len(memo)
        memo[key] = -1 - number
        inner = w.descend(value, left)
        at = w.name(entry)
        node = [NAMED_TUPLE, at, *[w.value(x, inner) for x in tuple.__iter__(value)]]
        memo[key] = number
        return node

    return write


def named_tuple_reader(cls: Any, fields: tuple[str, ...]) -> Reader:
    """Return the reader of a named tuple; by name when the sender has other fields."""
    own = cls._fields

    def read_items(node: list[Any], r: Reading, left: int) -> Any:
        inner = enter(left)
        number = r.reserve()
        items = [read(x, r, inner) for x in node[2:]]
        if len(items) != len(fields):
            raise ValueError(f"{cls.__qualname__} has {len(items)} of {len(fields)} fields")
        if fields != own:
            given = dict(zip(fields, items, strict=True)) | {}
            items = [given[f] if f in given else cls._field_defaults[f] for f in own]
        return r.complete(number, tuple.__new__(cls, items))

    return read_items


def read_object(node: list[Any], r: Reading, left: int) -> Any:
    """Read an object in the compact form."""
    found = r.known.get(r.names[node[1]])
    if found is None:
        found = r.layout(node[1])
    return found.read(node, r, left)


def read_loose(node: list[Any], r: Reading, left: int) -> Any:
    """Read an object in the loose form."""
    return r.layout(node[1]).loose(node, r, left)


READERS.update({OBJECT: read_object, LOOSE: read_loose, NAMED_TUPLE: read_object})
