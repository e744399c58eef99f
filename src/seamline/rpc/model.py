"""What callers and hosts tell this package about one function. Values only."""

from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, Protocol

from seamline.errors import ContextElsewhere, NotSendable
from seamline.interface import Kind
from seamline.wire import Codec

#: Contexts of frameworks beside a call or its answer: ``(framework, encoded)``.
Packed = tuple[tuple[str, bytes], ...]


class Visit(Protocol):
    """The contexts of one call in the process that hosts its function."""

    def changes(self) -> Packed:
        """Return what the call changed. Raises SeamError for what cannot be changed back."""

    def renew(self, packed: Packed) -> None:
        """Take over what the caller changed between two steps of a stream."""

    def leave(self, error: BaseException | None) -> None:
        """End the contexts; clean-up of the application runs."""

    async def leave_async(self, error: BaseException | None) -> None:
        """Do the same in a coroutine."""


class Contexts(Protocol):
    """The contexts of frameworks that travel with the calls of one function."""

    def pack(self) -> Packed:
        """Return the caller's current ones; empty when there are none. Raises SeamError."""

    def pack_state(self) -> Packed:
        """Return what of them can have changed since the call began. Raises SeamError."""

    def apply(self, packed: Packed) -> None:
        """Apply what the host changed to the caller's own objects."""

    def enter(self, packed: Packed, name: str) -> Visit:
        """Begin the caller's contexts in this process. Raises SeamError."""


class Stay(Exception):  # noqa: N818 - no error: what the caller does instead of sending
    """A call cannot cross, and the function may run with its caller. Nothing was sent."""

    def __init__(self, why: NotSendable | ContextElsewhere) -> None:
        super().__init__(str(why))
        self.why = why


@dataclass(slots=True)
class Identity:
    """Who this process is within a run.

    Attributes:
        run: Name of the run; processes of two runs never talk to each other.
        worker: ``group.slot``, the name this process has in the chains of calls. Another one
            once it was forked from a process that had loaded the application.
        secret: What every process of the run knows and no other.
    """

    run: str
    worker: str
    secret: bytes = field(repr=False)

    @property
    def group(self) -> str:
        """The group of the worker."""
        return self.worker.partition(".")[0]


@dataclass(frozen=True, slots=True, eq=False)
class Target:
    """A function of another group, as its callers know it.

    Attributes:
        service: The service it belongs to.
        address: ``module:qualified name@line``, with ``#outer`` for an outermost wrapper.
        kind: How it is entered and left.
        fingerprint: Equal on both sides when arguments may travel by position.
        codec: Encodes its arguments and decodes its results.
        timeout: Seconds a call may take when nothing else says so.
        idempotent: Whether it may run again after an unknown outcome.
        parameters: Declared names in the order of ``Arguments.values``.
        carry: Context variables that travel with a call and return.
        stays: Whether a call whose arguments cannot cross may run with its caller.
        asks: Returns the names that it mentions, for a function that stays: what a request has
            under such a name and leaves with its caller makes the call stay, too.
        mutates: Whether it may change what its arguments hold; the caller's own objects
            change with it then.
        shares: Whether it may return a part of its arguments, which comes back as itself.
        translates: Whether it changes the active language, in which lazy texts are worked out.
        contexts: Contexts of frameworks that do, or ``None``.
        lent: What travels instead when arguments mention an object of such a context.
    """

    service: str
    address: str
    kind: Kind
    fingerprint: str
    codec: Codec
    timeout: float = 30.0
    idempotent: bool = False
    parameters: tuple[str, ...] = ()
    carry: tuple[ContextVar[Any], ...] = ()
    stays: bool = False
    asks: Callable[[], frozenset[str]] | None = None
    mutates: bool = False
    shares: bool = False
    translates: bool = False
    contexts: Contexts | None = None
    lent: Contexts | None = None

    @property
    def name(self) -> str:
        """The function's dotted name, for messages."""
        return self.address.partition("@")[0].replace(":", ".")


@dataclass(slots=True)
class Arguments:
    """The arguments of one call.

    Attributes:
        values: In declared order: positional-only, positional, keyword-only. The codec's
            ``DEFAULT`` stands for the parameter's default object.
        extra: What ``*args`` collected.
        keywords: What ``**kwargs`` collected.
    """

    values: tuple[Any, ...] = ()
    extra: tuple[Any, ...] = ()
    keywords: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True, eq=False)
class Hosted:
    """A function as the process that hosts it knows it.

    Attributes:
        function: The application's own callable.
        kind: How it is entered and left.
        fingerprint: Compared with the caller's.
        codec: Decodes arguments and encodes results.
        parameters: Declared names in the order of ``Arguments.values``.
        mutates: Parameters it may change in place; ``*args``/``**kwargs`` by their names.
        aliases: Module state its result may be part of; a result that is gets refused.
        carry: Context variables that travel with a call and return, in the caller's order.
        contexts: Contexts of frameworks that do, or ``None``.
        lent: What travels instead when arguments mention an object of such a context.
    """

    function: Callable[..., Any]
    kind: Kind
    fingerprint: str
    codec: Codec
    parameters: tuple[str, ...] = ()
    mutates: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    carry: tuple[ContextVar[Any], ...] = ()
    contexts: Contexts | None = None
    lent: Contexts | None = None
