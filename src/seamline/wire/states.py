"""The state of one object, one level deep: taken, compared with an earlier one, put back.

A state is four tuples: what the object holds by its builtin type, the settings of that,
and the names and values of its attributes. None of the application's code runs, except a
key's own ``__hash__`` and ``__eq__`` where a dict or a set is put back.
"""

import dataclasses
import operator
import sys
from array import array
from collections import OrderedDict, defaultdict, deque
from collections.abc import Callable, Iterable, Sequence
from itertools import chain
from typing import Any, Final, TypeAlias

from seamline.wire import buffers, classes, derived, exceptions
from seamline.wire.classes import CACHED_HASH, Shape
from seamline.wire.marks import Refused

#: content, settings, names of attributes, their values
State: TypeAlias = tuple[tuple[Any, ...], tuple[Any, ...], tuple[str, ...], tuple[Any, ...]]

#: Immutable types whose equal values cannot be told apart but by ``is``.
_PLAIN: Final = frozenset({int, str, bytes})


class Unrestorable(Exception):  # noqa: N818 - internal; becomes MutatedArgument
    """An object changed in a way that cannot be repeated on another one."""


@dataclasses.dataclass(frozen=True, slots=True)
class Content:
    """What instances of one builtin type hold.

    Attributes:
        take: Returns the items.
        put: Makes these the items, in place.
        is_hashed: Whether putting looks at hashes, which are final only when everything
            that may be a key has its own state.
        is_mapping: Whether the items are keys and values in turn.
    """

    kind: type
    take: Callable[[Any], Iterable[Any]]
    put: Callable[[Any, tuple[Any, ...]], object]
    is_hashed: bool = False
    is_mapping: bool = False


def _put_list(value: list[Any], items: tuple[Any, ...]) -> None:
    list.__setitem__(value, slice(None), items)


def _put_deque(value: deque[Any], items: tuple[Any, ...]) -> None:
    deque.clear(value)
    deque.extend(value, items)


def _put_set(value: set[Any], items: tuple[Any, ...]) -> None:
    found = set(items)
    set.clear(value)
    set.update(value, found)


def _pairs(items: tuple[Any, ...]) -> dict[Any, Any]:
    return dict(zip(items[::2], items[1::2], strict=True))


def _put_dict(value: dict[Any, Any], items: tuple[Any, ...]) -> None:
    found = _pairs(items)
    dict.clear(value)
    dict.update(value, found)


def _put_ordered(value: OrderedDict[Any, Any], items: tuple[Any, ...]) -> None:
    found = _pairs(items)
    OrderedDict.clear(value)
    for key, item in found.items():
        OrderedDict.__setitem__(value, key, item)


def _put_bytes(value: bytearray, items: tuple[Any, ...]) -> None:
    bytearray.__setitem__(value, slice(None), *items)


def _put_array(value: "array[Any]", items: tuple[Any, ...]) -> None:
    value[:] = array(value.typecode, *items)


def _put_view(value: memoryview, items: tuple[Any, ...]) -> None:
    value.cast("B")[:] = items[0]


def _put_ndarray(value: Any, items: tuple[Any, ...]) -> None:
    numpy: Any = sys.modules["numpy"]
    value[...] = numpy.ndarray(value.shape, value.dtype, items[0])


def _flat(content: Callable[[Any], Iterable[tuple[Any, Any]]]) -> Callable[[Any], Iterable[Any]]:
    return lambda value: chain.from_iterable(content(value))


#: The more specific first.
_CONTENTS: Final = (
    Content(OrderedDict, _flat(OrderedDict.items), _put_ordered, True, True),
    Content(dict, _flat(dict.items), _put_dict, True, True),
    Content(list, list.__iter__, _put_list),
    Content(deque, deque.__iter__, _put_deque),
    Content(set, set.__iter__, _put_set, True),
    Content(bytearray, lambda v: (bytes(memoryview(v)),), _put_bytes),
    Content(array, lambda v: (v.tobytes(),), _put_array),
    Content(memoryview, lambda v: (v.tobytes(),), _put_view),
)
#: Those that have no settings.
_UNSET_KINDS: Final = frozenset({list, dict, OrderedDict, set, bytearray})
_BUFFERS: Final = (bytearray, array, memoryview)


class Form:
    """How the state of one class's instances is taken and put back.

    Attributes:
        cls: The class.
        content: What its instances hold by their builtin type, or None.
        shape: Where their attributes live, or None when they have none.
    """

    __slots__ = ("_has_settings", "_is_simple", "cls", "content", "shape")

    def __init__(self, cls: type, content: Content | None, shape: Shape | None) -> None:
        self.cls = cls
        self.content = content
        self.shape = shape
        self._has_settings = content is not None and (
            content.kind not in _UNSET_KINDS or issubclass(cls, defaultdict)
        )
        # Most records: all they have is in their ``__dict__``.
        self._is_simple = shape is not None and shape.has_dict and not shape.slots

    @property
    def is_hashed(self) -> bool:
        """Whether putting a state back looks at the hashes of what is in it."""
        return self.content is not None and self.content.is_hashed

    def take(self, value: Any) -> State:
        """Return the state of an instance.

        Raises:
            Unrestorable: It has become an instance of another class.
        """
        if type(value) is not self.cls:
            raise Unrestorable(f"it is a {type(value).__qualname__} now")
        content = () if self.content is None else tuple(self.content.take(value))
        settings = self._settings(value) if self._has_settings else ()
        if self.shape is None:
            return content, settings, (), ()
        if self._is_simple and CACHED_HASH not in (own := value.__dict__):
            return content, settings, tuple(own), tuple(own.values())
        names: list[str] = []
        values: list[Any] = []
        for name, item in self.attributes(value):
            names.append(name)
            values.append(item)
        return content, settings, tuple(names), tuple(values)

    def changed(self, value: Any) -> None:
        """Refuse an instance that cannot have changed, and has.

        Raises:
            Unrestorable: It is one of which each process has its own.
        """

    def attributes(self, value: Any) -> Iterable[tuple[str, Any]]:
        """Yield names and values of the attributes that are set."""
        return () if self.shape is None else self.shape.state(value)

    def check(self, value: Any, state: State) -> None:
        """Refuse a state that instances cannot have.

        Raises:
            TypeError: It is no state of this class.
        """
        content, settings, names, _ = state
        kind = None if self.content is None else self.content.kind
        fits = not content if kind is None else True
        if kind in _BUFFERS:
            fits = len(content) == 1 and type(content[0]) is bytes
        if self.content is not None and self.content.is_mapping and len(content) % 2:
            fits = False
        if issubclass(self.cls, defaultdict):
            fits = fits and len(settings) == 1
            fits = fits and (settings[0] is None or callable(settings[0]))
        elif settings != self._settings(value):
            raise Unrestorable("it has another form now")
        shape = self.shape
        for name in names:
            if type(name) is not str or shape is None or not self.has(name):
                fits = False
        if not fits:
            raise TypeError(f"this is no state of a {self.cls.__qualname__}")

    def has(self, name: str) -> bool:
        """Whether instances may have an attribute."""
        shape = self.shape
        return shape is not None and (shape.has_dict or name in shape.slots)

    def put(self, value: Any, state: State) -> None:
        """Give an instance this state, in place."""
        content, settings, names, values = state
        if self.content is not None:
            if issubclass(self.cls, defaultdict):
                value.default_factory = settings[0]
            if self.content.kind not in _BUFFERS or content != tuple(self.content.take(value)):
                self.content.put(value, content)
        if self.shape is not None:
            self.put_attributes(value, names, values)

    def put_attributes(self, value: Any, names: tuple[str, ...], values: tuple[Any, ...]) -> None:
        """Give an instance these attributes and no others."""
        shape = self.shape
        assert shape is not None
        wanted = dict(zip(names, values, strict=True))
        for name, slot in shape.slots.items():
            if name in wanted:
                item = wanted.pop(name)
                if _slot(slot, value) is not item:
                    slot.__set__(value, item)
            elif _slot(slot, value) is not _UNSET:
                slot.__delete__(value)
        if shape.has_dict:
            own = value.__dict__
            if CACHED_HASH in own:
                wanted[CACHED_HASH] = own[CACHED_HASH]
            own.clear()
            own.update(wanted)

    def _settings(self, value: Any) -> tuple[Any, ...]:
        if not self._has_settings or self.content is None:
            return ()
        kind = self.content.kind
        if kind is dict and issubclass(self.cls, defaultdict):
            return (value.default_factory,)
        if kind is deque:
            return (value.maxlen,)
        if kind is array:
            return (value.typecode,)
        if kind is memoryview:
            return (value.format, value.readonly, *(value.shape or ()))
        # numpy's array
        flags = value.flags
        return (buffers.describe(value.dtype), bool(flags.writeable), *value.shape)


class ClassForm(Form):
    """That of a class, which is one in each process.

    What a function sets on it cannot be set at the caller by value, and must not be lost. What
    begins with an underscore in a library is the library's own: caches, registers. So is that of a
    base class on a class of the application, and so are descriptors, as a mapper puts there.
    """

    __slots__ = ("_is_own",)

    def __init__(self, cls: type, is_own: Callable[[type], bool]) -> None:
        super().__init__(cls, None, None)
        self._is_own = is_own

    def take(self, value: Any) -> State:
        """Return the attributes of a class, and what containers among them hold."""
        if self._is_own(value):
            libraries = [base for base in value.__mro__ if not self._is_own(base)]
            own = {
                name: item
                for name, item in vars(value).items()
                if _is_set_by_code(name, item, libraries)
            }
        else:
            own = {name: item for name, item in vars(value).items() if not name.startswith("_")}
        return self._content(own), (), tuple(own), tuple(own.values())

    def _content(self, own: dict[str, Any]) -> tuple[Any, ...]:
        held: list[Any] = []
        for item in own.values():
            kind = type(item)
            content = next((one for one in _CONTENTS if one.kind is kind), None)
            if content is not None:
                taken = tuple(content.take(item))
                held += (len(taken), *taken)
        return tuple(held)

    def changed(self, value: Any) -> None:
        """Refuse any change.

        Raises:
            Unrestorable: Always.
        """
        raise Unrestorable(f"the class {value.__qualname__} is each process's own")

    def check(self, value: Any, _state: State) -> None:
        """Refuse any state, as :meth:`changed` does where it is honest."""
        self.changed(value)


def _is_set_by_code(name: str, item: Any, libraries: Sequence[type]) -> bool:
    """Whether an attribute of a class may be one that code of the application has set.

    A private name that a base class of a library has as well is the library's, which keeps there
    what it works out: WTForms a form's fields.
    """
    if name.startswith("__"):
        return False
    if name.startswith("_") and any(name in vars(base) for base in libraries):
        return False
    kind = type(item)
    return kind.__module__ == "builtins" or not hasattr(kind, "__get__")


class ErrorForm(Form):
    """An exception's: its arguments, its chain, and its attributes."""

    __slots__ = ("_native",)

    def __init__(self, cls: type) -> None:
        super().__init__(cls, None, classes.Shape(cls, (), {}, True, cls))
        self._is_simple = False
        self._native = exceptions.attributes_of(cls)

    def attributes(self, value: BaseException) -> Iterable[tuple[str, Any]]:
        """Yield the arguments, the chain, and what else is set."""
        yield from ((name, getattr(value, name)) for name in _LINKS)
        yield from exceptions.state_of(value, self._native)

    def put_attributes(
        self, value: BaseException, names: tuple[str, ...], values: tuple[Any, ...]
    ) -> None:
        """Give an exception these attributes and no others."""
        wanted = dict(zip(names, values, strict=True))
        for name in _LINKS:
            object.__setattr__(value, name, wanted.pop(name))
        for name, slot, is_slot in self._native:
            if name in wanted:
                slot.__set__(value, wanted.pop(name))
            elif is_slot:
                if _slot(slot, value) is not _UNSET:
                    slot.__delete__(value)
            elif _slot(slot, value) is not None:
                slot.__set__(value, None)
        own = vars(value)
        own.clear()
        own.update(wanted)


#: Setting a cause sets the last of them, too.
_LINKS: Final = ("args", "__context__", "__cause__", "__suppress_context__")
_UNSET: Final = object()


def _slot(slot: Any, value: Any) -> Any:
    try:
        return slot.__get__(value)
    except (AttributeError, TypeError):
        return _UNSET


def form_of(
    cls: type, record: Callable[[type], Shape | None], is_own: Callable[[type], bool]
) -> Form | None:
    """Return the form of a class, or None when its instances hold nothing that changes.

    Args:
        cls: The class of a tracked value.
        record: Returns where the fields of a record class live, None for another class.
        is_own: Whether a class is one of the application's.
    """
    if issubclass(cls, BaseException):
        return ErrorForm(cls)
    if issubclass(cls, type):
        return ClassForm(cls, is_own)
    numpy = sys.modules.get("numpy")
    if numpy is not None and cls is numpy.ndarray:
        return Form(cls, Content(cls, lambda v: (v.tobytes(),), _put_ndarray), None)
    content = next((found for found in _CONTENTS if issubclass(cls, found.kind)), None)
    origin = derived.origin_of(cls)
    shape = record(cls) if origin is None else derived.shape_of_derived(cls, origin)
    if shape is not None and not shape.has_dict and not shape.slots:
        shape = None
    return None if content is None and shape is None else Form(cls, content, shape)


def is_same(before: State, after: State) -> bool:
    """Whether two states of one object hold the very same things."""
    content, settings, names, values = after
    return (
        _are_same(before[3], values)
        and _are_same(before[0], content)
        and before[2] == names
        and _are_same(before[1], settings)
    )


def _are_same(before: tuple[Any, ...], after: tuple[Any, ...]) -> bool:
    if len(before) != len(after):
        return False
    if not before:
        return True
    if all(map(operator.is_, before, after)):
        return True
    return all(
        x is y or (type(x) is type(y) and type(x) in _PLAIN and x == y)
        for x, y in zip(before, after, strict=True)
    )


def refuse_names(value: object, names: tuple[Any, ...]) -> None:
    """Refuse attributes whose names are no text: they cannot be written.

    Raises:
        Refused: There is one.
    """
    for name in names:
        if type(name) is not str:
            raise Refused(value, f"its __dict__ has a key that is not text: {name!r}")
