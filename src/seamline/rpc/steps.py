"""A stream at its caller: what each step asks, and what its answer means."""

from time import monotonic
from typing import Any

from seamline.rpc.changes import encode_step
from seamline.rpc.outgoing import Outgoing, settle
from seamline.rpc.situation import current
from seamline.rpc.travel import pack_carried, with_meta
from seamline.wire import CLOSE, FLAG_CHANGES, FLAG_META, NEXT, SEND, THROW, Frame, with_traceback


class Steps:
    """The steps of one stream.

    Attributes:
        frame: The latest answer.
    """

    __slots__ = ("_body", "_call", "_kind", "_thrown", "frame")

    def __init__(self, call: Outgoing, frame: Frame) -> None:
        self.frame = frame
        self._call = call
        self._kind = NEXT
        self._body = b""
        self._thrown: BaseException | None = None

    def item(self) -> Any:
        """Return what the remote frame yielded."""
        return settle(self._call, self.frame)

    def result(self) -> Any:
        """Return what the remote frame returned, or raise what it raised."""
        return settle(self._call, self.frame, self._thrown)

    def send(self, value: object) -> None:
        """Let the next request resume the remote frame with a value."""
        self._thrown = None
        known = self._call.known
        if known is not None:
            self._kind = SEND
            self._body = encode_step(self._call.target.codec, known, value)
        elif value is None:
            self._kind, self._body = NEXT, b""
        else:
            self._kind = SEND
            self._body = self._call.target.codec.encode(value, where="value sent")

    def throw(self, error: BaseException) -> None:
        """Let the next request raise an exception in the remote frame."""
        self._thrown = error
        known = self._call.known
        if known is not None:
            is_close = type(error) is GeneratorExit
            self._kind = CLOSE if is_close else THROW
            found = None if is_close else with_traceback(error)
            self._body = encode_step(self._call.target.codec, known, found)
        elif type(error) is GeneratorExit:
            self._kind, self._body = CLOSE, b""
        else:
            self._kind = THROW
            self._body = self._call.target.codec.encode_exception(error)

    def request(self) -> tuple[int, int, bytes, float]:
        """Return kind, flags, body and deadline of the next frame to send.

        The caller's deadline holds for the whole stream; the service's own timeout begins anew
        with each step, because the caller decides how long it works on an item.
        """
        target = self._call.target
        inherited = current.get().deadline
        own = monotonic() + target.timeout
        deadline = own if inherited is None else min(own, inherited)
        flags = FLAG_CHANGES if self._call.known is not None else 0
        travelling = target.contexts or (target.lent if self._call.contexts else None)
        contexts = () if travelling is None else travelling.pack_state()
        if not target.carry and not contexts:
            return self._kind, flags, self._body, deadline
        carry = pack_carried(target.carry, target.codec) if target.carry else None
        body = with_meta((), carry, self._body, contexts)
        return self._kind, flags | FLAG_META, body, deadline
