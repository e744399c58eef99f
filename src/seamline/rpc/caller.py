"""Calls of synchronous functions: a pool of connections per worker, the last one used first."""

import contextlib
from collections.abc import Generator
from time import monotonic, sleep
from typing import Any, Final

from seamline.errors import SeamError, WireError
from seamline.rpc.attempts import Attempts
from seamline.rpc.balance import Peer
from seamline.rpc.blocking import BlockingLink, Lost, open_link
from seamline.rpc.greeting import NotTaken
from seamline.rpc.model import Arguments, Target
from seamline.rpc.outgoing import Outgoing, milliseconds_left, settle
from seamline.rpc.recording import record
from seamline.rpc.route import Route
from seamline.rpc.situation import is_on_loop
from seamline.rpc.steps import Steps
from seamline.wire import END, EQUAL, ERROR, GIVE, PULL, Frame

#: A worker that accepted and does not answer is asked again later if there are others.
PATIENCE_SECONDS: Final = 0.5


class BlockingCaller:
    """Makes blocking calls to one group."""

    def __init__(self, route: Route) -> None:
        self._route = route

    def call(self, target: Target, arguments: Arguments) -> Any:
        """Call and wait for the answer."""
        try:
            call = Outgoing(target, arguments, is_on_loop(), self._route.limits)
            peer, link, frame = self._answered(call)
            if call.iterators is not None:
                frame = self._pulled(call, peer, link, frame, call.deadline)
            self._give(peer, link)
            return settle(call, frame)
        except SeamError as error:
            record(error)
            raise

    def stream(self, target: Target, arguments: Arguments) -> Generator[Any, Any, Any]:
        """Run a remote generator step by step, on a connection of its own."""
        # One frame, no `yield from`: that would turn a GeneratorExit thrown in into a close.
        try:
            call = Outgoing(target, arguments, is_on_loop(), self._route.limits)
            peer, link, frame = self._answered(call)
            if call.iterators is not None:
                frame = self._pulled(call, peer, link, frame, call.deadline)
            steps = Steps(call, frame)
            try:
                while steps.frame[0] not in {END, ERROR}:
                    try:
                        sent = yield steps.item()
                    except BaseException as thrown:
                        if not link.is_ours:
                            raise  # a forked child drops its copy of the parent's stream
                        steps.throw(thrown)
                    else:
                        steps.send(sent)
                    request = steps.request()
                    steps.frame = self._step(call, link, request)
                    if call.iterators is not None:
                        steps.frame = self._pulled(call, peer, link, steps.frame, request[3])
            except BaseException:
                self._drop(peer, link)
                raise
            self._give(peer, link)
            return steps.result()
        except SeamError as error:
            record(error)
            raise

    def connect(self, seconds: float) -> None:
        """Open a connection to each worker that has none; what fails, the first call says."""
        for peer in self._route.balance.peers:
            if self._route.table and not peer.idle:
                with contextlib.suppress(NotTaken, SeamError):
                    peer.idle.append(self._open(peer, seconds))

    def close(self) -> None:
        """Close idle connections."""
        for peer in self._route.balance.peers:
            while peer.idle:
                peer.idle.pop().close()

    def _pulled(
        self, call: Outgoing, peer: Peer, link: BlockingLink, frame: Frame, deadline: float
    ) -> Frame:
        """Give what the host asks of the call's iterators; return the answer that follows."""
        iterators = call.iterators
        assert iterators is not None
        try:
            while frame[0] == PULL:
                given = iterators.give(frame[5])
                frame = self._step(call, link, (GIVE, 0, given, deadline))
        except BaseException:
            self._drop(peer, link)
            raise
        return frame

    def _step(
        self, call: Outgoing, link: BlockingLink, request: tuple[int, int, bytes, float]
    ) -> Frame:
        kind, flags, body, deadline = request
        ms = milliseconds_left(deadline)
        try:
            return link.step(kind, flags, body, ms, deadline)
        except WireError:
            raise
        except TimeoutError as error:
            raise call.expired(started=True) from error
        except (Lost, OSError) as error:
            raise call.unknown(error) from error

    def _answered(self, call: Outgoing) -> tuple[Peer, BlockingLink, Frame]:
        """Make the call until a worker takes it; return its first answer."""
        attempts: Attempts | None = None
        route = self._route
        while True:
            peer = route.balance.choose(_load)
            try:
                return self._attempt(call, peer)
            except NotTaken as failure:
                attempts = attempts or Attempts(call, route.balance)
                pause = attempts.pause_after(peer, failure)
            except Lost as error:
                if not call.target.idempotent:
                    raise call.unknown(error) from error
                attempts = attempts or Attempts(call, route.balance)
                pause = attempts.pause_after(peer, NotTaken(call.unknown(error)))
            if pause:
                sleep(pause)
            call.ms = milliseconds_left(call.deadline)

    def _attempt(self, call: Outgoing, peer: Peer) -> tuple[Peer, BlockingLink, Frame]:
        route = self._route
        function = route.function_id(call.target)
        link = self._take(call, peer, function)
        try:
            verdict = link.verdicts[function]
            flags, body = (call.flags, call.body) if verdict == EQUAL else call.fit(verdict)
            frame = link.call(function, flags, body, call.ms, call.deadline)
        except TimeoutError as error:
            self._drop(peer, link)
            if isinstance(error, SeamError):
                raise
            raise call.expired(started=True) from error
        except BaseException:
            self._drop(peer, link)
            raise
        return peer, link, frame

    def _take(self, call: Outgoing, peer: Peer, function: int) -> BlockingLink:
        idle = peer.idle
        while idle:
            try:
                link: BlockingLink = idle.pop()
            except IndexError:  # another thread was faster
                break
            if function < len(link.verdicts) and link.is_reusable():
                peer.busy.add(link)
                return link
            link.close()
        route = self._route
        left = call.deadline_left()
        if left <= 0:
            raise call.expired(started=False)
        if route.balance.has_others(peer):
            left = min(left, PATIENCE_SECONDS)
        link = self._open(peer, left)
        call.ms = milliseconds_left(call.deadline)
        peer.busy.add(link)
        return link

    def _open(self, peer: Peer, left: float) -> BlockingLink:
        route = self._route
        return open_link(
            peer.path,
            route.identity,
            route.table,
            frame_bytes=route.limits.frame_bytes,
            deadline=monotonic() + left,
            left=left,
        )

    def _give(self, peer: Peer, link: BlockingLink) -> None:
        peer.busy.discard(link)
        if link.is_draining or self._route.is_closed:
            link.close()
        else:
            peer.idle.append(link)

    def _drop(self, peer: Peer, link: BlockingLink) -> None:
        peer.busy.discard(link)
        link.close()


def _load(peer: Peer) -> int:
    return peer.load
