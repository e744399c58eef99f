"""Classes whose instances cross by value: where their state lives, and the slower forms.

An object is its state: the declared fields, other slots, and whatever else its ``__dict__``
holds. It is rebuilt by setting that state; ``__init__``, ``__post_init__`` and
``__setstate__`` never run. The compact form is compiled per class, see ``compiled``; here is
what it is compiled from, and the forms for the less usual.
"""

import dataclasses
import functools
from collections.abc import Callable, Iterator, Sequence
from types import MemberDescriptorType
from typing import Any, Final

import msgspec

from seamline.wire.defaults import default_of, model_fields
from seamline.wire.marks import (
    LOOSE,
    NAMED_TUPLE,
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
        blank: Makes an instance without state.
        allocate: The same, given the class; a call less where ``object`` makes them.
    """

    cls: type
    in_dict: tuple[str, ...]
    slots: dict[str, Any]
    has_dict: bool
    blank: Callable[..., Any]
    allocate: Callable[[type], Any] | None = None

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


def declared_fields(cls: type) -> tuple[str, ...] | None:  # noqa: PLR0911 - a table
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
    if (models := model_fields(cls)) is not None:
        return tuple(models)
    if hasattr(cls, "__fields_set__") and hasattr(cls, "__validators__"):
        return tuple(cls.__fields__)  # type: ignore[attr-defined]  # pydantic 1
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
    allocate: Callable[[type], Any] | None = object.__new__
    if issubclass(cls, msgspec.Struct):
        blank, allocate = _blank_struct(cls), None
    blank()  # fails now rather than where the first instance arrives
    return Shape(
        cls,
        tuple(name for name in fields if name not in slots),
        named | {name: slot for name, slot in slots.items() if name not in named},
        cls.__dictoffset__ != 0,
        blank,
        allocate,
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


def caches_hash(cls: type) -> bool:
    """Whether instances of an attrs class keep their hash once it was asked for."""
    return (
        hasattr(cls, "__attrs_attrs__")
        and CACHED_HASH in getattr(cls.__hash__, "__code__", caches_hash.__code__).co_names
    )


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
        if caches_hash(shape.cls):
            object.__setattr__(value, CACHED_HASH, None)
        return value

    return read_loosely


def foreign_reader(shape: Shape, fields: tuple[str, ...], readers: Sequence[Reader]) -> Reader:
    """Return the reader of another version's objects: by name, with defaults.

    ``readers`` are those of the fields, in their order.

    Fields this version does not know are left out; fields the other version did not send
    take their defaults.
    """
    known = {*shape.fields, *getattr(shape.cls, "__dataclass_fields__", ())}

    def read_foreign(node: list[Any], r: Reading, left: int) -> Any:
        inner = enter(left)
        value = shape.blank()
        if r.refs is not None:
            r.refs.append(value)
        for name, read_item, item in zip(fields, readers, node[2:], strict=True):
            found = read_item(item, r, inner)
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
