"""Calls that stay: their arguments cannot cross, and their functions need no host."""

from collections.abc import Callable
from typing import Any, Final

from seamline.interface import Kind
from seamline.rpc import Arguments, Stay, Target

Send = Callable[[Target, Arguments], Any]
#: Runs the application's own body here, and takes note that it did.
Run = Callable[[Arguments, Stay], Any]


def or_stay(kind: Kind, send: Send, run: Run) -> Send:
    """Return a way to send that runs the function here when its arguments cannot cross.

    Args:
        kind: How the function is entered and left.
        send: The client's method for the kind.
        run: Called instead, before anything was sent.
    """
    return _WAYS[kind](send, run)


def _without_frames(stay: Stay) -> Stay:
    """Take the frames off an exception that is kept: they hold it and the arguments in a ring."""
    link: BaseException | None = stay
    while link is not None and link.__traceback__ is not None:
        link.__traceback__ = None
        link = link.__cause__ or link.__context__
    return stay


def _call(send: Send, run: Run) -> Send:
    def call(target: Target, arguments: Arguments) -> Any:
        try:
            return send(target, arguments)
        except Stay as stay:
            kept = _without_frames(stay)
        # Outside of `except`, so that what the body raises has no context of ours.
        return run(arguments, kept)

    return call


def _call_async(send: Send, run: Run) -> Send:
    async def call(target: Target, arguments: Arguments) -> Any:
        try:
            return await send(target, arguments)
        except Stay as stay:
            kept = _without_frames(stay)
        return await run(arguments, kept)

    return call


class _Stream:
    """A stream that learns with its first step where it runs."""

    __slots__ = ("_instead", "_stream")

    def __init__(self, stream: Any, instead: Callable[[Stay], Any]) -> None:
        self._stream = stream
        self._instead = instead

    def send(self, value: object) -> Any:
        try:
            return self._stream.send(value)
        except Stay as stay:
            kept = _without_frames(stay)
        self._stream = self._instead(kept)
        return self._stream.send(None)

    def throw(self, error: BaseException) -> Any:
        return self._stream.throw(error)


class _AsyncStream(_Stream):
    __slots__ = ()

    async def asend(self, value: object) -> Any:
        try:
            return await self._stream.asend(value)
        except Stay as stay:
            kept = _without_frames(stay)
        self._stream = self._instead(kept)
        return await self._stream.asend(None)

    async def athrow(self, error: BaseException) -> Any:
        return await self._stream.athrow(error)


def _streaming(made: Callable[[Any, Callable[[Stay], Any]], Any]) -> Callable[[Send, Run], Send]:
    def way(send: Send, run: Run) -> Send:
        def stream(target: Target, arguments: Arguments) -> Any:
            return made(send(target, arguments), lambda stay: run(arguments, stay))

        return stream

    return way


_WAYS: Final[dict[Kind, Callable[[Send, Run], Send]]] = {
    Kind.SYNC: _call,
    Kind.ASYNC: _call_async,
    Kind.GENERATOR: _streaming(_Stream),
    Kind.CONTEXT_MANAGER: _streaming(_Stream),
    Kind.ASYNC_GENERATOR: _streaming(_AsyncStream),
    Kind.ASYNC_CONTEXT_MANAGER: _streaming(_AsyncStream),
}
