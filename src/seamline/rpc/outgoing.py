"""The caller's side of one call, whatever carries it: arguments in, an answer out."""

import math
import time
from typing import Any

from seamline.errors import (
    DeadlineExceeded,
    Deadlock,
    InterfaceMismatch,
    NotSendable,
    OutcomeUnknown,
)
from seamline.rpc.binding import RESTART
from seamline.rpc.greeting import error_of
from seamline.rpc.model import Arguments, Packed, Target
from seamline.rpc.situation import Hop, Situation, current
from seamline.rpc.travel import apply_carried, pack_carried, split_meta, with_meta
from seamline.wire import (
    DEFAULT,
    EQUAL,
    ERROR,
    FLAG_BLOCKED,
    FLAG_FAULT,
    FLAG_META,
    FLAG_NAMED,
    FLAG_PLAIN,
    FLAG_SAME,
    FLAG_SPREAD,
    MAX_DEADLINE_MS,
    Frame,
    pack_plain,
    take_mentioned,
)


class Outgoing:
    """One call about to be made, and made again elsewhere if nobody took it.

    Attributes:
        deadline: ``time.monotonic()`` instant.
        ms: Milliseconds left when it was made.
        flags, body: What to send when both ends hold the same version.
        contexts: Contexts of frameworks that travel with it.
        cancelled: Our own cancellation, once it has been passed on.
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
        "ms",
        "target",
    )

    def __init__(
        self, target: Target, arguments: Arguments, blocks: bool, longest_chain: int
    ) -> None:
        situation = current.get()
        self.target = target
        self.arguments = arguments
        self.blocks = blocks
        self.cancelled: BaseException | None = None
        self.chain = situation.chain
        inherited = situation.deadline
        now = time.monotonic()
        self.deadline = now + target.timeout if inherited is None else inherited
        ms = int((self.deadline - now) * 1000)
        self.ms = ms if 0 < ms < MAX_DEADLINE_MS else max(1, min(ms, MAX_DEADLINE_MS))
        if len(self.chain) >= longest_chain:
            raise Deadlock(
                f"{target.name} would be call {len(self.chain) + 1} of a chain, each made while "
                f"serving the one before ({_loop_of(self.chain)}); limits.chain is {longest_chain}"
            )
        if arguments.extra or arguments.keywords:
            self.flags = FLAG_SPREAD
            self.body = _encode_spread(target, arguments)
        else:
            plain = pack_plain(arguments.values)
            if plain is not None:
                self.flags = FLAG_PLAIN
                self.body = plain
            else:
                self.flags = 0
                self.body = target.codec.encode(arguments.values, where=target.parameters)
        contexts = target.contexts
        if target.lent is not None and not self.flags & FLAG_PLAIN and take_mentioned():
            contexts = target.lent
        self.contexts: Packed = () if contexts is None else contexts.pack()
        if self.chain or target.carry or blocks or self.contexts:
            self._add_meta()

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
        body = _encode_spread(target, spread)
        flags = self.flags & ~FLAG_PLAIN | FLAG_NAMED | FLAG_SPREAD
        return flags, self._meta_before(body)

    def deadline_left(self) -> float:
        """Return the seconds left; zero or less when the deadline has passed."""
        return self.deadline - time.monotonic()

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


def settle(target: Target, frame: Frame, thrown: BaseException | None = None) -> Any:
    """Return the value of an answer, or raise what the host raised.

    What this step threw into the stream is raised as the same object, ``thrown``.
    """
    kind, flags, body = frame[0], frame[3], frame[5]
    if flags & FLAG_META:
        meta, body = split_meta(flags, body)
        if meta.carry is not None:
            apply_carried(target.carry, target.codec, meta.carry)
        contexts = target.contexts or target.lent
        if meta.contexts and contexts is not None:
            contexts.apply(meta.contexts)
    if kind != ERROR:
        return target.codec.decode(body)
    if flags & FLAG_FAULT:
        raise error_of(body)
    if flags & FLAG_SAME and thrown is not None:
        if not body:
            raise thrown
        error = target.codec.decode_exception(body)
        error.__cause__ = error.__context__ = thrown
        raise error
    raise target.codec.decode_exception(body)


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
    return min(max(int((deadline - time.monotonic()) * 1000), 1), MAX_DEADLINE_MS)


def _loop_of(chain: tuple[Hop, ...]) -> str:
    return " -> ".join(worker for worker, _ in chain[-8:])


def _encode_spread(target: Target, given: Arguments) -> bytes:
    codec = target.codec
    try:
        return codec.encode((given.values, given.extra, given.keywords), where="arguments")
    except NotSendable:
        # Said again part by part, because the refusal should name the parameter.
        codec.encode(given.values, where=target.parameters)
        codec.encode(given.extra, where=[f"*args[{i}]" for i in range(len(given.extra))])
        codec.encode(tuple(given.keywords.values()), where=list(given.keywords))
        raise
