"""Calls of asynchronous functions: each event loop shares one connection to a worker.

A synchronous function is never called from here: it keeps its colour, and blocks its caller.
"""

import asyncio
from collections.abc import AsyncGenerator
from contextvars import Context
from time import monotonic
from typing import Any, Final

from seamline.errors import OutcomeUnknown, SeamError, Unavailable, WireError
from seamline.interface import Kind
from seamline.rpc.attempts import Attempts
from seamline.rpc.balance import Peer
from seamline.rpc.caller import PATIENCE_SECONDS
from seamline.rpc.greeting import Introduction, NotTaken, unreachable
from seamline.rpc.model import Arguments, Target
from seamline.rpc.multiplexed import LoopLink, Outcome
from seamline.rpc.outgoing import Outgoing, check_loops, milliseconds_left, settle
from seamline.rpc.pulling import Iterators
from seamline.rpc.recording import record
from seamline.rpc.route import Route
from seamline.rpc.situation import current
from seamline.rpc.steps import Steps
from seamline.transport import dial_async
from seamline.wire import END, EQUAL, ERROR, FLAG_CANCELLED, GIVE, PULL, Frame

_ASYNC: Final = Kind.ASYNC  # reaching for a member of an Enum runs Python code in 3.11
_STREAMS: Final = frozenset({Kind.ASYNC_GENERATOR, Kind.ASYNC_CONTEXT_MANAGER})
# Opening ends earlier when the worker closes; this only bounds what nobody waits for.
_OPENING_SECONDS: Final = 60.0


class LoopState:
    """The connections of one event loop, by worker."""

    __slots__ = ("loop", "opening", "shared")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self.shared: dict[str, LoopLink] = {}
        self.opening: dict[str, asyncio.Task[LoopLink]] = {}

    def close(self) -> None:
        """Close every connection; from any thread, with the loop running, stopped or closed."""
        if self.loop.is_closed():
            self.forget()
        elif self.loop.is_running() and asyncio._get_running_loop() is not self.loop:  # noqa: SLF001
            self.loop.call_soon_threadsafe(self._close)
        else:
            self._close()

    def forget(self) -> None:
        """Drop connections without the loop, which is closed or another process's."""
        for link in self.shared.values():
            link.forget()

    def _close(self) -> None:
        for task in self.opening.values():
            task.cancel()
        for link in self.shared.values():
            link.close()


class AsyncCaller:
    """Makes asynchronous calls to one group."""

    def __init__(self, route: Route) -> None:
        self._route = route
        self._limits = route.limits
        self._states: dict[asyncio.AbstractEventLoop, LoopState] = {}

    def close(self) -> None:
        """Close the connections of every loop."""
        for state in list(self._states.values()):
            state.close()
        self._states.clear()

    def after_fork(self) -> None:
        """Forget the parent's loops; each connection closes its own descriptor."""
        self._states = {}

    async def call(self, target: Target, arguments: Arguments) -> Any:
        """Call and await the answer."""
        try:
            call = Outgoing(target, arguments, False, self._limits)
            sent = self._send_now(call)
            if call.iterators is not None:
                frame = await self._pulling(call)
            elif sent is None:
                _link, _stream, frame = await self._answered(call)
            else:
                link, stream, future = sent
                try:
                    outcome = await future
                except asyncio.CancelledError as cancelled:
                    outcome = await self._cancelled(call, link, stream, future, cancelled)
                if type(outcome) is tuple:
                    frame = outcome
                else:
                    _link, _stream, frame = await self._answered(call, link.worker, outcome)
            try:
                return settle(call, frame)
            except asyncio.CancelledError:
                # The callee was cancelled because we were: ours is the one to raise.
                if call.cancelled is not None:
                    raise call.cancelled from None
                raise
        except SeamError as error:
            record(error)
            raise

    async def stream(self, target: Target, arguments: Arguments) -> AsyncGenerator[Any, Any]:
        """Run a remote asynchronous generator step by step."""
        try:
            call = Outgoing(target, arguments, False, self._limits)
            link, stream, frame = await self._answered(call)
            try:
                frame = await self._pulled(call, link, stream, frame, call.deadline)
                steps = Steps(call, frame)
                while steps.frame[0] not in {END, ERROR}:
                    try:
                        sent = yield steps.item()
                    except BaseException as thrown:  # noqa: BLE001 - the remote frame's to handle
                        steps.throw(thrown)
                    else:
                        steps.send(sent)
                    steps.frame = await self._step(call, link, stream, steps)
            finally:
                link.release(stream)
            steps.result()
        except SeamError as error:
            record(error)
            raise

    async def _pulling(self, call: Outgoing) -> Frame:
        """Make a call with iterators; return its answer."""
        link, stream, frame = await self._answered(call)
        try:
            return await self._pulled(call, link, stream, frame, call.deadline)
        finally:
            link.ended(stream)

    async def _pulled(
        self, call: Outgoing, link: LoopLink, stream: int, frame: Frame, deadline: float
    ) -> Frame:
        """Give what the host asks of the call's iterators; return the answer that follows."""
        while frame[0] == PULL:
            iterators = call.iterators or Iterators(call.target.codec)
            try:
                body = await iterators.give_later(frame[5])
            except WireError:
                link.close()
                raise
            except BaseException:
                link.give_up(stream)
                raise
            if deadline <= monotonic():
                link.give_up(stream)
                raise call.expired(started=True)
            frame = await self._ask(call, link, stream, (GIVE, 0, body, deadline))
        return frame

    async def _step(self, call: Outgoing, link: LoopLink, stream: int, steps: Steps) -> Frame:
        request = steps.request()
        frame = await self._ask(call, link, stream, request)
        return await self._pulled(call, link, stream, frame, request[3])

    async def _ask(
        self, call: Outgoing, link: LoopLink, stream: int, request: tuple[int, int, bytes, float]
    ) -> Frame:
        kind, flags, body, deadline = request
        ms = milliseconds_left(deadline)
        if link.is_lost:
            raise call.unknown(ConnectionResetError("the worker closed the connection"))
        future = link.step(stream, kind, flags, body, ms, deadline)
        outcome = await self._outcome(call, link, stream, future)
        if isinstance(outcome, Exception):
            raise self._failed(call, outcome)
        return outcome

    def _send_now(self, call: Outgoing) -> "tuple[LoopLink, int, asyncio.Future[Outcome]] | None":
        """Send on an open connection; ``None`` when there is none, or more to think about."""
        if call.target.kind is not _ASYNC or call.iterators is not None:
            return None
        for hop in call.chain:
            if hop[1]:
                return None
        state = self._states.get(asyncio.get_running_loop()) or self._state()
        peers = self._route.balance.peers
        peer = peers[0] if len(peers) == 1 else self._choose(state, None)
        link = state.shared.get(peer.worker)
        function = self._route.ids.get(call.target.address)
        if link is None or function is None or link.is_lost or link.is_draining:
            return None
        verdicts = link.verdicts
        if function >= len(verdicts):
            return None
        verdict = verdicts[function]
        flags, body = (call.flags, call.body) if verdict == EQUAL else call.fit(verdict)
        stream, future = link.call(function, flags, body, call.ms, call.deadline)
        return link, stream, future

    async def _answered(
        self, call: Outgoing, worker: str = "", outcome: Outcome | None = None
    ) -> tuple[LoopLink, int, Frame]:
        """Make the call until a worker takes it; return its first answer.

        ``outcome`` is what became of a first attempt, made at ``worker``.
        """
        route = self._route
        state = self._state()
        among = None
        if call.chain:
            among = check_loops(call.target, current.get(), route.workers)
        attempts = Attempts(call, route.balance, among)
        if outcome is not None:
            failure = self._failure(call, outcome)
            await asyncio.sleep(attempts.pause_after(route.peer(worker), failure))
        while True:
            peer = self._choose(state, among)
            try:
                link, stream, outcome = await self._attempt(call, state, peer, among)
            except NotTaken as error:
                failure = error
            else:
                if isinstance(outcome, tuple):
                    return link, stream, outcome
                failure = self._failure(call, outcome)
            await asyncio.sleep(attempts.pause_after(peer, failure))

    def _choose(self, state: LoopState, among: list[str] | None) -> Peer:
        def load(peer: Peer) -> int:
            link = state.shared.get(peer.worker)
            return peer.load + (0 if link is None else link.load)

        return self._route.balance.choose(load, among)

    async def _attempt(
        self, call: Outgoing, state: LoopState, peer: Peer, among: list[str] | None
    ) -> tuple[LoopLink, int, Outcome]:
        function = self._route.function_id(call.target)
        link = state.shared.get(peer.worker)
        if link is None or not is_usable(link, function):
            link = await self._shared(call, state, peer)
        if among is not None and link.host not in among:
            why = f"worker {link.host}, which accepts for {peer.worker}, waits for this very call"
            raise NotTaken(Unavailable(why))
        flags, body = call.fit(link.verdicts[function])
        deadline = call.deadline
        stream, future = link.call(function, flags, body, milliseconds_left(deadline), deadline)
        holds = call.target.kind in _STREAMS or call.iterators is not None
        if holds:
            link.hold(stream)
        outcome: Outcome | None = None
        try:
            outcome = await self._outcome(call, link, stream, future)
        finally:
            if holds and type(outcome) is not tuple:
                link.release(stream)
        return link, stream, outcome

    async def _outcome(
        self, call: Outgoing, link: LoopLink, stream: int, future: "asyncio.Future[Outcome]"
    ) -> Outcome:
        try:
            return await future
        except asyncio.CancelledError as cancelled:
            return await self._cancelled(call, link, stream, future, cancelled)

    async def _cancelled(
        self,
        call: Outgoing,
        link: LoopLink,
        stream: int,
        future: "asyncio.Future[Outcome]",
        cancelled: asyncio.CancelledError,
    ) -> Outcome:
        """Pass a cancellation on and wait for what the callee makes of it."""
        while True:
            asked = link.cancel(stream) if future.cancelled() else None
            if asked is None:
                raise cancelled  # it was answered already, or there is nobody to tell
            call.cancelled = cancelled
            future = asked
            try:
                outcome = await future
            except asyncio.CancelledError as again:
                cancelled = again
                continue
            if isinstance(outcome, Exception):
                raise cancelled
            if outcome[0] == PULL:  # it asked before it heard, and is answered by nobody
                link.give_up(stream)
                raise cancelled
            if outcome[3] & FLAG_CANCELLED:
                return outcome
            # It was over before it heard: what it changed is changed, and nothing is given.
            try:
                settle(call, outcome)
            finally:
                raise cancelled

    def _failure(self, call: Outgoing, outcome: Outcome) -> NotTaken:
        """Return why to try again; raise when the call may have run and must not run twice."""
        if isinstance(outcome, NotTaken):
            return outcome
        assert isinstance(outcome, Exception)
        reason = self._failed(call, outcome)
        if isinstance(reason, OutcomeUnknown) and call.target.idempotent:
            return NotTaken(reason)
        raise reason

    def _failed(self, call: Outgoing, outcome: Exception) -> SeamError:
        if isinstance(outcome, NotTaken):
            return outcome.reason
        if isinstance(outcome, SeamError):
            return outcome
        if isinstance(outcome, TimeoutError):
            return call.expired(started=True)
        return call.unknown(outcome)

    def _state(self) -> LoopState:
        loop = asyncio.get_running_loop()
        state = self._states.get(loop)
        if state is None:
            for old in [known for known in self._states if known.is_closed()]:
                self._states.pop(old).forget()
            state = self._states[loop] = LoopState(loop)
        return state

    async def _shared(self, call: Outgoing, state: LoopState, peer: Peer) -> LoopLink:
        """Open the connection that all calls of this loop to this worker share."""
        task = state.opening.get(peer.worker)
        if task is None:
            old = state.shared.pop(peer.worker, None)
            if old is not None and not old.is_lost:
                old.retire()
            task = asyncio.get_running_loop().create_task(self._open(peer), context=Context())
            state.opening[peer.worker] = task
            task.add_done_callback(lambda done: self._opened(state, peer, done))
        return await self._wait_open(call, peer, task)

    def _opened(self, state: LoopState, peer: Peer, task: "asyncio.Task[LoopLink]") -> None:
        del state.opening[peer.worker]
        if not task.cancelled() and task.exception() is None:
            state.shared[peer.worker] = task.result()

    async def _wait_open(
        self, call: Outgoing, peer: Peer, task: "asyncio.Task[LoopLink]"
    ) -> LoopLink:
        left = call.deadline_left()
        if left <= 0:
            raise call.expired(started=False)
        if self._route.balance.has_others(peer):
            left = min(left, PATIENCE_SECONDS)
        await asyncio.wait({task}, timeout=left)
        if not task.done():
            late = f"{peer.path} accepted the connection and did not answer in time"
            raise NotTaken(Unavailable(late))
        if task.cancelled():  # with the client; nobody cancelled the call
            raise Unavailable(f"{call.target.name} did not run: this process closes its seams")
        return task.result()

    async def _open(self, peer: Peer) -> LoopLink:
        route = self._route
        loop = asyncio.get_running_loop()
        try:
            sock = await dial_async(peer.path)
        except OSError as error:
            raise NotTaken(unreachable(peer.path, error)) from error
        introduction = Introduction(route.identity, "loop", route.table, route.limits.frame_bytes)
        link = LoopLink(sock, loop, introduction, peer.worker)
        try:
            async with asyncio.timeout(_OPENING_SECONDS):
                failure = await link.ready
        except BaseException:
            link.close()
            raise
        if failure is None:
            return link
        link.close()
        if isinstance(failure, SeamError | NotTaken) or not isinstance(failure, OSError):
            raise failure
        raise NotTaken(unreachable(peer.path, failure)) from failure


def is_usable(link: LoopLink, function: int) -> bool:
    """Return whether a call of this function can be sent on a connection."""
    return not link.is_lost and not link.is_draining and function < len(link.verdicts)
