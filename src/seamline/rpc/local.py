"""The client of layout ``local``: every rule of a seam inside one process, and no sockets.

Arguments and results are encoded and decoded, the function runs in a context of its own,
deadlines, chains and mutations are checked, and breakpoints work.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable, Generator
from contextvars import Context, copy_context
from time import monotonic
from typing import Any

from seamline.errors import NotSendable, SeamError
from seamline.interface import Kind
from seamline.plan import Limits
from seamline.rpc.binding import Bindings
from seamline.rpc.dispatch import Answer, Incoming, check_callable, fault, run_async, run_sync
from seamline.rpc.held import HeldAsyncStream, HeldStream, Step
from seamline.rpc.model import Arguments, Hosted, Target
from seamline.rpc.outgoing import Outgoing, milliseconds_left, settle
from seamline.rpc.pulling import Ask, AskLater, Iterators
from seamline.rpc.recording import record
from seamline.rpc.steps import Steps
from seamline.wire import CALL, END, ERROR, FLAG_PULLS, ITEM, Entry, Frame


class LocalClient:
    """Calls functions of this very process as if they were hosted elsewhere.

    Args:
        resolve: Returns the hosted function of an address; raises ``LookupError``.
        enter: Called with the target inside the callee's context, before the function.
        limits: The run's limits.
    """

    def __init__(
        self,
        resolve: Callable[[str], Hosted],
        *,
        enter: Callable[[Target], object] | None = None,
        limits: Limits | None = None,
    ) -> None:
        self._bindings = Bindings(resolve, (limits or Limits()).frame_bytes)
        self._enter = enter
        self._limits = limits or Limits()

    def call(self, target: Target, arguments: Arguments) -> Any:
        """Call a function and return its result. Raises as ``Client.call``."""
        try:
            call, incoming = self._begin(target, arguments)
            frame = _framed(incoming if isinstance(incoming, tuple) else run_sync(incoming))
            if call.deadline_left() <= 0:
                raise call.expired(started=True)
            return settle(call, frame)
        except SeamError as error:
            record(error)
            raise

    async def call_async(self, target: Target, arguments: Arguments) -> Any:
        """Call a function and await its result. Raises as ``Client.call_async``."""
        try:
            call, incoming = self._begin(target, arguments)
            if isinstance(incoming, tuple):
                answer = incoming
            else:
                loop = asyncio.get_running_loop()
                task = loop.create_task(run_async(incoming), context=Context())
                answer = await _answer_of(task, call, call.deadline)
            try:
                return settle(call, _framed(answer))
            except asyncio.CancelledError:
                if call.cancelled is not None:
                    raise call.cancelled from None
                raise
        except SeamError as error:
            record(error)
            raise

    def stream(self, target: Target, arguments: Arguments) -> Generator[Any, Any, Any]:
        """Run a generator function step by step, in a context of its own."""
        try:
            call, incoming = self._begin(target, arguments)
            if isinstance(incoming, tuple):
                return settle(call, _framed(incoming))
            held = HeldStream(incoming)
            steps = Steps(call, _framed(held.begin()))
            while steps.frame[0] not in {END, ERROR}:
                try:
                    sent = yield steps.item()
                except BaseException as thrown:  # noqa: BLE001 - it is the callee's to handle
                    steps.throw(thrown)
                else:
                    self._send(steps, sent, held)
                frame, deadline = _requested(steps)
                steps.frame = _framed(held.step(Step(incoming, frame), deadline))
            return steps.result()
        except SeamError as error:
            record(error)
            raise

    async def stream_async(self, target: Target, arguments: Arguments) -> AsyncGenerator[Any, Any]:
        """Run an asynchronous generator function step by step, in one task of its own."""
        driver: _Driver | None = None
        try:
            call, incoming = self._begin(target, arguments)
            if isinstance(incoming, tuple):
                settle(call, _framed(incoming))
                return
            driver = _Driver(HeldAsyncStream(incoming))
            steps = Steps(call, await driver.ask(call, None, call.deadline))
            while steps.frame[0] not in {END, ERROR}:
                try:
                    sent = yield steps.item()
                except BaseException as thrown:  # noqa: BLE001 - it is the callee's to handle
                    steps.throw(thrown)
                else:
                    steps.send(sent)
                frame, deadline = _requested(steps)
                steps.frame = await driver.ask(call, Step(incoming, frame), deadline)
            steps.result()
        except SeamError as error:
            record(error)
            raise
        finally:
            if driver is not None:
                driver.finish()

    def close(self) -> None:
        """Do nothing: there is nothing to close."""

    def _begin(self, target: Target, arguments: Arguments) -> tuple[Outgoing, Incoming | Answer]:
        call = Outgoing(target, arguments, False, self._limits)
        entry = Entry(target.address, target.fingerprint, str(target.kind), target.parameters)
        bindings, verdicts = self._bindings.bind([entry])
        flags, body = call.fit(verdicts[0])
        ms = milliseconds_left(call.deadline)
        if call.deadline_left() <= 0:
            raise call.expired(started=False)
        try:
            binding = check_callable(bindings[0])
            frame = (CALL, 1, 0, flags, ms, body)
            callers = ((f"{target.service}.local", False),)
            incoming = Incoming(binding, frame, callers, monotonic(), _never)
        except SeamError as error:
            return call, fault(error)
        enter = self._enter
        if flags & FLAG_PULLS and call.iterators is not None:
            incoming.connect(_asking(call.iterators, target.kind))
        if enter is not None:
            incoming.entered = lambda: enter(target)
        return call, incoming

    def _send(self, steps: Steps, sent: object, held: HeldStream) -> None:
        try:
            steps.send(sent)
        except NotSendable:
            held.abandon()
            raise


class _Driver:
    """Runs all steps of one asynchronous stream in one task and one context."""

    def __init__(self, held: HeldAsyncStream) -> None:
        self._held = held
        self._asked: asyncio.Queue[Step] = asyncio.Queue()
        self._answers: asyncio.Queue[Answer] = asyncio.Queue()
        self._deadline = 0.0
        loop = asyncio.get_running_loop()
        self._task = loop.create_task(self._run(), context=Context())

    async def ask(self, call: Outgoing, step: Step | None, deadline: float) -> Frame:
        """Have one step run; return its answer."""
        self._deadline = deadline
        if step is not None:
            self._asked.put_nowait(step)
        task = asyncio.get_running_loop().create_task(self._answers.get())
        try:
            return _framed(await _answer_of(task, call, deadline, cancel=self._task.cancel))
        finally:
            task.cancel()

    def finish(self) -> None:
        """Let the generator close if it has not ended."""
        self._task.cancel()

    async def _run(self) -> None:
        answer = await self._held.begin()
        try:
            while answer[0] == ITEM:
                self._answers.put_nowait(answer)
                step = await self._asked.get()
                answer = await self._held.step(step, self._deadline)
        except asyncio.CancelledError:
            await self._held.abandon()
            raise
        self._answers.put_nowait(answer)


async def _answer_of(
    task: "asyncio.Task[Answer]",
    call: Outgoing,
    deadline: float,
    cancel: Callable[[], object] | None = None,
) -> Answer:
    """Await an answer; pass a cancellation on and wait for what the callee makes of it."""
    while True:
        try:
            await asyncio.wait({task}, timeout=max(deadline - monotonic(), 0))
        except asyncio.CancelledError as error:
            if task.done():
                raise
            call.cancelled = error
            (cancel or task.cancel)()
            continue
        if task.done():
            return task.result()
        (cancel or task.cancel)()
        raise call.cancelled or call.expired(started=True)


def _asking(iterators: Iterators, kind: Kind) -> Ask | AskLater:
    """Return what asks iterators of the very same process, in their caller's context."""
    context = copy_context()
    if kind in {Kind.SYNC, Kind.GENERATOR, Kind.CONTEXT_MANAGER}:
        return lambda question: context.copy().run(iterators.give, question)
    loop = asyncio.get_running_loop()
    return lambda question: loop.create_task(
        iterators.give_later(question), context=context.copy()
    )


def _framed(answer: Answer) -> Frame:
    kind, flags, body = answer
    return (kind, 1, 0, flags, 0, body)


def _requested(steps: Steps) -> tuple[Frame, float]:
    kind, flags, body, deadline = steps.request()
    return (kind, 1, 0, flags, 0, body), deadline


def _never() -> bool:
    return False
