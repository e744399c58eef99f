"""What both directions of the codec share: tags, the state of one message, the sentinel.

A message is ``[shares, names, body]`` in msgpack. ``body`` is a tree of msgpack natives in
which every array begins with one of the tags below and every map is an exact ``dict`` with
``str`` keys. ``names`` lists the classes, functions and singletons the body mentions by
index. ``shares`` says whether a ``REF`` occurs, so that a reader without one keeps no table.

An object that holds no containers is a message of its own, ``[name, 0, *fields]``.

Tracked values (mutable containers, objects, tuples that hold any) are numbered in the order
in which they are first met, on both sides alike: that number is what a ``REF`` carries.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any, ClassVar, Final

# Containers.
REF: Final = 0
LIST: Final = 1
TUPLE: Final = 2
PLAIN_TUPLE: Final = 3  # holds natives only: not tracked
SET: Final = 4
FROZENSET: Final = 5
DICT: Final = 6
DEFAULTDICT: Final = 7
DEQUE: Final = 8
CALL: Final = 9  # (a tuple of natives, (), {}): the arguments of most calls
# Objects.
OBJECT: Final = 16
LOOSE: Final = 17  # an object with attributes beside its fields, or without some of them
DERIVED: Final = 18  # an instance of a subclass of a builtin type
NAMED_TUPLE: Final = 19
MEMBER: Final = 20
FLAGS: Final = 21
EXCEPTION: Final = 22
REMOTE: Final = 23  # an exception whose class or attributes do not cross
# By reference.
CLASS: Final = 32
FUNCTION: Final = 33
SINGLETON: Final = 34
CONSTANT: Final = 35
ALIAS: Final = 36
ITERATED: Final = 37  # an iterator of the caller, which the host asks for items
CONTEXT: Final = 38  # an object that a web framework binds to the running request
LIBRARY_CLASS: Final = 39  # a class of an installed library
OWN_CLASS: Final = 40  # a class of the application, where what is set on it is watched
# Scalars of Python and its standard library.
BIGINT: Final = 48
STRING: Final = 49  # with lone surrogates
COMPLEX: Final = 50
DATETIME: Final = 51
DATETIME_ZONE: Final = 52
DATE: Final = 53
TIME: Final = 54
TIMEDELTA: Final = 55
TIMEZONE: Final = 56
ZONEINFO: Final = 57
DECIMAL: Final = 58
FRACTION: Final = 59
UUID_: Final = 60
PATH: Final = 61
RANGE: Final = 62
SLICE: Final = 63
ADDRESS: Final = 64
PATTERN: Final = 65
ZONE: Final = 66  # of dateutil, pytz or pydantic
URL: Final = 67  # of pydantic's core
# Buffers.
BYTEARRAY: Final = 80
MEMORYVIEW: Final = 81
ARRAY: Final = 82
NDARRAY: Final = 83
NUMPY_SCALAR: Final = 84
# Of web frameworks.
REQUEST: Final = 96

#: Bits of a message's ``shares``.
HAS_REFERENCES: Final = 1
HAS_FROZENSETS: Final = 2

#: Types that msgpack carries exactly as they are.
NATIVE: Final = frozenset({type(None), bool, int, float, str, bytes})
#: The same after msgpack refused an int beyond 64 bits or a str with lone surrogates.
CAREFUL: Final = frozenset({type(None), bool, float, bytes})
STRINGS: Final = frozenset({str})
#: What a reader takes as it is. A datetime is msgpack's timestamp: in UTC, without a fold.
LEAVES: Final = NATIVE | {datetime}


class Default:
    """The class of :data:`DEFAULT`."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "DEFAULT"


#: Stands for "the parameter's own default object"; always decoded as this very object.
DEFAULT: Final = Default()


class Refused(Exception):  # noqa: N818 - internal; becomes NotSendable
    """A value met while writing cannot cross.

    Attributes:
        value: The value itself, by which its path is found afterwards.
        why: A sentence that says more than its type does, or an empty string.
    """

    def __init__(self, value: object, why: str = "") -> None:
        super().__init__(value, why)
        self.value = value
        self.why = why


Writer = Callable[[Any, "Writing", int], Any]
Reader = Callable[[Any, "Reading", int], Any]


class Writing:
    """The state of one message while it is written.

    Each codec makes two subclasses that carry its own ``writers``, ``table`` and
    ``native``, so that an instance is three assignments.

    Attributes:
        memo: id -> number of a tracked value; -1 - number while an immutable one is still
            open. The message's root keeps the values alive: temporaries are tracked only
            where ``keep`` was given them.
        index: Names the message mentions, and their numbers.
        shared: HAS_REFERENCES and HAS_FROZENSETS, as they were written.
        is_tracked: Whether every object gets a number, as its changes are looked for.
    """

    __slots__ = ("_alive", "index", "memo", "shared")

    writers: ClassVar[dict[type, "Writer"]]
    table: ClassVar[Any]  # a TypeTable, which builds on this module
    is_tracked: ClassVar[bool] = False
    native: ClassVar[frozenset[type]] = NATIVE
    memo: dict[int, int]
    index: dict[str, int]
    shared: int

    # No __init__: the codec sets the three itself, which takes half the time.

    def value(self, value: Any, left: int) -> Any:
        """Return the node for any value; ``left`` levels may still be entered."""
        kind = type(value)
        return value if kind in self.native else self.writers[kind](value, self, left)

    def track(self, value: object) -> None:
        """Give a value its number, before its children get theirs."""
        self.memo[id(value)] = len(self.memo)

    def keep(self, value: object) -> None:
        """Keep a temporary value alive as long as this message is written."""
        try:
            self._alive.append(value)
        except AttributeError:
            self._alive: list[object] = [value]

    def again(self, value: object) -> list[int]:
        """Return a reference to a value that was met before."""
        number = self.memo[id(value)]
        if number < 0:
            raise Refused(
                value, "it contains itself, which an immutable value cannot be rebuilt with"
            )
        self.shared |= HAS_REFERENCES
        return [REF, number]

    def name(self, entry: str) -> int:
        """Return the index of a name in this message's list."""
        return self.index.setdefault(entry, len(self.index))

    def descend(self, value: object, left: int) -> int:
        """Return the levels left inside a container, or refuse it."""
        if left < 1:
            raise Refused(value, "values nest too deeply here")
        return left - 1


#: Holds the place of an immutable value until its children are there.
PENDING: Final = object()


class Reading:
    """The state of one message while it is read.

    Attributes:
        names: The classes, functions and singletons the message mentions.
        refs: The tracked values so far, or ``None`` when the message has no references.
        late: Hashed containers of a message with references: filled last, when every
            key is complete and so has its final hash. Set only beside ``refs``.
        known: Layouts by name that the codec has met before.
    """

    __slots__ = ("late", "names", "refs")

    find: ClassVar[Any]
    known: ClassVar[dict[str, Any]]
    table: ClassVar[Any]  # a TypeTable, which builds on this module
    names: list[Any]
    refs: list[Any] | None
    late: list[Callable[[], None]]

    def layout(self, at: int) -> Any:
        """Return the layout of the objects that name number ``at`` describes."""
        return self.known.get(self.names[at]) or self.find(self.name(at))

    def name(self, at: int) -> str:
        """Return name number ``at``."""
        name = self.names[at]
        if type(name) is not str:
            raise TypeError("a name is not text")
        return name

    def reserve(self) -> int:
        """Take the number of an immutable value before its children take theirs."""
        if self.refs is None:
            return 0
        self.refs.append(PENDING)
        return len(self.refs) - 1

    def complete(self, number: int, value: Any) -> Any:
        """Put an immutable value into its reserved place."""
        if self.refs is not None:
            self.refs[number] = value
        return value


def read(node: Any, r: Reading, left: int) -> Any:
    """Return the value of a node that may be of any kind."""
    kind = type(node)
    if kind in LEAVES:
        return node
    if kind is list:
        return READERS[node[0]](node, r, left)
    if kind is dict:
        return READERS[DICT_NODE](node, r, left)
    raise TypeError(f"msgpack {kind.__name__} has no meaning here")


#: How ``read`` finds the reader of a native map; no array can carry this tag.
DICT_NODE: Final = "map"
#: Reader of each tag; every module of the codec adds its own.
READERS: dict[Any, Reader] = {}
#: Writer of each exact type; likewise. Classes are compiled on first sight instead.
WRITERS: dict[type, Writer] = {}


def may_be_called(value: object, table: Any) -> bool:
    """Whether a value may be called or subscripted where it arrives.

    A class of a library may not, unless the types on the seam name it: that runs its code, and a
    peer would choose which.
    """
    if not issubclass(type(value), type):
        return True
    return (table.name_of(value) or table.exception_name(value)) is not None


def enter(left: int) -> int:
    """Return the levels left inside a container that is being read."""
    if left < 1:
        raise ValueError("values nest too deeply")
    return left - 1
