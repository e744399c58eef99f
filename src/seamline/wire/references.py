"""What crosses by reference: classes, functions, singletons and members of enums."""

import enum
import types
import typing
from typing import Any

from seamline.errors import NotSendable
from seamline.wire.classes import slots_of
from seamline.wire.marks import (
    ALIAS,
    CLASS,
    FLAGS,
    FUNCTION,
    LIBRARY_CLASS,
    MEMBER,
    OWN_CLASS,
    READERS,
    SINGLETON,
    WRITERS,
    Reader,
    Reading,
    Refused,
    Writer,
    Writing,
    enter,
    may_be_called,
    read,
)
from seamline.wire.types import HEAP_TYPE, TypeTable


def write_class(value: type, w: Writing, _left: int) -> Any:
    """Write a class by its name."""
    name = w.table.name_of(value) or w.table.exception_name(value)
    if name is not None:
        # Numbered where changes are looked for, so that what is set on it is: ``ClassForm``.
        if not w.is_tracked or not w.table.is_own(value):
            return [CLASS, w.name(name)]
        if id(value) in w.memo:
            return w.again(value)
        w.track(value)
        return [OWN_CLASS, w.name(name)]
    name = w.table.library_name(value)
    if name is None:
        raise Refused(value)
    if id(value) in w.memo:
        return w.again(value)
    w.track(value)  # what a function sets on it would be lost: see ``states.ClassForm``
    return [LIBRARY_CLASS, w.name(name)]


def read_class(node: list[Any], r: Reading, _left: int) -> type:
    """Return the class of a name."""
    name = r.name(node[1])
    r.table.load(name)
    found: type | None = r.table.resolve(name) or r.table.exception(name)
    if found is None:
        raise TypeError(f"class {name} may not cross this seam")
    return found


def read_own_class(node: list[Any], r: Reading, left: int) -> type:
    """Return the class of a name, which has a number."""
    found = read_class(node, r, left)
    if r.refs is not None:
        r.refs.append(found)
    return found


def read_library_class(node: list[Any], r: Reading, _left: int) -> type:
    """Return the class of a library; nothing is imported for it.

    Raises:
        NotSendable: This process has not loaded its module.
    """
    name = r.name(node[1])
    found: type | None = r.table.library_class(name)
    if found is None and r.table.is_missing(name):
        raise NotSendable(
            f"the class {name.replace(':', '.')} arrived in a process that has not loaded its "
            "module; import it in the package that takes it, or send plain values"
        )
    if found is None:
        raise TypeError(f"class {name} may not cross this seam")
    if r.refs is not None:
        r.refs.append(found)
    return found


def write_alias(value: Any, w: Writing, left: int) -> Any:
    """Write a subscripted generic, which instances of generic classes may hold."""
    inner = w.descend(value, left)
    # Subscripting runs what the origin makes of its arguments.
    if not all(may_be_called(x, w.table) for x in (value.__origin__, *value.__args__)):
        raise Refused(value)
    return [ALIAS, w.value(value.__origin__, inner), [w.value(x, inner) for x in value.__args__]]


def read_alias(node: list[Any], r: Reading, left: int) -> Any:
    """Read a subscripted generic."""
    _, origin, args = node
    inner = enter(left)
    found: Any = read(origin, r, inner)
    if not isinstance(found, type) or not may_be_called(found, r.table):
        raise TypeError("a generic is no class of this seam")
    made = tuple([read(x, r, inner) for x in args])
    if not all(may_be_called(x, r.table) for x in made):
        raise TypeError("a generic is no class of this seam")
    return found[made]  # type: ignore[index]


def write_function(value: Any, w: Writing, _left: int) -> Any:
    """Write a module-level function of the application by its name."""
    name = f"{value.__module__}:{value.__qualname__}"
    if w.table.function(name) is not value:
        raise Refused(value)
    return [FUNCTION, w.name(name)]


def read_function(node: list[Any], r: Reading, _left: int) -> Any:
    """Return the function of a name."""
    name = r.name(node[1])
    found = r.table.function(name)
    if found is None:
        raise TypeError(f"function {name} may not cross this seam")
    return found


def write_singleton(value: object, w: Writing, _left: int) -> Any:
    """Write a stateless object by the module attribute that holds it."""
    name = singleton_name(value, w.table)
    if name is None:
        raise Refused(value)
    return [SINGLETON, w.name(name)]


def singleton_first(otherwise: Writer) -> Writer:
    """Return a writer that prefers identity: for records without fields."""

    def write(value: object, w: Writing, left: int) -> Any:
        name = singleton_name(value, w.table)
        return otherwise(value, w, left) if name is None else [SINGLETON, w.name(name)]

    return write


def singleton_name(value: object, table: TypeTable) -> str | None:
    """Return the module attribute that holds a stateless object, or None.

    Of several, one beside its class: others import it from there, as a rule.
    """
    if not is_stateless(value, table):
        return None
    home = f"{type(value).__module__}:"
    names = (name for name, found in table.attributes() if found is value)
    return min(names, key=lambda name: not name.startswith(home), default=None)


def read_singleton(node: list[Any], r: Reading, _left: int) -> Any:
    """Return the stateless object of a name; never anything that has state."""
    name = r.name(node[1])
    r.table.load(name)
    found = r.table.attribute(name)
    if found is None or not is_stateless(found, r.table):
        raise TypeError(f"{name} is not a stateless object of the application")
    return found


def is_stateless(value: object, table: TypeTable) -> bool:
    """Whether identity is all that an object is: an ``object()`` or an empty instance."""
    cls = type(value)
    if cls is object:
        return True
    if table.name_of(cls) is None or issubclass(cls, type | enum.Enum | BaseException):
        return False
    # A builtin in between would bring state of its own; object has no other instances.
    if any(not owner.__flags__ & HEAP_TYPE for owner in cls.__mro__[:-1]):
        return False
    if getattr(value, "__dict__", None):
        return False
    return not any(_is_set(slot, value) for slot in slots_of(cls).values())


def _is_set(slot: Any, value: object) -> bool:
    try:
        slot.__get__(value)
    except AttributeError:
        return False
    return True


def member_writer(cls: Any, entry: str) -> Writer:
    """Return the writer of an enum: by member name; combined flags by value."""
    members = cls._member_map_

    def write(value: Any, w: Writing, left: int) -> Any:
        name = value._name_
        if name is not None and members.get(name) is value:
            return [MEMBER, w.name(entry), name]
        if isinstance(value, enum.Flag):
            return [FLAGS, w.name(entry), w.value(value._value_, left)]
        raise Refused(value, "it is not a member of its own enum")

    return write


def member_reader(cls: Any) -> Reader:
    """Return the reader of an enum member by name."""
    members = cls._member_map_

    def read_member(node: list[Any], _r: Reading, _left: int) -> Any:
        _, _, name = node
        return members[name]

    return read_member


def flags_reader(cls: Any) -> Reader:
    """Return the reader of combined flags by value."""

    def read_flags(node: list[Any], r: Reading, left: int) -> Any:
        _, _, value = node
        found = read(value, r, left)
        if not issubclass(cls, enum.Flag) or type(found) is not int:
            raise TypeError(f"{cls.__qualname__} has no combined values")
        return cls(found)

    return read_flags


def read_member(node: list[Any], r: Reading, left: int) -> Any:
    """Read an enum member."""
    return r.layout(node[1]).read(node, r, left)


def read_flags(node: list[Any], r: Reading, left: int) -> Any:
    """Read combined flags."""
    return r.layout(node[1]).loose(node, r, left)


READERS.update(
    {
        ALIAS: read_alias,
        CLASS: read_class,
        LIBRARY_CLASS: read_library_class,
        OWN_CLASS: read_own_class,
        FUNCTION: read_function,
        SINGLETON: read_singleton,
        MEMBER: read_member,
        FLAGS: read_flags,
    }
)
WRITERS[types.GenericAlias] = write_alias
WRITERS[type(typing.Generic[typing.TypeVar("T")])] = write_alias  # type: ignore[index]
