"""What both ends of a call hold: the objects of its arguments, by number, and their changes.

Caller and host number the tracked values of a message alike, in the order in which they
are first met. An answer says of each object that changed what it holds now, and refers to
what both ends hold by number: nothing that exists on the other side is made again there.

It is ``[shares, names, [changes, value]]``, a change being
``[number, content, settings, names, values]``.
"""

from collections.abc import Callable
from itertools import chain
from typing import Any, Final, NamedTuple

from seamline.errors import MutatedArgument, WireError
from seamline.wire.marks import Reading, Writer, Writing, may_be_called, read
from seamline.wire.states import Form, State, Unrestorable, is_same, refuse_names


class Tracking(dict[type, Writer]):
    """Writers that keep every value they are given, so that its number leads to it."""

    def __init__(self, writers: dict[type, Writer], plain: dict[type, Writer]) -> None:
        super().__init__()
        self._writers = writers
        self._plain = plain

    def __missing__(self, cls: type) -> Writer:
        found = self._writers[cls]
        # A list without a tag, inside a record, passes no writer of its own.
        inner = self._plain.get(cls, found)

        def write(value: Any, w: Writing, left: int) -> Any:
            w.kept[id(value)] = value  # type: ignore[attr-defined]
            return inner(value, w, left)

        self[cls] = write
        return write


class Change(NamedTuple):
    """One object and what it holds now."""

    number: int
    form: Form
    state: State


class Known:
    """The tracked objects of one call, as one end of it holds them.

    Args:
        objects: By number.
        form_of: Returns how the state of a class's instances is taken, None for no state.
        watched: Whether they may change; what may not costs nothing to keep.

    Attributes:
        objects: By number.
        memo: Their numbers, by identity; as long as they are many.
    """

    __slots__ = ("_form_of", "_given", "_latest", "_seen", "_watched", "memo", "objects")

    def __init__(
        self, objects: list[Any], form_of: Callable[[type], Form | None], *, watched: bool = True
    ) -> None:
        self.objects = objects
        self._form_of = form_of
        self._seen: list[tuple[Form, State] | None] = []
        self.memo: dict[int, int] = {}
        # Where the arguments end, and where the latest of what came later begins.
        self._given = self._latest = len(objects)
        self._note(0)
        self._watched = watched
        self._see(objects)

    def changes(self, *, latest: bool = False) -> list[Change]:
        """Return what changed since both ends held the same.

        ``latest`` looks at the arguments and what came last, not at all that came between:
        an iterator gives many items.

        Raises:
            Unrestorable: An object changed into what no state can say.
        """
        found: list[Change] = []
        if not self._watched:
            return found
        between = range(self._given, self._latest if latest else self._given)
        for number in chain(range(between.start), range(between.stop, len(self._seen))):
            seen = self._seen[number]
            if seen is not None:
                form, before = seen
                after = self._taken(number, form)
                if not is_same(before, after):
                    form.changed(self.objects[number])
                    found.append(Change(number, form, after))
        return found

    def sent(self, changes: list[Change], count: int) -> None:
        """Note that the other end holds these changes, and all but the first ``count`` objects.

        Those came with the changes.
        """
        for number, form, _ in changes:
            # Taken again: a set that was put back may have another order.
            self._seen[number] = form, form.take(self.objects[number])
        if len(self.objects) > count:
            self._latest = count
            self._note(count)
            self._see(self.objects[count:])

    def form(self, number: Any) -> Form:
        """Return the form of an object that can change.

        Raises:
            ValueError: There is none of this number.
        """
        seen = self._seen[number] if type(number) is int and number >= 0 else None
        if seen is None:
            raise ValueError("a change is of no object that can change")
        return seen[0]

    def apply(self, changes: list[Change], late: list[Callable[[], None]]) -> None:
        """Make changes of the other end here, all or none of them.

        Args:
            changes: Checked against the forms of their objects.
            late: Fills the new hashed containers, when what they hold has its state.

        Raises:
            MutatedArgument: An object changed here, too, or cannot take its state.
            WireError: No object can take its state.
        """
        before = []
        for number, form, _ in changes:
            seen, now = self._seen[number], self._taken(number, form)
            if seen is None or not is_same(seen[1], now):
                raise MutatedArgument(
                    f"an argument, a {form.cls.__module__}.{form.cls.__qualname__}, was changed "
                    "by the function that was called, and here while it ran; neither change may "
                    "be lost. Pass a copy, or keep both in one group"
                )
            before.append(now)
        try:
            self._put(changes, late)
        except Exception as error:
            for change, state in zip(changes, before, strict=True):
                change.form.put(self.objects[change.number], state)
            if isinstance(error, BufferError):
                raise MutatedArgument(
                    "an argument changed its size where it was called and cannot here: a "
                    f"memoryview of it is in use ({error})"
                ) from error
            raise WireError(f"a change of an argument cannot be made: {error!r}") from error

    def _put(self, changes: list[Change], late: list[Callable[[], None]]) -> None:
        for hashed in (False, True):
            for number, form, state in changes:
                if form.is_hashed is hashed:
                    form.put(self.objects[number], state)
            if not hashed:
                for fill in late:
                    fill()

    def _taken(self, number: int, form: Form) -> State:
        try:
            return form.take(self.objects[number])
        except ValueError as error:  # a memoryview that was released
            raise Unrestorable(str(error)) from error

    def _note(self, start: int) -> None:
        memo = self.memo
        for number in range(start, len(self.objects)):
            memo.setdefault(id(self.objects[number]), number)
            if len(memo) <= number:  # one object may have two numbers
                memo[-1 - number] = -1

    def forget(self, count: int) -> None:
        """Drop the objects and the numbers from ``count`` on: they were in one message only."""
        del self.objects[count:]
        while len(self.memo) > count:
            self.memo.popitem()

    def _see(self, objects: list[Any]) -> None:
        for value in objects if self._watched else ():
            form = self._form_of(type(value))
            self._seen.append(None if form is None else (form, form.take(value)))


def write_change(change: Change, owner: object, w: Writing, left: int) -> list[Any]:
    """Write what an object holds now."""
    content, settings, names, values = change.state
    refuse_names(owner, names)
    return [
        change.number,
        *([w.value(x, left) for x in part] for part in (content, settings, names, values)),
    ]


def read_change(node: Any, known: Known, r: Reading, left: int) -> Change:
    """Read what an object holds now, and check that it can.

    Raises:
        TypeError, ValueError: It is no change of an object that both ends hold.
        Unrestorable: The object cannot become this.
    """
    number, *parts = node
    form = known.form(number)
    if len(parts) != _PARTS:
        raise ValueError("a change has parts missing")
    content, settings, names, values = (tuple([read(x, r, left) for x in p]) for p in parts)
    state = content, settings, names, values
    if not all(may_be_called(x, r.table) for x in settings):
        raise TypeError("a factory is no class of this seam")
    if len(names) != len(values):
        raise ValueError("a change has an attribute without a value")
    form.check(known.objects[number], state)
    return Change(number, form, state)


_PARTS: Final = 4
