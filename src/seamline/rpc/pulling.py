"""Iterators of the caller as arguments: the host asks for each item while the call runs.

Nothing is produced that was not asked for, so the caller's iterator ends exactly as far as
in one process. What it raises comes out of the call as the caller's own object.
"""

import asyncio
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any

from seamline.errors import NotSendable, Unavailable, WireError
from seamline.wire import Codec, Iterated, Known, exception_of, iterated_kind, with_traceback

#: What the host asks.
NEXT, CLOSE = 0, 1
#: What the caller answers: an item, the end with its value, or what was raised.
ITEM, END, RAISED = 0, 1, 2

#: Sends a question to the caller and returns the body of the answer.
Ask = Callable[[bytes], bytes]
AskLater = Callable[[bytes], Awaitable[bytes]]


class Pulls:
    """The iterators of one call, at its host.

    Args:
        name: Dotted name of the function.
        codec: Of the seam.
        known: What both ends hold of the arguments, when that is tracked.
        ask: Asks the caller; for an asynchronous function, returns an awaitable.

    Attributes:
        is_open: Whether the caller waits for an answer, and so can be asked.
        raised: The last exception that came from the caller.
    """

    __slots__ = ("_ask", "_codec", "_known", "_lock", "_lock_later", "_name", "is_open", "raised")

    def __init__(self, name: str, codec: Codec, known: Known | None, ask: Ask | AskLater) -> None:
        self._name = name
        self._codec = codec
        self._known = known
        self._ask = ask
        self._lock = threading.Lock()
        self._lock_later = asyncio.Lock()
        self.is_open = True
        self.raised: BaseException | None = None

    def place(self, given: Any) -> Any:
        """Return arguments with iterators where places for them are."""
        args, keywords = given
        return tuple(map(self._placed, args)), {k: self._placed(x) for k, x in keywords.items()}

    def ask(self, number: int, what: int) -> Any:
        """Ask for an item. Raises StopIteration at the end, or what the iterator raised."""
        with self._lock:  # threads of the function may share an iterator
            answer: Any = self._ask(self._question(number, what))
            how, value = self._answer(answer)
        if how == END:
            raise StopIteration(value)
        return value

    async def ask_later(self, number: int, what: int) -> Any:
        """Ask for an item. Raises StopAsyncIteration at the end, or what was raised."""
        async with self._lock_later:  # tasks of the function may share an iterator
            question: Any = self._ask(self._question(number, what))
            how, value = self._answer(await _answered(question))
        if how == END:
            raise StopAsyncIteration
        return value

    def close(self) -> None:
        """Ask no more: the answer to the call follows."""
        with self._lock:
            self.is_open = False

    async def wait_answered(self) -> None:
        """Wait for what another task of the function has asked for."""
        async with self._lock_later:
            pass

    def _placed(self, value: object) -> object:
        if type(value) is not Iterated:
            return value
        if value.kind == "async generator":
            return PulledLater(self, value.number)
        return (Pulled if value.kind == "iterator" else PulledGenerator)(self, value.number)

    def _question(self, number: int, what: int) -> bytes:
        if not self.is_open:
            raise NotSendable(
                f"an iterator of the caller, an argument of {self._name}, was asked for an item "
                "while no call was running that it was passed to; take a list of it before the "
                "function returns"
            )
        return encode(self._codec, self._known, (number, what))

    def _answer(self, body: bytes) -> tuple[int, Any]:
        if not body:
            raise Unavailable(f"the caller of {self._name} gave it up, and gives no more items")
        match decode(self._codec, self._known, body):
            case (int() as how, value) if how in {ITEM, END}:
                return how, value
            case (2, found):
                self.raised = exception_of(found)
                raise self.raised
            case _:
                raise WireError("the caller answered with no item of an iterator")


async def _answered(question: "asyncio.Future[bytes]") -> bytes:
    """Wait for an answer, through cancellations: the caller is at work on it."""
    cancelled: asyncio.CancelledError | None = None
    while not question.done():
        try:
            await asyncio.wait({question})
        except asyncio.CancelledError as error:
            cancelled = error
            if isinstance(question, asyncio.Task):  # in this very process
                question.cancel()
    if cancelled is not None:
        raise cancelled
    return question.result()


class Pulled(Iterator[Any]):
    """An iterator of the caller."""

    def __init__(self, pulls: Pulls, number: int) -> None:
        self._pulls = pulls
        self._number = number

    def __next__(self) -> Any:
        return self._pulls.ask(self._number, NEXT)


class PulledGenerator(Pulled):
    """A generator of the caller, which can be closed. Dropping it closes nothing."""

    def close(self) -> None:
        """Close the caller's generator."""
        self._pulls.ask(self._number, CLOSE)


class PulledLater(AsyncIterator[Any]):
    """An asynchronous generator of the caller."""

    def __init__(self, pulls: Pulls, number: int) -> None:
        self._pulls = pulls
        self._number = number

    async def __anext__(self) -> Any:
        return await self._pulls.ask_later(self._number, NEXT)

    async def aclose(self) -> None:
        """Close the caller's generator."""
        await self._pulls.ask_later(self._number, CLOSE)


class Iterators:
    """The iterators of one call, at its caller.

    Attributes:
        raised: What the last of them raised.
    """

    __slots__ = ("_codec", "_held", "known", "raised")

    def __init__(self, codec: Codec) -> None:
        self._codec = codec
        self._held: list[Any] = []
        self.known: Known | None = None
        self.raised: BaseException | None = None

    def replace(self, value: object, *, waits: bool) -> object:
        """Return the place of an iterator, and anything else as it is.

        An asynchronous function can only await an asynchronous iterator, for its loop would
        stand still while the caller is asked; a plain function cannot await.
        """
        kind = iterated_kind(value)
        if not kind or (kind == "async generator") is not waits:
            return value
        self._held.append(value)
        return Iterated(len(self._held) - 1, kind)

    def __bool__(self) -> bool:
        return bool(self._held)

    def give(self, question: bytes) -> bytes:
        """Do what the host asks of an iterator; return the body of the answer.

        Raises:
            WireError: It asks for none of them, or nothing that is known.
        """
        iterator, what = self._asked(question)
        value: Any = None
        try:
            if what == NEXT:
                how, value = ITEM, next(iterator)
            else:
                iterator.close()
                how = ITEM
        except StopIteration as stop:
            how, value = END, stop.value
        except BaseException as error:  # noqa: BLE001 - the host's to handle
            return self._failed(error)
        return self._given(how, value)

    async def give_later(self, question: bytes) -> bytes:
        """Do what the host asks of an asynchronous generator. Raises as :meth:`give`."""
        iterator, what = self._asked(question)
        value: Any = None
        try:
            how = ITEM
            if what == NEXT:
                value = await anext(iterator)
            else:
                await iterator.aclose()
        except StopAsyncIteration:
            how = END
        except GeneratorExit:  # the coroutine that makes the call is closed
            raise
        except BaseException as error:  # noqa: BLE001 - the host's to handle
            return self._failed(error)
        return self._given(how, value)

    def _asked(self, question: bytes) -> tuple[Any, int]:
        match decode(self._codec, self.known, question):
            case (int() as number, int() as what) if what in {NEXT, CLOSE}:
                if 0 <= number < len(self._held):
                    return self._held[number], what
            case _:
                pass
        raise WireError("the host asked for an iterator that the call does not have")

    def _given(self, how: int, value: object) -> bytes:
        try:
            return encode(self._codec, self.known, (how, value))
        except Exception as error:  # noqa: BLE001 - encoding runs the application's properties
            return self._failed(error)

    def _failed(self, error: BaseException) -> bytes:
        self.raised = error
        try:
            return encode(self._codec, self.known, (RAISED, with_traceback(error)))
        except Exception:  # noqa: BLE001 - what cannot cross of it is replaced
            stand_in = NotSendable(f"an iterator of the caller raised {type(error).__name__}")
            return encode(self._codec, self.known, (RAISED, with_traceback(stand_in)))


def encode(codec: Codec, known: Known | None, value: object) -> bytes:
    """Return the bytes of a question or an answer, with what changed until now."""
    if known is None:
        return codec.encode(value, where="item")
    changes = known.changes(latest=True)
    return codec.encode_known(value, known, changes, ["arguments"] * len(changes), keep=True)


def decode(codec: Codec, known: Known | None, body: bytes) -> Any:
    """Return a question or an answer; make the changes that come with it."""
    if known is None:
        return codec.decode(body)
    return codec.decode_known(body, known, keep=True)
