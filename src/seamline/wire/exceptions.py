"""Exceptions: the same class, arguments and attributes, without calling ``__init__``.

A class may be rebuilt when it is builtin, in the seam's type table, Seamline's own, or an
``Exception`` defined at module level in a module that this process has imported already. A
module of the type table is imported for it, as that of a record is.
An exception of any other class, or with an argument or attribute that cannot cross, arrives
as a :class:`~seamline.errors.RemoteError` that also inherits from the nearest class both
processes know; what could cross of it is there, and its text is the original's. The same goes
for a class of C whose instances cannot be made without its constructor, except those of
``pydantics``, which are made from what they say.

``AttributeError.obj`` and ``NameError``'s hints are the interpreter's own; where the object
cannot cross it is left out. A chain of causes and contexts is followed for 20 links.
"""

from types import GetSetDescriptorType, MemberDescriptorType
from typing import Any, Final

from seamline.errors import RemoteError
from seamline.wire.classes import CACHED_HASH, slots_of
from seamline.wire.marks import (
    EXCEPTION,
    READERS,
    Reading,
    Refused,
    Writer,
    Writing,
    enter,
    read,
)
from seamline.wire.pydantics import is_made, made_of, parts_of
from seamline.wire.tracebacks import text_of
from seamline.wire.types import HEAP_TYPE, TypeTable

#: Levels that one link of a chain takes of the allowed depth: 200 make 20 links.
_LINK: Final = 10
#: Most stand-in classes kept for reuse; names come from the peer.
_MAX_KEPT: Final = 1_000
#: C-level attributes that are built with the group itself.
_BUILT: Final = frozenset({"message", "exceptions"})
#: Hints of the interpreter: left out rather than turning the error into another class.
_HINTS: Final = frozenset({"obj"})
#: What Python itself keeps: a class may have a property of that name, which cannot be set.
_ARGUMENTS: Final[Any] = vars(BaseException)["args"]


class RemoteTraceback(Exception):  # noqa: N818 - named as in concurrent.futures
    """The traceback of another process, as text.

    It is the last link of a decoded exception's chain of causes, so a printed traceback
    begins with it. ``__cause__`` of the exception itself is touched only when the
    exception has neither cause nor context.
    """

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text

    def __str__(self) -> str:
        return f'\n"""\n{self.text}"""'


def entry_of(cls: type[BaseException], table: TypeTable) -> tuple[str, bool]:
    """Return an exception class's name entry and whether the class itself may cross.

    The entry lists the class and its bases, nearest first, so that a process that does not
    know the class can choose the nearest it knows.
    """
    known = [
        name
        for owner in cls.__mro__
        if issubclass(owner, BaseException) and (name := table.exception_name(owner))
    ]
    original = f"{cls.__module__}:{cls.__qualname__}"
    if issubclass(cls, RemoteError) and cls.original:
        return f"{cls.original}|{'|'.join(k for k in known if not _is_ours(k))}", False
    if known and known[0] == original:
        return "|".join(known), True
    return f"{original}|{'|'.join(known)}", False


def _is_ours(name: str) -> bool:
    return name in {f"seamline.errors:{k.__name__}" for k in RemoteError.__mro__}


def native_attributes(cls: type) -> dict[str, Any]:
    """Return the attributes that builtin exception classes keep in C."""
    return {
        name: found
        for owner in cls.__mro__
        if not owner.__flags__ & HEAP_TYPE and owner not in {BaseException, object}
        for name, found in vars(owner).items()
        if isinstance(found, MemberDescriptorType | GetSetDescriptorType) and name not in _BUILT
    }


def attributes_of(cls: type) -> list[tuple[str, Any, bool]]:
    """Return name and descriptor of what is kept in C or in slots, and whether in slots."""
    slots = [
        (name, slot, True)
        for name, slot in slots_of(cls).items()
        if slot.__objclass__.__flags__ & HEAP_TYPE
    ]
    named = {name for name, _, _ in slots}
    native = native_attributes(cls).items()
    return [(name, slot, False) for name, slot in native if name not in named] + slots


def state_of(
    error: BaseException, attributes: list[tuple[str, Any, bool]]
) -> list[tuple[str, Any]]:
    """Return the attributes of an exception beside its arguments and chain."""
    found: list[tuple[str, Any]] = []
    for name, slot, is_slot in attributes:
        try:
            value = slot.__get__(error)
        except (AttributeError, TypeError):
            continue  # never set
        if value is not None or is_slot:
            found.append((name, value))
    found.extend((k, v) for k, v in vars(error).items() if k != CACHED_HASH)
    return found


def attempt(value: Any, w: Writing, left: int) -> list[Any]:
    """Write a value: the node in a list, or an empty list when it cannot cross."""
    before = len(w.memo)
    try:
        return [w.value(value, left)]
    except Refused:
        while len(w.memo) > before:
            w.memo.popitem()
        return []


def exception_writer(cls: type[BaseException], table: TypeTable) -> Writer:
    """Return the writer of an exception class."""
    entry, rebuilt = entry_of(cls, table)
    made = is_made(cls)
    is_late = made or issubclass(cls, BaseExceptionGroup)
    attributes = attributes_of(cls)

    def write(error: BaseException, w: Writing, left: int) -> Any:
        if id(error) in w.memo:
            return w.again(error)
        number = len(w.memo)
        w.memo[id(error)] = -1 - number if is_late else number
        inner = w.descend(error, left)
        args = attempt(_ARGUMENTS.__get__(error), w, inner)
        whole = rebuilt and bool(args)
        if made:
            parts = _parts(error, w, inner)
            whole = rebuilt and bool(parts)
            args = [*(args or [None]), *parts]
        w.memo[id(error)] = number
        names: list[str] = []
        items: list[Any] = []
        for name, value in state_of(error, attributes):
            node = attempt(value, w, inner) if type(name) is str else []
            if node:
                names.append(name)
                items += node
            elif name not in _HINTS:
                whole = False
        text = text_of(error)
        links = [_link(x, w, left) for x in (error.__cause__, error.__context__)]
        kind = "!" if whole else "?"
        at = w.name(kind + entry)
        return [EXCEPTION, at, text, args, names, items, *links, error.__suppress_context__]

    return write


def _parts(error: BaseException, w: Writing, left: int) -> list[Any]:
    """Write what an exception is made from; nothing when nothing makes it again, or crosses."""
    parts = parts_of(error)
    if parts is None:
        return []
    w.keep(parts)  # the library's own answer, which nobody else holds
    return attempt(parts, w, left)


def _link(error: BaseException | None, w: Writing, left: int) -> Any:
    """Write a cause or context, or nothing where the chain ends or is too long."""
    if error is None or isinstance(error, RemoteTraceback) or left <= _LINK:
        return None
    node = attempt(error, w, left - _LINK)
    return node[0] if node else None


def read_exception(node: list[Any], r: Reading, left: int) -> BaseException:
    """Read an exception."""
    _, at, text, args, names, items, cause, context, suppress = node
    inner = enter(left)
    cls = r.layout(at).cls
    if issubclass(cls, BaseExceptionGroup):
        number = r.reserve()
        error: BaseException = r.complete(number, _group(cls, args, r, inner))
    elif is_made(cls):
        number = r.reserve()
        error = r.complete(number, _made(cls, [read(x, r, inner) for x in args], r, at))
        cls = type(error)
        if isinstance(error, RemoteError):
            _ARGUMENTS.__set__(error, (text,))
    else:
        error = blank_exception(cls)
        if r.refs is not None:
            r.refs.append(error)
        found = _arguments(args, r, inner)
        _ARGUMENTS.__set__(error, (text,) if found is None else found)
    if issubclass(cls, RemoteError) and cls.original:
        vars(error)["_text"] = text
    if names or items:
        _put(error, names, [read(x, r, inner) for x in items])
    for name, link in (("__cause__", cause), ("__context__", context)):
        if link is not None:
            object.__setattr__(error, name, read(link, r, left - _LINK))
    object.__setattr__(error, "__suppress_context__", bool(suppress))
    return error


def _arguments(args: list[Any], r: Reading, left: int) -> tuple[Any, ...] | None:
    if not args:
        return None
    found = read(args[0], r, left)
    for parts in args[1:]:  # what it is made from, of no use to a stand-in
        read(parts, r, left)
    return _checked(found)


def _checked(args: Any) -> tuple[Any, ...] | None:
    """Return the arguments of an exception; None where they could not cross."""
    if args is not None and not isinstance(args, tuple):
        raise TypeError("an exception's arguments are no tuple")
    return args


def _made(cls: Any, content: list[Any], r: Reading, at: int) -> BaseException:
    """Return an exception made from what it says, or its stand-in where that makes none here."""
    args, parts = content
    _checked(args)
    try:
        error: BaseException = made_of(cls, parts)
    except TypeError:
        return blank_exception(r.find(f"?{r.name(at)[1:]}").cls)
    if args is not None:
        _ARGUMENTS.__set__(error, args)
    return error


def _group(cls: type, args: list[Any], r: Reading, left: int) -> Any:
    found = _arguments(args, r, left)
    if found is None:
        raise TypeError("an exception group has no exceptions")
    return BaseExceptionGroup.__new__(cls, *found)


def _put(error: BaseException, names: list[str], items: list[Any]) -> None:
    slots = native_attributes(type(error)) | slots_of(type(error))
    for name, item in zip(names, items, strict=True):
        if type(name) is not str:
            raise TypeError("an attribute's name is not text")
        if name in slots:
            slots[name].__set__(error, item)
        else:
            vars(error)[name] = item


def blank_exception(cls: Any) -> BaseException:
    """Return an instance of an exception class, without any of its Python code."""
    for native in cls.__mro__:
        if native.__flags__ & HEAP_TYPE:
            continue
        try:
            error: Any = native.__new__(cls)
        except TypeError:  # "is not safe": the layout is another one's of them
            continue
        if isinstance(error, BaseException):
            return error
    raise TypeError(f"{cls.__qualname__} cannot be made without its constructor")


def _can_be_rebuilt(cls: type[BaseException]) -> bool:
    """Whether an instance can be had without its constructor, or from what it says."""
    if issubclass(cls, BaseExceptionGroup) or is_made(cls):
        return True
    try:
        blank_exception(cls)
    except TypeError:
        return False
    return True


class Stand:
    """Finds the classes of exceptions, and makes stand-ins for those not known here."""

    def __init__(self, table: TypeTable) -> None:
        self._table = table
        self._made: dict[str, type[BaseException]] = {}

    def find(self, entry: str) -> type[BaseException]:
        """Return the class for a name entry of an exception."""
        kind, names = entry[0], entry[1:].split("|")
        for name in names:
            self._table.load(name)
        if kind == "!" and (exact := self._table.exception(names[0])) and _can_be_rebuilt(exact):
            return exact
        found = self._made.get(entry)
        if found is None:
            found = self._make(names[0], [x for x in map(self._table.exception, names) if x])
            if len(self._made) < _MAX_KEPT:
                self._made[entry] = found
        return found

    def _make(self, original: str, bases: list[type[BaseException]]) -> type[BaseException]:
        space = {
            "original": original,
            "__str__": lambda self: self._text,
            "__module__": RemoteError.__module__,
            "__doc__": f"Stands for {original}.",
        }
        for base in bases:
            # A group cannot stand without its exceptions, a class with a metaclass of its
            # own may refuse to be derived from, one of C to be made blank: the next base then.
            if issubclass(base, BaseExceptionGroup | RemoteError):
                continue
            try:
                made = type("RemoteError", (RemoteError, base), dict(space))
                blank_exception(made)
            except TypeError:
                continue
            return made
        return type("RemoteError", (RemoteError,), space)


def append_traceback(error: BaseException, text: str) -> None:
    """Make another process's traceback the last link of an exception's chain."""
    seen = {id(error)}
    last = error
    while True:
        following = last.__cause__
        if following is None and not last.__suppress_context__:
            following = last.__context__
        if following is None or id(following) in seen:
            break
        seen.add(id(following))
        last = following
    if last.__cause__ is None:
        suppressed = last.__suppress_context__
        object.__setattr__(last, "__cause__", RemoteTraceback(text))
        object.__setattr__(last, "__suppress_context__", suppressed)


READERS[EXCEPTION] = read_exception
