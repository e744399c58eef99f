"""The codec: values and exceptions to bytes and back, by value, with exact types."""

from collections.abc import Callable, Sequence
from itertools import islice
from typing import Any, Final

import msgspec

from seamline.errors import MutatedArgument, NotSendable, SeamError, WireError
from seamline.wire.exceptions import append_traceback
from seamline.wire.kinds import Plans
from seamline.wire.known import Change, Known, Tracking, read_change, write_change
from seamline.wire.marks import (
    CALL,
    CAREFUL,
    EXCEPTION,
    HAS_FROZENSETS,
    HAS_REFERENCES,
    LEAVES,
    NATIVE,
    TUPLE,
    Reading,
    Refused,
    Writing,
    read,
)
from seamline.wire.refusals import explain, name_of
from seamline.wire.states import Unrestorable
from seamline.wire.tracebacks import format_traceback, text_of
from seamline.wire.types import TypeTable

_pack: Final = msgspec.msgpack.Encoder().encode


def _refuse_extension(code: int, _data: memoryview) -> Any:
    raise ValueError(f"msgpack extension {code} has no meaning here")


_unpack: Final = msgspec.msgpack.Decoder(ext_hook=_refuse_extension).decode


class Codec:
    """Encodes what crosses one seam.

    Everything arrives as a copy, with the exact type it had. What is shared inside one
    message stays shared, cycles included. A ``memoryview`` arrives as one over a copy of
    its own, of the same format and shape.
    """

    def __init__(self, types: TypeTable, *, depth: int = 200, items: int = 10_000_000) -> None:
        self.types = types
        self.depth = depth
        self.items = items
        plans = Plans(types)
        self._plans = plans
        self._writers = plans.writers
        # A record and a list in it are two levels.
        self._recorders = plans.recorders if depth > 1 else {}
        self._known = plans.known
        own: dict[str, Any] = {"__slots__": (), "writers": plans.writers, "table": types}
        self._fast: type[Writing] = type("FastWriting", (Writing,), own)
        self._careful: type[Writing] = type(
            "CarefulWriting", (Writing,), {**own, "native": CAREFUL}
        )
        own = {"__slots__": ("kept",), "writers": Tracking(plans.writers, plans.plain)}
        own |= {"table": types, "is_tracked": True}
        self._tracked: tuple[type[Any], ...] = (
            type("TrackedWriting", (Writing,), dict(own)),
            type("CarefulTrackedWriting", (Writing,), {**own, "native": CAREFUL}),
        )
        own = {
            "__slots__": (),
            "find": staticmethod(plans.find),
            "known": plans.known,
            "table": types,
        }
        self._reading: type[Reading] = type("CodecReading", (Reading,), own)
        #: Reads what mentions no names and shares nothing, which leaves no trace in it.
        self._bare = self._reading()
        self._bare.names = []
        self._bare.refs = None

    def encode(self, value: object, *, where: str | Sequence[str] = "result") -> bytes:
        """Return the bytes of a value.

        Args:
            value: A result, or the arguments of a call.
            where: What to call the value in a refusal: a word, or the parameters' names
                when the value is a tuple of arguments.

        Raises:
            NotSendable: Something in it cannot cross; the message says what and where.
        """
        kind = type(value)
        recorder = self._recorders.get(kind)
        if recorder is not None:
            try:
                if (record := recorder(value)) is not None and len(
                    data := _pack(record)
                ) <= self.items:
                    return data
            except (OverflowError, UnicodeEncodeError):
                return self._encode_carefully(value, where)
        w = self._fast()
        w.memo = {}
        w.index = {}
        w.shared = 0
        try:
            if (
                kind is tuple
                and len(value) == 3  # type: ignore[arg-type]  # noqa: PLR2004
                and value[1] is _EMPTY  # type: ignore[index]
                and (plain := _plain_call(value)) is not None
            ):
                return _pack(plain)
            tree = value if kind in NATIVE else self._writers[kind](value, w, self.depth)
            data = _pack((w.shared, [*w.index], tree))
        except (OverflowError, UnicodeEncodeError, Refused, RecursionError):
            # An int beyond 64 bits or a lone surrogate is written with care; a refusal is
            # met again there, and explained.
            return self._encode_carefully(value, where)
        if w.shared > HAS_REFERENCES or len(data) > self.items:
            self._check(w, data, tree, where)
        return data

    def decode(self, data: bytes | bytearray | memoryview) -> Any:
        """Return the value of bytes that ``encode`` made.

        Raises:
            NotSendable: A value in it needs a library that this process has not.
            WireError: The bytes are anything else.
        """
        try:
            message = _unpack(data)
            if type(message[0]) is str and len(data) <= self.items:
                layout = self._known.get(message[0]) or self._plans.find(message[0])
                return layout.read(message, self._bare, self.depth)
            shares, names, body = message
            if type(body) in LEAVES:
                return body
            if len(data) > self.items and _count(body, self.items) < 0:
                raise ValueError(f"more than {self.items} items")  # noqa: TRY301
            r = self._reading()
            r.names = names
            r.refs = None
            if shares:
                r.refs = [] if shares & HAS_REFERENCES else None
                r.late = []
            value = read(body, r, self.depth)
            if r.refs is not None:
                for fill in r.late:
                    fill()
        except NotSendable:
            raise
        except Exception as exc:  # whatever hostile bytes lead to is their sender's fault
            raise WireError(f"a value cannot be decoded: {type(exc).__name__}: {exc}") from exc
        return value

    def encode_tracked(
        self, value: object, *, where: str | Sequence[str], watched: bool = True
    ) -> tuple[bytes, Known]:
        """Return the bytes of the arguments of a call, and what of them both ends know.

        ``watched`` says whether they may be changed while the call runs.

        Raises: as :meth:`encode`.
        """
        w, data, tree = self._track(
            lambda w: w.value(value, self.depth), {}, lambda: value, lambda: where
        )
        self._check(w, data, tree, where)
        return data, Known(_objects(w, 0), self._plans.form, watched=watched)

    def decode_tracked(self, data: bytes, *, watched: bool = True) -> tuple[Any, Known]:
        """Return the arguments of bytes that ``encode`` made, and what both ends know of them.

        Raises: as :meth:`decode`.
        """
        try:
            _, names, body = _unpack(data)
            r = self._tracking(data, body, names, [])
            value = read(body, r, self.depth)
            for fill in r.late:
                fill()
            return value, Known(r.refs or [], self._plans.form, watched=watched)
        except NotSendable:
            raise
        except Exception as exc:  # whatever hostile bytes lead to is their sender's fault
            raise WireError(f"a value cannot be decoded: {type(exc).__name__}: {exc}") from exc

    def encode_known(
        self,
        value: object,
        known: Known,
        changes: list[Change],
        names: Sequence[str],
        *,
        keep: bool = False,
    ) -> bytes:
        """Return the bytes of a value and of changes to what both ends know.

        What is known crosses as itself. Afterwards the other end is taken to hold it all.

        Args:
            value: A result, an item, or what is sent to a stream.
            known: What both ends hold.
            changes: What changed of it.
            names: What to call each changed object in a refusal.
            keep: Whether what is new in the value is known from now on, too.

        Raises: as :meth:`encode`.
        """
        objects = known.objects
        count = len(objects)
        changed = [objects[change.number] for change in changes]
        mark = 0
        is_value = False

        def tree(w: Writing) -> list[Any]:
            nonlocal mark, is_value
            is_value = False
            nodes = [write_change(c, objects[c.number], w, self.depth) for c in changes]
            mark = len(w.memo)
            is_value = True
            return [nodes, w.value(value, self.depth)]

        try:
            w, data, node = self._track(
                tree,
                known.memo,
                lambda: value if is_value else tuple(changed),
                lambda: "result" if is_value else names,
            )
            if len(data) > self.items and _count(node, self.items) < 0:
                more = f"a result holds more than {self.items} items"
                raise NotSendable(f"{more}; send less at a time")
            added = _objects(w, count)[: None if keep else mark - count]
        finally:
            known.forget(count)
        objects += added
        known.sent(changes, count)
        return data

    def decode_known(self, data: bytes, known: Known, *, keep: bool = False) -> Any:
        """Make the changes of bytes that ``encode_known`` made; return the value.

        All changes are made or none of them.

        Raises:
            MutatedArgument: They cannot be made here.
            WireError: The bytes are anything else.
        """
        count = len(known.objects)
        try:
            _, names, body = _unpack(data)
            nodes, node = body
            r = self._tracking(data, body, names, known.objects)
            refs = r.refs
            changes = [read_change(x, known, r, self.depth) for x in nodes]
            mark = len(refs)
            value = read(node, r, self.depth)
            known.apply(changes, r.late)
            if not keep:
                del refs[mark:]
            known.sent(changes, count)
        except Unrestorable as exc:
            known.forget(count)
            raise MutatedArgument(f"an argument was changed and cannot be here: {exc}") from exc
        except SeamError:
            known.forget(count)
            raise
        except Exception as exc:  # whatever hostile bytes lead to is their sender's fault
            known.forget(count)
            raise WireError(f"a value cannot be decoded: {type(exc).__name__}: {exc}") from exc
        return value

    def _tracking(self, data: bytes, body: Any, names: Any, refs: list[Any]) -> Any:
        """Return the reading of a message whose objects are all numbered."""
        if len(data) > self.items and _count(body, self.items) < 0:
            raise ValueError(f"more than {self.items} items")
        r = self._reading()
        r.names = names
        r.refs = refs
        r.late = []
        return r

    def _track(
        self,
        make: Callable[[Writing], Any],
        memo: dict[int, int],
        root: Callable[[], object],
        where: Callable[[], str | Sequence[str]],
    ) -> tuple[Any, bytes, Any]:
        """Write a message with every object kept; return its writing, bytes and tree."""
        count = len(memo)
        for writing in self._tracked:
            while len(memo) > count:  # a first attempt
                memo.popitem()
            w = writing()
            w.memo = memo
            w.index = {}
            w.shared = 0
            w.kept = {}
            try:
                tree = make(w)
                return w, _pack((w.shared, [*w.index], tree)), tree
            except (OverflowError, UnicodeEncodeError):
                if w.native is CAREFUL:
                    raise
            except Refused as refused:
                raise explain(refused, root(), where()) from None
            except RecursionError as exc:
                raise NotSendable(
                    f"{name_of(where())} nests too deeply to cross the seam"
                ) from exc
        raise AssertionError("the careful writing writes or refuses")

    def encode_exception(self, error: BaseException) -> bytes:
        """Return the bytes of an exception with its traceback as text; never raises.

        What cannot cross of it makes it a ``RemoteError`` on the other side.
        """
        found = with_traceback(error)
        try:
            return self.encode(found)
        except Exception:  # noqa: BLE001 - its attributes ran the application's code
            text = text_of(error)
            entry = f"?{type(error).__module__}:{type(error).__qualname__}|builtins:Exception"
            node = (EXCEPTION, 0, text, (), (), (), None, None, False)
            return _pack((0, (entry,), (TUPLE, node, found[1])))

    def decode_exception(self, data: bytes | bytearray | memoryview) -> BaseException:
        """Return the exception of bytes that ``encode_exception`` made.

        Its ``__traceback__`` is empty; the text of the other process's is the last link of
        its chain, a :class:`RemoteTraceback`.

        Raises:
            WireError: The bytes are anything else.
        """
        return exception_of(self.decode(data))

    def _encode_carefully(self, value: object, where: str | Sequence[str]) -> bytes:
        w = self._careful()
        w.memo = {}
        w.index = {}
        w.shared = 0
        try:
            tree = w.value(value, self.depth)
            data = _pack((w.shared, [*w.index], tree))
        except Refused as refused:
            raise explain(refused, value, where) from None
        except RecursionError as exc:
            raise NotSendable(f"{name_of(where)} nests too deeply to cross the seam") from exc
        self._check(w, data, tree, where)
        return data

    def _check(self, w: Writing, data: bytes, tree: Any, where: str | Sequence[str]) -> None:
        """Refuse a message that the other side could not rebuild."""
        # An item takes at least one byte, so a short message needs no counting.
        if len(data) > self.items and _count(tree, self.items) < 0:
            raise NotSendable(
                f"{name_of(where)} holds more than {self.items} items; send less at a time"
            )
        if w.shared == HAS_REFERENCES | HAS_FROZENSETS:
            # A frozen set must be built before an object that holds it and is its member
            # has its own state, and so its hash. Rebuilding it here finds that out.
            try:
                self.decode(data)
            except WireError as exc:
                raise NotSendable(
                    f"{name_of(where)} cannot be rebuilt on the other side: {exc.__cause__}"
                ) from exc


def with_traceback(error: BaseException) -> tuple[BaseException, str]:
    """Return what crosses of an exception that was raised."""
    return error, format_traceback(error)


def exception_of(found: object) -> BaseException:
    """Return the exception of what ``with_traceback`` returned on the other side.

    Raises:
        WireError: It is anything else.
    """
    match found:
        case (BaseException() as error, str() as trace):
            append_traceback(error, trace)
            return error
        case _:
            pass
    raise WireError("an exception cannot be decoded: the bytes hold another value")


def _objects(w: Any, count: int) -> list[Any]:
    """Return the tracked objects of a message by number, from number ``count`` on."""
    kept = w.kept
    # The first of the memo were known before; what was met since follows in its order.
    fresh = [kept[key] for key in islice(reversed(w.memo), len(w.memo) - count)]
    return fresh[::-1]


_EMPTY: Final = ()


def _plain_call(value: Any) -> tuple[Any, ...] | None:
    """Return the message of a call's arguments when they are natives and all declared."""
    first, _, keywords = value
    if type(keywords) is dict and not keywords and type(first) is tuple:  # noqa: SIM102
        if len(first) < _MAX_PLAIN and NATIVE.issuperset(map(type, first)):
            return (0, _EMPTY, (CALL, *first))
    return None


#: More arguments than a function has parameters: these are data, and their items count.
_MAX_PLAIN: Final = 256


def _count(node: Any, left: int) -> int:
    """Return how many items may still come after a tree; negative when there are too many."""
    todo = [node] if type(node) in {list, dict, tuple} else []
    while todo and left >= 0:
        node = todo.pop()
        items = node.values() if type(node) is dict else node
        left -= len(items)
        if not NATIVE.issuperset(map(type, items)):
            todo.extend(x for x in items if type(x) in {list, dict, tuple})
    return left
