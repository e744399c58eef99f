"""The host's side of a stream: the application's generator, held between steps."""

from collections.abc import Awaitable
from contextvars import Context
from typing import TYPE_CHECKING, Any, Final

from seamline.errors import MutatedArgument
from seamline.rpc.changes import decode_changed
from seamline.rpc.dispatch import Answer, Incoming, failure, success, told
from seamline.rpc.hearing import Hearing
from seamline.rpc.situation import Situation, current
from seamline.rpc.travel import apply_carried, split_meta
from seamline.wire import CLOSE, END, FLAG_CHANGES, ITEM, SEND, THROW, Frame, exception_of

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Generator

_NO_ANSWER: Final[Answer] = (END, 0, b"")


class Step:
    """One request of the caller: what to do with the generator next."""

    __slots__ = ("carry", "contexts", "kind", "thrown", "value")

    def __init__(self, incoming: Incoming, frame: Frame) -> None:
        """Read the frame. Raises WireError."""
        codec = incoming.binding.hosted.codec
        meta, body = split_meta(frame[3], frame[5])
        self.kind = frame[0]
        self.carry = meta.carry
        self.contexts = meta.contexts
        self.value: Any = None
        self.thrown: BaseException | None = None
        try:
            if self.kind in {SEND, THROW} or frame[3] & FLAG_CHANGES:
                known = None if incoming.watch is None else incoming.watch.known
                self.value = decode_changed(codec, known, frame, body)
        except MutatedArgument as error:
            self.thrown = error
            return
        if self.kind == THROW:
            self.thrown = exception_of(self.value)
        elif self.kind == CLOSE:
            self.thrown = GeneratorExit()


def renew(incoming: Incoming, step: Step, deadline: float | None) -> None:
    """Bring the stream's context up to date with the caller's for one step."""
    current.set(Situation(deadline, incoming.chain, incoming.is_cancelled))
    if incoming.heard is not None:
        Hearing.resume(incoming.heard)
    if incoming.pulls is not None:
        incoming.pulls.is_open = True
    if step.carry is not None:
        hosted = incoming.binding.hosted
        incoming.carry = step.carry
        apply_carried(hosted.carry, hosted.codec, step.carry)
    if step.contexts and incoming.visit is not None:
        incoming.visit.renew(step.contexts)


def settled(incoming: Incoming, answer: Answer, raised: BaseException | None = None) -> Answer:
    """Return a step's answer; after the last one, end the frameworks' contexts."""
    answer = answer if answer[0] == ITEM else incoming.leave(answer, raised)
    return answer if incoming.heard is None else told(incoming.heard, answer)


async def settled_async(
    incoming: Incoming, answer: Answer, raised: BaseException | None = None
) -> Answer:
    """Do the same in a coroutine."""
    answer = answer if answer[0] == ITEM else await incoming.leave_async(answer, raised)
    return answer if incoming.heard is None else told(incoming.heard, answer)


class HeldStream:
    """A synchronous generator whose steps run in one thread and one context."""

    __slots__ = ("_context", "_generator", "incoming")

    def __init__(self, incoming: Incoming) -> None:
        self.incoming = incoming
        self._context = Context()
        self._generator: Generator[Any, Any, Any] | None = None

    def begin(self) -> Answer:
        """Call the function and run to its first item."""
        return self._context.run(self._begin)

    def step(self, step: Step, deadline: float | None) -> Answer:
        """Run to the next item, the end or an error."""
        return self._context.run(self._step, step, deadline)

    def abandon(self) -> None:
        """Close the generator because nobody will ask for more."""
        if self.incoming.heard is not None:
            self.incoming.heard.is_over = True
        if self._generator is not None:
            self._context.run(self._abandon, self._generator)

    def _abandon(self, generator: "Generator[Any, Any, Any]") -> None:
        try:
            generator.close()
        finally:
            self.incoming.leave(_NO_ANSWER, None)

    def _begin(self) -> Answer:
        incoming = self.incoming
        try:
            incoming.enter()
            args, keywords = incoming.given
            self._generator = incoming.binding.hosted.function(*args, **keywords)
            value = next(self._generator)
        except StopIteration as stop:
            return settled(incoming, success(incoming, END, stop.value))
        except BaseException as error:  # noqa: BLE001 - whatever it raises is the caller's
            return settled(incoming, failure(incoming, error), error)
        return settled(incoming, success(incoming, ITEM, value))

    def _step(self, step: Step, deadline: float | None) -> Answer:
        incoming = self.incoming
        generator = self._generator
        assert generator is not None
        renew(incoming, step, deadline)
        try:
            if step.thrown is not None:
                value = generator.throw(step.thrown)
            elif step.kind == SEND:
                value = generator.send(step.value)
            else:
                value = next(generator)
        except StopIteration as stop:
            return settled(incoming, success(incoming, END, stop.value))
        except BaseException as error:  # noqa: BLE001 - whatever it raises is the caller's
            return settled(incoming, failure(incoming, error, step.thrown), error)
        return settled(incoming, success(incoming, ITEM, value))


async def awaited(incoming: Incoming, step: Awaitable[Any]) -> Any:
    """Return what a step yields, when nothing is being asked of the caller's iterators."""
    try:
        return await step
    finally:
        if incoming.pulls is not None:
            await incoming.pulls.wait_answered()


class HeldAsyncStream:
    """An asynchronous generator; its owner runs all steps in one task."""

    __slots__ = ("_generator", "incoming")

    def __init__(self, incoming: Incoming) -> None:
        self.incoming = incoming
        self._generator: AsyncGenerator[Any, Any] | None = None

    async def begin(self) -> Answer:
        """Call the function and run to its first item."""
        incoming = self.incoming
        try:
            incoming.enter()
            args, keywords = incoming.given
            self._generator = incoming.binding.hosted.function(*args, **keywords)
            value = await awaited(incoming, anext(self._generator))
        except StopAsyncIteration:
            return await settled_async(incoming, success(incoming, END, None))
        except BaseException as error:  # noqa: BLE001 - whatever it raises is the caller's
            return await settled_async(incoming, failure(incoming, error), error)
        return await settled_async(incoming, success(incoming, ITEM, value))

    async def step(self, step: Step, deadline: float | None) -> Answer:
        """Run to the next item, the end or an error."""
        incoming = self.incoming
        generator = self._generator
        assert generator is not None
        renew(incoming, step, deadline)
        try:
            if step.thrown is not None:
                value = await awaited(incoming, generator.athrow(step.thrown))
            elif step.kind == SEND:
                value = await awaited(incoming, generator.asend(step.value))
            else:
                value = await awaited(incoming, anext(generator))
        except StopAsyncIteration:
            return await settled_async(incoming, success(incoming, END, None))
        except BaseException as error:  # noqa: BLE001 - whatever it raises is the caller's
            return await settled_async(incoming, failure(incoming, error, step.thrown), error)
        return await settled_async(incoming, success(incoming, ITEM, value))

    async def abandon(self) -> None:
        """Close the generator because nobody will ask for more."""
        if self.incoming.heard is not None:
            self.incoming.heard.is_over = True
        try:
            if self._generator is not None:
                await self._generator.aclose()
        finally:
            await self.incoming.leave_async(_NO_ANSWER, None)
