"""The caller's side of one call, whatever carries it: arguments in, an answer out."""

import math
from time import monotonic
from typing import Any, Final

from seamline.errors import (
    ContextElsewhere,
    DeadlineExceeded,
    Deadlock,
    InterfaceMismatch,
    NotSendable,
    OutcomeUnknown,
)
from seamline.interface import Kind
from seamline.plan import Limits
from seamline.rpc.binding import RESTART, check_size
from seamline.rpc.changes import decode_changed
from seamline.rpc.greeting import error_of
from seamline.rpc.hearing import say_again
from seamline.rpc.model import Arguments, Packed, Stay, Target
from seamline.rpc.pulling import Iterators
from seamline.rpc.situation import Hop, Situation, current
from seamline.rpc.travel import apply_carried, pack_carried, split_meta, with_meta
from seamline.wire import (
    DEFAULT,
    END,
    EQUAL,
    ERROR,
    FLAG_BLOCKED,
    FLAG_FAULT,
    FLAG_META,
    FLAG_NAMED,
    FLAG_PLAIN,
    FLAG_PULLS,
    FLAG_RESTORED,
    FLAG_SAME,
    FLAG_SPREAD,
    FLAG_TRACKED,
    MAX_DEADLINE_MS,
    Frame,
    Known,
    Meta,
    exception_of,
    pack_plain,
    take_filled,
    take_left,
    take_mentioned,
    take_said,
)

_AWAITED: Final = frozenset({Kind.ASYNC, Kind.ASYNC_GENERATOR, Kind.ASYNC_CONTEXT_MANAGER})
_ONCE: Final = frozenset({Kind.SYNC, Kind.ASYNC})


class Outgoing:
    """One call about to be made, and made again elsewhere if nobody took it.

    Attributes:
        deadline: ``time.monotonic()`` instant.
        ms: Milliseconds left when it was made.
        flags, body: What to send when both ends hold the same version.
        contexts: Contexts of frameworks that travel with it.
        cancelled: Our own cancellation, once it has been passed on.
        iterators: Those among the arguments, when there are any.
        known: What both ends hold of the arguments, when the function may change them.
    """

    __slots__ = (
        "arguments",
        "blocks",
        "body",
        "cancelled",
        "chain",
        "contexts",
        "deadline",
        "flags",
        "iterators",
        "known",
        "ms",
        "target",
    )

    def __init__(self, target: Target, arguments: Arguments, blocks: bool, limits: Limits) -> None:
        situation = current.get()
        self.target = target
        self.arguments = arguments
        self.blocks = blocks
        self.cancelled: BaseException | None = None
        self.known: Known | None = None
        self.iterators: Iterators | None = None
        self.chain = situation.chain
        inherited = situation.deadline
        now = monotonic()
        self.deadline = min(now + target.timeout, math.inf if inherited is None else inherited)
        ms = int((self.deadline - now) * 1000)
        self.ms = ms if 0 < ms < MAX_DEADLINE_MS else max(1, min(ms, MAX_DEADLINE_MS))
        if len(self.chain) >= limits.chain:
            raise Deadlock(
                f"{target.name} would be call {len(self.chain) + 1} of a chain, each made while "
                f"serving the one before ({_loop_of(self.chain)}); limits.chain is {limits.chain}"
            )
        plain = None
        if not (arguments.extra or arguments.keywords):
            plain = pack_plain(arguments.values)
        try:
            if plain is not None:
                self.flags = FLAG_PLAIN
                self.body = plain
            else:
                self._encode_or_pull(arguments)
            self.contexts = self._packed_contexts()
            check_size(f"the arguments of {target.name}", len(self.body), limits.frame_bytes)
        except (NotSendable, ContextElsewhere) as error:
            if target.stays:
                raise Stay(error) from error
            raise
        if self.chain or target.carry or blocks or self.contexts:
            self._add_meta()
            what = f"what travels with a call of {target.name}"
            check_size(what, len(self.body), limits.frame_bytes)

    def _packed_contexts(self) -> Packed:
        """Return the frameworks' contexts that travel: what is read, or what is mentioned."""
        contexts = self.target.contexts
        lent = self.target.lent
        if lent is not None and not self.flags & FLAG_PLAIN and take_mentioned():
            contexts = lent
        return () if contexts is None else contexts.pack()

    def _encode_or_pull(self, arguments: Arguments) -> None:
        translates, asks = self.target.translates, self.target.asks
        if translates:
            take_said()  # what an earlier message left
        if asks is not None:
            take_left()
        try:
            self._encode(arguments)
        except NotSendable:
            # Looked for when something cannot cross: nothing else pays for iterators.
            if not self._set_iterators_apart(arguments):
                raise
        if translates and take_said():
            raise _said_here(self.target)
        if asks is not None and (left := take_left()) and (asked := left & asks()):
            raise _left_here(self.target, asked)

    def _encode(self, arguments: Arguments) -> None:
        target = self.target
        if arguments.extra or arguments.keywords:
            self.flags = FLAG_SPREAD
            self.body = self._encode_spread(arguments)
        else:
            self.flags = 0
            self.body = self._encode_values(arguments.values, target.parameters)

    def _set_iterators_apart(self, given: Arguments) -> bool:
        """Encode places for the iterators among the arguments, if there are any."""
        iterators = Iterators(self.target.codec)
        waits = self.target.kind in _AWAITED
        values, extra = (
            tuple([iterators.replace(value, waits=waits) for value in part])
            for part in (given.values, given.extra)
        )
        keywords = {k: iterators.replace(x, waits=waits) for k, x in given.keywords.items()}
        if not iterators:
            return False
        self.arguments = Arguments(values, extra, keywords)
        self._encode(self.arguments)
        self.iterators = iterators
        iterators.known = self.known
        self.flags |= FLAG_PULLS
        return True

    def fit(self, verdict: int | str) -> tuple[int, bytes]:
        """Return flags and body for a host that gave this verdict.

        Raises:
            InterfaceMismatch: The host's version cannot be reconciled with ours.
        """
        if verdict == EQUAL:
            return self.flags, self.body
        if isinstance(verdict, str):
            raise InterfaceMismatch(verdict)
        target, given = self.target, self.arguments
        if given.extra:
            raise InterfaceMismatch(
                f"{target.name} differs at caller and host, and *args cannot travel by name; "
                f"{RESTART}"
            )
        named = {
            name: value
            for name, value in zip(target.parameters, given.values, strict=True)
            if value is not DEFAULT
        }
        spread = Arguments((), (), named | given.keywords)
        body = self._encode_spread(spread)
        if self.iterators is not None:
            self.iterators.known = self.known
        flags = self.flags & ~FLAG_PLAIN | FLAG_NAMED | FLAG_SPREAD
        return flags, self._meta_before(body)

    def deadline_left(self) -> float:
        """Return the seconds left; zero or less when the deadline has passed."""
        return self.deadline - monotonic()

    def expired(self, *, started: bool) -> DeadlineExceeded:
        """Return the error for a deadline that passed."""
        what = "did not answer before its deadline" if started else "was not started in time"
        return DeadlineExceeded(f"{self.target.name} {what} (service {self.target.service})")

    def unknown(self, why: BaseException) -> OutcomeUnknown:
        """Return the error for a connection lost after the call was sent."""
        error = OutcomeUnknown(
            f"{self.target.name} was sent and the connection was lost ({why}); it may or may "
            "not have run. If it may run twice, list it as idempotent in seamline.toml"
        )
        error.__cause__ = why
        return error

    def _encode_spread(self, given: Arguments) -> bytes:
        codec, where = self.target.codec, self.target.parameters
        value = (given.values, given.extra, given.keywords)
        try:
            return self._encode_values(value, "arguments")
        except NotSendable:
            # Said again part by part, because the refusal should name the parameter.
            codec.encode(given.values, where=where)
            codec.encode(given.extra, where=[f"*args[{i}]" for i in range(len(given.extra))])
            codec.encode(tuple(given.keywords.values()), where=list(given.keywords))
            raise

    def _encode_values(self, value: object, where: str | tuple[str, ...]) -> bytes:
        """Return the bytes of arguments, tracked where the function may change or return them.

        What a look-up fills is changed by functions that look like mere readers.
        """
        target = self.target
        # A generator that only reads its arguments must see what its caller changes meanwhile.
        watched = target.mutates or target.kind not in _ONCE
        take_filled()  # what an earlier message left
        if not (target.mutates or target.shares):
            body = target.codec.encode(value, where=where)
            if not take_filled():
                return body
            watched = True
        body = self._encode_tracked(value, where, watched=watched)
        if not watched and take_filled():
            body = self._encode_tracked(value, where, watched=True)
        return body

    def _encode_tracked(
        self, value: object, where: str | tuple[str, ...], *, watched: bool
    ) -> bytes:
        self.flags |= FLAG_TRACKED | (FLAG_RESTORED if watched else 0)
        body, self.known = self.target.codec.encode_tracked(value, where=where, watched=watched)
        return body

    def _add_meta(self) -> None:
        if self.blocks:
            self.flags |= FLAG_BLOCKED
        if self.chain or self.target.carry or self.contexts:
            self.body = self._meta_before(self.body)
            self.flags |= FLAG_META

    def _meta_before(self, body: bytes) -> bytes:
        target = self.target
        if not (self.chain or target.carry or self.contexts):
            return body
        carry = pack_carried(target.carry, target.codec) if target.carry else None
        return with_meta(self.chain, carry, body, self.contexts)


def settle(call: Outgoing, frame: Frame, thrown: BaseException | None = None) -> Any:
    """Return the value of an answer, or raise what the host raised.

    What changed of the arguments is made on the caller's own objects before. What this step
    threw into the stream is raised as the same object, ``thrown``.
    """
    target = call.target
    if call.iterators is not None:
        thrown = thrown or call.iterators.raised
    kind, flags, body = frame[0], frame[3], frame[5]
    if flags & FLAG_META:
        meta, body = split_meta(flags, body)
        _apply_meta(call, meta)
    if kind != ERROR:
        if flags or kind > END:
            return decode_changed(target.codec, call.known, frame, body)
        return target.codec.decode(body)
    if flags & FLAG_FAULT:
        raise error_of(body)
    is_same = flags & FLAG_SAME and thrown is not None
    found = decode_changed(target.codec, call.known, frame, body) if body else None
    if is_same and found is None:
        assert thrown is not None
        raise thrown
    error = exception_of(found)
    if is_same:
        error.__cause__ = error.__context__ = thrown
    raise error


def _apply_meta(call: Outgoing, meta: Meta) -> None:
    target = call.target
    if meta.carry is not None:
        apply_carried(target.carry, target.codec, meta.carry)
    # A host that was sent no session has none to change, whatever it says.
    contexts = target.contexts or (target.lent if call.contexts else None)
    if meta.contexts and contexts is not None:
        contexts.apply(meta.contexts)
    if meta.heard:
        say_again(meta.heard)


def _said_here(target: Target) -> ContextElsewhere:
    return ContextElsewhere(
        f"{target.name} changes the active language and is given a lazy text, which crosses as "
        "the text of its caller's: in one process it is worked out in the language that is active "
        "when it is read. Give the function the message itself (a plain text that it "
        "translates), or keep both in one group"
    )


def _left_here(target: Target, names: frozenset[str]) -> ContextElsewhere:
    return ContextElsewhere(
        f"{target.name} mentions {', '.join(sorted(names))} of a request, which cannot cross the "
        "seam: it is set in the process of the caller"
    )


def check_loops(target: Target, situation: Situation, workers: list[str]) -> list[str]:
    """Return the workers whose event loop is not waiting, further out, for this very call.

    Raises:
        Deadlock: There is none.
    """
    blocked = {worker for worker, blocks in situation.chain if blocks}
    if not blocked:
        return workers
    free = [worker for worker in workers if worker not in blocked]
    if not free:
        raise Deadlock(
            f"{target.name} runs on the event loop of {', '.join(sorted(blocked))}, which "
            f"stands still in a synchronous call until this one is answered "
            f"({_loop_of(situation.chain)}). Await an asynchronous function there, or make the "
            "outer call from a thread (asyncio.to_thread)"
        )
    return free


def milliseconds_left(deadline: float) -> int:
    """Return a deadline for a frame's header: at least 1, and 0 for none."""
    if deadline == math.inf:
        return 0
    return min(max(int((deadline - monotonic()) * 1000), 1), MAX_DEADLINE_MS)


def _loop_of(chain: tuple[Hop, ...]) -> str:
    return " -> ".join(worker for worker, _ in chain[-8:])
