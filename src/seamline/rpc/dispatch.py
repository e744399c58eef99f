"""The host's side of one call: arguments in, the function run, an answer out.

No sockets and no threads here: the same code answers for a thread's connection, for the
event loop and for calls inside one process.
"""

from collections.abc import Callable
from contextvars import Context
from typing import Any, Final, TypeAlias

from seamline.errors import (
    InterfaceMismatch,
    NotSendable,
    SeamError,
    WireError,
)
from seamline.rpc.aliasing import refuse_aliased
from seamline.rpc.binding import Binding, check_size
from seamline.rpc.changes import Watch
from seamline.rpc.hearing import Hearing, Told
from seamline.rpc.model import Arguments, Packed, Visit
from seamline.rpc.pulling import Ask, AskLater, Pulls
from seamline.rpc.situation import Hop, Situation, current
from seamline.rpc.travel import apply_carried, pack_carried, split_meta, with_meta
from seamline.wire import (
    ERROR,
    FLAG_BLOCKED,
    FLAG_FAULT,
    FLAG_META,
    FLAG_NAMED,
    FLAG_NOT_STARTED,
    FLAG_PLAIN,
    FLAG_RESTORED,
    FLAG_SAME,
    FLAG_SPREAD,
    FLAG_TRACKED,
    ITEM,
    RESULT,
    Farewell,
    Frame,
    pack_message,
    unpack_plain,
)

#: kind, flags, body
Answer: TypeAlias = tuple[int, int, bytes]


_NO_KEYWORDS: Final[dict[str, Any]] = {}


class Incoming:
    """One call that arrived, ready to be run in a context of its own.

    ``callers`` holds the direct caller, as told at the handshake.

    Attributes:
        deadline: ``clock()`` instant.
        chain: All calls it is part of, outermost first, the direct caller last.
        entered: Called in the call's context before the function, if set.
        pulls: The caller's iterators among the arguments, when there are any.
        watch: What it may change of its arguments, or None when it changes nothing.
        visit: The frameworks' contexts once they are entered; its owner leaves them.
        heard: What it says and its caller is told, in tests.
    """

    __slots__ = (
        "binding",
        "carry",
        "chain",
        "contexts",
        "deadline",
        "entered",
        "given",
        "heard",
        "is_cancelled",
        "pulls",
        "visit",
        "watch",
    )

    def __init__(
        self,
        binding: Binding,
        frame: Frame,
        callers: tuple[Hop, ...],
        now: float,
        is_cancelled: Callable[[], bool],
    ) -> None:
        flags = frame[3]
        body = frame[5]
        self.binding = binding
        self.is_cancelled = is_cancelled
        self.deadline = now + frame[4] / 1000 if frame[4] else None
        self.carry: bytes | None = None
        self.contexts: Packed = ()
        self.visit: Visit | None = None
        self.entered: Callable[[], object] | None = None
        self.pulls: Pulls | None = None
        self.heard: Told | None = None
        watch: Watch | None = None
        if flags & FLAG_BLOCKED:
            callers = ((callers[0][0], True),)
        if flags & FLAG_META:
            meta, body = split_meta(flags, body)
            callers = meta.chain + callers
            self.carry = meta.carry
            self.contexts = meta.contexts
        self.chain = callers
        if flags & FLAG_PLAIN:
            decoded: Any = unpack_plain(body)
        elif flags & FLAG_TRACKED or binding.hosted.mutates:
            decoded, watch = tracked(binding, body, flags)
        else:
            decoded = binding.hosted.codec.decode(body)
        if flags & FLAG_SPREAD or binding.shape.keyword_only or type(decoded) is not tuple:
            self.given = placed(binding, decoded, flags)
        else:
            self.given = binding.shape.place_values(decoded, binding.name), _NO_KEYWORDS
        self.watch = watch
        if watch is not None:
            shape = binding.shape
            watch.remember(*self.given, shape.names[: shape.positional])

    def connect(self, ask: Ask | AskLater) -> None:
        """Put iterators into the arguments; ``ask`` asks the caller for their items."""
        hosted = self.binding.hosted
        known = None if self.watch is None else self.watch.known
        self.pulls = Pulls(self.binding.name, hosted.codec, known, ask)
        self.given = self.pulls.place(self.given)

    def enter(self) -> None:
        """Make the current context the one of this call."""
        current.set(Situation(self.deadline, self.chain, self.is_cancelled))
        if Hearing.is_on:
            self.heard = Hearing.begin()
        if self.entered is not None:
            self.entered()
        hosted = self.binding.hosted
        if self.carry is not None:
            apply_carried(hosted.carry, hosted.codec, self.carry)
        contexts = hosted.contexts or hosted.lent
        if self.contexts and contexts is not None:
            self.visit = contexts.enter(self.contexts, self.binding.name)

    def leave(self, answer: Answer, raised: BaseException | None) -> Answer:
        """End the frameworks' contexts; what their clean-up raises becomes the answer."""
        visit, self.visit = self.visit, None
        if visit is not None:
            try:
                visit.leave(raised)
            except BaseException as error:  # noqa: BLE001 - whatever it raises is the caller's
                return failure(self, error)
        return answer

    async def leave_async(self, answer: Answer, raised: BaseException | None) -> Answer:
        """Do the same in a coroutine."""
        visit, self.visit = self.visit, None
        if visit is not None:
            try:
                await visit.leave_async(raised)
            except BaseException as error:  # noqa: BLE001 - whatever it raises is the caller's
                return failure(self, error)
        return answer


def tracked(binding: Binding, body: bytes, flags: int) -> tuple[Any, Watch]:
    """Return what was sent, and what both ends know of it."""
    hosted = binding.hosted
    watched = bool(hosted.mutates) or flags & FLAG_RESTORED != 0
    decoded, known = hosted.codec.decode_tracked(body, watched=watched)
    return decoded, Watch(binding.name, hosted.codec, known, flags)


def placed(binding: Binding, decoded: Any, flags: int) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Check what was decoded and fit it to the host's parameters.

    Raises:
        WireError: It is neither the values nor a triple of values, extra and keywords.
        InterfaceMismatch: It does not fit this version of the function.
    """
    if type(decoded) is not tuple:
        raise WireError(f"the caller of {binding.name} sent something else than arguments")
    if not flags & FLAG_SPREAD:
        return binding.shape.place(Arguments(decoded), binding.name)
    if [type(part) for part in decoded] != [tuple, tuple, dict]:
        raise WireError(f"the caller of {binding.name} sent something else than arguments")
    if any(type(name) is not str for name in decoded[2]):
        raise WireError(f"the caller of {binding.name} sent keywords that are no names")
    given = Arguments(*decoded)
    if flags & FLAG_NAMED:
        return binding.shape.place_named(given, binding.name)
    return binding.shape.place(given, binding.name)


def check_callable(binding: Binding | None) -> Binding:
    """Return the binding if its function may run.

    Raises:
        InterfaceMismatch: The caller's version cannot be reconciled with the host's.
    """
    if binding is None or isinstance(binding.verdict, str):
        raise InterfaceMismatch(
            "the function is not hosted here" if binding is None else str(binding.verdict)
        )
    return binding


def told(heard: Told, answer: Answer) -> Answer:
    """Return an answer with what was said before it; after the last one no more is sent."""
    heard.is_over = answer[0] != ITEM
    return heard.put_before(answer)


def run_sync(incoming: Incoming) -> Answer:
    """Run a synchronous function in a fresh context and return its answer."""
    answer = Context().run(_run_sync, incoming)
    return answer if incoming.heard is None else told(incoming.heard, answer)


def _run_sync(incoming: Incoming) -> Answer:
    try:
        incoming.enter()
        args, keywords = incoming.given
        value = incoming.binding.hosted.function(*args, **keywords)
    except BaseException as error:  # noqa: BLE001 - whatever it raises is the caller's
        return incoming.leave(failure(incoming, error), error)
    answer = success(incoming, RESULT, value)
    return answer if incoming.visit is None else incoming.leave(answer, None)


async def run_async(incoming: Incoming) -> Answer:
    """Run an asynchronous function in the current task, whose context is its own."""
    answer = await _run_async(incoming)
    return answer if incoming.heard is None else told(incoming.heard, answer)


async def _run_async(incoming: Incoming) -> Answer:
    try:
        incoming.enter()
        args, keywords = incoming.given
        try:
            value = await incoming.binding.hosted.function(*args, **keywords)
        finally:
            if incoming.pulls is not None:
                await incoming.pulls.wait_answered()
    except BaseException as error:  # noqa: BLE001 - whatever it raises is the caller's
        return await incoming.leave_async(failure(incoming, error), error)
    answer = success(incoming, RESULT, value)
    return answer if incoming.visit is None else await incoming.leave_async(answer, None)


def success(incoming: Incoming, kind: int, value: object) -> Answer:
    """Return the answer for a value: a result, an item or the end of a stream."""
    binding = incoming.binding
    binding.tally.calls += 1
    if incoming.pulls is not None:
        incoming.pulls.close()
    try:
        if binding.hosted.aliases:
            refuse_aliased(binding.name, binding.hosted.aliases, value)
        if incoming.watch is None:
            flags, body = 0, binding.hosted.codec.encode(value)
        else:
            flags, body = incoming.watch.encode(value)
        if binding.hosted.carry or incoming.visit is not None:
            kind, flags, body = _with_carried(incoming, kind, flags, body)
        check_size(f"{binding.name} ran, and its result", len(body), binding.frame_bytes)
    except SeamError as error:
        binding.tally.errors += 1
        return fault(error)
    except Exception as error:  # noqa: BLE001 - encoding runs the application's properties
        binding.tally.calls -= 1
        return failure(incoming, error)
    return (kind, flags, body)


def failure(
    incoming: Incoming, error: BaseException, thrown: BaseException | None = None
) -> Answer:
    """Return the answer for what the function raised.

    ``thrown`` is the exception that the caller threw into a stream, if this was its step.
    """
    binding = incoming.binding
    binding.tally.calls += 1
    binding.tally.errors += 1
    if incoming.pulls is not None:
        incoming.pulls.close()
        thrown = thrown or incoming.pulls.raised
    if error is thrown and incoming.watch is None:
        return (ERROR, FLAG_SAME, b"")
    if error.__traceback__ is not None:  # the first frame is ours, the reader's begin below
        error.__traceback__ = error.__traceback__.tb_next
    if binding.hosted.aliases:
        try:
            refuse_aliased(binding.name, binding.hosted.aliases, error.args, "raised")
        except SeamError as refusal:
            return fault(refusal)
    is_same = thrown is not None and (error is thrown or error.__cause__ is thrown)
    flags = FLAG_SAME if is_same else 0
    try:
        if incoming.watch is None:
            body = binding.hosted.codec.encode_exception(error)
        else:
            and_then = f" and then raised {type(error).__name__}"
            changed, body = incoming.watch.encode_raised(
                None if error is thrown else error, and_then
            )
            flags |= changed
        kind = ERROR
        if binding.hosted.carry or incoming.visit is not None:
            kind, flags, body = _with_carried(incoming, ERROR, flags, body)
        raised = f"{binding.name} raised {type(error).__name__}, which"
        check_size(raised, len(body), binding.frame_bytes)
    except SeamError as refusal:
        return fault(refusal)
    return (kind, flags, body)


def fault(error: SeamError, flags: int = 0) -> Answer:
    """Return the answer for an error of the seam itself."""
    path = error.path if isinstance(error, NotSendable) else ""
    body = pack_message(Farewell(error.code, str(error), path))
    return (ERROR, FLAG_FAULT | flags, body)


def not_started(error: SeamError) -> Answer:
    """Return the answer for a call that did not run and may be made elsewhere."""
    return fault(error, FLAG_NOT_STARTED)


def _with_carried(incoming: Incoming, kind: int, flags: int, body: bytes) -> Answer:
    hosted = incoming.binding.hosted
    carry = pack_carried(hosted.carry, hosted.codec) if hosted.carry else None
    contexts = () if incoming.visit is None else incoming.visit.changes()
    if carry == incoming.carry and not contexts:
        return (kind, flags, body)
    return (kind, flags | FLAG_META, with_meta((), carry, body, contexts))
